//! Writes the code for other languages; `cargo xtask bindings` runs it.

fn main() {
    uniffi::uniffi_bindgen_main();
}

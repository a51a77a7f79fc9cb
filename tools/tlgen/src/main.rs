fn main() {
    let read = |p: &str| (p.to_string(), std::fs::read_to_string(p).unwrap());
    let input = tlgen::Input { schema: read("schema.tl"), history: Some(read("schema.history.tl")), rules: Some(read("crates/tl-api/compat.rules")), sections: vec!["core".into(), "api".into()] };
    match input.model() { Ok(m) => {
        let files = tlgen::emit::files(&m, &tlgen::emit::Options { runtime: "tl".into(), command: "cargo xtask codegen".into(), rpc: false });
        for (path, text) in files { let p = std::path::Path::new("crates/tl-api/src/generated").join(path); std::fs::create_dir_all(p.parent().unwrap()).unwrap(); std::fs::write(p, text).unwrap(); }
    }, Err(e) => println!("{e}") }
}

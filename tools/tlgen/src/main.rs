fn main() {
    let read = |p: &str| (p.to_string(), std::fs::read_to_string(p).unwrap());
    let input = tlgen::Input { schema: read("schema.tl"), history: Some(read("schema.history.tl")), rules: Some(read("crates/tl-api/compat.rules")), sections: vec!["core".into(), "api".into()] };
    match input.model() { Ok(m) => println!("{} types", m.types.len()), Err(e) => println!("{e}") }
}

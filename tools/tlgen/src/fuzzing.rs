//! What the fuzz target `schema_parser` does with its input. The tests replay its corpus.

use crate::{Input, crc, package, parse};

/// A line of this divides schema, history and rules.
const DIVIDER: &str = "\n====\n";

/// Parses the input; what is right is spelled again, resolved and generated. Says whether it was
/// right to the end.
///
/// # Panics
/// The generator broke a promise.
pub fn schema(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut parts = text.splitn(3, DIVIDER);
    let mut file = |name: &str| Some((name.to_owned(), parts.next()?.to_owned()));
    let Some(schema) = file("a.tl") else {
        return false;
    };
    spell_again(&schema.1);
    let history = file("a.history.tl");
    let input = Input {
        schema,
        history,
        rules: file("a.rules"),
        sections: Vec::new(),
    };
    let model = match input.model() {
        Ok(model) => model,
        Err(errors) => {
            assert!(!errors.0.is_empty(), "refused without a reason");
            return false;
        }
    };
    let package = package::Package {
        name: "a".into(),
        schema: "a.tl".into(),
        command: "tlgen build".into(),
        runtime: package::Runtime::Embedded,
        compat: None,
    };
    assert!(package::files(&model, &package).contains_key("src/schema/mod.rs"));
    true
}

/// The text that is kept of a declaration means the same as what it was read from.
fn spell_again(source: &str) {
    let Ok(schema) = parse("a.tl", source) else {
        return;
    };
    for declaration in &schema.declarations {
        let text = format!("{};", declaration.text);
        let again = parse("a.tl", &text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        let [again] = &again.declarations[..] else {
            panic!("{text} is one declaration")
        };
        assert_eq!(
            crc::computed_id(again),
            crc::computed_id(declaration),
            "{text}"
        );
        assert_eq!(again.text, declaration.text);
    }
}

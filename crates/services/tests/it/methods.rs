//! `docs/methods.md` says what the tables of the namespaces say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use services::{METHODS, State};

/// Names as the schema spells them, in order.
fn names() -> Vec<&'static str> {
    macro_rules! each {
        ($($function:path),* $(,)?) => {{
            vec![$(<$function as tl::Function>::NAME),*]
        }};
    }
    let mut names: Vec<&'static str> = tl_api::for_each_function!(each);
    names.sort_unstable();
    names
}

/// How the tables spell a name: `messages.sendMessage` is `MessagesSendMessage`.
fn as_call(name: &str) -> String {
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_uppercase().collect::<String>() + chars.as_str()
        })
    };
    name.split('.').map(capital).collect()
}

fn page() -> String {
    let states: BTreeMap<&str, State> = METHODS
        .iter()
        .flat_map(|table| table.iter().copied())
        .collect();
    let mut rows = String::new();
    let mut counts = BTreeMap::new();
    let mut known = 0;
    for name in names() {
        let state = match states.get(as_call(name).as_str()) {
            Some(State::Works) => "works",
            Some(State::Empty) => "empty",
            None => "refused",
        };
        known += usize::from(state != "refused");
        *counts.entry(state).or_insert(0) += 1;
        writeln!(rows, "| `{name}` | {state} |").unwrap();
    }
    assert_eq!(
        known,
        states.len(),
        "a table names a call that is no method"
    );
    let count = |state| counts.get(state).copied().unwrap_or(0);
    format!(
        "# Methods\n\nWritten by `UPDATE_METHODS=1 cargo test -p services --test it methods`.\n\n\
         Of the newest layer, {} methods work, {} answer truthfully that there is nothing, {} are refused with a 400 or 406 that\n\
         clients understand; the session always goes on.\n\n| method | state |\n|---|---|\n{rows}",
        count("works"),
        count("empty"),
        count("refused"),
    )
}

#[test]
fn methods_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/methods.md");
    let page = page();
    if std::env::var_os("UPDATE_METHODS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept, page,
        "run UPDATE_METHODS=1 cargo test -p services --test it methods"
    );
}

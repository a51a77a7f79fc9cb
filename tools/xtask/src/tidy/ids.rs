//! The ids that `mtproto-core` writes by hand are those of the schema.

use std::collections::BTreeMap;

use tlgen::crc::computed_id;

use super::{Finding, SourceFile};

const SCHEMA: &str = "schema.tl";
const IDS: &str = "crates/mtproto-core/src/service/id.rs";
const RULE: &str = "service-id";

/// Each constant below a line that names a TL declaration in backquotes must have its id.
pub(super) fn check(files: &[SourceFile]) -> Vec<Finding> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| &file.text)
    };
    let (Some(schema), Some(ids)) = (text(SCHEMA), text(IDS)) else {
        return Vec::new();
    };
    let Ok(schema) = tlgen::parse(SCHEMA, schema) else {
        return Vec::new(); // `codegen --check` says what is wrong with it.
    };
    let known: BTreeMap<String, u32> = schema
        .declarations
        .iter()
        .map(|declaration| {
            let id = declaration
                .explicit_id
                .unwrap_or_else(|| computed_id(declaration));
            (declaration.name.to_string(), id)
        })
        .collect();
    let lines: Vec<&str> = ids.lines().collect();
    let mut findings = Vec::new();
    for (index, pair) in lines.windows(2).enumerate() {
        let Some(name) = pair[0]
            .strip_prefix("/// `")
            .and_then(|tail| tail.split('`').next())
        else {
            continue;
        };
        let written = pair[1]
            .rsplit("0x")
            .next()
            .map(|tail| tail.trim_end_matches(';'));
        let written = written.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let problem = match (known.get(name), written) {
            (Some(id), Some(written)) if *id == written => continue,
            (Some(id), _) => format!("{name} is {id:#010x} in {SCHEMA}"),
            (None, _) => format!("{SCHEMA} has no {name}"),
        };
        findings.push(Finding {
            path: IDS.into(),
            line: index + 2,
            rule: RULE,
            why: problem,
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(ids: &str) -> Vec<String> {
        let file = |path: &str, text: &str| SourceFile {
            path: path.into(),
            text: text.into(),
        };
        let schema = "pong#347773c5 msg_id:long ping_id:long = Pong;";
        let files = [file(SCHEMA, schema), file(IDS, ids)];
        check(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ids_are_those_of_the_schema() {
        assert!(findings("/// `pong`\npub const PONG: u32 = 0x347773c5;\n").is_empty());
        let wrong = findings("/// `pong`\npub const PONG: u32 = 0x347773c6;\n");
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        let unknown = findings("/// `pang`\npub const PANG: u32 = 0x347773c5;\n");
        assert_eq!(unknown.len(), 1, "{unknown:?}");
    }
}

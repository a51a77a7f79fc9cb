//! Texts cleaned, entities arranged, things found.

use tl_api::types::MessageEntity as Entity;

use super::*;

fn clean(text: &str, entities: Vec<Entity>) -> CleanText {
    CleanText::new(&text.into(), entities).unwrap()
}

fn bold(offset: i32, length: i32) -> Entity {
    Entity::Bold { offset, length }
}

fn italic(offset: i32, length: i32) -> Entity {
    Entity::Italic { offset, length }
}

fn code(offset: i32, length: i32) -> Entity {
    Entity::Code { offset, length }
}

fn link(offset: i32, length: i32) -> Entity {
    Entity::TextUrl {
        offset,
        length,
        url: "https://example.com/".into(),
    }
}

fn quote(offset: i32, length: i32) -> Entity {
    Entity::Blockquote {
        collapsed: false,
        offset,
        length,
    }
}

#[test]
fn control_characters_become_blanks_and_covers_go() {
    let text = clean("a\u{1}b\tc\r\nd\u{202e}e\u{30a}f", vec![]);
    assert_eq!(text.text, "a b c\ndef");
    assert_eq!(clean("\u{200e}\u{200f}x", vec![]).text, "\u{200c}\u{200f}x");
}

#[test]
fn entities_move_with_what_is_left_out() {
    let text = clean("\u{202e}a\rb", vec![bold(3, 1)]);
    assert_eq!(text.text, "ab");
    assert_eq!(text.entities, [bold(1, 1)]);
}

#[test]
fn blanks_at_the_ends_go() {
    let text = clean(" \n hi \n", vec![bold(3, 4)]);
    assert_eq!(text.text, "hi");
    assert_eq!(text.entities, [bold(0, 2)]);
    // A first entity keeps the blanks that it covers.
    let text = clean("  hi", vec![code(1, 3)]);
    assert_eq!(text.text, " hi");
    assert_eq!(text.entities, [code(0, 3)]);
    assert_eq!(clean(" \n ", vec![bold(0, 3)]), CleanText::default());
}

#[test]
fn offsets_are_utf16_units() {
    // The emoji takes two units, and no entity may split it.
    let text = clean("😀 bold", vec![bold(3, 4)]);
    assert_eq!(text.entities, [bold(3, 4)]);
    for (offset, length) in [
        (1, 2),
        (0, 1),
        (-1, 2),
        (0, 9),
        (8, 1),
        (i32::MAX, i32::MAX),
        (3, -1),
    ] {
        let refused = CleanText::new(&"😀 bold".into(), vec![bold(offset, length)]);
        assert_eq!(refused, Err(TextError::EntityBounds), "{offset} {length}");
    }
    assert!(clean("😀 bold", vec![bold(7, 0)]).entities.is_empty());
}

#[test]
fn equal_entities_that_touch_become_one() {
    let text = clean("abcdef", vec![bold(0, 2), bold(2, 2), bold(3, 3)]);
    assert_eq!(text.entities, [bold(0, 6)]);
}

#[test]
fn nothing_stands_in_code() {
    let text = clean("abcdef", vec![bold(0, 6), code(2, 2)]);
    assert_eq!(text.entities, [bold(0, 2), code(2, 2), bold(4, 2)]);
    let text = clean("abcdef", vec![link(0, 4), code(2, 2)]);
    assert_eq!(text.entities, [code(2, 2)]);
}

#[test]
fn what_cannot_be_split_splits_others() {
    let text = clean("abcdef", vec![bold(0, 4), link(2, 4)]);
    assert_eq!(text.entities, [bold(0, 2), link(2, 4), bold(2, 2)]);
    // Within or around it nothing is split.
    let text = clean("abcdef", vec![bold(0, 6), link(1, 3), italic(2, 1)]);
    assert_eq!(text.entities, [bold(0, 6), link(1, 3), italic(2, 1)]);
    // The first of two that meet stays.
    let text = clean("abcdef", vec![link(0, 4), link(2, 4)]);
    assert_eq!(text.entities, [link(0, 4)]);
}

#[test]
fn quotes_contain_the_rest_but_no_quotes() {
    let text = clean("abcdef", vec![quote(0, 6), quote(2, 2), code(1, 2)]);
    assert_eq!(text.entities, [quote(0, 6), code(1, 2)]);
    let text = clean("abcdef", vec![quote(0, 3), code(2, 2)]);
    assert_eq!(text.entities, [quote(0, 3)]);
}

#[test]
fn addresses_of_links_are_made_whole() {
    let link = |url: &str| Entity::TextUrl {
        offset: 0,
        length: 1,
        url: url.into(),
    };
    assert_eq!(
        clean("a", vec![link("example.com")]).entities,
        [link("http://example.com")]
    );
    assert_eq!(
        clean("a", vec![link("tg://resolve")]).entities,
        [link("tg://resolve")]
    );
    for wrong in ["", "no dot", "javascript://x", "a b.com"] {
        assert!(clean("a", vec![link(wrong)]).entities.is_empty(), "{wrong}");
    }
}

/// What is found in a text: the kinds and the pieces of text.
#[allow(clippy::wildcard_enum_match_arm, reason = "nothing else is expected")]
fn found(text: &str) -> Vec<(&'static str, String)> {
    let clean = clean(text, vec![]);
    let units: Vec<u16> = clean.text.encode_utf16().collect();
    clean
        .entities
        .iter()
        .map(|entity| {
            let (kind, offset, length) = match entity {
                Entity::BankCard { offset, length } => ("card", offset, length),
                Entity::BotCommand { offset, length } => ("command", offset, length),
                Entity::Cashtag { offset, length } => ("cashtag", offset, length),
                Entity::Email { offset, length } => ("email", offset, length),
                Entity::Hashtag { offset, length } => ("hashtag", offset, length),
                Entity::Mention { offset, length } => ("mention", offset, length),
                Entity::Phone { offset, length } => ("phone", offset, length),
                Entity::Url { offset, length } => ("url", offset, length),
                other => panic!("{other:?}"),
            };
            let start = usize::try_from(*offset).unwrap();
            let end = start + usize::try_from(*length).unwrap();
            (kind, String::from_utf16(&units[start..end]).unwrap())
        })
        .collect()
}

fn one(kind: &'static str, text: &str) -> Vec<(&'static str, String)> {
    vec![(kind, text.to_owned())]
}

#[test]
fn mentions_tags_and_commands_are_found() {
    assert_eq!(found("hi @durov_1!"), one("mention", "@durov_1"));
    assert_eq!(found("😀@name 😀"), one("mention", "@name"));
    assert_eq!(found("a@b"), []);
    assert_eq!(found("@a"), []);
    assert_eq!(found("see #tag1 now"), one("hashtag", "#tag1"));
    assert_eq!(found("#тег"), one("hashtag", "#тег"));
    assert_eq!(found("#123"), []);
    assert_eq!(found("#a#b"), []);
    assert_eq!(found("$USD and $usd"), one("cashtag", "$USD"));
    assert_eq!(found("$1INCH"), one("cashtag", "$1INCH"));
    assert_eq!(found("/start now"), one("command", "/start"));
    assert_eq!(found("/start@some_bot"), one("command", "/start@some_bot"));
    assert_eq!(found("and/or"), []);
}

#[test]
fn addresses_are_found() {
    assert_eq!(
        found("see https://example.com/a_(b)?c=d#e."),
        one("url", "https://example.com/a_(b)?c=d#e")
    );
    assert_eq!(found("(example.com)"), one("url", "example.com"));
    assert_eq!(
        found("Example.COM/path, yes"),
        one("url", "Example.COM/path")
    );
    assert_eq!(found("пример.рф"), one("url", "пример.рф"));
    assert_eq!(found("127.0.0.1:8080/x"), one("url", "127.0.0.1:8080/x"));
    assert_eq!(
        found("tg://resolve?domain=x"),
        one("url", "tg://resolve?domain=x")
    );
    assert_eq!(found("https://user"), []);
    assert_eq!(found("Hello.World"), one("url", "Hello.World"));
    assert_eq!(found("end.Start of it"), []);
    assert_eq!(found("1.5 and 3.14"), []);
    assert_eq!(found("file.txt"), []);
    assert_eq!(found("a.b@example.com!"), one("email", "a.b@example.com"));
    assert_eq!(found("mail me@example.org"), one("email", "me@example.org"));
    assert_eq!(
        found("a.com b.net"),
        [("url", "a.com".to_owned()), ("url", "b.net".to_owned())]
    );
}

#[test]
fn numbers_are_found() {
    assert_eq!(
        found("card 4111 1111 1111 1111."),
        one("card", "4111 1111 1111 1111")
    );
    assert_eq!(found("4111 1111 1111 1112"), []);
    assert_eq!(
        found("call +1 (555) 000-0001"),
        one("phone", "+1 (555) 000-0001")
    );
    assert_eq!(found("+12"), []);
    assert_eq!(found("1+1234567"), []);
}

#[test]
fn nothing_is_found_in_code_or_links() {
    let text = clean("@name @name", vec![code(0, 5)]);
    assert_eq!(
        text.entities,
        [
            code(0, 5),
            Entity::Mention {
                offset: 6,
                length: 5
            }
        ]
    );
    assert_eq!(clean("a.com", vec![link(0, 5)]).entities, [link(0, 5)]);
    // What can be split is split where it crosses.
    let text = clean("x @name", vec![bold(0, 4)]);
    assert_eq!(
        text.entities,
        [
            bold(0, 2),
            Entity::Mention {
                offset: 2,
                length: 5
            },
            bold(2, 2)
        ]
    );
}

/// Any text with any entities is refused or comes out in order, whole and nested; it never panics.
#[test]
fn hostile_texts_come_out_in_order() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let pieces = [
        "a",
        " ",
        "\n",
        "😀",
        "@",
        "#",
        "$",
        "/",
        ".",
        ":",
        "+",
        "1",
        "4111111111111111",
        "\r",
        "\u{202e}",
        "\u{30a}",
        "http://",
        "x.com",
        "é",
        "\u{200e}",
        "(",
        ")",
        "_",
        "-",
        "@name",
        "рф",
    ];
    for _ in 0..20_000 {
        let len = random(12);
        let text: String = (0..len)
            .map(|_| pieces[usize::try_from(random(pieces.len() as u64)).unwrap()])
            .collect();
        let units = utf16_len(&text) as u64;
        let count = random(6);
        let entities: Vec<Entity> = (0..count)
            .map(|_| {
                let offset = i32::try_from(random(units + 2)).unwrap() - 1;
                let length = i32::try_from(random(units + 2)).unwrap();
                match random(5) {
                    0 => bold(offset, length),
                    1 => italic(offset, length),
                    2 => code(offset, length),
                    3 => link(offset, length),
                    _ => quote(offset, length),
                }
            })
            .collect();
        let Ok(clean) = CleanText::new(&text.as_str().into(), entities.clone()) else {
            continue;
        };
        let spans: Vec<_> = clean
            .entities
            .iter()
            .cloned()
            .filter_map(Span::new)
            .collect();
        let units = utf16_len(&clean.text);
        assert!(
            check_bounds(&clean.text, &spans).is_ok(),
            "{text:?} {entities:?}"
        );
        for pair in spans.windows(2) {
            assert!(pair[0].start <= pair[1].start, "{text:?} {entities:?}");
        }
        for span in &spans {
            assert!(
                span.start < span.end && span.end <= units,
                "{text:?} {entities:?}"
            );
        }
        // Cleaning what is clean changes nothing.
        let again = CleanText::new(&clean.text, clean.entities.clone()).unwrap();
        assert_eq!(again, clean, "{text:?} {entities:?}");
    }
}

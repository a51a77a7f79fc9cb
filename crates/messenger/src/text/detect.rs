//! Finding what needs no markup: mentions, tags, commands, addresses, cards, numbers (A25).

use tl_api::types::MessageEntity;

use super::entity::{Group, Span, kind, sort};
use super::utf16_len;

/// Top-level domains that make an address of words with dots, besides those of two letters.
const TOP_LEVEL: &[&str] = &[
    "academy",
    "agency",
    "app",
    "art",
    "audio",
    "auto",
    "bank",
    "bar",
    "berlin",
    "best",
    "bet",
    "bid",
    "bio",
    "biz",
    "blog",
    "business",
    "cafe",
    "camera",
    "camp",
    "cars",
    "cash",
    "cat",
    "center",
    "chat",
    "church",
    "city",
    "cloud",
    "club",
    "coach",
    "codes",
    "coffee",
    "com",
    "community",
    "company",
    "cool",
    "coop",
    "cyou",
    "dance",
    "date",
    "deals",
    "design",
    "dev",
    "digital",
    "direct",
    "dog",
    "download",
    "earth",
    "edu",
    "education",
    "email",
    "energy",
    "events",
    "exchange",
    "expert",
    "express",
    "faith",
    "family",
    "fans",
    "farm",
    "fashion",
    "film",
    "finance",
    "fit",
    "foundation",
    "fun",
    "fund",
    "fyi",
    "gallery",
    "game",
    "games",
    "garden",
    "gay",
    "gift",
    "global",
    "gold",
    "golf",
    "gov",
    "group",
    "guide",
    "guru",
    "health",
    "help",
    "hospital",
    "host",
    "hosting",
    "house",
    "how",
    "icu",
    "info",
    "ink",
    "institute",
    "int",
    "international",
    "jobs",
    "land",
    "law",
    "legal",
    "life",
    "link",
    "live",
    "loan",
    "lol",
    "london",
    "love",
    "ltd",
    "market",
    "marketing",
    "media",
    "men",
    "menu",
    "mil",
    "mobi",
    "moda",
    "moe",
    "money",
    "moscow",
    "museum",
    "name",
    "net",
    "network",
    "news",
    "ninja",
    "now",
    "nyc",
    "one",
    "onion",
    "online",
    "ooo",
    "org",
    "page",
    "paris",
    "party",
    "photo",
    "photography",
    "photos",
    "pics",
    "pictures",
    "place",
    "plus",
    "press",
    "pro",
    "pub",
    "quest",
    "racing",
    "radio",
    "recipes",
    "rent",
    "report",
    "rest",
    "review",
    "reviews",
    "rocks",
    "run",
    "sale",
    "school",
    "science",
    "security",
    "services",
    "sex",
    "shop",
    "shopping",
    "show",
    "site",
    "ski",
    "social",
    "software",
    "solutions",
    "space",
    "store",
    "stream",
    "studio",
    "style",
    "support",
    "systems",
    "tax",
    "team",
    "tech",
    "technology",
    "tel",
    "theater",
    "tips",
    "today",
    "tokyo",
    "ton",
    "tools",
    "top",
    "tours",
    "town",
    "toys",
    "trade",
    "trading",
    "training",
    "travel",
    "tube",
    "university",
    "uno",
    "vegas",
    "video",
    "vip",
    "wang",
    "watch",
    "webcam",
    "website",
    "wedding",
    "wiki",
    "win",
    "wine",
    "work",
    "works",
    "world",
    "wtf",
    "xxx",
    "xyz",
    "yoga",
    "zone",
    "рф",
    "рус",
    "укр",
    "бел",
    "мкд",
    "срб",
    "қаз",
    "онлайн",
    "сайт",
    "москва",
    "дети",
    "орг",
];

/// Two letters that are no country: words that often stand behind a dot without a blank.
const NO_COUNTRY: &[&str] = &["ok", "if", "or", "an", "ну", "да"];

const SCHEMES: &[&str] = &["http", "https", "ftp", "tg", "ton", "tonsite"];

/// What was found, in bytes.
struct Found {
    start: usize,
    end: usize,
    entity: MessageEntity,
}

/// Adds what is found in `text` and lies in nothing that may not hold it.
pub(super) fn detect(text: &str, spans: &mut Vec<Span>) {
    let found = search(text);
    if found.is_empty() {
        return;
    }
    let mut byte = 0;
    let mut unit = 0;
    let mut last = 0;
    let given = spans.len();
    for Found { start, end, entity } in found {
        if start < last {
            continue;
        }
        unit += utf16_len(&text[byte..start]);
        let len = utf16_len(&text[start..end]);
        let span = Span {
            start: unit,
            end: unit + len,
            entity,
        };
        unit += len;
        byte = end;
        let hidden = spans[..given].iter().any(|other| {
            let meets = span.start < other.end && other.start < span.end;
            match kind(&other.entity).0 {
                Group::Plain | Group::Whole => meets,
                Group::Quote => meets && !(other.start <= span.start && span.end <= other.end),
                Group::Detected | Group::Split | Group::Unknown => false,
            }
        });
        if !hidden {
            last = end;
            spans.push(span);
        }
    }
    if spans.len() > given {
        // What can be split is split where it crosses what was found.
        let (found, mut others): (Vec<_>, Vec<_>) = spans
            .drain(..)
            .partition(|span| kind(&span.entity).0 == Group::Detected);
        split_at(&found, &mut others);
        spans.extend(others);
        spans.extend(found);
        sort(spans);
    }
}

fn split_at(found: &[Span], others: &mut Vec<Span>) {
    for wall in found {
        let mut more = Vec::new();
        for span in others.iter_mut() {
            if kind(&span.entity).0 != Group::Split {
                continue;
            }
            for border in [wall.start, wall.end] {
                let within = span.start < border && border < span.end;
                let around = span.start <= wall.start && wall.end <= span.end;
                if within && !around {
                    more.push(Span {
                        start: border,
                        end: span.end,
                        entity: span.entity.clone(),
                    });
                    span.end = border;
                }
            }
        }
        others.append(&mut more);
    }
}

/// All candidates by their start; earlier ones win.
fn search(text: &str) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut found: Vec<Found> = Vec::new();
    let mut end = 0;
    let mut at = 0;
    while at < bytes.len() {
        let hit = match bytes[at] {
            b'@' => mention(text, at).or_else(|| email(text, at)),
            b'#' => hashtag(text, at),
            b'$' => cashtag(text, at),
            b'/' => command(text, at),
            b':' => with_scheme(text, at),
            b'.' => domain(text, at, end),
            b'+' => phone(text, at),
            b'0'..=b'9' => card(text, at),
            _ => None,
        };
        match hit {
            Some(hit) if hit.start >= end => {
                end = hit.end;
                at = end;
                found.push(hit);
            }
            // An address that begins within what was found before takes its place.
            Some(hit)
                if found
                    .last()
                    .is_some_and(|last| hit.start <= last.start && hit.end > last.end) =>
            {
                while found.last().is_some_and(|last| last.start >= hit.start) {
                    found.pop();
                }
                end = hit.end;
                at = end;
                found.push(hit);
            }
            _ => at += 1,
        }
    }
    found
}

fn before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

fn after(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn no_word(c: Option<char>) -> bool {
    !c.is_some_and(is_word)
}

/// The length in bytes of the run at `at`, at most `most`.
fn ascii_run(text: &str, at: usize, most: usize, fits: impl Fn(u8) -> bool) -> usize {
    text.as_bytes()[at..]
        .iter()
        .take(most)
        .take_while(|byte| fits(**byte))
        .count()
}

fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn mention(text: &str, at: usize) -> Option<Found> {
    if !no_word(before(text, at)) {
        return None;
    }
    let end = at + 1 + ascii_run(text, at + 1, 33, is_name);
    let fits = (2..=32).contains(&(end - at - 1)) && no_word(after(text, end));
    fits.then_some(Found {
        start: at,
        end,
        entity: MessageEntity::Mention {
            offset: 0,
            length: 0,
        },
    })
}

fn hashtag(text: &str, at: usize) -> Option<Found> {
    if !no_word(before(text, at)) || before(text, at) == Some('#') {
        return None;
    }
    let body = &text[at + 1..];
    let len: usize = body
        .chars()
        .take(257)
        .take_while(|c| is_word(*c) || *c == '\u{200c}' || *c == '·')
        .map(char::len_utf8)
        .sum();
    let tag = &body[..len];
    if tag.chars().count() > 256 || !tag.chars().any(char::is_alphabetic) {
        return None;
    }
    let mut end = at + 1 + len;
    if after(text, end) == Some('#') {
        return None;
    }
    if after(text, end) == Some('@') {
        let name = ascii_run(text, end + 1, 33, is_name);
        if (3..=32).contains(&name) && no_word(after(text, end + 1 + name)) {
            end += 1 + name;
        }
    }
    Some(Found {
        start: at,
        end,
        entity: MessageEntity::Hashtag {
            offset: 0,
            length: 0,
        },
    })
}

fn cashtag(text: &str, at: usize) -> Option<Found> {
    if !no_word(before(text, at)) || before(text, at) == Some('$') {
        return None;
    }
    let len = if text[at + 1..].starts_with("1INCH") {
        5
    } else {
        ascii_run(text, at + 1, 9, |byte| byte.is_ascii_uppercase())
    };
    let end = at + 1 + len;
    let fits = (1..=8).contains(&len) && no_word(after(text, end)) && after(text, end) != Some('$');
    fits.then_some(Found {
        start: at,
        end,
        entity: MessageEntity::Cashtag {
            offset: 0,
            length: 0,
        },
    })
}

fn command(text: &str, at: usize) -> Option<Found> {
    let apart = |c: Option<char>| no_word(c) && !matches!(c, Some('/' | '<' | '>'));
    if !apart(before(text, at)) {
        return None;
    }
    let len = ascii_run(text, at + 1, 65, is_name);
    if !(1..=64).contains(&len) {
        return None;
    }
    let mut end = at + 1 + len;
    if after(text, end) == Some('@') {
        let name = ascii_run(text, end + 1, 33, is_name);
        if !(3..=32).contains(&name) {
            return None;
        }
        end += 1 + name;
    }
    apart(after(text, end)).then_some(Found {
        start: at,
        end,
        entity: MessageEntity::BotCommand {
            offset: 0,
            length: 0,
        },
    })
}

fn url(start: usize, end: usize) -> Found {
    Found {
        start,
        end,
        entity: MessageEntity::Url {
            offset: 0,
            length: 0,
        },
    }
}

/// `scheme://…` with the colon at `at`.
fn with_scheme(text: &str, at: usize) -> Option<Found> {
    if !text[at..].starts_with("://") {
        return None;
    }
    let letters = text.as_bytes()[..at]
        .iter()
        .rev()
        .take(8)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let start = at - letters;
    let scheme = text[start..at].to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) || !no_word(before(text, start)) {
        return None;
    }
    let host = at + 3;
    let host_end = host + host_len(&text[host..]);
    let name = &text[host..host_end];
    let needs_dots = matches!(scheme.as_str(), "http" | "https" | "ftp");
    let usable = if needs_dots {
        is_address(name) || is_domain(name)
    } else {
        !name.is_empty()
    };
    usable.then(|| url(start, rest_of_url(text, host_end)))
}

/// The bytes of a host name at the start of `text`.
fn host_len(text: &str) -> usize {
    let len: usize = text
        .chars()
        .take(255)
        .take_while(|c| is_host(*c))
        .map(char::len_utf8)
        .sum();
    text[..len].trim_end_matches(['.', '-', '_']).len()
}

fn is_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// A domain with the dot at `at`, looked for no farther back than `floor`.
fn domain(text: &str, at: usize, floor: usize) -> Option<Found> {
    let labels: usize = text[floor..at]
        .chars()
        .rev()
        .take(255)
        .take_while(|c| is_host(*c))
        .map(char::len_utf8)
        .sum();
    let mut start = at - labels;
    let lead = text[start..at].len() - text[start..at].trim_start_matches(['.', '-', '_']).len();
    start += lead;
    if start == at || matches!(before(text, start), Some('@' | '/' | '#' | '$')) {
        return None;
    }
    let end = start + host_len(&text[start..]);
    let name = text.get(start..end)?;
    if end <= at || !(is_domain(name) || is_address(name)) {
        return None;
    }
    // The user's part of an e-mail address with dots.
    if after(text, end) == Some('@') {
        return None;
    }
    Some(url(start, rest_of_url(text, end)))
}

/// Four numbers up to 255.
fn is_address(name: &str) -> bool {
    let mut count = 0;
    let numbers = name.split('.').all(|part| {
        count += 1;
        !part.is_empty() && part.len() <= 3 && part.parse::<u8>().is_ok()
    });
    numbers && count == 4
}

/// Labels with a top-level domain that exists.
fn is_domain(name: &str) -> bool {
    let Some((labels, top)) = name.rsplit_once('.') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    labels.split('.').all(label) && is_top_level(top)
}

fn is_top_level(top: &str) -> bool {
    let lower = top.to_lowercase();
    if lower.len() == 2 {
        return lower.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !NO_COUNTRY.contains(&lower.as_str());
    }
    lower.starts_with("xn--") && lower.len() > 4 || TOP_LEVEL.contains(&lower.as_str())
}

/// The end of an address whose host ends at `at`: port, path, query and fragment.
fn rest_of_url(text: &str, at: usize) -> usize {
    let mut end = at;
    let mut rest = &text[end..];
    if let Some(port) = rest.strip_prefix(':') {
        let digits = port.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=5).contains(&digits) {
            end += 1 + digits;
            rest = &text[end..];
        }
    }
    if !rest.starts_with(['/', '?', '#']) {
        return end;
    }
    let len: usize = rest
        .chars()
        .take_while(|c| {
            !c.is_whitespace()
                && !c.is_control()
                && !matches!(c, '<' | '>' | '"' | '«' | '»' | '{' | '}' | '|' | '^')
        })
        .map(char::len_utf8)
        .sum();
    let mut path = &rest[..len];
    loop {
        let shorter = path.trim_end_matches(['.', ':', ';', ',', '(', '\'', '?', '!', '`']);
        // A bracket that the address does not open closes something before it.
        let closing = shorter
            .strip_suffix(')')
            .filter(|_| shorter.matches(')').count() > shorter.matches('(').count());
        let shorter = closing.unwrap_or(shorter);
        if shorter.len() == path.len() {
            break;
        }
        path = shorter;
    }
    if path.len() <= 1 && path != "/" {
        return end;
    }
    end + path.len()
}

/// An e-mail address with the `@` at `at`.
fn email(text: &str, at: usize) -> Option<Found> {
    let user = text.as_bytes()[..at]
        .iter()
        .rev()
        .take(65)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'%')
        })
        .count();
    let mut start = at - user;
    start += text[start..at].len()
        - text[start..at]
            .trim_start_matches(['.', '-', '+', '%'])
            .len();
    if start == at || user > 64 || !no_word(before(text, start)) {
        return None;
    }
    let end = at + 1 + host_len(&text[at + 1..]);
    is_domain(&text[at + 1..end]).then_some(Found {
        start,
        end,
        entity: MessageEntity::Email {
            offset: 0,
            length: 0,
        },
    })
}

/// `+` and 7–15 digits, with blanks, dashes and brackets between.
fn phone(text: &str, at: usize) -> Option<Found> {
    if !no_word(before(text, at)) {
        return None;
    }
    let (digits, end) = digits_with(text, at + 1, 15, b" -()");
    let fits = digits.len() >= 7 && digits[0] != b'0' && no_word(after(text, end));
    fits.then_some(Found {
        start: at,
        end,
        entity: MessageEntity::Phone {
            offset: 0,
            length: 0,
        },
    })
}

/// 13–19 digits with blanks or dashes between, whose check digit is right.
fn card(text: &str, at: usize) -> Option<Found> {
    if !no_word(before(text, at)) || matches!(before(text, at), Some('+' | '-' | '.' | ',')) {
        return None;
    }
    let (digits, end) = digits_with(text, at, 19, b" -");
    let fits = digits.len() >= 13
        && no_word(after(text, end))
        && matches!(digits[0], b'2'..=b'6' | b'8' | b'9')
        && passes_check(&digits);
    fits.then_some(Found {
        start: at,
        end,
        entity: MessageEntity::BankCard {
            offset: 0,
            length: 0,
        },
    })
}

/// Up to `most` digits from `at` on with single separators between; where the last one ends.
/// Nothing when more digits follow.
fn digits_with(text: &str, at: usize, most: usize, separators: &[u8]) -> (Vec<u8>, usize) {
    let bytes = text.as_bytes();
    let mut digits = Vec::new();
    let mut end = at;
    let mut gap = 0;
    for (place, byte) in bytes.iter().enumerate().skip(at) {
        if byte.is_ascii_digit() {
            if digits.len() == most {
                return (Vec::new(), end);
            }
            digits.push(*byte);
            end = place + 1;
            gap = 0;
        } else if separators.contains(byte) && gap < 2 {
            gap += 1;
        } else {
            break;
        }
    }
    (digits, end)
}

/// The check of card numbers: every second digit from the right counts double.
fn passes_check(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

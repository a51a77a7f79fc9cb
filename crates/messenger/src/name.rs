//! The rules of names, phone numbers and usernames (L1, U1–U4).

/// The most characters of a first or last name.
pub(crate) const NAME_CHARS_MAX: usize = 64;
/// The most UTF-16 units of the text about a user.
pub(crate) const ABOUT_UNITS_MAX: usize = 70;
/// The most characters of the title of a group or channel.
const TITLE_CHARS_MAX: usize = 128;
/// The most characters of the text about a group or channel.
const GROUP_ABOUT_CHARS_MAX: usize = 255;

/// How a username may begin only if it is the server's own.
const RESERVED: &[&str] = &[
    "admin",
    "contacts",
    "security",
    "service",
    "settings",
    "support",
    "telegram",
    "telegraph",
];

/// The digits of a phone number, if they can be one: 5 to 15 (L1).
#[must_use]
pub fn phone_digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (5..=15).contains(&digits.len()).then_some(digits)
}

/// A name as it is kept: no control characters, single blanks, none at the ends (U1); `None` when it
/// is too long.
#[must_use]
pub fn clean_name(text: &str) -> Option<String> {
    let name = text
        .split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{a0}')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    (name.chars().count() <= NAME_CHARS_MAX).then_some(name)
}

/// The text about a user as it is kept: on one line (U2); `None` when it is too long.
#[must_use]
pub fn clean_about(text: &str) -> Option<String> {
    let about: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    (about.encode_utf16().count() <= ABOUT_UNITS_MAX).then_some(about)
}

/// The title of a group or channel as it is kept: on one line, cut where it is too long; `None` when
/// nothing is left.
pub(crate) fn clean_title(title: &str) -> Option<String> {
    let clean: String = title
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(TITLE_CHARS_MAX)
        .collect();
    (!clean.trim().is_empty()).then_some(clean)
}

/// The text about a group or channel as it is kept; `None` when it is too long.
pub(crate) fn clean_group_about(about: &str) -> Option<&str> {
    let about = about.trim();
    (about.chars().count() <= GROUP_ABOUT_CHARS_MAX).then_some(about)
}

/// The form in which usernames are unique.
#[must_use]
pub(crate) fn username_key(username: &str) -> String {
    username.to_ascii_lowercase()
}

/// Whether somebody may take this username (U3).
#[must_use]
pub(crate) fn is_username(username: &str) -> bool {
    let key = username_key(username);
    (5..=32).contains(&username.len())
        && username
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
        && username.starts_with(|c: char| c.is_ascii_alphabetic())
        && !username.ends_with('_')
        && !username.contains("__")
        && !RESERVED.iter().any(|reserved| key.starts_with(reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        assert_eq!(
            phone_digits("+1 (555) 000-0001").as_deref(),
            Some("15550000001")
        );
        assert_eq!(phone_digits("1234"), None);
        assert_eq!(phone_digits("1234567890123456"), None);
        assert_eq!(phone_digits(""), None);
    }

    #[test]
    fn names() {
        assert_eq!(clean_name("  A\u{a0}\n b\u{7}c ").as_deref(), Some("A b c"));
        assert_eq!(clean_name(&"ä".repeat(64)), Some("ä".repeat(64)));
        assert_eq!(clean_name(&"a".repeat(65)), None);
        assert_eq!(clean_about("a\nb").as_deref(), Some("a b"));
        // An astral character is two units.
        assert!(clean_about(&"😀".repeat(35)).is_some());
        assert!(clean_about(&"😀".repeat(36)).is_none());
    }

    #[test]
    fn usernames() {
        for good in ["alice", "Alice_5", "a1234", &"a".repeat(32)] {
            assert!(is_username(good), "{good}");
        }
        for bad in [
            "",
            "abcd",
            "1alice",
            "_alice",
            "alice_",
            "al__ice",
            "al-ice",
            "älice",
            "SupportBot",
            &"a".repeat(33),
        ] {
            assert!(!is_username(bad), "{bad}");
        }
    }
}

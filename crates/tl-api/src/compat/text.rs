//! Texts that got entities, and names that got siblings.

use tl::Str;

use crate::types::{TextWithEntities, Username};

/// The text without its entities.
pub(crate) fn plain(text: &TextWithEntities) -> Str {
    text.text.clone()
}

/// A text without entities.
pub(crate) fn formatted(text: Str) -> TextWithEntities {
    TextWithEntities {
        text,
        entities: Vec::new(),
    }
}

/// The name that a user had when there was one: the editable active one, else the first active.
pub(crate) fn first_username(usernames: &[Username]) -> Str {
    let active = || usernames.iter().filter(|name| name.active);
    let editable = active().find(|name| name.editable);
    editable
        .or_else(|| active().next())
        .map(|name| name.username.clone())
        .unwrap_or_default()
}

/// The list that says the same as one name.
pub(crate) fn one_username(username: Str) -> Vec<Username> {
    if username.is_empty() {
        return Vec::new();
    }
    let name = Username {
        editable: true,
        active: true,
        deletable: false,
        expired: false,
        username,
    };
    vec![name]
}

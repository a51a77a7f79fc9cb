//! Text to search tokens: Unicode words, compatibility-decomposed, without marks, in lower case.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::mailbox::TOKENS_MAX;

/// The most bytes kept of one token; longer words match by this much of their beginning.
pub(crate) const TOKEN_BYTES_MAX: usize = 64;

/// The different tokens of a text in order, at most [`TOKENS_MAX`]: the first ones count.
/// A hashtag gives two, with and without `#`.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let folded: String = fold(text);
    let mut found = Vec::new();
    for (start, word) in folded.unicode_word_indices() {
        if found.len() >= TOKENS_MAX {
            break;
        }
        if folded[..start].ends_with('#') {
            found.push(cut(&folded[start - 1..start + word.len()]).to_owned());
        }
        found.push(cut(word).to_owned());
    }
    found.truncate(TOKENS_MAX);
    found.sort_unstable();
    found.dedup();
    found
}

/// One word of a search.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word {
    /// The folded text.
    pub(crate) text: String,
    /// A whole token rather than its beginning.
    pub(crate) exact: bool,
}

impl Word {
    /// Whether a token answers to this word.
    pub(crate) fn matches(&self, token: &[u8]) -> bool {
        if self.exact {
            token == self.text.as_bytes()
        } else {
            token.starts_with(self.text.as_bytes())
        }
    }
}

/// The words of a search text. Those of a hashtag count once, as the hashtag.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let folded: String = fold(text);
    for (start, word) in folded.unicode_word_indices() {
        let exact = folded[..start].ends_with('#');
        let from = if exact { start - 1 } else { start };
        words.push(Word {
            text: cut(&folded[from..start + word.len()]).to_owned(),
            exact,
        });
    }
    words.truncate(TOKENS_MAX);
    words.sort_unstable();
    words.dedup();
    words
}

fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

fn cut(word: &str) -> &str {
    let mut end = word.len().min(TOKEN_BYTES_MAX);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, query: &str) -> bool {
        let tokens = tokens(text);
        words(query)
            .iter()
            .all(|word| tokens.iter().any(|token| word.matches(token.as_bytes())))
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert!(finds("Déjà VU", "deja vu"));
        assert!(finds("deja", "DÉJÀ"));
        assert!(finds("İstanbul", "istan"));
    }

    #[test]
    fn beginning_of_a_word_matches_and_its_middle_does_not() {
        assert!(finds("telegraph line", "tele li"));
        assert!(!finds("telegraph", "graph"));
    }

    #[test]
    fn scripts_without_spaces_are_found() {
        assert!(finds("我们明天见面", "明天"));
        assert!(finds("Привет, мир", "при мир"));
        assert!(finds("สวัสดีครับ", "สวัสดี"));
        assert!(finds("नमस्ते दुनिया", "नमस्ते"));
        assert!(finds("مرحبا بالعالم", "مرحبا"));
    }

    #[test]
    fn hashtag_is_exact() {
        assert!(finds("see #Rust now", "#rust"));
        assert!(finds("see #rust now", "rust"));
        assert!(!finds("see #rustacean", "#rust"));
        assert!(!finds("see rust", "#rust"));
    }

    #[test]
    fn long_words_and_long_texts_are_bounded() {
        let long = "x".repeat(10_000);
        assert_eq!(tokens(&long)[0].len(), TOKEN_BYTES_MAX);
        assert!(finds(&long, &long));
        let many: String = (0..5000).map(|n| format!("w{n} ")).collect();
        assert_eq!(tokens(&many).len(), TOKENS_MAX);
        assert!(tokens("é".repeat(200).as_str())[0].len() <= TOKEN_BYTES_MAX);
    }
}

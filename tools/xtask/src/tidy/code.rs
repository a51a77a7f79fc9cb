//! Rust source as the rules need it: comments, literals and test items blanked out, every line in its place.

/// The text with comments and the contents of literals replaced by blanks.
pub(super) fn without_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        match end {
            Some(end) => {
                out.extend(
                    chars[at..end]
                        .iter()
                        .map(|&c| if c == '\n' { c } else { ' ' }),
                );
                at = end;
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

/// The text (already without comments and literals) with every item under `#[cfg(test)]` blanked out.
pub(super) fn without_test_items(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = item_end(&out, start + "#[cfg(test)]".len());
        let blank: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { c } else { ' ' })
            .collect();
        from = start + blank.len();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Where the comment or literal that starts at `at` ends, if one starts there.
fn token_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => Some(find(chars, at, |c| c == '\n')),
        ('/', Some('*')) => Some(block_comment_end(chars, at)),
        ('"', _) => Some(string_end(chars, at + 1)),
        ('\'', Some(_)) => char_end(chars, at),
        ('r', Some('"' | '#')) if !continues_word(chars, at) => raw_string_end(chars, at + 1),
        _ => None,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    chars[from..]
        .iter()
        .position(|&c| wanted(c))
        .map_or(chars.len(), |found| from + found)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start + 2, 1);
    while at < chars.len() && depth > 0 {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (at, depth) = (at + 2, depth + 1),
            ('*', Some('/')) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at.min(chars.len())
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `'a'`, `'\n'`, `'\u{1F}'`; a lifetime has no closing quote.
fn char_end(chars: &[char], start: usize) -> Option<usize> {
    if chars[start + 1] == '\\' {
        let end = find(chars, start + 3, |c| c == '\'');
        return Some((end + 1).min(chars.len()));
    }
    (chars.get(start + 2) == Some(&'\'')).then_some(start + 3)
}

/// `at` stands behind the `r`.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = find(chars, at, |c| c != '#') - at;
    if chars.get(at + hashes) != Some(&'"') {
        return None; // a raw identifier
    }
    let mut end = at + hashes + 1;
    while end < chars.len() {
        let quote = find(chars, end, |c| c == '"');
        let closing = chars
            .iter()
            .skip(quote + 1)
            .take_while(|&&c| c == '#')
            .count();
        end = quote + 1;
        if closing >= hashes {
            return Some((end + hashes).min(chars.len()));
        }
    }
    Some(chars.len())
}

/// Whether the `r` at `at` is the end of a name; `br"` and `cr"` are strings all the same.
fn continues_word(chars: &[char], at: usize) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = chars[..at].iter().rev();
    match before.next() {
        Some('b' | 'c') => before.next().is_some_and(|&c| is_word(c)),
        Some(&c) => is_word(c),
        None => false,
    }
}

/// Where the item that starts behind `from` ends: at its `;`, or where its braces close.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code[from..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return from + offset + 1;
                }
            }
            ';' if depth == 0 => return from + offset + 1,
            _ => {}
        }
    }
    code.len()
}

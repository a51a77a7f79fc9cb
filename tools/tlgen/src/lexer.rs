//! Characters to tokens. Remarks (`//@ …`) and the layer line are tokens, other comments are not.

use crate::ast::Position;

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) position: Position,
    /// Byte range in the source.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `messages`, `flags2`, `133`, `7abe77ec`
    Word(String),
    /// One of `# . : ? = ; < > ( ) [ ] { } ! % * , +`
    Sign(char),
    /// `---functions---`
    Section(String),
    /// `//@ text`
    Remark(String),
    /// `// LAYER 230`
    Layer(u16),
    End,
}

impl TokenKind {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::Section(name) => format!("`---{name}---`"),
            Self::Remark(text) => format!("`//@ {text}`"),
            Self::Layer(layer) => format!("`// LAYER {layer}`"),
            Self::End => "the end of the file".into(),
        }
    }
}

/// What no token can begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) position: Position,
    pub(crate) problem: String,
    pub(crate) expected: &'static str,
}

pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, Unreadable> {
    let mut lexer = Lexer {
        source,
        at: 0,
        position: Position { line: 1, column: 1 },
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    let end = source.len();
    tokens.push(Token {
        kind: TokenKind::End,
        position: lexer.position,
        start: end,
        end,
    });
    Ok(tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    position: Position,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn advance(&mut self, len: usize) {
        for c in self.source[self.at..self.at + len].chars() {
            if c == '\n' {
                self.position = Position {
                    line: self.position.line + 1,
                    column: 1,
                };
            } else {
                self.position.column += 1;
            }
        }
        self.at += len;
    }

    fn next(&mut self) -> Result<Option<Token>, Unreadable> {
        loop {
            let blank = self.rest().len() - self.rest().trim_start().len();
            self.advance(blank);
            let (position, start) = (self.position, self.at);
            let rest = self.rest();
            let Some(first) = rest.chars().next() else {
                return Ok(None);
            };
            let (kind, len) = if rest.starts_with("//") {
                let len = rest.find('\n').unwrap_or(rest.len());
                let Some(kind) = line_comment(&rest[..len]) else {
                    self.advance(len);
                    continue;
                };
                (kind, len)
            } else if rest.starts_with("/*") {
                let Some(len) = rest.find("*/") else {
                    return Err(unreadable(
                        position,
                        "found a comment without an end".into(),
                        "`*/`",
                    ));
                };
                self.advance(len + 2);
                continue;
            } else if let Some(tail) = rest.strip_prefix("---") {
                let name_len = tail.find("---").filter(|len| !tail[..*len].contains('\n'));
                let Some(len) = name_len else {
                    let problem = "found `---`".into();
                    return Err(unreadable(
                        position,
                        problem,
                        "`---functions---` or `---types---`",
                    ));
                };
                (TokenKind::Section(tail[..len].trim().into()), len + 6)
            } else if first.is_ascii_alphanumeric() || first == '_' {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let len = rest.find(|c| !word(c)).unwrap_or(rest.len());
                (TokenKind::Word(rest[..len].into()), len)
            } else if "#.:?=;<>()[]{}!%*,+".contains(first) {
                (TokenKind::Sign(first), 1)
            } else {
                let problem = format!("found {first:?}");
                return Err(unreadable(
                    position,
                    problem,
                    "a name, a number or a sign of the TL grammar",
                ));
            };
            self.advance(len);
            return Ok(Some(Token {
                kind,
                position,
                start,
                end: self.at,
            }));
        }
    }
}

fn unreadable(position: Position, problem: String, expected: &'static str) -> Unreadable {
    Unreadable {
        position,
        problem,
        expected,
    }
}

/// What a comment says to the generator, if anything. A layer number that is none is a comment.
fn line_comment(comment: &str) -> Option<TokenKind> {
    if let Some(remark) = comment.strip_prefix("//@ ") {
        return Some(TokenKind::Remark(remark.trim().into()));
    }
    let layer = comment.strip_prefix("//")?.trim().strip_prefix("LAYER ")?;
    crate::parser::layer(layer).map(TokenKind::Layer)
}

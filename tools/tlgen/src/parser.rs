//! Tokens to declarations: the grammar of A1–A12.

use crate::{
    ast::{
        Availability, Condition, Declaration, Kind, Layers, Name, Param, Position, Schema, Type,
    },
    error::Error,
    lexer::{Token, TokenKind, tokens},
};

/// Type expressions nest at most this deep; deeper ones are refused instead of overflowing.
const TYPE_DEPTH_MAX: usize = 32;

/// Reads a schema; `file` is how errors call it.
///
/// # Errors
/// The first place that is not TL.
pub fn parse(file: &str, source: &str) -> Result<Schema, Error> {
    let tokens = tokens(source).map_err(|unreadable| Error {
        file: file.into(),
        position: unreadable.position,
        problem: unreadable.problem,
        expected: "a name, a number or a sign of the TL grammar".into(),
    })?;
    let mut parser =
        Parser { file, source, tokens, at: 0, kind: Kind::Constructor, section: None, depth: 0 };
    parser.schema()
}

struct Parser<'a> {
    file: &'a str,
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    kind: Kind,
    section: Option<String>,
    depth: usize,
}

impl Parser<'_> {
    fn schema(&mut self) -> Result<Schema, Error> {
        let mut schema = Schema::default();
        loop {
            match self.peek().clone() {
                TokenKind::End => return Ok(schema),
                TokenKind::Layer(layer) => {
                    schema.layer = Some(layer);
                    self.bump();
                }
                TokenKind::Section(name) => {
                    self.kind = match name.as_str() {
                        "functions" => Kind::Function,
                        "types" => Kind::Constructor,
                        _ => return Err(self.unexpected("`---functions---` or `---types---`")),
                    };
                    self.bump();
                }
                TokenKind::Remark(remark) => match remark.strip_prefix("section ") {
                    Some(name) => {
                        self.section = Some(name.trim().into());
                        self.bump();
                    }
                    None => return Err(self.unexpected("`//@ section NAME` or a declaration")),
                },
                TokenKind::Word(word) if matches!(word.as_str(), "New" | "Final" | "Empty") => {
                    self.skip_declaration()?;
                }
                TokenKind::Word(_) => {
                    let declaration = self.declaration()?;
                    schema.declarations.push(declaration);
                }
                TokenKind::Sign(_) => return Err(self.unexpected("the name of a declaration")),
            }
        }
    }

    fn declaration(&mut self) -> Result<Declaration, Error> {
        let position = self.position();
        let start = self.token().start;
        let name = self.name("the name of a declaration")?;
        if !name.is_lower_case() {
            return Err(self.error(position, format!("`{name}`"), "a name in lower case"));
        }
        let explicit_id = if self.eat('#') { Some(self.id()?) } else { None };
        let mut implicit = Vec::new();
        while self.eat('{') {
            implicit.push(self.word("the name of an implicit argument")?);
            self.expect(':')?;
            self.ty()?;
            self.expect('}')?;
        }
        let params = self.params('=')?;
        self.expect('=')?;
        let result = self.applied_type()?;
        let end = self.tokens[self.at - 1].end;
        let end_line = self.position().line;
        self.expect(';')?;
        let text = self.source[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
        let availability = self.availability(end_line)?;
        Ok(Declaration {
            kind: self.kind,
            name,
            explicit_id,
            implicit,
            params,
            result,
            availability,
            section: self.section.clone(),
            text,
            position,
        })
    }

    /// `New`, `Final` and `Empty` declare nothing that is sent (A12).
    fn skip_declaration(&mut self) -> Result<(), Error> {
        while !self.eat(';') {
            if *self.peek() == TokenKind::End {
                return Err(self.unexpected("`;`"));
            }
            self.bump();
        }
        Ok(())
    }

    /// A remark on the line of the declaration that was just read.
    fn availability(&mut self, line: usize) -> Result<Availability, Error> {
        let position = self.position();
        let TokenKind::Remark(remark) = self.peek().clone() else {
            return Ok(Availability::Always);
        };
        if position.line != line {
            return Ok(Availability::Always);
        }
        let parsed = remark.split_once(' ').and_then(|(word, ranges)| {
            let layers = layers(ranges)?;
            match word {
                "layers" => Some(Availability::Layers(layers)),
                "accept" => Some(Availability::Accepted(layers)),
                _ => None,
            }
        });
        let Some(availability) = parsed else {
            return Err(self.unexpected("`//@ layers 133-135,142-` or `//@ accept 143`"));
        };
        self.bump();
        Ok(availability)
    }

    fn params(&mut self, end: char) -> Result<Vec<Param>, Error> {
        let mut params = Vec::new();
        while *self.peek() != TokenKind::Sign(end) {
            params.push(self.param(&params)?);
        }
        Ok(params)
    }

    fn param(&mut self, before: &[Param]) -> Result<Param, Error> {
        let position = self.position();
        let named = matches!(self.peek(), TokenKind::Word(_))
            && self.tokens.get(self.at + 1).is_some_and(|t| t.kind == TokenKind::Sign(':'));
        if !named {
            let ty = self.ty()?;
            return Ok(Param { name: None, condition: None, ty, position });
        }
        let name = self.word("the name of a field")?;
        self.expect(':')?;
        if before.iter().any(|param| param.name.as_deref() == Some(&name)) {
            return Err(self.error(position, format!("second field `{name}`"), "another name"));
        }
        let condition = self.condition(before)?;
        let ty = self.ty()?;
        Ok(Param { name: Some(name), condition, ty, position })
    }

    fn condition(&mut self, before: &[Param]) -> Result<Option<Condition>, Error> {
        let Some([word, dot, bit, question]) = self.tokens[self.at..].first_chunk::<4>() else {
            return Ok(None);
        };
        let (TokenKind::Word(word), TokenKind::Word(bit)) = (&word.kind, &bit.kind) else {
            return Ok(None);
        };
        if (&dot.kind, &question.kind) != (&TokenKind::Sign('.'), &TokenKind::Sign('?')) {
            return Ok(None);
        }
        let (position, word) = (self.position(), word.clone());
        let Some(bit) = bit.parse().ok().filter(|bit| *bit < 32) else {
            self.at += 2;
            return Err(self.unexpected("a bit number from 0 to 31"));
        };
        let holds_bits =
            |param: &Param| param.name.as_deref() == Some(&word) && param.ty == Type::Nat;
        if !before.iter().any(holds_bits) {
            let problem = format!("`{word}` is no field of type `#` before this one");
            return Err(self.error(position, problem, ""));
        }
        self.at += 4;
        Ok(Some(Condition { word, bit }))
    }

    /// A type as a field has it: arguments only in brackets.
    fn ty(&mut self) -> Result<Type, Error> {
        self.depth += 1;
        if self.depth > TYPE_DEPTH_MAX {
            return Err(self.unexpected("a type that nests less deep"));
        }
        let ty = self.ty_inner()?;
        self.depth -= 1;
        Ok(ty)
    }

    fn ty_inner(&mut self) -> Result<Type, Error> {
        match self.peek().clone() {
            TokenKind::Sign('#') => {
                self.bump();
                Ok(Type::Nat)
            }
            TokenKind::Sign('?') => {
                self.bump();
                Ok(Type::Builtin)
            }
            TokenKind::Sign('!') => {
                self.bump();
                self.word("the name of a type variable").map(Type::Query)
            }
            TokenKind::Sign('%') => {
                self.bump();
                match self.ty()? {
                    Type::Named { name, args, .. } => Ok(Type::Named { name, bare: true, args }),
                    _ => Err(self.unexpected("the name of a type behind `%`")),
                }
            }
            TokenKind::Sign('(') => {
                self.bump();
                let ty = self.applied_type()?;
                self.expect(')')?;
                Ok(ty)
            }
            TokenKind::Sign('[') => self.repeat(None),
            TokenKind::Word(word) => {
                let repeats =
                    self.tokens.get(self.at + 1).is_some_and(|t| t.kind == TokenKind::Sign('*'));
                if repeats {
                    self.at += 2;
                    return self.repeat(Some(word));
                }
                self.named_type()
            }
            _ => Err(self.unexpected("a type")),
        }
    }

    fn repeat(&mut self, count: Option<String>) -> Result<Type, Error> {
        self.expect('[')?;
        let fields = self.params(']')?;
        self.expect(']')?;
        Ok(Type::Repeat { count, fields })
    }

    fn named_type(&mut self) -> Result<Type, Error> {
        let name = self.name("a type")?;
        let mut args = Vec::new();
        if self.eat('<') {
            loop {
                args.push(self.ty()?);
                if !self.eat(',') {
                    break;
                }
            }
            self.expect('>')?;
        }
        let bare = name.is_lower_case();
        Ok(Type::Named { name, bare, args })
    }

    /// A type whose arguments may stand behind it: `Vector t`.
    fn applied_type(&mut self) -> Result<Type, Error> {
        let mut ty = self.ty()?;
        if let Type::Named { args, .. } = &mut ty {
            while !matches!(self.peek(), TokenKind::Sign(';' | ')') | TokenKind::End) {
                args.push(self.ty()?);
            }
        }
        Ok(ty)
    }

    fn name(&mut self, expected: &str) -> Result<Name, Error> {
        let first = self.word(expected)?;
        if !self.eat('.') {
            return Ok(Name { namespace: None, ident: first });
        }
        let ident = self.word("a name behind the dot")?;
        Ok(Name { namespace: Some(first), ident })
    }

    fn id(&mut self) -> Result<u32, Error> {
        let TokenKind::Word(digits) = self.peek() else {
            return Err(self.unexpected("1 to 8 hex digits"));
        };
        let id = Some(digits).filter(|digits| digits.len() <= 8);
        let Some(id) = id.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.unexpected("1 to 8 hex digits"));
        };
        self.bump();
        Ok(id)
    }

    fn word(&mut self, expected: &str) -> Result<String, Error> {
        let TokenKind::Word(word) = self.peek() else { return Err(self.unexpected(expected)) };
        let word = word.clone();
        self.bump();
        Ok(word)
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &TokenKind {
        &self.token().kind
    }

    fn position(&self) -> Position {
        self.token().position
    }

    fn bump(&mut self) {
        self.at += 1;
    }

    fn eat(&mut self, sign: char) -> bool {
        let found = *self.peek() == TokenKind::Sign(sign);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, sign: char) -> Result<(), Error> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, expected: &str) -> Error {
        self.error(self.position(), format!("found {}", self.peek().describe()), expected)
    }

    fn error(&self, position: Position, problem: String, expected: &str) -> Error {
        Error { file: self.file.into(), position, problem, expected: expected.into() }
    }
}

impl Name {
    /// Constructors, functions and bare types are written in lower case.
    pub fn is_lower_case(&self) -> bool {
        self.ident.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
    }
}

impl Type {
    /// Whether it is this type, without arguments.
    pub fn is_named(&self, wanted: &str) -> bool {
        matches!(self, Self::Named { name: Name { namespace: None, ident }, args, .. }
            if ident == wanted && args.is_empty())
    }

    /// The bare `true`: zero bytes.
    pub fn is_true(&self) -> bool {
        self.is_named("true")
    }
}

/// `133-135,142-`
pub(crate) fn layers(text: &str) -> Option<Layers> {
    let range = |part: &str| match part.trim().split_once('-') {
        None => part.trim().parse().ok().map(|layer| (layer, Some(layer))),
        Some((from, "")) => Some((from.parse().ok()?, None)),
        Some((from, to)) => Some((from.parse().ok()?, Some(to.parse().ok()?))),
    };
    text.split(',').map(range).collect::<Option<Vec<_>>>().map(Layers)
}

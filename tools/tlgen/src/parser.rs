//! Tokens to declarations: the grammar of A1–A12.

use crate::{
    ast::{
        Availability, Condition, Declaration, Implicit, Kind, Layers, Name, Param, Position,
        Schema, Type,
    },
    error::{Error, Errors},
    lexer::{Token, TokenKind, tokens},
};

/// Type expressions nest at most this deep; deeper ones are refused instead of overflowing.
const TYPE_DEPTH_MAX: usize = 32;
/// The largest layer number.
pub(crate) const LAYER_MAX: u16 = 9999;
/// After so many faults the rest is hardly worth reading.
const ERRORS_MAX: usize = 100;

/// Reads a schema; `file` is how errors call it.
///
/// # Errors
/// The places that are not TL, at most one in a declaration.
pub fn parse(file: &str, source: &str) -> Result<Schema, Errors> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let tokens = tokens(source).map_err(|unreadable| Error {
        file: file.into(),
        position: unreadable.position,
        problem: unreadable.problem,
        expected: unreadable.expected.into(),
    })?;
    let mut parser = Parser {
        file,
        source,
        tokens,
        at: 0,
        kind: Kind::Constructor,
        section: None,
        depth: 0,
    };
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
    fn schema(&mut self) -> Result<Schema, Errors> {
        let mut schema = Schema::default();
        let mut errors = Vec::new();
        while *self.peek() != TokenKind::End && errors.len() < ERRORS_MAX {
            if let Err(error) = self.item(&mut schema) {
                errors.push(error);
                self.recover();
            }
        }
        if errors.is_empty() {
            Ok(schema)
        } else {
            Err(Errors(errors))
        }
    }

    /// Goes on behind the declaration that is wrong.
    fn recover(&mut self) {
        self.depth = 0;
        while !matches!(
            self.peek(),
            TokenKind::Sign(';') | TokenKind::Section(_) | TokenKind::End
        ) {
            self.bump();
        }
        self.eat(';');
    }

    fn item(&mut self, schema: &mut Schema) -> Result<(), Error> {
        match self.peek().clone() {
            TokenKind::Layer(layer) => {
                if schema.layer.is_some_and(|before| before != layer) {
                    return Err(self.unexpected("one `// LAYER` line"));
                }
                schema.layer = Some(layer);
                self.bump();
            }
            TokenKind::Section(name) => {
                let kind = match name.as_str() {
                    "functions" => Kind::Function,
                    "types" => Kind::Constructor,
                    _ => {
                        let error = self.unexpected("`---functions---` or `---types---`");
                        self.bump();
                        return Err(error);
                    }
                };
                self.kind = kind;
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
            TokenKind::Word(_) => schema.declarations.push(self.declaration()?),
            TokenKind::Sign(_) | TokenKind::End => {
                return Err(self.unexpected("the name of a declaration"));
            }
        }
        Ok(())
    }

    fn declaration(&mut self) -> Result<Declaration, Error> {
        let position = self.position();
        let first = self.at;
        let name = self.name("the name of a declaration")?;
        if !name.is_lower_case() {
            return Err(self.error(position, format!("found `{name}`"), "a name in lower case"));
        }
        let explicit_id = if self.eat('#') {
            Some(self.id()?)
        } else {
            None
        };
        let mut implicit = Vec::new();
        while self.eat('{') {
            let name = self.letters("the name of an implicit argument")?;
            self.expect(':')?;
            let at = self.position();
            let ty = self.ty()?;
            if !ty.is_named("Type") && ty != Type::Nat {
                let problem = format!("found an implicit argument of type `{ty}`");
                return Err(self.error(at, problem, "`Type` or `#`"));
            }
            self.expect('}')?;
            implicit.push(Implicit { name, ty });
        }
        let params = self.params('=')?;
        self.expect('=')?;
        let result = self.applied_type()?;
        let text = self.text(first, self.at);
        let end_line = self.position().line;
        self.expect(';')?;
        let (availability, id_kept) = self.remark(end_line)?;
        Ok(Declaration {
            kind: self.kind,
            name,
            explicit_id,
            implicit,
            params,
            result,
            availability,
            id_kept,
            section: self.section.clone(),
            text,
            position,
        })
    }

    /// The source of some tokens, with one blank for whatever stands between two of them.
    fn text(&self, from: usize, to: usize) -> String {
        let mut text = String::new();
        let mut end = None;
        for token in &self.tokens[from..to] {
            if end.is_some_and(|end| end < token.start) {
                text.push(' ');
            }
            text.push_str(&self.source[token.start..token.end]);
            end = Some(token.end);
        }
        text
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

    /// A remark on the line of the declaration that was just read: its layers, and whether its id may
    /// be another than that of its text.
    fn remark(&mut self, line: usize) -> Result<(Availability, bool), Error> {
        let mut said = (Availability::Always, false);
        let TokenKind::Remark(remark) = self.peek().clone() else {
            return Ok(said);
        };
        if self.position().line != line {
            return Ok(said);
        }
        for part in remark.split(';').map(str::trim) {
            match part
                .split_once(' ')
                .map(|(word, rest)| (word, layers(rest)))
            {
                Some(("layers", Some(layers))) => said.0 = Availability::Layers(layers),
                Some(("accept", Some(layers))) => said.0 = Availability::Accepted(layers),
                _ if part == "id kept" => said.1 = true,
                _ => {
                    let expected = "`//@ layers 133-135,142-`, `//@ accept 143` or `//@ id kept`";
                    return Err(self.unexpected(expected));
                }
            }
        }
        self.bump();
        Ok(said)
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
            && self
                .tokens
                .get(self.at + 1)
                .is_some_and(|t| t.kind == TokenKind::Sign(':'));
        if !named {
            let ty = self.ty()?;
            return Ok(Param {
                name: None,
                condition: None,
                ty,
                position,
            });
        }
        let name = self.letters("the name of a field")?;
        self.expect(':')?;
        if before
            .iter()
            .any(|param| param.name.as_deref() == Some(&name))
        {
            return Err(self.error(
                position,
                format!("found a second field `{name}`"),
                "another name",
            ));
        }
        let condition = self.condition(before)?;
        let ty = self.ty()?;
        Ok(Param {
            name: Some(name),
            condition,
            ty,
            position,
        })
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
            let problem = format!("found bit {bit} of `{word}`");
            return Err(self.error(
                position,
                problem,
                "the name of a field of type `#` before this one",
            ));
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
                self.letters("the name of a type variable").map(Type::Query)
            }
            TokenKind::Sign('%') => {
                self.bump();
                let at = self.position();
                match self.ty()? {
                    Type::Named { name, args, .. } => Ok(Type::Named {
                        name,
                        bare: true,
                        args,
                    }),
                    Type::Nat | Type::Builtin | Type::Query(_) | Type::Repeat { .. } => {
                        Err(self.error(at, "found no name behind `%`".into(), "the name of a type"))
                    }
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
                let repeats = self
                    .tokens
                    .get(self.at + 1)
                    .is_some_and(|t| t.kind == TokenKind::Sign('*'));
                if repeats {
                    self.at += 2;
                    return self.repeat(Some(word));
                }
                self.named_type()
            }
            TokenKind::Sign(_)
            | TokenKind::Section(_)
            | TokenKind::Remark(_)
            | TokenKind::Layer(_)
            | TokenKind::End => Err(self.unexpected("a type")),
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
                if !matches!(
                    self.peek(),
                    TokenKind::Word(_) | TokenKind::Sign('#' | '?' | '!' | '%' | '(' | '[')
                ) {
                    return Err(self.unexpected("`;`, or a type as argument of the one before"));
                }
                args.push(self.ty()?);
            }
        }
        Ok(ty)
    }

    fn name(&mut self, expected: &str) -> Result<Name, Error> {
        let first = self.letters(expected)?;
        if !self.eat('.') {
            return Ok(Name {
                namespace: None,
                ident: first,
            });
        }
        let ident = self.letters("a name behind the dot")?;
        Ok(Name {
            namespace: Some(first),
            ident,
        })
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

    /// A word that begins with a letter.
    fn letters(&mut self, expected: &str) -> Result<String, Error> {
        match self.peek().clone() {
            TokenKind::Word(word) if word.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                self.bump();
                Ok(word)
            }
            TokenKind::Word(_) => {
                Err(self.unexpected(&format!("{expected}, which begins with a letter")))
            }
            TokenKind::Sign(_)
            | TokenKind::Section(_)
            | TokenKind::Remark(_)
            | TokenKind::Layer(_)
            | TokenKind::End => Err(self.unexpected(expected)),
        }
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
        if self.eat(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{sign}`")))
        }
    }

    fn unexpected(&self, expected: &str) -> Error {
        self.error(
            self.position(),
            format!("found {}", self.peek().describe()),
            expected,
        )
    }

    fn error(&self, position: Position, problem: String, expected: &str) -> Error {
        Error {
            file: self.file.into(),
            position,
            problem,
            expected: expected.into(),
        }
    }
}

impl Name {
    /// Constructors, functions and bare types are written in lower case.
    pub fn is_lower_case(&self) -> bool {
        self.ident.starts_with(|c: char| c.is_ascii_lowercase())
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

/// `133-135,142-`: ascending, apart from each other; nothing if it is not that.
pub(crate) fn layers(text: &str) -> Option<Layers> {
    let range = |part: &str| match part.trim().split_once('-') {
        None => layer(part).map(|layer| (layer, Some(layer))),
        Some((from, "")) => Some((layer(from)?, None)),
        Some((from, to)) => Some((layer(from)?, Some(layer(to)?))),
    };
    let ranges = text.split(',').map(range).collect::<Option<Vec<_>>>()?;
    let rising = ranges
        .iter()
        .all(|(from, to)| to.is_none_or(|to| *from <= to));
    let apart = ranges
        .windows(2)
        .all(|pair| pair[0].1.is_some_and(|to| to < pair[1].0));
    (rising && apart).then_some(Layers(ranges))
}

/// A layer number; the largest one stands for "the newest" in the runtime.
pub(crate) fn layer(text: &str) -> Option<u16> {
    text.trim()
        .parse()
        .ok()
        .filter(|layer| (1..=LAYER_MAX).contains(layer))
}

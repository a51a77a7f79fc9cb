//! The rules for what equal name and type cannot convert between layers.
//!
//! A rules file is a list of lines; `#` begins a comment. Expressions are Rust: the fields of the
//! newest value are references named as the fields, the fields of an old form are values.
//!
//! ```text
//! alias type emojiStatusUntil = emojiStatus when until.is_some()
//! substitute MessageMedia always: types::MessageMedia::Unsupported
//! accept InputUser from InputPeer: input_user(value)
//! type poll.question: down plain(question); up formatted(question)
//! function messages.sendMessage.reply_to 148-159: up reply_to(reply_to_msg_id, top_msg_id)
//! result messages.createChat: down &value.updates; up invited(value)
//! ```
//! `down?` and `up?` take an expression that gives an `Option`: without a value there is no form in
//! that layer, or the request means nothing. Behind `raw` stands a rule whose `down` gives the
//! encoded bytes, for what no newest value can hold.

use crate::{
    ast::{Kind, Layers, Name, Position},
    error::{Error, Errors},
    parser::layers,
};

/// Everything a rules file says.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Gone names that live on under another one.
    pub aliases: Vec<Alias>,
    /// What to write when a layer has no constructor for a value.
    pub substitutes: Vec<Substitute>,
    /// Values of another type that real clients send in place of the right one.
    pub accepts: Vec<Accept>,
    /// How single fields and results are converted.
    pub conversions: Vec<Conversion>,
}

/// `alias type OLD = NEW [when CONDITION]`
#[derive(Clone, Debug)]
pub struct Alias {
    /// Constructors or functions.
    pub kind: Kind,
    /// The gone name.
    pub old: Name,
    /// The name it is an old form of.
    pub new: Name,
    /// Written only if this holds.
    pub when: Option<String>,
    /// For errors.
    pub position: Position,
}

/// `substitute TYPE [always]: EXPRESSION`
#[derive(Clone, Debug)]
pub struct Substitute {
    /// The type whose values may lack a form.
    pub ty: Name,
    /// The expression is a value that every layer knows, not an `Option` of one.
    pub always: bool,
    /// Of `value` and `at_layer`.
    pub expression: String,
    /// For errors.
    pub position: Position,
}

/// `accept TYPE from OTHER: EXPRESSION`
#[derive(Clone, Debug)]
pub struct Accept {
    /// The type of the schema.
    pub ty: Name,
    /// What clients send.
    pub other: Name,
    /// Of `value`; gives an `Option` of the right type.
    pub expression: String,
    /// For errors.
    pub position: Position,
}

/// How a field, or the result, of some old forms is made from the newest and back.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Of a constructor or function.
    pub kind: Kind,
    /// Of the old form: the gone name if it is an alias.
    pub name: Name,
    /// The field, or `=` for the result.
    pub field: String,
    /// The forms it is for; all if absent.
    pub layers: Option<Layers>,
    /// Newest to old.
    pub down: Option<Expression>,
    /// Old to newest.
    pub up: Option<Expression>,
    /// For errors.
    pub position: Position,
}

/// A Rust expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Pasted into the generated code.
    pub text: String,
    /// It gives an `Option`.
    pub fallible: bool,
    /// It gives the encoded bytes, as `Rest`, and not a value of the old type.
    pub raw: bool,
}

impl Rules {
    /// Reads a rules file; `file` is how errors call it.
    ///
    /// # Errors
    /// Every line that is no rule.
    pub fn parse(file: &str, source: &str) -> Result<Self, Errors> {
        let mut rules = Self::default();
        let mut errors = Vec::new();
        for (index, line) in source.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let position = Position {
                line: index + 1,
                column: 1,
            };
            if rules.line(line, position).is_none() {
                errors.push(Error {
                    file: file.into(),
                    position,
                    problem: format!("`{line}` is no rule"),
                    expected: "alias, substitute, accept, type, function or result".into(),
                });
            }
        }
        if errors.is_empty() {
            Ok(rules)
        } else {
            Err(Errors(errors))
        }
    }

    fn line(&mut self, line: &str, position: Position) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "alias" => {
                let (kind, rest) = rest.split_once(' ')?;
                let (old, new) = rest.split_once(" = ")?;
                let (new, when) = match new.split_once(" when ") {
                    Some((new, when)) => (new, Some(when.trim().to_owned())),
                    None => (new, None),
                };
                let (old, new) = (Name::from(old.trim()), Name::from(new.trim()));
                self.aliases.push(Alias {
                    kind: kind_of(kind)?,
                    old,
                    new,
                    when,
                    position,
                });
            }
            "substitute" => {
                let (head, expression) = rest.split_once(": ")?;
                let (ty, always) = match head.split_once(' ') {
                    Some((ty, "always")) => (ty, true),
                    Some(_) => return None,
                    None => (head, false),
                };
                let expression = expression.trim().to_owned();
                self.substitutes.push(Substitute {
                    ty: ty.into(),
                    always,
                    expression,
                    position,
                });
            }
            "accept" => {
                let (head, expression) = rest.split_once(": ")?;
                let (ty, other) = head.split_once(" from ")?;
                let expression = expression.trim().to_owned();
                let (ty, other) = (ty.into(), other.into());
                self.accepts.push(Accept {
                    ty,
                    other,
                    expression,
                    position,
                });
            }
            "type" | "function" | "result" => self.conversions(word, rest, false, position)?,
            "raw" => {
                let (word, rest) = rest.split_once(' ')?;
                self.conversions(word, rest, true, position)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn conversions(&mut self, word: &str, rest: &str, raw: bool, position: Position) -> Option<()> {
        let (head, body) = rest.split_once(": ")?;
        let (names, ranges) = match head.split_once(' ') {
            Some((names, ranges)) => (names, Some(layers(ranges)?)),
            None => (head, None),
        };
        let (mut down, mut up) = (None, None);
        for part in body.split("; ") {
            let (direction, text) = part.trim().split_once(' ')?;
            let fallible = direction.ends_with('?');
            let expression = Some(Expression {
                text: text.trim().to_owned(),
                fallible,
                raw,
            });
            match direction.trim_end_matches('?') {
                "down" => down = expression,
                "up" => up = expression,
                _ => return None,
            }
        }
        let kind = if word == "type" {
            Kind::Constructor
        } else {
            Kind::Function
        };
        for name in alternatives(names) {
            let (name, field) = match word {
                "result" => (name.as_str(), "="),
                _ => name.rsplit_once('.')?,
            };
            self.conversions.push(Conversion {
                kind,
                name: name.into(),
                field: field.into(),
                layers: ranges.clone(),
                down: down.clone(),
                up: up.clone(),
                position,
            });
        }
        Some(())
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "type" => Some(Kind::Constructor),
        "function" => Some(Kind::Function),
        _ => None,
    }
}

/// `stories.{editStory,sendStory}.peer` is two names.
fn alternatives(names: &str) -> Vec<String> {
    let Some((before, rest)) = names.split_once('{') else {
        return vec![names.to_owned()];
    };
    let Some((inner, after)) = rest.split_once('}') else {
        return vec![names.to_owned()];
    };
    let after = alternatives(after);
    inner
        .split(',')
        .flat_map(|word| {
            after
                .iter()
                .map(move |after| format!("{before}{word}{after}"))
        })
        .collect()
}

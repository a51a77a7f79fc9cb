//! Reads TL schemas and writes Rust: typed structs and enums, RPC functions with their results,
//! a decoder by id, a server dispatch trait and a client call shape.
//!
//! ```
//! let model = tlgen::Input::new("chat.tl", "user#c2d8c818 id:int name:string = User;").model()?;
//! assert_eq!(model.types[0].name.to_string(), "User");
//! # Ok::<(), tlgen::Errors>(())
//! ```
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a question about a type concerns one or two of its many kinds"
)]

pub mod ast;
mod check;
pub mod crc;
pub mod dynamic;
pub mod emit;
mod error;
mod expressible;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod layout;
mod lexer;
pub mod model;
pub mod output;
pub mod package;
mod parser;
mod presence;
mod repeat;
pub mod rules;

pub use error::{Error, Errors};
pub use format::{FormatError, format};
pub use parser::parse;

use model::{Model, Source};
use rules::Rules;

/// The files of a schema.
#[derive(Clone, Debug)]
pub struct Input {
    /// The newest schema: its name and text.
    pub schema: (String, String),
    /// Retired forms.
    pub history: Option<(String, String)>,
    /// How values are converted between layers.
    pub rules: Option<(String, String)>,
    /// The sections to read; all if empty.
    pub sections: Vec<String>,
}

impl Input {
    /// A schema without history.
    pub fn new(file: &str, text: &str) -> Self {
        let schema = (file.into(), text.into());
        Self {
            schema,
            history: None,
            rules: None,
            sections: Vec::new(),
        }
    }

    /// Parses and resolves all of it.
    ///
    /// # Errors
    /// What is wrong in the files, with its place.
    pub fn model(&self) -> Result<Model, Errors> {
        let mut errors = Vec::new();
        let mut keep =
            |result: Result<Source, Errors>| result.map_err(|new| errors.extend(new.0)).ok();
        let newest = keep(source(&self.schema));
        let history = self
            .history
            .as_ref()
            .and_then(|history| keep(source(history)));
        let rules = match &self.rules {
            Some((file, text)) => Rules::parse(file, text).unwrap_or_else(|new| {
                errors.extend(new.0);
                Rules::default()
            }),
            None => Rules::default(),
        };
        let Some(newest) = newest.filter(|_| errors.is_empty()) else {
            return Err(Errors(errors));
        };
        let known = |section: &&String| {
            newest
                .schema
                .declarations
                .iter()
                .any(|d| d.section.as_ref() == Some(section))
        };
        if let Some(unknown) = self.sections.iter().find(|section| !known(section)) {
            let problem = format!("no declaration is in the section `{unknown}`");
            let expected = format!("a line `//@ section {unknown}`");
            let position = ast::Position { line: 1, column: 1 };
            return Err(Error {
                file: newest.file.clone(),
                position,
                problem,
                expected,
            }
            .into());
        }
        let model = Model::new(&newest, history.as_ref(), rules, &self.sections)?;
        errors.extend(expressible::faults(&model));
        let rules_file = self
            .rules
            .as_ref()
            .or(self.history.as_ref())
            .unwrap_or(&self.schema);
        // Whether the rules are complete is a question about a schema that is right.
        if errors.is_empty() {
            errors.extend(check::faults(&model, &rules_file.0));
        }
        if errors.is_empty() {
            Ok(model)
        } else {
            Err(Errors(errors))
        }
    }
}

fn source((file, text): &(String, String)) -> Result<Source, Errors> {
    let mut schema = parse(file, text)?;
    repeat::add_constructors(file, &mut schema)?;
    Ok(Source {
        file: file.clone(),
        schema,
    })
}

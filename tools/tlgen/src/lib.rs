//! Reads TL schemas and writes Rust: typed structs and enums, RPC functions with their results,
//! a decoder by id, a server dispatch trait and a client call shape.
//!
//! ```
//! let model = tlgen::Input::new("chat.tl", "user#d23c81a3 id:int name:string = User;").model()?;
//! assert_eq!(model.types[0].name.to_string(), "User");
//! # Ok::<(), tlgen::Errors>(())
//! ```

pub mod ast;
mod check;
pub mod dynamic;
pub mod crc;
pub mod emit;
mod error;
mod format;
mod layout;
mod lexer;
pub mod model;
pub mod output;
pub mod package;
mod parser;
mod presence;
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
        Self { schema, history: None, rules: None, sections: Vec::new() }
    }

    /// Parses and resolves all of it.
    ///
    /// # Errors
    /// What is wrong in the files, with its place.
    pub fn model(&self) -> Result<Model, Errors> {
        let source = |(file, text): &(String, String)| -> Result<Source, Error> {
            Ok(Source { file: file.clone(), schema: parse(file, text)? })
        };
        let newest = source(&self.schema)?;
        let history = self.history.as_ref().map(source).transpose()?;
        let rules = match &self.rules {
            Some((file, text)) => Rules::parse(file, text)?,
            None => Rules::default(),
        };
        let model = Model::new(&newest, history.as_ref(), rules, &self.sections)?;
        let rules_file = self.rules.as_ref().or(self.history.as_ref()).unwrap_or(&self.schema);
        let faults = check::faults(&model, &rules_file.0);
        if faults.is_empty() { Ok(model) } else { Err(Errors(faults)) }
    }
}

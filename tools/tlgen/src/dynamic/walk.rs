//! A strict reader: every id must be one that the layer has, every flag bit one that the form has,
//! and nothing may be left over.

use std::fmt;

use super::LayerView;
use crate::{
    ast::Kind,
    model::{Form, FormRef, Ty},
};

const VECTOR: u32 = 0x1cb5c415;
const BOOL_TRUE: u32 = 0x997275b5;
const BOOL_FALSE: u32 = 0xbc799737;
const TRUE: u32 = 0x3fedd339;
/// Values nest less deep than the stack allows.
const DEPTH_MAX: usize = 128;

/// Why bytes are not what a client of the layer can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes before it.
    pub at: usize,
    /// What is wrong.
    pub problem: String,
    /// The constructors around it, outermost first.
    pub within: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {} in {}: {}",
            self.at,
            self.within.join(" > "),
            self.problem
        )
    }
}

impl std::error::Error for Fault {}

/// Reads bytes as a client of one layer would.
#[derive(Debug)]
pub struct Walker<'a> {
    view: &'a LayerView<'a>,
}

impl<'a> Walker<'a> {
    /// For the layer of `view`.
    pub fn new(view: &'a LayerView<'a>) -> Self {
        Self { view }
    }

    /// Reads exactly one value of `ty`.
    ///
    /// # Errors
    /// The first place that the layer does not know, or bytes that are left over.
    pub fn walk(&self, ty: &Ty, bytes: &[u8]) -> Result<(), Fault> {
        self.run(bytes, |walk| walk.ty(ty))
    }

    /// Reads exactly one request.
    ///
    /// # Errors
    /// As [`Walker::walk`].
    pub fn walk_function(&self, bytes: &[u8]) -> Result<(), Fault> {
        self.run(bytes, |walk| walk.function())
    }

    fn run(
        &self,
        bytes: &[u8],
        read: impl FnOnce(&mut Walk<'_>) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let mut walk = Walk {
            view: self.view,
            bytes,
            at: 0,
            within: Vec::new(),
        };
        let result = read(&mut walk).and_then(|()| match bytes.len() - walk.at {
            0 => Ok(()),
            left => Err(format!("{left} bytes are left over")),
        });
        result.map_err(|problem| Fault {
            at: walk.at,
            problem,
            within: walk.within,
        })
    }
}

struct Walk<'a> {
    view: &'a LayerView<'a>,
    bytes: &'a [u8],
    at: usize,
    within: Vec<String>,
}

impl Walk<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], String> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..len));
        let taken = taken.ok_or_else(|| "the bytes end too early".to_owned())?;
        self.at += len;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte)))
    }

    fn ty(&mut self, ty: &Ty) -> Result<(), String> {
        match ty {
            Ty::Int | Ty::Nat | Ty::Flags => self.take(4).map(drop),
            Ty::Long | Ty::Double => self.take(8).map(drop),
            Ty::Int128 => self.take(16).map(drop),
            Ty::Int256 => self.take(32).map(drop),
            Ty::Str | Ty::Bytes => self.string(),
            Ty::Bool => self.one_of(&[BOOL_TRUE, BOOL_FALSE], "Bool"),
            Ty::True => self.one_of(&[TRUE], "True"),
            Ty::Flag => Ok(()),
            Ty::Vector(item) => {
                self.one_of(&[VECTOR], "Vector")?;
                self.items(item)
            }
            Ty::BareVector(item) => self.items(item),
            Ty::Boxed(index) => {
                let id = self.u32()?;
                let model = self.view.model;
                let forms = self.view.constructors(*index).iter();
                let Some(form) = forms
                    .map(|form| model.form(*form))
                    .find(|form| form.id == id)
                else {
                    return Err(self.unknown(id, &model.types[*index].name.to_string()));
                };
                self.form(form)
            }
            Ty::Bare(index) => self.form(self.view.model.combinators[*index].newest()),
            Ty::Object => {
                self.at = self.bytes.len();
                Ok(())
            }
            Ty::Query(_) => self.function(),
        }
    }

    fn function(&mut self) -> Result<(), String> {
        let id = self.u32()?;
        let model = self.view.model;
        let known = |at: &FormRef| model.form(*at).id == id;
        let Some(at) = self.view.functions().iter().find(|at| known(at)) else {
            return Err(self.unknown(id, "function"));
        };
        self.form(model.form(*at))
    }

    fn form(&mut self, form: &Form) -> Result<(), String> {
        self.within.push(form.name.to_string());
        if self.within.len() > DEPTH_MAX {
            return Err("the value nests too deep".into());
        }
        let mut words: Vec<(&str, u32)> = Vec::new();
        for field in &form.fields {
            if let Some(condition) = &field.condition {
                let word = words.iter().find(|(name, _)| *name == condition.word);
                if word.is_none_or(|(_, word)| word >> condition.bit & 1 == 0) {
                    continue;
                }
            }
            if field.ty == Ty::Flags {
                let word = self.u32()?;
                let users = form
                    .fields
                    .iter()
                    .filter_map(|user| user.condition.as_ref());
                let known = users
                    .filter(|condition| condition.word == field.name)
                    .fold(0u32, |known, condition| known | 1 << condition.bit);
                if word & !known != 0 {
                    return Err(format!(
                        "unknown bits {:#x} in {}",
                        word & !known,
                        field.name
                    ));
                }
                words.push((&field.name, word));
                continue;
            }
            self.ty(&field.ty)?;
        }
        self.within.pop();
        Ok(())
    }

    fn items(&mut self, item: &Ty) -> Result<(), String> {
        for _ in 0..self.u32()? {
            self.ty(item)?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        let start = self.at;
        let len = match self.take(1)?[0] {
            255 => return Err("a string with the length 255".into()),
            254 => {
                let bytes = self.take(3)?;
                usize::from(bytes[0]) | usize::from(bytes[1]) << 8 | usize::from(bytes[2]) << 16
            }
            len => len.into(),
        };
        self.take(len)?;
        let padding = (self.at - start).wrapping_neg() & 3;
        if self.take(padding)?.iter().any(|byte| *byte != 0) {
            return Err("padding that is not zero".into());
        }
        Ok(())
    }

    fn one_of(&mut self, ids: &[u32], type_name: &str) -> Result<(), String> {
        let id = self.u32()?;
        if ids.contains(&id) {
            Ok(())
        } else {
            Err(self.unknown(id, type_name))
        }
    }

    fn unknown(&self, id: u32, type_name: &str) -> String {
        let model = self.view.model;
        let known = model.by_id.get(&id).map(|at| {
            let kind = match model.combinators[at.combinator].kind {
                Kind::Constructor => "constructor",
                Kind::Function => "function",
            };
            format!(
                " (the {kind} {} of other layers or types)",
                model.form(*at).name
            )
        });
        let known = known.unwrap_or_default();
        format!(
            "{id:08x}{known} is no {type_name} of layer {}",
            self.view.layer
        )
    }
}

//! How a schema looks in Rust: names, which fields are boxed, which variants carry a struct.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ast::{Kind, Name},
    model::{CombinatorIndex, Field, Model, Ty, TypeIndex},
};

/// A variant whose fields take at most this many bytes has them inline; others carry a box.
const INLINE_SIZE_MAX: usize = 40;
/// A struct larger than this is boxed where it is a field.
const FIELD_SIZE_MAX: usize = 64;

/// Rust shapes of everything in a model.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    /// What is laid out.
    pub(crate) model: &'a Model,
    shapes: Vec<Shape>,
    bare: BTreeSet<CombinatorIndex>,
    sizes: Vec<usize>,
}

/// How a constructor or function looks in Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A struct of its own: functions, and the only constructor of a type.
    Struct {
        /// `types::messages::Chats`
        path: String,
    },
    /// A variant that carries a boxed struct.
    Payload {
        /// `constructors::Message`
        path: String,
        /// `types::Message`
        enum_path: String,
        /// `Message`
        variant: String,
    },
    /// A variant with its fields inline.
    Inline {
        /// `types::Peer`
        enum_path: String,
        /// `User`
        variant: String,
    },
}

impl<'a> Layout<'a> {
    /// Lays a model out.
    pub(crate) fn new(model: &'a Model) -> Self {
        let mut layout = Self {
            model,
            shapes: vec![
                Shape::Struct {
                    path: String::new()
                };
                model.combinators.len()
            ],
            bare: bare_combinators(model),
            sizes: vec![0; model.types.len()],
        };
        let mut done = BTreeSet::new();
        for at in 0..model.types.len() {
            layout.lay_type(at, &mut done);
        }
        for (index, combinator) in model.combinators.iter().enumerate() {
            if combinator.kind == Kind::Function {
                let path = path("functions", &combinator.name);
                layout.shapes[index] = Shape::Struct { path };
            }
        }
        layout
    }

    /// The shape of a constructor or function.
    pub(crate) fn shape(&self, index: CombinatorIndex) -> &Shape {
        &self.shapes[index]
    }

    /// The Rust type of a field, optional or not, in a value of type `owner`.
    pub(crate) fn field_type(&self, field: &Field, owner: Option<TypeIndex>) -> String {
        let ty = self.rust_type(&field.ty);
        let ty = if self.is_boxed(&field.ty, owner) {
            format!("Box<{ty}>")
        } else {
            ty
        };
        let optional = field.condition.is_some() && field.ty != Ty::Flag;
        if optional {
            format!("Option<{ty}>")
        } else {
            ty
        }
    }

    /// The Rust type of a value on its own.
    pub(crate) fn rust_type(&self, ty: &Ty) -> String {
        match ty {
            Ty::Int => "i32".into(),
            Ty::Long => "i64".into(),
            Ty::Double => "f64".into(),
            Ty::Int128 => "[u8; 16]".into(),
            Ty::Int256 => "[u8; 32]".into(),
            Ty::Str => "Str".into(),
            Ty::Bytes => "Bytes".into(),
            Ty::Bool | Ty::Flag => "bool".into(),
            Ty::True => "()".into(),
            Ty::Nat | Ty::Flags => "u32".into(),
            Ty::Vector(item) | Ty::BareVector(item) => format!("Vec<{}>", self.rust_type(item)),
            Ty::Boxed(index) => path("types", &self.model.types[*index].name),
            Ty::Bare(index) => match self.shape(*index) {
                Shape::Struct { path } | Shape::Payload { path, .. } => path.clone(),
                Shape::Inline { enum_path, .. } => enum_path.clone(),
            },
            Ty::Object => "Rest".into(),
            Ty::Query(name) => name.clone(),
        }
    }

    /// Whether a field of this type is behind a pointer: large structs are, and whatever could
    /// contain its owner.
    pub(crate) fn is_boxed(&self, ty: &Ty, owner: Option<TypeIndex>) -> bool {
        let Ty::Boxed(index) = ty else { return false };
        let def = &self.model.types[*index];
        let cycle = |owner: TypeIndex| self.model.types[owner].cycle == def.cycle;
        (def.recursive && owner.is_some_and(cycle))
            || (def.constructors.len() == 1 && self.sizes[*index] > FIELD_SIZE_MAX)
    }

    /// The name of a constructor as a variant of its type.
    pub(crate) fn variant(&self, index: CombinatorIndex) -> Option<&str> {
        match self.shape(index) {
            Shape::Struct { .. } => None,
            Shape::Payload { variant, .. } | Shape::Inline { variant, .. } => Some(variant),
        }
    }

    /// Whether the fields of a constructor also stand somewhere without its id.
    pub(crate) fn is_bare(&self, index: CombinatorIndex) -> bool {
        self.bare.contains(&index)
    }

    fn lay_type(&mut self, at: TypeIndex, done: &mut BTreeSet<TypeIndex>) {
        if !done.insert(at) {
            return;
        }
        let model = self.model;
        let constructors = &model.types[at].constructors;
        for index in constructors {
            for field in model.combinators[*index].newest().kept_fields() {
                let same_cycle =
                    |index: TypeIndex| model.types[index].cycle == model.types[at].cycle;
                match &field.ty {
                    Ty::Boxed(index) if !same_cycle(*index) => self.lay_type(*index, done),
                    _ => {}
                }
            }
        }
        let sizes: Vec<usize> = constructors
            .iter()
            .map(|c| self.fields_size(*c, at))
            .collect();
        if let [only] = constructors[..] {
            self.sizes[at] = sizes[0];
            self.shapes[only] = Shape::Struct {
                path: path("types", &model.types[at].name),
            };
            return;
        }
        let variants = variants(model, at);
        let mut largest = 0;
        for (position, index) in constructors.iter().enumerate() {
            let enum_path = path("types", &model.types[at].name);
            let variant = variants[position].clone();
            let inline = sizes[position] <= INLINE_SIZE_MAX && !self.is_bare(*index);
            largest = largest.max(if inline { sizes[position] } else { 8 });
            self.shapes[*index] = if inline {
                Shape::Inline { enum_path, variant }
            } else {
                let path = path("constructors", &model.combinators[*index].name);
                Shape::Payload {
                    path,
                    enum_path,
                    variant,
                }
            };
        }
        self.sizes[at] = largest + 8;
    }

    fn fields_size(&self, index: CombinatorIndex, owner: TypeIndex) -> usize {
        let fields = self.model.combinators[index].newest().kept_fields();
        fields
            .map(|field| self.field_size(field, owner))
            .sum::<usize>()
            .next_multiple_of(8)
    }

    fn field_size(&self, field: &Field, owner: TypeIndex) -> usize {
        let (size, niche) = match &field.ty {
            Ty::Int | Ty::Nat | Ty::Flags => (4, false),
            Ty::Long | Ty::Double => (8, false),
            Ty::Int128 => (16, false),
            Ty::Int256 => (32, false),
            Ty::Str | Ty::Bytes | Ty::Object => (32, true),
            Ty::Bool | Ty::Flag => (1, true),
            Ty::True => (0, false),
            Ty::Vector(_) | Ty::BareVector(_) => (24, true),
            Ty::Boxed(_) if self.is_boxed(&field.ty, Some(owner)) => (8, true),
            Ty::Boxed(index) => (self.sizes[*index], true),
            Ty::Bare(_) | Ty::Query(_) => (64, false),
        };
        let optional = field.condition.is_some() && field.ty != Ty::Flag;
        if optional && !niche {
            (size * 2).min(size + 8)
        } else {
            size
        }
    }
}

fn bare_combinators(model: &Model) -> BTreeSet<CombinatorIndex> {
    fn collect(ty: &Ty, into: &mut BTreeSet<CombinatorIndex>) {
        match ty {
            Ty::Bare(index) => {
                into.insert(*index);
            }
            Ty::Vector(item) | Ty::BareVector(item) => collect(item, into),
            _ => {}
        }
    }
    let mut bare = BTreeSet::new();
    for field in model
        .combinators
        .iter()
        .flat_map(|c| &c.forms)
        .flat_map(|form| &form.fields)
    {
        collect(&field.ty, &mut bare);
    }
    bare
}

/// Variant names: what the constructor's name adds to the type's, if that tells them apart.
fn variants(model: &Model, at: TypeIndex) -> Vec<String> {
    let ty = &model.types[at];
    let prefix = pascal(&ty.name.ident);
    let full = |index: &CombinatorIndex| pascal(&model.combinators[*index].name.ident);
    let short = |index: &CombinatorIndex| {
        let full = full(index);
        let tail = full.strip_prefix(&prefix).unwrap_or_default();
        if tail.starts_with(|c: char| c.is_ascii_uppercase()) {
            tail.to_owned()
        } else {
            full
        }
    };
    let names: Vec<String> = ty.constructors.iter().map(short).collect();
    let mut count: BTreeMap<&String, usize> = BTreeMap::new();
    for name in &names {
        *count.entry(name).or_default() += 1;
    }
    let unique = |(index, name): (&CombinatorIndex, &String)| {
        let name = if count[name] > 1 {
            full(index)
        } else {
            name.clone()
        };
        if name == "Self" { "Self_".into() } else { name }
    };
    ty.constructors.iter().zip(&names).map(unique).collect()
}

/// Names that generated code uses for types of its own or of Rust; a type of the schema with one of
/// them gets an underscore.
pub(crate) const RESERVED_TYPES: &[&str] = &[
    "Bare",
    "Box",
    "Bytes",
    "Decode",
    "DecodeError",
    "Encode",
    "Function",
    "Layer",
    "Option",
    "Reader",
    "Rest",
    "Result",
    "Self",
    "Str",
    "Vec",
    "Writer",
];

/// `types::messages::Chats`
pub(crate) fn path(top: &str, name: &Name) -> String {
    let mut ident = pascal(&name.ident);
    if RESERVED_TYPES.contains(&ident.as_str()) {
        ident.push('_');
    }
    match &name.namespace {
        Some(namespace) => format!("{top}::{}::{ident}", module(namespace)),
        None => format!("{top}::{ident}"),
    }
}

/// The module of a namespace, beside the modules that every namespace uses.
pub(crate) fn module(namespace: &str) -> String {
    match snake(namespace).as_str() {
        name @ ("constructors" | "forms" | "functions" | "types") => format!("{name}_"),
        name => name.to_owned(),
    }
}

/// `server_DH_inner_data` → `ServerDHInnerData`
pub(crate) fn pascal(ident: &str) -> String {
    ident
        .split('_')
        .map(|part| {
            let mut chars = part.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(chars).collect::<String>()
        })
        .collect()
}

/// `srp_B` → `srp_b`, `getUser` → `get_user`; a keyword, or a variable of the generated code, gets an
/// underscore.
pub(crate) fn snake(ident: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for c in ident.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        before = c;
    }
    if is_keyword(&out) {
        out.push('_');
    }
    out
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "abstract"
            | "as"
            | "async"
            | "await"
            | "become"
            | "box"
            | "break"
            | "const"
            | "continue"
            | "crate"
            | "do"
            | "dyn"
            | "else"
            | "enum"
            | "extern"
            | "false"
            | "final"
            | "fn"
            | "for"
            | "gen"
            | "if"
            | "impl"
            | "in"
            | "let"
            | "loop"
            | "macro"
            | "match"
            | "mod"
            | "move"
            | "mut"
            | "override"
            | "priv"
            | "pub"
            | "ref"
            | "return"
            | "self"
            | "static"
            | "struct"
            | "super"
            | "trait"
            | "true"
            | "try"
            | "type"
            | "typeof"
            | "unsafe"
            | "unsized"
            | "use"
            | "virtual"
            | "where"
            | "while"
            | "yield"
    ) || matches!(word, "at_layer" | "rd" | "v" | "wr")
}

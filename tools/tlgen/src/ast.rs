//! A schema as it was written: declarations in their order, nothing resolved yet.

use std::fmt;

/// A parsed schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// From a `// LAYER n` line.
    pub layer: Option<u16>,
    /// Constructors and functions in the order of the file.
    pub declarations: Vec<Declaration>,
}

/// `name#id {implicit} params = result;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Below `---functions---`, or not.
    pub kind: Kind,
    /// With its namespace.
    pub name: Name,
    /// As written behind `#`; 1 to 8 hex digits (A3).
    pub explicit_id: Option<u32>,
    /// `{X:Type}`, `{n:#}`: names that the parameters may use.
    pub implicit: Vec<Implicit>,
    /// In wire order; unnamed ones included.
    pub params: Vec<Param>,
    /// Right of `=`.
    pub result: Type,
    /// From a `//@ layers …` or `//@ accept …` remark on the same line.
    pub availability: Availability,
    /// `//@ id kept`: the id is that of an earlier name or spelling, and meant.
    pub id_kept: bool,
    /// Set by a `//@ section name` line.
    pub section: Option<String>,
    /// Without comment and semicolon, blanks squeezed: what the id is computed from.
    pub text: String,
    /// Where the name stands.
    pub position: Position,
}

/// `{X:Type}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Implicit {
    /// How the parameters call it.
    pub name: String,
    /// `Type` for a type variable, `#` for a number.
    pub ty: Type,
}

impl Declaration {
    /// The implicit arguments that stand for types.
    pub fn type_variables(&self) -> impl Iterator<Item = &str> {
        let variables = self
            .implicit
            .iter()
            .filter(|implicit| implicit.ty.is_named("Type"));
        variables.map(|implicit| implicit.name.as_str())
    }
}

/// What a declaration makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A value of its result type.
    Constructor,
    /// A request that is answered by its result type.
    Function,
}

/// The layers in which an id is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Availability {
    /// No remark: in each layer of the schema.
    #[default]
    Always,
    /// `//@ layers 133-135,142-`
    Layers(Layers),
    /// `//@ accept 143`: read, but never written.
    Accepted(Layers),
}

/// Ranges of layers, ascending, both ends included; the last may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers(pub Vec<(u16, Option<u16>)>);

impl Layers {
    /// Whether `layer` is in one of the ranges.
    pub fn contains(&self, layer: u16) -> bool {
        self.0
            .iter()
            .any(|&(from, to)| from <= layer && to.is_none_or(|to| layer <= to))
    }
}

/// `messages.sendMessage`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Before the dot.
    pub namespace: Option<String>,
    /// After it.
    pub ident: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}.")?;
        }
        f.write_str(&self.ident)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        match text.split_once('.') {
            Some((namespace, ident)) => Self {
                namespace: Some(namespace.into()),
                ident: ident.into(),
            },
            None => Self {
                namespace: None,
                ident: text.into(),
            },
        }
    }
}

/// `name:flags.3?Type`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Absent for an unnamed one (`# [ t ]`).
    pub name: Option<String>,
    /// `flags.3?`
    pub condition: Option<Condition>,
    /// Behind the colon.
    pub ty: Type,
    /// Where it stands.
    pub position: Position,
}

/// The bit that says whether a parameter is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    /// The parameter of type `#` that holds the bit.
    pub word: String,
    /// 0 is the lowest.
    pub bit: u32,
}

/// A type expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `#`
    Nat,
    /// `?`: no wire form is given (`int ? = Int`).
    Builtin,
    /// `Message`, `int`, `%Message`, `Vector<long>`, `X`
    Named {
        /// As written, without `%`.
        name: Name,
        /// Lower-case name or `%`.
        bare: bool,
        /// In angle brackets, or behind the name.
        args: Vec<Self>,
    },
    /// `!X`: a function whose result is `X`.
    Query(String),
    /// `n*[ fields ]` or `[ fields ]`
    Repeat {
        /// A number or the name of a parameter; absent for "as many as the parameter before says".
        count: Option<String>,
        /// What is repeated.
        fields: Vec<Param>,
    },
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}:")?;
        }
        if let Some(Condition { word, bit }) = &self.condition {
            write!(f, "{word}.{bit}?")?;
        }
        self.ty.fmt(f)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nat => f.write_str("#"),
            Self::Builtin => f.write_str("?"),
            Self::Query(name) => write!(f, "!{name}"),
            Self::Named { name, bare, args } => {
                let percent = if *bare && !name.is_lower_case() {
                    "%"
                } else {
                    ""
                };
                write!(f, "{percent}{name}")?;
                for (index, arg) in args.iter().enumerate() {
                    write!(f, "{}{arg}", if index == 0 { "<" } else { "," })?;
                }
                f.write_str(if args.is_empty() { "" } else { ">" })
            }
            Self::Repeat { count, fields } => {
                if let Some(count) = count {
                    write!(f, "{count}*")?;
                }
                f.write_str("[ ")?;
                fields.iter().try_for_each(|field| write!(f, "{field} "))?;
                f.write_str("]")
            }
        }
    }
}

/// Counted from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

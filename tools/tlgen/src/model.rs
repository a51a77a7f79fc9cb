//! A schema with all names resolved: types, their constructors, and for each constructor and
//! function the one shape it has in memory and all the forms it has on the wire.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    ast::{
        Availability, Condition, Declaration, Kind, Layers, Name, Param, Position, Schema, Type,
    },
    crc::{KNOWN_EXCEPTIONS, computed_id},
    error::{Error, Errors},
    repeat,
    rules::Rules,
};

/// Declarations that the codec itself knows; they are checked, but nothing is generated for them.
const CORE: &[&str] = &["boolFalse", "boolTrue", "true", "null", "vector"];

/// A source file that was parsed.
#[derive(Clone, Debug)]
pub struct Source {
    /// How errors call it.
    pub file: String,
    /// Its content.
    pub schema: Schema,
}

/// A resolved schema.
#[derive(Debug)]
pub struct Model {
    /// The newest layer; `None` for a schema without layers.
    pub newest: Option<u16>,
    /// The oldest layer that is served.
    pub oldest: u16,
    /// By name.
    pub types: Vec<TypeDef>,
    /// Constructors and functions.
    pub combinators: Vec<Combinator>,
    /// Every id that was ever in force, with what it means.
    pub by_id: BTreeMap<u32, FormRef>,
    /// As given.
    pub rules: Rules,
}

/// Index into [`Model::types`].
pub type TypeIndex = usize;
/// Index into [`Model::combinators`].
pub type CombinatorIndex = usize;

/// A form of a combinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormRef {
    /// Whose.
    pub combinator: CombinatorIndex,
    /// Index into [`Combinator::forms`].
    pub form: usize,
}

/// A boxed type.
#[derive(Clone, Debug)]
pub struct TypeDef {
    /// As the schema spells it.
    pub name: Name,
    /// Its constructors, the newest schema's first.
    pub constructors: Vec<CombinatorIndex>,
    /// Types that contain each other, directly or not, have the same number.
    pub cycle: usize,
    /// It can contain itself.
    pub recursive: bool,
}

/// A constructor or function.
#[derive(Clone, Debug)]
pub struct Combinator {
    /// Which of both.
    pub kind: Kind,
    /// As the newest schema that has it spells it.
    pub name: Name,
    /// Of what it makes or answers.
    pub result: Ty,
    /// Type variables of a function that wraps another one.
    pub generics: Vec<String>,
    /// The newest form first; older ones and aliases behind it.
    pub forms: Vec<Form>,
    /// Gone from the newest layer.
    pub gone: bool,
}

/// One wire form.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its name; differs from the combinator's for an alias.
    pub name: Name,
    /// Constructor id.
    pub id: u32,
    /// Where it is written; empty if it is only read.
    pub layers: Layers,
    /// The first layer with this id, be it only read.
    pub from: u16,
    /// Fields in wire order.
    pub fields: Vec<Field>,
    /// What it makes or answers.
    pub result: Ty,
    /// An alias is written only if this Rust expression holds.
    pub when: Option<String>,
    /// An alias, or a form of the name itself.
    pub alias: bool,
    /// The declaration.
    pub text: String,
    /// The file of the declaration.
    pub file: String,
    /// Where in it.
    pub position: Position,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As the schema spells it.
    pub name: String,
    /// The bit that says whether it is there.
    pub condition: Option<Condition>,
    /// Its type; [`Ty::Flags`] for a word that holds such bits.
    pub ty: Ty,
}

/// A resolved type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ty {
    /// `int`
    Int,
    /// `long`
    Long,
    /// `double`
    Double,
    /// `int128`
    Int128,
    /// `int256`
    Int256,
    /// `string`
    Str,
    /// `bytes`
    Bytes,
    /// `Bool`
    Bool,
    /// `flags.N?true`
    Flag,
    /// `True`
    True,
    /// `#` that is a number
    Nat,
    /// `#` that holds the bits of others
    Flags,
    /// `Vector<T>`
    Vector(Box<Self>),
    /// `vector<T>`
    BareVector(Box<Self>),
    /// `Message`
    Boxed(TypeIndex),
    /// `%Message`, `message`
    Bare(CombinatorIndex),
    /// `Object`: any boxed value
    Object,
    /// `!X`, or `X` as a result
    Query(String),
}

impl Model {
    /// Resolves the newest schema and, if there is one, its history.
    ///
    /// # Errors
    /// All names that are not declared, ids that are used twice or do not fit their text, and uses
    /// of the grammar that mean nothing on the wire.
    pub fn new(
        newest: &Source,
        history: Option<&Source>,
        rules: Rules,
        sections: &[String],
    ) -> Result<Self, Errors> {
        let mut resolver = Resolver::new(newest, history, sections);
        resolver.check_ids();
        let model = resolver.resolve(rules);
        if resolver.errors.is_empty() {
            Ok(model)
        } else {
            Err(Errors(resolver.errors))
        }
    }

    /// The type with this name.
    pub fn type_named(&self, name: &Name) -> Option<TypeIndex> {
        self.types.iter().position(|ty| ty.name == *name)
    }

    /// The constructor or function with this name.
    pub fn combinator_named(&self, kind: Kind, name: &Name) -> Option<CombinatorIndex> {
        self.combinators
            .iter()
            .position(|c| c.kind == kind && c.name == *name)
    }

    /// The form of an id.
    pub fn form(&self, at: FormRef) -> &Form {
        &self.combinators[at.combinator].forms[at.form]
    }

    /// All layers that a form is written for, up to the newest.
    pub fn layers(&self) -> std::ops::RangeInclusive<u16> {
        self.oldest..=self.newest.unwrap_or(self.oldest)
    }

    /// Whether the id is written for `layer`.
    pub fn in_force(&self, id: u32, layer: u16) -> bool {
        self.by_id
            .get(&id)
            .is_some_and(|at| self.form(*at).layers.contains(layer))
    }

    /// The type as the schema would spell it.
    pub fn spelling(&self, ty: &Ty) -> String {
        match ty {
            Ty::Int => "int".into(),
            Ty::Long => "long".into(),
            Ty::Double => "double".into(),
            Ty::Int128 => "int128".into(),
            Ty::Int256 => "int256".into(),
            Ty::Str => "string".into(),
            Ty::Bytes => "bytes".into(),
            Ty::Bool => "Bool".into(),
            Ty::Flag => "true".into(),
            Ty::True => "True".into(),
            Ty::Nat | Ty::Flags => "#".into(),
            Ty::Vector(item) => format!("Vector<{}>", self.spelling(item)),
            Ty::BareVector(item) => format!("vector<{}>", self.spelling(item)),
            Ty::Boxed(index) => self.types[*index].name.to_string(),
            Ty::Bare(index) => self.combinators[*index].name.to_string(),
            Ty::Object => "Object".into(),
            Ty::Query(name) => name.clone(),
        }
    }
}

impl Form {
    /// The layers, as the schema would spell them.
    pub fn is_written(&self) -> bool {
        !self.layers.0.is_empty()
    }

    /// Fields that are kept in memory: all but flag words.
    pub fn kept_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.ty != Ty::Flags)
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Combinator {
    /// The shape in memory.
    pub fn newest(&self) -> &Form {
        &self.forms[0]
    }
}

/// What a type is, and what should stand there.
type Unresolved = (String, &'static str);

const DECLARED: &str = "a built-in or declared type";

struct Resolver<'a> {
    newest: &'a Source,
    declarations: Vec<(&'a str, &'a Declaration)>,
    types: BTreeMap<Name, TypeIndex>,
    bare: HashMap<Name, CombinatorIndex>,
    newest_layer: Option<u16>,
    errors: Vec<Error>,
}

impl<'a> Resolver<'a> {
    fn new(newest: &'a Source, history: Option<&'a Source>, sections: &[String]) -> Self {
        let wanted = |declaration: &&Declaration| {
            let section = declaration.section.as_ref();
            sections.is_empty() || section.is_some_and(|section| sections.contains(section))
        };
        let of = |source: &'a Source| {
            let declarations = source.schema.declarations.iter().filter(wanted);
            declarations
                .map(|d| (source.file.as_str(), d))
                .collect::<Vec<_>>()
        };
        let mut declarations = of(newest);
        declarations.extend(history.map(of).unwrap_or_default());
        declarations.retain(|(_, d)| !CORE.contains(&d.name.to_string().as_str()));
        // `int ? = Int;` says that a type is built in.
        declarations.retain(|(_, d)| !d.params.iter().any(|param| param.ty == Type::Builtin));
        let builtin = |d: &Declaration| matches!(d.name.ident.as_str(), "int128" | "int256");
        declarations.retain(|(_, d)| !builtin(d));
        Self {
            newest,
            declarations,
            types: BTreeMap::new(),
            bare: HashMap::new(),
            newest_layer: newest.schema.layer,
            errors: Vec::new(),
        }
    }

    fn error(&mut self, (file, position): (&str, Position), problem: String, expected: &str) {
        self.errors.push(Error {
            file: file.into(),
            position,
            problem,
            expected: expected.into(),
        });
    }

    fn check_ids(&mut self) {
        let mut seen: HashMap<(u32, Kind), String> = HashMap::new();
        for (file, declaration) in self.declarations.clone() {
            let computed = computed_id(declaration);
            let id = declaration.explicit_id.unwrap_or(computed);
            let name = declaration.name.to_string();
            let excepted = KNOWN_EXCEPTIONS.contains(&(name.as_str(), id)) || declaration.id_kept;
            if id != computed && !excepted {
                let problem = format!("`{name}#{id:08x}` does not fit its text");
                let expected = format!("#{computed:08x}, or `//@ id kept` behind it");
                self.error((file, declaration.position), problem, &expected);
            }
            for kind in [Kind::Constructor, Kind::Function] {
                if let Some(other) = seen.get(&(id, kind)) {
                    let problem = format!("`{name}` has the id {id:08x} of `{other}`");
                    self.error((file, declaration.position), problem, "an id of its own");
                }
            }
            seen.insert((id, declaration.kind), name);
        }
    }

    fn resolve(&mut self, rules: Rules) -> Model {
        let groups = self.groups(&rules);
        let mut types: Vec<TypeDef> = Vec::new();
        for (index, ((kind, name), members)) in groups.iter().enumerate() {
            let (file, declaration) = members[0];
            if let Some(number) = declaration
                .implicit
                .iter()
                .find(|implicit| implicit.ty == Type::Nat)
            {
                let problem = format!(
                    "`{name}` takes the number `{}` from its surroundings",
                    number.name
                );
                self.error((file, declaration.position), problem, "a field of type `#`");
            }
            if *kind == Kind::Function {
                continue;
            }
            self.bare.insert(name.clone(), index);
            let Type::Named {
                name: result,
                args,
                bare: false,
            } = &declaration.result
            else {
                let problem = format!("`{name}` makes no boxed type");
                self.error(
                    (file, declaration.position),
                    problem,
                    "the name of a type in upper case",
                );
                continue;
            };
            if !args.is_empty() || !declaration.implicit.is_empty() {
                let problem = format!("`{name}` makes a type with parameters");
                self.error(
                    (file, declaration.position),
                    problem,
                    "a type without; only Vector has one",
                );
                continue;
            }
            let at = *self.types.entry(result.clone()).or_insert_with(|| {
                let name = result.clone();
                types.push(TypeDef {
                    name,
                    constructors: vec![],
                    cycle: 0,
                    recursive: false,
                });
                types.len() - 1
            });
            types[at].constructors.push(index);
        }
        let mut combinators = Vec::new();
        for ((kind, name), members) in &groups {
            combinators.push(self.combinator(*kind, name, members, &rules));
        }
        let mut model = Model {
            newest: self.newest_layer,
            oldest: oldest(&combinators, self.newest_layer),
            types,
            combinators,
            by_id: BTreeMap::new(),
            rules,
        };
        for (combinator, c) in model.combinators.iter().enumerate() {
            for (form, f) in c.forms.iter().enumerate() {
                model.by_id.insert(f.id, FormRef { combinator, form });
            }
        }
        mark_cycles(&mut model);
        model
    }

    /// Declarations by the name they are forms of, the newest form first.
    #[allow(clippy::type_complexity, reason = "local")]
    fn groups(&mut self, rules: &Rules) -> Vec<((Kind, Name), Vec<(&'a str, &'a Declaration)>)> {
        let mut order: Vec<(Kind, Name)> = Vec::new();
        let mut groups: HashMap<(Kind, Name), Vec<(&'a str, &'a Declaration)>> = HashMap::new();
        for (file, declaration) in self.declarations.clone() {
            let alias = rules
                .aliases
                .iter()
                .find(|alias| alias.kind == declaration.kind && alias.old == declaration.name);
            let name = alias.map_or(&declaration.name, |alias| &alias.new).clone();
            let key = (declaration.kind, name);
            let group = groups.entry(key.clone()).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            group.push((file, declaration));
        }
        let newest_file = &self.newest.file;
        for ((_, name), group) in &mut groups {
            let rank = |(file, d): &(&str, &Declaration)| {
                let last = written(d).map_or((0, 0), |layers| {
                    let from = layers.0.last().map_or(0, |range| range.0);
                    (
                        layers
                            .0
                            .last()
                            .map_or(0, |range| range.1.unwrap_or(u16::MAX)),
                        from,
                    )
                });
                (
                    d.name != *name,
                    *file != newest_file,
                    std::cmp::Reverse(last),
                )
            };
            group.sort_by_key(rank);
        }
        let group = |key: (Kind, Name)| groups.remove(&key).map(|group| (key, group));
        order.into_iter().filter_map(group).collect()
    }

    fn combinator(
        &mut self,
        kind: Kind,
        name: &Name,
        members: &[(&'a str, &'a Declaration)],
        rules: &Rules,
    ) -> Combinator {
        let mut forms = Vec::new();
        for &(file, declaration) in members {
            let fields = self.fields((file, declaration), &declaration.params);
            let result = self.result((file, declaration));
            let alias = declaration.name != *name;
            let rule = rules
                .aliases
                .iter()
                .find(|rule| alias && rule.kind == kind && rule.old == declaration.name);
            let (layers, from) = match &declaration.availability {
                Availability::Always => (Layers(vec![(0, None)]), 0),
                Availability::Layers(layers) => (layers.clone(), layers.0[0].0),
                Availability::Accepted(layers) => (Layers(vec![]), layers.0[0].0),
            };
            forms.push(Form {
                name: declaration.name.clone(),
                id: declaration
                    .explicit_id
                    .unwrap_or_else(|| computed_id(declaration)),
                layers,
                from,
                fields,
                result,
                when: rule.and_then(|rule| rule.when.clone()),
                alias,
                text: declaration.text.clone(),
                file: file.into(),
                position: declaration.position,
            });
        }
        Combinator {
            kind,
            name: name.clone(),
            result: forms[0].result.clone(),
            generics: members[0].1.type_variables().map(str::to_owned).collect(),
            forms,
            gone: members[0].0 != self.newest.file,
        }
    }

    fn fields(&mut self, at: (&str, &Declaration), params: &[Param]) -> Vec<Field> {
        let words: BTreeSet<&str> = params
            .iter()
            .filter_map(|param| Some(param.condition.as_ref()?.word.as_str()))
            .collect();
        let mut fields = Vec::new();
        for (index, param) in params.iter().enumerate() {
            if params
                .get(index + 1)
                .is_some_and(|next| repeat::repetition(param, next).is_some())
            {
                // The length of the vector in memory.
                continue;
            }
            let before = index.checked_sub(1).map(|index| &params[index]);
            let Some(name) = param.name.clone() else {
                let problem = format!("`{}` has a field without a name", at.1.name);
                self.error((at.0, param.position), problem, "a name");
                continue;
            };
            let ty = match &param.ty {
                // A word whose bits nobody uses yet is still one.
                Type::Nat if words.contains(name.as_str()) || name == "flags" => Ty::Flags,
                ty if ty.is_true() && param.condition.is_some() => Ty::Flag,
                ty => match self.field_type(at.1, before, param, ty) {
                    Ok(ty) => ty,
                    Err((problem, expected)) => {
                        self.error((at.0, param.position), problem, expected);
                        continue;
                    }
                },
            };
            fields.push(Field {
                name,
                condition: param.condition.clone(),
                ty,
            });
        }
        fields
    }

    fn field_type(
        &self,
        declaration: &Declaration,
        before: Option<&Param>,
        param: &Param,
        ty: &Type,
    ) -> Result<Ty, Unresolved> {
        match before.and_then(|count| repeat::repetition(count, param)) {
            Some(fields) => {
                let item = repeat::item_type(declaration, param, fields);
                Ok(Ty::BareVector(Box::new(self.ty(declaration, &item)?)))
            }
            None => match ty {
                Type::Named { name, .. }
                    if declaration.type_variables().any(|v| name.to_string() == v) =>
                {
                    Err((
                        format!("a value of any type `{name}`"),
                        "a function `!X`, or an `Object`",
                    ))
                }
                ty => self.ty(declaration, ty),
            },
        }
    }

    fn result(&mut self, at: (&str, &Declaration)) -> Ty {
        match self.ty(at.1, &at.1.result) {
            Ok(ty) => ty,
            Err((problem, expected)) => {
                self.error((at.0, at.1.position), problem, expected);
                Ty::Object
            }
        }
    }

    fn ty(&self, declaration: &Declaration, ty: &Type) -> Result<Ty, Unresolved> {
        let item = |args: &[Type]| match args {
            [item] => self.ty(declaration, item).map(Box::new),
            _ => Err((format!("`Vector` with {} arguments", args.len()), "one")),
        };
        let is_variable = |name: &str| declaration.type_variables().any(|known| known == name);
        match ty {
            Type::Nat => Ok(Ty::Nat),
            Type::Query(name) if is_variable(name) => Ok(Ty::Query(name.clone())),
            Type::Query(name) => Err((
                format!("`!{name}` without its declaration"),
                "`{X:Type}` before the fields",
            )),
            Type::Builtin => Err(("`?` beside other fields".into(), "a type")),
            Type::Repeat { .. } => {
                let expected = "its count, a field of type `#` directly before it";
                Err(("a repetition without a count".into(), expected))
            }
            Type::Named { name, bare, args } => match (name.to_string().as_str(), bare) {
                ("Vector" | "vector", _) => {
                    let item = item(args)?;
                    Ok(if *bare {
                        Ty::BareVector(item)
                    } else {
                        Ty::Vector(item)
                    })
                }
                (name, _) if !args.is_empty() => Err((
                    format!("`{name}` with arguments"),
                    "none; only Vector has one",
                )),
                ("int", true) => Ok(Ty::Int),
                ("long", true) => Ok(Ty::Long),
                ("double", true) => Ok(Ty::Double),
                ("int128", true) => Ok(Ty::Int128),
                ("int256", true) => Ok(Ty::Int256),
                ("string", true) => Ok(Ty::Str),
                ("bytes", true) => Ok(Ty::Bytes),
                ("Bool", false) => Ok(Ty::Bool),
                ("True", false) => Ok(Ty::True),
                ("Object", false) => Ok(Ty::Object),
                (variable, _) if is_variable(variable) => Ok(Ty::Query(variable.into())),
                (_, true) if name.is_lower_case() => self
                    .bare
                    .get(name)
                    .map(|index| Ty::Bare(*index))
                    .ok_or_else(|| (format!("unknown bare type `{name}`"), DECLARED)),
                (_, true) => self.only_constructor(name),
                (_, false) => self
                    .types
                    .get(name)
                    .map(|index| Ty::Boxed(*index))
                    .ok_or_else(|| (format!("unknown type `{name}`"), DECLARED)),
            },
        }
    }

    /// `%T` is the fields of the only constructor of `T`.
    fn only_constructor(&self, name: &Name) -> Result<Ty, Unresolved> {
        let makes = |d: &Declaration| {
            d.kind == Kind::Constructor
                && matches!(&d.result, Type::Named { name: result, .. } if result == name)
        };
        let names: BTreeSet<_> = self
            .declarations
            .iter()
            .filter(|(_, d)| makes(d))
            .map(|(_, d)| &d.name)
            .collect();
        match names.iter().collect::<Vec<_>>()[..] {
            [only] => {
                let index = self.bare.get(*only).copied();
                index
                    .map(Ty::Bare)
                    .ok_or_else(|| (format!("`%{name}` is gone"), DECLARED))
            }
            [] => Err((format!("unknown type `%{name}`"), DECLARED)),
            _ => Err((
                format!("`%{name}` has {} constructors", names.len()),
                "the name of one of them",
            )),
        }
    }
}

fn written(declaration: &Declaration) -> Option<Layers> {
    match &declaration.availability {
        Availability::Always => Some(Layers(vec![(0, None)])),
        Availability::Layers(layers) => Some(layers.clone()),
        Availability::Accepted(_) => None,
    }
}

fn oldest(combinators: &[Combinator], newest: Option<u16>) -> u16 {
    let froms = combinators
        .iter()
        .flat_map(|c| &c.forms)
        .map(|form| form.from);
    froms.filter(|from| *from > 0).min().or(newest).unwrap_or(0)
}

/// Numbers the strongly connected components of "has a field of type" among boxed types.
fn mark_cycles(model: &mut Model) {
    let edges: Vec<Vec<TypeIndex>> = (0..model.types.len())
        .map(|at| {
            let mut seen = BTreeSet::new();
            for constructor in &model.types[at].constructors {
                for field in model.combinators[*constructor].newest().kept_fields() {
                    named_types(model, &field.ty, &mut seen);
                }
            }
            seen.into_iter().collect()
        })
        .collect();
    let reach: Vec<BTreeSet<TypeIndex>> =
        (0..edges.len()).map(|at| reachable(&edges, at)).collect();
    for at in 0..edges.len() {
        let cycle = (0..=at).find(|other| {
            *other == at || (reach[at].contains(other) && reach[*other].contains(&at))
        });
        model.types[at].cycle = cycle.unwrap_or(at);
        model.types[at].recursive = reach[at].contains(&at);
    }
}

fn reachable(edges: &[Vec<TypeIndex>], from: TypeIndex) -> BTreeSet<TypeIndex> {
    let mut seen = BTreeSet::new();
    let mut open = edges[from].clone();
    while let Some(at) = open.pop() {
        if seen.insert(at) {
            open.extend(&edges[at]);
        }
    }
    seen
}

fn named_types(model: &Model, ty: &Ty, into: &mut BTreeSet<TypeIndex>) {
    match ty {
        Ty::Boxed(index) => {
            into.insert(*index);
        }
        Ty::Vector(item) | Ty::BareVector(item) => named_types(model, item, into),
        Ty::Bare(index) => {
            if let Ty::Boxed(index) = model.combinators[*index].result {
                into.insert(index);
            }
        }
        Ty::Int
        | Ty::Long
        | Ty::Double
        | Ty::Int128
        | Ty::Int256
        | Ty::Str
        | Ty::Bytes
        | Ty::Bool
        | Ty::Flag
        | Ty::True
        | Ty::Nat
        | Ty::Flags
        | Ty::Object
        | Ty::Query(_) => {}
    }
}

//! What TL can say and the generated code cannot: names that are one in Rust, values without a
//! length, bare values that contain themselves. Each is an error with its place, never broken code.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ast::{Kind, Position},
    emit::{call_variant, group_name, method_name, word_name},
    error::Error,
    layout::{Layout, RESERVED_TYPES, module, path, snake},
    model::{Combinator, CombinatorIndex, Field, Form, Model, Ty, TypeIndex},
};

/// Types that the codec itself has; a schema may not add constructors to them.
const BUILT_IN_TYPES: &[&str] = &["Bool", "Object", "True", "Type", "Vector"];
/// Bare types that the codec itself has.
const BUILT_IN_BARE: &[&str] = &[
    "bytes", "double", "int", "int128", "int256", "long", "string", "vector",
];

/// Everything that cannot be generated.
pub(crate) fn faults(model: &Model) -> Vec<Error> {
    let mut check = Check {
        model,
        open: open_types(model),
        faults: Vec::new(),
    };
    for (index, combinator) in model.combinators.iter().enumerate() {
        check.names(combinator);
        check.forms(combinator);
        check.type_variables(combinator);
        for form in &combinator.forms {
            check.layers(form);
            check.fields(combinator, form);
            check.result(form);
        }
        check.bare(index);
    }
    // With twice the same name these would be found again in its Rust form.
    if check.faults.is_empty() {
        check.rust_names();
    }
    check.faults
}

struct Check<'a> {
    model: &'a Model,
    /// Types whose values may reach to the end of the frame.
    open: BTreeSet<TypeIndex>,
    faults: Vec<Error>,
}

impl<'a> Check<'a> {
    fn fault(&mut self, form: &Form, problem: String, expected: &str) {
        self.fault_at(&form.file, form.position, problem, expected);
    }

    fn fault_at(&mut self, file: &str, position: Position, problem: String, expected: &str) {
        let (file, expected) = (file.to_owned(), expected.to_owned());
        self.faults.push(Error {
            file,
            position,
            problem,
            expected,
        });
    }

    fn names(&mut self, combinator: &Combinator) {
        if combinator.kind == Kind::Function {
            return;
        }
        let form = combinator.newest();
        let name = combinator.name.to_string();
        if BUILT_IN_BARE.contains(&name.as_str()) {
            self.fault(form, format!("`{name}` is built in"), "another name");
        }
        if let Ty::Bool | Ty::Object | Ty::True = combinator.result {
            let ty = self.model.spelling(&combinator.result);
            let problem =
                format!("`{name}` would be one more constructor of `{ty}`, which is built in");
            self.fault(form, problem, "another type");
        }
        if let Ty::Boxed(at) = combinator.result {
            let ty = self.model.types[at].name.to_string();
            if BUILT_IN_TYPES.contains(&ty.as_str()) {
                let problem =
                    format!("`{name}` would be one more constructor of `{ty}`, which is built in");
                self.fault(form, problem, "another type");
            }
        }
    }

    /// Two own forms at one layer would leave open which one is written.
    fn forms(&mut self, combinator: &'a Combinator) {
        let own: Vec<_> = combinator.forms.iter().filter(|form| !form.alias).collect();
        for (index, form) in own.iter().enumerate() {
            for other in &own[..index] {
                let shared = self
                    .model
                    .layers()
                    .find(|layer| form.layers.contains(*layer) && other.layers.contains(*layer));
                let Some(layer) = shared else { continue };
                let name = &combinator.name;
                let both = match self.model.newest {
                    None => format!("`{name}` is declared twice"),
                    Some(_) => format!(
                        "`{name}` is {:08x} and {:08x} at layer {layer}",
                        other.id, form.id
                    ),
                };
                // The later one of the file is the one that is too much.
                let later = if (&other.file, other.position) > (&form.file, form.position) {
                    other
                } else {
                    form
                };
                self.fault(later, both, "one id for each layer");
                break;
            }
        }
        if !combinator.generics.is_empty() && combinator.forms.len() > 1 {
            let problem = format!(
                "`{}` wraps other functions and has several ids",
                combinator.name
            );
            self.fault(&combinator.forms[1], problem, "one");
        }
    }

    fn layers(&mut self, form: &Form) {
        match self.model.newest {
            None if form.from > 0 => {
                self.fault(
                    form,
                    format!("`{}` has layers", form.name),
                    "a line `// LAYER n` in the schema",
                );
            }
            Some(newest) if form.from > newest => {
                let problem = format!("`{}` begins at layer {}", form.name, form.from);
                self.fault(form, problem, &format!("one up to {newest}, the newest"));
            }
            None | Some(_) => {}
        }
    }

    fn fields(&mut self, combinator: &Combinator, form: &Form) {
        let last = form.fields.iter().rposition(|field| field.ty != Ty::Flag);
        for (position, field) in form.fields.iter().enumerate() {
            let name = &field.name;
            if field.ty == Ty::Flags && field.condition.is_some() {
                let problem = format!("`{name}` holds bits and is itself optional");
                self.fault(form, problem, "a word of flags that is always there");
            }
            let mut is_open = contains(&field.ty, &mut |ty| self.is_open(ty));
            let vector = matches!(field.ty, Ty::Vector(_) | Ty::BareVector(_));
            is_open &= vector || Some(position) < last;
            if is_open {
                let problem =
                    format!("`{name}` reaches to the end of the frame, since it holds an `Object`");
                self.fault(form, problem, "the last field");
            }
            if vector && contains(&field.ty, &mut |ty| matches!(ty, Ty::Query(_))) {
                self.fault(
                    form,
                    format!("`{name}` is a vector of functions"),
                    "a single one",
                );
            }
            if combinator.kind == Kind::Constructor && matches!(field.ty, Ty::Query(_)) {
                self.fault(form, format!("`{name}` is a function"), "a value");
            }
        }
        self.field_names(form);
    }

    fn is_open(&self, ty: &Ty) -> bool {
        is_open(self.model, &self.open, ty)
    }

    /// Fields become variables beside those of the generated code.
    fn field_names(&mut self, form: &Form) {
        let words = form.fields.iter().filter(|field| field.ty == Ty::Flags);
        let groups = form
            .fields
            .iter()
            .filter_map(|field| field.condition.as_ref());
        let variables: BTreeSet<_> = words
            .map(|word| word_name(&word.name))
            .chain(groups.map(group_name))
            .collect();
        let mut names = BTreeMap::new();
        for Field { name, .. } in &form.fields {
            let spelled = snake(name);
            if variables.contains(&spelled) {
                let problem =
                    format!("the field `{name}` has the name of a variable of the generated code");
                self.fault(form, problem, "another name");
            }
            if let Some(other) = names.insert(spelled.clone(), name) {
                let problem =
                    format!("the fields `{other}` and `{name}` would both be `{spelled}` in Rust");
                self.fault(form, problem, "another name");
            }
        }
    }

    fn result(&mut self, form: &Form) {
        let result = &form.result;
        if contains(result, &mut |ty| {
            matches!(ty, Ty::Bare(_) | Ty::BareVector(_))
        }) {
            self.fault(
                form,
                format!("`{}` answers a bare value", form.name),
                "a boxed type",
            );
        }
        if !matches!(result, Ty::Query(_)) && contains(result, &mut |ty| matches!(ty, Ty::Query(_)))
        {
            let problem = format!(
                "`{}` answers a type with the result of another function",
                form.name
            );
            self.fault(form, problem, "that result itself");
        }
        let vector = matches!(result, Ty::Vector(_));
        if vector && contains(result, &mut |ty| self.is_open(ty)) {
            self.fault(
                form,
                format!("`{}` answers a vector of `Object`", form.name),
                "a type with a length",
            );
        }
    }

    fn type_variables(&mut self, combinator: &Combinator) {
        let form = combinator.newest();
        for variable in &combinator.generics {
            let is_used = |field: &Field| field.ty == Ty::Query(variable.clone());
            if !form.fields.iter().any(is_used) {
                self.fault(
                    form,
                    format!("no field is of type `!{variable}`"),
                    "one, for the inner function",
                );
            }
            if RESERVED_TYPES.contains(&variable.as_str()) {
                let problem = format!("the type variable `{variable}` has the name of a Rust type");
                self.fault(form, problem, "another name");
            }
        }
    }

    /// What is sent without its id is read by the only form there is, and counts no depth.
    fn bare(&mut self, index: CombinatorIndex) {
        let combinator = &self.model.combinators[index];
        let inner = bare_parts(combinator.newest());
        for part in &inner {
            let part = &self.model.combinators[*part];
            if part.forms.len() > 1 {
                let problem = format!(
                    "`{}` is used bare and has {} ids",
                    part.name,
                    part.forms.len()
                );
                self.fault(
                    combinator.newest(),
                    problem,
                    "one id for all layers, or its boxed type",
                );
            }
        }
        let (mut open, mut seen) = (inner, BTreeSet::new());
        while let Some(part) = open.pop_first() {
            if part == index {
                let problem = format!(
                    "`{}` contains itself without an id between",
                    combinator.name
                );
                self.fault(combinator.newest(), problem, "its boxed type");
                return;
            }
            if seen.insert(part) {
                open.extend(bare_parts(self.model.combinators[part].newest()));
            }
        }
    }

    /// Names that differ in TL and would be one in Rust.
    fn rust_names(&mut self) {
        let model = self.model;
        let layout = Layout::new(model);
        let mut names: BTreeMap<String, (String, &Form)> = BTreeMap::new();
        let mut add = |space: &str, rust: String, tl: String, form: &'a Form| {
            let before = names.insert(format!("{space} {rust}"), (tl.clone(), form));
            let (other, _) = before.filter(|(other, _)| *other != tl)?;
            let problem = format!("`{other}` and `{tl}` would both be `{rust}` in Rust");
            Some((form, problem))
        };
        let mut found = Vec::new();
        for (at, ty) in model.types.iter().enumerate() {
            let Some(first) = ty.constructors.first() else {
                continue;
            };
            let form = model.combinators[*first].newest();
            found.extend(add(
                "type",
                path("types", &ty.name),
                ty.name.to_string(),
                form,
            ));
            for index in &ty.constructors {
                let combinator = &model.combinators[*index];
                let Some(variant) = layout.variant(*index) else {
                    continue;
                };
                found.extend(add(
                    &at.to_string(),
                    variant.into(),
                    combinator.name.to_string(),
                    combinator.newest(),
                ));
            }
        }
        for combinator in &model.combinators {
            let (name, form) = (combinator.name.to_string(), combinator.newest());
            let kind = if combinator.kind == Kind::Function {
                "functions"
            } else {
                "constructors"
            };
            found.extend(add(kind, path(kind, &combinator.name), name.clone(), form));
            let namespace = combinator.name.namespace.clone().unwrap_or_default();
            let form_name = format!("{}.{}", module(&namespace), snake(&combinator.name.ident));
            found.extend(add(&format!("{kind} forms"), form_name, name.clone(), form));
            found.extend(add("module", module(&namespace), namespace, form));
            if combinator.kind == Kind::Function {
                found.extend(add("method", method_name(combinator), name.clone(), form));
                found.extend(add("call", call_variant(combinator), name, form));
            }
        }
        // One name is spelled in several ways; one of them is enough to mend it.
        let mut told = BTreeSet::new();
        for (form, problem) in found {
            if told.insert((&form.file, form.position)) {
                self.fault(form, problem, "another name");
            }
        }
    }
}

/// Whether `found` holds for a type or an item of it.
fn contains(ty: &Ty, found: &mut dyn FnMut(&Ty) -> bool) -> bool {
    let within = match ty {
        Ty::Vector(item) | Ty::BareVector(item) => contains(item, found),
        _ => false,
    };
    within || found(ty)
}

/// The constructors that a form has without their ids.
fn bare_parts(form: &Form) -> BTreeSet<CombinatorIndex> {
    let mut parts = BTreeSet::new();
    for field in &form.fields {
        contains(&field.ty, &mut |ty| {
            if let Ty::Bare(index) = ty {
                parts.insert(*index);
            }
            false
        });
    }
    parts
}

/// Types with a constructor that ends in an `Object`, or in such a type.
fn open_types(model: &Model) -> BTreeSet<TypeIndex> {
    let mut open = BTreeSet::new();
    loop {
        let before = open.len();
        for (at, ty) in model.types.iter().enumerate() {
            let forms = ty
                .constructors
                .iter()
                .flat_map(|index| &model.combinators[*index].forms);
            let mut fields = forms.flat_map(|form| &form.fields);
            if fields.any(|field| contains(&field.ty, &mut |ty| is_open(model, &open, ty))) {
                open.insert(at);
            }
        }
        if open.len() == before {
            return open;
        }
    }
}

fn is_open(model: &Model, open: &BTreeSet<TypeIndex>, ty: &Ty) -> bool {
    let at = match ty {
        Ty::Object => return true,
        Ty::Boxed(at) => *at,
        Ty::Bare(index) => match model.combinators[*index].result {
            Ty::Boxed(at) => at,
            _ => return false,
        },
        _ => return false,
    };
    open.contains(&at)
}

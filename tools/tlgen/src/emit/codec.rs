//! Bodies that read and write one wire form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{
    ast::{Condition, Kind},
    layout::{Layout, Shape, snake},
    model::{Combinator, CombinatorIndex, Field, Form, Ty, TypeIndex},
    presence::{Down, Presence, Up, form_at},
    rules::Expression,
};

/// What the bodies are made from.
pub(super) struct Codec<'a> {
    pub(super) layout: &'a Layout<'a>,
    pub(super) presence: &'a Presence<'a>,
}

impl<'a> Codec<'a> {
    pub(super) fn combinator(&self, index: CombinatorIndex) -> &'a Combinator {
        &self.layout.model.combinators[index]
    }

    pub(super) fn owner(&self, index: CombinatorIndex) -> Option<TypeIndex> {
        let combinator = self.combinator(index);
        match combinator.result {
            Ty::Boxed(at) if combinator.kind == Kind::Constructor => Some(at),
            _ => None,
        }
    }

    /// What a function that reads or writes this combinator handles: a struct, or the enum.
    pub(super) fn handled_type(&self, index: CombinatorIndex) -> String {
        match self.layout.shape(index) {
            Shape::Struct { path } | Shape::Payload { path, .. } => path.clone(),
            Shape::Inline { enum_path, .. } => enum_path.clone(),
        }
    }

    /// Whether its fields also stand somewhere without the id.
    pub(super) fn is_bare(&self, index: CombinatorIndex) -> bool {
        self.layout.is_bare(index)
    }

    /// The expression or pattern before the braces: `types::Peer::User`.
    pub(super) fn head(&self, index: CombinatorIndex) -> String {
        match self.layout.shape(index) {
            Shape::Struct { path } | Shape::Payload { path, .. } => path.clone(),
            Shape::Inline { enum_path, variant } => format!("{enum_path}::{variant}"),
        }
    }

    /// Statements and a final `Ok(…)` that read `form` from `rd` into the newest shape.
    pub(super) fn read(&self, index: CombinatorIndex, form: &Form) -> String {
        let combinator = self.combinator(index);
        let newest = std::ptr::eq(form, combinator.newest());
        if newest {
            self.read_newest(index, form)
        } else {
            self.read_old(index, form)
        }
    }

    fn read_newest(&self, index: CombinatorIndex, form: &Form) -> String {
        let mut out = String::new();
        let mut inits = String::new();
        for run in runs(form) {
            if let Run::Optional(fields) = &run {
                for field in fields {
                    let name = snake(&field.name);
                    let _ = writeln!(out, "let mut {name} = None;");
                    let _ = write!(inits, "{name}, ");
                }
                let read = |field: &Field| {
                    let (name, value) = (snake(&field.name), read_value(&field.ty));
                    let set = mask(&[field]);
                    format!("if {set} {{ {name} = Some({value}); }}\n")
                };
                out.push_str(&skipping(fields, &read));
                continue;
            }
            let Run::One(field) = run else { continue };
            let name = snake(&field.name);
            let value = read_field(field);
            if field.ty == Ty::Flags {
                let _ = writeln!(out, "let {} = rd.u32()?;", word_name(&field.name));
            } else {
                let _ = writeln!(out, "let {name} = {value};");
                let _ = write!(inits, "{name}, ");
            }
        }
        let _ = write!(out, "Ok({})", self.made(index, &inits));
        out
    }

    /// A value of these fields: boxed at once where its variant carries a box, for a large struct
    /// is copied each time it is passed on.
    fn made(&self, index: CombinatorIndex, inits: &str) -> String {
        let value = format!("{} {{ {inits} }}", self.head(index));
        if self.is_payload(index) {
            format!("Box::new({value})")
        } else {
            value
        }
    }

    fn is_payload(&self, index: CombinatorIndex) -> bool {
        matches!(self.layout.shape(index), Shape::Payload { .. })
    }

    /// What a function that reads this combinator gives.
    pub(super) fn read_type(&self, index: CombinatorIndex) -> String {
        let ty = self.handled_type(index);
        if self.is_payload(index) {
            format!("Box<{ty}>")
        } else {
            ty
        }
    }

    fn read_old(&self, index: CombinatorIndex, form: &Form) -> String {
        let combinator = self.combinator(index);
        let mut out = String::new();
        for field in &form.fields {
            let name = snake(&field.name);
            let value = read_field(field);
            if field.ty == Ty::Flags {
                let _ = writeln!(out, "let {} = rd.u32()?;", word_name(&field.name));
                continue;
            }
            let owner = self.owner(index);
            let same = combinator
                .newest()
                .field(&field.name)
                .is_some_and(|new| new.ty == field.ty);
            let owner = if same { owner } else { None };
            let ty = match (same, field.condition.is_some() && field.ty != Ty::Flag) {
                (true, _) => self.layout.field_type(field, owner),
                (false, true) => format!("Option<{}>", self.layout.rust_type(&field.ty)),
                (false, false) => self.layout.rust_type(&field.ty),
            };
            let _ = writeln!(out, "let {name}: {ty} = {value};");
        }
        let mut inits = String::new();
        for field in combinator.newest().kept_fields() {
            let name = snake(&field.name);
            let _ = match self.presence.up(combinator, form, field) {
                Some(Up::Same { wrap: false }) => write!(inits, "{name}, "),
                Some(Up::Same { wrap: true }) => write!(inits, "{name}: Some({name}), "),
                Some(Up::Absent) if field.ty == Ty::Flag => write!(inits, "{name}: false, "),
                Some(Up::Absent) => write!(inits, "{name}: None, "),
                Some(Up::Rule(up)) => {
                    let value = match up.fallible {
                        true => format!(
                            "({}).ok_or(DecodeError::Meaning {{ type_name: {:?}, field: {:?} }})?",
                            up.text,
                            form.name.to_string(),
                            field.name
                        ),
                        false => up.text.clone(),
                    };
                    // In order before the literal, since rules look at fields that it moves.
                    let _ = writeln!(out, "let new_{} = {value};", field.name);
                    write!(inits, "{name}: new_{}, ", field.name)
                }
                None => write!(inits, "{name}: compile_error!(), "),
            };
        }
        let _ = write!(out, "Ok({})", self.made(index, &inits));
        out
    }

    /// `let Pattern { fields } = v …;` with each field as a reference.
    pub(super) fn destructure(&self, index: CombinatorIndex, or_else: &str) -> String {
        let fields: Vec<_> = self.fields(index).collect();
        let head = self.head(index);
        match self.layout.shape(index) {
            Shape::Inline { .. } => {
                format!(
                    "let {head} {{ {} }} = v else {{ {or_else} }};\n",
                    fields.join(", ")
                )
            }
            _ if fields.is_empty() => String::new(),
            _ => format!("let {head} {{ {} }} = v;\n", fields.join(", ")),
        }
    }

    fn fields(&self, index: CombinatorIndex) -> impl Iterator<Item = String> {
        self.combinator(index)
            .newest()
            .kept_fields()
            .map(|field| snake(&field.name))
    }

    /// Statements that write the fields of `form`, with its id if it is boxed, to `wr`; the newest
    /// fields are in scope as references.
    pub(super) fn write(&self, index: CombinatorIndex, form: &'a Form, boxed: bool) -> String {
        let combinator = self.combinator(index);
        let newest = std::ptr::eq(form, combinator.newest());
        let mut out = String::new();
        if self
            .rules_of(combinator, form)
            .any(|rule| rule.text.contains("at_layer"))
        {
            out.push_str("let at_layer = wr.layer();\n");
        }
        let mut bits: BTreeMap<&Condition, Vec<String>> = BTreeMap::new();
        for field in form.kept_fields() {
            let name = self.value_for(combinator, form, field, &mut out);
            let Some(condition) = &field.condition else {
                continue;
            };
            let set = if field.ty == Ty::Flag {
                format!("*{name}")
            } else {
                format!("{name}.is_some()")
            };
            bits.entry(condition).or_default().push(set);
        }
        for (condition, sets) in bits.iter().filter(|(_, sets)| sets.len() > 1) {
            let group = group_name(condition);
            let all = sets.join(" && ");
            let _ = writeln!(out, "let {group} = {all};");
            if newest {
                // A9: a group of fields on one bit is there as a whole or not at all.
                let any = sets.join(" || ");
                let name = form.name.to_string();
                let _ = writeln!(
                    out,
                    "if !{group} && ({any}) {{ return wr.fail({name:?}); }}"
                );
            }
        }
        let optional = |field: &Field| {
            let name = self.local(combinator, form, field);
            let value = write_value(&field.ty, "x");
            let condition = field.condition.as_ref();
            let group = match condition.filter(|condition| bits[condition].len() > 1) {
                Some(condition) => format!("{} && ", group_name(condition)),
                None => String::new(),
            };
            format!("if {group}let Some(x) = {name} {{ {value} }}\n")
        };
        let mut words = Words::new(boxed.then_some(form.id));
        for run in runs(form) {
            match run {
                Run::Optional(fields) => words.flush(&mut out, &skipping(&fields, &optional)),
                Run::One(field) if field.ty == Ty::Flags => {
                    let word = word_name(&field.name);
                    let _ = writeln!(out, "let {word} = {};", bits_of(&field.name, &bits));
                    words.0.push(word);
                }
                Run::One(field) if field.ty == Ty::Flag => {}
                Run::One(field) if field.condition.is_some() => {
                    words.flush(&mut out, &optional(field));
                }
                Run::One(field) => {
                    let raw = self.is_raw(combinator, form, field);
                    let ty = if raw { &Ty::Object } else { &field.ty };
                    let name = self.local(combinator, form, field);
                    match ty {
                        Ty::Int => words.0.push(format!("{name}.cast_unsigned()")),
                        Ty::Nat => words.0.push(format!("*{name}")),
                        Ty::Long => words
                            .0
                            .extend([format!("low({name})"), format!("high({name})")]),
                        _ => words.flush(&mut out, &write_value(ty, &name)),
                    }
                }
            }
        }
        words.flush(&mut out, "");
        out
    }

    fn is_raw(&self, combinator: &Combinator, form: &Form, field: &Field) -> bool {
        matches!(self.presence.down(combinator, form, field), Some(Down::Rule(down)) if down.raw)
    }

    fn rules_of(
        &self,
        combinator: &'a Combinator,
        form: &'a Form,
    ) -> impl Iterator<Item = &'a Expression> {
        form.kept_fields()
            .filter_map(|field| match self.presence.down(combinator, form, field) {
                Some(Down::Rule(down)) => Some(down),
                Some(Down::Same) | None => None,
            })
    }

    /// Brings the value of an old field into scope, as a reference or an `Option` of one.
    fn value_for(
        &self,
        combinator: &Combinator,
        form: &Form,
        field: &Field,
        out: &mut String,
    ) -> String {
        let local = self.local(combinator, form, field);
        let down = self.presence.down(combinator, form, field);
        let optional = field.condition.is_some() && field.ty != Ty::Flag;
        if let Some(Down::Rule(down)) = down {
            let ty = if down.raw {
                "Rest".into()
            } else {
                self.layout.rust_type(&field.ty)
            };
            let ty = if optional {
                format!("Option<{ty}>")
            } else {
                ty
            };
            let name = form.name.to_string();
            let _ = match down.fallible {
                true => writeln!(
                    out,
                    "let Some({local}): Option<{ty}> = ({}) else {{ return wr.fail({name:?}) }};",
                    down.text
                ),
                false => writeln!(out, "let {local}: {ty} = {};", down.text),
            };
            let _ = writeln!(out, "let {local} = &{local};");
        }
        let always = combinator
            .newest()
            .field(&field.name)
            .is_some_and(|f| f.condition.is_none());
        if matches!(down, Some(Down::Same)) && optional && always {
            let _ = writeln!(out, "let {local} = &Some({local});");
        }
        // A value that this layer cannot be shown is left out where it may be.
        let shown_from = self.presence.shown_from(&field.ty);
        if optional && shown_from > form.from && form.is_written() {
            let _ = writeln!(
                out,
                "let {local} = {local}.as_ref().filter(|x| x.has_form(wr.layer()));"
            );
        }
        local
    }

    fn local(&self, combinator: &Combinator, form: &Form, field: &Field) -> String {
        match self.presence.down(combinator, form, field) {
            Some(Down::Rule(_)) => format!("old_{}", field.name.to_ascii_lowercase()),
            _ => snake(&field.name),
        }
    }

    /// An expression of `at_layer` and the fields in scope: whether this form can be written.
    pub(super) fn shows(&self, index: CombinatorIndex, form: &Form) -> Option<String> {
        let combinator = self.combinator(index);
        let mut terms = Vec::new();
        for field in form.fields.iter().filter(|field| field.condition.is_none()) {
            let shown_from = self.presence.shown_from(&field.ty);
            let checked = shown_from > form.from;
            match self.presence.down(combinator, form, field) {
                Some(Down::Rule(down)) if down.text == "None" && down.fallible => {
                    return Some("false".into());
                }
                Some(Down::Rule(down)) if down.fallible && checked => terms.push(format!(
                    "({}).is_some_and(|x| x.has_form(at_layer))",
                    down.text
                )),
                Some(Down::Rule(down)) if down.fallible => {
                    terms.push(format!("({}).is_some()", down.text));
                }
                Some(Down::Rule(down)) if checked && !down.raw => {
                    terms.push(format!("({}).has_form(at_layer)", down.text));
                }
                Some(Down::Same) if checked => {
                    terms.push(format!("{}.has_form(at_layer)", snake(&field.name)));
                }
                _ => {}
            }
        }
        (!terms.is_empty()).then(|| terms.join(" && "))
    }

    /// Whether every value has a form in all layers that are served.
    pub(super) fn is_always_shown(&self, index: CombinatorIndex) -> bool {
        self.layout
            .model
            .layers()
            .all(|layer| self.presence.is_total(index, layer))
    }

    /// The forms in the order in which a writer tries them: aliases with a condition first.
    pub(super) fn written_forms(&self, index: CombinatorIndex) -> Vec<&'a Form> {
        let mut forms: Vec<_> = self
            .combinator(index)
            .forms
            .iter()
            .filter(|form| form.is_written())
            .collect();
        forms.sort_by_key(|form| match (&form.when, form.alias) {
            (Some(_), _) => 0,
            (None, false) => 1,
            (None, true) => 2,
        });
        forms
    }

    /// Whether one form serves all layers.
    pub(super) fn has_one_form(&self, index: CombinatorIndex) -> bool {
        let combinator = self.combinator(index);
        let newest = combinator.newest();
        self.layout
            .model
            .layers()
            .all(|layer| form_at(combinator, layer).is_some_and(|form| std::ptr::eq(form, newest)))
            && combinator.forms.iter().all(|form| form.when.is_none())
    }
}

/// `133..=135 | 142..`: the layers of a form as a pattern.
pub(super) fn layer_pattern(form: &Form) -> String {
    let ranges = form.layers.0.iter().map(|(from, to)| match to {
        Some(to) if to == from => format!("{from}"),
        Some(to) => format!("{from}..={to}"),
        None => format!("{from}.."),
    });
    ranges.collect::<Vec<_>>().join(" | ")
}

/// Words that follow each other and are written at once.
struct Words(Vec<String>);

impl Words {
    fn new(id: Option<u32>) -> Self {
        Self(id.map(|id| format!("0x{id:08x}")).into_iter().collect())
    }

    /// Writes them, then what comes behind.
    fn flush(&mut self, out: &mut String, behind: &str) {
        let words = std::mem::take(&mut self.0);
        let _ = match &words[..] {
            [] => Ok(()),
            [word] => writeln!(out, "wr.u32({word});"),
            _ => writeln!(out, "wr.words([{}]);", words.join(", ")),
        };
        if !behind.is_empty() {
            let _ = writeln!(out, "{}", behind.trim_end());
        }
    }
}

/// Fields in wire order; optional ones that follow each other are together.
enum Run<'a> {
    One(&'a Field),
    Optional(Vec<&'a Field>),
}

/// So many optional fields in a row are worth a test of all their bits at once.
const RUN_LEN_MIN: usize = 3;

fn runs(form: &Form) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut open: Vec<&Field> = Vec::new();
    let close = |open: &mut Vec<_>, runs: &mut Vec<_>| {
        let fields = std::mem::take(open);
        if fields.len() >= RUN_LEN_MIN {
            runs.push(Run::Optional(fields));
        } else {
            runs.extend(fields.into_iter().map(Run::One));
        }
    };
    for field in &form.fields {
        match (&field.ty, &field.condition) {
            // Flags take no bytes: they stand in nobody's way.
            (Ty::Flag, _) => runs.push(Run::One(field)),
            (_, Some(_)) => open.push(field),
            (_, None) => {
                close(&mut open, &mut runs);
                runs.push(Run::One(field));
            }
        }
    }
    close(&mut open, &mut runs);
    runs
}

/// Statements for optional fields, so that those of which no bit is set are passed by together.
fn skipping(fields: &[&Field], statement: &impl Fn(&Field) -> String) -> String {
    if fields.len() < RUN_LEN_MIN {
        return fields.iter().map(|field| statement(field)).collect();
    }
    let inner: String = match fields.len() {
        ..=5 => fields.iter().map(|field| statement(field)).collect(),
        len => fields
            .chunks(len.div_ceil(len.div_ceil(4)))
            .map(|part| skipping(part, statement))
            .collect(),
    };
    format!("if {} {{\n{inner}}}\n", mask(fields))
}

/// Whether the bit of any of these fields is set.
fn mask(fields: &[&Field]) -> String {
    let mut words: BTreeMap<&str, u32> = BTreeMap::new();
    for condition in fields.iter().filter_map(|field| field.condition.as_ref()) {
        *words.entry(&condition.word).or_default() |= 1 << condition.bit;
    }
    let tests = words
        .iter()
        .map(|(word, mask)| format!("{} & 0x{mask:x} != 0", word_name(word)));
    tests.collect::<Vec<_>>().join(" || ")
}

/// The value of a flags word.
fn bits_of(word: &str, bits: &BTreeMap<&Condition, Vec<String>>) -> String {
    let of_word = bits.iter().filter(|(condition, _)| condition.word == word);
    let terms: Vec<String> = of_word
        .map(|(condition, sets)| {
            let set = match &sets[..] {
                [only] => only.clone(),
                _ => group_name(condition),
            };
            format!("u32::from({set}) << {}", condition.bit)
        })
        .collect();
    if terms.is_empty() {
        "0".into()
    } else {
        terms.join(" | ")
    }
}

/// The variable that says whether all fields of a bit are there.
pub(crate) fn group_name(condition: &Condition) -> String {
    format!(
        "all_{}_{}",
        snake(&condition.word).trim_end_matches('_'),
        condition.bit
    )
}

/// The variable of a word of flags that was read.
pub(crate) fn word_name(word: &str) -> String {
    format!("word_{}", snake(word))
}

fn read_field(field: &Field) -> String {
    match &field.condition {
        None => read_value(&field.ty),
        Some(Condition { word, bit }) => {
            let set = format!("{} & 0x{:x} != 0", word_name(word), 1u32 << bit);
            match &field.ty {
                Ty::Flag => set,
                ty if holds_bare(ty) => {
                    format!(
                        "if {set} {{ Some({}) }} else {{ None }}",
                        read_value(&field.ty)
                    )
                }
                _ => format!("rd.optional({set})?"),
            }
        }
    }
}

fn read_value(ty: &Ty) -> String {
    match ty {
        Ty::Int => "rd.i32()?".into(),
        Ty::Long => "rd.i64()?".into(),
        Ty::Double => "rd.f64()?".into(),
        Ty::Nat | Ty::Flags => "rd.u32()?".into(),
        Ty::Bool => "rd.bool()?".into(),
        Ty::Str => "rd.string()?".into(),
        Ty::Bytes => "rd.bytes()?".into(),
        Ty::Int128 | Ty::Int256 => "rd.array()?".into(),
        Ty::Bare(_) => "Bare::read(rd)?".into(),
        Ty::BareVector(item) if holds_bare(item) => {
            format!("rd.bare_items(|rd| Ok({}))?", read_value(item))
        }
        Ty::BareVector(_) => "rd.bare_vector()?".into(),
        Ty::Vector(item) if holds_bare(item) => {
            format!("rd.boxed_items(|rd| Ok({}))?", read_value(item))
        }
        Ty::Flag | Ty::True | Ty::Vector(_) | Ty::Boxed(_) | Ty::Object | Ty::Query(_) => {
            "Decode::decode(rd)?".into()
        }
    }
}

/// Whether values are read and written otherwise than their Rust type says.
fn holds_bare(ty: &Ty) -> bool {
    match ty {
        Ty::Bare(_) | Ty::BareVector(_) => true,
        Ty::Vector(item) => holds_bare(item),
        _ => false,
    }
}

fn write_value(ty: &Ty, name: &str) -> String {
    match ty {
        Ty::Int => format!("wr.i32(*{name});"),
        Ty::Long => format!("wr.i64(*{name});"),
        Ty::Double => format!("wr.f64(*{name});"),
        Ty::Nat | Ty::Flags => format!("wr.u32(*{name});"),
        Ty::Bool => format!("wr.bool(*{name});"),
        Ty::Str => format!("wr.bytes({name}.as_bytes());"),
        Ty::Bytes => format!("wr.bytes({name});"),
        Ty::Int128 | Ty::Int256 => format!("wr.raw({name});"),
        Ty::Bare(_) => format!("Bare::write({name}, wr);"),
        Ty::BareVector(item) if holds_bare(item) => {
            format!(
                "wr.bare_items({name}, |x, wr| {{ {} }});",
                write_value(item, "x")
            )
        }
        Ty::BareVector(_) => format!("wr.bare_vector({name});"),
        Ty::Vector(item) if holds_bare(item) => {
            format!(
                "wr.boxed_items({name}, |x, wr| {{ {} }});",
                write_value(item, "x")
            )
        }
        Ty::Flag | Ty::True | Ty::Vector(_) | Ty::Boxed(_) | Ty::Object | Ty::Query(_) => {
            format!("Encode::encode({name}, wr);")
        }
    }
}

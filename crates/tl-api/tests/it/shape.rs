//! The shortest values of every form, and hostile ones made from them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::LazyLock,
};

use tlgen::{
    ast::Kind,
    model::{Form, FormRef, Ty, TypeIndex},
};

use crate::schema::MODEL;

pub(crate) const VECTOR: [u8; 4] = 0x1cb5c415u32.to_le_bytes();
const BOOL_FALSE: u32 = 0xbc799737;
const TRUE: u32 = 0x3fedd339;

/// The shortest boxed value of each type, over the forms of all layers.
static SHORTEST: LazyLock<BTreeMap<TypeIndex, Vec<u8>>> = LazyLock::new(|| {
    let mut known = BTreeMap::new();
    loop {
        let mut changed = false;
        for (at, ty) in MODEL.types.iter().enumerate() {
            for form in ty
                .constructors
                .iter()
                .flat_map(|c| &MODEL.combinators[*c].forms)
            {
                let Some(value) = value(&known, form, None) else {
                    continue;
                };
                let shorter = |old: &Vec<u8>| value.len() < old.len();
                if known.get(&at).is_none_or(shorter) {
                    known.insert(at, value);
                    changed = true;
                }
            }
        }
        if !changed {
            return known;
        }
    }
});

/// A field of a form, by its index.
pub(crate) type FieldIndex = usize;

/// The shortest value of a form, with its id.
pub(crate) fn shortest(form: &Form) -> Vec<u8> {
    value(&SHORTEST, form, None).expect("every form has a value")
}

/// A value of a form in which one field is there and has the bytes `inner`.
pub(crate) fn around(form: &Form, field: FieldIndex, inner: &[u8]) -> Vec<u8> {
    value(&SHORTEST, form, Some((field, inner))).expect("every form has a value")
}

/// The beginning of such a value, up to the field.
pub(crate) fn before(form: &Form, field: FieldIndex) -> Vec<u8> {
    let mut out = Vec::new();
    fields(&SHORTEST, form, Some((field, &[])), field, &mut out).expect("every form has a value");
    out
}

type Known = BTreeMap<TypeIndex, Vec<u8>>;

fn value(known: &Known, form: &Form, with: Option<(FieldIndex, &[u8])>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    fields(known, form, with, form.fields.len(), &mut out).map(|()| out)
}

fn fields(
    known: &Known,
    form: &Form,
    with: Option<(FieldIndex, &[u8])>,
    until: FieldIndex,
    out: &mut Vec<u8>,
) -> Option<()> {
    out.extend(form.id.to_le_bytes());
    let condition = with.and_then(|(at, _)| form.fields[at].condition.as_ref());
    for (at, field) in form.fields.iter().enumerate().take(until) {
        if field.ty == Ty::Flags {
            let bit = condition.filter(|condition| condition.word == field.name);
            out.extend(
                bit.map_or(0u32, |condition| 1 << condition.bit)
                    .to_le_bytes(),
            );
            continue;
        }
        if field.condition.is_some() && field.condition.as_ref() != condition {
            continue;
        }
        match with {
            Some((here, inner)) if here == at => out.extend(inner),
            _ => plain(known, &field.ty, out)?,
        }
    }
    Some(())
}

fn plain(known: &Known, ty: &Ty, out: &mut Vec<u8>) -> Option<()> {
    match ty {
        Ty::Int | Ty::Nat | Ty::Str | Ty::Bytes => out.extend([0; 4]),
        Ty::Long | Ty::Double => out.extend([0; 8]),
        Ty::Int128 => out.extend([0; 16]),
        Ty::Int256 => out.extend([0; 32]),
        Ty::Bool => out.extend(BOOL_FALSE.to_le_bytes()),
        Ty::True => out.extend(TRUE.to_le_bytes()),
        Ty::Flag | Ty::Flags | Ty::Object => {}
        Ty::Vector(_) => out.extend([VECTOR, [0; 4]].concat()),
        Ty::BareVector(_) => out.extend([0; 4]),
        Ty::Boxed(index) => out.extend(known.get(index)?),
        Ty::Bare(index) => {
            out.extend(&value(known, MODEL.combinators[*index].newest(), None)?[4..]);
        }
        Ty::Query(_) => {
            let config = MODEL
                .combinators
                .iter()
                .find(|c| c.name.to_string() == "help.getConfig");
            out.extend(config?.newest().id.to_le_bytes());
        }
    }
    Some(())
}

/// What a field holds behind its vectors, and the bytes of one such item within them.
pub(crate) fn item<'t>(ty: &'t Ty, inner: &mut Vec<u8>) -> &'t Ty {
    let (Ty::Vector(of) | Ty::BareVector(of)) = ty else {
        return ty;
    };
    let leaf = item(of, inner);
    inner.splice(..0, [1, 0, 0, 0]);
    if matches!(ty, Ty::Vector(_)) {
        inner.splice(..0, VECTOR);
    }
    leaf
}

/// A step from a value to one within it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) form: FormRef,
    pub(crate) field: FieldIndex,
    /// Nothing for a call within a call.
    from: Option<TypeIndex>,
    to: Option<TypeIndex>,
}

impl Step {
    pub(crate) fn form(&self) -> &'static Form {
        MODEL.form(self.form)
    }

    pub(crate) fn ty(&self) -> &'static Ty {
        &self.form().fields[self.field].ty
    }

    /// The outer value around the inner one.
    pub(crate) fn wrap(&self, inner: &[u8]) -> Vec<u8> {
        let mut inner = inner.to_vec();
        item(self.ty(), &mut inner);
        around(self.form(), self.field, &inner)
    }
}

/// All ways in which a value can hold one of its own type: for each step that can be part of such
/// a way, the shortest one.
pub(crate) fn cycles() -> Vec<Vec<Step>> {
    let steps = steps();
    let back = |step: &Step| {
        let mut ways: VecDeque<Vec<Step>> = VecDeque::from([vec![*step]]);
        let mut seen = vec![step.to];
        while let Some(way) = ways.pop_front() {
            let end = way.last().expect("a way has steps").to;
            if end == step.from {
                return Some(way);
            }
            for next in steps.iter().filter(|next| next.from == end) {
                if next.to == step.from || !seen.contains(&next.to) {
                    seen.push(next.to);
                    ways.push_back([way.as_slice(), &[*next]].concat());
                }
            }
        }
        None
    };
    steps.iter().filter_map(back).collect()
}

fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    for form in MODEL.by_id.values() {
        let combinator = &MODEL.combinators[form.combinator];
        for (field, of) in MODEL.form(*form).fields.iter().enumerate() {
            let (from, to) = match (
                combinator.kind,
                &combinator.result,
                item(&of.ty, &mut vec![]),
            ) {
                (Kind::Function, _, Ty::Query(_)) => (None, None),
                (Kind::Constructor, Ty::Boxed(from), Ty::Boxed(to)) => (Some(*from), Some(*to)),
                (Kind::Constructor, Ty::Boxed(from), Ty::Bare(to)) => {
                    let Ty::Boxed(to) = MODEL.combinators[*to].result else {
                        continue;
                    };
                    (Some(*from), Some(to))
                }
                _ => continue,
            };
            let same = |a: TypeIndex, b: TypeIndex| MODEL.types[a].cycle == MODEL.types[b].cycle;
            let step = Step {
                form: *form,
                field,
                from,
                to,
            };
            match (from, to) {
                (Some(from), Some(to)) if !same(from, to) => {}
                _ => steps.push(step),
            }
        }
    }
    steps
}

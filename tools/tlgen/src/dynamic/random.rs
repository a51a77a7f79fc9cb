//! Random wire values of any form of any layer.

use std::collections::{BTreeMap, BTreeSet};

use super::LayerView;
use crate::{
    ast::Condition,
    model::{Field, Form, FormRef, Ty, TypeIndex},
};

const VECTOR: u32 = 0x1cb5c415;
const BOOL_TRUE: u32 = 0x997275b5;
const BOOL_FALSE: u32 = 0xbc799737;
const TRUE: u32 = 0x3fedd339;

/// Where random choices come from: a seeded generator, or the input of a fuzzer.
pub trait Entropy {
    /// The next 64 bits.
    fn next(&mut self) -> u64;

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// True once in `one_in` times.
    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// SplitMix64: small, seeded, the same everywhere.
#[derive(Clone, Debug)]
pub struct Seeded(pub u64);

impl Entropy for Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
        z ^ (z >> 31)
    }
}

/// What values must keep to, for readers that cannot hold everything that TL can say. Fields are
/// named `name.field`; the name may be `*`.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `long` stays below 2 to this power in size.
    pub long_bits: Option<u32>,
    /// Strings do not begin with a byte order mark.
    pub no_leading_bom: bool,
    /// An optional vector is never empty.
    pub no_empty_optional_vectors: bool,
    /// An optional vector is always there.
    pub fill_optional_vectors: bool,
    /// Optional fields that are always absent.
    pub unset: BTreeSet<String>,
    /// Optional fields that are always there.
    pub set: BTreeSet<String>,
    /// Numbers that are not 0.
    pub nonzero: BTreeSet<String>,
    /// Numbers that are not negative.
    pub nonnegative: BTreeSet<String>,
    /// Numbers, and strings, that have one value.
    pub fixed: BTreeMap<String, Fixed>,
    /// Vectors that are always empty.
    pub empty: BTreeSet<String>,
    /// Vectors that are never empty.
    pub filled: BTreeSet<String>,
    /// Constructors that occur only by themselves.
    pub not_nested: BTreeSet<String>,
}

/// The only value of a field.
#[derive(Clone, Debug)]
pub enum Fixed {
    /// `int` or `long`.
    Number(i64),
    /// `string` or `bytes`.
    Text(&'static str),
    /// Any value, as its words.
    Words(&'static [u32]),
}

impl Limits {
    fn names(&self, set: &BTreeSet<String>, form: &Form, field: &str) -> bool {
        !set.is_empty()
            && (set.contains(&format!("{}.{field}", form.name))
                || set.contains(&format!("*.{field}")))
    }
}

/// Makes values for one layer.
#[derive(Debug)]
pub struct Random<'a> {
    view: &'a LayerView<'a>,
    limits: &'a Limits,
    /// The fewest levels that a value of a type takes; absent if it has none at this layer.
    heights: BTreeMap<TypeIndex, usize>,
}

/// How deep optional fields and long vectors go.
const FULL_DEPTH: usize = 2;
/// Beyond this only what must be there is.
const DEPTH_MAX: usize = 3;

impl<'a> Random<'a> {
    /// For the layer of `view`.
    pub fn new(view: &'a LayerView<'a>, limits: &'a Limits) -> Self {
        let mut random = Self {
            view,
            limits,
            heights: BTreeMap::new(),
        };
        // Each round finds the types that are one level higher than those of the round before.
        loop {
            let mut found = Vec::new();
            for ty in 0..view.model.types.len() {
                if !random.heights.contains_key(&ty)
                    && view
                        .constructors(ty)
                        .iter()
                        .any(|form| random.height(*form).is_some())
                {
                    found.push(ty);
                }
            }
            if found.is_empty() {
                return random;
            }
            let height = random.heights.values().max().map_or(1, |height| height + 1);
            random
                .heights
                .extend(found.into_iter().map(|ty| (ty, height)));
        }
    }

    fn height(&self, form: FormRef) -> Option<usize> {
        let required = self
            .view
            .model
            .form(form)
            .fields
            .iter()
            .filter(|field| field.condition.is_none());
        required
            .map(|field| self.type_height(&field.ty))
            .try_fold(0, |max, height| height.map(|height| max.max(height)))
    }

    fn type_height(&self, ty: &Ty) -> Option<usize> {
        match ty {
            Ty::Boxed(index) => self.heights.get(index).copied(),
            Ty::Bare(index) => self.height(FormRef {
                combinator: *index,
                form: 0,
            }),
            _ => Some(0),
        }
    }

    /// Whether a value can be made at all: all required types have constructors at this layer.
    pub fn can_make(&self, form: FormRef) -> bool {
        self.height(form).is_some()
    }

    /// Whether a value of a type can be made.
    pub fn can_make_type(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Vector(item) | Ty::BareVector(item) => self.can_make_type(item),
            _ => self.type_height(ty).is_some(),
        }
    }

    /// A boxed value of one form: its id and fields.
    pub fn value(&self, form: FormRef, entropy: &mut impl Entropy) -> Vec<u8> {
        let mut out = Vec::new();
        self.boxed(form, 0, entropy, &mut out);
        out
    }

    /// A value of a type.
    pub fn value_of(&self, ty: &Ty, entropy: &mut impl Entropy) -> Vec<u8> {
        let mut out = Vec::new();
        self.plain(ty, 0, entropy, &mut out);
        out
    }

    fn boxed(&self, at: FormRef, depth: usize, entropy: &mut impl Entropy, out: &mut Vec<u8>) {
        let form = self.view.model.form(at);
        out.extend(form.id.to_le_bytes());
        self.fields(form, depth, entropy, out);
    }

    fn fields(&self, form: &Form, depth: usize, entropy: &mut impl Entropy, out: &mut Vec<u8>) {
        let mut bits: BTreeMap<&Condition, bool> = BTreeMap::new();
        for field in &form.fields {
            let Some(condition) = &field.condition else {
                continue;
            };
            // Whatever shares the bit is there as a whole or not at all (A9).
            let group = || {
                form.fields
                    .iter()
                    .filter(|f| f.condition.as_ref() == Some(condition))
            };
            bits.entry(condition)
                .or_insert_with(|| self.present(form, group, depth, entropy));
        }
        for field in &form.fields {
            match (&field.ty, &field.condition) {
                (Ty::Flags, _) => {
                    let set = bits.iter().filter(|(c, set)| c.word == field.name && **set);
                    let word = set.fold(0u32, |word, (c, _)| word | 1 << c.bit);
                    out.extend(word.to_le_bytes());
                }
                (Ty::Flag, _) => {}
                (_, Some(condition)) if !bits[condition] => {}
                _ => self.field(form, field, depth, entropy, out),
            }
        }
    }

    fn present<'f, I: Iterator<Item = &'f Field>>(
        &self,
        form: &Form,
        group: impl Fn() -> I,
        depth: usize,
        entropy: &mut impl Entropy,
    ) -> bool {
        let limits = self.limits;
        if group().any(|field| limits.names(&limits.unset, form, &field.name)) {
            return false;
        }
        if group().any(|field| !self.can_make_type(&field.ty)) {
            return false;
        }
        let vector = |field: &Field| matches!(field.ty, Ty::Vector(_));
        if group().any(|field| limits.names(&limits.set, form, &field.name))
            || (limits.fill_optional_vectors && group().any(vector))
        {
            return true;
        }
        let heavy = group().any(|field| matches!(field.ty, Ty::Boxed(_) | Ty::Vector(_)));
        match (depth, heavy) {
            (0, _) => entropy.chance(2),
            (_, false) => entropy.chance(2),
            (FULL_DEPTH.., true) => false,
            (_, true) => entropy.chance(3),
        }
    }

    fn field(
        &self,
        form: &Form,
        field: &Field,
        depth: usize,
        entropy: &mut impl Entropy,
        out: &mut Vec<u8>,
    ) {
        let limits = self.limits;
        match limits.fixed.get(&format!("{}.{}", form.name, field.name)) {
            Some(Fixed::Number(number)) => {
                let len = if field.ty == Ty::Long { 8 } else { 4 };
                return out.extend(&number.to_le_bytes()[..len]);
            }
            Some(Fixed::Text(text)) => return string(text.as_bytes(), out),
            Some(Fixed::Words(words)) => {
                return out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            }
            None => {}
        }
        let from = out.len();
        let vector = matches!(field.ty, Ty::Vector(_));
        if vector && limits.names(&limits.empty, form, &field.name) {
            out.extend(VECTOR.to_le_bytes());
            return out.extend([0; 4]);
        }
        let fill = limits.no_empty_optional_vectors || limits.fill_optional_vectors;
        let filled =
            (field.condition.is_some() && fill) || limits.names(&limits.filled, form, &field.name);
        match &field.ty {
            Ty::Vector(item) if filled => self.vector(item, true, 1, depth, entropy, out),
            ty => self.plain(ty, depth, entropy, out),
        }
        let Some(number) = out
            .get_mut(from..)
            .filter(|_| matches!(field.ty, Ty::Int | Ty::Long))
        else {
            return;
        };
        if limits.names(&limits.nonnegative, form, &field.name) {
            let last = number.len() - 1;
            number[last] &= 0x7f;
        }
        if limits.names(&limits.nonzero, form, &field.name) && number.iter().all(|byte| *byte == 0)
        {
            number[0] = 1;
        }
    }

    fn plain(&self, ty: &Ty, depth: usize, entropy: &mut impl Entropy, out: &mut Vec<u8>) {
        match ty {
            Ty::Int | Ty::Nat => out.extend(self.int(entropy).to_le_bytes()),
            Ty::Long => out.extend(self.long(entropy).to_le_bytes()),
            Ty::Double => {
                // Halves of small numbers are exact in every reader.
                let halves = i32::try_from(entropy.below(1 << 20)).unwrap_or(0) - (1 << 19);
                out.extend((f64::from(halves) / 2.0).to_le_bytes());
            }
            Ty::Int128 | Ty::Int256 => {
                for _ in 0..if *ty == Ty::Int128 { 2 } else { 4 } {
                    out.extend(entropy.next().to_le_bytes());
                }
            }
            Ty::Str => self.text(entropy, out),
            Ty::Bytes => {
                let len = length(entropy);
                let bytes: Vec<u8> = (0..len).map(|_| entropy.next().to_le_bytes()[0]).collect();
                string(&bytes, out);
            }
            Ty::Bool => {
                let id = if entropy.chance(2) {
                    BOOL_TRUE
                } else {
                    BOOL_FALSE
                };
                out.extend(id.to_le_bytes());
            }
            Ty::True => out.extend(TRUE.to_le_bytes()),
            Ty::Flag | Ty::Flags => {}
            Ty::Vector(item) => self.vector(item, true, 0, depth, entropy, out),
            Ty::BareVector(item) => self.vector(item, false, 0, depth, entropy, out),
            Ty::Boxed(index) => {
                if let Some(form) = self.pick(*index, depth, entropy) {
                    self.boxed(form, depth + 1, entropy, out);
                }
            }
            Ty::Bare(index) => {
                let form = self.view.model.combinators[*index].newest();
                self.fields(form, depth + 1, entropy, out);
            }
            Ty::Object => string(b"", out),
            Ty::Query(_) => {
                let plain = |form: &&FormRef| {
                    let combinator = &self.view.model.combinators[form.combinator];
                    combinator.generics.is_empty() && self.can_make(**form) && self.may_nest(**form)
                };
                let functions: Vec<_> = self.view.functions().iter().filter(plain).collect();
                if !functions.is_empty() {
                    let form = *functions[entropy.below(functions.len())];
                    self.boxed(form, depth + 1, entropy, out);
                }
            }
        }
    }

    fn vector(
        &self,
        item: &Ty,
        boxed: bool,
        least: usize,
        depth: usize,
        entropy: &mut impl Entropy,
        out: &mut Vec<u8>,
    ) {
        let most = if depth < FULL_DEPTH { 3 } else { 1 };
        let len = if self.can_make_type(item) {
            entropy.below(most + 1).max(least)
        } else {
            0
        };
        let len = if depth >= DEPTH_MAX { least } else { len };
        if boxed {
            out.extend(VECTOR.to_le_bytes());
        }
        out.extend(u32::try_from(len).unwrap_or(0).to_le_bytes());
        for _ in 0..len {
            self.plain(item, depth + 1, entropy, out);
        }
    }

    fn pick(&self, ty: TypeIndex, depth: usize, entropy: &mut impl Entropy) -> Option<FormRef> {
        let nested = |form: &&FormRef| self.may_nest(**form);
        let all = self.view.constructors(ty);
        let with_height = |form: &FormRef| Some((self.height(*form)?, *form));
        let mut makeable: Vec<_> = all.iter().filter(nested).filter_map(with_height).collect();
        if makeable.is_empty() {
            makeable.extend(all.iter().filter_map(with_height));
        }
        let lowest = makeable.iter().map(|(height, _)| *height).min()?;
        let allowed = |height: usize| depth < DEPTH_MAX || height == lowest;
        let fitting: Vec<_> = makeable
            .into_iter()
            .filter(|(height, _)| allowed(*height))
            .collect();
        Some(fitting[entropy.below(fitting.len())].1)
    }

    /// Not excluded, and not the old one of two names that are in force at once.
    fn may_nest(&self, at: FormRef) -> bool {
        let combinator = &self.view.model.combinators[at.combinator];
        let form = &combinator.forms[at.form];
        let outlived = form.alias
            && form.when.is_none()
            && combinator
                .forms
                .iter()
                .any(|other| !other.alias && other.layers.contains(self.view.layer));
        !outlived && !self.limits.not_nested.contains(&form.name.to_string())
    }

    fn int(&self, entropy: &mut impl Entropy) -> i32 {
        const EDGES: [i32; 6] = [0, 1, -1, i32::MAX, i32::MIN, 777000];
        match entropy.below(8) {
            edge @ 0..6 => EDGES[edge],
            _ => u32::try_from(entropy.next() >> 32)
                .unwrap_or(0)
                .cast_signed(),
        }
    }

    fn long(&self, entropy: &mut impl Entropy) -> i64 {
        let value = match entropy.below(4) {
            0 => i64::from(self.int(entropy)),
            1 => [i64::MAX, i64::MIN, 1 << 32, -(1 << 53)][entropy.below(4)],
            _ => entropy.next().cast_signed(),
        };
        match self.limits.long_bits {
            Some(bits) => value % (1 << bits),
            None => value,
        }
    }

    fn text(&self, entropy: &mut impl Entropy, out: &mut Vec<u8>) {
        const LETTERS: [char; 10] = ['a', 'Z', ' ', '0', 'ж', 'é', '語', '🙂', '\u{feff}', '\n'];
        let len = length(entropy);
        let mut text = String::new();
        while text.len() < len {
            let letter = LETTERS[entropy.below(LETTERS.len())];
            if text.is_empty() && letter == '\u{feff}' && self.limits.no_leading_bom {
                continue;
            }
            text.push(letter);
        }
        string(text.as_bytes(), out);
    }
}

/// Mostly short; sometimes around the length at which the long form begins (A21).
fn length(entropy: &mut impl Entropy) -> usize {
    match entropy.below(16) {
        0 => 0,
        1 => 250 + entropy.below(10),
        2 => entropy.below(600),
        _ => entropy.below(12),
    }
}

fn string(data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    match u8::try_from(data.len()) {
        Ok(len @ 0..=253) => out.push(len),
        _ => {
            out.push(254);
            out.extend(&data.len().to_le_bytes()[..3]);
        }
    }
    out.extend(data);
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
}

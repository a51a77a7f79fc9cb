//! Decode what a client of one layer sends, encode it for the same and for every other layer.

use std::collections::BTreeMap;

use bytes::Bytes;
use tlgen::{
    ast::Kind,
    dynamic::{Entropy, Random, Seeded, Walker},
    model::{FormRef, Ty},
};

use crate::{
    lossy::{is_never_written, limits},
    schema::{MODEL, VIEWS, Value, kind, seed},
};

/// What a walk found, by name.
#[derive(Default)]
struct Report {
    same: usize,
    refused: usize,
    other: usize,
    without_form: usize,
    faults: BTreeMap<String, (usize, String)>,
}

impl Report {
    fn fault(&mut self, name: &str, what: String) {
        self.faults.entry(name.to_owned()).or_insert((0, what)).0 += 1;
    }

    fn finish(&self) {
        println!(
            "{} pairs of name and layer came back as the same bytes",
            self.same
        );
        println!("{} are never written at their layer", self.refused);
        println!("{} encodings for another layer were walked", self.other);
        println!("{} more have no form there", self.without_form);
        for (name, (count, what)) in &self.faults {
            println!("{name} ({count}): {what}");
        }
        assert!(
            self.faults.is_empty(),
            "{} names have faults",
            self.faults.len()
        );
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many other layers each pair is encoded for; `ALL_LAYERS=1` asks for all of them.
pub(crate) const OTHER_LAYERS: usize = 3;

#[test]
fn values_come_back_at_their_layer_and_are_known_at_every_other() {
    let mut entropy = Seeded(seed());
    let all = std::env::var_os("ALL_LAYERS").is_some();
    let mut report = Report::default();
    for (at, view) in VIEWS.iter().enumerate() {
        let limits = limits(view.layer);
        let random = Random::new(view, &limits);
        for form in view
            .all_constructors()
            .chain(view.functions().iter().copied())
        {
            if !random.can_make(form) {
                report.fault(
                    &MODEL.form(form).name.to_string(),
                    "no value can be made".into(),
                );
                continue;
            }
            let frame = Bytes::from(random.value(form, &mut entropy));
            let Some(value) = comes_back(form, view.layer, &frame, &mut report) else {
                continue;
            };
            let others: Vec<usize> = match all {
                true => (0..VIEWS.len()).filter(|other| *other != at).collect(),
                false => (0..OTHER_LAYERS)
                    .map(|_| entropy.below(VIEWS.len()))
                    .collect(),
            };
            for other in others {
                is_known(form, &value, other, &mut report);
            }
        }
    }
    report.finish();
}

/// Decodes a value of `layer` and encodes it again for the same.
fn comes_back(form: FormRef, layer: u16, frame: &Bytes, report: &mut Report) -> Option<Value> {
    let name = MODEL.form(form).name.to_string();
    let never = is_never_written(&name, layer);
    let value = match Value::decode(kind(form), frame) {
        Ok(value) => value,
        Err(_) if never => {
            report.refused += 1;
            return None;
        }
        Err(error) => {
            report.fault(&name, format!("layer {layer}: {error}: {}", hex(frame)));
            return None;
        }
    };
    match value.encode(layer) {
        None if never => report.refused += 1,
        Some(bytes) if bytes == *frame && !never => report.same += 1,
        // Two names were in use at once; the one that lived on is written.
        Some(bytes) if MODEL.form(form).alias && bytes[..4] != frame[..4] => {
            walk(form, &bytes, index(layer), report);
            report.same += 1;
        }
        Some(bytes) => {
            let what = format!("layer {layer}:\n  {}\n  {}", hex(frame), hex(&bytes));
            report.fault(&name, what);
        }
        None => report.fault(&name, format!("layer {layer}: no form: {}", hex(frame))),
    }
    Some(value)
}

/// Encodes a value for another layer and reads it as a client of this layer would.
fn is_known(form: FormRef, value: &Value, other: usize, report: &mut Report) {
    match value.encode(VIEWS[other].layer) {
        None => report.without_form += 1,
        Some(bytes) => {
            report.other += 1;
            walk(form, &bytes, other, report);
        }
    }
}

fn walk(form: FormRef, bytes: &[u8], other: usize, report: &mut Report) {
    let walker = Walker::new(&VIEWS[other]);
    let walked = match (kind(form), &MODEL.combinators[form.combinator].result) {
        (Kind::Function, _) => walker.walk_function(bytes),
        (Kind::Constructor, ty @ Ty::Boxed(_)) => walker.walk(ty, bytes),
        (Kind::Constructor, ty) => panic!("{ty:?} is no boxed type"),
    };
    if let Err(fault) = walked {
        report.fault(
            &MODEL.form(form).name.to_string(),
            format!("{fault}: {}", hex(bytes)),
        );
    }
}

fn index(layer: u16) -> usize {
    VIEWS
        .iter()
        .position(|view| view.layer == layer)
        .expect("a published layer")
}

/// An update that is left out would tear a hole into the sequence of pts.
#[test]
fn updates_with_pts_have_a_form_at_every_layer() {
    let newest = VIEWS.last().expect("there are layers");
    let limits = limits(newest.layer);
    let random = Random::new(newest, &limits);
    let mut entropy = Seeded(seed());
    let update = MODEL
        .type_named(&"Update".into())
        .expect("the type is there");
    let mut counted = 0;
    for form in newest.constructors(update) {
        if MODEL.form(*form).field("pts").is_none() {
            continue;
        }
        counted += 1;
        for _ in 0..20 {
            let frame = Bytes::from(random.value(*form, &mut entropy));
            let value = Value::decode(kind(*form), &frame).expect("a sound value");
            for view in VIEWS.iter() {
                let name = &MODEL.form(*form).name;
                assert!(
                    value.encode(view.layer).is_some(),
                    "{name} at {}",
                    view.layer
                );
            }
        }
    }
    assert!(counted >= 15, "only {counted} updates carry pts");
}

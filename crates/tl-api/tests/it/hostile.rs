//! Bytes that no honest client sends, for every form: an error or a value, never a panic, a full
//! stack or much memory.

use std::{collections::BTreeMap, thread};

use bytes::Bytes;
use tl::DecodeError;
use tlgen::{
    ast::Kind,
    dynamic::{Entropy, Limits, Random, Seeded},
    model::{FormRef, Ty},
};

use crate::{
    allocation::{Allocated, count},
    layers::hex,
    schema::{MODEL, VIEWS, Value, kind, seed},
    shape::{self, Step, VECTOR},
};

/// Longer values are replaced by the shortest of their form, bytes.
const LEN_MAX: usize = 300;
/// How often a shorter value is tried for.
const TRIES: usize = 8;
/// Bits that are flipped in each value.
const FLIPS: usize = 24;
/// What a network thread may have at least, bytes: a quarter of what threads have by default, half
/// of it where nothing is optimised. (There the texts of pages take the most, between 512 and 640
/// KiB for 64 levels.)
const SMALL_STACK_LEN: usize = if cfg!(debug_assertions) {
    1 << 20
} else {
    1 << 19
};

/// Each id once, with a random value of the first layer that has it.
fn values(entropy: &mut Seeded) -> Vec<(FormRef, Vec<u8>)> {
    let limits = Limits::default();
    let randoms: Vec<_> = VIEWS
        .iter()
        .map(|view| Random::new(view, &limits))
        .collect();
    let newest = VIEWS.len() - 1;
    let first = |from: u16| VIEWS.iter().position(|view| view.layer >= from);
    MODEL
        .by_id
        .values()
        .map(|at| {
            let form = MODEL.form(*at);
            let random = &randoms[first(form.from).unwrap_or(newest)];
            let random = if random.can_make(*at) {
                (0..TRIES)
                    .map(|_| random.value(*at, entropy))
                    .find(|value| value.len() <= LEN_MAX)
            } else {
                None
            };
            (*at, random.unwrap_or_else(|| shape::shortest(form)))
        })
        .collect()
}

fn name(at: FormRef) -> String {
    let form = MODEL.form(at);
    format!("{}#{:08x}", form.name, form.id)
}

/// Whether the value may end anywhere: its last field is whatever is left.
fn is_open(at: FormRef) -> bool {
    let last = MODEL.form(at).fields.last();
    last.is_some_and(|field| field.ty == Ty::Object)
}

#[test]
fn truncations_at_every_length_are_errors() {
    let (mut forms, mut truncations) = (0, 0);
    for (at, value) in values(&mut Seeded(seed())) {
        let frame = Bytes::from(value);
        forms += 1;
        for len in (0..frame.len()).filter(|len| *len < 4 || !is_open(at)) {
            truncations += 1;
            let result = Value::decode(kind(at), &frame.slice(..len));
            assert!(
                result.is_err(),
                "{} cut to {len} bytes: {}",
                name(at),
                hex(&frame)
            );
        }
    }
    println!("{truncations} truncations of {forms} forms");
    assert!(forms > 3000 && truncations > 50_000);
}

#[test]
fn flipped_bits_give_an_error_or_a_value_that_can_be_written() {
    let mut entropy = Seeded(seed());
    let (mut errors, mut decoded) = (0, 0);
    for (at, value) in values(&mut entropy) {
        for _ in 0..FLIPS {
            let mut flipped = value.clone();
            let bit = entropy.below(flipped.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            match Value::decode(kind(at), &Bytes::from(flipped)) {
                Ok(value) => {
                    decoded += 1;
                    let layer = VIEWS[entropy.below(VIEWS.len())].layer;
                    drop(value.encode(layer));
                }
                Err(_) => errors += 1,
            }
        }
    }
    println!("{errors} flipped bits were errors, {decoded} gave another value");
    assert!(errors > 10_000 && decoded > 10_000);
}

/// Where vectors begin.
fn vectors(value: &[u8]) -> Vec<usize> {
    let place = |at: &usize| value[*at..].starts_with(&VECTOR) && value.len() >= at + 8;
    (4..value.len()).step_by(4).filter(place).collect()
}

#[test]
fn hostile_vector_counts_are_errors() {
    let mut places = 0;
    for (at, value) in values(&mut Seeded(seed())) {
        for place in vectors(&value) {
            places += 1;
            let rest = value.len() - place - 8;
            let too_many = u32::try_from(rest / 4 + 1).expect("a short value");
            for hostile in [too_many, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
                let mut value = value.clone();
                value[place + 4..place + 8].copy_from_slice(&hostile.to_le_bytes());
                let frame = Bytes::from(value);
                let (result, allocated) = count(|| Value::decode(kind(at), &frame).err());
                assert_eq!(
                    result,
                    Some(DecodeError::VectorCount { count: hostile }),
                    "{}: {}",
                    name(at),
                    hex(&frame)
                );
                // What stands before the vector may be there already.
                let most = frame.len() * HELD_MAX;
                assert!(
                    allocated.peak <= most,
                    "{}: {allocated:?}: {}",
                    name(at),
                    hex(&frame)
                );
            }
        }
    }
    println!("{places} vectors");
    assert!(places > 500);
}

#[test]
fn hostile_string_lengths_are_errors() {
    /// 16 MiB, 64 KiB, 254, 253 bytes that are not there; a length that does not exist.
    const HEADS: [&[u8]; 5] = [
        &[254, 255, 255, 255],
        &[254, 0, 0, 1],
        &[254, 254, 0, 0],
        &[253],
        &[255, 0, 0, 0],
    ];
    let mut fields = 0;
    for at in MODEL.by_id.values() {
        let form = MODEL.form(*at);
        for (index, field) in form.fields.iter().enumerate() {
            let mut head = Vec::new();
            if !matches!(shape::item(&field.ty, &mut head), Ty::Str | Ty::Bytes) {
                continue;
            }
            fields += 1;
            for string in HEADS {
                let value = [&*shape::before(form, index), &head, string, b"abcdefg"].concat();
                let frame = Bytes::from(value);
                let (result, allocated) = count(|| Value::decode(kind(*at), &frame).err());
                assert!(
                    result.is_some(),
                    "{}.{}: {}",
                    name(*at),
                    field.name,
                    hex(&frame)
                );
                assert!(
                    allocated.peak <= HELD_MAX * frame.len(),
                    "{}: {allocated:?}",
                    name(*at)
                );
            }
        }
    }
    println!("{fields} strings");
    assert!(fields > 1000);
}

/// Values that hold one of their own type, `levels` deep.
fn nested(cycle: &[Step], levels: usize) -> Bytes {
    let mut value = shape::shortest(cycle[levels % cycle.len()].form());
    for level in (0..levels).rev() {
        value = cycle[level % cycle.len()].wrap(&value);
    }
    Bytes::from(value)
}

fn cycle_name(cycle: &[Step]) -> String {
    let names: Vec<_> = cycle
        .iter()
        .map(|step| {
            format!(
                "{}.{}",
                name(step.form),
                step.form().fields[step.field].name
            )
        })
        .collect();
    names.join(" > ")
}

/// The most levels that every type may have: its last value may end in others that can nest.
const LEVELS_MAX: usize = 60;

fn nest_every_type() {
    let cycles = shape::cycles();
    for cycle in &cycles {
        let frame = nested(cycle, 200);
        let result = Value::decode(kind(cycle[0].form), &frame).err();
        assert!(
            matches!(result, Some(DecodeError::Depth { .. })),
            "{}: {result:?}",
            cycle_name(cycle)
        );
        // What is just not too deep is written, and dropped, on the same stack.
        let frame = nested(cycle, LEVELS_MAX);
        match Value::decode(kind(cycle[0].form), &frame) {
            Ok(value) => drop(value.encode(tl_api::NEWEST_LAYER)),
            Err(error) => panic!("{}: {error}", cycle_name(cycle)),
        }
    }
    println!("{} ways to nest", cycles.len());
    let first = |name: &str| {
        let has = |cycle: &Vec<Step>| cycle[0].form().name.to_string() == name && cycle.len() == 1;
        cycles.iter().any(has)
    };
    for known in [
        "inputPeerUserFromMessage",
        "pageBlockCover",
        "textBold",
        "jsonArray",
        "invokeWithLayer",
    ] {
        assert!(first(known), "{known} can hold itself");
    }
}

#[test]
fn values_that_nest_too_deep_are_errors_on_a_small_stack() {
    let thread = thread::Builder::new().stack_size(SMALL_STACK_LEN);
    let nesting = thread.spawn(nest_every_type).expect("a thread");
    nesting.join().expect("no fault");
}

/// What decoding may hold at one time for each byte of its input. An item of a vector takes at
/// least four bytes on the wire; in memory it takes the size of its type and what it boxes. A vector
/// that grows has up to twice the room it needs, and the old block is there while it moves.
const HELD_MAX: usize = 64;
/// The same for one block.
const BLOCK_MAX: usize = 40;
/// All vectors that are open at once reserve at most four bytes for each byte of the frame.
const RESERVED_MAX: usize = 4;
/// The same for one block.
const RESERVED_BLOCK_MAX: usize = 4;
/// Length of the hostile frames, bytes.
const FRAME_LEN: usize = 16 * 1024;

/// The worst that was seen.
#[derive(Default)]
struct Worst {
    held: (f64, String),
    block: (f64, String),
}

impl Worst {
    fn see(&mut self, allocated: Allocated, len: usize, name: impl FnOnce() -> String) {
        let ratio = |bytes: usize| bytes as f64 / len as f64;
        let (held, block) = (ratio(allocated.peak), ratio(allocated.largest));
        if held <= self.held.0 && block <= self.block.0 {
            return;
        }
        let name = name();
        if held > self.held.0 {
            self.held = (held, name.clone());
        }
        if block > self.block.0 {
            self.block = (block, name);
        }
    }

    fn finish(&self, what: &str, held_max: usize, block_max: usize) {
        println!(
            "{what}: at most {:.1} bytes held for a byte of input ({}), {:.1} in one block ({})",
            self.held.0, self.held.1, self.block.0, self.block.1
        );
        assert!(self.held.0 <= held_max as f64 && self.block.0 <= block_max as f64);
    }
}

#[test]
fn vectors_of_the_shortest_items_stay_within_a_multiple_of_the_input() {
    let mut worst = Worst::default();
    let mut seen = BTreeMap::new();
    for at in MODEL.by_id.values() {
        for (index, field) in MODEL.form(*at).fields.iter().enumerate() {
            let Ty::Vector(item) = &field.ty else {
                continue;
            };
            seen.entry((&**item, kind(*at) == Kind::Function))
                .or_insert((*at, index));
        }
    }
    let (mut decoded, mut refused) = (0, 0);
    for ((item, _), (at, index)) in seen {
        let Ty::Boxed(item) = item else {
            continue;
        };
        let constructors = &MODEL.types[*item].constructors;
        for form in constructors
            .iter()
            .flat_map(|c| &MODEL.combinators[*c].forms)
        {
            let one = shape::shortest(form);
            let len = FRAME_LEN / one.len();
            let head = [VECTOR, u32::try_from(len).expect("few items").to_le_bytes()].concat();
            let inner = [head, one.repeat(len)].concat();
            let frame = Bytes::from(shape::around(MODEL.form(at), index, &inner));
            let (result, allocated) = count(|| Value::decode(kind(at), &frame));
            match result {
                Ok(_) => decoded += 1,
                Err(_) => refused += 1,
            }
            worst.see(allocated, frame.len(), || {
                format!(
                    "{} in {}.{}",
                    form.name,
                    name(at),
                    MODEL.form(at).fields[index].name
                )
            });
        }
    }
    println!("{decoded} vectors of short items were read, {refused} refused");
    worst.finish("vectors that are there", HELD_MAX, BLOCK_MAX);
}

#[test]
fn vectors_that_are_not_there_stay_within_a_multiple_of_the_input() {
    /// As deep as values may be.
    const LEVELS: usize = 63;
    let mut worst = Worst::default();
    for cycle in shape::cycles() {
        let mut value = vec![0; FRAME_LEN];
        for level in (0..LEVELS).rev() {
            let step = &cycle[level % cycle.len()];
            let mut outer = shape::before(step.form(), step.field);
            if matches!(step.ty(), Ty::Vector(_)) {
                let len = u32::try_from(value.len() / 4).expect("a short value");
                outer.extend([VECTOR, len.to_le_bytes()].concat());
            }
            outer.append(&mut value);
            value = outer;
        }
        let frame = Bytes::from(value);
        let (result, allocated) = count(|| Value::decode(kind(cycle[0].form), &frame).err());
        assert!(result.is_some(), "{}", cycle_name(&cycle));
        worst.see(allocated, frame.len(), || cycle_name(&cycle));
    }
    worst.finish(
        "vectors that are not there",
        RESERVED_MAX,
        RESERVED_BLOCK_MAX,
    );
}

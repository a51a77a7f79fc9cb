//! Prints random values of one layer, encoded by the typed code, for other implementations to read:
//! `random_values --layer L [--seed S] [--count C] [LIMIT…]`, one value a line as `KIND NAME HEX`.
//! The limits are those of `tlgen::dynamic::Limits`, in words.

#![allow(clippy::print_stdout, reason = "it is what the example does")]

use std::{collections::BTreeSet, env, error::Error, fs, path::Path};

use tl::{Bytes, Decode, Encode, Layer, Reader, Writer};
use tl_api::{any::decode_any, call::Call};
use tlgen::{
    Input,
    ast::Kind,
    dynamic::{LayerView, Limits, Random, Seeded},
    model::Model,
};

struct Arguments {
    layer: u16,
    seed: u64,
    count: usize,
    limits: Limits,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments {
        layer,
        seed,
        count,
        limits,
    } = arguments(env::args().skip(1))?;
    let model = model()?;
    let view = LayerView::new(&model, layer);
    let random = Random::new(&view, &limits);
    let mut entropy = Seeded(seed);
    for form in view
        .all_constructors()
        .chain(view.functions().iter().copied())
    {
        // A core value, which every implementation knows by heart.
        if model.form(form).name.to_string() == "error" {
            continue;
        }
        let kind = model.combinators[form.combinator].kind;
        let word = if kind == Kind::Constructor {
            "type"
        } else {
            "function"
        };
        let mut left = count;
        // Some random requests mean nothing and are refused; another is tried.
        for _ in 0..count * 20 {
            let frame = Bytes::from(random.value(form, &mut entropy));
            let Some(bytes) = recode(kind, &frame, Layer(layer)) else {
                continue;
            };
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            println!("{word} {} {hex}", model.form(form).name);
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Through the typed value; `None` if it means nothing or has no form.
fn recode(kind: Kind, frame: &Bytes, layer: Layer) -> Option<Bytes> {
    let mut reader = Reader::new(frame);
    let mut writer = Writer::new(layer);
    match kind {
        Kind::Constructor => decode_any(&mut reader).ok()?.encode(&mut writer),
        Kind::Function => Call::decode(&mut reader).ok()?.encode(&mut writer),
    }
    reader.finish().ok()?;
    writer.finish().ok()
}

fn arguments(mut args: impl Iterator<Item = String>) -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments {
        layer: 0,
        seed: 7,
        count: 1,
        limits: Limits::default(),
    };
    while let Some(arg) = args.next() {
        let limits = &mut parsed.limits;
        let mut value = || args.next().ok_or_else(|| format!("{arg} takes a value"));
        let mut insert = |set: &mut BTreeSet<String>| value().map(|name| set.insert(name));
        match arg.as_str() {
            "--layer" => parsed.layer = value()?.parse()?,
            "--seed" => parsed.seed = value()?.parse()?,
            "--count" => parsed.count = value()?.parse()?,
            "--long-bits" => limits.long_bits = Some(value()?.parse()?),
            "--no-leading-bom" => limits.no_leading_bom = true,
            "--no-empty-optional-vectors" => limits.no_empty_optional_vectors = true,
            "--fill-optional-vectors" => limits.fill_optional_vectors = true,
            "--unset" => drop(insert(&mut limits.unset)?),
            "--set" => drop(insert(&mut limits.set)?),
            "--nonzero" => drop(insert(&mut limits.nonzero)?),
            "--nonnegative" => drop(insert(&mut limits.nonnegative)?),
            "--not-nested" => drop(insert(&mut limits.not_nested)?),
            _ => return Err(format!("unknown argument {arg}").into()),
        }
    }
    if parsed.layer == 0 {
        return Err("--layer is missing".into());
    }
    Ok(parsed)
}

fn model() -> Result<Model, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| -> Result<_, std::io::Error> {
        Ok((path.to_owned(), fs::read_to_string(root.join(path))?))
    };
    let input = Input {
        schema: read("schema.tl")?,
        history: Some(read("schema.history.tl")?),
        rules: Some(read("crates/tl-api/compat.rules")?),
        sections: vec!["core".into(), "api".into()],
    };
    Ok(input.model()?)
}

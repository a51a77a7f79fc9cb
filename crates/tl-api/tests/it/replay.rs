//! The corpora of the fuzz targets, on stable.

use std::{fs, path::Path};

use crate::fuzzing;

fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let inputs: Vec<_> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(
        inputs.len() > 50,
        "the corpus of {target} has only {} inputs",
        inputs.len()
    );
    inputs
}

#[test]
fn corpus_of_tl_decode_has_no_finding() {
    inputs("tl_decode")
        .iter()
        .for_each(|input| fuzzing::decode(input));
}

#[test]
fn corpus_of_tl_layers_has_no_finding() {
    inputs("tl_layers")
        .iter()
        .for_each(|input| fuzzing::layers(input));
}

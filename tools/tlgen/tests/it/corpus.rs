//! Replays the corpus of the fuzz target `schema_parser`.

use std::fs;
use std::path::Path;

#[test]
fn corpus_of_the_fuzz_target_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/schema_parser");
    let (mut right, mut wrong) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        match tlgen::fuzzing::schema(&fs::read(path).unwrap()) {
            true => right += 1,
            false => wrong += 1,
        }
    }
    println!("{right} right, {wrong} wrong");
    assert!(right >= 5 && wrong >= 5, "{right} right, {wrong} wrong");
}

//! The schema that the crate was generated from, and values that any layer's client may send.

use std::sync::LazyLock;

use tlgen::{ast::Kind, dynamic::LayerView, model::FormRef};

pub(crate) use crate::fuzzing::{MODEL, Value};

/// All published layers.
pub(crate) static VIEWS: LazyLock<Vec<LayerView<'static>>> = LazyLock::new(|| {
    let unpublished = |layer: &u16| tl_api::UNPUBLISHED_LAYERS.contains(layer);
    let layers = MODEL.layers().filter(|layer| !unpublished(layer));
    layers.map(|layer| LayerView::new(&MODEL, layer)).collect()
});

/// The seed of this run: `SEED`, or one that a failure tells.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(0x7e57);
    println!("SEED={seed}");
    seed
}

/// The kind of a form's combinator.
pub(crate) fn kind(form: FormRef) -> Kind {
    MODEL.combinators[form.combinator].kind
}

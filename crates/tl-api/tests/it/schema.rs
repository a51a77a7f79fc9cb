//! The schema that the crate was generated from, and values that any layer's client may send.

use std::{path::Path, sync::LazyLock};

use bytes::Bytes;
use tl::{Decode, DecodeError, Layer, Reader, Writer};
use tl_api::{any::decode_any, call::Call};
use tlgen::{
    Input,
    ast::Kind,
    dynamic::LayerView,
    model::{FormRef, Model},
};

/// Resolved once for all tests.
pub(crate) static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let read = |path: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        (
            path.to_owned(),
            std::fs::read_to_string(root.join(path)).unwrap(),
        )
    };
    let input = Input {
        schema: read("schema.tl"),
        history: Some(read("schema.history.tl")),
        rules: Some(read("crates/tl-api/compat.rules")),
        sections: vec!["core".into(), "api".into()],
    };
    input.model().unwrap_or_else(|errors| panic!("{errors}"))
});

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

/// A decoded value of either kind.
pub(crate) enum Value {
    Object(Box<dyn tl_api::any::Value>),
    Call(Box<Call>),
}

impl Value {
    pub(crate) fn decode(kind: Kind, frame: &Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(frame);
        let value = match kind {
            Kind::Constructor => Self::Object(decode_any(&mut reader)?),
            Kind::Function => Self::Call(Box::new(Call::decode(&mut reader)?)),
        };
        reader.finish().map(|()| value)
    }

    /// `None` if the value has no form, and says so, at this layer.
    pub(crate) fn encode(&self, layer: u16) -> Option<Bytes> {
        let mut writer = Writer::new(Layer(layer));
        let has_form = match self {
            Self::Object(value) => {
                value.encode(&mut writer);
                value.has_form(Layer(layer))
            }
            Self::Call(call) => {
                tl::Encode::encode(&**call, &mut writer);
                tl::Encode::has_form(&**call, Layer(layer))
            }
        };
        let bytes = writer.finish();
        assert_eq!(
            has_form,
            bytes.is_ok(),
            "has_form and encode disagree: {:?}",
            bytes.err()
        );
        bytes.ok()
    }
}

/// The kind of a form's combinator.
pub(crate) fn kind(form: FormRef) -> Kind {
    MODEL.combinators[form.combinator].kind
}

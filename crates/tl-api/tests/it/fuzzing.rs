//! What the fuzz targets `tl_decode` and `tl_layers` do with one input. Shared with `fuzz/`, so that
//! their corpora are replayed by an ordinary test.

use std::sync::LazyLock;

use tl::{Bytes, Decode, DecodeError, Layer, Reader, Writer};
use tl_api::{any::decode_any, call::Call};
use tlgen::{
    Input,
    ast::Kind,
    dynamic::{Entropy, LayerView, Limits, Random, Walker},
    model::{Model, Ty},
};

/// The schema of the repository, resolved once.
pub(crate) static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let input = Input {
        schema: (
            "schema.tl".into(),
            include_str!("../../../../schema.tl").into(),
        ),
        history: Some((
            "history".into(),
            include_str!("../../../../schema.history.tl").into(),
        )),
        rules: Some(("rules".into(), include_str!("../../compat.rules").into())),
        sections: vec!["core".into(), "api".into()],
    };
    input
        .model()
        .expect("the schema of the repository is sound")
});

static VIEWS: LazyLock<Vec<LayerView<'static>>> = LazyLock::new(|| {
    MODEL
        .layers()
        .map(|layer| LayerView::new(&MODEL, layer))
        .collect()
});

static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);

static RANDOMS: LazyLock<Vec<Random<'static>>> = LazyLock::new(|| {
    VIEWS
        .iter()
        .map(|view| Random::new(view, &LIMITS))
        .collect()
});

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

/// The input is a frame behind one byte that says what it should be. What decodes is written for
/// the newest layer, decodes again and is then the same.
pub(crate) fn decode(input: &[u8]) {
    let Some((&first, frame)) = input.split_first() else {
        return;
    };
    let kind = if first & 1 == 0 {
        Kind::Constructor
    } else {
        Kind::Function
    };
    let Ok(value) = Value::decode(kind, &Bytes::copy_from_slice(frame)) else {
        return;
    };
    let Some(written) = value.encode(tl_api::NEWEST_LAYER) else {
        return;
    };
    let again = Value::decode(kind, &written).expect("what we wrote can be read");
    let twice = again.encode(tl_api::NEWEST_LAYER);
    assert_eq!(
        twice.as_ref(),
        Some(&written),
        "reading and writing changes nothing more"
    );
}

/// The input chooses a form of one layer, its value, and another layer. The value is written for
/// that layer in nothing that the layer does not know, and can be read again.
pub(crate) fn layers(input: &[u8]) {
    let mut entropy = Choices { input, at: 0 };
    let (from, to) = (entropy.below(VIEWS.len()), entropy.below(VIEWS.len()));
    let (view, random) = (&VIEWS[from], &RANDOMS[from]);
    let functions = view.functions();
    let constructors: Vec<_> = view.all_constructors().collect();
    let choice = entropy.below(functions.len() + constructors.len());
    let form = *functions
        .get(choice)
        .unwrap_or_else(|| &constructors[choice - functions.len()]);
    if !random.can_make(form) {
        return;
    }
    let kind = MODEL.combinators[form.combinator].kind;
    let frame = Bytes::from(random.value(form, &mut entropy));
    let Ok(value) = Value::decode(kind, &frame) else {
        return;
    };
    let Some(written) = value.encode(VIEWS[to].layer) else {
        return;
    };
    let walker = Walker::new(&VIEWS[to]);
    let walked = match (kind, &MODEL.combinators[form.combinator].result) {
        (Kind::Constructor, ty @ Ty::Boxed(_)) => walker.walk(ty, &written),
        _ => walker.walk_function(&written),
    };
    walked.expect("the layer knows what we wrote for it");
    Value::decode(kind, &written).expect("what we wrote can be read");
}

/// Random choices that are the bytes of an input; zeros behind its end.
struct Choices<'a> {
    input: &'a [u8],
    at: usize,
}

impl Entropy for Choices<'_> {
    fn next(&mut self) -> u64 {
        let mut word = [0; 8];
        let rest = self.input.get(self.at..).unwrap_or_default();
        // Two bytes are enough for nearly every choice; whole numbers take what there is.
        let len = rest
            .len()
            .min(if self.at.is_multiple_of(16) { 8 } else { 2 });
        word[..len].copy_from_slice(&rest[..len]);
        self.at += len.max(1);
        u64::from_le_bytes(word)
    }
}

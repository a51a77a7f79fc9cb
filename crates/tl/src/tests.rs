//! Vectors of section I.9 of the protocol sheet, and hostile lengths.

use bytes::Bytes;

use crate::{
    Decode, DecodeError, Encode, Layer, NoForm, Reader, Str, Writer, from_bytes, to_bytes,
};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

fn encoded(value: &dyn Encode) -> Vec<u8> {
    to_bytes(value, Layer::NEWEST).unwrap().to_vec()
}

fn decoded<T: Decode>(bytes: &[u8]) -> Result<T, DecodeError> {
    from_bytes(&Bytes::copy_from_slice(bytes))
}

#[test]
fn short_strings_are_padded_to_four_bytes() {
    for (text, bytes) in [
        ("", "00000000"),
        ("a", "01610000"),
        ("abc", "03616263"),
        ("abcd", "0461626364000000"),
    ] {
        assert_eq!(encoded(&Str::from(text)), hex(bytes), "{text}");
        assert_eq!(decoded::<Str>(&hex(bytes)).unwrap(), text);
    }
}

#[test]
fn strings_change_to_the_long_form_at_254() {
    for (len, head, total) in [
        (253, "fd61", 256),
        (254, "fefe0000", 260),
        (255, "feff0000", 260),
        (256, "fe000100", 260),
        (257, "fe010100", 264),
    ] {
        let text = Str::from("a".repeat(len));
        let bytes = encoded(&text);
        assert!(bytes.starts_with(&hex(head)), "{len}");
        assert_eq!(bytes.len(), total, "{len}");
        assert_eq!(decoded::<Str>(&bytes).unwrap(), text);
    }
}

#[test]
fn numbers_and_vectors_have_their_documented_form() {
    assert_eq!(
        encoded(&vec![1i64, -1]),
        hex("15c4b51c020000000100000000000000ffffffffffffffff")
    );
    assert_eq!(encoded(&1.0f64), hex("000000000000f03f"));
    assert_eq!(encoded(&true), hex("b5757299"));
    assert_eq!(encoded(&()), hex("39d3ed3f"));
    assert!(decoded::<f64>(&encoded(&f64::NAN)).unwrap().is_nan());
}

#[test]
fn byte_strings_share_the_frame() {
    let frame = Bytes::from(encoded(&Bytes::from_static(b"shared")));
    let value = Bytes::decode(&mut Reader::new(&frame)).unwrap();
    assert_eq!(value.as_ptr(), frame[1..].as_ptr());
}

#[test]
fn the_long_form_is_accepted_for_short_lengths() {
    assert_eq!(decoded::<Str>(&hex("fe01000061000000")).unwrap(), "a");
}

#[test]
fn every_truncation_is_an_error() {
    for value in [
        encoded(&vec![Str::from("abcd"), Str::from("x")]),
        encoded(&vec![7i64]),
    ] {
        for len in 0..value.len() {
            assert!(decoded::<Vec<Str>>(&value[..len]).is_err(), "{len}");
        }
    }
}

#[test]
fn hostile_counts_and_lengths_are_refused_before_allocating() {
    for count in [3u32, 1 << 20, i32::MAX as u32, u32::MAX] {
        let mut bytes = hex("15c4b51c");
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 16]);
        assert_eq!(
            decoded::<Vec<i64>>(&bytes),
            Err(DecodeError::VectorCount { count })
        );
    }
    assert_eq!(
        decoded::<Bytes>(&hex("feffffff")),
        Err(DecodeError::Truncated)
    );
    assert_eq!(
        decoded::<Bytes>(&hex("ff000000")),
        Err(DecodeError::Truncated)
    );
    assert_eq!(
        decoded::<Bytes>(&hex("05616263")),
        Err(DecodeError::Truncated)
    );
}

#[test]
fn wrong_ids_and_leftovers_name_what_is_wrong() {
    assert_eq!(
        decoded::<bool>(&hex("39d3ed3f")),
        Err(DecodeError::UnknownId {
            id: 0x3fedd339,
            type_name: "Bool"
        })
    );
    assert_eq!(
        decoded::<i32>(&hex("0100000002")),
        Err(DecodeError::Excess { len: 1 })
    );
    assert_eq!(decoded::<Str>(&hex("01ff0000")), Err(DecodeError::Utf8));
}

#[test]
fn depth_is_limited() {
    let frame = Bytes::new();
    let mut reader = Reader::new(&frame);
    for _ in 0..crate::DEPTH_MAX {
        reader.enter("T").unwrap();
    }
    assert_eq!(
        reader.enter("T"),
        Err(DecodeError::Depth { type_name: "T" })
    );
}

#[test]
fn encoded_items_make_the_same_vector() {
    let items = vec![Str::from("one"), Str::from("two and more")];
    let parts: Vec<_> = items.iter().map(|item| encoded(item)).collect();
    let mut writer = Writer::new(Layer::NEWEST);
    writer.vector_of_encoded(&parts);
    assert_eq!(writer.into_vec(), encoded(&items));
}

/// Has a form only from layer 150 on.
struct Late(i32);

impl Encode for Late {
    fn encode(&self, writer: &mut Writer) {
        if !self.has_form(writer.layer()) {
            return writer.fail("late");
        }
        writer.i32(self.0);
    }

    fn has_form(&self, layer: Layer) -> bool {
        layer >= Layer(150)
    }
}

#[test]
fn items_without_a_form_are_left_out_of_vectors() {
    let mut writer = Writer::new(Layer(149));
    writer.vector(&[Late(1), Late(2)]);
    assert_eq!(writer.into_vec(), hex("15c4b51c00000000"));
}

#[test]
fn a_value_without_a_form_fails_the_writer() {
    assert_eq!(
        to_bytes(&Late(1), Layer(149)),
        Err(NoForm {
            type_name: "late",
            layer: Layer(149)
        })
    );
    assert!(to_bytes(&Late(1), Layer(150)).is_ok());
}

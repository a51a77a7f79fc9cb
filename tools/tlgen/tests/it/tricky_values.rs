//! Values of the tricky schema there and back, through code that was just generated.

use tricky_api::tl::{Bytes, Decode, Encode, Layer, Rest, from_bytes, to_bytes};
use tricky_api::{Call, constructors, functions, types};

#[track_caller]
fn there_and_back<T: Decode + Encode + PartialEq + std::fmt::Debug>(value: &T) -> Bytes {
    let bytes = to_bytes(value, Layer(3)).unwrap();
    assert_eq!(from_bytes::<T>(&bytes).unwrap(), *value);
    for len in 0..bytes.len() {
        // What ends in an `Object` may end anywhere in it.
        let _ = from_bytes::<T>(&bytes.slice(..len));
    }
    bytes
}

fn pair(x: i32) -> types::Pair {
    types::Pair { x, y: -1 }
}

#[test]
fn taken_names() {
    let writer = types::Writer_ {
        rd_: 0,
        wr_: 1,
        v_: 2,
        x: 3,
    };
    let inner = Box::new(types::Box_::Leaf {});
    there_and_back(&types::Box_::Box(Box::new(constructors::Box_ {
        value: inner,
        next: writer,
    })));
    there_and_back(&types::Reader_ {
        at_layer_: 1,
        id: 2,
        value: 3,
        self_: 4,
        type_: "five".into(),
    });
    there_and_back(&types::types_::Types::Types {
        types: Box::new(types::types_::Types::End {}),
        functions: true,
    });
    there_and_back(&types::Self_ {});
}

#[test]
fn groups_on_one_bit() {
    let mut group = types::Group::new(1, 7);
    there_and_back(&group);
    (group.b, group.c, group.d) = (Some(2), Some("x".into()), true);
    group.e = Some(vec![1, 2, 3]);
    there_and_back(&group);
    group.b = None;
    assert!(to_bytes(&group, Layer(3)).is_err(), "half a group");
}

#[test]
fn vectors_and_bare_values() {
    let grid = types::Grid {
        a: vec![vec![1], vec![], vec![2, 3]],
        b: vec![vec![4], vec![]],
        c: vec![vec![pair(5)], vec![pair(6), pair(7)]],
        d: vec![vec![pair(8)], vec![]],
        e: vec![vec![pair(9)]],
        f: vec![pair(10), pair(11)],
        g: Some(vec![vec![pair(12)]]),
        h: Some(pair(13)),
        i: Some(vec![Bytes::from_static(b"fourteen")]),
    };
    let bytes = there_and_back(&grid);
    // Id; `a` with 1 + 3 vectors and 3 ints; `b` bare: 1 + 2 counts and a long; …
    assert_eq!(
        &bytes[..8],
        [
            &to_bytes(&grid, Layer(3)).unwrap()[..4],
            &[0x15, 0xc4, 0xb5, 0x1c]
        ]
        .concat()
    );
    let a = 8 + 3 * 8 + 3 * 4;
    let b = 4 + 2 * 4 + 8;
    let c = 8 + 2 * 4 + 3 * 12;
    let d = 8 + 2 * 8 + 12;
    let e = 4 + 8 + 16;
    let f = 8 + 2 * 12;
    let (g, h, i) = (8 + 8 + 12, 12, 4 + 12);
    assert_eq!(bytes.len(), 4 + a + b + c + d + e + f + 4 + g + h + i);
}

#[test]
fn repetitions() {
    let inner = types::RowsManyInner {
        a: "a".into(),
        b: 0.5,
    };
    let many = types::RowsMany {
        id: 1,
        inner: vec![inner.clone(), inner],
        z: Some(Bytes::from_static(b"z")),
    };
    let rows = types::Rows {
        one: vec![1, 2, 3],
        many: vec![many],
    };
    let bytes = there_and_back(&rows);
    // Id, n and 3 ints, m, then id, k, 2 × (string, double), flags, bytes.
    assert_eq!(bytes.len(), 4 + 4 + 12 + 4 + 8 + 4 + 2 * (4 + 8) + 4 + 4);
}

#[test]
fn recursion_is_bounded() {
    let nil = || Box::new(types::Tree::Nil {});
    let tree = types::Tree::Tree {
        value: [7; 16],
        left: nil(),
        right: nil(),
    };
    let bytes = there_and_back(&tree);
    let nested = bytes[..20].repeat(10_000);
    let error = from_bytes::<types::Tree>(&nested.into()).unwrap_err();
    assert_eq!(error.to_string(), "Tree nests too deep");
}

#[test]
fn all_built_in_types() {
    there_and_back(&types::All {
        a: -1,
        b: i64::MIN,
        c: -0.0,
        d: "é".into(),
        e: Bytes::from_static(&[0xff; 300]),
        f: true,
        g: (),
        h: u32::MAX,
        i: [1; 16],
        j: [2; 32],
        k: Rest(Bytes::from_static(b"rest")),
    });
}

#[test]
fn calls_within_calls() {
    let inner = functions::types_::Match { type_: "t".into() };
    let wrapper = functions::New {
        first: functions::Call {},
        second: Some(inner.clone()),
    };
    let bytes = to_bytes(&wrapper, Layer(3)).unwrap();
    let Call::New(call) = from_bytes(&bytes).unwrap() else {
        panic!("the wrapper")
    };
    assert_eq!(call.first, Call::Call(functions::Call {}));
    assert_eq!(call.second, Some(Call::TypesMatch(inner)));
}

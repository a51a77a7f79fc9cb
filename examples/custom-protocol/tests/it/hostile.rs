//! Bytes that no client of ours sends: each gives a clear error, and the connection lives.

use custom_protocol::{
    FRAME_LEN_MAX, Warehouse,
    api::{
        functions,
        tl::{Bytes, Layer, from_bytes, to_bytes},
        types::Reply,
    },
    read_frame, serve, write_frame,
};
use tokio::io::{AsyncWriteExt as _, duplex};

use crate::calls::lamp;

async fn refusal(frame: Vec<u8>) -> Option<String> {
    let reply = Warehouse::default().answer(&Bytes::from(frame)).await;
    match from_bytes(&reply).unwrap() {
        Reply::Failed { code: 400, text } => Some(text.to_string()),
        Reply::Failed { .. } | Reply::Answered { .. } => None,
    }
}

fn put() -> Vec<u8> {
    let query = functions::stock::Put {
        stock: Box::new(lamp()),
    };
    let query = functions::WithToken {
        token: b"forklift".as_slice().into(),
        query,
    };
    to_bytes(&query, Layer::NEWEST).unwrap().to_vec()
}

#[tokio::test]
async fn error_says_what_is_wrong() {
    assert_eq!(refusal(put()).await, None);
    assert_eq!(
        refusal(vec![]).await.unwrap(),
        "the request is malformed: the value ends too early"
    );
    assert_eq!(
        refusal(vec![0xef, 0xbe, 0xad, 0xde]).await.unwrap(),
        "the request is malformed: 0xdeadbeef is no Call"
    );
    let mut long = put();
    long.extend_from_slice(&[0; 4]);
    assert_eq!(
        refusal(long).await.unwrap(),
        "the request is malformed: 4 bytes after the end of the value"
    );
    let items = functions::order::Place { items: vec![] };
    let mut many = to_bytes(&items, Layer::NEWEST).unwrap().to_vec();
    let count_at = many.len() - 4;
    many[count_at..].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    assert_eq!(
        refusal(many).await.unwrap(),
        "the request is malformed: a vector of 2147483647 items cannot fit"
    );
}

#[tokio::test]
async fn wrappers_within_wrappers_end() {
    let call = to_bytes(&functions::hall::Map {}, Layer::NEWEST).unwrap();
    let head = to_bytes(
        &functions::WithLayer {
            layer: 2,
            query: functions::hall::Map {},
        },
        Layer::NEWEST,
    );
    let head = &head.unwrap()[..8];
    let nested = [head.repeat(100_000), call.to_vec()].concat();
    assert_eq!(
        refusal(nested).await.unwrap(),
        "the request is malformed: Call nests too deep"
    );
}

#[tokio::test]
async fn every_cut_and_every_flipped_bit_is_answered() {
    let whole = put();
    for len in 0..whole.len() {
        assert!(
            refusal(whole[..len].to_vec()).await.is_some(),
            "cut to {len} bytes"
        );
    }
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Some flips give another valid request; none may break the server.
        refusal(flipped).await;
    }
}

#[tokio::test]
async fn connection_outlives_a_bad_request_and_not_a_bad_frame() {
    let warehouse = Warehouse::default();
    let (mut near, far) = duplex(1 << 16);
    let client = async {
        for frame in [vec![1, 2, 3], put()] {
            write_frame(&mut near, &frame).await.unwrap();
            let reply = read_frame(&mut near).await.unwrap().unwrap();
            let failed = matches!(from_bytes(&reply).unwrap(), Reply::Failed { .. });
            assert_eq!(failed, frame.len() == 3);
        }
        let len = u32::try_from(FRAME_LEN_MAX + 1).unwrap();
        near.write_all(&len.to_le_bytes()).await.unwrap();
    };
    let (served, ()) = tokio::join!(serve(&warehouse, far), client);
    let error = served.unwrap_err().to_string();
    assert_eq!(error, "a frame of 1048577 bytes; at most 1048576 are read");
}

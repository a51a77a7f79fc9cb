//! Containers and compression: what is accepted and what is not.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;
use std::io::Write as _;
use tl::{Layer, Writer};

use super::*;
use crate::error::{BadMsgCode, PeerMisbehaved};
use crate::service::id;
use crate::time::MsgId;

fn container(bodies: &[&[u8]], count: u32) -> Vec<u8> {
    let mut data = id::MSG_CONTAINER.to_le_bytes().to_vec();
    data.extend_from_slice(&count.to_le_bytes());
    for (i, body) in bodies.iter().enumerate() {
        data.extend_from_slice(&(4 * i as u64).to_le_bytes());
        data.extend_from_slice(&1u32.to_le_bytes());
        data.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        data.extend_from_slice(body);
    }
    data
}

#[test]
fn containers_are_read_whole_or_not_at_all() {
    let read = |data: Vec<u8>| read_container(&Bytes::from(data));
    assert_eq!(read(container(&[], 0)), Ok(Vec::new()));
    let two = read(container(&[&[1; 4], &[2; 8]], 2)).unwrap();
    assert_eq!((two[1].msg_id, &*two[1].body), (MsgId(4), &[2; 8][..]));
    let broken = Err(BadMsgCode::Container.into());
    for wrong in [
        Vec::new(),
        container(&[&[1; 4]], 2),
        container(&[&[1; 4], &[1; 4]], 1),
        container(&[&[1; 6]], 1),
        container(&[&[]], 1),
        container(&[&container(&[], 0)], 1),
        container(&[&[1; 4]], u32::MAX),
        container(&[&[1; 4]], 0x7fff_ffff),
    ] {
        assert_eq!(read(wrong), broken);
    }
    let mut lie = container(&[&[1; 4]], 1);
    lie[20] = 8;
    assert_eq!(read(lie), broken);
    let many = vec![&[1u8; 4][..]; CONTAINER_LEN_MAX];
    let count = u32::try_from(many.len()).unwrap();
    assert_eq!(
        read(container(&many, count)).map(|inner| inner.len()),
        Ok(many.len())
    );
    let more = vec![&[1u8; 4][..]; CONTAINER_LEN_MAX + 1];
    assert_eq!(
        read(container(&more, count + 1)),
        Err(PeerMisbehaved::Count.into())
    );
}

fn packed(data: &[u8]) -> Bytes {
    let mut writer = Writer::new(Layer::NEWEST);
    writer.u32(id::GZIP_PACKED);
    writer.bytes(data);
    writer.into_bytes()
}

#[test]
fn compression_round_trips_in_both_formats_within_the_cap() {
    let object: Vec<u8> = (0..4000u32).flat_map(|i| (i / 100).to_le_bytes()).collect();
    let small = gzip(&object).unwrap();
    assert!(small.len() < object.len() / 4);
    assert_eq!(gunzip(&small, object.len()), Ok(object.clone().into()));
    let fault = Err(PeerMisbehaved::Compressed.into());
    assert_eq!(gunzip(&small, object.len() - 1), fault);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&object).unwrap();
    assert_eq!(
        gunzip(&packed(&zlib.finish().unwrap()), 1 << 20),
        Ok(object.into())
    );
    assert_eq!(gzip(&[7, 1, 9, 3]), None);
    assert_eq!(gunzip(&packed(b"no stream"), 100), fault);
    assert_eq!(gunzip(&small.slice(..small.len() - 4), 1 << 20), fault);
    let again = gzip(&[&id::GZIP_PACKED.to_le_bytes()[..], &[0; 4000]].concat()).unwrap();
    assert_eq!(gunzip(&again, 1 << 20), fault);
}

/// H53.
#[test]
fn bomb_stops_at_the_cap() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..1024 {
        zlib.write_all(&[0; 1 << 16]).unwrap();
    }
    let bomb = packed(&zlib.finish().unwrap());
    assert!(bomb.len() < 100_000);
    assert_eq!(
        gunzip(&bomb, GZIP_OUTPUT_LEN_MAX),
        Err(PeerMisbehaved::Compressed.into())
    );
}

#[test]
fn packs_are_bounded_and_carry_everything() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let messages: Vec<Outgoing> = (0..2500)
        .map(|i| Outgoing {
            msg_id: MsgId(i * 4),
            seq_no: 1,
            body: Body::object(Bytes::from(vec![1; if i == 7 { 100_000 } else { 8 }])),
        })
        .collect();
    let head = Head {
        salt: 1,
        session_id: 2,
    };
    let mut rest = &messages[..];
    let mut counts = Vec::new();
    while !rest.is_empty() {
        let (packet, count) = pack(head, rest, false, || (MsgId(1 << 40), 0), &mut rng);
        assert_eq!((packet.len() - 24) % 16, 0);
        counts.push(count);
        rest = &rest[count..];
    }
    assert_eq!(counts, [7, 1, 1000, 1000, 492]);
}

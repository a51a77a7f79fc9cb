//! TL codec: a page of 50 messages and 4 users, beside `grammers-tl-types` in the same run.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench: it prints sizes and stops when the codecs disagree"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use grammers_tl_types::{Deserializable, Serializable};
use tl::{Bytes, Decode, Encode, Layer, Reader, Str, Writer};
use tl_api::{constructors as c, types};

const LAYER: Layer = Layer(tl_api::NEWEST_LAYER);
const TEXTS: [&str; 5] = [
    "ok",
    "on my way, five minutes",
    "Has anybody seen the keys of the boat house? They are not on the hook.",
    "Тест: сообщение на другом языке",
    "The meeting is moved to Thursday at nine; please bring the drawings, the samples and whatever the office sent about it.",
];

fn message(id: i32) -> types::Message {
    let text = TEXTS[usize::try_from(id).unwrap() % TEXTS.len()];
    let mut message = c::Message::new(
        id,
        types::Peer::User { user_id: 1_000_001 },
        1_790_000_000 + id,
        Str::from(text),
    );
    message.out = id % 2 == 0;
    message.from_id = Some(types::Peer::User {
        user_id: 1_000_000 + i64::from(id % 4),
    });
    if id % 5 == 0 {
        message.entities = Some(vec![
            types::MessageEntity::Bold {
                offset: 0,
                length: 2,
            },
            types::MessageEntity::Italic {
                offset: 1,
                length: 1,
            },
        ]);
    }
    types::Message::Message(Box::new(message))
}

fn user(id: i64) -> types::User {
    let mut user = c::User::new(id);
    user.contact = true;
    user.access_hash = Some(id * 7_919);
    user.first_name = Some(Str::from("Ada"));
    user.last_name = Some(Str::from("Lovelace"));
    user.username = Some(Str::from("analyst"));
    user.phone = Some(Str::from("15550001"));
    user.status = Some(types::UserStatus::Online {
        expires: 1_790_000_000,
    });
    types::User::User(Box::new(user))
}

fn page() -> types::messages::Messages {
    types::messages::Messages::Messages(Box::new(c::messages::Messages {
        messages: (1..=50).map(message).collect(),
        topics: Vec::new(),
        chats: Vec::new(),
        users: (1_000_000..1_000_004).map(user).collect(),
    }))
}

fn encoded<T: Encode>(value: &T) -> Bytes {
    tl::to_bytes(value, LAYER).unwrap()
}

fn codec(criterion: &mut Criterion) {
    let page = page();
    let frame = encoded(&page);
    let theirs = grammers_tl_types::enums::messages::Messages::from_bytes(&frame).unwrap();
    assert_eq!(theirs.to_bytes(), frame, "both codecs agree");
    println!(
        "page: {} bytes; Message: {} bytes in memory, grammers {}",
        frame.len(),
        size_of::<types::Message>(),
        size_of::<grammers_tl_types::enums::Message>()
    );

    let mut group = criterion.benchmark_group("tl");
    group.throughput(Throughput::Bytes(frame.len() as u64));
    group.bench_function("decode page/chappe", |bencher| {
        bencher.iter(|| types::messages::Messages::decode(&mut Reader::new(black_box(&frame))));
    });
    group.bench_function("decode page/grammers", |bencher| {
        bencher.iter(|| {
            grammers_tl_types::enums::messages::Messages::from_bytes(black_box(&frame)).unwrap()
        });
    });
    let mut writer = Writer::new(LAYER);
    group.bench_function("encode page/chappe", |bencher| {
        bencher.iter(|| {
            writer.clear();
            black_box(&page).encode(&mut writer);
            black_box(writer.as_slice().len())
        });
    });
    let mut buffer = Vec::new();
    group.bench_function("encode page/grammers", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            black_box(&theirs).serialize(&mut buffer);
            black_box(buffer.len())
        });
    });
    stored_page(&mut group, &frame);
    old_layer(&mut group, &page);
    group.finish();
}

/// History as a server answers it: the messages lie in the store as wire bytes.
fn stored_page(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    frame: &Bytes,
) {
    let messages: Vec<Bytes> = (1..=50).map(|id| encoded(&message(id))).collect();
    let users: Vec<Bytes> = (1_000_000..1_000_004)
        .map(|id| encoded(&user(id)))
        .collect();
    let none: [Bytes; 0] = [];
    let id = u32::from_le_bytes(*frame.first_chunk().unwrap());
    let mut writer = Writer::new(LAYER);
    let mut assemble = || {
        writer.clear();
        writer.u32(id);
        writer.vector_of_encoded(black_box(&messages));
        writer.vector_of_encoded(&none);
        writer.vector_of_encoded(&none);
        writer.vector_of_encoded(black_box(&users));
        writer.as_slice().len()
    };
    assert_eq!(assemble(), frame.len());
    group.bench_function("page from stored messages/chappe", |bencher| {
        bencher.iter(&mut assemble)
    });
}

/// The same page for a client of layer 158, which takes another form of nearly everything.
fn old_layer(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    page: &types::messages::Messages,
) {
    let mut writer = Writer::new(Layer(158));
    group.bench_function("encode page for layer 158/chappe", |bencher| {
        bencher.iter(|| {
            writer.clear();
            black_box(page).encode(&mut writer);
            black_box(writer.as_slice().len())
        });
    });
}

criterion_group!(benches, codec);
criterion_main!(benches);

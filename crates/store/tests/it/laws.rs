//! Laws that need no model: they hold for every engine whatever has happened before.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use store::*;

use crate::random::{Random, seed};
use crate::subject::Factory;

/// Every law, one after the other, each on ids of its own.
pub(crate) async fn all(factory: &dyn Factory) {
    let seed = seed();
    println!("STORE_SEED={seed}");
    let mut world = u32::try_from(seed % 100_000_007).unwrap();
    let mut next = || {
        world += 1;
        world
    };
    concurrent_appends_leave_no_gap(factory, next()).await;
    append_sent_again_happens_once(factory, next()).await;
    older_epoch_is_fenced(factory, next()).await;
    pages_forward_and_backward_agree(factory, next()).await;
    log_is_read_in_pieces_without_gap(factory, next()).await;
    name_never_has_two_owners(factory, next()).await;
    attempts_are_counted_exactly(factory, next()).await;
    lease_has_one_holder_and_epochs_grow(factory, next()).await;
    what_expires_is_gone_at_its_time(factory, next()).await;
    reopening_keeps_everything(factory, next()).await;
    bad_requests_are_refused_alike(factory, next()).await;
    search_finds_what_was_written(factory, next()).await;
}

fn id(world: u32, number: i64) -> i64 {
    i64::from(world) * 1000 + number
}

fn mailbox(world: u32) -> MailboxId {
    MailboxId::User(UserId(id(world, 1)))
}

pub(crate) fn message(id: i32, peer: PeerId, text: &str) -> MessageWrite {
    let message = Message {
        id: MsgId(id),
        peer,
        from: peer,
        date: 1,
        tags: u32::from(id % 3 == 0),
        layer: 230,
        body: Bytes::from(text.to_owned()),
        ..Message::default()
    };
    MessageWrite::Put {
        message,
        text: text.to_owned(),
    }
}

fn event(text: &str) -> Event {
    Event {
        pts_count: 1,
        body: Bytes::from(text.to_owned()),
    }
}

/// Appends with whatever `pts` there is, again after each conflict, until it is in.
pub(crate) async fn append_until_done(store: &dyn Store, mut append: Append) -> Appended {
    for _ in 0..1000 {
        append.expect = store.head(append.mailbox).await.unwrap().pts;
        match store.append(append.clone()).await {
            Ok(appended) => return appended,
            Err(Error::Conflict(_) | Error::Unknown(_) | Error::Unavailable(_)) => {
                tokio::task::yield_now().await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("an append does not get in");
}

async fn concurrent_appends_leave_no_gap(factory: &dyn Factory, world: u32) {
    const WRITERS: u128 = 8;
    const EACH: u128 = 10;
    let store = factory.fresh(world).await.store();
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..EACH {
                    let op = OpId(writer * EACH + n);
                    let append = Append {
                        mailbox: mailbox(world),
                        op: Some(op),
                        events: vec![event(&op.to_string())],
                        ..Append::default()
                    };
                    append_until_done(store.as_ref(), append).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let log = store
        .log(mailbox(world), LogPosition::default(), 1000)
        .await
        .unwrap();
    let pts: Vec<i32> = log
        .entries
        .iter()
        .map(|entry| entry.position.pts.0)
        .collect();
    let all = i32::try_from(WRITERS * EACH).unwrap();
    assert_eq!(pts, (1..=all).collect::<Vec<_>>());
    let bodies: BTreeSet<Bytes> = log.entries.into_iter().map(|entry| entry.body).collect();
    assert_eq!(
        bodies.len() as u128,
        WRITERS * EACH,
        "an operation happened twice"
    );
}

async fn append_sent_again_happens_once(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    let append = Append {
        mailbox: mailbox(world),
        op: Some(OpId(7)),
        result: Bytes::from_static(b"answer"),
        events: vec![event("a")],
        ..Append::default()
    };
    let first = store.append(append.clone()).await.unwrap();
    let again = store.append(append).await.unwrap();
    assert_eq!(first.head, again.head);
    assert_eq!(first.repeated, None);
    let result = Bytes::from_static(b"answer");
    assert_eq!(
        again.repeated,
        Some(OperationResult {
            pts: Pts(1),
            result
        })
    );
}

async fn older_epoch_is_fenced(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    store.open_mailbox(mailbox(world), 5).await.unwrap();
    let old = Append {
        mailbox: mailbox(world),
        epoch: 4,
        ..Append::default()
    };
    assert_eq!(store.append(old).await, Err(Error::Fenced { epoch: 5 }));
    assert_eq!(
        store.open_mailbox(mailbox(world), 4).await,
        Err(Error::Fenced { epoch: 5 })
    );
    let trimmed = store.trim_log(mailbox(world), 4, Pts(1), 1).await;
    assert_eq!(trimmed, Err(Error::Fenced { epoch: 5 }));
    let new = Append {
        mailbox: mailbox(world),
        epoch: 6,
        ..Append::default()
    };
    assert_eq!(store.append(new).await.unwrap().head.epoch, 6);
}

async fn pages_forward_and_backward_agree(factory: &dyn Factory, world: u32) {
    let subject = factory.fresh(world).await;
    let store = subject.store();
    let mut random = Random(u64::from(world));
    let peers = [
        PeerId::User(UserId(id(world, 2))),
        PeerId::Chat(ChatId(id(world, 3))),
    ];
    // Ids over the border of every kind of bucket, with holes.
    let ids: Vec<i32> = (1..40)
        .chain(4090..4110)
        .chain(16_380..16_390)
        .chain(65_530..65_540)
        .collect();
    for chunk in ids.chunks(20) {
        let messages = chunk
            .iter()
            .map(|n| message(*n, peers[usize::from(n % 2 == 0)], "x"));
        let append = Append {
            mailbox: mailbox(world),
            messages: messages.collect(),
            ..Append::default()
        };
        store.append(append).await.unwrap();
    }
    let gone: Vec<i32> = ids.iter().copied().filter(|_| random.one_in(4)).collect();
    let messages = gone
        .iter()
        .map(|n| MessageWrite::Delete(MsgId(*n)))
        .collect();
    let append = Append {
        mailbox: mailbox(world),
        messages,
        ..Append::default()
    };
    store.append(append).await.unwrap();
    for peer in peers {
        for list in [List::All, List::Tag(0)] {
            let limit = 1 + u32::from(random.small(9));
            let mut newer = pages(store.as_ref(), world, peer, list, Direction::Newer, limit).await;
            let older = pages(store.as_ref(), world, peer, list, Direction::Older, limit).await;
            newer.reverse();
            assert_eq!(newer, older, "{peer:?} {list:?}");
            let expected = ids.iter().rev().filter(|n| {
                !gone.contains(n)
                    && peer == peers[usize::from(*n % 2 == 0)]
                    && (list == List::All || *n % 3 == 0)
            });
            let expected: Vec<MsgId> = expected.map(|n| MsgId(*n)).collect();
            assert_eq!(older, expected);
            let count = store.count(mailbox(world), peer, list).await.unwrap();
            assert_eq!(count as usize, expected.len());
        }
    }
}

async fn pages(
    store: &dyn Store,
    world: u32,
    peer: PeerId,
    list: List,
    direction: Direction,
    limit: u32,
) -> Vec<MsgId> {
    let mut found: Vec<MsgId> = Vec::new();
    loop {
        let from = found.last().copied();
        let query = HistoryQuery {
            peer,
            list,
            from,
            direction,
            limit,
        };
        let page = store.history(mailbox(world), query).await.unwrap();
        found.extend(page.iter().map(|message| message.id));
        if page.len() < limit as usize {
            return found;
        }
    }
}

async fn log_is_read_in_pieces_without_gap(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    for n in 0..20 {
        let events = vec![
            Event {
                pts_count: 1 + n % 3,
                body: Bytes::new(),
            },
            Event {
                pts_count: 0,
                body: Bytes::from_static(b"beside"),
            },
        ];
        let append = Append {
            mailbox: mailbox(world),
            events,
            ..Append::default()
        };
        append_until_done(store.as_ref(), append).await;
    }
    let mut at = LogPosition::default();
    let mut entries = Vec::new();
    loop {
        let slice = store.log(mailbox(world), at, 7).await.unwrap();
        entries.extend(slice.entries);
        let Some(last) = entries.last() else {
            panic!("the log is empty")
        };
        at = last.position;
        if slice.complete {
            break;
        }
    }
    assert_eq!(entries.len(), 40);
    let mut pts = 0;
    for entry in &entries {
        pts += entry.pts_count;
        assert_eq!(entry.position.pts, Pts(pts));
    }
    store
        .trim_log(mailbox(world), 0, Pts(pts / 2), 1000)
        .await
        .unwrap();
    assert!(
        store
            .log(mailbox(world), LogPosition::default(), 9)
            .await
            .unwrap()
            .too_old
    );
    let rest = store
        .log(mailbox(world), Pts(pts / 2).into(), 1000)
        .await
        .unwrap();
    assert!(!rest.too_old && rest.complete);
}

async fn name_never_has_two_owners(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    let name = format!("law{world}");
    let tasks: Vec<_> = (1..=8)
        .map(|n| {
            let (store, name) = (Arc::clone(&store), name.clone());
            tokio::spawn(async move {
                let owner = PeerId::User(UserId(n));
                (
                    owner,
                    store
                        .claim_name(NameKind::Username, name, owner)
                        .await
                        .unwrap(),
                )
            })
        })
        .collect();
    let mut winners = BTreeSet::new();
    for task in tasks {
        let (owner, winner) = task.await.unwrap();
        winners.insert(winner);
        let released = if owner == winner {
            None
        } else {
            Some(
                store
                    .release_name(NameKind::Username, name.clone(), owner)
                    .await,
            )
        };
        assert!(
            matches!(released, None | Some(Ok(false))),
            "who does not own it cannot release"
        );
    }
    assert_eq!(winners.len(), 1);
    let owner = *winners.first().unwrap();
    assert_eq!(
        store.resolve_name(NameKind::Username, name.clone()).await,
        Ok(Some(owner))
    );
    assert_eq!(
        store.resolve_name(NameKind::Phone, name.clone()).await,
        Ok(None)
    );
    assert_eq!(
        store
            .release_name(NameKind::Username, name.clone(), owner)
            .await,
        Ok(true)
    );
    assert_eq!(store.resolve_name(NameKind::Username, name).await, Ok(None));
}

async fn attempts_are_counted_exactly(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    let phone = format!("{world}");
    let code = LoginCode {
        attempts_left: 5,
        expires_at: 0,
        facts: Bytes::new(),
    };
    store.put_login_code(phone.clone(), code).await.unwrap();
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let (store, phone) = (Arc::clone(&store), phone.clone());
            tokio::spawn(async move { store.take_login_attempt(phone, 1).await.unwrap() })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap().map(|code| code.attempts_left));
    }
    taken.sort_unstable();
    assert_eq!(taken, [1, 2, 3, 4, 5]);
}

async fn lease_has_one_holder_and_epochs_grow(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    let name = format!("lease{world}");
    let acquire = |node, now| store.acquire_lease(name.clone(), NodeId(node), now, 100);
    let first = acquire(1, 1000).await.unwrap();
    assert_eq!(
        (first.holder, first.epoch, first.until_ms),
        (NodeId(1), 1, 1100)
    );
    assert_eq!(acquire(2, 1099).await.unwrap(), first, "it is held");
    let second = acquire(2, 1100).await.unwrap();
    assert_eq!((second.holder, second.epoch), (NodeId(2), 2));
    let late = store.renew_lease(name.clone(), NodeId(1), 1, 5000).await;
    assert_eq!(late, Err(Error::Fenced { epoch: 2 }));
    assert_eq!(
        store.release_lease(name.clone(), NodeId(1), 1).await,
        Ok(false)
    );
    assert_eq!(
        store.release_lease(name.clone(), NodeId(2), 2).await,
        Ok(true)
    );
    let third = acquire(1, 1101).await.unwrap();
    assert_eq!(
        (third.holder, third.epoch),
        (NodeId(1), 3),
        "a release ends it at once"
    );
}

async fn what_expires_is_gone_at_its_time(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    let key = AuthKey {
        id: AuthKeyId(id(world, 9)),
        key: Bytes::from_static(&[7; 256]),
        expires_at: 100,
        ..AuthKey::default()
    };
    assert_eq!(store.create_auth_key(key.clone(), 50).await, Ok(true));
    assert_eq!(store.auth_key(key.id, 99).await, Ok(Some(key.clone())));
    assert_eq!(store.auth_key(key.id, 100).await, Ok(None));
    assert_eq!(
        store
            .update_auth_key(key.id, UserId(1), Bytes::new(), 100)
            .await,
        Ok(false)
    );
    assert_eq!(store.create_auth_key(key.clone(), 99).await, Ok(false));
    assert_eq!(
        store
            .create_auth_key(
                AuthKey {
                    expires_at: 0,
                    ..key.clone()
                },
                100
            )
            .await,
        Ok(true)
    );
    assert!(store.auth_key(key.id, u32::MAX).await.unwrap().is_some());
}

async fn reopening_keeps_everything(factory: &dyn Factory, world: u32) {
    let mut subject = factory.fresh(world).await;
    let peer = PeerId::User(UserId(id(world, 2)));
    for n in 1..=30 {
        let append = Append {
            mailbox: mailbox(world),
            op: Some(OpId(n)),
            events: vec![event("x")],
            messages: vec![message(
                i32::try_from(n).unwrap(),
                peer,
                &format!("word{n} same"),
            )],
            ..Append::default()
        };
        append_until_done(subject.store().as_ref(), append).await;
        if n % 10 == 0 {
            subject.reopen().await;
        }
    }
    let store = subject.store();
    assert_eq!(store.head(mailbox(world)).await.unwrap().pts, Pts(30));
    assert_eq!(store.count(mailbox(world), peer, List::All).await, Ok(30));
    for op in 1..=30 {
        assert!(
            store
                .operation(mailbox(world), OpId(op))
                .await
                .unwrap()
                .is_some()
        );
    }
    let query = SearchQuery {
        text: "same".into(),
        limit: 5,
        ..SearchQuery::default()
    };
    assert_eq!(store.search(mailbox(world), query).await.unwrap().count, 30);
}

async fn bad_requests_are_refused_alike(factory: &dyn Factory, world: u32) {
    let store = factory.fresh(world).await.store();
    let invalid =
        |result: Result<()>| assert!(matches!(result, Err(Error::Invalid(_))), "{result:?}");
    let mailbox = mailbox(world);
    let twice = vec![
        MessageWrite::Delete(MsgId(1)),
        MessageWrite::Delete(MsgId(1)),
    ];
    let append = Append {
        mailbox,
        messages: twice,
        ..Append::default()
    };
    invalid(store.append(append).await.map(drop));
    let events = vec![Event {
        pts_count: -1,
        body: Bytes::new(),
    }];
    invalid(
        store
            .append(Append {
                mailbox,
                events,
                ..Append::default()
            })
            .await
            .map(drop),
    );
    let events = vec![Event {
        pts_count: 0,
        body: vec![0; BODY_BYTES_MAX + 1].into(),
    }];
    invalid(
        store
            .append(Append {
                mailbox,
                events,
                ..Append::default()
            })
            .await
            .map(drop),
    );
    let events = vec![
        Event {
            pts_count: i32::MAX,
            body: Bytes::new()
        };
        2
    ];
    invalid(
        store
            .append(Append {
                mailbox,
                events,
                ..Append::default()
            })
            .await
            .map(drop),
    );
    let group = vec![
        Append {
            mailbox,
            ..Append::default()
        };
        2
    ];
    invalid(store.append_group(group).await.map(drop));
    invalid(
        store
            .log(mailbox, LogPosition::default(), PAGE_LIMIT_MAX + 1)
            .await
            .map(drop),
    );
    invalid(
        store
            .search(mailbox, SearchQuery::default())
            .await
            .map(drop),
    );
    let long = "n".repeat(NAME_BYTES_MAX + 1);
    for name in [String::new(), long, "a\0b".into()] {
        invalid(
            store
                .claim_name(NameKind::Phone, name, PeerId::default())
                .await
                .map(drop),
        );
    }
    assert_eq!(store.head(mailbox).await, Ok(Head::default()));
}

async fn search_finds_what_was_written(factory: &dyn Factory, world: u32) {
    let mut subject = factory.fresh(world).await;
    let peer = PeerId::Channel(ChannelId(id(world, 5)));
    let mailbox = MailboxId::Channel(ChannelId(id(world, 5)));
    let texts = [
        "Déjà vu",
        "deja entendu",
        "明天见面",
        "see #Rust",
        "rustacean",
        "deja vu again",
    ];
    for (n, text) in (1..).zip(texts) {
        let append = Append {
            mailbox,
            messages: vec![message(n, peer, text)],
            ..Append::default()
        };
        subject.store().append(append).await.unwrap();
    }
    let edit = Append {
        mailbox,
        messages: vec![message(2, peer, "changed")],
        ..Append::default()
    };
    subject.store().append(edit).await.unwrap();
    subject.reopen().await;
    let store = subject.store();
    for (text, expected) in [
        ("deja", &[6, 1][..]),
        ("DE v", &[6, 1]),
        ("entendu", &[]),
        ("chang", &[2]),
        ("明天", &[3]),
        ("#rust", &[4]),
        ("rust", &[5, 4]),
    ] {
        let query = SearchQuery {
            text: text.into(),
            limit: 10,
            ..SearchQuery::default()
        };
        let page = store.search(mailbox, query).await.unwrap();
        let ids: Vec<i32> = page.messages.iter().map(|message| message.id.0).collect();
        assert_eq!(
            (ids.as_slice(), page.count as usize),
            (expected, expected.len()),
            "{text}"
        );
    }
}

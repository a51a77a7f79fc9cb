//! A load whose survivors can be judged: many writers, every operation numbered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use store::*;

use crate::laws::message;

/// Mailboxes the writers share.
pub(crate) const MAILBOXES: u64 = 6;

/// Names one operation: writer and number.
pub(crate) type Operation = (u64, u64);

fn mailbox(number: u64) -> MailboxId {
    MailboxId::User(UserId(i64::try_from(number % MAILBOXES).unwrap() + 1))
}

fn op_id((writer, number): Operation) -> OpId {
    OpId(u128::from(writer) << 64 | u128::from(number))
}

fn group(store_head: &Head, operation: Operation) -> Append {
    let id = mailbox(operation.0);
    let text = format!("op {} {}", operation.0, operation.1);
    let peer = PeerId::User(UserId(99));
    let top = store_head.top.0 + 1;
    Append {
        mailbox: id,
        op: Some(op_id(operation)),
        events: vec![Event {
            pts_count: 1,
            body: Bytes::from(text.clone()),
        }],
        messages: vec![message(top, peer, &text)],
        dialogs: vec![DialogWrite::Put(Dialog {
            peer,
            top: MsgId(top),
            ..Dialog::default()
        })],
        ..Append::default()
    }
}

/// Sends operation after operation until `stop` says so, each until it is in; `acknowledge` is told
/// of each. A store that cannot be used is asked again later.
pub(crate) async fn write(
    store: Arc<dyn Store>,
    writer: u64,
    from: u64,
    acknowledge: impl Fn(Operation) + Send,
    stop: impl Fn(u64) -> bool + Send,
) {
    let mut number = from;
    while !stop(number) {
        let operation = (writer, number);
        loop {
            let tried = match store.head(mailbox(writer)).await {
                Err(error) => Err(error),
                Ok(head) => {
                    let append = group(&head, operation);
                    store
                        .append(Append {
                            expect: head.pts,
                            ..append
                        })
                        .await
                }
            };
            match tried {
                Ok(_) => break acknowledge(operation),
                Err(Error::Conflict(_) | Error::Unknown(_)) => {}
                Err(Error::Unavailable(_)) => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                Err(other) => panic!("{other}"),
            }
        }
        number += 1;
    }
}

/// One operation after the other, without a second try: `None` when its outcome is not known.
pub(crate) async fn write_once(store: &dyn Store, operation: Operation) -> Option<()> {
    let head = store.head(mailbox(operation.0)).await.ok()?;
    store
        .append(Append {
            expect: head.pts,
            ..group(&head, operation)
        })
        .await
        .ok()
        .map(drop)
}

/// Whether the store holds all that was acknowledged, nothing twice, nothing by halves. Returns
/// what it holds.
pub(crate) async fn judge(
    store: &dyn Store,
    acknowledged: &BTreeSet<Operation>,
) -> BTreeSet<Operation> {
    let mut found = BTreeSet::new();
    for number in 0..MAILBOXES {
        let id = mailbox(number);
        let head = store.head(id).await.unwrap();
        let mut at = LogPosition::default();
        let mut bodies = BTreeMap::new();
        loop {
            let slice = store.log(id, at, 1000).await.unwrap();
            for entry in slice.entries {
                assert_eq!(
                    entry.position.pts.0,
                    at.pts.0 + 1,
                    "a gap in the log of {id:?}"
                );
                at = entry.position;
                bodies.insert(entry.position.pts, entry.body);
            }
            if slice.complete {
                break;
            }
        }
        assert_eq!(at.pts, head.pts, "log and head of {id:?} differ");
        let query = HistoryQuery {
            peer: PeerId::User(UserId(99)),
            list: List::All,
            from: None,
            direction: Direction::Newer,
            limit: 1000,
        };
        let mut messages: Vec<Message> = Vec::new();
        loop {
            let from = messages.last().map(|message| message.id);
            let page = store
                .history(id, HistoryQuery { from, ..query })
                .await
                .unwrap();
            if page.is_empty() {
                break;
            }
            messages.extend(page);
        }
        let bodies: Vec<Bytes> = bodies.into_values().collect();
        let texts: Vec<Bytes> = messages.into_iter().map(|message| message.body).collect();
        assert_eq!(bodies, texts, "log and messages of {id:?} differ");
        for body in bodies {
            let text = String::from_utf8(body.to_vec()).unwrap();
            let mut numbers = text.split(' ').skip(1).map(|part| part.parse().unwrap());
            let operation = (numbers.next().unwrap(), numbers.next().unwrap());
            assert!(found.insert(operation), "{operation:?} happened twice");
            assert!(
                store
                    .operation(id, op_id(operation))
                    .await
                    .unwrap()
                    .is_some()
            );
        }
    }
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    found
}

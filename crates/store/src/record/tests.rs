//! The stored form of every record. A difference here is data that can no longer be read: give the
//! record a new version instead.

use std::fmt::Write;

use bytes::Bytes;
use expect_test::expect;

use super::*;
use crate::codec::{Codec, from_bytes, to_bytes};

fn line<T: Codec + PartialEq + std::fmt::Debug>(out: &mut String, name: &str, record: &T) {
    let bytes = to_bytes(record);
    write!(out, "{name} ").unwrap();
    bytes
        .iter()
        .for_each(|byte| write!(out, "{byte:02x}").unwrap());
    out.push('\n');
    assert_eq!(from_bytes::<T>(bytes).unwrap(), *record);
}

#[test]
fn stored_forms_stay_as_they_are() {
    let body = Bytes::from_static(b"\xaa\xbb");
    let (user, peer) = (UserId(300), PeerId::Channel(crate::id::ChannelId(-2)));
    let mut out = String::new();
    let message = Message {
        id: MsgId(5),
        peer,
        from: PeerId::User(user),
        date: 1_700_000_000,
        thread: MsgId(1),
        tags: 9,
        layer: 230,
        body: body.clone(),
    };
    line(&mut out, "Message", &message);
    let dialog = Dialog {
        peer,
        top: MsgId(7),
        top_date: 1,
        read_inbox: MsgId(2),
        read_outbox: MsgId(3),
        unread: 4,
        mentions: 5,
        reactions: 6,
        pinned: 7,
        folder: 1,
        flags: 8,
        extra: body.clone(),
    };
    line(&mut out, "Dialog", &dialog);
    let head = Head {
        epoch: 1,
        pts: Pts(2),
        index: 3,
        top: MsgId(4),
        trimmed: Pts(1),
        date: 5,
        qts: 6,
        seq: 7,
    };
    line(&mut out, "Head", &head);
    line(
        &mut out,
        "OperationResult",
        &OperationResult {
            pts: Pts(2),
            result: body.clone(),
        },
    );
    line(
        &mut out,
        "Profile",
        &Profile {
            version: 3,
            body: body.clone(),
        },
    );
    let key = AuthKey {
        id: AuthKeyId(-1),
        key: body.clone(),
        kind: 2,
        user,
        expires_at: 9,
        facts: body.clone(),
    };
    line(&mut out, "AuthKey", &key);
    let facts = body.clone();
    line(
        &mut out,
        "Authorization",
        &Authorization {
            key: AuthKeyId(1),
            active_at: 2,
            facts,
        },
    );
    let facts = body.clone();
    line(
        &mut out,
        "LoginCode",
        &LoginCode {
            attempts_left: 3,
            expires_at: 4,
            facts,
        },
    );
    line(
        &mut out,
        "Contact",
        &Contact {
            user,
            facts: body.clone(),
        },
    );
    line(
        &mut out,
        "Member",
        &Member {
            user,
            role: 1,
            date: 2,
            facts: body.clone(),
        },
    );
    let part = UploadPart {
        part: 1,
        size: 2,
        expires_at: 3,
        facts: body.clone(),
    };
    line(&mut out, "UploadPart", &part);
    line(
        &mut out,
        "Blob",
        &Blob {
            size: 1 << 40,
            created: 2,
            facts: body.clone(),
        },
    );
    line(
        &mut out,
        "DueTask",
        &DueTask {
            at_ms: 1,
            id: OpId(u128::MAX),
            payload: body.clone(),
        },
    );
    line(
        &mut out,
        "Lease",
        &Lease {
            epoch: 1,
            holder: NodeId(2),
            until_ms: 3,
        },
    );
    line(&mut out, "Setting", &Setting { version: 1, body });
    line(
        &mut out,
        "BlobReference",
        &BlobReference {
            kind: 1,
            id: DocumentId(2),
        },
    );
    expect![[r#"
        Message 010a030301d80480e2cfaa060209e60102aabb
        Dialog 0103030e01040604050607010802aabb
        Head 010104030802050c0e
        OperationResult 010402aabb
        Profile 010302aabb
        AuthKey 010102aabb02d8040902aabb
        Authorization 01020202aabb
        LoginCode 01030402aabb
        Contact 01d80402aabb
        Member 01d804010202aabb
        UploadPart 0101020302aabb
        Blob 018080808080200202aabb
        DueTask 0101ffffffffffffffffffffffffffffffffffff0302aabb
        Lease 01010203
        Setting 010102aabb
        BlobReference 010104
    "#]]
    .assert_eq(&out);
}

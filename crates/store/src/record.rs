//! What is kept. Bodies are opaque bytes; a record names only what the store itself must index,
//! order or compare.

use bytes::Bytes;

use crate::codec::record;
use crate::id::{AuthKeyId, DocumentId, MsgId, NodeId, OpId, PeerId, Pts, UserId};

record! {
    /// One copy of a message in one mailbox.
    pub struct Message, version 1 {
        /// Its id in this mailbox.
        pub id: MsgId,
        /// The dialog it is in. Never changes.
        pub peer: PeerId,
        /// Who sent it.
        pub from: PeerId,
        /// When it was sent, Unix seconds.
        pub date: u32,
        /// The first message of its thread or topic; 0 for none.
        pub thread: MsgId,
        /// Bit n set: the message is in list n of its dialog (photos, pinned, unread mentions …).
        pub tags: u32,
        /// The API layer of `body`.
        pub layer: u16,
        /// The message itself.
        pub body: Bytes,
    }
}

record! {
    /// One entry of a dialog list. The store keeps the read marks from going back.
    pub struct Dialog, version 1 {
        /// The other side.
        pub peer: PeerId,
        /// The newest message; 0 for none.
        pub top: MsgId,
        /// The date of that message, Unix seconds: dialogs are ordered by it.
        pub top_date: u32,
        /// Every incoming message up to here is read. Only grows.
        pub read_inbox: MsgId,
        /// Every outgoing message up to here is read by the other side. Only grows.
        pub read_outbox: MsgId,
        /// Unread incoming messages.
        pub unread: u32,
        /// Unread mentions.
        pub mentions: u32,
        /// Own messages with unread reactions.
        pub reactions: u32,
        /// The place among the pinned dialogs, 1 and up; 0 for not pinned.
        pub pinned: u32,
        /// The folder: 0 main, 1 archive.
        pub folder: u32,
        /// Flags of the caller.
        pub flags: u32,
        /// Draft, notification settings and the like.
        pub extra: Bytes,
    }
}

record! {
    /// Where a mailbox stands.
    pub struct Head, version 1 {
        /// The newest owner that opened it.
        pub epoch: u64,
        /// The events it has seen.
        pub pts: Pts,
        /// Events behind the last `pts` that took none.
        pub index: u32,
        /// The highest message id in use, deleted ones included.
        pub top: MsgId,
        /// Log entries up to here may be gone.
        pub trimmed: Pts,
        /// The highest date of an append, Unix seconds.
        pub date: u32,
        /// The highest `qts` of an append.
        pub qts: i32,
        /// The highest `seq` of an append.
        pub seq: i32,
    }
}

record! {
    /// What an operation with an id did, for whoever sends it again.
    pub struct OperationResult, version 1 {
        /// The `pts` of the mailbox right after it.
        pub pts: Pts,
        /// The answer the caller gave along with it.
        pub result: Bytes,
    }
}

record! {
    /// What a user, a basic group or a channel is.
    pub struct Profile, version 1 {
        /// Grows by one with each change, from 1.
        pub version: u64,
        /// The profile itself.
        pub body: Bytes,
    }
}

record! {
    /// An authorization key. Bytes and kind never change; the rest does.
    pub struct AuthKey, version 1 {
        /// The lower 64 bits of its SHA-1.
        pub id: AuthKeyId,
        /// The 256 bytes of the key.
        pub key: Bytes,
        /// Meaning of the caller: permanent, temporary, media.
        pub kind: u8,
        /// Who is logged in by it; 0 for nobody.
        pub user: UserId,
        /// Unix seconds after which it is gone; 0 for never.
        pub expires_at: u32,
        /// Layer, connection facts and the like.
        pub facts: Bytes,
    }
}

record! {
    /// One device a user is logged in on.
    pub struct Authorization, version 1 {
        /// The permanent key of the device.
        pub key: AuthKeyId,
        /// Last use, Unix seconds.
        pub active_at: u32,
        /// Device, application, address and the like.
        pub facts: Bytes,
    }
}

record! {
    /// A login code that waits to be entered.
    pub struct LoginCode, version 1 {
        /// Wrong answers still allowed.
        pub attempts_left: u32,
        /// Unix seconds after which it is gone.
        pub expires_at: u32,
        /// The code, or its hash, and what belongs to it.
        pub facts: Bytes,
    }
}

record! {
    /// One user in one of the lists another user keeps.
    pub struct Contact, version 1 {
        /// The user in the list.
        pub user: UserId,
        /// Names given, date and the like.
        pub facts: Bytes,
    }
}

record! {
    /// One member of a basic group or channel.
    pub struct Member, version 1 {
        /// The member.
        pub user: UserId,
        /// Meaning of the caller: member, admin, banned …
        pub role: u8,
        /// Unix seconds.
        pub date: u32,
        /// Rights, inviter, read marks and the like.
        pub facts: Bytes,
    }
}

record! {
    /// One part of a file that is being uploaded.
    pub struct UploadPart, version 1 {
        /// The part, from 0.
        pub part: u32,
        /// Its length in bytes.
        pub size: u32,
        /// Unix seconds after which it is gone.
        pub expires_at: u32,
        /// Where its bytes are.
        pub facts: Bytes,
    }
}

record! {
    /// A stored blob, named by the SHA-256 of its bytes.
    pub struct Blob, version 1 {
        /// Its length in bytes.
        pub size: u64,
        /// Unix seconds.
        pub created: u32,
        /// Where its bytes are.
        pub facts: Bytes,
    }
}

record! {
    /// Something to be done later.
    pub struct DueTask, version 1 {
        /// When, Unix milliseconds.
        pub at_ms: u64,
        /// Its id.
        pub id: OpId,
        /// What.
        pub payload: Bytes,
    }
}

record! {
    /// Who holds a lease.
    pub struct Lease, version 1 {
        /// Grows with every new holder.
        pub epoch: u64,
        /// The holder; meaningless once released.
        pub holder: NodeId,
        /// Unix milliseconds from which anybody may take it.
        pub until_ms: u64,
    }
}

record! {
    /// A small value of the system with its version.
    pub struct Setting, version 1 {
        /// Grows by one with each change, from 1.
        pub version: u64,
        /// The value.
        pub body: Bytes,
    }
}

record! {
    /// What refers to a blob.
    #[derive(Copy, PartialOrd, Ord)]
    pub struct BlobReference, version 1 {
        /// Meaning of the caller.
        pub kind: u8,
        /// The document or other thing that refers to it.
        pub id: DocumentId,
    }
}

#[cfg(test)]
mod tests;

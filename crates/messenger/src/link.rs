//! How the copies of one message know each other (A4).
//!
//! The link stands behind the message in the stored body: nothing to read or write beside it. In a
//! private chat each copy names the other. In a group the sender's copy, the hub, names all
//! others, and each of those names the hub.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{MailboxId, MsgId, UserId};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Letter;

const PAIR: u8 = 1;
const HUB: u8 = 2;
const SPOKE: u8 = 3;
const SHARED: u8 = 4;

/// The key of the setting that keeps the link of a hub whose message was deleted.
const LOST_HUB: &[u8] = b"hub";

/// The other copies of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// There is no other copy.
    #[default]
    Alone,
    /// The id of the copy of the other side of a private chat.
    Pair(MsgId),
    /// Who else in the group has a copy, and its id there.
    Hub(Vec<(UserId, MsgId)>),
    /// The sender and the id of the hub.
    Spoke(UserId, MsgId),
    /// The one copy of a channel.
    Shared(Shared),
}

/// What is kept with a message of a channel that not everybody is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Who wrote it, in whoever's name; 0 for the server.
    pub author: UserId,
    /// Members whose attention is wanted.
    pub mentioned: Vec<UserId>,
}

impl Link {
    /// Adds the link behind a message.
    pub(crate) fn append_to(&self, body: Bytes) -> Bytes {
        if *self == Self::Alone {
            return body;
        }
        let mut bytes = BytesMut::from(body);
        match self {
            Self::Alone => {}
            Self::Pair(id) => {
                bytes.put_u8(PAIR);
                bytes.put_i32_le(id.0);
            }
            Self::Hub(copies) => {
                bytes.put_u8(HUB);
                for (user, id) in copies {
                    bytes.put_i64_le(user.0);
                    bytes.put_i32_le(id.0);
                }
            }
            Self::Spoke(user, id) => {
                bytes.put_u8(SPOKE);
                bytes.put_i64_le(user.0);
                bytes.put_i32_le(id.0);
            }
            Self::Shared(shared) => {
                bytes.put_u8(SHARED);
                bytes.put_i64_le(shared.author.0);
                for user in &shared.mentioned {
                    bytes.put_i64_le(user.0);
                }
            }
        }
        bytes.freeze()
    }

    /// Reads what stands behind a message.
    pub(crate) fn read(mut bytes: &[u8]) -> Result<Self> {
        const DAMAGED: Error = Error::Damaged("the link of a message");
        if bytes.is_empty() {
            return Ok(Self::Alone);
        }
        match (bytes.get_u8(), bytes.len()) {
            (PAIR, 4) => Ok(Self::Pair(MsgId(bytes.get_i32_le()))),
            (SPOKE, 12) => Ok(Self::Spoke(
                UserId(bytes.get_i64_le()),
                MsgId(bytes.get_i32_le()),
            )),
            (HUB, len) if len % 12 == 0 => {
                let mut copies = Vec::with_capacity(len / 12);
                while bytes.has_remaining() {
                    copies.push((UserId(bytes.get_i64_le()), MsgId(bytes.get_i32_le())));
                }
                Ok(Self::Hub(copies))
            }
            (SHARED, len) if len >= 8 && len % 8 == 0 => {
                let author = UserId(bytes.get_i64_le());
                let mut mentioned = Vec::with_capacity(len / 8 - 1);
                while bytes.has_remaining() {
                    mentioned.push(UserId(bytes.get_i64_le()));
                }
                Ok(Self::Shared(Shared { author, mentioned }))
            }
            _ => Err(DAMAGED),
        }
    }
}

/// The key that keeps the link of a deleted hub.
pub(crate) fn lost_hub_key(id: MsgId) -> Bytes {
    let mut key = BytesMut::from(LOST_HUB);
    key.put_i32(id.0);
    key.freeze()
}

impl Messenger {
    /// All other copies of a message of `owner`'s mailbox: whose they are, and their ids. Some may
    /// have been deleted since.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn copies_of(&self, owner: UserId, letter: &Letter) -> Result<Vec<(UserId, MsgId)>> {
        self.copies(owner, letter).await
    }

    /// As [`Messenger::copies_of`].
    pub(crate) async fn copies(
        &self,
        owner: UserId,
        letter: &Letter,
    ) -> Result<Vec<(UserId, MsgId)>> {
        match &letter.link {
            Link::Alone | Link::Shared(_) => Ok(Vec::new()),
            Link::Pair(id) => Ok(match letter.peer {
                store::PeerId::User(other) => vec![(other, *id)],
                store::PeerId::Chat(_) | store::PeerId::Channel(_) => Vec::new(),
            }),
            Link::Hub(copies) => Ok(copies.clone()),
            Link::Spoke(sender, id) => {
                let mut copies = self.hub(*sender, *id).await?;
                copies.retain(|(user, _)| *user != owner);
                copies.push((*sender, *id));
                Ok(copies)
            }
        }
    }

    /// The other copies of a message of a group that its sender has deleted.
    pub(crate) async fn lost_copies(
        &self,
        sender: UserId,
        id: MsgId,
    ) -> Result<Vec<(UserId, MsgId)>> {
        self.hub(sender, id).await
    }

    async fn hub(&self, sender: UserId, id: MsgId) -> Result<Vec<(UserId, MsgId)>> {
        let mailbox = MailboxId::User(sender);
        let hub = self
            .store
            .messages(mailbox, vec![id])
            .await?
            .pop()
            .flatten();
        let link = match hub {
            Some(message) => Letter::read(&message)?.link,
            None => {
                let lost = self
                    .store
                    .mailbox_settings(mailbox, lost_hub_key(id))
                    .await?;
                match lost.first() {
                    Some((_, value)) => Link::read(value)?,
                    None => Link::Alone,
                }
            }
        };
        match link {
            Link::Hub(copies) => Ok(copies),
            Link::Alone | Link::Pair(_) | Link::Spoke(..) | Link::Shared(_) => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_survive_being_kept() {
        let links = [
            Link::Alone,
            Link::Pair(MsgId(7)),
            Link::Hub(vec![
                (UserId(1), MsgId(2)),
                (UserId(1 << 40), MsgId(i32::MAX)),
            ]),
            Link::Spoke(UserId(5), MsgId(6)),
            Link::Shared(Shared {
                author: UserId(7),
                mentioned: vec![UserId(8), UserId(1 << 41)],
            }),
        ];
        for link in links {
            let body = Bytes::from_static(b"message");
            let kept = link.append_to(body);
            assert_eq!(Link::read(&kept[7..]), Ok(link));
        }
    }

    #[test]
    fn damaged_links_are_refused() {
        for bytes in [&[0][..], &[1, 0], &[2, 0], &[3, 1, 2], &[4, 1], &[9]] {
            assert!(Link::read(bytes).is_err(), "{bytes:?}");
        }
    }
}

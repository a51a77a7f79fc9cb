//! Views, forwards and replies of messages: counters beside them, in blocks of some messages each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{ChannelId, MailboxId, MsgId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::mailbox::{Draft, message_id};

/// What the keys begin with in the mailbox of the channel.
const KEY: &[u8] = b"count";
/// Messages in one block.
const BLOCK_LEN: i32 = 64;
/// Bytes of one message's counters.
const ROW_LEN: usize = 16;

/// The counters of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// How many have seen it, its author not counted.
    pub views: u32,
    /// How often it was forwarded.
    pub forwards: u32,
    /// Messages of its thread.
    pub replies: u32,
    /// The newest of them.
    pub newest_reply: i32,
}

/// Counters of a block, by place.
type Block = Vec<Counters>;

fn block_key(block: i32) -> Bytes {
    let mut key = BytesMut::from(KEY);
    key.put_i32(block);
    key.freeze()
}

fn read(mut bytes: &[u8]) -> Block {
    let mut block = Vec::with_capacity(BLOCK_LEN as usize);
    while bytes.remaining() >= ROW_LEN {
        block.push(Counters {
            views: bytes.get_u32_le(),
            forwards: bytes.get_u32_le(),
            replies: bytes.get_u32_le(),
            newest_reply: bytes.get_i32_le(),
        });
    }
    block
}

fn write(block: &Block) -> Bytes {
    let mut bytes = BytesMut::with_capacity(block.len() * ROW_LEN);
    for row in block {
        bytes.put_u32_le(row.views);
        bytes.put_u32_le(row.forwards);
        bytes.put_u32_le(row.replies);
        bytes.put_i32_le(row.newest_reply);
    }
    bytes.freeze()
}

fn place(id: MsgId) -> usize {
    usize::try_from(id.0.rem_euclid(BLOCK_LEN)).unwrap_or(0)
}

impl Messenger {
    async fn block(&self, channel: ChannelId, block: i32) -> Result<Block> {
        let key = block_key(block);
        let found = self
            .store
            .mailbox_settings(MailboxId::Channel(channel), key)
            .await?;
        Ok(found
            .first()
            .map(|(_, body)| read(body))
            .unwrap_or_default())
    }

    /// The counters of messages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn counters(
        &self,
        channel: ChannelId,
        ids: &[MsgId],
    ) -> Result<BTreeMap<MsgId, Counters>> {
        let mut blocks: BTreeMap<i32, Block> = BTreeMap::new();
        let mut counters = BTreeMap::new();
        for id in ids {
            let number = id.0.div_euclid(BLOCK_LEN);
            if let Entry::Vacant(vacant) = blocks.entry(number) {
                vacant.insert(self.block(channel, number).await?);
            }
            let row = blocks.get(&number).and_then(|block| block.get(place(*id)));
            counters.insert(*id, row.copied().unwrap_or_default());
        }
        Ok(counters)
    }

    /// Changes the counters of messages of a locked channel.
    pub(crate) async fn count(
        &self,
        draft: &mut Draft,
        channel: ChannelId,
        ids: &[MsgId],
        mut change: impl FnMut(&mut Counters) + Send,
    ) -> Result<()> {
        for id in ids {
            let number = id.0.div_euclid(BLOCK_LEN);
            let key = block_key(number);
            let mut block = match draft.pending_setting(&key) {
                Some(body) => read(&body),
                None => self.block(channel, number).await?,
            };
            if block.len() <= place(*id) {
                block.resize(place(*id) + 1, Counters::default());
            }
            if let Some(row) = block.get_mut(place(*id)) {
                change(row);
            }
            draft.put_setting(key, Some(write(&block)));
        }
        Ok(())
    }

    /// Puts the counters of a channel into its messages.
    pub(crate) async fn add_counters<'m>(
        &self,
        channel: ChannelId,
        messages: impl Iterator<Item = &'m mut types::Message> + Send,
    ) -> Result<()> {
        let mut blocks: BTreeMap<i32, Block> = BTreeMap::new();
        for message in messages {
            let id = message_id(message);
            let types::Message::Message(message) = message else {
                continue;
            };
            if message.views.is_none() && message.replies.is_none() {
                continue;
            }
            let number = id.0.div_euclid(BLOCK_LEN);
            if let Entry::Vacant(vacant) = blocks.entry(number) {
                vacant.insert(self.block(channel, number).await?);
            }
            let row = blocks.get(&number).and_then(|block| block.get(place(id)));
            let row = row.copied().unwrap_or_default();
            let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
            if message.fwd_from.is_none() && message.views.is_some() {
                message.views = Some(count(row.views.saturating_add(1)));
                message.forwards = Some(count(row.forwards));
            }
            if let Some(replies) = &mut message.replies {
                replies.replies = count(row.replies);
                replies.max_id = (row.newest_reply > 0).then_some(row.newest_reply);
            }
        }
        Ok(())
    }
}

//! Log entries of a mailbox: what `updates.getDifference` tells.

use bytes::{BufMut as _, Bytes, BytesMut};
use store::MsgId;
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

use crate::error::{Error, Result};

const NEW_MESSAGE: u8 = 1;
const EDITED_MESSAGE: u8 = 2;
const UPDATE: u8 = 3;

/// One log entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The message with this id was edited; it is read when the event is shown.
    EditedMessage(MsgId),
    /// The message with this id is new; it is read when the event is shown.
    NewMessage(MsgId),
    /// Anything else, as it was pushed.
    Update(Box<types::Update>),
}

impl Event {
    /// As it is kept.
    ///
    /// # Errors
    /// `Damaged` for an update that has no form in the newest layer.
    pub fn encode(&self) -> Result<Bytes> {
        let (tag, id) = match self {
            Self::EditedMessage(id) => (EDITED_MESSAGE, id),
            Self::NewMessage(id) => (NEW_MESSAGE, id),
            Self::Update(update) => {
                let body = tl::to_bytes(update.as_ref(), Layer(NEWEST_LAYER))
                    .map_err(|_| Error::Damaged("an update without a form"))?;
                let mut bytes = BytesMut::with_capacity(1 + body.len());
                bytes.put_u8(UPDATE);
                bytes.put(body);
                return Ok(bytes.freeze());
            }
        };
        let mut bytes = BytesMut::with_capacity(5);
        bytes.put_u8(tag);
        bytes.put_i32_le(id.0);
        Ok(bytes.freeze())
    }

    /// From what is kept.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn decode(body: &Bytes) -> Result<Self> {
        const DAMAGED: Error = Error::Damaged("a log entry");
        let (tag, rest) = body.split_first().ok_or(DAMAGED)?;
        let id = || {
            rest.try_into()
                .map(|bytes| MsgId(i32::from_le_bytes(bytes)))
                .map_err(|_| DAMAGED)
        };
        match *tag {
            EDITED_MESSAGE => Ok(Self::EditedMessage(id()?)),
            NEW_MESSAGE => Ok(Self::NewMessage(id()?)),
            UPDATE => tl::from_bytes(&body.slice(1..))
                .map(|update| Self::Update(Box::new(update)))
                .map_err(|_| DAMAGED),
            _ => Err(DAMAGED),
        }
    }
}

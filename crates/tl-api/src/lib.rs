//! The Telegram API at every layer from 133 on, as one set of types.
//!
//! Types have the shape of the newest layer. They are decoded from the ids of any layer, and a
//! [`tl::Writer`] encodes them for the layer it carries, in the constructors that clients of this
//! layer know. What equal name and type cannot convert goes through the rules of `compat.rules`.
//!
//! ```
//! use tl::{Layer, to_bytes};
//! use tl_api::{constructors, types};
//!
//! let peer = types::Peer::User { user_id: 42 };
//! let mut message = constructors::Message::new(7, peer, 1_790_000_000, "hello".into());
//! message.out = true;
//! let message = types::Message::Message(Box::new(message));
//! let for_pyrogram = to_bytes(&message, Layer(158))?;
//! let for_the_newest = to_bytes(&message, Layer(230))?;
//! assert_eq!(for_pyrogram[..4], 0x38116ee0u32.to_le_bytes());
//! assert_eq!(for_the_newest[..4], 0x7600b9d3u32.to_le_bytes());
//! assert_eq!(tl::from_bytes::<types::Message>(&for_pyrogram), Ok(message));
//! # Ok::<(), tl::NoForm>(())
//! ```

pub mod compat;
// Formatted by its generator.
#[rustfmt::skip]
mod generated;

pub(crate) use generated::forms;
pub use generated::{NEWEST_LAYER, OLDEST_LAYER, any, call, constructors, functions, name, types};
use tl::Layer;

/// Layers for which no schema was ever published; each is served as the one below it.
pub const UNPUBLISHED_LAYERS: [u16; 2] = [141, 226];

/// The layer whose forms a client is served that announced `announced`: the one itself, the one
/// below an unpublished one, the newest for anything newer; `None` for what is too old (A32).
pub fn served_layer(announced: i32) -> Option<Layer> {
    let newest = i32::from(NEWEST_LAYER);
    let layer = u16::try_from(announced.min(newest))
        .ok()
        .filter(|layer| *layer >= OLDEST_LAYER)?;
    Some(Layer(if UNPUBLISHED_LAYERS.contains(&layer) {
        layer - 1
    } else {
        layer
    }))
}

//! stickers.*

use crate::dispatch::methods;

methods! {
    works {}
}

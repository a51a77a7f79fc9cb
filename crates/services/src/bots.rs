//! bots.*

use crate::dispatch::methods;

methods! {
    works {}
}

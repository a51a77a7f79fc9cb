//! messages.*

use crate::dispatch::methods;

methods! {
    works {}
}

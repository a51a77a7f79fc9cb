//! folders.*

use crate::dispatch::methods;

methods! {
    works {}
}

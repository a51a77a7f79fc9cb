//! payments.*

use crate::dispatch::methods;

methods! {
    works {}
}

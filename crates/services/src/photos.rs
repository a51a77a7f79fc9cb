//! photos.*

use crate::dispatch::methods;

methods! {
    works {}
}

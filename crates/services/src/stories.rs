//! stories.*

use crate::dispatch::methods;

methods! {
    works {}
}

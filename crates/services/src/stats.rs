//! stats.*

use crate::dispatch::methods;

methods! {
    works {}
}

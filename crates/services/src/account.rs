//! account.*

use crate::dispatch::methods;

methods! {
    works {}
}

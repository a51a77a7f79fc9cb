//! users.*

use crate::dispatch::methods;

methods! {
    works {}
}

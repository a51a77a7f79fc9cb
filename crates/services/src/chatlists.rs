//! chatlists.*

use crate::dispatch::methods;

methods! {
    works {}
}

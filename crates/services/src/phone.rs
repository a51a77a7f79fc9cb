//! phone.*

use crate::dispatch::methods;

methods! {
    works {}
}

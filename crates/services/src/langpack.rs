//! langpack.*

use crate::dispatch::methods;

methods! {
    works {}
}

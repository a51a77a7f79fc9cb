//! contacts.*

use crate::dispatch::methods;

methods! {
    works {}
}

//! upload.*

use crate::dispatch::methods;

methods! {
    works {}
}

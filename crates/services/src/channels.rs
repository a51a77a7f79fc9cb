//! channels.*

use crate::dispatch::methods;

methods! {
    works {}
}

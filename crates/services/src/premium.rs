//! premium.*

use crate::dispatch::methods;

methods! {
    works {}
}

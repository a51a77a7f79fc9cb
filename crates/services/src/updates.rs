//! updates.*: where an account stands, and what it missed.

mod difference;

use crate::dispatch::methods;

methods! {
    works {
        UpdatesGetDifference => difference::get_difference,
        UpdatesGetState => difference::get_state,
    }
}

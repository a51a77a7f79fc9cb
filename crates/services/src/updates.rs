//! updates.*: where an account stands, and what it missed.

mod channel;
mod difference;

use crate::dispatch::methods;

methods! {
    works {
        UpdatesGetChannelDifference => channel::get_channel_difference,
        UpdatesGetDifference => difference::get_difference,
        UpdatesGetState => difference::get_state,
    }
}

//! help.*: what clients ask at start.

mod config;

use crate::dispatch::methods;

methods! {
    works {
        HelpGetConfig => config::get_config,
        HelpGetNearestDc => config::get_nearest_dc,
    }
}

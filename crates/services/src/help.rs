//! help.*: what clients ask at start.

mod app_config;
mod config;

use crate::dispatch::methods;

methods! {
    works {
        HelpGetAppConfig => app_config::get_app_config,
        HelpGetConfig => config::get_config,
        HelpGetNearestDc => config::get_nearest_dc,
    }
}

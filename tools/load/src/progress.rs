//! What is shown while something takes long.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Makes progress bars, or ones that nobody sees.
#[derive(Clone, Copy)]
pub struct Progress {
    shown: bool,
}

impl Progress {
    /// Bars on standard error, if that is a terminal.
    #[must_use]
    pub fn new(shown: bool) -> Self {
        Self { shown }
    }

    /// A bar for `count` things.
    #[must_use]
    pub fn bar(self, what: &'static str, count: usize) -> ProgressBar {
        if !self.shown {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(count as u64);
        let style = "{msg:10} {wide_bar} {pos}/{len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }

    /// A bar for a time.
    #[must_use]
    pub fn clock(self, what: &'static str, time: Duration) -> ProgressBar {
        if !self.shown {
            return ProgressBar::hidden();
        }
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let bar = ProgressBar::new(ms);
        if let Ok(style) = ProgressStyle::with_template("{msg:30} {wide_bar} {elapsed} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }
}

//! The background task that reads pages: new ones at once, those that failed when they are due again.

use std::{sync::Arc, time::Duration};

use web::{Tasks, Turns};

use super::{DuePages, PLACES};
use crate::Memory;

/// Interval between checks for pages that are due, or that another process left behind.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    if !memory.settings().pages.enabled {
        return;
    }
    let wake = Arc::clone(&memory.0.pages);
    Turns::new(DuePages(memory.clone()), PLACES).start(tasks, "pages of notes read", EVERY, wake);
}

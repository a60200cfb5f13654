//! The background work: reading pages as soon as they are added, and those that failed when their time comes.

use std::{sync::Arc, time::Duration};

use web::{Tasks, Turns};

use super::{DuePages, PLACES};
use crate::Memory;

/// How often to look whether a page's time has come, or another process left one behind.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    if !memory.settings().pages.enabled {
        return;
    }
    let wake = Arc::clone(&memory.0.pages);
    Turns::new(DuePages(memory.clone()), PLACES).start(tasks, "pages of notes read", EVERY, wake);
}

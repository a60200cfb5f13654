//! The background work: reading pages as soon as they are added, and those that failed when their time comes.

use std::time::Duration;

use web::Tasks;

use crate::Memory;

/// How often to look whether a page's time has come, or another process left one behind.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    if !memory.settings().pages.enabled {
        return;
    }
    let (memory, stopping) = (memory.clone(), tasks.clone());
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = memory.0.pages.notified() => {}
                () = stopping.stopping() => return,
            }
            loop {
                let read = tokio::select! {
                    read = memory.read_due_pages() => read,
                    // What was begun is done by whoever starts next.
                    () = stopping.stopping() => return,
                };
                match read {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(
                            cause = error.cause().unwrap_or_default(),
                            "pages of notes not read yet"
                        );
                        break;
                    }
                }
            }
        }
    });
}

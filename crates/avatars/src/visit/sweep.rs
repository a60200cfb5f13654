//! Removal of what visitors left behind, in small batches, and answers that were left unfinished.

use std::time::Duration;

use store::params;
use web::Tasks;

use super::queries;
use crate::Avatars;

const EVERY: Duration = Duration::from_secs(60);
/// Most rows of a kind that are removed at once, so that no other write waits long.
const BATCH: i64 = 500;
/// Time for which frames are kept for sockets that connect late, in milliseconds.
const FRAME_MS: i64 = 10 * 60_000;
/// Days for which counts are kept.
const COUNT_DAYS: i64 = 400;

impl Avatars {
    /// Removes one batch of each kind of expired rows. Returns true if there may be more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_expired(&self) -> Result<bool, store::Error> {
        let now = self.db().clock().now();
        let kept = now.plus_secs(-self.settings().keep_days.saturating_mul(86_400));
        let mut most = 0;
        for (sql, before) in [
            (queries::SWEEP_FRAMES, now.plus_ms(-FRAME_MS).0),
            (queries::SWEEP_SESSIONS, kept.0),
            (queries::SWEEP_EXPORTS, now.0),
            (queries::SWEEP_DAYS, now.day() - COUNT_DAYS),
            (queries::SWEEP_VISITS, now.day() - COUNT_DAYS),
        ] {
            most = most.max(self.db().execute(sql, params![before, BATCH]).await?);
        }
        Ok(most >= u64::try_from(BATCH).unwrap_or(u64::MAX))
    }
}

pub(crate) fn start(avatars: &Avatars, tasks: &Tasks) {
    let (avatars, stopping) = (avatars.clone(), tasks.clone());
    tasks.every(EVERY, move || {
        let (avatars, stopping) = (avatars.clone(), stopping.clone());
        async move {
            if !stopping.is_stopping()
                && let Err(error) = avatars.resume_answers().await
            {
                tracing::warn!(cause = error.cause(), "answers to visitors not resumed yet");
            }
            while !stopping.is_stopping() {
                match avatars.remove_expired().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return tracing::warn!(%error, "traces of visitors not removed yet"),
                }
            }
        }
    });
}

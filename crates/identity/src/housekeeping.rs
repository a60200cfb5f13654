//! Removal of expired rows, in small batches.

use std::time::Duration;

use store::params;
use web::Tasks;

use crate::{Identity, account};

const EVERY: Duration = Duration::from_secs(300);
/// Most rows of a kind that are removed at once, so that no other write waits long.
const BATCH: i64 = 500;
/// Days for which usage counts are kept.
const USAGE_DAYS: i64 = 400;

const SESSIONS: &str =
    "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at <= $1 LIMIT $2)";
const LINKS: &str =
    "DELETE FROM sign_up_link WHERE hash IN (SELECT hash FROM sign_up_link WHERE expires_at <= $1 LIMIT $2)";
const PASSWORD_LINKS: &str = "DELETE FROM password_link WHERE hash IN \
     (SELECT hash FROM password_link WHERE expires_at <= $1 LIMIT $2)";
const ATTEMPTS: &str = "DELETE FROM sign_in_attempt WHERE subject IN \
     (SELECT subject FROM sign_in_attempt WHERE updated_at <= $1 LIMIT $2)";
const USAGE: &str = "DELETE FROM api_key_usage WHERE (key_id, day, endpoint, outcome) IN \
     (SELECT key_id, day, endpoint, outcome FROM api_key_usage WHERE day < $1 LIMIT $2)";
const APP_USAGE: &str = "DELETE FROM app_usage WHERE (application_id, day, endpoint, outcome) IN \
     (SELECT application_id, day, endpoint, outcome FROM app_usage WHERE day < $1 LIMIT $2)";

/// Time for which an expired code is kept, in milliseconds (a day), so that a second use still revokes what
/// the first one obtained.
const CODE_MS: i64 = 86_400_000;
/// Time for which an expired refresh token is kept, in milliseconds, so that it gets another error than an
/// unknown one.
const REFRESH_MS: i64 = 30 * 86_400_000;
const CODES: &str =
    "DELETE FROM oauth_code WHERE hash IN (SELECT hash FROM oauth_code WHERE expires_at <= $1 LIMIT $2)";
const ACCESS: &str = "DELETE FROM oauth_token WHERE hash IN \
     (SELECT hash FROM oauth_token WHERE kind = 'access' AND expires_at <= $1 LIMIT $2)";
const REFRESH: &str = "DELETE FROM oauth_token WHERE hash IN \
     (SELECT hash FROM oauth_token WHERE kind = 'refresh' AND expires_at <= $1 LIMIT $2)";
const REVOKED: &str = "DELETE FROM app_authorization WHERE id IN \
     (SELECT id FROM app_authorization WHERE revoked_at <= $1 LIMIT $2)";

const PROGRAMS: &str =
    "DELETE FROM program WHERE id IN (SELECT id FROM program WHERE expires_at <= $1 LIMIT $2)";
const PROGRAM_CODES: &str = "DELETE FROM program_code WHERE hash IN \
     (SELECT hash FROM program_code WHERE expires_at <= $1 LIMIT $2)";
const DEVICES: &str = "DELETE FROM device_sign_in WHERE hash IN \
     (SELECT hash FROM device_sign_in WHERE expires_at <= $1 LIMIT $2)";
const LIMITS: &str = "DELETE FROM rate_limit WHERE subject IN \
     (SELECT subject FROM rate_limit WHERE free_at <= $1 LIMIT $2)";
/// Time for which the delivery log of an app is kept, in milliseconds. All deliveries have ended long before.
const DELIVERY_MS: i64 = 30 * 86_400_000;
const DELIVERIES: &str = "DELETE FROM webhook_delivery WHERE id IN \
     (SELECT id FROM webhook_delivery WHERE created_at <= $1 LIMIT $2)";

/// Time after which an app that registered itself is removed if nobody has ever consented, in milliseconds (a
/// day). Some clients register once for each connection.
const UNUSED_MS: i64 = 86_400_000;
const UNUSED: &str = "DELETE FROM application WHERE id IN (SELECT a.id FROM application a \
     WHERE a.is_self_registered = 1 AND a.created_at <= $1 \
     AND NOT EXISTS (SELECT 1 FROM app_authorization z WHERE z.application_id = a.id) LIMIT $2)";

/// Time after which an app that registered itself is removed if no authorization was used, in milliseconds.
const STALE_MS: i64 = 90 * 86_400_000;
const STALE: &str = "DELETE FROM application WHERE id IN (SELECT a.id FROM application a \
     WHERE a.is_self_registered = 1 AND a.created_at <= $1 \
     AND NOT EXISTS (SELECT 1 FROM app_authorization z WHERE z.application_id = a.id AND (z.revoked_at > $1 \
     OR (z.revoked_at IS NULL \
     AND (z.last_used_at > $1 OR z.answered_at > $1 OR z.created_at > $1)))) LIMIT $2)";
const AUDIT: &str =
    "DELETE FROM audit_entry WHERE id IN (SELECT id FROM audit_entry WHERE at <= $1 LIMIT $2)";
const ASSERTIONS: &str = "DELETE FROM client_assertion WHERE hash IN \
     (SELECT hash FROM client_assertion WHERE expires_at <= $1 LIMIT $2)";
/// Time for which a document of an app is kept, in milliseconds. It is used for 30 days while its host fails.
const DOCUMENT_MS: i64 = 31 * 86_400_000;
const DOCUMENTS: &str = "DELETE FROM client_document WHERE (kind, url) IN \
     (SELECT kind, url FROM client_document WHERE fetched_at <= $1 LIMIT $2)";

impl Identity {
    /// Removes one batch of each kind of expired rows. Returns true if there may be more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_expired(&self) -> Result<bool, store::Error> {
        let now = self.db().clock().now();
        let forgotten = now.plus_ms(-account::FORGET_ATTEMPTS_MS);
        let mut most = 0;
        let refresh = now.plus_ms(-REFRESH_MS);
        // Every token of an authorization revoked before this time has expired.
        let oauth = &self.settings().oauth;
        let revoked = refresh.plus_secs(-oauth.refresh_seconds.max(oauth.mcp_refresh_seconds));
        for (sql, before) in [
            (SESSIONS, now),
            (LINKS, now),
            (PASSWORD_LINKS, now),
            (ATTEMPTS, forgotten),
            (CODES, now.plus_ms(-CODE_MS)),
            (ACCESS, now),
            (REFRESH, refresh),
            (REVOKED, revoked),
            (UNUSED, now.plus_ms(-UNUSED_MS)),
            (STALE, now.plus_ms(-STALE_MS)),
            (AUDIT, now.plus_secs(-self.settings().audit_days.saturating_mul(86_400))),
            (ASSERTIONS, now),
            (DOCUMENTS, now.plus_ms(-DOCUMENT_MS)),
            (PROGRAMS, now),
            (PROGRAM_CODES, now.plus_ms(-CODE_MS)),
            (DEVICES, now),
            (LIMITS, now),
            (DELIVERIES, now.plus_ms(-DELIVERY_MS)),
        ] {
            most = most.max(self.db().execute(sql, params![before, BATCH]).await?);
        }
        for sql in [USAGE, APP_USAGE] {
            most = most.max(self.db().execute(sql, params![now.day() - USAGE_DAYS, BATCH]).await?);
        }
        Ok(most >= u64::try_from(BATCH).unwrap_or(u64::MAX))
    }
}

pub(crate) fn start(identity: &Identity, tasks: &Tasks) {
    let (identity, stopping) = (identity.clone(), tasks.clone());
    tasks.every(EVERY, move || {
        let (identity, stopping) = (identity.clone(), stopping.clone());
        async move {
            while !stopping.is_stopping() {
                match identity.remove_expired().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return tracing::warn!(%error, "expired rows not removed yet"),
                }
            }
        }
    });
}

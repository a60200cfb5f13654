//! The retry schedule, signatures, and validation of webhooks. No I/O.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::Backoff;
use web::{ApiError, Issues};

use super::model::{Sent, Standing, WebhookChange};
use crate::application::redirect::is_web_address;

/// The waits from each attempt to the next: eleven attempts in more than 29 hours.
const BACKOFF: Backoff = Backoff::listed(&[10, 60, 300, 900, 3_600, 7_200, 14_400, 21_600, 28_800, 28_800]);
/// The longest of these waits in milliseconds, and a minute for clocks that differ.
pub(super) const LONGEST_WAIT_MS: i64 = BACKOFF.longest_ms() + 60_000;
/// Shortest and longest secret that the owner of an app may set, in characters.
const SECRET: std::ops::RangeInclusive<usize> = 16..=200;

/// A webhook after a change.
pub(crate) struct Merged {
    pub(crate) url: String,
    pub(crate) is_enabled: bool,
    /// True if a new secret is stored, either given or created.
    pub(crate) is_new_secret: bool,
}

/// Applies a change to a webhook.
///
/// # Errors
/// 422 if events are enabled without a URL.
pub(crate) fn merge(before: Standing, change: &WebhookChange) -> Result<Merged, ApiError> {
    let url = change.url.clone().unwrap_or(before.url);
    let is_enabled = change.is_enabled.unwrap_or(before.is_enabled);
    if is_enabled && url.is_empty() {
        let mut issues = Issues::body();
        issues.missing("authorizationRevokedWebhookUrl");
        issues.finish()?;
    }
    let is_new_secret = change.secret.is_some() || (is_enabled && !before.has_secret);
    Ok(Merged { url, is_enabled, is_new_secret })
}

/// The next step after an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Done,
    /// Another attempt after so many milliseconds.
    Again(i64),
    GiveUp,
}

/// Decides after the attempt number `attempts` whether a delivery is done, retried after a wait, or given
/// up.
pub(super) fn next(sent: &Sent, attempts: i64) -> Next {
    if sent.is_taken() {
        return Next::Done;
    }
    match BACKOFF.after(attempts) {
        Some(wait_ms) if sent.may_repeat => Next::Again(wait_ms),
        _ => Next::GiveUp,
    }
}

/// True if a later attempt may succeed after a response with this status.
pub(super) fn may_repeat(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

/// Returns the signature of an event: `sha256=` and the HMAC-SHA256 of `timestamp.body` in hexadecimal
/// digits.
pub fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    for part in [timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    let digest = mac.finalize().into_bytes();
    digest.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// True if a URL may get events: https with any host, or plain http with a host of this machine. Sending to
/// this machine must also be allowed by the settings.
pub(crate) fn is_address(url: &str) -> bool {
    is_web_address(url)
}

/// True if a text is a valid secret.
pub(crate) fn is_secret(secret: &str) -> bool {
    SECRET.contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Validates the URL and the secret of a trial.
pub(super) fn trial(url: Option<String>, secret: Option<String>) -> Result<(String, String), ApiError> {
    let mut issues = Issues::body();
    match &url {
        None => issues.missing("webhookUrl"),
        Some(url) if !is_address(url) => issues.add("value_error", "webhookUrl", ADDRESS),
        Some(_) => {}
    }
    match &secret {
        None => issues.missing("webhookSecret"),
        Some(secret) if !is_secret(secret) => issues.add("value_error", "webhookSecret", SECRET_FORM),
        Some(_) => {}
    }
    issues.finish()?;
    Ok((url.unwrap_or_default(), secret.unwrap_or_default()))
}

/// The message for an invalid URL.
pub(crate) const ADDRESS: &str = "Input should be an https address";
/// The message for an invalid secret.
pub(crate) const SECRET_FORM: &str = "Input should be 16 to 200 visible ASCII characters";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sent(status: u16) -> Sent {
        Sent { status: Some(status.into()), may_repeat: may_repeat(status), ..Sent::default() }
    }

    #[test]
    fn what_is_sent_again() {
        for taken in [200, 201, 204, 299] {
            assert_eq!(next(&sent(taken), 1), Next::Done, "{taken}");
        }
        for (status, again) in [
            (408, true),
            (429, true),
            (500, true),
            (503, true),
            (301, false),
            (307, false),
            (400, false),
            (404, false),
            (410, false),
        ] {
            assert_eq!(next(&sent(status), 1) == Next::Again(10_000), again, "{status}");
        }
        let lost = Sent { may_repeat: true, ..Sent::default() };
        assert_eq!(next(&lost, 2), Next::Again(60_000));
        assert_eq!(next(&Sent::default(), 1), Next::GiveUp);
    }

    #[test]
    fn for_more_than_a_day_and_not_for_ever() {
        let lost = Sent { may_repeat: true, ..Sent::default() };
        let mut ms = 0;
        let mut attempts = 1;
        while let Next::Again(wait_ms) = next(&lost, attempts) {
            ms += wait_ms;
            attempts += 1;
        }
        assert_eq!(attempts, 11);
        assert!(ms >= 24 * 3_600_000, "{ms}");
    }

    /// Computed with Python: `hmac.new(b"whs_secret", b"1700000000.{}", hashlib.sha256).hexdigest()`.
    #[test]
    fn a_signature_others_can_check() {
        assert_eq!(
            signature("whs_secret", "1700000000", "{}"),
            "sha256=b7194a780ca0435256161c18baa0ccdbae8433f406b12d4c94216487cda69c11"
        );
    }

    proptest! {
        #[test]
        fn a_secret_fits_a_header(secret in ".{0,210}") {
            if is_secret(&secret) {
                prop_assert!(http::HeaderValue::from_str(&secret).is_ok());
            }
        }
    }
}

//! One request for a document of an app.

use std::time::Duration;

use http::{Method, header};
use outgoing::{Outgoing, Redirects};

use super::rules::{Problem, fresh_seconds, is_json};
use crate::application::client_id::is_https;

/// Time limit of a request, so that a client that waits ten seconds gets a response.
const PATIENCE: Duration = Duration::from_secs(5);

/// A kind of document that is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The document at a client id.
    Client,
    /// A set of keys.
    Keys,
    /// A picture.
    Logo,
}

impl Kind {
    /// Returns the name in the database.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Keys => "keys",
            Self::Logo => "logo",
        }
    }

    /// Returns the largest response that is read, in bytes.
    const fn limit(self) -> usize {
        match self {
            Self::Client => super::rules::MAX_DOCUMENT,
            Self::Keys => 64 * 1024,
            Self::Logo => 256 * 1024,
        }
    }

    /// Returns the media types that are asked for.
    const fn accepted(self) -> &'static str {
        match self {
            Self::Client | Self::Keys => "application/json",
            Self::Logo => "image/png, image/jpeg, image/gif, image/webp",
        }
    }

    /// True if a response may have this media type.
    fn fits(self, media_type: &str) -> bool {
        match self {
            Self::Client | Self::Keys => is_json(media_type),
            // The content says what it is.
            Self::Logo => true,
        }
    }

    /// Returns the time in milliseconds for which the last good response is used while the host fails.
    pub(super) const fn last_good_ms(self) -> i64 {
        match self {
            Self::Client | Self::Logo => 30 * 86_400_000,
            Self::Keys => 86_400_000,
        }
    }
}

/// A response.
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    pub(super) media_type: String,
    pub(super) fresh_seconds: i64,
}

/// Fetches a document. Redirects are not followed, so that the URL stands for the response.
///
/// # Errors
/// The reason why there is none.
pub(super) async fn fetch(outgoing: &Outgoing, kind: Kind, url: &str) -> Result<Fetched, Problem> {
    if !is_https(url) {
        return Err(Problem::Refused);
    }
    let request = outgoing.request(Method::GET, url, Redirects::Keep).map_err(|_refused| Problem::Refused)?;
    let request = request.timeout(PATIENCE).header(header::ACCEPT, kind.accepted());
    let response = request.send().await.map_err(|error| {
        if outgoing::is_refused(&error) { Problem::Refused } else { Problem::Unreachable }
    })?;
    if response.status() != http::StatusCode::OK {
        return Err(Problem::Status(response.status().as_u16()));
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let fresh_seconds = fresh_seconds(text(header::CACHE_CONTROL).as_deref());
    if !kind.fits(&media_type) {
        return Err(Problem::MediaType);
    }
    let body = outgoing::read(response, kind.limit()).await.map_err(|error| match error {
        outgoing::Refused::TooLarge(limit) => Problem::TooLarge(limit),
        _ => Problem::Unreachable,
    })?;
    Ok(Fetched { body: body.into(), media_type, fresh_seconds })
}

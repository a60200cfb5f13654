//! The outcome of trying an endpoint, and its probable cause. No I/O.

use std::time::Duration;

use crate::provider::Failure;

/// Maximum number of characters of an answer or an error that are shown.
const SHOWN: usize = 800;

/// The outcome of trying an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The name of the model.
    pub name: String,
    /// The base URL.
    pub base_url: String,
    /// The time to the first piece of the answer.
    pub first: Option<Duration>,
    /// The time to the end.
    pub total: Duration,
    /// The answer, or the error.
    pub result: Result<TrialResponse, TrialError>,
}

/// The response of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialResponse {
    /// A text, cut to a bounded length.
    Text(String),
    /// A vector with this number of dimensions.
    Vector(usize),
    /// This number of scores.
    Scores(usize),
    /// Sound of this duration.
    Sound(Duration),
}

/// The reason why an endpoint did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialError {
    /// The HTTP status of the response, if there was one.
    pub status: Option<u16>,
    /// The endpoint's own words, or the error of the connection; bounded, and without the API key.
    pub said: String,
    /// The probable cause.
    pub cause: Cause,
}

/// The probable cause of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The key is wrong, missing, or has no right to the model.
    Key,
    /// The stored key cannot be opened any more.
    KeyLost,
    /// Nothing listens at the address.
    NotRunning,
    /// There is no such host.
    NoHost,
    /// The certificate or the protocol of the connection does not fit.
    Tls,
    /// The address must not be called.
    Forbidden,
    /// Another failure of the connection.
    Connection,
    /// There is nothing at the path.
    Path,
    /// The server does not have the model.
    Model,
    /// The account's money or number of requests is used up.
    Quota,
    /// The server has an error.
    Server,
    /// It took too long.
    Slow,
    /// The response is not of OpenAI's protocol.
    Protocol,
    /// The answer is empty.
    Empty,
    /// Thoughts used up the tokens.
    Spent,
    /// Anything else.
    Other,
}

impl Cause {
    /// Returns the probable cause of a failure, without the words of the endpoint.
    pub fn of(failure: &Failure) -> Self {
        TrialError::of(failure, "", "").cause
    }
}

impl TrialError {
    pub(super) fn of(failure: &Failure, heard: &str, key: &str) -> Self {
        let status = match failure {
            Failure::Status(status, _) => Some(*status),
            _ => None,
        };
        let cause = match failure {
            Failure::Unreachable(reason) => of_connection(reason),
            Failure::Status(status, _) => of_status(*status, heard),
            Failure::Slow(_) => Cause::Slow,
            Failure::Garbled(_) | Failure::BrokenOff => Cause::Protocol,
            Failure::Empty => Cause::Empty,
            Failure::Spent => Cause::Spent,
            Failure::Reported => Cause::Server,
            Failure::Undecided | Failure::Resting => Cause::Other,
        };
        let said = match failure {
            Failure::Unreachable(reason) => reason.as_str(),
            _ => heard,
        };
        Self { status, said: shown(said, key), cause }
    }

    pub(super) fn status(status: u16, heard: &str, key: &str) -> Self {
        Self { status: Some(status), said: shown(heard, key), cause: of_status(status, heard) }
    }

    pub(super) fn connection(reason: &str) -> Self {
        Self { status: None, said: shown(reason, ""), cause: of_connection(reason) }
    }

    pub(super) fn other(cause: Cause, heard: &str, key: &str) -> Self {
        Self { status: None, said: shown(heard, key), cause }
    }
}

fn of_connection(reason: &str) -> Cause {
    let reason = reason.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["private or special network"]) {
        Cause::Forbidden
    } else if says(&["refused"]) {
        Cause::NotRunning
    } else if says(&["dns", "lookup", "name or service", "no address", "nodename", "not known"]) {
        Cause::NoHost
    } else if says(&["certificate", "tls", "ssl", "handshake", "invalidcontenttype", "corrupt message"]) {
        Cause::Tls
    } else if says(&["timed out", "timeout", "deadline"]) {
        Cause::Slow
    } else {
        Cause::Connection
    }
}

fn of_status(status: u16, heard: &str) -> Cause {
    let heard = heard.to_lowercase();
    let names_model = heard.contains("model") || heard.contains("模型");
    match status {
        401 | 403 => Cause::Key,
        402 | 429 => Cause::Quota,
        400 | 404 | 422 if names_model => Cause::Model,
        404 | 405 => Cause::Path,
        300..=399 => Cause::Path,
        500.. => Cause::Server,
        _ => Cause::Other,
    }
}

/// Returns the beginning of a text without control characters and without the key.
pub(super) fn shown(text: &str, key: &str) -> String {
    let text = if key.is_empty() { text.to_owned() } else { text.replace(key, web::redact::HIDDEN) };
    let is_shown = |c: &char| !c.is_control() || *c == '\n';
    let mut shown: String = text.trim().chars().filter(is_shown).take(SHOWN).collect();
    if text.trim().chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probable_cause_is_found() {
        for (failure, heard, expected) in [
            (Failure::Status(401, None), "", Cause::Key),
            (Failure::Status(404, None), "404 page not found", Cause::Path),
            (Failure::Status(404, None), "{\"error\":\"model 'x' not found\"}", Cause::Model),
            (Failure::Status(429, Some(3)), "", Cause::Quota),
            (Failure::Status(502, None), "", Cause::Server),
            (Failure::Unreachable("Connection refused (os error 111)".into()), "", Cause::NotRunning),
            (Failure::Unreachable("failed to lookup address information".into()), "", Cause::NoHost),
            (Failure::Unreachable("invalid peer certificate: Expired".into()), "", Cause::Tls),
            (
                Failure::Unreachable("the host is in a private or special network".into()),
                "",
                Cause::Forbidden,
            ),
            (Failure::Garbled("neither events nor JSON"), "<html>", Cause::Protocol),
        ] {
            assert_eq!(TrialError::of(&failure, heard, "").cause, expected, "{failure}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_without_the_key() {
        let said = TrialError::status(401, "bad key sk-geheim\u{7}\r\nsk-geheim", "sk-geheim").said;
        assert_eq!(said, "bad key ***\n***");
        assert_eq!(shown(&"中".repeat(2000), "").chars().count(), SHOWN + 1);
    }
}

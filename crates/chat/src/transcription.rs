//! Transcription: what a person says, written down by an endpoint with OpenAI's `/audio/transcriptions`.

use std::time::Duration;

use axum::body::Bytes;
use http::header;
use serde::Deserialize;
use store::{AccountId, SecretText};
use web::{ApiError, Code, Language};

use crate::{Chat, session::Speaker};

/// Largest sound in bytes. Browsers record about 1 MB in four minutes.
pub const MAX_SOUND: usize = 4 << 20;
/// Largest response of the endpoint that is read, and number of bytes of an error that are logged.
const MAX_RESPONSE: usize = 1 << 20;
const MAX_ERROR: usize = 500;
/// Longest text in characters.
const MAX_TEXT: usize = 4000;
/// Number of random bytes of the boundary between parts of the body.
const BOUNDARY: usize = 16;

/// The endpoint that listens.
#[derive(Debug, Clone)]
pub struct TranscriptionSettings {
    /// The URL up to `/audio/transcriptions`, without a slash at the end; empty: none.
    pub base_url: String,
    /// The key; empty: none.
    pub api_key: SecretText,
    /// The name of the model.
    pub name: String,
    /// Time limit of a call.
    pub limit: Duration,
}

#[derive(Deserialize)]
struct Transcript {
    text: String,
}

/// Returns the name that a file of a type has: endpoints tell formats by it. `None` for other types.
fn file_name(kind: &str) -> Option<&'static str> {
    match kind.split(';').next().unwrap_or_default().trim() {
        "audio/webm" => Some("sound.webm"),
        "audio/ogg" => Some("sound.ogg"),
        "audio/mp4" => Some("sound.mp4"),
        "audio/mpeg" => Some("sound.mp3"),
        "audio/wav" => Some("sound.wav"),
        _ => None,
    }
}

/// Returns the body of a call, as `multipart/form-data`.
fn body(boundary: &str, fields: &[(&str, &str)], name: &str, sound: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(sound.len() + 512);
    for (field, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(sound);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

impl Chat {
    /// True if an endpoint writes down what people say.
    pub fn listens(&self) -> bool {
        !self.settings().transcription.base_url.is_empty()
    }

    /// Returns what is said in a sound. Its tokens count as those of the account.
    ///
    /// # Errors
    /// [`Code::NotFound`] without an endpoint; 422 for another type; [`Code::TtsFailed`] if the endpoint
    /// fails; [`Code::ChatUsedUp`]; [`Code::RateLimited`] with too many at once.
    pub async fn transcribe(
        &self,
        account: AccountId,
        sound: Bytes,
        kind: &str,
        language: Language,
    ) -> Result<String, ApiError> {
        if !self.listens() {
            return Err(Code::NotFound.into());
        }
        let name = file_name(kind).filter(|_| !sound.is_empty() && sound.len() <= MAX_SOUND);
        let name = name.ok_or_else(|| ApiError::new(Code::Unprocessable).because("no sound"))?;
        let _limits = self.admit(self.today(account).await?)?;
        let slot = self.streams().take(account, self.settings().max_streams);
        let _slot = slot.ok_or_else(|| ApiError::new(Code::RateLimited).retry_after(1))?;
        let mut text = self.call_transcription(name, &sound, language).await?.trim().to_owned();
        if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
            text.truncate(end);
        }
        let spent = i64::try_from(memory::recall::tokens(&text)).unwrap_or(i64::MAX);
        self.count(&Speaker::person(account), 0, spent).await?;
        Ok(text)
    }

    async fn call_transcription(
        &self,
        name: &str,
        sound: &[u8],
        language: Language,
    ) -> Result<String, ApiError> {
        let settings = &self.settings().transcription;
        let language = match language {
            Language::Zh => "zh",
            Language::En => "en",
        };
        let boundary = self.db().random().hex(BOUNDARY);
        let fields = [("model", settings.name.as_str()), ("language", language), ("response_format", "json")];
        let client = self.outgoing().trusted().map_err(failed)?;
        let mut call = client
            .post(format!("{}/audio/transcriptions", settings.base_url))
            .timeout(settings.limit)
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .body(body(&boundary, &fields, name, sound));
        let key = settings.api_key.expose();
        if !key.is_empty() {
            call = call.bearer_auth(key);
        }
        let sent = outgoing::send(call, "transcription").await;
        let response = sent.map_err(|error| failed(outgoing::reason(error)))?;
        let status = response.status();
        if !status.is_success() {
            let error = outgoing::read(response, MAX_ERROR).await.unwrap_or_default();
            return Err(failed(format!("{status}: {}", String::from_utf8_lossy(&error))));
        }
        let bytes = outgoing::read(response, MAX_RESPONSE).await.map_err(failed)?;
        let transcript: Transcript = serde_json::from_slice(&bytes).map_err(failed)?;
        Ok(transcript.text)
    }
}

fn failed(cause: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::TtsFailed).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sounds_are_sent() {
        assert_eq!(file_name("audio/webm;codecs=opus"), Some("sound.webm"));
        assert_eq!(file_name("audio/mp4"), Some("sound.mp4"));
        for other in ["", "text/html", "audio/webmx", "audio/"] {
            assert_eq!(file_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_body_has_its_fields_before_the_sound() {
        let body = body("b0", &[("model", "m")], "sound.ogg", b"\x00\xff");
        let text = String::from_utf8_lossy(&body);
        assert!(
            text.starts_with("--b0\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b0\r\n")
        );
        assert!(body.windows(4).any(|four| four == b"\x00\xff\r\n") && text.ends_with("\r\n--b0--\r\n"));
    }
}

//! The call of an endpoint that speaks.

use http::header;
use outgoing::Outgoing;
use serde::Serialize;
use web::{ApiError, Code};

use super::{
    model::SpeechSettings,
    rules::{self, SpeechRequest},
};

/// Maximum size of the sound of one call. Ten thousand characters take about 15 MB.
const MAX_SOUND: usize = 32 << 20;
/// Number of bytes of an error that are logged.
const MAX_ERROR: usize = 500;

/// Body of `POST /audio/speech`.
#[derive(Debug, Serialize)]
struct Body<'b> {
    model: &'b str,
    input: &'b str,
    voice: &'b str,
    response_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'static str>,
}

/// Returns the sound of a text. A long one is spoken in several calls.
///
/// # Errors
/// [`Code::TtsFailed`].
pub(super) async fn call(
    outgoing: &Outgoing,
    settings: &SpeechSettings,
    is_guarded: bool,
    voice: &str,
    request: &SpeechRequest,
) -> Result<Vec<u8>, ApiError> {
    let client = if is_guarded { outgoing.local() } else { outgoing.trusted() };
    let client = client.map_err(failed)?;
    if is_guarded {
        outgoing.check_local(&settings.base_url).map_err(failed)?;
    }
    let mut sound = Vec::new();
    let mut instructions = request.emotion.instructions();
    for input in rules::parts(&request.text) {
        loop {
            let body = Body { model: &settings.name, input, voice, response_format: "mp3", instructions };
            let mut call = client
                .post(format!("{}/audio/speech", settings.base_url))
                .timeout(settings.limit)
                .header(header::ACCEPT, "audio/mpeg")
                .json(&body);
            let key = settings.api_key.expose();
            if !key.is_empty() {
                call = call.bearer_auth(key);
            }
            let response =
                outgoing::send(call, "speech").await.map_err(|error| failed(outgoing::reason(error)))?;
            let status = response.status();
            if status.is_success() {
                let bytes = outgoing::read(response, MAX_SOUND).await.map_err(failed)?;
                sound.extend_from_slice(&bytes);
                break;
            }
            // Not every model takes the emotion.
            if matches!(status.as_u16(), 400 | 422) && instructions.take().is_some() {
                continue;
            }
            let error = outgoing::read(response, MAX_ERROR).await.unwrap_or_default();
            return Err(failed(format!("{status}: {}", String::from_utf8_lossy(&error))));
        }
        if sound.len() > MAX_SOUND {
            return Err(failed("the sound is too large"));
        }
    }
    Ok(sound)
}

fn failed(cause: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::TtsFailed).because(cause)
}

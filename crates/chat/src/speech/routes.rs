//! `POST /api/secondme/tts/generate`.

use axum::extract::State;
use identity::{Scoped, scope::UseVoice};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json};

use super::rules::{self, GenerateParams};
use crate::{Chat, session::Speaker};

/// Response of `POST /api/secondme/tts/generate`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpeechResponse {
    /// The address of the sound. It is permanent, cannot be guessed, and needs no credentials.
    #[schema(example = "https://cdn.example.com/tts/audio_12345.mp3")]
    url: String,
    /// Milliseconds.
    #[schema(example = 2500)]
    duration_ms: i64,
    /// Hertz.
    #[schema(example = 24000)]
    sample_rate: i64,
    /// `mp3`.
    #[schema(example = "mp3")]
    format: &'static str,
}

pub(crate) fn router(chat: Chat) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(generate)).with_state(chat)
}

/// Read a text aloud in the person's voice: that of the profile, else that of the server. Scope voice.
#[utoipa::path(
    post,
    path = "/secondme/tts/generate",
    operation_id = "generateSpeech",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    request_body = GenerateParams,
    responses(
        (status = 200, description = "The sound", body = Envelope<SpeechResponse>),
        (status = 400, description = "The text is too long, or no voice is set"),
    ),
)]
async fn generate(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseVoice>,
    Json(params): Json<GenerateParams>,
) -> ApiResult<SpeechResponse> {
    let request = rules::check(params)?;
    let spoken = chat.speak(&Speaker::of(&caller), &request).await?;
    Ok(Data(SpeechResponse {
        url: spoken.url,
        duration_ms: spoken.duration_ms,
        sample_rate: spoken.sample_rate,
        format: "mp3",
    }))
}

//! Speech from a microphone, as text for the field beside it.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use chat::transcription::MAX_SOUND;
use http::{HeaderMap, StatusCode, header};
use identity::credential;
use store::AccountId;
use web::{ApiError, Code};

use crate::{Console, page::Page};

/// The path of what is said to one's own assistant.
pub(crate) const PATH: &str = "/chat/listen";
/// The header with the token that forms have in a field. Pages elsewhere cannot send it.
const TOKEN: &str = "x-csrf";

/// A sound that a page's script sends.
pub(crate) struct Sound {
    pub(crate) page: Page,
    pub(crate) headers: HeaderMap,
    bytes: Bytes,
}

impl FromRequest<Console> for Sound {
    type Rejection = ApiError;

    async fn from_request(request: Request, console: &Console) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        // The token of a page without a session is that of the cookie which it came with.
        let page = Page::from_request_parts(&mut parts, console).await?;
        let token = parts.headers.get(TOKEN).and_then(|token| token.to_str().ok()).unwrap_or_default();
        if !credential::equal(token, &page.csrf) {
            return Err(Code::CsrfRejected.into());
        }
        let bytes = axum::body::to_bytes(body, MAX_SOUND).await;
        let bytes = bytes.map_err(|error| ApiError::new(Code::BodyTooLarge).because(error))?;
        Ok(Self { page, headers: parts.headers, bytes })
    }
}

impl Sound {
    /// Returns the text of what is said. Its tokens count as those of the account.
    pub(crate) async fn text(self, console: &Console, account: AccountId) -> Response {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        match console.chat.transcribe(account, self.bytes, &kind, self.page.language).await {
            Ok(text) => (StatusCode::OK, text).into_response(),
            // The script shows the text beside the field.
            Err(error) => (error.code().status(), error.message(self.page.language)).into_response(),
        }
    }
}

/// Writes down what a person says to their own assistant.
pub(crate) async fn own(
    axum::extract::State(console): axum::extract::State<Console>,
    sound: Sound,
) -> Result<Response, ApiError> {
    let account = sound.page.who.as_ref().ok_or(Code::AuthMissing)?.id;
    Ok(sound.text(&console, account).await)
}

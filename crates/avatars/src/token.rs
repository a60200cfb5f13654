//! Tokens in URLs and headers: sealed texts, so that any process can read them and nobody else can make them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use web::ApiError;

use crate::Avatars;

/// Longest token in bytes.
const MAX_TOKEN: usize = 1024;

impl Avatars {
    /// Makes a token that only [`open_token`](Self::open_token) with the same purpose reads.
    pub(crate) async fn seal_token(&self, purpose: &str, text: &str) -> Result<String, ApiError> {
        let sealed = self.identity().sealer().seal(purpose, text.as_bytes()).await;
        Ok(URL_SAFE_NO_PAD.encode(sealed.map_err(ApiError::internal)?))
    }

    /// Returns the text of a token. `None` if it is none, or one for another purpose.
    pub(crate) fn open_token(&self, purpose: &str, token: &str) -> Option<String> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        String::from_utf8(self.identity().sealer().open(purpose, &sealed).ok()?).ok()
    }
}

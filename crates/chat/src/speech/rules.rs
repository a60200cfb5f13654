//! Rules of speech. No I/O.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use strum::{EnumString, IntoStaticStr, VariantNames};
use utoipa::ToSchema;
use web::{ApiError, Code, Issues};

use super::model::SpeechSettings;

/// Maximum length of a text in characters, and of what is spoken in one call: OpenAI's limit is 4096.
pub const MAX_TEXT: usize = 10_000;
const MAX_PART: usize = 4000;

/// Body of `POST /api/secondme/tts/generate`.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct GenerateParams {
    /// 1 to 10,000 characters.
    #[schema(value_type = String, example = "你好，很高兴认识你")]
    text: Option<String>,
    /// `happy`, `sad`, `angry`, `fearful`, `disgusted`, `surprised`, `calm` or `fluent` (default).
    #[schema(value_type = Option<String>, example = "fluent")]
    emotion: Option<String>,
}

/// The emotion in which a text is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Emotion {
    Happy,
    Sad,
    Angry,
    Fearful,
    Disgusted,
    Surprised,
    Calm,
    #[default]
    Fluent,
}

impl Emotion {
    /// Returns the instructions for a model; `None` for the usual way.
    pub(super) const fn instructions(self) -> Option<&'static str> {
        match self {
            Self::Happy => Some("Speak in a happy tone."),
            Self::Sad => Some("Speak in a sad tone."),
            Self::Angry => Some("Speak in an angry tone."),
            Self::Fearful => Some("Speak in a fearful tone."),
            Self::Disgusted => Some("Speak in a disgusted tone."),
            Self::Surprised => Some("Speak in a surprised tone."),
            Self::Calm => Some("Speak in a calm tone."),
            Self::Fluent => None,
        }
    }
}

/// A valid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechRequest {
    pub(super) text: String,
    pub(super) emotion: Emotion,
}

/// Validates a request.
///
/// # Errors
/// 422 for a missing text or an unknown emotion; [`Code::TtsTextTooLong`].
pub fn check(params: GenerateParams) -> Result<SpeechRequest, ApiError> {
    let mut issues = Issues::body();
    let text = params.text.unwrap_or_default();
    if text.trim().is_empty() {
        issues.missing("text");
    }
    let emotion = match params.emotion.as_deref() {
        None | Some("") => Some(Emotion::default()),
        Some(name) => name.parse().ok(),
    };
    if emotion.is_none() {
        let names = Emotion::VARIANTS.join("', '");
        issues.add("literal_error", "emotion", format!("Input should be '{names}'"));
    }
    issues.finish()?;
    if text.chars().nth(MAX_TEXT).is_some() {
        return Err(Code::TtsTextTooLong.into());
    }
    Ok(SpeechRequest { text, emotion: emotion.unwrap_or_default() })
}

/// Returns what tells a spoken text from others: the endpoint, the voice, the emotion and the text.
pub(super) fn digest(settings: &SpeechSettings, voice: &str, request: &SpeechRequest) -> String {
    let emotion: &'static str = request.emotion.into();
    let mut digest = Sha256::new();
    for part in [&settings.base_url, &settings.name, voice, emotion, &request.text] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Divides a text into parts of at most [`MAX_PART`] characters, at the end of a sentence or a word where
/// there is one.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(MAX_PART) {
        let (head, _) = rest.split_at(limit);
        let end_of = |ends: &[char]| {
            let at = head.rfind(ends)?;
            head.get(at..)?.chars().next().map(|end| at + end.len_utf8())
        };
        let end =
            end_of(&['.', '!', '?', '\n', '。', '！', '？', '；']).or_else(|| end_of(&[' ', ',', '，']));
        let (part, later) = rest.split_at(end.unwrap_or(limit));
        parts.push(part.trim());
        rest = later.trim_start();
    }
    parts.push(rest.trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_text_is_divided_at_sentences() {
        let text = "这是一句话。".repeat(1500);
        let parts = parts(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.len() == 3 && parts.iter().all(|part| part.ends_with('。')));
        assert_eq!(super::parts(&"字".repeat(8001)).len(), 3);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "(\\PC{0,40}[ 。.]){0,400}") {
            let parts = parts(&text);
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(plain(&parts.concat()), plain(&text));
            prop_assert!(parts.iter().all(|part| part.chars().count() <= MAX_PART));
        }
    }
}

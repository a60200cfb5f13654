//! Speech: texts read aloud in a person's voice by an endpoint with OpenAI's `/audio/speech`.
//!
//! The sound is stored as a file of the person, under an address that cannot be guessed. The same text in the
//! same voice is not paid for twice.

mod audio;
mod call;
mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use std::time::Duration;

use memory::meaning::{InUse, Place};
use store::params;
use web::{ApiError, Code};

use crate::{Chat, models::Purpose, session::Speaker};
pub use model::SpeechSettings;
use rules::SpeechRequest;

/// Returns the duration of an MP3; `None` if it is none.
pub(crate) fn duration(sound: &[u8]) -> Option<Duration> {
    let milliseconds = audio::measure(sound)?.duration_ms;
    Some(Duration::from_millis(milliseconds.unsigned_abs()))
}

/// The endpoint in use.
struct Endpoint {
    settings: SpeechSettings,
    /// True if an administrator entered it on a page.
    is_guarded: bool,
}

/// A text that was read aloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) url: String,
    pub(crate) duration_ms: i64,
    pub(crate) sample_rate: i64,
}

impl Chat {
    /// Returns the name of the model that speaks, or `None` if none is connected.
    pub fn speech_model(&self) -> Option<String> {
        self.speech_endpoint().map(|endpoint| endpoint.settings.name)
    }

    /// Returns the model that speaks, as the page of models shows it.
    pub fn speech_in_use(&self) -> Option<InUse> {
        let Endpoint { settings, is_guarded } = self.speech_endpoint()?;
        let place = if is_guarded { Place::Page } else { Place::Setting };
        Some(InUse { place, base_url: settings.base_url, name: settings.name })
    }

    fn speech_endpoint(&self) -> Option<Endpoint> {
        let configured = self.settings().speech.clone();
        if !configured.base_url.is_empty() {
            return Some(Endpoint { settings: configured, is_guarded: false });
        }
        let (options, api_key) = self.endpoint_with_key(Purpose::Speech)?;
        let settings = SpeechSettings {
            base_url: options.base_url,
            api_key,
            name: options.name,
            voice: options.voice,
            limit: configured.limit,
        };
        Some(Endpoint { settings, is_guarded: true })
    }

    /// Returns a text read aloud.
    ///
    /// # Errors
    /// [`Code::TtsVoiceMissing`] without an endpoint or a voice; [`Code::ChatUsedUp`];
    /// [`Code::RateLimited`] with too many at once; [`Code::TtsFailed`].
    pub(crate) async fn speak(&self, who: &Speaker, request: &SpeechRequest) -> Result<Spoken, ApiError> {
        let account = who.account;
        let Endpoint { settings, is_guarded } = self.speech_endpoint().ok_or(Code::TtsVoiceMissing)?;
        let (_, profile) = self.memory().profile(account).await?;
        let voice = if profile.voice_id.is_empty() { &settings.voice } else { &profile.voice_id };
        if voice.is_empty() {
            return Err(Code::TtsVoiceMissing.into());
        }
        let digest = rules::digest(&settings, voice, request);
        if let Some(spoken) = self.spoken_before(who, &digest).await? {
            return Ok(spoken);
        }
        let _limits = self.admit(self.today(account).await?)?;
        let slot = self.streams().take(account, self.settings().max_streams);
        let _slot = slot.ok_or_else(|| ApiError::new(Code::RateLimited).retry_after(1))?;
        let sound = call::call(self.outgoing(), &settings, is_guarded, voice, request).await?;
        let measured = audio::measure(&sound)
            .ok_or_else(|| ApiError::new(Code::TtsFailed).because("the endpoint did not send MP3"))?;
        let file = self.memory().save_sound(account, sound).await?;
        let spent = i64::try_from(memory::recall::tokens(&request.text)).unwrap_or(i64::MAX);
        self.count(who, spent, 0).await?;
        let now = self.db().clock().now();
        let (duration_ms, sample_rate) = (measured.duration_ms, measured.sample_rate);
        let values = params![account, &digest, &file.key, duration_ms, sample_rate, now];
        self.db().execute(queries::SAVE, values).await?;
        Ok(Spoken { url: file.url, duration_ms, sample_rate })
    }

    /// Returns what was spoken before, if its file is still there.
    async fn spoken_before(&self, who: &Speaker, digest: &str) -> Result<Option<Spoken>, ApiError> {
        let found: Option<(String, i64, i64)> =
            self.db().fetch_optional(queries::FIND, params![who.account, digest]).await?;
        Ok(found.map(|(key, duration_ms, sample_rate)| Spoken {
            url: self.memory().file_url(&key),
            duration_ms,
            sample_rate,
        }))
    }
}

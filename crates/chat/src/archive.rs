//! The sections of a person's archive about conversations: sessions, their messages with the prompts sent
//! to a model, facts learned from them, tokens used, and the settings of the assistant.

mod conversation;
mod fact;
mod message;
mod queries;
mod session;
mod settings;
mod usage;

use archive::Section;
use store::Timestamp;
use web::ApiError;

use crate::Chat;

impl Chat {
    /// Returns this crate's sections of an archive. Sessions come before their messages.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        vec![
            Box::new(session::Sessions(self.clone())),
            Box::new(message::Messages(self.clone())),
            Box::new(conversation::Conversations(self.clone())),
            Box::new(fact::Facts(self.clone())),
            Box::new(usage::Usage(self.clone())),
            Box::new(settings::SettingsSection(self.clone())),
        ]
    }
}

/// Creates the error for an entry with an invalid member.
fn wrong(member: &str, expected: &str) -> ApiError {
    let mut issues = web::Issues::body();
    issues.add("value_error", member, expected.to_owned());
    issues.finish().err().unwrap_or_else(|| ApiError::internal("an issue that is none"))
}

/// Returns a time that must be present.
fn time(member: &str, given: Option<i64>) -> Result<Timestamp, ApiError> {
    archive::given_time(given)
        .ok_or_else(|| wrong(member, "Input should be milliseconds since 1970-01-01 UTC"))
}

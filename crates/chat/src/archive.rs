//! Conversations as sections of a person's archive: sessions, what was said in them with what was sent to a model for it,
//! the facts learned from them, the tokens used, and what the person decided about their double.

mod fact;
mod message;
mod queries;
mod session;
mod usage;
mod wishes;

use store::Timestamp;
use web::{ApiError, archive::Section};

use crate::Chat;

impl Chat {
    /// The sections of an archive that are this room's. Sessions come before what was said in them.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        vec![
            Box::new(session::Sessions(self.clone())),
            Box::new(message::Messages(self.clone())),
            Box::new(fact::Facts(self.clone())),
            Box::new(usage::Usage(self.clone())),
            Box::new(wishes::TheWishes(self.clone())),
        ]
    }
}

/// Refuses an entry for one of its members.
fn wrong(member: &str, expected: &str) -> ApiError {
    let mut issues = web::Issues::body();
    issues.add("value_error", member, expected.to_owned());
    issues.finish().err().unwrap_or_else(|| ApiError::internal("an issue that is none"))
}

/// A time that must be there.
fn time(member: &str, given: Option<i64>) -> Result<Timestamp, ApiError> {
    web::archive::given_time(given)
        .ok_or_else(|| wrong(member, "Input should be milliseconds since 1970-01-01 UTC"))
}

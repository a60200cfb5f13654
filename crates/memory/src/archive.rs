//! What this room has of a person, as the sections of an archive.

mod agent;
mod file;
mod key;
mod note;
mod profile;
mod shade;

use store::Timestamp;
use web::archive::{Section, given_id as id, given_time, line};

use crate::Memory;

/// Stands in an archive for the beginning of an address on this server.
const HERE: &str = "/cdn/";

impl Memory {
    /// The sections of an archive that are this room's.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        vec![
            Box::new(file::Files(self.clone())),
            Box::new(profile::TheProfile(self.clone())),
            Box::new(shade::Shades(self.clone())),
            Box::new(key::KeyMemories(self.clone())),
            Box::new(note::Notes(self.clone())),
            Box::new(agent::AgentMemory(self.clone())),
        ]
    }

    /// An address of a file of this server without the server, so that it is right on the next one.
    fn without_here(&self, url: &str) -> String {
        let own = url.strip_prefix(&self.settings().public_url).filter(|rest| rest.starts_with(HERE));
        own.unwrap_or(url).to_owned()
    }

    /// The other way round.
    fn with_here(&self, url: String) -> String {
        if url.starts_with(HERE) { format!("{}{url}", self.settings().public_url) } else { url }
    }
}

/// A time from an archive, or else another.
fn time(given: Option<i64>, otherwise: Timestamp) -> Timestamp {
    given_time(given).unwrap_or(otherwise)
}

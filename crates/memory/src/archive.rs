//! The sections of an archive that contain the data of this crate.

mod agent;
mod file;
mod key;
mod note;
mod profile;
mod shade;

use archive::{Section, given_id as id, given_time, line};
use store::Timestamp;

use crate::Memory;

/// The beginning of a file's URL in an archive, which leaves out the address of the server.
const HERE: &str = "/cdn/";

impl Memory {
    /// Returns the sections of an archive that belong to this crate.
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

    /// Removes the address of this server from the URL of one of its files, so that the archive fits the next
    /// server.
    fn without_here(&self, url: &str) -> String {
        let own = url.strip_prefix(&self.settings().public_url).filter(|rest| rest.starts_with(HERE));
        own.unwrap_or(url).to_owned()
    }

    /// Adds the address of this server to such a URL.
    fn with_here(&self, url: String) -> String {
        if url.starts_with(HERE) { format!("{}{url}", self.settings().public_url) } else { url }
    }
}

/// Returns the time given in an archive, or `otherwise` if there is none.
fn time(given: Option<i64>, otherwise: Timestamp) -> Timestamp {
    given_time(given).unwrap_or(otherwise)
}

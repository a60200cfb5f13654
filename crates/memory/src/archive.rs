//! The sections of an archive that contain the data of this crate.

mod agent;
pub(crate) mod entries;
mod file;
pub(crate) mod key;
mod markdown;
mod never;
pub(crate) mod note;
mod profile;
mod review;
mod shade;
mod trash;

use archive::{Section, given_time, line};
use store::Timestamp;

use crate::{Memory, browse::Origin};
use entries::EntrySection;

/// The beginning of a file's URL in an archive, which leaves out the address of the server.
const HERE: &str = "/cdn/";

impl Memory {
    /// Returns the sections of an archive that belong to this crate.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        let own: Vec<Box<dyn Section>> = vec![
            Box::new(file::Files(self.clone())),
            Box::new(profile::TheProfile(self.clone())),
            Box::new(never::NeverRules(self.clone())),
            Box::new(shade::Shades(self.clone())),
            Box::new(EntrySection::<key::KeyMemories>::new(self)),
            Box::new(EntrySection::<note::Notes>::new(self)),
            Box::new(EntrySection::<agent::AgentMemory>::new(self)),
            // Changes in it refer to memories.
            Box::new(review::Inbox(self.clone())),
            Box::new(trash::Trash(self.clone())),
        ];
        own.into_iter().chain(archive::Archive::runs(self.db())).collect()
    }

    /// Returns the runs of imports.
    pub fn runs(&self) -> archive::runs::Runs {
        archive::runs::Runs::new(self.db().clone())
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

/// Returns the origin of an entry of an archive. An entry without one comes from another program.
fn origin(given: Option<Origin>, name: String) -> (Origin, String) {
    const MAX_NAME: usize = 200;
    (given.unwrap_or(Origin::Import), name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect())
}

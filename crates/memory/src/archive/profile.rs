//! The archive section of the profile, which is one entry.

use archive::{ImportLine, ImportSummary, Part, Section, read};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture};
use web::{ApiError, Code};

use crate::{Memory, profile::Change};

pub(super) struct TheProfile(pub(super) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: Option<String>,
    route: Option<String>,
    avatar: Option<String>,
    cover: Option<String>,
    bio: Option<String>,
    self_introduction: Option<String>,
    time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reviews_agents: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reviews_learned: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keeps_numbers: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice_id: Option<String>,
}

impl Section for TheProfile {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn export(&self, account: AccountId, _after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let lines = vec![super::line(&self.entry(account).await?)?];
            Ok(Part { lines, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let entries = read(&given, &mut taken, |entry: Entry| Ok(entry));
            let number = given.first().map_or(0, |given| given.line);
            for entry in entries {
                if super::line(&entry)? == super::line(&self.entry(account).await?)? {
                    taken.known += 1;
                    continue;
                }
                let here = |url: Option<String>| url.map(|url| self.0.with_here(url));
                let mut change = Change {
                    name: entry.name,
                    route: entry.route,
                    avatar: here(entry.avatar),
                    cover: here(entry.cover),
                    bio: entry.bio,
                    self_introduction: entry.self_introduction,
                    time_zone: entry.time_zone,
                    reviews_agents: entry.reviews_agents,
                    reviews_learned: entry.reviews_learned,
                    keeps_numbers: entry.keeps_numbers,
                    // Whoever moves decides anew who may see the page.
                    is_public: None,
                    is_listed: None,
                    voice_id: entry.voice_id,
                };
                let mut changed = self.0.update_profile(account, change.clone()).await;
                if changed.as_ref().is_err_and(|error| error.code() == Code::ProfileUpdateFailed) {
                    let route = change.route.take().unwrap_or_default();
                    taken.refused.push((number, format!("route: {route} is taken by somebody else")));
                    changed = self.0.update_profile(account, change).await;
                }
                match changed {
                    Ok(()) => taken.added += 1,
                    Err(error) if error.code().status().is_client_error() => {
                        taken.refused.push((number, error.message(web::Language::En)));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(taken)
        })
    }
}

impl TheProfile {
    async fn entry(&self, account: AccountId) -> Result<Entry, ApiError> {
        let (who, profile) = self.0.profile(account).await?;
        Ok(Entry {
            name: Some(who.name),
            route: Some(who.route),
            avatar: Some(self.0.without_here(&profile.avatar)),
            cover: Some(self.0.without_here(&profile.cover)),
            bio: Some(profile.bio),
            self_introduction: Some(profile.self_introduction),
            time_zone: Some(profile.time_zone),
            reviews_agents: profile.reviews_agents.then_some(true),
            reviews_learned: profile.reviews_learned.then_some(true),
            keeps_numbers: profile.keeps_numbers.then_some(true),
            voice_id: Some(profile.voice_id).filter(|voice| !voice.is_empty()),
        })
    }
}

//! Resources: what a person may attach to a conversation by themself.

use identity::{
    Access, Caller,
    scope::{Ability, Scope},
};
use rmcp::model::{ErrorData, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;
use web::ApiError;

use crate::{
    Agents,
    entry::Entry,
    log::Outcome,
    need::Need,
    reply::Failure,
    text::{self, NOTICE},
    tools,
};

const MARKDOWN: &str = "text/markdown";
const PROFILE: &str = "doppel://profile";
const INTERESTS: &str = "doppel://interests";
const ENTRIES: &str = "doppel://";
/// Maximum number of characters of a resource.
const MAX_TEXT: usize = 40_000;

const READ_PROFILE: Need = Need {
    scope: Scope::UserInfoV2,
    ability: Ability::ReadProfile,
    missing: "Reading the profile was not allowed yet",
};
const READ_INTERESTS: Need = Need { ability: Ability::ReadShades, ..READ_PROFILE };
const READ_MEMORY: Need = Need {
    scope: Scope::MemoryRead,
    ability: Ability::ReadMemory,
    missing: "Reading memories was not allowed yet",
};

/// The subject of a URI.
enum Target {
    Profile,
    Interests,
    Entry(Entry),
}

fn target(uri: &str) -> Option<Target> {
    match uri {
        PROFILE => Some(Target::Profile),
        INTERESTS => Some(Target::Interests),
        _ => {
            let (kind, id) = uri.strip_prefix(ENTRIES)?.split_once('/')?;
            Entry::parse(&format!("{kind}:{id}")).map(Target::Entry)
        }
    }
}

/// Returns what reading a resource needs, if there can be such a resource.
pub(crate) fn need(uri: &str) -> Option<Need> {
    Some(match target(uri)? {
        Target::Profile => READ_PROFILE,
        Target::Interests => READ_INTERESTS,
        Target::Entry(_) => READ_MEMORY,
    })
}

/// Returns the resources that a caller has, or may ask for.
pub(crate) fn list(caller: &Caller) -> Vec<Resource> {
    let all = [
        (PROFILE, "profile", "Profile", "Name, bio and introduction of the user", READ_PROFILE),
        (INTERESTS, "interests", "Interests", "What the user is interested in", READ_INTERESTS),
    ];
    let is_listed = |need: Need| caller.access(need.ability) != Access::Refused;
    all.into_iter()
        .filter(|(.., need)| is_listed(*need))
        .map(|(uri, name, title, description, _)| {
            Resource::new(uri, name).with_title(title).with_description(description).with_mime_type(MARKDOWN)
        })
        .collect()
}

/// Returns the templates of resources that a caller has, or may ask for.
pub(crate) fn templates(caller: &Caller) -> Vec<ResourceTemplate> {
    if caller.access(READ_MEMORY.ability) == Access::Refused {
        return Vec::new();
    }
    [("doppel://memory/{id}", "memory", "A memory"), ("doppel://note/{id}", "note", "A note")]
        .into_iter()
        .map(|(uri, name, title)| ResourceTemplate::new(uri, name).with_title(title).with_mime_type(MARKDOWN))
        .collect()
}

impl Agents {
    /// Returns the text of a resource.
    ///
    /// # Errors
    /// The protocol's error for an unknown resource, which one of another person is, too.
    pub(crate) async fn read_resource(
        &self,
        caller: &Caller,
        uri: &str,
    ) -> Result<ReadResourceResult, ErrorData> {
        let unknown =
            || ErrorData::resource_not_found("there is no such resource", Some(json!({"uri": uri})));
        let need = need(uri).ok_or_else(unknown)?;
        if caller.access(need.ability) != Access::Granted {
            return Err(ErrorData::invalid_params(Failure::refused().message, Some(json!({"uri": uri}))));
        }
        let text = self.resource_text(caller, uri).await;
        let entry = match target(uri) {
            Some(Target::Entry(entry)) => vec![entry],
            _ => Vec::new(),
        };
        let code = if text.is_ok() { "ok" } else { "not_found" };
        self.note_call(caller, &Outcome { tool: uri, is_write: false, code, entries: &entry });
        match text {
            Ok(text) => {
                let text = format!("{NOTICE}\n\n{}", text::cut(&text::clean(&text), MAX_TEXT));
                let contents = ResourceContents::text(text, uri).with_mime_type(MARKDOWN);
                Ok(ReadResourceResult::new(vec![contents]))
            }
            Err(error) if error.code().status() == http::StatusCode::NOT_FOUND => Err(unknown()),
            Err(error) => {
                tracing::warn!(error = error.cause().unwrap_or_default(), "resource not read");
                Err(ErrorData::internal_error("the resource could not be read now", None))
            }
        }
    }

    async fn resource_text(&self, caller: &Caller, uri: &str) -> Result<String, ApiError> {
        let (memory, account) = (self.memory(), caller.account());
        match target(uri) {
            Some(Target::Profile) => {
                let (account, profile) = memory.profile(account).await?;
                Ok([&format!("# {}", account.name), &profile.bio, &profile.self_introduction]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join("\n\n"))
            }
            Some(Target::Interests) => {
                let shades = memory.shades(account, false).await?;
                let line = |shade: &memory::shade::Shade| {
                    let body = &shade.body;
                    format!("- {}: {}", body.shade_name, body.shade_description)
                };
                Ok(shades.iter().map(line).collect::<Vec<_>>().join("\n"))
            }
            Some(Target::Entry(entry)) => self.entry_text(caller, entry).await,
            None => Err(web::Code::NotFound.into()),
        }
    }

    /// Returns a memory or a note as Markdown, as far as the caller may read it.
    async fn entry_text(&self, caller: &Caller, entry: Entry) -> Result<String, ApiError> {
        let (memory, account) = (self.memory(), caller.account());
        let reader = tools::reader_of(caller);
        match entry {
            Entry::Memory(id) => {
                let row = memory.key_memory(account, id).await?;
                let is_readable = reader.memories == memory::recall::Access::All
                    || memory::key::rules::is_public(row.visibility);
                if !is_readable {
                    return Err(web::Code::MemoryNotFound.into());
                }
                let zone = memory.zone(account).await?;
                let over = row.valid_until.filter(|_| row.is_over(memory.now()));
                let over = over
                    .map(|until| format!("\n\n(No longer true since {}.)", text::date(zone.as_ref(), until)));
                Ok(format!("{}{}", row.fact_content, over.unwrap_or_default()))
            }
            Entry::Note(_) if !reader.notes => Err(web::Code::NoteUpdateNotFound.into()),
            Entry::Note(id) => {
                let note = memory.note(account, id).await?;
                let title =
                    if note.title.is_empty() { String::new() } else { format!("# {}\n\n", note.title) };
                Ok(format!("{title}{}\n\n{}", note.content, note.urls.join("\n")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_by_their_uris() {
        for (uri, scope) in [
            ("doppel://profile", Some("userinfo")),
            ("doppel://interests", Some("userinfo")),
            ("doppel://memory/12", Some("memory.read")),
            ("doppel://note/7", Some("memory.read")),
            ("doppel://note/7#2", None),
            ("doppel://note/", None),
            ("doppel://page/7", None),
            ("doppel://profile/", None),
            ("doppel:/note/7", None),
            ("", None),
        ] {
            assert_eq!(need(uri).map(|need| need.scope.name()), scope, "{uri}");
        }
    }
}

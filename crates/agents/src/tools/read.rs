//! Tools that read.

use identity::scope::Ability;
use memory::{
    recall::Access,
    recent::{Changed, RecentQuery},
};
use serde_json::{Map, Value, json};
use store::Timestamp;
use web::paging::{MAX_OFFSET, Page};

use super::{
    Done, Work, may, memories_of,
    view::{Hit, note_title, recalled_id},
};
use crate::{
    entry::{self, Entry},
    reply::{self, Failure, MAX_RESULT},
    text,
};

/// Maximum number of hits of a search.
const HITS: usize = 10;
/// Maximum number of characters of a part of a note.
const PART: usize = 20_000;
/// Lengths in characters to which the texts of a list are cut until it is short enough.
const LENGTHS: [usize; 6] = [5000, 2000, 1000, 500, 250, 100];
/// Maximum number of entries whose authors are looked up at once.
const AUTHORS: i64 = 500;
const DAY_MS: i64 = 86_400_000;

impl Work<'_> {
    pub(super) async fn search(&self) -> Result<Done, Failure> {
        let found = self.find(self.arguments.text("query"), HITS).await?;
        let zone = self.zone().await?;
        let result = |hit: &Hit| {
            let url = self.agents.item_url(hit.entry);
            // Clients know the members of a result: the mark is in the title.
            let title = match hit.until {
                Some(until) => format!("{} (until {})", hit.title, text::date(zone.as_ref(), until)),
                None => hit.title.clone(),
            };
            json!({"id": hit.entry.to_string(), "title": title, "url": url})
        };
        let results: Vec<Value> = found.iter().map(result).collect();
        let entries = found.into_iter().map(|hit| hit.entry).collect();
        Ok(Done::plain(json!({"results": results}), entries))
    }

    pub(super) async fn fetch(&self) -> Result<Done, Failure> {
        let id = self.arguments.text("id");
        let (entry, number) = entry::parse(id).ok_or_else(Failure::not_found)?;
        let mut valid = (None, None, None);
        let (title, whole, created, changed) = match entry {
            Entry::Memory(id) => {
                let memory = self.memory(id).await?;
                let title = text::title(&memory.fact_content);
                valid = (memory.valid_from, memory.valid_until, memory.superseded_by);
                (title, memory.fact_content, memory.create_time, memory.update_time)
            }
            Entry::Note(id) => {
                let note = self.note(id).await?;
                let title = text::title(note_title(&note));
                let links = note.urls.join("\n");
                let parts = [note.content.as_str(), &links];
                let whole = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
                (title, whole.join("\n\n"), note.created_at, note.updated_at)
            }
        };
        let (part, has_more) = text::part(&whole, number, PART).ok_or_else(Failure::not_found)?;
        let zone = self.zone().await?;
        let date = |at| Value::from(text::date(zone.as_ref(), at));
        let mut metadata = Map::new();
        metadata.insert("date".to_owned(), date(created));
        metadata.insert("source".to_owned(), self.source(entry).await?.into());
        for (name, at) in [("valid_from", valid.0), ("valid_until", valid.1)] {
            if let Some(at) = at {
                metadata.insert(name.to_owned(), date(at));
            }
        }
        if let Some(newer) = valid.2 {
            metadata.insert("superseded_by".to_owned(), Entry::Memory(newer).to_string().into());
        }
        if changed > created {
            metadata.insert("changed".to_owned(), date(changed));
        }
        if has_more {
            metadata.insert("next".to_owned(), format!("{entry}#{}", number.saturating_add(1)).into());
        }
        let shown = if number > 1 { format!("{entry}#{number}") } else { entry.to_string() };
        let structured = json!({
            "id": shown, "title": title, "text": text::clean(&part), "url": self.agents.item_url(entry),
            "metadata": metadata,
        });
        Ok(Done::plain(structured, vec![entry]))
    }

    pub(super) async fn recall(&self) -> Result<Done, Failure> {
        let budget = usize::try_from(self.arguments.integer("budget")).unwrap_or_default();
        let reader = super::reader_of(self.caller);
        let asked = self.arguments.text("text");
        let recall = self.agents.memory().recall(self.account(), reader, asked, budget).await?;
        let zone = self.zone().await?;
        let mut texts = Vec::new();
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        for item in recall.items {
            let (id, kind, entry) = recalled_id(&item);
            let mut text = text::clean(&item.text);
            let date = text::date(zone.as_ref(), item.time);
            let mut shown = json!({"id": id, "kind": kind, "text": text, "date": date});
            if let Some(until) = item.until {
                let until = text::date(zone.as_ref(), until);
                text = format!("{text} (no longer true since {until})");
                set(&mut shown, "until", until);
            }
            items.push(shown);
            texts.push(text);
            entries.extend(entry);
        }
        let build = |texts: &[String], items: &[Value]| json!({"text": texts.join("\n\n"), "items": items});
        let mut structured = build(&texts, &items);
        // The least important ones are last.
        while reply::length(&structured) > MAX_RESULT && !items.is_empty() {
            texts.pop();
            items.pop();
            structured = build(&texts, &items);
        }
        entries.dedup();
        Ok(Done::stored(structured, entries))
    }

    pub(super) async fn list_memories(&self) -> Result<Done, Failure> {
        let (page, limit) = (self.arguments.integer("page"), self.arguments.integer("page_size"));
        let offset = page.saturating_sub(1).saturating_mul(limit);
        if offset > MAX_OFFSET {
            return Err(Failure::argument("\"page\" is too large: use a keyword."));
        }
        let only_public = memories_of(self.caller) == Access::Public;
        let keyword = self.arguments.text("keyword");
        let (memory, account) = (self.agents.memory(), self.account());
        let found = memory.key_memories(account, keyword, Page { limit, offset }, only_public).await?;
        let zone = self.zone().await?;
        let build = |length: usize| {
            let item = |row: &memory::key::KeyMemory| {
                let mut item = json!({
                    "id": Entry::Memory(row.id).to_string(),
                    "text": text::cut(&text::clean(&row.fact_content), length),
                    "subject": text::clean(&row.fact_actor),
                    "category": text::clean(&row.fact_object),
                    "date": text::date(zone.as_ref(), row.create_time),
                    "public": memory::key::rules::is_public(row.visibility),
                });
                if let Some(until) = row.valid_until {
                    set(&mut item, "until", text::date(zone.as_ref(), until));
                }
                if let Some(newer) = row.superseded_by {
                    set(&mut item, "superseded_by", Entry::Memory(newer).to_string());
                }
                item
            };
            let items: Vec<Value> = found.list.iter().map(item).collect();
            json!({"items": items, "total": found.total, "page": page})
        };
        let fits = |value: &Value| reply::length(value) <= MAX_RESULT;
        let structured = LENGTHS.into_iter().map(build).find(fits).unwrap_or_else(|| build(0));
        let entries = found.list.iter().map(|row| Entry::Memory(row.id)).collect();
        Ok(Done::stored(structured, entries))
    }

    pub(super) async fn recent_activity(&self) -> Result<Done, Failure> {
        let (days, limit) = (self.arguments.integer("days"), self.arguments.integer("limit"));
        let since = self.agents.db().clock().now().plus_ms(-days.saturating_mul(DAY_MS));
        let query = RecentQuery {
            account: self.account(),
            memories: memories_of(self.caller),
            notes: may(self.caller, Ability::ReadNotes),
            since,
            limit,
        };
        let recent = self.agents.memory().recent_changes(query).await?;
        let authors = self.agents.authors_since(self.caller, since, AUTHORS).await?;
        let zone = self.zone().await?;
        let memories = recent.memories.into_iter().map(|row| Change::new(Entry::Memory(row.id), row));
        let notes = recent.notes.into_iter().map(|row| Change::new(Entry::Note(row.id), row));
        let mut all: Vec<Change> = memories.chain(notes).collect();
        all.sort_by_key(|change| std::cmp::Reverse((change.updated_at, change.entry)));
        all.truncate(usize::try_from(limit).unwrap_or_default());
        let item = |change: &Change| {
            let Change { entry, title, created_at, updated_at } = change;
            // What the person changed after an agent is the person's.
            let author = authors.get(entry).filter(|author| author.written_at >= *updated_at);
            json!({
                "id": entry.to_string(),
                "kind": entry.kind(),
                "action": if updated_at > created_at { "changed" } else { "added" },
                "title": title,
                "date": text::date(zone.as_ref(), *updated_at),
                "source": author.map_or_else(own_source, |author| text::clean(&author.name)),
            })
        };
        let items: Vec<Value> = all.iter().map(item).collect();
        let entries = all.iter().map(|change| change.entry).collect();
        Ok(Done::stored(json!({"items": items}), entries))
    }

    pub(super) async fn whoami(&self) -> Result<Done, Failure> {
        let (account, profile) = self.agents.memory().profile(self.account()).await?;
        let interests = if may(self.caller, Ability::ReadShades) {
            self.agents.memory().shades(self.account(), false).await?
        } else {
            Vec::new()
        };
        let name = |shade: &memory::shade::Shade| {
            let body = &shade.body;
            let name = if body.shade_name.is_empty() { &body.shade_name_public } else { &body.shade_name };
            text::cut(&text::clean(name), 100)
        };
        let interests: Vec<String> = interests.iter().map(name).take(50).collect();
        let structured = json!({
            "name": text::clean(&account.name),
            "bio": text::clean(&profile.bio),
            "interests": interests,
            "language": language(&[&profile.bio, &profile.self_introduction, &account.name]),
            "client": text::clean(self.caller.name()),
            "scopes": self.caller.scopes().names(),
        });
        Ok(Done::stored(structured, Vec::new()))
    }

    /// Returns the name of the app that wrote an entry, or that of this server.
    async fn source(&self, entry: Entry) -> Result<String, Failure> {
        let name = self.agents.author(self.caller, entry).await?;
        Ok(if name.is_empty() { own_source() } else { text::clean(&name) })
    }
}

/// An entry that was added or changed lately.
struct Change {
    entry: Entry,
    title: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Change {
    fn new<I>(entry: Entry, row: Changed<I>) -> Self {
        let title = text::title(if row.title.trim().is_empty() { &row.text } else { &row.title });
        Self { entry, title, created_at: row.created_at, updated_at: row.updated_at }
    }
}

/// Adds a member to an object.
fn set(object: &mut Value, name: &str, text: String) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), text.into());
    }
}

fn own_source() -> String {
    "Doppel".to_owned()
}

/// Returns the language that the person writes about themself in.
fn language(texts: &[&String]) -> &'static str {
    let is_han = |c: char| matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}');
    if texts.iter().any(|text| text.chars().any(is_han)) { "zh" } else { "en" }
}

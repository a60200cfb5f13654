//! Import of exports of other programs: entries of any kind, written section by section in batches.

use std::path::Path;

use archive::{
    ImportLine,
    runs::{Native, digest},
};
use imports::{Conversation, Event, Found, Item, Limits, Options, Problem, Reader, Source};
use serde_json::{Value, json};

use super::{BATCH, BATCH_BYTES, Import, facts};

/// Names of sections.
const NOTES: &str = "notes";
const CONVERSATIONS: &str = "conversations";
const REVIEW: &str = "review";
/// Maximum length of an id at the source, as a part of the id of a conversation, in bytes.
const MAX_NATIVE: usize = 400;

/// Entries of a section that wait to be written.
struct Batch {
    section: &'static str,
    given: Vec<ImportLine>,
    /// The places and lines of the entries, and their groups.
    places: Vec<(String, u64, String)>,
    bytes: usize,
}

impl Batch {
    const fn new(section: &'static str) -> Self {
        Self { section, given: Vec::new(), places: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, place: (String, u64, String), entry: &Value, native: Native) {
        let text = entry.to_string();
        self.bytes += text.len();
        self.places.push(place);
        let line = u64::try_from(self.places.len()).unwrap_or(u64::MAX);
        self.given.push(ImportLine { line, text, native: Some(native) });
    }

    const fn is_full(&self) -> bool {
        self.given.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

/// Opens a file, a folder or an archive of another program.
pub(super) fn open(import: &Import<'_>, from: &Path) -> Result<(Reader, Source), Problem> {
    let options = Options { zone: import.zone.clone(), source: import.source, limits: Limits::default() };
    Reader::open(from, options)
}

/// Imports what was opened.
pub(super) async fn take(
    import: &mut Import<'_>,
    from: &Path,
    (reader, source): (Reader, Source),
) -> anyhow::Result<()> {
    import.begin(source.name(), from).await?;
    let name = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut batches = [facts::SECTION, NOTES, CONVERSATIONS, REVIEW].map(Batch::new);
    for event in reader {
        match event {
            Event::Left(count) => import.outcome.left += count,
            Event::Problem(problem) => tell(import, &name, &problem),
            Event::Found(found) => {
                let section = section_of(&found.item);
                if import.choice.groups.contains(&found.group) || import.choice.sections.contains(section) {
                    import.outcome.left += 1;
                    continue;
                }
                let Some(batch) = batches.iter_mut().find(|batch| batch.section == section) else { continue };
                let place = if found.place.is_empty() { name.clone() } else { found.place.clone() };
                let at = (place, found.line, found.group.clone());
                let (entry, native) = line(*found);
                batch.add(at, &entry, native);
                if batch.is_full() {
                    write(import, batch).await?;
                }
            }
        }
    }
    for batch in &mut batches {
        write(import, batch).await?;
    }
    Ok(())
}

fn tell(import: &mut Import<'_>, name: &str, problem: &Problem) {
    let place = if problem.place.is_empty() { name } else { &problem.place };
    if problem.is_refused {
        import.refuse(place, problem.line, &problem.message());
    } else {
        import.doubt(place, problem.line, Some(problem.message()));
    }
}

async fn write(import: &mut Import<'_>, batch: &mut Batch) -> anyhow::Result<()> {
    let given = std::mem::take(&mut batch.given);
    let places = std::mem::take(&mut batch.places);
    batch.bytes = 0;
    if given.is_empty() {
        return Ok(());
    }
    let section = import.section(batch.section)?;
    for (entry, (_, _, group)) in given.iter().zip(&places) {
        import.listener.seen(batch.section, group, &entry.text);
    }
    for (line, why) in import.write(section, given).await? {
        let at = usize::try_from(line).ok().and_then(|line| places.get(line.checked_sub(1)?));
        let (place, line, _) = at.cloned().unwrap_or_default();
        import.refuse(&place, line, &why);
    }
    Ok(())
}

const fn section_of(item: &Item) -> &'static str {
    match item {
        Item::Fact(_) => facts::SECTION,
        Item::Note(_) => NOTES,
        Item::Conversation(_) => CONVERSATIONS,
        Item::Proposal(_) => REVIEW,
    }
}

/// Returns an entry as a line of its section, and what it is at its source.
fn line(found: Found) -> (Value, Native) {
    let Found { source, native, item, .. } = found;
    let (name, title) = (source.name(), source.title());
    let of = |said: String| Native { source: name.to_owned(), id: native.clone(), said };
    match item {
        Item::Fact(fact) => {
            let said = digest(&fact.text);
            let entry = json!({
                "factActor": fact.actor, "factContent": fact.text, "visibility": 0,
                "createTime": fact.created, "source": "import", "sourceName": title,
            });
            (entry, of(said))
        }
        Item::Proposal(fact) => {
            let said = digest(&fact.text);
            let entry = json!({
                "kind": "memory", "content": fact.text, "visibility": 0, "client": memory::review::IMPORT,
                "clientName": title, "createTime": fact.created,
            });
            (entry, of(said))
        }
        Item::Note(note) => {
            let said = digest([note.title.as_str(), &note.text].join("\n"));
            let entry = json!({
                "memoryType": "TEXT", "title": note.title, "content": note.text, "createTime": note.created,
                "updateTime": note.updated, "source": "import", "sourceName": title,
            });
            (entry, of(said))
        }
        // The section tells from its messages what it says.
        Item::Conversation(talk) => (conversation(source, &native, talk), of(String::new())),
    }
}

fn conversation(source: Source, native: &str, talk: Conversation) -> Value {
    let plain: String = native.chars().filter(|c| !c.is_control()).collect();
    let id = if plain.len() > MAX_NATIVE { digest(native) } else { plain };
    let message = |message: imports::Message| {
        let role = message.role.name();
        json!({ "role": role, "content": message.text, "createTime": message.created })
    };
    json!({
        "sessionId": format!("imp-{}-{id}", source.name()),
        "appId": format!("import.{}", source.name()),
        "title": talk.title,
        "createTime": talk.created,
        "updateTime": talk.updated,
        "messages": talk.messages.into_iter().map(message).collect::<Vec<_>>(),
    })
}

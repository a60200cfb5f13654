//! Notes and facts as a zip of Markdown files, which Obsidian and other programs open as a vault.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use archive::Section;
use bytes::Bytes;
use futures::{Stream, stream};
use serde::Deserialize;
use store::{AccountId, Timestamp, Zone};
use web::ApiError;
use zip::{
    ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::{entries::EntrySection, key::KeyMemories, note::Notes};
use crate::Memory;

/// Maximum number of characters of a file's name.
const MAX_NAME: usize = 80;
/// Number of bytes of a file of facts, after which another one begins.
const MAX_FILE: usize = 256 << 10;

/// Facts and notes as archives have them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Line {
    id: i64,
    title: String,
    content: String,
    urls: Vec<String>,
    fact_actor: String,
    fact_object: String,
    fact_content: String,
    create_time: i64,
    update_time: i64,
    valid_until: Option<i64>,
    source: String,
    source_name: String,
}

/// The bytes that were written and not sent yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Facts,
    Notes,
    End,
    Over,
}

struct Out {
    memory: Memory,
    account: AccountId,
    zone: Zone,
    zip: Option<ZipWriter<StreamWriter<Written>>>,
    written: Written,
    stage: Stage,
    after: i64,
    /// The files of facts that are being written, by category.
    facts: BTreeMap<String, String>,
    ready: VecDeque<(String, String)>,
    /// Names so far, in lower case: some file systems do not tell cases apart.
    names: HashSet<String>,
}

impl Memory {
    /// Returns a person's notes and facts as the bytes of a zip of Markdown files, which is made while it is
    /// read.
    pub fn markdown(
        &self,
        account: AccountId,
        zone: Zone,
    ) -> impl Stream<Item = Result<Bytes, ApiError>> + Send + use<> {
        let written = Written::default();
        let out = Out {
            memory: self.clone(),
            account,
            zone,
            zip: Some(ZipWriter::new_stream(written.clone())),
            written,
            stage: Stage::Facts,
            after: 0,
            facts: BTreeMap::new(),
            ready: VecDeque::new(),
            names: HashSet::new(),
        };
        stream::try_unfold(out, |mut out| async move { Ok(out.next().await?.map(|bytes| (bytes, out))) })
    }
}

impl Out {
    /// Returns the next bytes.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            while let Some((name, text)) = self.ready.pop_front() {
                self.file(&name, &text)?;
                let bytes = self.written.take();
                if !bytes.is_empty() {
                    return Ok(Some(bytes.into()));
                }
            }
            match self.stage {
                Stage::Facts => self.facts().await?,
                Stage::Notes => self.notes().await?,
                Stage::End => {
                    if let Some(zip) = self.zip.take() {
                        zip.finish().map_err(ApiError::internal)?;
                    }
                    self.stage = Stage::Over;
                    return Ok(Some(self.written.take().into()));
                }
                Stage::Over => return Ok(None),
            }
        }
    }

    fn file(&mut self, name: &str, text: &str) -> Result<(), ApiError> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        zip.start_file(name, SimpleFileOptions::default()).map_err(ApiError::internal)?;
        zip.write_all(text.as_bytes()).map_err(ApiError::internal)
    }

    async fn facts(&mut self) -> Result<(), ApiError> {
        let part = EntrySection::<KeyMemories>::new(&self.memory).export(self.account, self.after).await?;
        for line in part.lines.iter().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            let category = line.fact_object.clone();
            let text = self.facts.entry(category.clone()).or_default();
            text.push_str(&fact(&line, &self.zone));
            if text.len() > MAX_FILE {
                let text = std::mem::take(text);
                self.fact_file(&category, &text);
            }
        }
        match part.next {
            Some(next) => self.after = next,
            None => {
                for (category, text) in std::mem::take(&mut self.facts) {
                    self.fact_file(&category, &text);
                }
                (self.stage, self.after) = (Stage::Notes, 0);
            }
        }
        Ok(())
    }

    fn fact_file(&mut self, category: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let name = self.name("Facts", if category.is_empty() { "Facts" } else { category });
        self.ready.push_back((name, text.to_owned()));
    }

    async fn notes(&mut self) -> Result<(), ApiError> {
        let part = EntrySection::<Notes>::new(&self.memory).export(self.account, self.after).await?;
        for line in part.lines.iter().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            let first = line.content.lines().find(|text| !text.trim().is_empty()).unwrap_or_default();
            let title = if line.title.trim().is_empty() { first } else { &line.title };
            let name = self.name("Notes", title);
            self.ready.push_back((name, note(&line, &self.zone)));
        }
        match part.next {
            Some(next) => self.after = next,
            None => self.stage = Stage::End,
        }
        Ok(())
    }

    /// Returns a name for a file that no other has.
    fn name(&mut self, folder: &str, title: &str) -> String {
        let plain = file_name(title);
        let plain = if plain.is_empty() { "note".to_owned() } else { plain };
        let mut name = format!("{folder}/{plain}.md");
        let mut number = 2;
        while !self.names.insert(name.to_lowercase()) {
            name = format!("{folder}/{plain} {number}.md");
            number += 1;
        }
        name
    }
}

/// Returns a title without the characters that file systems and links of Obsidian do not allow.
fn file_name(title: &str) -> String {
    let is_kept = |c: &char| !c.is_control() && !"/\\:*?\"<>|#^[]".contains(*c);
    let name: String = title.chars().filter(is_kept).collect();
    // Names that begin with a dot are hidden, and `..` is a folder.
    let name: String = name.trim_matches(['.', ' ']).chars().take(MAX_NAME).collect();
    name.trim_end_matches(['.', ' ']).to_owned()
}

/// Returns a fact as an item of a list.
fn fact(line: &Line, zone: &Zone) -> String {
    let text = line.fact_content.replace('\n', "\n  ");
    let about = match line.fact_actor.as_str() {
        "" | crate::key::rules::ACTOR => String::new(),
        actor => format!("{actor}: "),
    };
    let date = zone.date(Timestamp(line.create_time));
    match line.valid_until {
        Some(until) => {
            let until = zone.date(Timestamp(until));
            format!("- ~~{about}{text}~~ ({date} – {until}) ^m{}\n", line.id)
        }
        None => format!("- {about}{text} ({date}) ^m{}\n", line.id),
    }
}

/// Returns a note with a front matter.
fn note(line: &Line, zone: &Zone) -> String {
    let mut text = String::from("---\n");
    let mut member = |name: &str, value: &str| {
        // A text of JSON is one of YAML.
        let value = serde_json::Value::from(value).to_string();
        text.push_str(&format!("{name}: {value}\n"));
    };
    if !line.title.is_empty() {
        member("title", &line.title);
    }
    member("created", &zone.iso8601(Timestamp(line.create_time)));
    member("updated", &zone.iso8601(Timestamp(line.update_time)));
    if !line.source.is_empty() && line.source != "person" {
        member("source", [line.source.as_str(), &line.source_name].join(" ").trim());
    }
    text.push_str("---\n\n");
    text.push_str(&line.content);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for url in &line.urls {
        text.push_str(&format!("\n<{url}>\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_allowed_everywhere() {
        for (title, name) in [
            ("读书笔记", "读书笔记"),
            ("a/b: c?", "ab c"),
            ("# [[x]] #y", "x y"),
            ("../../etc", "etc"),
            ("...", ""),
        ] {
            assert_eq!(file_name(title), name, "{title}");
        }
        assert_eq!(file_name(&"长".repeat(300)).chars().count(), MAX_NAME);
    }

    #[test]
    fn notes_and_facts_are_markdown() {
        let line = Line {
            id: 7,
            title: "a \"b\"".into(),
            content: "text".into(),
            create_time: 1_704_418_200_000,
            update_time: 1_704_418_200_000,
            source: "import".into(),
            source_name: "Notion".into(),
            ..Line::default()
        };
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let text = note(&line, &zone);
        assert!(text.starts_with("---\ntitle: \"a \\\"b\\\"\"\ncreated: \"2024-01-05T09:30:00"), "{text}");
        assert!(text.ends_with("source: \"import Notion\"\n---\n\ntext\n"), "{text}");
        let old = Line { fact_content: "住杭州".into(), valid_until: Some(1_735_700_000_000), ..line };
        assert_eq!(fact(&old, &zone), "- ~~住杭州~~ (2024-01-05 – 2025-01-01) ^m7\n");
    }
}

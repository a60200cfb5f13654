//! The conversations of `bench/recall`: turns, questions about them, and the turns that answer each question.

use identity::Account;
use memory::{
    Memory, MemoryId, NoteId,
    key::Fact,
    note::{Kind, NewNote},
};
use store::{AccountId, Clock, Timestamp};

/// The conversations, by language.
pub const ALL: [(&str, &str); 2] = [
    ("English", include_str!("../../../bench/recall/english.txt")),
    ("Chinese", include_str!("../../../bench/recall/chinese.txt")),
];

/// Single facts without order, each with a plain and a reworded question, by language.
pub const FACTS: [(&str, &str); 2] = [
    ("English-facts", include_str!("../../../bench/recall/english-facts.txt")),
    ("Chinese-facts", include_str!("../../../bench/recall/chinese-facts.txt")),
];

/// Notes without order, each with plain and reworded questions, by language. A turn's speaker is the note's
/// title.
pub const NOTES: [(&str, &str); 2] = [
    ("English-notes", include_str!("../../../bench/recall/english-notes.txt")),
    ("Chinese-notes", include_str!("../../../bench/recall/chinese-notes.txt")),
];

/// Facts that changed, each with a question about the present and one about the past, by language.
pub const CHANGED: [(&str, &str); 2] = [
    ("English-changed", include_str!("../../../bench/recall/english-changed.txt")),
    ("Chinese-changed", include_str!("../../../bench/recall/chinese-changed.txt")),
];

/// The time between two turns in milliseconds.
const TURN_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A fact that changed.
#[derive(Debug, Default)]
pub struct Changed {
    /// The fact as it was.
    pub before: String,
    /// The fact as it is.
    pub after: String,
    /// A question about the present.
    pub now: String,
    /// A question about the past.
    pub past: String,
}

impl Changed {
    /// Parses facts of four lines each: `- before`, `+ after`, `? question about the present` and
    /// `< question about the past`.
    ///
    /// # Panics
    /// If a line is none of these.
    pub fn parse(text: &str) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (mark, rest) = line.split_once(' ').expect("a mark and a text");
            if mark == "-" {
                all.push(Self::default());
            }
            let last = all.last_mut().expect("a fact begins with what was before");
            let part = match mark {
                "-" => &mut last.before,
                "+" => &mut last.after,
                "?" => &mut last.now,
                "<" => &mut last.past,
                other => panic!("{other} is no mark"),
            };
            rest.clone_into(part);
        }
        all
    }
}

/// A conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    /// The turns, in order.
    pub turns: Vec<Turn>,
    /// The questions about the conversation.
    pub questions: Vec<Question>,
}

/// One line of a conversation.
#[derive(Debug)]
pub struct Turn {
    /// The time.
    pub at: Timestamp,
    /// The name of the speaker.
    pub speaker: String,
    /// The text.
    pub text: String,
}

/// A question about a conversation.
#[derive(Debug)]
pub struct Question {
    /// The text.
    pub text: String,
    /// True if it avoids the words of the answer, so that only semantic search can find it.
    pub reworded: bool,
    /// Indexes of the turns that contain the answer.
    pub evidence: Vec<usize>,
    /// True if it follows a session with an even number. These questions were not used for tuning the
    /// ranking, so they measure it.
    pub held_out: bool,
}

impl Conversation {
    /// Parses a conversation. Each line is one of these:
    ///
    /// - `# comment`.
    /// - `@2025-01-31` begins a session, at 18:00 UTC.
    /// - `Name: text` is a turn.
    /// - `*Name: text` is a turn that answers the questions after it.
    /// - `? text` is a question, `~ text` a reworded one.
    ///
    /// # Panics
    /// If a line is none of these.
    pub fn parse(text: &str) -> Self {
        let mut all = Self::default();
        let (mut at, mut evidence, mut asked) = (Timestamp(0), Vec::new(), false);
        let mut sessions = 0_usize;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(date) = line.strip_prefix('@') {
                let begin: jiff::Timestamp = format!("{date}T18:00:00Z").parse().expect("a date");
                at = Timestamp(begin.as_millisecond());
                sessions += 1;
            } else if let Some(text) = line.strip_prefix(['?', '~']) {
                asked = true;
                let (text, reworded) = (text.trim().to_owned(), line.starts_with('~'));
                let (evidence, held_out) = (evidence.clone(), sessions.is_multiple_of(2));
                all.questions.push(Question { text, reworded, evidence, held_out });
            } else {
                if std::mem::take(&mut asked) {
                    evidence.clear();
                }
                let (told, line) = line.strip_prefix('*').map_or((false, line), |line| (true, line));
                if told {
                    evidence.push(all.turns.len());
                }
                let (speaker, text) = line.split_once(": ").expect("a speaker and a text");
                all.turns.push(Turn { at, speaker: speaker.to_owned(), text: text.to_owned() });
                at = at.plus_ms(TURN_MS);
            }
        }
        all
    }

    /// Stores the turns as key memories, each at its time, and returns their ids. The clock ends one day
    /// after the last turn.
    pub async fn store(&self, memory: &Memory, clock: &Clock, account: AccountId) -> Vec<MemoryId> {
        let mut ids = Vec::new();
        for turn in &self.turns {
            clock.set(turn.at);
            let fact = Fact {
                actor: turn.speaker.clone(),
                object: String::new(),
                content: turn.text.clone(),
                visibility: 1,
            };
            let page = web::paging::Page { limit: 1, offset: 0 };
            // Adding returns no id, so the newest entry is listed. A turn with the words of an earlier one
            // adds no entry; conversations mark no such turn as an answer.
            memory.add_key_memories(account, vec![fact]).await.expect("stored");
            let newest = memory.key_memories(account, "", page, false).await.expect("listed");
            ids.push(newest.list.first().expect("a turn").id);
        }
        clock.advance_ms(DAY_MS);
        ids
    }

    /// Stores the turns as notes, each at its time, and returns their ids. The clock ends one day after the
    /// last note.
    pub async fn store_notes(&self, memory: &Memory, clock: &Clock, account: AccountId) -> Vec<NoteId> {
        let mut ids = Vec::new();
        for Turn { at, speaker, text } in &self.turns {
            clock.set(*at);
            let new =
                NewNote { kind: Kind::Text, title: speaker.clone(), content: text.clone(), urls: Vec::new() };
            ids.push(memory.add_note(account, new).await.expect("stored"));
        }
        clock.advance_ms(DAY_MS);
        ids
    }
}

/// Searches for each question, and returns the rank of the first hit that answers it, from 0.
pub async fn places(
    db: &store::Database,
    account: AccountId,
    conversation: &Conversation,
    ids: &[MemoryId],
    tuning: search::Tuning,
) -> Vec<Option<usize>> {
    let index = search::Index::new(account, memory::key::KIND);
    let mut places = Vec::new();
    for question in &conversation.questions {
        let query = search::Query::question(&question.text, false, db.clock().now()).tuned(tuning);
        let search = db.read_heavy(move |tx| Box::pin(async move { index.search(tx, &query).await }));
        let hits = search.await.map_err(|error: store::Error| error).expect("searched");
        let is_evidence = |entry: search::EntryId| {
            question
                .evidence
                .iter()
                .any(|turn| ids.get(*turn).is_some_and(|id| search::EntryId::from(*id) == entry))
        };
        places.push(hits.iter().position(|hit| is_evidence(hit.entry)));
    }
    places
}

/// Waits until all entries of a person have vectors.
///
/// # Panics
/// If they have none after ten minutes.
pub async fn until_embedded(memory: &Memory, account: &Account) {
    let embedded = async {
        loop {
            memory.make_vectors().await.expect("vectors");
            let progress = memory.embedding_progress(account).await.expect("progress").expect("a model");
            if progress.made == progress.entries {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(600), embedded).await.expect("vectors in time");
}

/// Searches for each question as the API does, and returns the rank of the first hit that answers it, from
/// 0. `None` if it is not among the first hundred.
pub async fn places_in_lists(
    memory: &Memory,
    account: &Account,
    conversation: &Conversation,
    ids: &[MemoryId],
) -> Vec<Option<usize>> {
    let mut places = Vec::new();
    for question in &conversation.questions {
        let page = web::paging::Page { limit: 100, offset: 0 };
        let found = memory.key_memories(account.id, &question.text, page, false).await.expect("searched");
        let is_evidence =
            |entry: MemoryId| question.evidence.iter().any(|turn| ids.get(*turn) == Some(&entry));
        places.push(found.list.iter().position(|memory| is_evidence(memory.id)));
    }
    places
}

/// Searches the notes for each question as the API does, and returns the rank of the first hit that answers
/// it, from 0. `None` if it is not among the first hundred.
pub async fn places_in_notes(
    memory: &Memory,
    account: &Account,
    conversation: &Conversation,
    ids: &[NoteId],
) -> Vec<Option<usize>> {
    let mut places = Vec::new();
    for question in &conversation.questions {
        let page = web::paging::Page { limit: 100, offset: 0 };
        let found = memory.search_notes(account.id, &question.text, page).await.expect("searched");
        let is_evidence = |entry: NoteId| question.evidence.iter().any(|turn| ids.get(*turn) == Some(&entry));
        places.push(found.list.iter().position(|note| is_evidence(note.id)));
    }
    places
}

/// Compares the vector of each question with those of the turns, without words and without what is around a
/// turn, and returns the rank of the first turn that answers it, from 0.
pub async fn places_by_meaning_alone(memory: &Memory, conversation: &Conversation) -> Vec<Option<usize>> {
    let turns: Vec<String> =
        conversation.turns.iter().map(|turn| format!("passage: {}", turn.text.to_lowercase())).collect();
    let questions: Vec<String> =
        conversation.questions.iter().map(|question| format!("query: {}", question.text)).collect();
    let mut vectors = Vec::new();
    // The built-in model takes a limited number of characters together.
    for texts in [&turns, &questions] {
        let mut all = Vec::new();
        for part in texts.chunks(64) {
            all.extend(memory.embed(part, None).await.expect("vectors").vectors);
        }
        vectors.push(all);
    }
    let (Some(questions), Some(turns)) = (vectors.pop(), vectors.pop()) else { return Vec::new() };
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let place = |(asked, question): (&Vec<f32>, &Question)| {
        let mut ranked: Vec<(f32, usize)> =
            turns.iter().enumerate().map(|(turn, vector)| (dot(asked, vector), turn)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.iter().position(|(_, turn)| question.evidence.contains(turn))
    };
    questions.iter().zip(&conversation.questions).map(place).collect()
}

/// Returns the ranks of the reworded questions, or those of the others.
pub fn of_sort(conversation: &Conversation, places: &[Option<usize>], reworded: bool) -> Vec<Option<usize>> {
    let all = conversation.questions.iter().zip(places);
    all.filter(|(question, _)| question.reworded == reworded).map(|(_, place)| *place).collect()
}

/// Returns the ranks of the reworded questions, or those of the others, in the held-out half of the sessions
/// or the other half.
pub fn of_half(
    conversation: &Conversation,
    places: &[Option<usize>],
    reworded: bool,
    held_out: bool,
) -> Vec<Option<usize>> {
    let all = conversation.questions.iter().zip(places);
    all.filter(|(question, _)| question.reworded == reworded && question.held_out == held_out)
        .map(|(_, place)| *place)
        .collect()
}

/// Returns the percentage of questions with an answer among the first `count` hits.
pub fn hit(places: &[Option<usize>], count: usize) -> f64 {
    let found = places.iter().filter(|place| place.is_some_and(|place| place < count)).count();
    100.0 * found as f64 / places.len().max(1) as f64
}

//! The conversations of `bench/recall`: what was said, what is asked about it, and where the answer stands.

use memory::{Memory, key::Fact};
use store::{Clock, Timestamp, search};

/// The conversations, by language.
pub const ALL: [(&str, &str); 2] = [
    ("English", include_str!("../../../bench/recall/english.txt")),
    ("Chinese", include_str!("../../../bench/recall/chinese.txt")),
];

/// A turn takes a minute; sessions begin at six in the evening.
const TURN_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    /// What was said, in its order.
    pub turns: Vec<Turn>,
    /// What is asked about it.
    pub questions: Vec<Question>,
}

/// Something said.
#[derive(Debug)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// Who said it.
    pub speaker: String,
    /// What was said.
    pub text: String,
}

/// Something asked.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// Whether it avoids the words of the answer, so that only its meaning leads there.
    pub reworded: bool,
    /// The turns that hold the answer, counted from 0.
    pub evidence: Vec<usize>,
    /// Whether it is about every second session: what the rules are judged by was not looked at when they were chosen.
    pub held_out: bool,
}

impl Conversation {
    /// Reads one. `# comment`; `@2025-01-31` begins a session; `Name: text` is a turn, `*Name: text` one that answers
    /// the questions that follow as `? text`, or as `~ text` where they are reworded.
    ///
    /// # Panics
    /// At a line that is none of these.
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

    /// Stores it turn by turn, each at its time; answers the turns' ids. The clock ends a day after the last turn.
    pub async fn store(&self, memory: &Memory, clock: &Clock, account: i64) -> Vec<i64> {
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
            // What was said before in the same words is kept once, and answers nothing.
            memory.add_key_memories(account, vec![fact]).await.expect("stored");
            let newest = memory.key_memories(account, "", page, false).await.expect("listed");
            ids.push(newest.list.first().expect("a turn").id);
        }
        clock.advance_ms(DAY_MS);
        ids
    }
}

/// For each question, the place of the first turn that answers it among those found, counted from 0.
pub async fn places(
    db: &store::Database,
    account: i64,
    conversation: &Conversation,
    ids: &[i64],
    tuning: search::Tuning,
) -> Vec<Option<usize>> {
    let index = search::Index::new(account, memory::key::KIND);
    let mut places = Vec::new();
    for question in &conversation.questions {
        let query = search::Query::question(&question.text, false, db.clock().now()).tuned(tuning);
        let search = db.read_heavy(move |tx| Box::pin(async move { index.search(tx, &query).await }));
        let hits = search.await.map_err(|error: store::Error| error).expect("searched");
        let is_evidence = |entry: i64| question.evidence.iter().any(|turn| ids.get(*turn) == Some(&entry));
        places.push(hits.iter().position(|hit| is_evidence(hit.entry)));
    }
    places
}

/// The places of one of the two sorts of questions.
pub fn of_sort(conversation: &Conversation, places: &[Option<usize>], reworded: bool) -> Vec<Option<usize>> {
    let all = conversation.questions.iter().zip(places);
    all.filter(|(question, _)| question.reworded == reworded).map(|(_, place)| *place).collect()
}

/// The places of the questions about one half of the sessions, the held-out one or the other.
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

/// Of a hundred questions, how many have an answer among the first `count` found.
pub fn hit(places: &[Option<usize>], count: usize) -> f64 {
    let found = places.iter().filter(|place| place.is_some_and(|place| place < count)).count();
    100.0 * found as f64 / places.len().max(1) as f64
}

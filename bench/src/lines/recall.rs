//! Search and recall: quality, speed by number of entries, and speed of writing.

use std::{
    ops::Range,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use doppel::config::Config;
use http::Request;
use http_body_util::Full;
use memory::recall::Reader;
use search::Tuning;
use serde_json::json;
use store::{Clock, Random};
use testkit::{
    Engine, TestServer,
    conversations::{
        ALL, Conversation, FACTS, NOTES, hit, of_half, of_sort, places, places_by_meaning_alone,
        places_in_lists, places_in_notes, until_embedded,
    },
};

use super::{Bench, Site, command, email};
use crate::{
    load::{self, Load},
    process, progress,
    report::{Budget, Line, figure, median},
};

pub(super) const BATCH: &str = "/api/secondme/memory/key/batch";
const SEARCH: &str = "/api/secondme/memory/key/search";
pub(super) const NOTE: &str = "/api/secondme/note/add";
/// Entries in a batch.
const OF_BATCH: usize = 100;
/// Different words in the entries, with frequencies like those of a language.
const WORDS: u64 = 20_000;
/// Questions in rotation.
pub(super) const QUESTIONS: u64 = 500;
/// Words in a question.
pub(super) const ASKED: u64 = 8;
/// Words in an entry.
const WRITTEN: u64 = 20;
/// Other people, who share the key memories of `--others`.
const OTHERS: u32 = 20;
/// The baseline of all rules.
const PLAIN: &str = "plain BM25 over the same terms";
/// Most tokens that the assistant is given by recall.
const TOLD: usize = 2000;
/// Size of the tables and indexes that only search uses.
const INDEX: &str =
    "SELECT CAST(COALESCE(SUM(pgsize), 0) AS BIGINT) FROM dbstat WHERE name LIKE 'search\\_%' ESCAPE '\\'";
/// Size of the key memories themselves and their indexes.
const ROWS: &str =
    "SELECT CAST(COALESCE(SUM(pgsize), 0) AS BIGINT) FROM dbstat WHERE name LIKE 'key\\_memory%' ESCAPE '\\'";

/// Measures the percentage of questions about long conversations that find their answer. Each ranking rule
/// has a line, and plain BM25 is the baseline.
pub(crate) fn quality() -> Result<Vec<Line>> {
    progress("search quality");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(Box::pin(async {
        let server = TestServer::start(Engine::Sqlite).await;
        let mut lines = Vec::new();
        let plain = Tuning { all_vote: true, lent: 0.0, dates: false };
        let silent = Tuning { all_vote: false, ..plain };
        let lent = Tuning { lent: Tuning::default().lent, ..silent };
        let rules = [
            ("without function words", silent),
            ("also with neighbor boost", lent),
            ("all rules", Tuning::default()),
        ];
        for (language, text) in ALL {
            let conversation = Conversation::parse(text);
            let account = server.person(language).await.account.id;
            let ids = conversation.store(&server.running().memory, server.clock(), account).await;
            let db = &server.running().db;
            let base = places(db, account, &conversation, &ids, plain).await;
            for (rule, tuning) in rules {
                let found = places(db, account, &conversation, &ids, tuning).await;
                for reworded in [false, true] {
                    let all = of_sort(&conversation, &found, reworded);
                    let at = |count| figure(hit(&all, count));
                    let what =
                        format!("{language}, {rule}{}: hit@10", if reworded { ", reworded" } else { "" });
                    lines.push(Line {
                        what: what.clone(),
                        unit: "of 100",
                        baseline: PLAIN,
                        budget: if reworded { Budget::None } else { Budget::AtLeast(68.0) },
                        notes: format!("{} questions, hit@5 {}, hit@20 {}", all.len(), at(5), at(20)),
                        pairs: vec![(hit(&all, 10), hit(&of_sort(&conversation, &base, reworded), 10))],
                    });
                    let half = |held_out| of_half(&conversation, &found, reworded, held_out);
                    let base = of_half(&conversation, &base, reworded, true);
                    lines.push(Line {
                        what: format!("{what}, held out"),
                        unit: "of 100",
                        baseline: PLAIN,
                        budget: if reworded || tuning != Tuning::default() {
                            Budget::None
                        } else {
                            Budget::AtLeast(68.0)
                        },
                        notes: format!(
                            "{} questions; tuned half: {}, {} questions",
                            half(true).len(),
                            figure(hit(&half(false), 10)),
                            half(false).len()
                        ),
                        pairs: vec![(hit(&half(true), 10), hit(&base, 10))],
                    });
                }
            }
        }
        Ok(lines)
    }))
}

/// Measures the same with the built-in model, and questions about single facts and about notes. The baseline
/// is the search without the model.
pub(crate) fn meaning() -> Result<Vec<Line>> {
    progress("asking about conversations, with the built-in model");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(Box::pin(async {
        let server = TestServer::configured(Engine::Sqlite, "embedding.built_in = true").await;
        let without = TestServer::configured(Engine::Sqlite, "embedding.built_in = false").await;
        let memory = &server.running().memory;
        let mut lines = Vec::new();
        for (language, text) in ALL.into_iter().chain(FACTS).chain(NOTES) {
            let conversation = Conversation::parse(text);
            let are_notes = NOTES.iter().any(|(notes, _)| *notes == language);
            let words = answered(&without, language, &conversation, are_notes).await;
            let both = answered(&server, language, &conversation, are_notes).await;
            let alone = places_by_meaning_alone(memory, &conversation).await;
            for (reworded, least) in [(false, [88.0, 92.0]), (true, [70.0, 85.0])] {
                let half = |places: &[Option<usize>], held| of_half(&conversation, places, reworded, held);
                let at = |count| figure(hit(&half(&both.places, true), count));
                let budget = match language {
                    "English" => Budget::AtLeast(least[0]),
                    "Chinese" => Budget::AtLeast(least[1]),
                    _ => Budget::None,
                };
                let sort = if reworded { ", reworded" } else { "" };
                lines.push(Line {
                    what: format!("{language}, with the built-in model{sort}: hit@10, held out"),
                    unit: "of 100",
                    baseline: "words alone",
                    budget,
                    notes: format!(
                        "{} questions; meaning alone {}; tuned half {}; held out: hit@1 {}, hit@5 {}, \
                         hit@20 {}; {} entries embedded a second",
                        half(&both.places, true).len(),
                        figure(hit(&half(&alone, true), 10)),
                        figure(hit(&half(&both.places, false), 10)),
                        at(1),
                        at(5),
                        at(20),
                        figure(both.embedded)
                    ),
                    pairs: vec![(hit(&half(&both.places, true), 10), hit(&half(&words.places, true), 10))],
                });
            }
        }
        Ok(lines)
    }))
}

/// The ranks of the answers to a conversation's questions.
struct Answered {
    places: Vec<Option<usize>>,
    /// Entries that got vectors in a second; 0 without a model.
    embedded: f64,
}

/// Stores a conversation as key memories, or as notes, and asks its questions as the API does.
async fn answered(
    server: &TestServer,
    language: &str,
    conversation: &Conversation,
    are_notes: bool,
) -> Answered {
    let memory = &server.running().memory;
    let account = server.person(language).await.account;
    let embedded = async |entries: usize| {
        if memory.embedding_model().is_none() {
            return 0.0;
        }
        let begin = Instant::now();
        until_embedded(memory, &account).await;
        entries as f64 / begin.elapsed().as_secs_f64()
    };
    if are_notes {
        let ids = conversation.store_notes(memory, server.clock(), account.id).await;
        let embedded = embedded(ids.len()).await;
        Answered { places: places_in_notes(memory, &account, conversation, &ids).await, embedded }
    } else {
        let ids = conversation.store(memory, server.clock(), account.id).await;
        let embedded = embedded(ids.len()).await;
        Answered { places: places_in_lists(memory, &account, conversation, &ids).await, embedded }
    }
}

/// Measures searches in one person's key memories, with other people's in the database. The baseline is a
/// page without a keyword.
pub(crate) fn speed(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for own in [bench.entries / 10, bench.entries] {
        progress(&format!("adding {own} key memories, and {} of other people", bench.others));
        let site = Site::new(bench, 1 + OTHERS, &[])?;
        fill(bench, &site, 0, own)?;
        for other in 1..=OTHERS {
            fill(bench, &site, other, bench.others / OTHERS as usize)?;
        }
        let bytes = std::fs::metadata(site.data.join("doppel.db"))?.len();
        let key = key(bench, &site, 0)?;
        let pairs = bench.pairs(
            || get(bench, &site, &key, |n| format!("{SEARCH}?keyword={}", question(n))),
            || get(bench, &site, &key, |_| SEARCH.to_owned()),
        )?;
        let p95 = |load: &Load| load.within(0.95);
        let all = own + bench.others;
        let budget = if own <= 10_000 { Budget::AtMost(10.0) } else { Budget::None };
        lines.push(Line {
            what: format!("search for {ASKED} words in {own} key memories, {all} in total, p95"),
            unit: "ms",
            baseline: "list of the newest 20",
            budget,
            notes: format!(
                "one client; p50 {} ms; database {} bytes per memory",
                figure(median(pairs.iter().map(|(load, _)| load.within(0.5)))),
                bytes / u64::try_from(all.max(1))?
            ),
            pairs: pairs.iter().map(|(search, list)| (p95(search), p95(list))).collect(),
        });
        let Site { data, server, .. } = site;
        drop(server);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        lines.extend(runtime.block_on(Box::pin(inside(bench, &data, own, all)))?);
    }
    Ok(lines)
}

/// Measures in the process, because HTTP offers neither: the speed of recall, and the size of the index.
async fn inside(bench: &Bench, data: &Path, own: usize, all: usize) -> Result<Vec<Line>> {
    let mut config = Config::from_toml("").map_err(|error| anyhow!(error))?;
    config.data_dir = data.to_owned();
    let db = Box::pin(doppel::server::open(&config, Clock::system(), Random::system())).await?;
    let identity = doppel::server::identity(&config, db.clone(), "");
    let memory = doppel::server::memory(&config, db.clone(), identity.clone(), "");
    let failed = |error: web::ApiError| anyhow!("{}", error.cause().unwrap_or("it failed"));
    let account = identity.account_by_email(&email(0)).await.map_err(failed)?;
    let account = account.context("nobody")?.id;
    let mut pairs = Vec::new();
    for _ in 0..bench.pairs {
        let (mut told, mut listed) = (Vec::new(), Vec::new());
        let end = Instant::now() + bench.time;
        for number in (0..QUESTIONS).cycle() {
            if Instant::now() >= end {
                break;
            }
            let asked = text(number.wrapping_add(1 << 40), ASKED);
            let start = Instant::now();
            memory.recall(account, Reader::OWNER, &asked, TOLD).await.map_err(failed)?;
            told.push(start.elapsed());
            let start = Instant::now();
            let newest = web::paging::Page { limit: 20, offset: 0 };
            memory.key_memories(account, "", newest, false).await.map_err(failed)?;
            listed.push(start.elapsed());
        }
        pairs.push((p95(&mut told), p95(&mut listed)));
    }
    let (index,): (i64,) = db.fetch_all_heavy(INDEX, Vec::new()).await?.pop().context("no sizes")?;
    let (rows,): (i64,) = db.fetch_all_heavy(ROWS, Vec::new()).await?.pop().context("no sizes")?;
    db.close().await?;
    let a_memory = |bytes: i64| bytes as f64 / all.max(1) as f64;
    Ok(vec![
        Line {
            what: format!("recall, {own} key memories, {all} in total, p95"),
            unit: "ms",
            baseline: "list of the newest 20",
            budget: Budget::None,
            notes: format!("query of {ASKED} words, budget of {TOLD} tokens; in process, without HTTP"),
            pairs,
        },
        Line {
            what: format!("search index, {all} key memories of {WRITTEN} words, SQLite"),
            unit: "bytes per memory",
            baseline: "the rows, with their own indexes",
            budget: Budget::None,
            notes: "pages on disk".to_owned(),
            pairs: vec![(a_memory(index), a_memory(rows))],
        },
    ])
}

fn p95(took: &mut [Duration]) -> f64 {
    took.sort_unstable();
    let at = (took.len() * 95 / 100).min(took.len().saturating_sub(1));
    took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
}

/// Measures the import of facts from a file.
pub(crate) fn import(bench: &Bench) -> Result<Vec<Line>> {
    let count = bench.entries / 2;
    progress(&format!("importing {count} facts"));
    let site = Site::new(bench, 1 + bench.pairs, &[])?;
    let bearer = format!("Bearer {}", key(bench, &site, 0)?);
    let file = site.data.join("facts.jsonl");
    let mut pairs = Vec::new();
    for pair in 1..=bench.pairs {
        let fact = |number: usize| json!({"content": format!("{number} {}", text(number as u64, WRITTEN))});
        let lines: Vec<String> = (0..count).map(|number| fact(number).to_string()).collect();
        std::fs::write(&file, lines.join("\n"))?;
        let path = file.to_str().context("a path")?;
        let start = Instant::now();
        process::verb(
            command(bench, &site.data, &site.settings),
            &["import", path, "--account", &email(pair)],
            "",
        )?;
        let imported = count as f64 / start.elapsed().as_secs_f64();
        let (start, some) = (Instant::now(), (count / 10).max(OF_BATCH));
        let first = count * pair as usize;
        batches(&site, &bearer, first..first + some)?;
        pairs.push((imported, some as f64 / start.elapsed().as_secs_f64()));
    }
    Ok(vec![Line {
        what: format!("{count} facts of {WRITTEN} words imported from a file, SQLite"),
        unit: "per second",
        baseline: "sequential batches of 100 over HTTP",
        budget: Budget::None,
        notes: "`doppel import` while the server runs, its start included".to_owned(),
        pairs,
    }])
}

/// Measures notes added by all clients. Each is on the disk before it is acknowledged.
pub(crate) fn notes(bench: &Bench) -> Result<Vec<Line>> {
    progress("adding notes");
    let site = Site::new(bench, 1, &[])?;
    let key = key(bench, &site, 0)?;
    let count = AtomicUsize::new(0);
    let file = site.data.join("probe");
    let pairs = bench.pairs(
        || {
            post(bench, &site, &key, NOTE, || {
                let number = count.fetch_add(1, Ordering::Relaxed);
                json!({"content": text(number as u64, WRITTEN)}).to_string()
            })
        },
        || super::create::syncs(&file, bench.time),
    )?;
    let within = |share| figure(median(pairs.iter().map(|(load, _)| load.within(share))));
    Ok(vec![Line {
        what: format!("notes of {WRITTEN} words added by {} clients, SQLite", bench.clients),
        unit: "per second",
        baseline: "sequential 4 KiB appends with fsync",
        budget: Budget::AtLeast(5000.0),
        notes: format!("p50 {} ms, p99 {} ms", within(0.5), within(0.99)),
        pairs: pairs.iter().map(|(load, baseline)| (load.rate, *baseline)).collect(),
    }])
}

/// Creates a key with all scopes of an account.
pub(super) fn key(bench: &Bench, site: &Site, account: u32) -> Result<String> {
    let create = ["key", "create", "--account", &email(account), "--name", "all", "--scopes", "*"];
    let printed = process::verb(command(bench, &site.data, &site.settings), &create, "")?;
    Ok(printed.trim().to_owned())
}

/// Adds key memories in batches.
pub(super) fn fill(bench: &Bench, site: &Site, account: u32, count: usize) -> Result<()> {
    let bearer = format!("Bearer {}", key(bench, site, account)?);
    batches(site, &bearer, 0..count)
}

fn batches(site: &Site, bearer: &str, numbers: Range<usize>) -> Result<()> {
    for first in numbers.clone().step_by(OF_BATCH) {
        let items: Vec<_> = (first..numbers.end)
            .take(OF_BATCH)
            .map(|number| json!({"content": format!("{number} {}", text(number as u64, WRITTEN))}))
            .collect();
        let headers = [("authorization", bearer), ("content-type", "application/json")];
        let body = json!({"items": items}).to_string();
        let answer = crate::http::request("POST", &site.server.host, BATCH, &headers, &body)?;
        anyhow::ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
    }
    Ok(())
}

fn get(bench: &Bench, site: &Site, key: &str, path: impl Fn(u64) -> String) -> Result<Load> {
    let count = AtomicUsize::new(0);
    load::run(&site.server.host, 1, bench.time, |_| {
        let path = path(count.fetch_add(1, Ordering::Relaxed) as u64 % QUESTIONS);
        let request = Request::get(path).header("host", &site.server.host);
        let request = request.header("authorization", format!("Bearer {key}"));
        request.body(Full::new(Bytes::new())).context("a request")
    })
}

fn post(bench: &Bench, site: &Site, key: &str, path: &str, body: impl Fn() -> String) -> Result<Load> {
    load::run(&site.server.host, bench.clients, bench.time, |_| {
        let request = Request::post(path).header("host", &site.server.host);
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request.header("content-type", "application/json");
        request.body(Full::new(Bytes::from(body()))).context("a request")
    })
}

/// Returns random words with frequencies like those of a language: the n-th word is about 1/n as frequent as
/// the first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank below a small number")]
pub(super) fn text(seed: u64, words: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut all = Vec::new();
    for _ in 0..words {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let part = (state >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = (WORDS as f64).powf(part) as u64;
        all.push(format!("{}q", letters(rank)));
    }
    all.join(" ")
}

/// Returns a question, encoded for a URL.
fn question(number: u64) -> String {
    text(number.wrapping_add(1 << 40), ASKED).replace(' ', "+")
}

/// Returns a number as a word of letters.
fn letters(mut number: u64) -> String {
    let mut word = String::new();
    loop {
        word.push(char::from(b'a' + u8::try_from(number % 16).unwrap_or(0)));
        number /= 16;
        if number == 0 {
            return word;
        }
    }
}

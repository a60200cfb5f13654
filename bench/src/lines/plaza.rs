//! The Plaza with many posts: reading pages by order, filter, keyword and depth, and writing posts.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use doppel::config::Config;
use http::Request;
use http_body_util::Full;
use plaza::{
    OldComment, OldPost, Plaza, PostId,
    post::{Extras, Kind, NewPost},
};
use store::{AccountId, Clock, Database, Random, params};

use super::{Bench, Site, command};
use crate::{
    load::{self, Load},
    process, progress,
    report::{Budget, Line, figure, median},
};

/// Posts by each person.
const POSTS_A_PERSON: u32 = 10;
/// Comments on each post.
const COMMENTS_A_POST: u32 = 5;
/// Posts, or people, inserted in one transaction.
const BATCH: u32 = 1_000;
/// Time between two posts in milliseconds.
const STEP_MS: i64 = 30_000;
const WORDS: f64 = 20_000.0;
const WORDS_A_POST: usize = 12;
const CIRCLES: u64 = 50;
/// The deepest page of 20 posts that can be reached by its number.
const DEEPEST: u32 = 500;
/// Concurrent readers. Few, so that the cost of a page is measured, not the wait for a processor.
const READERS: u32 = 2;
const FEED: &str = "/api/secondme/plaza/feed";

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for posts in &bench.posts {
        lines.extend(with(bench, *posts)?);
    }
    Ok(lines)
}

/// Returns a running server with a full Plaza.
pub(super) fn filled(bench: &Bench, posts: u32) -> Result<Site> {
    Ok(site(bench, posts)?.0)
}

/// Returns a running server with a full Plaza, the bytes of all texts, the size on the disk in MiB, and the
/// name of a post.
fn site(bench: &Bench, posts: u32) -> Result<(Site, u64, f64, String)> {
    let limits = [
        ("DOPPEL_PLAZA__POSTS_PER_HOUR", "1000000000".to_owned()),
        ("DOPPEL_PLAZA__COMMENTS_PER_HOUR", "1000000000".to_owned()),
    ];
    let Site { data, settings, server } = Site::new(bench, 1, &limits)?;
    drop(server);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (filled, talk) = runtime.block_on(fill(&data, posts))?;
    let size = size(&data)?;
    let server = process::serve(command(bench, &data, &settings))?;
    Ok((Site { data, settings, server }, filled, size, talk))
}

fn with(bench: &Bench, posts: u32) -> Result<Vec<Line>> {
    progress(&format!("filling the Plaza with {posts} posts"));
    let (site, filled, size, talk) = site(bench, posts)?;
    let key = site.key_for(bench, "plaza.read plaza.write")?;
    progress("reading the Plaza");
    let mut lines = vec![Line {
        what: format!("Plaza, {posts} posts with comments: size on disk"),
        unit: "MiB",
        baseline: "size of the texts",
        budget: Budget::None,
        pairs: vec![(size, filled as f64 / 1_048_576.0)],
        notes: format!("{} people, {COMMENTS_A_POST} comments per post", posts.div_ceil(POSTS_A_PERSON)),
    }];
    let first = format!("{FEED}?sortMode=timeline");
    let deepest = DEEPEST.min(posts / 20).max(1);
    let featured = format!("{FEED}?sortMode=featured");
    for (what, path) in [
        ("featured".to_owned(), featured.clone()),
        (format!("timeline, page {deepest}"), format!("{first}&page={deepest}")),
        (format!("featured, page {deepest}"), format!("{featured}&page={deepest}")),
        ("featured, one kind".to_owned(), format!("{featured}&type=ama")),
        (
            format!("featured, one kind, page {}", deepest / 3 + 1),
            format!("{featured}&type=ama&page={}", deepest / 3 + 1),
        ),
        ("featured, one circle".to_owned(), format!("{featured}&circleRoute=c1")),
        ("timeline, one circle and kind".to_owned(), format!("{first}&circleRoute=c1&type=info")),
        ("keyword in most posts".to_owned(), format!("{first}&keyword=w1")),
        ("same, featured".to_owned(), format!("{featured}&keyword=w1")),
        ("rare keyword".to_owned(), format!("{first}&keyword=w15000")),
        ("two frequent keywords".to_owned(), format!("{featured}&keyword=w2+w3")),
        ("comments of a post".to_owned(), format!("/api/secondme/plaza/posts/{talk}/comments")),
    ] {
        lines.push(read(bench, &site, &key, &format!("Plaza, {posts} posts: {what}"), &path, &first)?);
    }
    lines.push(write(bench, &site, &key, posts)?);
    Ok(lines)
}

fn read(bench: &Bench, site: &Site, key: &str, what: &str, path: &str, first: &str) -> Result<Line> {
    let get = |path: &str| {
        load::run(&site.server.host, READERS, bench.time, |_| {
            let request = Request::get(path).header("host", &site.server.host);
            Ok(request.header("authorization", format!("Bearer {key}")).body(Full::new(Bytes::new()))?)
        })
    };
    let pairs = bench.pairs(|| get(path), || get(first))?;
    let p50 = figure(median(pairs.iter().map(|(load, _)| load.within(0.5))));
    let rate = figure(median(pairs.iter().map(|(load, _)| load.rate)));
    Ok(Line {
        what: what.to_owned(),
        unit: "ms p99",
        baseline: "first page of the timeline",
        budget: Budget::AtMost(5.0),
        pairs: pairs.iter().map(|(load, first)| (load.within(0.99), first.within(0.99))).collect(),
        notes: format!("p50 {p50} ms, {rate} per second with {READERS} clients"),
    })
}

/// Measures posts by many clients, compared with comments by as many.
fn write(bench: &Bench, site: &Site, key: &str, posts: u32) -> Result<Line> {
    let send = |path: &str, body: String| -> Result<Load> {
        let body = Bytes::from(body);
        load::run(&site.server.host, bench.clients, bench.time, |_| {
            let request = Request::post(path).header("host", &site.server.host);
            let request = request.header("authorization", format!("Bearer {key}"));
            Ok(request.header("content-type", "application/json").body(Full::new(body.clone()))?)
        })
    };
    let words = (1..=WORDS_A_POST).map(|word| format!("w{}", word * 7)).collect::<Vec<_>>().join(" ");
    let body = format!(r#"{{"content":"{words}","type":"public"}}"#);
    let made = send("/api/secondme/plaza/posts/create", body.clone())?;
    let answer = made.bodies.first().context("no post was created")?;
    let answer: serde_json::Value = serde_json::from_slice(answer)?;
    let post = answer.pointer("/data/postId").and_then(|id| id.as_str()).context("a post without an id")?;
    let comment = format!(r#"{{"postId":"{post}","content":"{words}"}}"#);
    let pairs = bench.pairs(
        || send("/api/secondme/plaza/posts/create", body.clone()),
        || send("/api/secondme/plaza/posts/comment", comment.clone()),
    )?;
    let within = |share| figure(median(pairs.iter().map(|(load, _)| load.within(share))));
    Ok(Line {
        what: format!("Plaza, {posts} posts: posts created by {} clients", bench.clients),
        unit: "per second",
        baseline: "comments on one post, same number of clients",
        budget: Budget::None,
        notes: format!("p50 {} ms, p99 {} ms, synced", within(0.5), within(0.99)),
        pairs: pairs.iter().map(|(load, comments)| (load.rate, comments.rate)).collect(),
    })
}

/// Fills the Plaza of a server that does not run. Returns the bytes of all texts, and the name of a post.
async fn fill(data: &Path, posts: u32) -> Result<(u64, String)> {
    let mut config = Config::from_toml("").map_err(|error| anyhow!(error))?;
    config.data_dir = data.to_owned();
    let db = Box::pin(doppel::server::open(&config, Clock::system(), Random::system())).await?;
    let identity = doppel::server::identity(&config, db.clone(), "");
    let memory = doppel::server::memory(&config, db.clone(), identity.clone(), "");
    let plaza = Plaza::new(db.clone(), identity, memory, config.plaza.settings());
    let people = people(&db, posts.div_ceil(POSTS_A_PERSON)).await?;
    let random = Random::seeded(7);
    let number = || u64::from_le_bytes(random.bytes::<8>());
    // Ranks are spread evenly on a logarithmic scale, so the frequency of a word is about inverse to its
    // rank.
    let word = || {
        let even = (number() >> 11) as f64 / (1_u64 << 53) as f64;
        format!("w{:.0}", (even * WORDS.ln()).exp().floor())
    };
    let words = |count: usize| (0..count).map(|_| word()).collect::<Vec<_>>().join(" ");
    let somebody = || {
        let at = usize::try_from(number() % people.len() as u64).unwrap_or(0);
        people.get(at).copied().unwrap_or(AccountId(1))
    };
    let now = db.clock().now();
    let mut bytes = 0;
    for start in (0..posts).step_by(BATCH as usize) {
        let mut batch = Vec::new();
        for at in start..posts.min(start + BATCH) {
            let created_at = now.plus_ms(-STEP_MS * i64::from(posts - at));
            let content = words(WORDS_A_POST);
            let comments = (0..COMMENTS_A_POST).map(|_| OldComment {
                author: somebody(),
                content: words(WORDS_A_POST),
                created_at,
            });
            let comments: Vec<OldComment> = comments.collect();
            bytes += content.len() + comments.iter().map(|comment| comment.content.len()).sum::<usize>();
            let kind = Kind::ALL.into_iter().nth(usize::try_from(number() % 3).unwrap_or(0));
            let circle = number() % (CIRCLES * 2);
            batch.push(OldPost {
                id: PostId(i64::from(at) + 1),
                author: somebody(),
                created_at,
                likes: i64::try_from(number() % 1000 / (1 + number() % 1000)).unwrap_or(0),
                post: NewPost {
                    content,
                    kind: kind.unwrap_or(Kind::Discussion),
                    circle: if circle < CIRCLES { format!("c{circle}") } else { String::new() },
                    topic: String::new(),
                    extras: Extras::default(),
                },
                comments,
            });
        }
        plaza.import(batch).await.map_err(|error| anyhow!("{error:?}"))?;
    }
    let (name,): (String,) = db.fetch_one("SELECT name FROM plaza_post WHERE id = $1", params![1]).await?;
    db.close().await?;
    Ok((bytes as u64, name))
}

/// Inserts accounts without passwords, because hashing these would take hours.
async fn people(db: &Database, count: u32) -> Result<Vec<AccountId>> {
    let mut ids = Vec::new();
    for start in (0..count).step_by(BATCH as usize) {
        let batch: Vec<AccountId> =
            (start..count.min(start + BATCH)).map(|_| AccountId(db.ids().next())).collect();
        ids.extend_from_slice(&batch);
        let now = db.clock().now();
        let written = db.write(move |tx| {
            Box::pin(async move {
                for id in batch {
                    let (email, name, route) =
                        (format!("{id}@example.com"), format!("Person {id}"), format!("p{id}"));
                    tx.execute(
                        "INSERT INTO account (id, email, name, route, password_hash, is_admin, key_count, \
                         created_at) \
                         VALUES ($1, $2, $3, $4, '', 0, 0, $5)",
                        params![id, &email, &name, &route, now],
                    )
                    .await?;
                }
                Ok::<_, store::Error>(())
            })
        });
        written.await?;
    }
    Ok(ids)
}

/// Returns the size of the database on the disk in MiB.
fn size(data: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("doppel.db") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes as f64 / 1_048_576.0)
}

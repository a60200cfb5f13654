//! X, formerly Twitter: one's own posts, a note for each thread.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader, Read},
};

use serde_json::Value;

use crate::{
    convert,
    json::{Items, list, moment, text},
    model::Note,
    out::Out,
};

/// Maximum number of posts that are held, to join threads.
const MAX_POSTS: usize = 500_000;

struct Post {
    text: String,
    at: Option<i64>,
    before: String,
    line: u64,
}

pub(super) fn read(from: impl Read, out: &mut Out<'_>) {
    let mut from = BufReader::new(from);
    // `window.YTD.tweets.part0 = ` stands before the list.
    let mut name = Vec::new();
    let _read = from.read_until(b'=', &mut name);
    let (mut posts, mut other): (BTreeMap<String, Post>, u64) = (BTreeMap::new(), 0);
    for (line, item) in Items::open(from, &[]) {
        let item = match item {
            Ok(item) => item,
            Err(reason) => {
                out.refuse(line, reason, "64 MiB");
                continue;
            }
        };
        let tweet = item.get("tweet").unwrap_or(&item);
        let id = text(tweet, "id_str").to_owned();
        let said = text(tweet, "full_text");
        if said.starts_with("RT @") || posts.len() >= MAX_POSTS {
            other += 1;
            continue;
        }
        let at = moment(tweet, &["created_at"], out.zone);
        let before = text(tweet, "in_reply_to_status_id_str").to_owned();
        // A reply to somebody else begins with their name and answers a post that is not here.
        posts.insert(id, Post { text: shown(said, tweet), at, before, line });
    }
    let is_reply = |post: &Post| !post.before.is_empty() && !posts.contains_key(&post.before);
    other += u64::try_from(posts.values().filter(|post| is_reply(post)).count()).unwrap_or(0);
    let mut threads: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, post) in &posts {
        threads.entry(&post.before).or_default().push(id);
    }
    let roots: Vec<&String> =
        posts.iter().filter(|(_, post)| post.before.is_empty()).map(|(id, _)| id).collect();
    let mut notes = Vec::new();
    for root in roots {
        let (mut open, mut lines) = (vec![root.as_str()], Vec::new());
        while let Some(id) = open.pop() {
            if let Some(post) = posts.get(id) {
                lines.push(post.text.as_str());
            }
            if let Some(next) = threads.get(id) {
                open.extend(next.iter().rev());
            }
        }
        if let Some(post) = posts.get(root) {
            notes.push((root.clone(), post.line, post.at, lines.join("\n\n")));
        }
    }
    out.left(other);
    for (id, line, created, text) in notes {
        let title = convert::line_of(&text, 60);
        out.note(&id, line, Note { title, text, created, updated: None });
    }
}

/// Returns the text of a post with whole links.
fn shown(said: &str, tweet: &Value) -> String {
    let mut said = convert::entities(said);
    let urls = tweet.get("entities").map(|entities| list(entities, "urls")).unwrap_or_default();
    for url in urls {
        let (short, long) = (text(url, "url"), text(url, "expanded_url"));
        if !short.is_empty() && !long.is_empty() {
            said = said.replace(short, long);
        }
    }
    said
}

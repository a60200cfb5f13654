//! `user/info` without the cache: every request looks up its key in the database.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::{Bench, Site, info, key_of};
use crate::{
    process, progress,
    report::{Budget, Line},
    wrk::Keys,
};

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress(&format!("creating {} keys", bench.keys));
    let site = Site::new(bench, 1, &[])?;
    // The database collects statistics when it is closed. With a single key in it they must not lead to slow
    // query plans later.
    site.key(bench)?;
    let cookies = [site.sign_in(0)?];
    let mut keys = Vec::new();
    while keys.len() < bench.keys {
        let made = site.create_keys(bench, &cookies)?.bodies;
        ensure!(!made.is_empty(), "no keys were created");
        keys.extend(made.iter().map(|body| key_of(body)).collect::<Result<Vec<_>>>()?);
    }
    keys.truncate(bench.keys);
    let mut text = String::new();
    for key in &keys {
        writeln!(text, "{key}")?;
    }
    let file = site.data.join("keys.txt");
    std::fs::write(&file, text)?;

    let site = site.restarted(bench, "DOPPEL_ACCOUNTS__RECHECK_MILLISECONDS", "0")?;
    let key = keys.first().map_or("", String::as_str);
    let bare = process::bare(&site.user_info(key)?)?;
    progress("user/info without cache, one key");
    let one = info::measure(bench, &site.server, &bare, Keys::One(key))?;
    progress("user/info without cache, keys in rotation");
    let many = info::measure(bench, &site.server, &bare, Keys::Rotating(&file))?;
    let what = format!("`user/info`, no cache, {} keys in rotation", keys.len());
    Ok(vec![
        info::line("`user/info`, no cache, one key", Budget::AtLeast(30_000.0), one),
        info::line(&what, Budget::AtLeast(30_000.0), many),
    ])
}

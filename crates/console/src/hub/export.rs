//! `/hub/calls.csv`: the call log as a table.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures::stream;
use http::header;
use hub::log::{CallRow, Search, Viewer};
use web::{ApiError, Query, csv};

use super::calls::PageParams;
use crate::{Console, page::Member};

pub(super) const PATH: &str = "/hub/calls.csv";
/// Maximum number of calls in a table.
const MOST: usize = 50_000;
/// Maximum number of parts. Each scans a bounded number of calls.
const PARTS: usize = 600;
/// Number of calls that are read at once.
const AT_ONCE: i64 = 100;

const HEADING: [&str; 13] = [
    "time",
    "trace",
    "key",
    "caller_type",
    "caller",
    "api",
    "action",
    "status",
    "code",
    "took_us",
    "bytes",
    "address",
    "origin",
];

/// The calls that are still to be read.
struct Rest {
    console: Console,
    viewer: Viewer,
    search: Search,
    /// The first part, which is read before the response begins, so that an error has its status.
    first: Option<String>,
    rows: usize,
    parts: usize,
    is_over: bool,
}

impl Rest {
    /// Reads the next part of the table.
    async fn read(&mut self) -> Result<String, ApiError> {
        let (rows, next) = self.console.hub.calls(self.viewer, &self.search).await?;
        self.parts += 1;
        let mut table = String::new();
        for row in rows.into_iter().take(MOST - self.rows) {
            self.rows += 1;
            push(&mut table, &row);
        }
        self.search.before = next;
        self.is_over = next.is_none() || self.rows >= MOST || self.parts >= PARTS;
        Ok(table)
    }
}

fn push(table: &mut String, row: &CallRow) {
    let numbers = [row.key_id.0, row.status, row.took_us, row.bytes].map(|number| number.to_string());
    let [key, status, took, bytes] = &numbers;
    let key = if row.key_id.0 == 0 { "" } else { key };
    let time = row.at.iso8601();
    let cells = [
        &time,
        &row.trace,
        key,
        &row.typ,
        &row.sub,
        &row.api,
        &row.action,
        status,
        &row.code,
        took,
        bytes,
        &row.address,
        &row.origin,
    ];
    csv::push(table, &cells);
}

/// Sends the calls of a filter, newest first, while they are read.
pub(crate) async fn download(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let viewer = params.viewer(&member);
    let name = format!("attachment; filename=\"calls-{}.csv\"", console.clock.now().date());
    let search = Search { limit: Some(AT_ONCE), ..params.search() };
    let mut rest = Rest { console, viewer, search, first: None, rows: 0, parts: 0, is_over: false };
    let mut table = String::from(csv::MARK);
    csv::push(&mut table, &HEADING);
    table.push_str(&rest.read().await?);
    rest.first = Some(table);
    let parts = stream::try_unfold(rest, async |mut rest| {
        if let Some(first) = rest.first.take() {
            return Ok(Some((first, rest)));
        }
        if rest.is_over {
            return Ok(None);
        }
        match rest.read().await {
            Ok(table) => Ok(Some((table, rest))),
            Err(error) => {
                tracing::error!(cause = error.cause().unwrap_or_default(), "a table of calls broke off");
                Err(std::io::Error::other("the table broke off"))
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, csv::MEDIA.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

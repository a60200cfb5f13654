//! Web search through a server with SearXNG's API.

use std::time::Duration;

use outgoing::Outgoing;
use reqwest::Client;
use serde::Deserialize;

/// Timeout of a search, and maximum size of a response in bytes.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 2 << 20;
/// Maximum number of results, and maximum length of each of their texts in characters.
const RESULTS: usize = 5;
const MAX_TEXT: usize = 500;
/// Maximum length of a query in characters.
const MAX_QUERY: usize = 200;

/// A search engine.
pub(crate) struct Engine {
    base_url: String,
    client: Client,
}

/// A search result.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) content: String,
}

#[derive(Deserialize)]
struct SearchResponse {
    #[serde(default)]
    results: Vec<Found>,
}

impl Engine {
    pub(crate) fn new(base_url: &str, outgoing: &Outgoing) -> Result<Self, outgoing::Refused> {
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), client: outgoing.trusted()? })
    }

    /// Returns the best results, or `None` if the engine fails.
    pub(crate) async fn search(&self, query: &str) -> Option<Vec<Found>> {
        let request = self
            .client
            .get(format!("{}/search", self.base_url))
            .query(&[("q", query), ("format", "json")])
            .timeout(PATIENCE);
        let found = async {
            let response = request.send().await.ok()?.error_for_status().ok()?;
            let bytes = outgoing::read(response, MAX_ANSWER).await.ok()?;
            serde_json::from_slice::<SearchResponse>(&bytes).ok()
        };
        let SearchResponse { mut results } = found.await?;
        results.truncate(RESULTS);
        for found in &mut results {
            for text in [&mut found.title, &mut found.url, &mut found.content] {
                *text = text.chars().take(MAX_TEXT).collect();
            }
        }
        Some(results)
    }
}

/// Returns the query for a message: its beginning, on one line.
pub(crate) fn query(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_QUERY).collect()
}

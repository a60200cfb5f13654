//! The optional reranking endpoint: `POST {base_url}/rerank`, as served by llama.cpp, vLLM, TEI, Jina and
//! others. It reads a question and a text together, which tells more than their vectors.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use outgoing::{Breaker, Outgoing};
use search::{EntryId, Hit, Index, Query};
use serde::{Deserialize, Serialize};
use store::{Database, SecretText, Tx};

use super::{BACKOFF, Similarity, context::Kind, find, rules};
use crate::key;

/// Number of hits that are reranked.
pub(super) const RERANKED: usize = 30;
/// Maximum length of a text in characters.
const MAX_TEXT: usize = 1000;
/// Maximum size of a response in bytes.
const MAX_RESPONSE: usize = 1 << 20;

/// The settings of the reranking endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerankSettings {
    /// The base URL, without a trailing slash.
    pub base_url: String,
    /// The API key; empty if there is none.
    pub api_key: SecretText,
    /// The name of the model.
    pub name: String,
    /// Time limit of a call. After it, the order stays as it is.
    pub limit: Duration,
    /// True if it is called through the guard for addresses that pages configure.
    pub is_guarded: bool,
}

pub(crate) struct Reranker {
    settings: RerankSettings,
    outgoing: Outgoing,
    breaker: Breaker,
    /// True if the endpoint has refused `documents`, and is sent `texts` (TEI).
    wants_texts: AtomicBool,
}

#[derive(Serialize)]
struct Request<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'r str>,
    query: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<&'r [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<&'r [String]>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Response {
    Results { results: Vec<Scored> },
    List(Vec<Scored>),
}

#[derive(Deserialize)]
struct Scored {
    index: usize,
    #[serde(alias = "score")]
    relevance_score: f64,
}

impl Reranker {
    pub(crate) fn new(settings: RerankSettings, outgoing: Outgoing) -> Self {
        Self { settings, outgoing, breaker: Breaker::new(1, BACKOFF), wants_texts: AtomicBool::new(false) }
    }

    pub(super) const fn settings(&self) -> &RerankSettings {
        &self.settings
    }

    /// Returns the relevance of the first hits of a question. Empty if the endpoint fails, or is left alone
    /// after a failure.
    pub(super) async fn relevance(
        &self,
        db: &Database,
        index: Index,
        query: &Query,
        similar: &Similarity,
    ) -> HashMap<EntryId, f64> {
        let Ok(admitted) = self.breaker.admit(db.clock().now()) else { return HashMap::new() };
        let found = async {
            let (asked, similar) = (query.clone(), similar.clone());
            let first = db.read_heavy(move |tx| {
                Box::pin(async move { texts_of_first(tx, index, &asked, similar).await })
            });
            let first = first.await.map_err(|error: store::Error| error.to_string())?;
            if first.len() < 2 {
                return Ok(HashMap::new());
            }
            let (entries, texts): (Vec<EntryId>, Vec<String>) = first.into_iter().unzip();
            let scores = self.call(query.text(), &texts).await?;
            Ok(entries.into_iter().zip(scores).collect())
        };
        let found: Result<_, String> = found.await;
        let outcome = if found.is_ok() { "answered" } else { "failed" };
        metrics::counter!("doppel_rerank_requests_total", "outcome" => outcome).increment(1);
        match found {
            Ok(found) => {
                admitted.succeeded();
                found
            }
            Err(reason) => {
                admitted.failed(db.clock().now(), None);
                tracing::warn!(reason, "search results not reranked");
                HashMap::new()
            }
        }
    }

    /// Returns the relevance of each text.
    async fn call(&self, query: &str, texts: &[String]) -> Result<Vec<f64>, String> {
        let calls = async {
            let wants_texts = self.wants_texts.load(Ordering::Relaxed);
            match self.send(query, texts, wants_texts).await? {
                Ok(scores) => Ok(scores),
                Err(400 | 422) if !wants_texts => {
                    let scores = self.send(query, texts, true).await?;
                    let scores = scores.map_err(|status| format!("the endpoint answered {status}"))?;
                    self.wants_texts.store(true, Ordering::Relaxed);
                    Ok(scores)
                }
                Err(status) => Err(format!("the endpoint answered {status}")),
            }
        };
        tokio::time::timeout(self.settings.limit, calls)
            .await
            .map_err(|_elapsed| "it took too long".to_owned())?
    }

    /// Sends one request. The error inside is the status of a refusal.
    async fn send(
        &self,
        query: &str,
        texts: &[String],
        wants_texts: bool,
    ) -> Result<Result<Vec<f64>, u16>, String> {
        let RerankSettings { base_url, api_key, name, limit, is_guarded } = &self.settings;
        let client = if *is_guarded { self.outgoing.local() } else { self.outgoing.trusted() };
        let client = client.map_err(|error| error.to_string())?;
        let mut request = client.post(format!("{base_url}/rerank")).timeout(*limit);
        if !api_key.is_empty() {
            request = request.bearer_auth(api_key.expose());
        }
        let body = Request {
            model: Some(name.as_str()).filter(|name| !name.is_empty()),
            query,
            documents: Some(texts).filter(|_| !wants_texts),
            texts: Some(texts).filter(|_| wants_texts),
        };
        let response = outgoing::send(request.json(&body), "rerank").await.map_err(outgoing::reason)?;
        let status = response.status();
        if !status.is_success() {
            return Ok(Err(status.as_u16()));
        }
        let bytes = outgoing::read(response, MAX_RESPONSE).await.map_err(|refused| refused.to_string())?;
        let response = serde_json::from_slice(&bytes).map_err(|_unlike| "the answer is no list of scores")?;
        let scores =
            in_order(response, texts.len()).ok_or("the answer does not have one score of each text")?;
        Ok(Ok(scores))
    }
}

/// Returns the score of each text.
fn in_order(response: Response, count: usize) -> Option<Vec<f64>> {
    let (Response::Results { results } | Response::List(results)) = response;
    let mut scores = vec![f64::NAN; count];
    for scored in results {
        *scores.get_mut(scored.index)? = scored.relevance_score;
    }
    scores.iter().all(|score| score.is_finite()).then_some(scores)
}

/// Returns the ids and texts of the first hits; of long ones, the most similar passage.
async fn texts_of_first(
    tx: &Tx<'_>,
    index: Index,
    query: &Query,
    similar: Similarity,
) -> store::Result<Vec<(EntryId, String)>> {
    let found = find(tx, index, query, Some(similar)).await?;
    let first: Vec<EntryId> = found.hits.iter().take(RERANKED).map(|hit| hit.entry).collect();
    let texts = index.texts(tx, &first).await?;
    let kind = if index.kind() == key::KIND { Kind::Fact } else { Kind::Note };
    let text = |entry: EntryId| {
        let (_, text) = texts.get(&entry)?;
        let passage = found.passages.get(&entry).copied().unwrap_or(0);
        let text = rules::passages(text).get(passage).map(|text| kind.words(text, passage == 0))?;
        Some((entry, text.chars().take(MAX_TEXT).collect()))
    };
    Ok(first.into_iter().filter_map(text).collect())
}

/// Reorders the first hits: their scores and their relevance count the same, each relative to its range.
/// The scores stay where they are, so that they still fall.
pub(super) fn blend(hits: &mut [Hit], relevance: &HashMap<EntryId, f64>) {
    let Some((first, _)) = hits.split_at_mut_checked(RERANKED.min(hits.len())) else { return };
    let scores: Vec<f64> = first.iter().map(|hit| hit.score).collect();
    let relevant: Vec<f64> = first.iter().filter_map(|hit| relevance.get(&hit.entry).copied()).collect();
    if relevant.is_empty() {
        return;
    }
    let (score, relevant) = (Range::of(&scores), Range::of(&relevant));
    let place = |hit: &Hit| {
        let relevance = relevance.get(&hit.entry).map_or(0.0, |value| relevant.place(*value));
        score.place(hit.score) + relevance
    };
    // Stable: of equal ones, the order stays.
    first.sort_by(|a, b| place(b).total_cmp(&place(a)));
    first.iter_mut().zip(scores).for_each(|(hit, score)| hit.score = score);
}

struct Range {
    least: f64,
    width: f64,
}

impl Range {
    fn of(values: &[f64]) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { least, width: most - least }
    }

    fn place(&self, value: f64) -> f64 {
        if self.width > f64::EPSILON { (value - self.least) / self.width } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use store::Timestamp;

    use super::*;

    fn hits(scores: &[f64]) -> Vec<Hit> {
        (1..)
            .zip(scores)
            .map(|(entry, score)| Hit { entry: EntryId(entry), score: *score, noted: Timestamp(0) })
            .collect()
    }

    fn relevance(of: &[(i64, f64)]) -> HashMap<EntryId, f64> {
        of.iter().map(|(entry, relevance)| (EntryId(*entry), *relevance)).collect()
    }

    #[test]
    fn relevance_counts_as_much_as_the_score() {
        let mut all = hits(&[9.0, 8.0, 7.0, 1.0]);
        blend(&mut all, &relevance(&[(1, 0.0), (2, 0.1), (3, 5.0), (4, 4.0)]));
        assert_eq!(all.iter().map(|hit| hit.entry.0).collect::<Vec<_>>(), [3, 1, 2, 4]);
        assert_eq!(all.iter().map(|hit| hit.score).collect::<Vec<_>>(), [9.0, 8.0, 7.0, 1.0]);
        let mut none = hits(&[2.0, 1.0]);
        blend(&mut none, &HashMap::new());
        assert_eq!(none, hits(&[2.0, 1.0]));
        blend(&mut [], &relevance(&[(1, 0.0)]));
    }

    #[test]
    fn responses_of_both_forms_are_read() {
        for (body, expected) in [
            (
                r#"{"results":[{"index":1,"relevance_score":0.5},{"index":0,"relevance_score":2}]}"#,
                Some(vec![2.0, 0.5]),
            ),
            (r#"[{"index":0,"score":1},{"index":1,"score":-3.5,"text":"x"}]"#, Some(vec![1.0, -3.5])),
            (r#"[{"index":0,"score":1}]"#, None),
            (r#"[{"index":0,"score":1},{"index":2,"score":1}]"#, None),
        ] {
            assert_eq!(in_order(serde_json::from_str(body).unwrap(), 2), expected, "{body}");
        }
    }
}

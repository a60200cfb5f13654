//! The skill that teaches agents to use this server, where they look for it, and `/llms.txt`.

use std::{fmt::Write, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};
use serde_json::json;
use sha2::{Digest, Sha256};
use web::{ApiError, Code};

/// The index of skills (agent-skills discovery 0.2.0).
pub(crate) const AGENT_INDEX: &str = "/.well-known/agent-skills/index.json";
/// A file of a skill.
pub(crate) const AGENT_FILE: &str = "/.well-known/agent-skills/{name}/{file}";
/// The index of skills as older tools read it.
pub(crate) const INDEX: &str = "/.well-known/skills/index.json";
/// A file of a skill as older tools read it.
pub(crate) const FILE: &str = "/.well-known/skills/{name}/{file}";
/// The overview for language models (llmstxt.org).
pub(crate) const LLMS: &str = "/llms.txt";

const NAME: &str = "doppel-memory";
const SKILL_FILE: &str = "SKILL.md";
const SKILL: &str = include_str!("skill/SKILL.md");
const OVERVIEW: &str = include_str!("skill/llms.txt");

/// The documents, with the addresses of this server.
struct Documents {
    skill: String,
    overview: String,
    agent_index: String,
    index: String,
}

impl Documents {
    fn new(base_url: &str) -> Self {
        let fill = |text: &str| {
            text.replace("{url}", &format!("{base_url}{}", crate::PATH)).replace("{base}", base_url)
        };
        let (skill, overview) = (fill(SKILL), fill(OVERVIEW));
        let description = description(&skill);
        let agent_index = json!({
            "$schema": "https://schemas.agentskills.io/discovery/0.2.0/schema.json",
            "skills": [{
                "name": NAME,
                "type": "skill-md",
                "description": description,
                "url": format!("{base_url}/.well-known/agent-skills/{NAME}/{SKILL_FILE}"),
                "digest": digest(&skill),
            }],
        });
        let index = json!({"skills": [{"name": NAME, "description": description, "files": [SKILL_FILE]}]});
        Self { skill, overview, agent_index: agent_index.to_string(), index: index.to_string() }
    }
}

/// Returns the description in the head of a skill.
fn description(skill: &str) -> &str {
    skill.lines().find_map(|line| line.strip_prefix("description: ")).unwrap_or_default()
}

fn digest(text: &str) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// Returns the public routes.
pub fn router(base_url: &str) -> Router {
    let documents = Arc::new(Documents::new(base_url));
    Router::new()
        .route(
            AGENT_INDEX,
            get(async |State(all): State<Arc<Documents>>| document("application/json", &all.agent_index)),
        )
        .route(INDEX, get(async |State(all): State<Arc<Documents>>| document("application/json", &all.index)))
        .route(
            LLMS,
            get(async |State(all): State<Arc<Documents>>| {
                document("text/plain; charset=utf-8", &all.overview)
            }),
        )
        .route(AGENT_FILE, get(file))
        .route(FILE, get(file))
        .with_state(documents)
}

async fn file(State(all): State<Arc<Documents>>, Path((name, file)): Path<(String, String)>) -> Response {
    let is_known = name == NAME && file == SKILL_FILE;
    let response = if is_known {
        document("text/markdown; charset=utf-8", &all.skill)
    } else {
        ApiError::new(Code::NotFound).into_response()
    };
    std::future::ready(response).await
}

fn document(kind: &'static str, text: &str) -> Response {
    let mut response = text.to_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skill_is_within_the_limits_of_its_format() {
        let documents = Documents::new("https://me.example");
        let (head, body) = documents.skill.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap();
        assert!(head.starts_with("name: doppel-memory\n"));
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let description = value("description: ");
        assert!((1..=1024).contains(&description.chars().count()) && !description.contains(": "));
        assert!(value("compatibility: ").chars().count() <= 500);
        assert_eq!(value("license: "), "Apache-2.0");
        assert!(body.lines().count() < 500);
        assert!(documents.skill.contains("https://me.example/mcp"));
        assert!(!documents.skill.contains("{url}") && !documents.overview.contains("{base}"));
    }

    #[test]
    fn the_index_has_the_digest_of_the_bytes_served() {
        assert_eq!(digest("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let documents = Documents::new("https://me.example");
        let index: serde_json::Value = serde_json::from_str(&documents.agent_index).unwrap();
        assert_eq!(index["skills"][0]["digest"], digest(&documents.skill));
    }
}

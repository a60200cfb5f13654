//! Requests to endpoints that an administrator tries: a question, the list of models, a vector, scores.

use std::time::Duration;

use futures::future::join_all;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use store::SecretText;
use tokio::time::Instant;

use super::{
    model::{KeyInput, Purpose, Stored, StoredKey},
    rules,
    trial::{Cause, Trial, TrialError, TrialResponse, shown},
};
use crate::{
    Chat, EndpointId,
    provider::{Ask, Heard, Message, Options, Origin, Provider, Role},
};

/// Time limit of a trial.
const LIMIT: Duration = Duration::from_secs(60);
/// Time limit of the list of models, and of a look at a server of this machine.
const LIST: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(300);
/// Maximum size of a response in bytes.
const MAX_RESPONSE: usize = 1 << 20;
/// Maximum number of models of a list.
const MAX_LIST: usize = 500;
/// Maximum number of tokens of the answer to a trial, and additional ones for models that think.
const MAX_TOKENS: u32 = 200;
const THINKING_ROOM: u32 = 2000;

/// A server of models that answers on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    /// The base URL.
    pub base_url: String,
    /// The program that usually listens there; empty if none is known.
    pub program: &'static str,
    /// The names of its models.
    pub models: Vec<String>,
    /// True if one of the connected models is at this address.
    pub is_connected: bool,
}

impl Chat {
    /// Asks a connected model a question, and returns its answer or the real error. `None` if it does not
    /// exist.
    pub async fn try_model(&self, origin: Origin, question: &str) -> Option<Trial> {
        let all = self.models().all();
        if let Some(provider) = all.iter().find(|provider| provider.settings().origin == origin) {
            return Some(self.try_provider(provider, question).await);
        }
        let Origin::Page(id) = origin else { return None };
        let stored = self.endpoint(id)?;
        Some(Trial {
            name: stored.options.name.clone(),
            base_url: stored.options.base_url,
            first: None,
            total: Duration::ZERO,
            result: Err(TrialError::other(Cause::KeyLost, "", "")),
        })
    }

    async fn try_provider(&self, provider: &std::sync::Arc<Provider>, question: &str) -> Trial {
        let settings = provider.settings();
        let heard = Heard::default();
        let ask = Ask {
            thinking_room: THINKING_ROOM,
            heard: Some(heard.clone()),
            ..Ask::new(&settings.options.name, vec![Message::new(Role::User, question)], MAX_TOKENS)
        };
        let (start, mut first) = (Instant::now(), None);
        let answer = async {
            let mut reply = self.models().ask_one(provider, &ask).await?;
            first = Some(start.elapsed());
            let mut said = String::new();
            reply.read_to_end(&mut said).await?;
            Ok(said)
        };
        let answer = tokio::time::timeout(LIMIT, answer).await;
        let key = settings.api_key.expose();
        let result = match answer {
            Ok(Ok(said)) => Ok(TrialResponse::Text(shown(&said, key))),
            Ok(Err(failure)) => Err(TrialError::of(&failure, &heard.text(), key)),
            Err(_elapsed) => Err(TrialError::other(Cause::Slow, &heard.text(), key)),
        };
        Trial {
            name: settings.options.name.clone(),
            base_url: settings.options.base_url.clone(),
            first,
            total: start.elapsed(),
            result,
        }
    }

    /// Tries the endpoint for searches or speech that a page configured. `None` if there is none.
    pub async fn try_search(&self, purpose: Purpose) -> Option<Trial> {
        let stored = self.endpoint_for(purpose)?;
        let start = Instant::now();
        let result = match (&stored.key, purpose) {
            (StoredKey::Lost, _) => Err(TrialError::other(Cause::KeyLost, "", "")),
            (_, Purpose::Rerank) => self.try_rerank(&stored).await,
            (_, Purpose::Speech) => self.try_speech(&stored).await,
            _ => self.try_embedding(&stored).await,
        };
        let Options { name, base_url, .. } = stored.options;
        Some(Trial { name, base_url, first: None, total: start.elapsed(), result })
    }

    async fn try_embedding(&self, stored: &Stored) -> Result<TrialResponse, TrialError> {
        let key = stored.api_key();
        let url = format!("{}/embeddings", stored.options.base_url);
        let body = json!({"model": stored.options.name, "input": ["你好"], "encoding_format": "float"});
        let request = self.local_client()?.post(url).json(&body);
        let response = send(request, &key, LIST * 2).await?;
        let size = response.pointer("/data/0/embedding").and_then(Value::as_array).map_or(0, Vec::len);
        if size == 0 {
            return Err(TrialError::other(Cause::Protocol, &response.to_string(), key.expose()));
        }
        Ok(TrialResponse::Vector(size))
    }

    async fn try_speech(&self, stored: &Stored) -> Result<TrialResponse, TrialError> {
        let key = stored.api_key();
        let url = format!("{}/audio/speech", stored.options.base_url);
        let body = json!({
            "model": stored.options.name, "input": "你好", "voice": stored.options.voice,
            "response_format": "mp3",
        });
        let sound = send_for_bytes(self.local_client()?.post(url).json(&body), &key, LIST * 6).await?;
        match crate::speech::duration(&sound) {
            Some(duration) => Ok(TrialResponse::Sound(duration)),
            None => Err(TrialError::other(Cause::Protocol, &String::from_utf8_lossy(&sound), key.expose())),
        }
    }

    async fn try_rerank(&self, stored: &Stored) -> Result<TrialResponse, TrialError> {
        let key = stored.api_key();
        let url = format!("{}/rerank", stored.options.base_url);
        let ask = |member: &str| {
            let mut body = json!({"query": "你好", member: ["你好", "再见"]});
            if !stored.options.name.is_empty()
                && let Some(body) = body.as_object_mut()
            {
                body.insert("model".to_owned(), stored.options.name.clone().into());
            }
            self.local_client().map(|client| client.post(&url).json(&body))
        };
        let response = match send(ask("documents")?, &key, LIST * 2).await {
            // Some servers (TEI) name the member so.
            Err(TrialError { status: Some(400 | 422), .. }) => send(ask("texts")?, &key, LIST * 2).await?,
            other => other?,
        };
        let scores = response
            .get("results")
            .and_then(Value::as_array)
            .or_else(|| response.as_array())
            .map_or(0, Vec::len);
        if scores == 0 {
            return Err(TrialError::other(Cause::Protocol, &response.to_string(), key.expose()));
        }
        Ok(TrialResponse::Scores(scores))
    }

    /// Returns the names of the models of a server. The key of the endpoint `id` is used if the form has none
    /// and the server is the same.
    ///
    /// # Errors
    /// The real error of the server.
    pub async fn list_models(
        &self,
        base_url: &str,
        key: &KeyInput,
        id: Option<EndpointId>,
    ) -> Result<Vec<String>, TrialError> {
        let base_url = rules::base_url(base_url);
        if let Err(refused) = self.outgoing().check_local(&base_url) {
            return Err(match refused {
                outgoing::Refused::Network => TrialError::other(Cause::Forbidden, "", ""),
                _ => TrialError::other(Cause::Path, "", ""),
            });
        }
        let stored = id.and_then(|id| self.endpoint(id));
        let is_same = |stored: &Stored| rules::server(&stored.options.base_url) == rules::server(&base_url);
        let key = match key {
            KeyInput::New(key) => key.clone(),
            KeyInput::Keep => stored.filter(is_same).map(|stored| stored.api_key()).unwrap_or_default(),
            KeyInput::Remove => SecretText::default(),
        };
        list(&self.local_client()?, &base_url, &key, LIST).await
    }

    /// Looks for servers of models on this machine, at the usual ports.
    pub async fn look_around(&self) -> Vec<FoundServer> {
        let Ok(client) = self.outgoing().local_within(LOOK) else { return Vec::new() };
        let connected = self.models().all();
        let settings = self.settings();
        let look = settings.look_for.iter().map(|base_url| {
            let (client, connected) = (client.clone(), &connected);
            async move {
                let base_url = rules::base_url(base_url);
                let models = list(&client, &base_url, &SecretText::default(), LOOK).await.ok()?;
                let is_connected = connected
                    .iter()
                    .any(|provider| rules::base_url(&provider.settings().options.base_url) == base_url);
                Some(FoundServer { program: program(&base_url), base_url, models, is_connected })
            }
        });
        join_all(look).await.into_iter().flatten().filter(|found| !found.models.is_empty()).collect()
    }

    fn local_client(&self) -> Result<Client, TrialError> {
        self.outgoing().local().map_err(|refused| TrialError::connection(&refused.to_string()))
    }
}

/// Returns the program that usually listens at the port of an address.
fn program(base_url: &str) -> &'static str {
    match reqwest::Url::parse(base_url).ok().and_then(|url| url.port()) {
        Some(11434) => "Ollama",
        Some(8080) => "llama.cpp",
        Some(1234) => "LM Studio",
        _ => "",
    }
}

async fn list(
    client: &Client,
    base_url: &str,
    key: &SecretText,
    limit: Duration,
) -> Result<Vec<String>, TrialError> {
    let response = send(client.get(format!("{base_url}/models")), key, limit).await?;
    names(&response).ok_or_else(|| TrialError::other(Cause::Protocol, &response.to_string(), key.expose()))
}

/// Returns the names in a list of models: OpenAI's form, or one that differs a little.
fn names(response: &Value) -> Option<Vec<String>> {
    let list = [&response["data"], &response["models"], response].into_iter().find_map(Value::as_array)?;
    let name = |model: &Value| {
        let name = [&model["id"], &model["name"], model].into_iter().find_map(Value::as_str)?;
        let is_name = !name.is_empty()
            && name.chars().count() <= rules::MAX_NAME
            && !name.chars().any(char::is_control);
        is_name.then(|| name.to_owned())
    };
    Some(list.iter().filter_map(name).take(MAX_LIST).collect())
}

/// Sends a request, and returns the JSON of a successful response.
async fn send(request: RequestBuilder, key: &SecretText, limit: Duration) -> Result<Value, TrialError> {
    let bytes = send_for_bytes(request, key, limit).await?;
    serde_json::from_slice(&bytes).map_err(|_no_json| {
        TrialError::other(Cause::Protocol, &String::from_utf8_lossy(&bytes), key.expose())
    })
}

/// Sends a request, and returns the body of a successful response.
async fn send_for_bytes(
    request: RequestBuilder,
    key: &SecretText,
    limit: Duration,
) -> Result<Vec<u8>, TrialError> {
    let key = key.expose();
    let request = if key.is_empty() { request } else { request.bearer_auth(key) };
    let work = async {
        let response = request.send().await.map_err(|error| {
            if error.is_timeout() {
                return TrialError::other(Cause::Slow, "", "");
            }
            TrialError::connection(&outgoing::reason(error))
        })?;
        let status = response.status();
        let bytes = outgoing::read(response, MAX_RESPONSE).await;
        let bytes = bytes.map_err(|refused| TrialError::other(Cause::Protocol, &refused.to_string(), key))?;
        if !status.is_success() {
            return Err(TrialError::status(status.as_u16(), &String::from_utf8_lossy(&bytes), key));
        }
        Ok(bytes.to_vec())
    };
    let done = tokio::time::timeout(limit, work).await;
    done.unwrap_or_else(|_elapsed| Err(TrialError::other(Cause::Slow, "", "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_several_forms_are_read() {
        for (body, expected) in [
            (json!({"data": [{"id": "a"}, {"id": "b"}]}), Some(vec!["a", "b"])),
            (json!({"models": [{"name": "a"}]}), Some(vec!["a"])),
            (json!([{"id": "a"}, {"id": ""}, {"id": "b\n"}, 3]), Some(vec!["a"])),
            (json!({"data": "no"}), None),
            (json!(null), None),
        ] {
            let found = names(&body);
            let found = found.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(found, expected, "{body}");
        }
    }
}

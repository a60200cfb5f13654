//! What a client of OpenAI's protocol may say. No I/O.

use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::model::{Content, Request, Said};
use crate::{
    provider::{Image, Role},
    session::{self, Place, State},
    talk::{model::Talk, rules},
};

/// Most messages of a conversation.
const MAX_MESSAGES: usize = 1000;
/// What sessions of these clients belong to, and how their names begin.
const APP: &str = "openai";
const PREFIX: &str = "v1-";

/// Checks a request.
///
/// # Errors
/// [`Code::ChatModelUnknown`]; 422 with everything else that is wrong.
pub(super) fn check(request: Request, known: &[String]) -> Result<Talk, ApiError> {
    let model = request.model.unwrap_or_else(|| rules::MODELS[0].to_owned());
    if !rules::MODELS.contains(&model.as_str()) && !known.contains(&model) {
        return Err(ApiError::new(Code::ChatModelUnknown).with(model.chars().take(100).collect::<String>()));
    }
    let mut issues = Issues::body();
    let (field, asked) = match request.max_completion_tokens {
        None => ("max_tokens", request.max_tokens),
        asked => ("max_completion_tokens", asked),
    };
    let max_tokens = rules::max_tokens(&mut issues, field, asked);
    if request.messages.len() > MAX_MESSAGES {
        issues.add("too_long", "messages", format!("List should have at most {MAX_MESSAGES} items"));
    }
    issues.finish()?;
    let mut issues = Issues::body();
    let (mut system, mut history, mut images) = (Vec::new(), Vec::new(), Vec::new());
    for (i, said) in request.messages.into_iter().enumerate() {
        let field = format!("messages.{i}");
        let Some(role) = role(&said.role) else {
            issues.add(
                "literal_error",
                &format!("{field}.role"),
                "Input should be 'system', 'user' or 'assistant'",
            );
            continue;
        };
        let (text, pictures) = content(&mut issues, &field, said);
        match role {
            Role::System => system.push(text),
            Role::User | Role::Assistant | Role::Tool => {
                images = pictures;
                history.push(past(role, text));
            }
        }
    }
    let last =
        history.pop().filter(|message| message.role == Role::User && !message.content.trim().is_empty());
    let Some(last) = last else {
        issues.add("value_error", "messages", "The last message should be the user's, and say something");
        return Err(issues.finish().err().unwrap_or_else(|| Code::Unprocessable.into()));
    };
    issues.text("messages", &last.content, rules::MAX_MESSAGE);
    issues.finish()?;
    let system = Some(system.join("\n\n")).filter(|text| !text.is_empty());
    let opening = history.first().map_or(&last.content, |message| &message.content);
    let name = name(system.as_deref().unwrap_or_default(), opening);
    Ok(Talk {
        place: Place { session: Some(name), app_id: APP.to_owned(), system },
        message: last.content.clone(),
        images,
        search: false,
        model,
        max_tokens,
        control: None,
        history: Some(history),
    })
}

fn role(name: &str) -> Option<Role> {
    match name {
        "developer" => Some(Role::System),
        other => Role::parse(other),
    }
}

fn past(role: Role, content: String) -> session::Message {
    session::Message { id: 0, role, content, state: State::Complete, created_at: Timestamp(0) }
}

fn content(issues: &mut Issues, field: &str, said: Said) -> (String, Vec<Image>) {
    let (mut text, mut images) = (String::new(), Vec::new());
    match said.content {
        None => {}
        Some(Content::Text(whole)) => text = whole,
        Some(Content::Parts(parts)) => {
            for part in parts {
                let url = part.image_url.map(|image| image.url);
                match (part.kind.as_str(), part.text, url.as_deref().and_then(picture)) {
                    ("text", Some(more), _) => text.push_str(&more),
                    ("image_url", _, Some(image)) if images.len() < rules::MAX_IMAGES => images.push(image),
                    _ => issues.add(
                        "value_error",
                        &format!("{field}.content"),
                        "Parts should be text, or at most 4 pictures as data: URLs",
                    ),
                }
            }
        }
    }
    issues.text(&format!("{field}.content"), &text, rules::MAX_MESSAGE);
    (text, images)
}

/// The picture of a `data:` URL.
fn picture(url: &str) -> Option<Image> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let image = Image { media_type: media_type.to_owned(), data: data.to_owned() };
    rules::is_picture(&image.media_type, &image.data).then_some(image)
}

/// The name of the session of a conversation: these clients send all of it each time and no id, so it is known by
/// how it began.
fn name(system: &str, opening: &str) -> String {
    // FNV-1a: only the person's own sessions are told apart by it.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in system.bytes().chain([0]).chain(opening.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{PREFIX}{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(body: Value) -> Result<Talk, ApiError> {
        check(serde_json::from_value(body).unwrap(), &[])
    }

    #[test]
    fn a_conversation_is_taken_apart() {
        let talk = checked(json!({"messages": [
            {"role": "developer", "content": "Be brief."}, {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "eins"}, {"role": "assistant", "content": "one"},
            {"role": "user", "content": [{"type": "text", "text": "zwei"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        ]}))
        .unwrap();
        assert_eq!((talk.message.as_str(), talk.images.len()), ("zwei", 1));
        assert_eq!(talk.place.system.as_deref(), Some("Be brief.\n\nBe kind."));
        assert_eq!(talk.history.unwrap().len(), 2);
    }

    #[test]
    fn a_conversation_is_known_by_how_it_began() {
        let session = |messages: Value| checked(json!({"messages": messages})).unwrap().place.session;
        let one = json!([{"role": "user", "content": "a"}]);
        let two = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]);
        assert_eq!(session(one.clone()), session(two));
        assert_ne!(session(one), session(json!([{"role": "user", "content": "b"}])));
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        for body in [
            json!({"messages": []}),
            json!({"messages": [{"role": "assistant", "content": "a"}]}),
            json!({"messages": [{"role": "user", "content": null}]}),
            json!({"messages": [{"role": "tool", "content": "a"}, {"role": "user", "content": "a"}]}),
            json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": 0}),
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]}),
        ] {
            assert_eq!(checked(body.clone()).unwrap_err().code(), Code::Unprocessable, "{body}");
        }
        let unknown = json!({"model": "gpt-4", "messages": [{"role": "user", "content": "a"}]});
        assert_eq!(checked(unknown).unwrap_err().code(), Code::ChatModelUnknown);
    }
}

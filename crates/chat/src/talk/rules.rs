//! Validation of messages to the assistant. No I/O.

use http::HeaderMap;
use web::{ApiError, Issues};

use super::{
    limits::{DEFAULT_TOKENS, MAX_TOKENS},
    model::{ActRequest, ChatRequest, ImageRequest, Talk},
};
use crate::{
    act::control,
    provider::Image,
    session::{Place, rules as session},
};

/// Maximum length of a message and of a system prompt in characters.
pub(crate) const MAX_MESSAGE: usize = 50_000;
pub(crate) const MAX_SYSTEM: usize = 20_000;
/// Maximum number of pictures of a message.
pub(crate) const MAX_IMAGES: usize = 4;
/// Names of models that clients of SecondMe use; the first is the default.
pub(crate) const MODELS: [&str; 5] = [
    "secondme/nano",
    "secondme/pro",
    "anthropic/claude-sonnet-4-5",
    "google_ai_studio/gemini-2.0-flash",
    "cloudsway/claude-sonnet-4.6",
];
const IMAGE_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Checks a chat request. `known` has names of models in addition to [`MODELS`].
///
/// # Errors
/// 422 that lists everything that is invalid.
pub(super) fn check(request: ChatRequest, headers: &HeaderMap, known: &[String]) -> Result<Talk, ApiError> {
    let mut issues = Issues::body();
    let message = issues.required_text("message", Some(&request.message), MAX_MESSAGE);
    let place = place(&mut issues, request.session_id, request.app_id, request.system_prompt, headers);
    let model = model(&mut issues, request.model, known);
    let max_tokens = max_tokens(&mut issues, "maxTokens", request.max_tokens);
    let images = images(&mut issues, request.images.unwrap_or_default());
    issues.finish()?;
    let search = request.enable_web_search.unwrap_or(false);
    Ok(Talk { message, images, place, search, model, max_tokens, control: None, kept: None, page: None })
}

/// Checks an act request.
///
/// # Errors
/// 400 for an invalid `actionControl`; 422 that lists everything else.
pub(super) fn check_act(
    request: ActRequest,
    headers: &HeaderMap,
    known: &[String],
) -> Result<Talk, ApiError> {
    let control = control::check(request.action_control.as_deref())?.to_owned();
    let chat = ChatRequest {
        message: request.message,
        session_id: request.session_id,
        app_id: request.app_id,
        system_prompt: request.system_prompt,
        model: request.model,
        max_tokens: request.max_tokens,
        ..ChatRequest::default()
    };
    Ok(Talk { control: Some(control), ..check(chat, headers, known)? })
}

pub(crate) fn place(
    issues: &mut Issues,
    session: Option<String>,
    app_id: Option<String>,
    system: Option<String>,
    headers: &HeaderMap,
) -> Place {
    let header = headers.get("x-app-id").and_then(|value| value.to_str().ok());
    let app_id = app_id.filter(|id| !id.trim().is_empty()).or_else(|| header.map(str::to_owned));
    let app_id = session::name(issues, "appId", app_id.as_deref());
    let session = session::name(issues, "sessionId", session.as_deref());
    let system = system.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = &system {
        issues.text("systemPrompt", text, MAX_SYSTEM);
    }
    Place { session, app_id: app_id.unwrap_or_else(|| session::GENERAL.to_owned()), system }
}

pub(crate) fn model(issues: &mut Issues, asked: Option<String>, known: &[String]) -> String {
    let asked = asked.filter(|name| !name.is_empty()).unwrap_or_else(|| MODELS[0].to_owned());
    if !MODELS.contains(&asked.as_str()) && !known.contains(&asked) {
        let expected = MODELS.map(|name| format!("'{name}'")).join(", ");
        issues.add("literal_error", "model", format!("Input should be one of {expected}"));
    }
    asked
}

pub(crate) fn max_tokens(issues: &mut Issues, field: &str, asked: Option<i64>) -> u32 {
    let Some(asked) = asked else { return DEFAULT_TOKENS };
    if asked < 1 {
        issues.add("greater_than_equal", field, "Input should be greater than or equal to 1");
    }
    match u32::try_from(asked) {
        Ok(tokens) if tokens <= MAX_TOKENS => return tokens,
        _ if asked < 1 => {}
        _ => issues.add(
            "less_than_equal",
            field,
            format!("Input should be less than or equal to {MAX_TOKENS}"),
        ),
    }
    DEFAULT_TOKENS
}

fn images(issues: &mut Issues, asked: Vec<ImageRequest>) -> Vec<Image> {
    if asked.len() > MAX_IMAGES {
        issues.add("too_long", "images", format!("List should have at most {MAX_IMAGES} items"));
    }
    let mut images = Vec::new();
    for (i, image) in asked.into_iter().take(MAX_IMAGES).enumerate() {
        let media_type = media_type(&image.media_type);
        if !IMAGE_TYPES.contains(&media_type.as_str()) {
            let expected = IMAGE_TYPES.map(|name| format!("'{name}'")).join(", ");
            issues.add(
                "literal_error",
                &format!("images.{i}.mediaType"),
                format!("Input should be one of {expected}"),
            );
        }
        if !is_base64(&image.data) {
            issues.add(
                "value_error",
                &format!("images.{i}.data"),
                "Input should be base64 without a data: prefix",
            );
        }
        images.push(Image { media_type, data: image.data, after: usize::MAX });
    }
    images
}

/// Returns a media type as registered. `image/jpg` is a common mistake.
pub(crate) fn media_type(name: &str) -> String {
    match name.trim().to_ascii_lowercase().as_str() {
        "image/jpg" | "image/pjpeg" => "image/jpeg".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns true if type and data are possible for a picture.
pub(crate) fn is_picture(media_type: &str, data: &str) -> bool {
    IMAGE_TYPES.contains(&media_type) && is_base64(data)
}

/// Returns true if a text looks like base64: its alphabet, its padding, and its length.
fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn checked(change: impl FnOnce(&mut ChatRequest)) -> Result<Talk, ApiError> {
        let mut request = ChatRequest { message: "hi".into(), ..ChatRequest::default() };
        change(&mut request);
        check(request, &HeaderMap::new(), &["my-model".into()])
    }

    #[test]
    fn defaults_are_the_contracts() {
        let talk = checked(|_| {}).unwrap();
        assert_eq!((talk.model.as_str(), talk.max_tokens, talk.search), ("secondme/nano", 2000, false));
        assert_eq!(talk.place.app_id, "general");
        assert!(talk.place.session.is_none() && talk.place.system.is_none());
    }

    #[test]
    fn limits_are_the_contracts() {
        let tokens = |n| checked(|request| request.max_tokens = Some(n)).is_ok();
        assert!(tokens(1) && tokens(16_000));
        assert!(!tokens(0) && !tokens(-1) && !tokens(16_001) && !tokens(i64::MAX) && !tokens(i64::MIN));
        let model = |name: &str| checked(|request| request.model = Some(name.into())).is_ok();
        assert!(MODELS.iter().all(|name| model(name)) && model("my-model") && !model("gpt-4"));
        let image = |media_type: &str, data: &str| {
            checked(|request| {
                request.images =
                    Some(vec![ImageRequest { data: data.into(), media_type: media_type.into() }]);
            })
            .is_ok()
        };
        assert!(image("image/png", "iVBORw0KGgo=") && image("image/webp", "AAAA"));
        assert!(!image("image/svg+xml", "AAAA") && !image("image/png", "data:image/png;base64,AAAA"));
        assert!(!image("image/png", "") && !image("image/png", "AAA") && !image("image/png", "===="));
        assert!(checked(|request| request.message = "  ".into()).is_err());
        assert!(checked(|request| request.session_id = Some("x".repeat(129))).is_err());
    }

    #[test]
    fn the_body_wins_over_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert("x-app-id", http::HeaderValue::from_static("from-header"));
        let place = |app_id: Option<&str>| {
            let mut issues = Issues::body();
            place(&mut issues, None, app_id.map(str::to_owned), None, &headers).app_id
        };
        assert_eq!((place(None), place(Some("from-body"))), ("from-header".into(), "from-body".into()));
    }

    proptest! {
        #[test]
        fn any_text_is_base64_or_not(text in ".*") {
            let _ = is_base64(&text);
        }
    }
}

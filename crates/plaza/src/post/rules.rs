//! Validation of posts, and their position in the featured feed. No I/O.

use memory::profile::rules::check_url;
use sha2::{Digest, Sha256};
use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::model::{EditRequest, Extras, Kind, LinkMeta, NewPost, PostRequest};
use crate::circle;

/// Most characters of a post. SecondMe documents no limit.
pub const MAX_CONTENT: usize = 20_000;
/// Most pictures of a post, and most stickers.
pub const MAX_URLS: usize = 9;
/// Most characters of a topic's title.
pub const MAX_TOPIC: usize = 100;
const MAX_TOPIC_ID: usize = 64;
const MAX_TOPIC_DESCRIPTION: usize = 1_000;
const MAX_LINK_TITLE: usize = 500;
const MAX_LINK_DESCRIPTION: usize = 2_000;
const MAX_LINK_TEXT: usize = 20_000;

/// Ten times as many points move a post ahead as much as being younger by this time, in milliseconds (12.5
/// hours).
const TENFOLD_MS: f64 = 45_000_000.0;

/// Returns the position of a post in the featured feed; greater numbers come first.
///
/// It changes only when likes or comments are added or removed, not with time, so the feed is read from an
/// index. A comment counts as two likes.
pub fn hot(created_at: Timestamp, likes: i64, comments: i64) -> i64 {
    let points = likes.max(0).saturating_add(comments.max(0).saturating_mul(2));
    let gain = (1.0 + points as f64).log10() * TENFOLD_MS;
    // At most some ten days, far below the limits of both types.
    created_at.0.saturating_add(gain as i64)
}

/// Returns the text of a post that keywords are searched in.
pub(crate) fn indexed(content: &str, extras: &Extras) -> String {
    let link = extras.link_meta.as_ref().and_then(|meta| meta.title.as_deref()).unwrap_or_default();
    format!("{content}\n{}\n{link}", extras.topic_title.as_deref().unwrap_or_default())
}

/// Checks that a text may be a post's name.
///
/// # Errors
/// [`Code::NotFound`] if no post can have it.
pub(crate) fn check_name(name: &str) -> Result<&str, ApiError> {
    let is_name = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { Ok(name) } else { Err(Code::NotFound.into()) }
}

/// Checks a new post.
///
/// # Errors
/// 422 if a member is invalid.
pub fn check(request: PostRequest) -> Result<NewPost, ApiError> {
    let mut issues = Issues::body();
    let content = request.content.unwrap_or_else(|| {
        issues.missing("content");
        // One issue is enough.
        "-".to_owned()
    });
    check_content(&mut issues, &content, MAX_CONTENT);
    match request.r#type.as_deref() {
        None => issues.missing("type"),
        Some("public") => {}
        Some(_) => issues.add("literal_error", "type", "Input should be 'public'"),
    }
    let kind = match request.content_type.as_deref().filter(|name| !name.is_empty()) {
        None => Kind::Discussion,
        Some(name) => Kind::parse(name).unwrap_or_else(|| {
            issues.add("literal_error", "contentType", "Input should be 'discussion', 'ama' or 'info'");
            Kind::Discussion
        }),
    };
    let extras = Extras {
        images: urls(&mut issues, "images", request.images),
        video_url: url(&mut issues, "videoUrl", request.video_url),
        video_thumbnail_url: url(&mut issues, "videoThumbnailUrl", request.video_thumbnail_url),
        video_duration_ms: request.video_duration_ms,
        link: url(&mut issues, "link", request.link),
        link_meta: request.link_meta.map(|meta| check_meta(&mut issues, meta)),
        stickers: urls(&mut issues, "stickers", request.stickers),
        is_notification: request.is_notification.unwrap_or(false),
        topic_title: name(&mut issues, "topicTitle", request.topic_title, MAX_TOPIC),
        topic_description: text(
            &mut issues,
            "topicDescription",
            request.topic_description,
            MAX_TOPIC_DESCRIPTION,
        ),
    };
    if extras.video_duration_ms.as_ref().and_then(serde_json::Number::as_f64).is_some_and(|ms| ms < 0.0) {
        issues.add("greater_than_equal", "videoDurationMs", "Input should be greater than or equal to 0");
    }
    let topic = line(&mut issues, "topicId", request.topic_id, MAX_TOPIC_ID);
    let topic = topic.or_else(|| extras.topic_title.as_deref().map(topic_id)).unwrap_or_default();
    let circle = request.circle_route.unwrap_or_default();
    if !circle.is_empty() && !circle::rules::is_route(&circle) {
        issues.add("value_error", "circleRoute", "Input should be a circle's route");
    }
    issues.finish()?;
    Ok(NewPost { content, kind, circle, topic, extras })
}

/// Checks the new text of a post, and returns it.
///
/// # Errors
/// 422 if it is empty or too long.
pub fn check_text(content: &str) -> Result<String, ApiError> {
    check_edit(EditRequest { content: Some(content.to_owned()) }, MAX_CONTENT)
}

/// Checks the new text of a post or comment, and returns it.
///
/// # Errors
/// 422 if it is missing, empty or too long.
pub(crate) fn check_edit(request: EditRequest, most: usize) -> Result<String, ApiError> {
    let mut issues = Issues::body();
    match &request.content {
        None => issues.missing("content"),
        Some(content) => check_content(&mut issues, content, most),
    }
    issues.finish()?;
    Ok(request.content.unwrap_or_default())
}

/// Checks the text of a post or comment.
pub(crate) fn check_content(issues: &mut Issues, content: &str, most: usize) {
    if web::names::is_blank(content) {
        issues.add("string_too_short", "content", "String should have at least 1 visible character");
    }
    issues.text("content", content, most);
}

/// Returns the id of the topic with a title. Titles that differ only in case, or in traditional and
/// simplified characters, have the same id.
fn topic_id(title: &str) -> String {
    let hash = Sha256::digest(search::fold(title));
    let digits: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("topic_{digits}")
}

fn some(value: Option<String>) -> Option<String> {
    value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn name(issues: &mut Issues, field: &str, value: Option<String>, most: usize) -> Option<String> {
    let value = some(value)?;
    Some(issues.name(field, Some(&value), most))
}

fn line(issues: &mut Issues, field: &str, value: Option<String>, most: usize) -> Option<String> {
    let value = some(value)?;
    issues.line(field, &value, most);
    Some(value)
}

fn text(issues: &mut Issues, field: &str, value: Option<String>, most: usize) -> Option<String> {
    let value = some(value)?;
    issues.text(field, &value, most);
    Some(value)
}

/// Checks a URL that other people's pages will contain, and returns it trimmed.
pub(crate) fn url(issues: &mut Issues, field: &str, value: Option<String>) -> Option<String> {
    let value = some(value)?;
    check_url(issues, field, &value);
    Some(value)
}

fn urls(issues: &mut Issues, field: &str, list: Option<Vec<String>>) -> Vec<String> {
    let list = list.unwrap_or_default();
    if list.len() > MAX_URLS {
        issues.add("too_long", field, format!("List should have at most {MAX_URLS} items"));
    }
    for (at, value) in list.iter().take(MAX_URLS).enumerate() {
        let field = format!("{field}.{at}");
        if value.is_empty() {
            issues.add("value_error", &field, "Input should be an http or https URL");
        }
        check_url(issues, &field, value);
    }
    list
}

fn check_meta(issues: &mut Issues, meta: LinkMeta) -> LinkMeta {
    LinkMeta {
        url: url(issues, "linkMeta.url", meta.url),
        title: line(issues, "linkMeta.title", meta.title, MAX_LINK_TITLE),
        description: text(issues, "linkMeta.description", meta.description, MAX_LINK_DESCRIPTION),
        thumbnail: url(issues, "linkMeta.thumbnail", meta.thumbnail),
        text_content: text(issues, "linkMeta.textContent", meta.text_content, MAX_LINK_TEXT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(content: &str) -> PostRequest {
        PostRequest {
            content: Some(content.to_owned()),
            r#type: Some("public".to_owned()),
            ..PostRequest::default()
        }
    }

    #[test]
    fn a_tenfold_of_points_is_worth_half_a_day() {
        let made = Timestamp(1_000_000_000_000);
        assert_eq!(hot(made, 0, 0), made.0);
        assert_eq!(hot(made, 9, 0), made.0 + 45_000_000);
        assert_eq!(hot(made, 1, 4), made.0 + 45_000_000, "a comment counts as two likes");
        assert_eq!(hot(made, -3, -1), made.0);
    }

    #[test]
    fn the_same_title_is_the_same_topic() {
        assert_eq!(topic_id("Rust 編程"), topic_id("rust 编程"));
        assert_ne!(topic_id("Rust"), topic_id("Go"));
        let titled = PostRequest { topic_title: Some(" AI ".into()), ..request("x") };
        let post = check(titled).unwrap();
        assert_eq!((post.topic, post.extras.topic_title), (topic_id("AI"), Some("AI".to_owned())));
    }

    #[test]
    fn texts_are_counted_in_code_points() {
        assert!(check(request(&"👩‍👩‍👧".repeat(4000))).is_ok(), "5 code points each");
        assert!(check(request(&"👩‍👩‍👧".repeat(4001))).is_err());
        assert!(check(request(" ")).is_err() && check(request("a\0b")).is_err());
    }

    proptest! {
        #[test]
        fn votes_never_cool(likes in 0_i64..1_000_000, comments in 0_i64..1_000_000, made in 0_i64..1 << 42) {
            let made = Timestamp(made);
            prop_assert!(hot(made, likes + 1, comments) >= hot(made, likes, comments));
            prop_assert!(hot(made, likes, comments + 1) >= hot(made, likes + 1, comments));
            prop_assert!(hot(made, likes, comments) >= made.0);
        }
    }
}

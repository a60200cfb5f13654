//! Validation of comments. No I/O.

use web::{ApiError, Code, Issues};

pub use super::names::{is_human, name, parse};
use super::{
    model::{CommentRequest, NewComment},
    names::HUMAN,
};
use crate::post::rules::{check_content, check_name, url};

/// Most characters of a comment; SecondMe has the same limit.
pub const MAX_CONTENT: usize = 2_000;
const MAX_NAME: usize = 50;
const MAX_SOURCE: usize = 32;

/// Checks a new comment.
///
/// # Errors
/// [`Code::CommentTooLong`]; 422 if a member is invalid; [`Code::NotFound`] if the name of the post or of the
/// parent comment cannot exist.
pub fn check(request: CommentRequest) -> Result<NewComment, ApiError> {
    let mut issues = Issues::body();
    if request.post_id.is_none() {
        issues.missing("postId");
    }
    let sticker_url = url(&mut issues, "stickerUrl", request.sticker_url).unwrap_or_default();
    match request.content.as_deref() {
        None => issues.missing("content"),
        Some(content) => check_length(content)?,
    }
    let content = request.content.unwrap_or_else(|| "-".to_owned());
    if sticker_url.is_empty() || !content.trim().is_empty() {
        check_content(&mut issues, &content, MAX_CONTENT);
    }
    let reply_to_name = request.reply_to_user_name.filter(|name| !name.trim().is_empty());
    if let Some(name) = &reply_to_name {
        issues.name("replyToUserName", Some(name), MAX_NAME);
    }
    let source = request.source.filter(|source| !source.is_empty()).unwrap_or_else(|| HUMAN.to_owned());
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    if source.len() > MAX_SOURCE || !source.chars().all(is_plain) {
        issues.add(
            "value_error",
            "source",
            format!("Input should be 1 to {MAX_SOURCE} lower-case letters, digits, '_', '-' or '.'"),
        );
    }
    issues.finish()?;
    let reply_to = request.reply_to_comment_id.filter(|id| !id.is_empty());
    let reply_to = reply_to.as_deref().map(parse).transpose()?;
    let post = check_name(&request.post_id.unwrap_or_default())?.to_owned();
    Ok(NewComment { post, content, reply_to, reply_to_name, source, sticker_url })
}

/// Checks that a comment is not too long.
///
/// # Errors
/// [`Code::CommentTooLong`] if it is.
pub(super) fn check_length(content: &str) -> Result<(), ApiError> {
    let is_long = content.len() > MAX_CONTENT && content.chars().count() > MAX_CONTENT;
    if is_long { Err(Code::CommentTooLong.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CommentId;
    use proptest::prelude::*;

    fn request(content: String) -> CommentRequest {
        CommentRequest {
            post_id: Some("post_a1b2c3d4".into()),
            content: Some(content),
            ..CommentRequest::default()
        }
    }

    #[test]
    fn lengths_are_counted_in_code_points() {
        for unit in ["x", "长", "😀", "é", "🇨", "\u{301}"] {
            assert!(check(request(unit.repeat(2000))).is_ok(), "{unit}");
            let error = check(request(unit.repeat(2001))).unwrap_err();
            assert_eq!(error.code(), Code::CommentTooLong, "{unit}");
        }
        // One letter to the eye, two code points.
        assert!(check(request("e\u{301}".repeat(1000))).is_ok());
        assert!(check(request("e\u{301}".repeat(1001))).is_err());
    }

    #[test]
    fn a_sticker_may_come_without_words() {
        let sticker = Some("https://cdn.example.com/s.png".to_owned());
        let with = |content: &str, sticker_url| CommentRequest { sticker_url, ..request(content.into()) };
        assert!(check(with("", sticker)).is_ok() && check(with("", None)).is_err());
        assert!(check(with("x", Some("javascript:alert(1)".into()))).is_err());
    }

    proptest! {
        #[test]
        fn names_are_read_back(id in 1_i64..1 << 53) {
            prop_assert_eq!(parse(&name(CommentId(id))).ok(), Some(CommentId(id)));
        }

        #[test]
        fn anything_is_a_name_or_not(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}

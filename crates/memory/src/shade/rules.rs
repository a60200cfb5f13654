//! Validation of interests. No I/O.

use web::{ApiError, Issues};

use super::model::ShadeBody;
use crate::profile::rules::check_url;

/// Maximum length of a name in characters.
pub const MAX_NAME: usize = 100;
/// Maximum length of a description or a content, in characters.
pub const MAX_TEXT: usize = 2000;
/// Maximum number of topics on a side.
pub const MAX_TOPICS: usize = 50;
/// Maximum length of a topic in characters.
pub const MAX_TOPIC: usize = 100;

/// Checks an interest.
///
/// # Errors
/// 422 that names every invalid member.
pub(crate) fn check(body: &ShadeBody) -> Result<(), ApiError> {
    let mut issues = Issues::body();
    issues.name("shadeName", Some(&body.shade_name), MAX_NAME);
    issues.optional_name("shadeNamePublic", &body.shade_name_public, MAX_NAME);
    check_url(&mut issues, "shadeIcon", &body.shade_icon);
    check_url(&mut issues, "shadeIconPublic", &body.shade_icon_public);
    for (field, text) in [
        ("shadeDescription", &body.shade_description),
        ("shadeDescriptionThirdView", &body.shade_description_third_view),
        ("shadeContent", &body.shade_content),
        ("shadeContentThirdView", &body.shade_content_third_view),
        ("shadeDescriptionPublic", &body.shade_description_public),
        ("shadeDescriptionThirdViewPublic", &body.shade_description_third_view_public),
        ("shadeContentPublic", &body.shade_content_public),
        ("shadeContentThirdViewPublic", &body.shade_content_third_view_public),
    ] {
        issues.text(field, text, MAX_TEXT);
    }
    for (field, topics) in
        [("sourceTopics", &body.source_topics), ("sourceTopicsPublic", &body.source_topics_public)]
    {
        if topics.len() > MAX_TOPICS {
            issues.add("too_long", field, format!("List should have at most {MAX_TOPICS} items"));
        }
        for (i, topic) in topics.iter().take(MAX_TOPICS).enumerate() {
            issues.line(&format!("{field}.{i}"), topic, MAX_TOPIC);
        }
    }
    issues.finish()
}

/// Returns true if the public side has any text.
pub(super) fn has_public_content(body: &ShadeBody) -> bool {
    [
        &body.shade_name_public,
        &body.shade_description_public,
        &body.shade_description_third_view_public,
        &body.shade_content_public,
        &body.shade_content_third_view_public,
    ]
    .into_iter()
    .any(|text| !text.trim().is_empty())
}

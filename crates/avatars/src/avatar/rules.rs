//! Validation of avatars. No I/O.

use http::Uri;
use memory::{NoteId, profile::rules::check_url, recall::MAX_CHOSEN};
use web::{ApiError, Code, Issues};

use super::model::{AvatarRequest, Body, Change, Distribution, Modes, Monetization, OwnLimits};
use crate::visit::rules::{MAX_LIMIT, is_hex};

/// Longest title in characters.
pub const MAX_TITLE: usize = 100;
/// Longest instructions of the owner in characters.
pub const MAX_SCENARIO: usize = 40_000;
/// Longest first message, and longest introduction, in characters.
pub const MAX_TEXT: usize = 2000;
/// Most skills of an avatar.
pub const MAX_SKILLS: usize = 10;
/// Most origins of web pages that may show an avatar.
pub const MAX_ORIGINS: usize = 20;
/// Longest origin in bytes.
const MAX_ORIGIN: usize = 200;
/// Longest key of a skill in characters.
const MAX_SKILL_KEY: usize = 100;
/// The only price: this server has no payments.
const FREE: &str = "FREE";

/// Checks an avatar's members, and returns them as a change. `refusal` is the code for what cannot be done.
///
/// # Errors
/// 422 if a member is invalid; `refusal` for a price.
pub fn check(request: AvatarRequest, refusal: Code) -> Result<Change, ApiError> {
    let mut issues = Issues::body();
    let title = request.title.map(|title| issues.name("title", Some(&title), MAX_TITLE));
    let text = |issues: &mut Issues, field: &str, value: Option<String>, most: usize| {
        let value = value.map(|text| text.trim().to_owned());
        issues.text(field, value.as_deref().unwrap_or_default(), most);
        value
    };
    let scenario_prompt = text(&mut issues, "scenarioPrompt", request.scenario_prompt, MAX_SCENARIO);
    let opening = text(&mut issues, "opening", request.opening, MAX_TEXT);
    let welcome_note = text(&mut issues, "welcomeNote", request.welcome_note, MAX_TEXT);
    if let Some(url) = &request.cover_url {
        check_url(&mut issues, "coverUrl", url);
    }
    let chosen = request.skills.unwrap_or_default();
    let lists = [request.skill_keys, chosen.official_skill_keys, chosen.existing_custom_skill_keys];
    let skill_keys = skill_keys(&mut issues, lists);
    let notes = request.related_note_ids.map(|ids| {
        if ids.len() > MAX_CHOSEN {
            issues.add("too_long", "relatedNoteIds", format!("List should have at most {MAX_CHOSEN} items"));
        }
        let mut notes: Vec<NoteId> = Vec::new();
        for id in ids.into_iter().map(NoteId) {
            if !notes.contains(&id) {
                notes.push(id);
            }
        }
        notes
    });
    if let Some(limits) = &request.limits {
        check_limits(&mut issues, limits);
    }
    let origins = request.widget_origins.map(|origins| check_origins(&mut issues, &origins));
    issues.finish()?;
    check_price(request.monetization.as_ref(), refusal)?;
    Ok(Change {
        title,
        cover_url: request.cover_url,
        scenario_prompt,
        opening,
        welcome_note,
        // This server has neither calls nor a mini program.
        modes: request.modes.map(|modes| Modes { voice_call: false, ..modes }),
        distribution: request.distribution.map(|way| Distribution { wxapp_enabled: false, ..way }),
        skill_keys,
        material: request.material,
        notes,
        limits: request.limits,
        origins,
        paused: request.paused,
    })
}

/// Checks the origins of web pages, and returns each once.
fn check_origins(issues: &mut Issues, given: &[String]) -> Vec<String> {
    let mut origins = Vec::new();
    for text in given.iter().take(MAX_ORIGINS + 1) {
        match origin(text) {
            Some(origin) if origins.contains(&origin) => {}
            Some(origin) => origins.push(origin),
            None => {
                issues.add(
                    "value_error",
                    "widgetOrigins",
                    "Input should be origins such as https://blog.example",
                );
            }
        }
    }
    if given.len() > MAX_ORIGINS {
        issues.add("too_long", "widgetOrigins", format!("List should have at most {MAX_ORIGINS} items"));
    }
    origins
}

/// Returns the origin that a text is, as browsers write it: scheme, host and port. Nothing else is one, so
/// that it can be a part of a header.
pub fn origin(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    if text.len() > MAX_ORIGIN {
        return None;
    }
    let uri: Uri = text.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_ascii_lowercase());
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    if !is_name || !matches!(scheme, "http" | "https") {
        return None;
    }
    let port = match (scheme, uri.port_u16()) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    // Whatever else the text has, such as a path or a name of a user, makes it another one.
    let origin = format!("{scheme}://{host}{port}");
    let full = format!("{scheme}://{host}:{}", uri.port_u16().unwrap_or_default());
    (text.eq_ignore_ascii_case(&origin) || text.eq_ignore_ascii_case(&full)).then_some(origin)
}

fn check_limits(issues: &mut Issues, limits: &OwnLimits) {
    issues.range("limits.messagesPerDay", limits.messages_per_day, 0..=MAX_LIMIT);
    issues.range("limits.tokensPerDay", limits.tokens_per_day, 0..=MAX_LIMIT);
    issues.range("limits.visitorMessagesPerDay", limits.visitor_messages_per_day, 0..=MAX_LIMIT);
    issues.range("limits.visitorsAtOnce", limits.visitors_at_once, 0..=MAX_LIMIT);
}

/// Joins lists of skills, each once. `None` if there is no list.
fn skill_keys(issues: &mut Issues, lists: [Option<Vec<String>>; 3]) -> Option<Vec<String>> {
    let mut keys: Option<Vec<String>> = None;
    for list in lists.into_iter().flatten() {
        let all = keys.get_or_insert_default();
        for key in list {
            let key = key.trim().to_owned();
            issues.line("skillKeys", &key, MAX_SKILL_KEY);
            if !key.is_empty() && !all.contains(&key) {
                all.push(key);
            }
        }
    }
    if keys.as_ref().is_some_and(|keys| keys.len() > MAX_SKILLS) {
        issues.add("too_long", "skillKeys", format!("List should have at most {MAX_SKILLS} items"));
    }
    keys
}

fn check_price(price: Option<&Monetization>, refusal: Code) -> Result<(), ApiError> {
    match price.and_then(|price| price.access_type.as_deref()) {
        None | Some(FREE) => Ok(()),
        Some(_paid) => Err(ApiError::new(refusal).with("monetization.accessType: FREE (no payments)")),
    }
}

impl Change {
    /// Applies the change to the properties that are stored together.
    pub(super) fn apply(&self, body: Body) -> Body {
        Body {
            modes: self.modes.unwrap_or(body.modes),
            distribution: self.distribution.unwrap_or(body.distribution),
            skill_keys: self.skill_keys.clone().unwrap_or(body.skill_keys),
            material: self.material.unwrap_or(body.material),
            notes: self.notes.clone().unwrap_or(body.notes),
            limits: self.limits.unwrap_or(body.limits),
            origins: self.origins.clone().unwrap_or(body.origins),
        }
    }
}

/// True if a text has the form of a share code: 12 lower-case hexadecimal digits.
pub fn is_share_code(text: &str) -> bool {
    is_hex(text, 12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avatar::model::SkillChoice;

    #[test]
    fn prices_other_than_free_are_refused() {
        for (kind, good) in
            [(None, true), (Some("FREE"), true), (Some("PAID"), false), (Some("SPONSORED"), false)]
        {
            let monetization = Some(Monetization { access_type: kind.map(str::to_owned) });
            let request = AvatarRequest { monetization, ..AvatarRequest::default() };
            let checked = check(request, Code::AvatarUpdateFailed).map_err(|error| error.code());
            assert_eq!(checked.is_ok(), good, "{kind:?}");
            assert!(good || checked.err() == Some(Code::AvatarUpdateFailed));
        }
    }

    #[test]
    fn lists_of_skills_and_notes_are_joined_and_bounded() {
        let keys = |list: &[&str]| Some(list.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        let request = AvatarRequest {
            skill_keys: keys(&["a", "b", " a "]),
            skills: Some(SkillChoice {
                existing_custom_skill_keys: keys(&["b", "c"]),
                ..SkillChoice::default()
            }),
            related_note_ids: Some(vec![1, 2, 1]),
            ..AvatarRequest::default()
        };
        let change = check(request, Code::AvatarCreateFailed).unwrap();
        assert_eq!(change.skill_keys, keys(&["a", "b", "c"]));
        assert_eq!(change.notes, Some(vec![NoteId(1), NoteId(2)]));
        let many = AvatarRequest { related_note_ids: Some((0..=50).collect()), ..AvatarRequest::default() };
        assert_eq!(check(many, Code::AvatarCreateFailed).unwrap_err().code(), Code::Unprocessable);
    }

    #[test]
    fn origins_are_nothing_more() {
        for (text, origin_of) in [
            ("https://Blog.example", Some("https://blog.example")),
            (" https://blog.example/ ", Some("https://blog.example")),
            ("https://blog.example:443", Some("https://blog.example")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("http://127.0.0.1", Some("http://127.0.0.1")),
            ("blog.example", None),
            ("*", None),
            ("https://*.example", None),
            ("https://blog.example/path", None),
            ("https://user@blog.example", None),
            ("https://blog.example;script-src *", None),
            ("https://blog.example 'self'", None),
            ("ftp://blog.example", None),
            ("javascript:alert(1)", None),
            ("", None),
        ] {
            assert_eq!(origin(text).as_deref(), origin_of, "{text}");
        }
    }

    #[test]
    fn share_codes() {
        for (text, good) in
            [("0123456789ab", true), ("0123456789AB", false), ("0123456789a", false), ("0123456789ag", false)]
        {
            assert_eq!(is_share_code(text), good, "{text}");
        }
    }
}

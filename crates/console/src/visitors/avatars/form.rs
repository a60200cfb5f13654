//! The form of an avatar.

use avatars::avatar::{Avatar, AvatarRequest, Distribution, Material, OwnLimits};

use crate::form::Fields;

/// The form that creates or changes an avatar.
#[derive(Clone)]
pub(crate) struct AvatarForm {
    pub(super) title: String,
    pub(super) cover: String,
    pub(super) welcome: String,
    pub(super) opening: String,
    pub(super) scenario: String,
    pub(super) memories: bool,
    pub(super) interests: bool,
    pub(super) notes: Vec<i64>,
    pub(super) skills: Vec<String>,
    pub(super) by_key: bool,
    pub(super) by_web: bool,
    /// Origins, one per line.
    pub(super) origins: String,
    pub(super) messages: String,
    pub(super) of_visitor: String,
    pub(super) tokens: String,
    pub(super) at_once: String,
}

impl Default for AvatarForm {
    fn default() -> Self {
        Self {
            title: String::new(),
            cover: String::new(),
            welcome: String::new(),
            opening: String::new(),
            scenario: String::new(),
            memories: true,
            interests: true,
            notes: Vec::new(),
            skills: Vec::new(),
            by_key: true,
            by_web: false,
            origins: String::new(),
            messages: String::new(),
            of_visitor: String::new(),
            tokens: String::new(),
            at_once: String::new(),
        }
    }
}

impl From<Fields> for AvatarForm {
    fn from(fields: Fields) -> Self {
        let plain = |name: &str| fields.text(name).replace("\r\n", "\n").trim().to_owned();
        let is_on = |name: &str| fields.text(name) == "1";
        Self {
            title: plain("title"),
            cover: plain("cover"),
            welcome: plain("welcome"),
            opening: plain("opening"),
            scenario: plain("scenario"),
            memories: is_on("memories"),
            interests: is_on("interests"),
            notes: fields.all("note").iter().filter_map(|id| id.parse().ok()).collect(),
            skills: fields.all("skill"),
            by_key: is_on("by_key"),
            by_web: is_on("by_web"),
            origins: plain("origins"),
            messages: plain("messages"),
            of_visitor: plain("of_visitor"),
            tokens: plain("tokens"),
            at_once: plain("at_once"),
        }
    }
}

/// Returns a limit as a field has it: empty for none.
fn limit_text(limit: i64) -> String {
    if limit == 0 { String::new() } else { limit.to_string() }
}

/// Returns the limit of a field. A text that is no number becomes one that is refused.
fn limit(text: &str) -> i64 {
    if text.is_empty() { 0 } else { text.parse().unwrap_or(-1) }
}

impl AvatarForm {
    /// Returns the form filled with an avatar.
    pub(super) fn of(avatar: &Avatar) -> Self {
        let body = avatar.body.clone();
        Self {
            title: avatar.title.clone(),
            cover: avatar.cover_url.clone().unwrap_or_default(),
            welcome: avatar.welcome_note.clone(),
            opening: avatar.opening.clone(),
            scenario: avatar.scenario_prompt.clone(),
            memories: body.material.public_memories,
            interests: body.material.public_interests,
            notes: body.notes.into_iter().map(Into::into).collect(),
            skills: body.skill_keys,
            by_key: body.distribution.api_enabled,
            by_web: body.distribution.web_enabled,
            origins: body.origins.join("\n"),
            messages: limit_text(body.limits.messages_per_day),
            of_visitor: limit_text(body.limits.visitor_messages_per_day),
            tokens: limit_text(body.limits.tokens_per_day),
            at_once: limit_text(body.limits.visitors_at_once),
        }
    }

    /// Returns the form as a request of the API.
    pub(super) fn request(&self) -> AvatarRequest {
        let origins = self.origins.split_whitespace().map(str::to_owned);
        AvatarRequest {
            title: Some(self.title.clone()),
            cover_url: Some(self.cover.clone()),
            scenario_prompt: Some(self.scenario.clone()),
            opening: Some(self.opening.clone()),
            welcome_note: Some(self.welcome.clone()),
            distribution: Some(Distribution {
                api_enabled: self.by_key,
                web_enabled: self.by_web,
                ..Distribution::default()
            }),
            skill_keys: Some(self.skills.clone()),
            material: Some(Material { public_memories: self.memories, public_interests: self.interests }),
            related_note_ids: Some(self.notes.clone()),
            limits: Some(OwnLimits {
                messages_per_day: limit(&self.messages),
                tokens_per_day: limit(&self.tokens),
                visitor_messages_per_day: limit(&self.of_visitor),
                visitors_at_once: limit(&self.at_once),
            }),
            widget_origins: Some(origins.collect()),
            ..AvatarRequest::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_or_nothing() {
        assert_eq!([limit(""), limit("7"), limit("x"), limit("-3")], [0, 7, -1, -3]);
        assert_eq!((limit_text(0), limit_text(9)), (String::new(), "9".to_owned()));
    }
}

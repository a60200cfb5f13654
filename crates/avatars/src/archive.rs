//! Sections of a person's archive with their avatars and the conversations of visitors.
//!
//! They can be exported but not imported: share codes, keys and visitors belong to a server.

use archive::{ImportLine, ImportSummary, Part, Section, line};
use serde::Serialize;
use store::{AccountId, BoxFuture, owned_params};
use web::{ApiError, Code};

use crate::{
    Avatars,
    avatar::{self, Avatar, model::AvatarResponse},
    skill::{self, Skill},
    visit::{self, Visit, VisitMessage},
};

/// Most avatars or skills in one part, and most conversations.
const PART: i64 = 100;
const CONVERSATIONS: i64 = 20;
/// Most messages of a conversation.
const MESSAGES: i64 = 10_000;

type Export = for<'a> fn(&'a Avatars, AccountId, i64) -> BoxFuture<'a, Result<Part, ApiError>>;

impl Avatars {
    /// Returns the archive sections of this crate.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        let all: [(&'static str, Export); 3] = [
            ("avatars", |avatars, of, after| Box::pin(avatars.archived_avatars(of, after))),
            ("avatar-skills", |avatars, of, after| Box::pin(avatars.archived_skills(of, after))),
            ("avatar-conversations", |avatars, of, after| Box::pin(avatars.archived_visits(of, after))),
        ];
        let section = |(name, export)| -> Box<dyn Section> {
            Box::new(AvatarSection { avatars: self.clone(), name, export })
        };
        all.into_iter().map(section).collect()
    }

    async fn archived_avatars(&self, owner: AccountId, after: i64) -> Result<Part, ApiError> {
        let rows = self.db().fetch_all_heavy(avatar::queries::AFTER, owned_params![owner, after, PART]);
        let rows: Vec<Avatar> = rows.await?;
        let next = rows.last().map(|avatar| avatar.id.0);
        let lines = rows.into_iter().map(|avatar| line(&AvatarResponse::from(avatar)));
        Ok(Part { lines: lines.collect::<Result<_, _>>()?, next, ..Part::default() })
    }

    async fn archived_skills(&self, owner: AccountId, after: i64) -> Result<Part, ApiError> {
        let rows = self.db().fetch_all_heavy(skill::AFTER, owned_params![owner, after, PART]);
        let rows: Vec<Skill> = rows.await?;
        let next = rows.last().map(|skill| skill.id.0);
        let lines = rows.into_iter().map(|skill| line(&ArchivedSkill::from(skill)));
        Ok(Part { lines: lines.collect::<Result<_, _>>()?, next, ..Part::default() })
    }

    async fn archived_visits(&self, owner: AccountId, after: i64) -> Result<Part, ApiError> {
        let rows =
            self.db().fetch_all_heavy(visit::queries::AFTER, owned_params![owner, after, CONVERSATIONS]);
        let visits: Vec<Visit> = rows.await?;
        let mut lines = Vec::new();
        for visit in &visits {
            let values = owned_params![visit.id, i64::MAX, MESSAGES];
            let mut messages: Vec<VisitMessage> =
                self.db().fetch_all_heavy(visit::queries::BEFORE, values).await?;
            messages.reverse();
            lines.push(line(&ArchivedVisit::new(visit, messages))?);
        }
        Ok(Part { lines, next: visits.last().map(|visit| visit.id.0), ..Part::default() })
    }
}

/// An archive section of this crate.
struct AvatarSection {
    avatars: Avatars,
    name: &'static str,
    export: Export,
}

impl Section for AvatarSection {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_for_reading(&self) -> bool {
        true
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        (self.export)(&self.avatars, account, after)
    }

    fn import(&self, _: AccountId, _: Vec<ImportLine>) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async { Err(Code::InvalidParam.into()) })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArchivedSkill {
    skill_key: String,
    title: String,
    description: String,
    when_to_use: String,
    scene_mode: String,
    content: String,
}

impl From<Skill> for ArchivedSkill {
    fn from(skill: Skill) -> Self {
        let Skill { skill_key, title, description, when_to_use, scene_mode, content, .. } = skill;
        Self { skill_key, title, description, when_to_use, scene_mode, content }
    }
}

/// A conversation, with its messages from the oldest on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArchivedVisit<'v> {
    session_id: &'v str,
    avatar_id: i64,
    visitor_name: &'v str,
    create_time: i64,
    messages: Vec<ArchivedMessage>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArchivedMessage {
    sender: &'static str,
    content: String,
    create_time: i64,
}

impl<'v> ArchivedVisit<'v> {
    fn new(visit: &'v Visit, messages: Vec<VisitMessage>) -> Self {
        let messages = messages.into_iter().map(|message| ArchivedMessage {
            sender: message.sender.name(),
            content: message.content,
            create_time: message.created_at.0,
        });
        Self {
            session_id: &visit.name,
            avatar_id: visit.avatar.0,
            visitor_name: &visit.visitor_name,
            create_time: visit.created_at.0,
            messages: messages.collect(),
        }
    }
}

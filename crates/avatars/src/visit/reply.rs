//! Answering visitors: one process at a time answers a conversation, until nothing in it is unanswered.

use std::time::Duration;

use chat::visitor::{VisitorAnswer, VisitorRole, VisitorTurn};
use store::{Tx, params};
use tokio::sync::mpsc;
use web::{ApiError, Code, Language};

use super::{
    FRAMES, HEARD,
    frame::{FrameContext, FrameKind, message_id},
    model::{Sender, Visit, VisitMessage},
    queries,
    rules::{Cutter, language_of},
};
use crate::{
    Avatars, VisitId, VisitMessageId,
    avatar::{self, Avatar},
};

/// Seconds for which a process has the right to answer. It renews it while it does.
const LEASE_SECONDS: i64 = 60;
const RENEW_EVERY: Duration = Duration::from_secs(20);
/// Most conversations that are resumed at once.
const RESUMED: i64 = 50;
/// Most unanswered messages that are answered together.
const TOGETHER: i64 = 20;
/// Most earlier messages in a prompt.
const HISTORY: i64 = 40;
/// Pieces of an answer that wait to be stored. The model has to wait when they are full.
const AHEAD: usize = 64;

/// An answer to make.
struct Turn {
    visit: Visit,
    avatar: Avatar,
    /// The number of the latest message to be answered, and of the answer.
    to: i64,
    number: i64,
    history: Vec<(VisitorRole, String)>,
    message: String,
}

impl Avatars {
    /// Begins to answer a conversation, unless a process does so already. That one goes on with the new
    /// message then.
    pub(super) fn begin_answer(&self, visit: VisitId) -> Result<(), ApiError> {
        let avatars = self.clone();
        self.tasks()?.spawn(async move {
            if let Err(error) = avatars.answer_all(visit).await {
                tracing::warn!(cause = error.cause(), "a visitor could not be answered");
            }
        });
        Ok(())
    }

    /// Goes on with conversations that a process began to answer and then left, because it died or lost the
    /// database.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn resume_answers(&self) -> Result<usize, ApiError> {
        let values = params![self.db().clock().now(), RESUMED];
        let left: Vec<(VisitId,)> = self.db().fetch_all(queries::ABANDONED, values).await?;
        for (visit,) in &left {
            self.begin_answer(*visit)?;
        }
        Ok(left.len())
    }

    async fn answer_all(&self, visit: VisitId) -> Result<(), ApiError> {
        let (now, until) = self.lease();
        if self.db().execute(queries::CLAIM, params![visit, now, until]).await? == 0 {
            return Ok(());
        }
        while let Some(turn) = self.next_turn(visit).await? {
            self.answer(turn).await?;
        }
        Ok(())
    }

    fn lease(&self) -> (store::Timestamp, store::Timestamp) {
        let now = self.db().clock().now();
        (now, now.plus_secs(LEASE_SECONDS))
    }

    /// Returns the next answer to make. If there is none, gives back the right to answer, in the same
    /// transaction, so that no message falls between.
    async fn next_turn(&self, visit: VisitId) -> Result<Option<Turn>, ApiError> {
        let (_, until) = self.lease();
        self.db().write(move |tx| Box::pin(async move { next_turn(tx, visit, until).await })).await
    }

    /// Makes an answer, and sends it to the sockets as it comes.
    async fn answer(&self, turn: Turn) -> Result<(), ApiError> {
        let (id, at) = (VisitMessageId(self.db().ids().next()), self.db().clock().now());
        let context = FrameContext {
            session: turn.visit.name.clone(),
            mind: turn.avatar.id.to_string(),
            owner: turn.avatar.owner,
            message: message_id(id, at),
        };
        let instructions = self.instructions(&turn.avatar).await?;
        let language = language_of(&turn.message);
        let (visit, avatar, owner) = (turn.visit.id, turn.avatar.id, turn.avatar.owner);
        let (to, number) = (turn.to, turn.number);
        let asked = VisitorTurn {
            owner: turn.avatar.owner,
            counted: format!("avatar:{avatar}"),
            open: turn.avatar.openness(),
            instructions,
            visitor_name: turn.visit.visitor_name,
            history: turn.history,
            message: turn.message,
        };
        let (said, pieces) = mpsc::channel(AHEAD);
        let made = async {
            let answer = self.chat().answer_visitor(asked, &said).await;
            drop(said);
            answer
        };
        let told = self.tell(visit, &context, pieces);
        let (answer, (index, rest)) = futures::join!(made, told);
        let answer =
            answer.unwrap_or_else(|error| VisitorAnswer { failure: Some(error), ..VisitorAnswer::default() });
        let apology = answer.failure.as_ref().map(|error| apology(error, language));
        let increments = (index..).zip(rest.into_iter().chain(apology));
        let mut last: Vec<FrameKind> =
            increments.map(|(number, text)| FrameKind::Increment(number, text)).collect();
        last.push(FrameKind::End);
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // The conversation or the avatar may have been deleted meanwhile.
                    if tx.execute(queries::ANSWERED, params![visit, to]).await? == 0 {
                        return Ok(());
                    }
                    if !answer.text.is_empty() {
                        let is_failed = i64::from(answer.failure.is_some());
                        let values =
                            params![id, visit, number, Sender::Avatar.name(), &answer.text, is_failed, now];
                        tx.execute(queries::ADD_MESSAGE, values).await?;
                    }
                    tx.execute(queries::COUNT_TOKENS, params![avatar, now.day(), answer.tokens]).await?;
                    tx.notify(HEARD, &owner.to_string()).await?;
                    add_frames(tx, visit, &context, &last, now).await
                })
            })
            .await
    }

    /// Stores the increments of an answer as frames. Returns the number of the next increment, and the text
    /// that is left.
    async fn tell(
        &self,
        visit: VisitId,
        context: &FrameContext,
        mut pieces: mpsc::Receiver<String>,
    ) -> (i64, Option<String>) {
        let (mut cutter, mut index) = (Cutter::default(), 0);
        let mut unsaid = String::new();
        let mut renewals = tokio::time::interval(RENEW_EVERY);
        renewals.tick().await;
        loop {
            let piece = tokio::select! {
                piece = pieces.recv() => piece,
                _ = renewals.tick() => {
                    let (_, until) = self.lease();
                    if let Err(error) = self.db().execute(queries::HOLD, params![visit, until]).await {
                        tracing::debug!(%error, "a conversation could not be held");
                    }
                    continue;
                }
            };
            let Some(piece) = piece else { break };
            let Some(increment) = cutter.push(&piece) else { continue };
            unsaid.push_str(&increment);
            match self.add_increment(visit, context.clone(), index, unsaid.clone()).await {
                Ok(()) => {
                    index += 1;
                    unsaid.clear();
                }
                // It goes with the next increment.
                Err(error) => tracing::debug!(cause = error.cause(), "an increment could not be stored"),
            }
        }
        let rest = unsaid + &cutter.finish().unwrap_or_default();
        (index, Some(rest).filter(|rest| !rest.is_empty()))
    }

    async fn add_increment(
        &self,
        visit: VisitId,
        context: FrameContext,
        index: i64,
        text: String,
    ) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        let frames = [FrameKind::Increment(index, text)];
        self.db()
            .write(move |tx| Box::pin(async move { add_frames(tx, visit, &context, &frames, now).await }))
            .await
    }

    /// Returns the owner's instructions for an avatar: its scenario and its skills.
    async fn instructions(&self, avatar: &Avatar) -> Result<String, ApiError> {
        let mut text = avatar.scenario_prompt.clone();
        if avatar.body.skill_keys.is_empty() {
            return Ok(text);
        }
        for skill in self.skills(avatar.owner).await? {
            if avatar.body.skill_keys.contains(&skill.skill_key) {
                let (title, about, when) = (&skill.title, &skill.description, &skill.when_to_use);
                text.push_str(&format!("\n\n## {title}\n{about}\n{when}\n{}", skill.content));
            }
        }
        Ok(text.trim().to_owned())
    }
}

async fn next_turn(
    tx: &mut Tx<'_>,
    visit: VisitId,
    until: store::Timestamp,
) -> Result<Option<Turn>, ApiError> {
    // Locks the row.
    let held: Option<(i64,)> = tx.fetch_optional(queries::HOLD_NEXT, params![visit, until]).await?;
    let Some((number,)) = held else { return Ok(None) };
    let found: Visit = tx.fetch_one(queries::BY_ID, params![visit]).await?;
    let (answered,): (i64,) = tx.fetch_one(queries::ANSWERED_TO, params![visit]).await?;
    let waiting: Vec<VisitMessage> =
        tx.fetch_all(queries::UNANSWERED, params![visit, answered, TOGETHER]).await?;
    let avatar: Option<Avatar> = tx.fetch_optional(avatar::queries::BY_ID, params![found.avatar]).await?;
    let (Some(first), Some(last), Some(avatar), false) =
        (waiting.first(), waiting.last(), avatar, found.taken_over)
    else {
        tx.execute(queries::HOLD, params![visit, 0]).await?;
        return Ok(None);
    };
    let mut before: Vec<VisitMessage> =
        tx.fetch_all(queries::BEFORE, params![visit, first.number, HISTORY]).await?;
    before.reverse();
    let texts: Vec<&str> = waiting.iter().map(|message| message.content.as_str()).collect();
    Ok(Some(Turn {
        to: last.number,
        number,
        message: texts.join("\n\n"),
        history: before.into_iter().map(|message| (message.sender.role(), message.content)).collect(),
        visit: found,
        avatar,
    }))
}

/// Stores frames, and tells the sockets of all processes.
pub(super) async fn add_frames(
    tx: &mut Tx<'_>,
    visit: VisitId,
    context: &FrameContext,
    frames: &[FrameKind],
    now: store::Timestamp,
) -> Result<(), ApiError> {
    let count = i64::try_from(frames.len()).unwrap_or(i64::MAX);
    let counted: Option<(i64,)> = tx.fetch_optional(queries::NEXT_FRAMES, params![visit, count]).await?;
    let Some((last,)) = counted else { return Ok(()) };
    for (number, kind) in (last - count + 1..).zip(frames) {
        let body = context.format(kind, number, now);
        tx.execute(queries::ADD_FRAME, params![visit, number, &body, now]).await?;
    }
    tx.notify(FRAMES, &visit.to_string()).await?;
    Ok(())
}

/// Returns what a visitor reads if an answer fails.
fn apology(error: &ApiError, language: Language) -> String {
    let is_limit = matches!(error.code(), Code::ChatUsedUp | Code::RateLimited | Code::AvatarUsedUp);
    match (is_limit, language) {
        (true, _) => error.message(language),
        (false, Language::Zh) => "抱歉，我现在无法回复，请稍后再试。".to_owned(),
        (false, Language::En) => "Sorry, I cannot answer at the moment. Please try again later.".to_owned(),
    }
}

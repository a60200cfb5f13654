//! Other people's avatars for `ws-chat/send`: a message and its complete answer in one request.

use std::time::Duration;

use chat::{
    shared::{SharedAnswer, SharedAvatars},
    tools::Work,
};
use identity::Caller;
use store::params;
use tokio::time::{MissedTickBehavior, interval, timeout};
use web::{ApiError, Code};

use super::{
    Accepted, Entrance, Visitor,
    frame::message_id,
    model::{Visit, VisitMessage},
    queries, rules,
    sockets::Topic,
};
use crate::{AvatarId, Avatars};

/// The interval at which an answer is looked for, should its notification be lost.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The source of avatars by share codes.
pub(crate) struct Shared(pub(crate) Avatars);

impl SharedAvatars for Shared {
    fn answer(
        &self,
        caller: Caller,
        share_code: String,
        message: String,
    ) -> Work<'_, Result<SharedAnswer, ApiError>> {
        Box::pin(async move {
            let message = rules::check_message(Some(&message))?;
            let (account, _) = self.0.memory().profile(caller.account()).await?;
            let entrance = Entrance::ShareCode(share_code.trim().to_owned());
            let opened = self.0.open_visit(&entrance, &Visitor::Person(account.id), account.name).await?;
            let session = opened.visit.name.clone();
            let answer = self.0.say_and_wait(opened.visit, message).await?;
            let message = message_id(answer.id, answer.created_at);
            Ok(SharedAnswer { session, message, text: answer.content })
        })
    }
}

impl Avatars {
    /// Stores a message of a visitor, and waits for the complete answer.
    ///
    /// # Errors
    /// Those of [`say`](Self::say); [`Code::ChatStreamFailed`] if the answer breaks off;
    /// [`Code::Unavailable`] if there is none in time.
    pub async fn say_and_wait(&self, visit: Visit, message: String) -> Result<VisitMessage, ApiError> {
        let listener = self.sockets().listen(Topic::Visit(visit.id)).ok_or(Code::RateLimited)?;
        let accepted = self.say(visit, message).await?;
        let answer = timeout(self.chat().patience(), self.wait_for_answer(&accepted, listener)).await;
        answer.map_err(|_late| ApiError::new(Code::Unavailable).because("no answer in time"))?
    }

    /// Returns the conversation that a visitor has with an avatar now.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn current_visit(
        &self,
        avatar: AvatarId,
        visitor: &Visitor,
    ) -> Result<Option<Visit>, ApiError> {
        let visitor = visitor.key();
        let found: Option<Visit> =
            self.db().fetch_optional(queries::CURRENT, params![avatar, &visitor]).await?;
        Ok(found.filter(|visit| self.check_visit(visit).is_ok()))
    }

    async fn wait_for_answer(
        &self,
        to: &Accepted,
        mut listener: super::sockets::Listener,
    ) -> Result<VisitMessage, ApiError> {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            listener.news.mark_unchanged();
            // Read before the answer: both are stored together, possibly between the two reads.
            let answered: Option<(i64,)> =
                self.db().fetch_optional(queries::ANSWERED_TO, params![to.visit.id]).await?;
            let values = params![to.visit.id, to.number];
            if let Some(answer) =
                self.db().fetch_optional::<VisitMessage>(queries::NEXT_ANSWER, values).await?
            {
                if answer.is_failed {
                    return Err(ApiError::new(Code::ChatStreamFailed).because("an answer broke off"));
                }
                return Ok(answer);
            }
            // Answered, but with no text.
            if answered.is_none_or(|(answered,)| answered >= to.number) {
                return Err(ApiError::new(Code::ChatStreamFailed).because("an empty answer"));
            }
            tokio::select! {
                _ = listener.news.changed() => {}
                _ = looks.tick() => {}
            }
        }
    }
}

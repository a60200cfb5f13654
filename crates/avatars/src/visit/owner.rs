//! The owner's side of conversations: reading them, answering in person, blocking visitors.

use store::{AccountId, Timestamp, params};
use web::{ApiError, Code};

use super::{
    CLOSED, HEARD, close_all,
    frame::{FrameContext, FrameKind, message_id},
    model::{Sender, Visit, VisitMessage},
    queries,
    reply::add_frames,
    rules::{check_message, is_visit_name},
};
use crate::{
    AvatarId, Avatars, VisitId, VisitMessageId,
    avatar::{self, Avatar},
};

/// Most messages of a conversation that are read at once.
const MESSAGES: i64 = 500;
/// Most conversations of a visitor whose sockets are closed.
const MOST_CLOSED: i64 = 1000;

impl Avatars {
    /// Deletes an avatar with its keys and conversations.
    ///
    /// # Errors
    /// [`Code::AvatarDeleteNotFound`] if the person has no such avatar; [`Code::AvatarDeleteFailed`] if it is
    /// their primary one.
    pub async fn delete_avatar(&self, owner: AccountId, id: AvatarId) -> Result<(), ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found = tx.fetch_optional::<Avatar>(avatar::queries::OWN, params![id, owner]).await?;
                    let Some(avatar) = found else { return Err(Code::AvatarDeleteNotFound.into()) };
                    if avatar.is_primary {
                        return Err(Code::AvatarDeleteFailed.into());
                    }
                    close_all(tx, id).await?;
                    if tx.execute(avatar::queries::DELETE, params![id, owner]).await? == 1 {
                        tx.execute(avatar::queries::FREE_PLACE, params![owner, id]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Returns conversations with all avatars of a person, the latest first, before a place in the list.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn visits(
        &self,
        owner: AccountId,
        before: Option<(Timestamp, VisitId)>,
        limit: i64,
    ) -> Result<Vec<Visit>, ApiError> {
        let (at, id) = before.unwrap_or((Timestamp(i64::MAX), VisitId(i64::MAX)));
        Ok(self.db().fetch_all(queries::OF_OWNER, params![owner, at, id, limit]).await?)
    }

    /// Returns a conversation of a person's avatars by its name.
    ///
    /// # Errors
    /// [`Code::VisitorSessionNotFound`] if there is none.
    pub async fn own_visit(&self, owner: AccountId, name: &str) -> Result<Visit, ApiError> {
        if !is_visit_name(name) {
            return Err(Code::VisitorSessionNotFound.into());
        }
        let found = self.db().fetch_optional(queries::OWN, params![name, owner]).await?;
        found.ok_or_else(|| Code::VisitorSessionNotFound.into())
    }

    /// Returns the newest messages of a conversation, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn visit_messages(&self, visit: VisitId) -> Result<Vec<VisitMessage>, ApiError> {
        let values = params![visit, i64::MAX, MESSAGES];
        let mut messages: Vec<VisitMessage> = self.db().fetch_all(queries::BEFORE, values).await?;
        messages.reverse();
        Ok(messages)
    }

    /// Begins or ends answering in person. While the owner does, the assistant is silent.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn take_over(&self, visit: &Visit, begins: bool) -> Result<(), ApiError> {
        let (id, begins) = (visit.id, i64::from(begins));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let _number: Option<(i64,)> =
                        tx.fetch_optional(queries::TAKE_OVER, params![id, begins]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Sends a message of the owner in person to the visitor, and takes the conversation over.
    ///
    /// # Errors
    /// 422 for an empty or too long message; [`Code::VisitorSessionExpired`].
    pub async fn answer_in_person(&self, visit: &Visit, text: &str) -> Result<(), ApiError> {
        let text = check_message(Some(text))?;
        self.check_visit(visit)?;
        let (id, now) = (VisitMessageId(self.db().ids().next()), self.db().clock().now());
        let context = FrameContext {
            session: visit.name.clone(),
            mind: visit.avatar.to_string(),
            owner: visit.owner,
            message: message_id(id, now),
        };
        let (visit, owner) = (visit.id, visit.owner);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let taken: Option<(i64,)> =
                        tx.fetch_optional(queries::TAKE_OVER, params![visit, 1]).await?;
                    let (number,) = taken.ok_or(Code::VisitorSessionNotFound)?;
                    let values = params![id, visit, number, Sender::Owner.name(), &text, 0, now];
                    tx.execute(queries::ADD_MESSAGE, values).await?;
                    tx.notify(HEARD, &owner.to_string()).await?;
                    add_frames(tx, visit, &context, &[FrameKind::FromOwner(text)], now).await
                })
            })
            .await
    }

    /// Blocks a visitor from all avatars of a person, or lets them in again. Open sockets are closed.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn block_visitor(&self, visit: &Visit, blocks: bool) -> Result<(), ApiError> {
        let (owner, visitor, name) = (visit.owner, visit.visitor.clone(), visit.visitor_name.clone());
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if !blocks {
                        tx.execute(queries::UNBLOCK, params![owner, &visitor]).await?;
                        return Ok(());
                    }
                    tx.execute(queries::BLOCK, params![owner, &visitor, &name, now]).await?;
                    let open: Vec<(VisitId,)> =
                        tx.fetch_all(queries::OF_VISITOR, params![owner, &visitor, MOST_CLOSED]).await?;
                    for (visit,) in open {
                        tx.notify(CLOSED, &visit.to_string()).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Deletes a conversation.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_visit(&self, visit: &Visit) -> Result<(), ApiError> {
        let id = visit.id;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::DELETE, params![id]).await?;
                    tx.notify(CLOSED, &id.to_string()).await?;
                    Ok(())
                })
            })
            .await
    }
}

//! Distills facts that a person states in a conversation into key memories. Each run looks at new messages
//! only, and never changes existing memories.
use memory::MessageId;

#[cfg(test)]
mod fuzz_tests;
mod junk;
mod rules;
mod sift;

use memory::recall::{Reader, Source};
use store::params;
use web::ApiError;

use super::{Job, JobError, Kind, Line, Session, dream, queries};
use crate::{Chat, provider::Role};
use rules::KnownFact;

/// Maximum number of messages per run.
const MAX_LINES: i64 = 60;
/// Maximum tokens of known facts that the model compares with.
const KNOWN: usize = 1000;
/// Number of unusable outputs after which the messages are skipped.
const TRIES: i64 = 2;

impl Chat {
    /// Distills the messages since the last run.
    pub(super) async fn distill(&self, job: &Job, session: &Session) -> Result<(), JobError> {
        let lines = self.lines(session.key, session.distilled_to, MAX_LINES).await?;
        let is_full = i64::try_from(lines.len()).unwrap_or(i64::MAX) >= MAX_LINES;
        let batch = rules::batch(lines);
        let Some(to) = batch.to else {
            return self.distilled(job, session, MessageId(0), Vec::new(), false).await;
        };
        let more = is_full || batch.is_cut;
        let preferences = self.assistant_settings(session.account).await?;
        let has_own = batch.lines.iter().any(|line| line.role == Role::User);
        if !has_own || !self.settings().distill || !preferences.distills {
            return self.distilled(job, session, to, Vec::new(), more).await;
        }
        let said: Vec<&str> =
            batch.lines.iter().filter(|line| line.is_own).map(|line| line.content.as_str()).collect();
        let recall = self.memory().recall(session.account, Reader::OWNER, &said.join("\n"), KNOWN).await?;
        let facts = recall.items.into_iter().filter_map(|item| match item.source {
            Source::KeyMemory(id) => Some(KnownFact { id, text: item.text }),
            _ => None,
        });
        let known: Vec<KnownFact> = facts.collect();
        let text = match self.ask_for(session.account, Kind::Distill, &rules::ask(&batch.lines, &known)).await
        {
            Err(JobError::Model(crate::provider::Failure::Empty)) => String::new(),
            other => other?,
        };
        let learned = match rules::learned(&text, &batch.lines, &known) {
            Some(learned) => learned,
            None if job.attempts < TRIES => {
                return Err(JobError::Model(crate::provider::Failure::Garbled("no list of facts")));
            }
            None => Vec::new(),
        };
        let screen = self.memory().screen(session.account).await?;
        let sift::Sifted { mut kept, refused } = sift::sift(learned, &batch.lines, &screen);
        tracing::debug!(count = kept.len(), refused = refused.len(), "facts from a conversation");
        for learned in kept.iter_mut().filter(|learned| learned.same.is_none()) {
            learned.same = self.memory().same_key_memory(session.account, &learned.fact).await?;
        }
        self.memory().count_refused(session.account, refused).await?;
        self.distilled(job, session, to, kept, more).await
    }

    /// Stores the facts learned up to a message, in one transaction.
    async fn distilled(
        &self,
        job: &Job,
        session: &Session,
        to: MessageId,
        learned: Vec<memory::key::Learned>,
        more: bool,
    ) -> Result<(), JobError> {
        let (job, account, now) = (job.clone(), session.account, self.db().clock().now());
        let (key, from) = (session.key, session.distilled_to);
        let lessons = self.memory().prepare_lessons(learned);
        let waits = !lessons.is_empty() && self.memory().reviews_learned(account).await?;
        let night = if lessons.is_empty() { None } else { Some(self.next_night(account).await?) };
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // Another process was faster, or the conversation was deleted.
                    if to > MessageId(0) && tx.execute(queries::DISTILLED, params![key, from, to]).await? == 0
                    {
                        return Ok(());
                    }
                    if let Some(night) = night {
                        dream::plan(tx, account, night).await?;
                    }
                    if waits {
                        memory::review::wait(tx, account, &lessons, now).await?;
                    } else {
                        memory::key::learn(tx, account, &lessons, now).await?;
                    }
                    if more {
                        let values = params![job.session, &job.kind, job.lease, now, 0_i64];
                        tx.execute(queries::LATER, values).await?;
                        return Ok(());
                    }
                    Ok(job.done(tx).await?)
                })
            })
            .await
            .map_err(|error: ApiError| JobError::from(error))?;
        self.memory().learned(account);
        Ok(())
    }
}

/// The part of a conversation that is shown to the model.
struct Batch {
    lines: Vec<Line>,
    /// The last message looked at.
    to: Option<MessageId>,
    /// True if not all messages fitted.
    is_cut: bool,
}

//! Counts, conversations and exports of visitors, for owners.

pub(crate) mod csv;
pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Timestamp, Zone, owned_params, params};
use web::{ApiError, Code, Language};

use crate::{
    AvatarId, Avatars,
    avatar::model::plain_time,
    visit::{self, Visit, rules::is_hex},
};
pub use model::Export;
use model::{Bucket, Dashboard, DashboardSummary, Interaction, Range};

/// Most conversations in a list.
const INTERACTIONS: i64 = 100;
/// Days that an export covers, and most messages in it.
const EXPORT_DAYS: i64 = 30;
const EXPORT_MESSAGES: i64 = 20_000;
/// Time for which an export can be downloaded, in seconds.
const EXPORT_SECONDS: i64 = 1800;
/// Most exports of an avatar that can be downloaded at once.
const EXPORTS: i64 = 20;
/// Number of random bytes of the id of an export.
const EXPORT_BYTES: usize = 16;

/// A day, and its counts.
type DayRow = (i64, i64, i64, i64, i64);

impl Avatars {
    /// Returns the latest conversations with an avatar.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if the person has no such avatar.
    pub async fn interactions(&self, owner: AccountId, id: AvatarId) -> Result<Vec<Interaction>, ApiError> {
        let avatar = self.avatar(owner, id).await?;
        let visits: Vec<Visit> =
            self.db().fetch_all(visit::queries::OF_AVATAR, params![avatar.id, INTERACTIONS]).await?;
        let begins: Vec<(i64, String)> =
            self.db().fetch_all(queries::BEGINNINGS, params![avatar.id, INTERACTIONS]).await?;
        let beginning = |visit: &Visit| {
            let found = begins.iter().find(|(of, _)| *of == visit.id.0);
            found.map(|(_, text)| rules::beginning(text)).unwrap_or_default()
        };
        let entries = visits.into_iter().map(|visit| Interaction {
            id: visit.id.0,
            summary: beginning(&visit),
            visitor_name: visit.visitor_name,
            message_count: visit.messages,
            duration_seconds: (visit.active_at.0 - visit.created_at.0).max(0) / 1000,
            created_at: plain_time(visit.created_at),
        });
        Ok(entries.collect())
    }

    /// Returns the counts of an avatar's visitors and messages, by day.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if the person has no such avatar.
    pub async fn dashboard(
        &self,
        owner: AccountId,
        id: AvatarId,
        range: Range,
    ) -> Result<Dashboard, ApiError> {
        let avatar = self.avatar(owner, id).await?;
        let (from, to) = (range.from.day(), range.to.day());
        let days = self.db().fetch_all_heavy(queries::DAYS, owned_params![id, from, to]);
        let totals = self.db().fetch_all_heavy(queries::TOTALS, owned_params![id, from, to]);
        let (days, totals): (Vec<DayRow>, Vec<(i64, i64)>) = futures::try_join!(days, totals)?;
        let (visitors, writers) = totals.first().copied().unwrap_or_default();
        let trend: Vec<Bucket> = (from..=to)
            .map(|day| {
                let counted = days.iter().find(|(of, ..)| *of == day).copied();
                Bucket::new(day, counted.unwrap_or((day, 0, 0, 0, 0)))
            })
            .collect();
        let messages = days.iter().map(|(.., messages)| messages).sum();
        Ok(Dashboard {
            avatar_id: avatar.id.0,
            avatar_title: avatar.title,
            access_type: "FREE",
            interval: "day",
            data_updated_at: self.db().clock().now().0,
            summary: DashboardSummary::new(visitors, writers, messages),
            trend,
        })
    }

    /// Prepares an export of an avatar's conversations of the last 30 days.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if the person has no such avatar; [`Code::RateLimited`].
    pub async fn export_visits(
        &self,
        owner: AccountId,
        id: AvatarId,
        language: Language,
        zone: &Zone,
    ) -> Result<Export, ApiError> {
        let avatar = self.avatar(owner, id).await?;
        let (now, job) = (self.db().clock().now(), self.db().random().hex(EXPORT_BYTES));
        let since = now.plus_secs(-EXPORT_DAYS * 86_400);
        let counted = self
            .db()
            .fetch_all_heavy(queries::COUNT_MESSAGES, owned_params![avatar.id, since, EXPORT_MESSAGES + 1]);
        let counted: Vec<(i64,)> = counted.await?;
        let found = counted.first().map_or(0, |(count,)| *count);
        let (messages, is_truncated) = (found.min(EXPORT_MESSAGES), found > EXPORT_MESSAGES);
        let expires_at = now.plus_secs(EXPORT_SECONDS);
        let language = match language {
            Language::Zh => "zh",
            Language::En => "en",
        };
        let (zone, name) = (zone.name().to_owned(), job.clone());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let (open,): (i64,) = tx.fetch_one(queries::OPEN_EXPORTS, params![id, now]).await?;
                    if open >= EXPORTS {
                        return Err(ApiError::new(Code::RateLimited).retry_after(60));
                    }
                    let truncated = i64::from(is_truncated);
                    let values =
                        params![&name, owner, id, language, &zone, messages, truncated, now, expires_at];
                    tx.execute(queries::ADD_EXPORT, values).await?;
                    Ok(())
                })
            })
            .await?;
        self.export(owner, &job).await
    }

    /// Returns an export of the person.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if there is none that can be downloaded.
    pub async fn export(&self, owner: AccountId, job: &str) -> Result<Export, ApiError> {
        if !is_hex(job, 2 * EXPORT_BYTES) {
            return Err(Code::AvatarNotFound.into());
        }
        let found: Option<Export> = self.db().fetch_optional(queries::EXPORT, params![job]).await?;
        let now = self.db().clock().now();
        found
            .filter(|export| export.owner == owner && export.expires_at > now)
            .ok_or_else(|| Code::AvatarNotFound.into())
    }

    /// Returns the URL of an export's file, which needs no credential.
    pub(crate) async fn export_url(&self, export: &Export) -> Result<String, ApiError> {
        let token = self.seal_token(rules::EXPORT_PURPOSE, &export.job).await?;
        let base = &self.settings().public_url;
        let job = &export.job;
        Ok(format!("{base}/api/secondme/avatar/conversations/export/{job}/download?token={token}"))
    }

    /// Returns the file of an export: its name and its content.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if there is none, or for another token.
    pub(crate) async fn export_file(&self, job: &str, token: &str) -> Result<(String, String), ApiError> {
        if self.open_token(rules::EXPORT_PURPOSE, token).as_deref() != Some(job) {
            return Err(Code::AvatarNotFound.into());
        }
        let found: Option<Export> = self.db().fetch_optional(queries::EXPORT, params![job]).await?;
        let now = self.db().clock().now();
        let export = found.filter(|export| export.expires_at > now).ok_or(Code::AvatarNotFound)?;
        let since = export.created_at.plus_secs(-EXPORT_DAYS * 86_400);
        let rows = self.db().fetch_all_heavy(
            queries::MESSAGES,
            owned_params![export.avatar, since, export.created_at, EXPORT_MESSAGES],
        );
        let rows: Vec<(String, String, String, String, Timestamp)> = rows.await?;
        let zone = Zone::named(&export.zone).unwrap_or_default();
        Ok((rules::file_name(&export), csv::conversations(&rows, &export.language, &zone)))
    }
}

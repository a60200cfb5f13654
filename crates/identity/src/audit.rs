//! The audit log: every action that matters for security, who did it, when, to what, and from where.
//! `docs/security.md` lists the actions. An entry is stored in the transaction of its action, and nothing
//! changes it afterwards.

mod action;
mod queries;

use std::fmt::Display;

use store::{AccountId, Timestamp, Tx, from_row, params};
use web::{ApiError, names};

pub use action::{AuditAction, Kind};

use crate::{AuditId, Identity};

/// Longest stored subject in characters.
const MAX_SUBJECT: usize = 200;
/// Most entries of a page.
pub const PAGE: i64 = 50;

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The id. Later entries have higher ones.
    pub id: AuditId,
    /// The time.
    pub at: Timestamp,
    /// The name of the action.
    pub action: String,
    /// True if it was refused.
    pub is_refused: bool,
    /// The account that did it; `None` if nobody was signed in.
    pub account: Option<AccountId>,
    /// The e-mail address of that account at that time.
    pub email: String,
    /// The name or id of what it was done to.
    pub subject: String,
    /// The client's address; empty for the command line and the server itself.
    pub address: String,
}

from_row!(Entry { id, at, action, is_refused, account, email, subject, address });

/// An entry that is about to be stored.
#[derive(Debug, Clone)]
#[must_use = "an action is only logged once it is recorded"]
pub struct Pending {
    id: AuditId,
    at: Timestamp,
    action: AuditAction,
    account: Option<AccountId>,
    subject: String,
    address: String,
}

impl Pending {
    /// Names the account that acts, if the request does not tell, as at a sign-in.
    pub fn by(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Replaces the subject by one that is known only inside the transaction.
    pub fn about(self, subject: impl Display) -> Self {
        Self { subject: cut(&subject.to_string()), ..self }
    }

    /// Stores the entry inside the transaction of the action, and logs it without its subject, which may be
    /// private.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn record(&self, tx: &Tx<'_>) -> Result<(), ApiError> {
        let Self { id, at, action, account, subject, address } = self;
        let (name, kind, is_refused) = (action.name(), action.kind().name(), action.is_refused());
        let by = account.map_or(0, |account| account.0);
        tracing::info!(action = name, account.id = by, client.address = %address, "audit");
        let values = params![*id, *at, name, kind, is_refused, *account, subject, address];
        Ok(tx.send(queries::INSERT, values).await?)
    }
}

fn cut(subject: &str) -> String {
    names::cleaned(subject).chars().take(MAX_SUBJECT).collect()
}

/// The entries that a page shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only actions of this kind.
    pub kind: Option<Kind>,
    /// Only what was refused.
    pub only_refused: bool,
    /// Only actions of this account.
    pub account: Option<AccountId>,
    /// Only entries with this text in the action, the e-mail address, the subject or the client's address.
    pub text: String,
    /// Only entries before this one.
    pub before: Option<AuditId>,
}

impl Identity {
    /// Begins an entry. The account and the address are those of the request that is being handled.
    pub fn audit(&self, action: AuditAction, subject: impl Display) -> Pending {
        Pending {
            id: AuditId(self.db().ids().next()),
            at: self.db().clock().now(),
            action,
            account: store::person(),
            subject: cut(&subject.to_string()),
            address: web::current_client().map(|address| address.to_string()).unwrap_or_default(),
        }
    }

    /// Stores an entry of an action that has no transaction, such as a failed sign-in.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn record(&self, entry: Pending) -> Result<(), ApiError> {
        self.db().write(move |tx| Box::pin(async move { entry.record(tx).await })).await
    }

    /// Returns up to [`PAGE`] entries, latest first, and where the next page begins.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit_log(&self, filter: &Filter) -> Result<(Vec<Entry>, Option<AuditId>), ApiError> {
        let before = filter.before.unwrap_or(AuditId(i64::MAX));
        let (kind, account, only_refused) =
            (filter.kind.map_or("", Kind::name), filter.account, filter.only_refused);
        let text = filter.text.trim().to_lowercase();
        let read = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let values = params![before, account, kind, only_refused, &text, PAGE + 1];
                Ok::<Vec<Entry>, ApiError>(tx.fetch_all(queries::LIST, values).await?)
            })
        });
        let mut list = read.await?;
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let has_more = list.len() > page;
        list.truncate(page);
        let next = list.last().filter(|_| has_more).map(|last| last.id);
        Ok((list, next))
    }
}

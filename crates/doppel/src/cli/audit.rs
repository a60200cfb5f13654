//! `doppel audit`

use identity::audit::{Entry, Filter};
use serde_json::json;

use super::{
    account_of,
    out::{Failure, say, say_json},
};
use crate::config::Config;

/// Prints entries of the audit log, latest first.
pub(super) async fn run(
    config: &Config,
    mut filter: Filter,
    account: Option<&str>,
    limit: usize,
    is_json: bool,
) -> Result<(), Failure> {
    let (db, identity) = super::identity(config).await?;
    if let Some(account) = account {
        filter.account = Some(account_of(&identity, account).await?.id);
    }
    let mut left = limit;
    while left > 0 {
        let (entries, next) = identity.audit_log(&filter).await?;
        for entry in entries.iter().take(left) {
            if is_json { say_json(&as_json(entry))? } else { say(&line(entry))? }
        }
        left = left.saturating_sub(entries.len());
        filter.before = next;
        if next.is_none() {
            break;
        }
    }
    db.close().await?;
    Ok(())
}

fn as_json(entry: &Entry) -> serde_json::Value {
    json!({
        "id": entry.id,
        "at": entry.at,
        "action": entry.action,
        "refused": entry.is_refused,
        "account": entry.account,
        "email": entry.email,
        "subject": entry.subject,
        "address": entry.address,
    })
}

fn line(entry: &Entry) -> String {
    let Entry { at, action, email, subject, address, .. } = entry;
    let by = if email.is_empty() { "-" } else { email };
    let from = if address.is_empty() { "-" } else { address };
    format!("{}  {action}  by {by}  from {from}  {subject}", at.iso8601())
}

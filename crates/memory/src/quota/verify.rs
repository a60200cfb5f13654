//! Checks of the counters of quotas.

use store::{AccountId, Tx, params};
use web::ApiError;

use super::{Change, Kind, queries};
use crate::Memory;

/// Compares a counter with the values computed in the same transaction. With `mend`, corrects it. Returns a
/// sentence about the fault, if there is one.
///
/// # Errors
/// If the store fails.
pub async fn verify(
    tx: &mut Tx<'_>,
    account: AccountId,
    kind: Kind,
    right: Change,
    mend: bool,
) -> store::Result<Option<String>> {
    // Locks the row, so that nobody changes it between reading and correcting it.
    super::adjust(tx, account, kind, Change::default()).await?;
    let (entries, bytes): (i64, i64) = tx.fetch_one(queries::USED, params![account, kind.number()]).await?;
    if (Change { entries, bytes }) == right {
        return Ok(None);
    }
    if mend {
        let values = params![account, kind.number(), right.entries, right.bytes];
        tx.execute(queries::SET, values).await?;
    }
    Ok(Some(format!("{}: the count of entries or bytes is wrong", kind.name())))
}

impl Memory {
    /// Checks the counters of the entries of this crate. Returns a sentence for each fault.
    pub(crate) async fn examine_room(&self, account: AccountId, mend: bool) -> Result<Vec<String>, ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let mut faults = Vec::new();
                    for (kind, sql) in [
                        (Kind::Memory, queries::MEMORIES),
                        (Kind::Note, queries::NOTES),
                        (Kind::AgentEvent, queries::EVENTS),
                    ] {
                        // The counter's row first: transactions that add entries meanwhile wait for it before
                        // their commit.
                        super::adjust(tx, account, kind, Change::default()).await?;
                        let (entries, own, more): (i64, i64, i64) =
                            tx.fetch_one(sql, params![account]).await?;
                        let right = Change { entries, bytes: own.saturating_add(more) };
                        faults.extend(verify(tx, account, kind, right, mend).await?);
                    }
                    Ok(faults)
                })
            })
            .await
    }
}

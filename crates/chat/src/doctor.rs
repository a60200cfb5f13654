//! Checks the stored counters of conversations.

use memory::quota::{self, Change, Kind};
use store::{AccountId, params};
use web::ApiError;

use crate::{Chat, session::queries};

impl Chat {
    /// Checks the counters of a person's messages; with `mend`, corrects them. Returns a sentence for each
    /// fault.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn examine(&self, account: AccountId, mend: bool) -> Result<Vec<String>, ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // Locks the counters' row: concurrent messages wait for it with their commit.
                    quota::adjust(tx, account, Kind::Message, Change::default()).await?;
                    let (entries, bytes): (i64, i64) =
                        tx.fetch_one(queries::ROOM_OF_ACCOUNT, params![account]).await?;
                    let right = Change { entries, bytes };
                    let fault = quota::verify(tx, account, Kind::Message, right, mend).await?;
                    Ok::<_, ApiError>(fault.into_iter().collect())
                })
            })
            .await
    }
}

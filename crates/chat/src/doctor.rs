//! Checks the stored counters of conversations.

use memory::quota::{self, Change, Kind};
use store::params;
use web::ApiError;

use crate::{Chat, session::queries};

impl Chat {
    /// Checks the counter of a person's messages; with `mend`, corrects it. Answers what is wrong, in a sentence each.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn examine(&self, account: i64, mend: bool) -> Result<Vec<String>, ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // The counter's row first: messages that come meanwhile wait for it with their commit.
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

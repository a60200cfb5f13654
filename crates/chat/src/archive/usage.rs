//! Archive section of token usage by day.

use archive::{ImportLine, ImportSummary, Part, Section, line, read};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, from_row, owned_params, params};
use web::ApiError;

use super::{queries, wrong};
use crate::Chat;

/// Maximum number of days in a part.
const PART: i64 = 100;
/// The last day of the year 9999.
const LAST_DAY: i64 = 2_932_896;

pub(super) struct Usage(pub(super) Chat);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// Days since 1970-01-01 UTC.
    day: i64,
    client: String,
    answers: i64,
    tokens_in: i64,
    tokens_out: i64,
}

from_row!(Entry { day, client, answers, tokens_in, tokens_out });

impl Section for Usage {
    fn name(&self) -> &'static str {
        "chat-usage"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let days: Vec<Entry> = self.0.db().fetch_all_heavy(queries::USAGE, page).await?;
            let next = days.last().map(|entry| entry.day + 1);
            let lines = days.iter().map(line).collect::<Result<_, _>>()?;
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read(&given, &mut taken, |entry: Entry| {
                let is_count = |number: i64| (0..1_i64 << 53).contains(&number);
                if !(0..=LAST_DAY).contains(&entry.day)
                    || ![entry.answers, entry.tokens_in, entry.tokens_out].into_iter().all(is_count)
                {
                    return Err(wrong("day", "Input should be a day and numbers of at least 0"));
                }
                if entry.client.len() > 400 || entry.client.contains('\0') {
                    return Err(wrong("client", "Input should be a text of at most 400 bytes"));
                }
                Ok(entry)
            });
            let count = u64::try_from(ready.len()).unwrap_or(0);
            let added = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut added = 0;
                    for Entry { day, client, answers, tokens_in, tokens_out } in &ready {
                        let values = params![account, *day, client, *answers, *tokens_in, *tokens_out];
                        added += tx.execute(queries::ADD_USAGE, values).await?;
                    }
                    Ok::<_, ApiError>(added)
                })
            });
            taken.added = added.await?;
            taken.known = count - taken.added;
            Ok(taken)
        })
    }
}

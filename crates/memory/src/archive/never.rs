//! The archive section of the rules of what is never kept.

use archive::{ImportLine, ImportSummary, Part, Section, read_lines};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, params};
use web::ApiError;

use crate::{
    Memory, RuleId,
    keep::{self, MAX_RULES, queries},
};

pub(super) struct NeverRules(pub(super) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    phrase: String,
    create_time: Option<i64>,
}

impl Section for NeverRules {
    fn name(&self) -> &'static str {
        "never-kept"
    }

    fn export(&self, account: AccountId, _after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let mut lines = Vec::new();
            for rule in self.0.never_rules(account).await?.into_iter().rev() {
                let create_time = Some(rule.created_at.as_millis());
                lines.push(super::line(&Entry { phrase: rule.phrase, create_time })?);
            }
            Ok(Part { lines, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let now = self.0.now();
            let ready: Vec<(u64, (RuleId, String, Timestamp))> =
                read_lines(&given, &mut taken, |entry: Entry| {
                    let id = RuleId(self.0.db().ids().next());
                    Ok((id, keep::check(&entry.phrase)?, super::time(entry.create_time, now)))
                });
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, (id, phrase, time)) in &ready {
                        let (count,): (i64,) = tx.fetch_one(queries::COUNT_RULES, params![account]).await?;
                        if count >= MAX_RULES {
                            lines.push((*line, None));
                            continue;
                        }
                        let added =
                            tx.execute(queries::ADD_RULE, params![*id, account, phrase, *time]).await?;
                        lines.push((*line, Some(added > 0)));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, "there are too many rules");
            Ok(taken)
        })
    }
}

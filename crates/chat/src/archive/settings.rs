//! Archive section of a person's settings of their assistant: one entry, or none if there are no settings.

use archive::{ImportLine, ImportSummary, Part, Section, line, read};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, owned_params, params};
use web::ApiError;

use super::queries;
use crate::{
    Chat,
    person::{AssistantSettings, Today},
};

pub(super) struct SettingsSection(pub(super) Chat);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// Maximum number of tokens per day; 0: only the server's limit applies.
    #[serde(default)]
    daily_tokens: i64,
    /// True if facts are distilled from the person's conversations.
    distills: bool,
    /// Actions of the Hub, each as `api__action`.
    #[serde(default)]
    tools: Vec<String>,
}

impl Section for SettingsSection {
    fn name(&self) -> &'static str {
        "chat-settings"
    }

    fn export(&self, account: AccountId, _: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let rows: Vec<Today> =
                self.0.db().fetch_all_heavy(queries::WISHES, owned_params![account]).await?;
            let entry = |Today {
                             preferences: AssistantSettings { daily_tokens, distills, tools }, ..
                         }| { line(&Entry { daily_tokens, distills, tools }) };
            Ok(Part { lines: rows.into_iter().map(entry).collect::<Result<_, _>>()?, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read(&given, &mut taken, |Entry { daily_tokens, distills, tools }| {
                let preferences = AssistantSettings { daily_tokens, distills, tools };
                preferences.check()?;
                Ok(preferences)
            });
            for preferences in ready {
                let tools = preferences.tools();
                let values =
                    params![account, preferences.daily_tokens, i64::from(preferences.distills), &tools];
                match self.0.db().execute(queries::ADD_WISHES, values).await? {
                    0 => taken.known += 1,
                    _ => taken.added += 1,
                }
            }
            Ok(taken)
        })
    }
}

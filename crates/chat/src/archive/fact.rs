//! Archive section of facts learned from conversations: the message in which a key memory was stated, and
//! the memories that it repeats or contradicts.

use archive::{ImportLine, ImportSummary, Part, Section, line, read_lines};
use memory::{
    LinkId, MemoryId,
    key::{LINK_KINDS, SavedLink},
};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture};
use web::ApiError;

use super::{queries, time, wrong};
use crate::{
    Chat,
    session::model::{message_id, parse_message_id},
};

/// Maximum number of entries in a part.
const PART: i64 = 500;

pub(super) struct Facts(pub(super) Chat);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// The id of the key memory.
    memory_id: MemoryId,
    /// `said`, `again`, `against`, or `supersedes`.
    kind: String,
    /// The older memory, for `against` and `supersedes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_id: Option<MemoryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    create_time: Option<i64>,
    /// True if the person has to decide which of the two holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    open: bool,
}

impl Section for Facts {
    fn name(&self) -> &'static str {
        "chat-facts"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let links = self.0.memory().saved_links(account, LinkId(after), PART).await?;
            let next = links.last().map(|link| link.id.0);
            let entry = |link: SavedLink| {
                line(&Entry {
                    memory_id: link.memory,
                    kind: link.kind,
                    other_id: link.other,
                    message_id: link.message.map(message_id),
                    create_time: Some(link.time.as_millis()),
                    open: link.is_open,
                })
            };
            Ok(Part {
                lines: links.into_iter().map(entry).collect::<Result<_, _>>()?,
                next,
                ..Part::default()
            })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read_lines(&given, &mut taken, |entry: Entry| {
                if !LINK_KINDS.contains(&entry.kind.as_str()) {
                    return Err(wrong("kind", "Input should be 'said', 'again', 'against' or 'supersedes'"));
                }
                let names_other = matches!(entry.kind.as_str(), "against" | "supersedes");
                if entry.other_id.is_some() != names_other {
                    let message = "Input should be a memory for 'against' and 'supersedes', else nothing";
                    return Err(wrong("otherId", message));
                }
                Ok(SavedLink {
                    id: LinkId(self.0.db().ids().next()),
                    memory: entry.memory_id,
                    kind: entry.kind,
                    other: entry.other_id,
                    message: entry.message_id.as_deref().and_then(parse_message_id),
                    time: time("createTime", entry.create_time)?,
                    is_open: entry.open,
                })
            });
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, mut link) in ready {
                        // A message that does not exist here, or is another account's, is left out of the
                        // link.
                        if let Some(message) = link.message {
                            let owner: Option<(AccountId,)> =
                                tx.fetch_optional(queries::OWNER, store::params![message]).await?;
                            link.message = owner.filter(|(owner,)| *owner == account).map(|_| message);
                        }
                        lines.push((line, memory::key::restore_link(tx, account, &link).await?));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, "memoryId, otherId: there is no such memory");
            Ok(taken)
        })
    }
}

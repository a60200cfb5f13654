//! Proposals of a nightly look over the facts. All of it waits for the person, and is proposed once.

use archive::runs::digest;
use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code};

use crate::{
    LinkId, Memory, MemoryId, ReviewId,
    key::{self, Evidence, Fact, KeyMemory},
    review::{self, DREAM, Proposal, model::NewEntry},
};

mod queries;

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dreamt {
    /// One fact in place of several that say the same, whose texts are the last member.
    Merged(Fact, Vec<MemoryId>, String),
    /// A fact that an older one contradicts. The person decides.
    Conflict {
        /// The newer one.
        newer: MemoryId,
        /// The older one.
        older: MemoryId,
    },
    /// A short self-description.
    About(String),
}

impl Memory {
    /// Returns facts that hold, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn standing_facts(&self, account: AccountId, limit: i64) -> Result<Vec<KeyMemory>, ApiError> {
        Ok(self.db().fetch_all(queries::STANDING, params![account, limit]).await?)
    }

    /// Puts proposals into the inbox, those that were not made before. Returns their number.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn propose_dreamt(&self, account: AccountId, all: Vec<Dreamt>) -> Result<i64, ApiError> {
        let (ids, now) = (self.db().ids().clone(), self.now());
        let all: Vec<(i64, Dreamt)> = all.into_iter().map(|one| (ids.next(), one)).collect();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let mut made = 0;
                    for (id, one) in &all {
                        made += i64::from(propose(tx, account, one, (*id, now)).await?);
                    }
                    Ok::<_, ApiError>(made)
                })
            })
            .await
    }
}

/// Puts a proposal into the inbox. Returns false if it was made before, or if there is nothing to it any
/// more.
async fn propose(
    tx: &mut Tx<'_>,
    account: AccountId,
    one: &Dreamt,
    (id, now): (i64, Timestamp),
) -> Result<bool, ApiError> {
    for old in one.facts() {
        let standing: Option<(Option<MemoryId>,)> =
            tx.fetch_optional(key::queries::SUPERSEDED_BY, params![old, account]).await?;
        if standing.is_none_or(|(by,)| by.is_some()) {
            return Ok(false);
        }
    }
    if tx.execute(queries::DREAMT, params![account, &one.hash()]).await? == 0 {
        return Ok(false);
    }
    let new = match one {
        Dreamt::Conflict { newer, older } => {
            let known: Option<(i64,)> = tx.fetch_optional(queries::LINKED, params![*newer, *older]).await?;
            if known.is_some() {
                return Ok(false);
            }
            key::open_conflict(tx, account, LinkId(id), (*newer, *older), now).await?;
            return Ok(true);
        }
        Dreamt::Merged(fact, of, quote) => {
            let against = of.iter().map(|id| (*id, true)).collect();
            let evidence = Evidence { against, quote: quote.clone(), ..Evidence::default() };
            let proposal = Proposal::Memory(fact.clone());
            let mut new = NewEntry::new(proposal, DREAM.to_owned(), String::new());
            new.evidence = evidence;
            new
        }
        Dreamt::About(text) => NewEntry::new(Proposal::About(text.clone()), DREAM.to_owned(), String::new()),
    };
    match review::restore(tx, account, &new, (ReviewId(id), now)).await {
        Ok(is_new) => Ok(is_new == Some(true)),
        Err(error) if error.code() == Code::QuotaExceeded => Ok(false),
        Err(error) => Err(error),
    }
}

impl Dreamt {
    /// Returns the facts that it is about.
    fn facts(&self) -> Vec<MemoryId> {
        match self {
            Self::Merged(_, of, _) => of.clone(),
            Self::Conflict { newer, older } => vec![*newer, *older],
            Self::About(_) => Vec::new(),
        }
    }

    fn hash(&self) -> String {
        let ids = |of: &[MemoryId]| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        digest(match self {
            // The same facts in other words are the same proposal.
            Self::Merged(_, of, _) => {
                let mut of = of.clone();
                of.sort_unstable();
                format!("merged {}", ids(&of))
            }
            Self::Conflict { newer, older } => format!("conflict {}", ids(&[*newer, *older])),
            Self::About(text) => format!("about {text}"),
        })
    }
}

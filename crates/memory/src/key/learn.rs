//! Facts learned from conversations. They are added, and linked with what was known before; rules decide
//! whether they take the place of what they contradict.

use search::{Index, Query};
use store::{AccountId, Timestamp, Tx, from_row, owned_params, params};
use web::{ApiError, paging::Page};

use super::{
    KIND, KeyMemory, Prepared, Validity,
    change::{self, Contradicted, Outcome},
    model::Fact,
    queries, same,
    supersede::{self, Decision},
};
use crate::{LinkId, Memory, MemoryId, MessageId, browse::Origin, meaning, quota, ranked};

/// Number of known facts that are compared with a new one.
const CANDIDATES: i64 = 20;
/// Maximum number of links shown of a memory, the newest ones.
const MAX_LINKS: i64 = 50;

/// A fact that a person stated in a conversation.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The fact.
    pub fact: Fact,
    /// The message that states it; 0 if it is gone.
    pub message: MessageId,
    /// The person's words in it.
    pub quote: String,
    /// The known memory that states the same. Then only a link is added.
    pub same: Option<MemoryId>,
    /// The known memories that contradict it.
    pub against: Vec<MemoryId>,
}

/// A learned fact ready to be written, with the slow work done.
pub struct Lesson {
    prepared: Prepared,
    quota: quota::Settings,
    message: Option<MessageId>,
    quote: String,
    same: Option<MemoryId>,
    /// The contradicted memories, each after the id for its link.
    against: Vec<(LinkId, MemoryId)>,
    link: LinkId,
    /// The id of a link with the memory that took the place of the same one.
    renewed: LinkId,
}

impl Lesson {
    /// Returns the fact.
    pub(crate) const fn fact(&self) -> &Fact {
        &self.prepared.fact
    }

    /// Returns the message that states it, the person's words in it, and the memories that it contradicts.
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence {
            message: self.message,
            quote: self.quote.clone(),
            against: self.against.iter().map(|(_, id)| (*id, false)).collect(),
        }
    }

    /// Returns the id that it gets if it is new, and its hash.
    pub(crate) const fn identity(&self) -> (MemoryId, &[u8; 32]) {
        (self.prepared.id, &self.prepared.hash)
    }
}

/// The evidence for a proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The message that states it, if it still exists.
    pub message: Option<MessageId>,
    /// The person's words in it.
    pub quote: String,
    /// The memories that it contradicts, each with true if it is to take their place.
    pub against: Vec<(MemoryId, bool)>,
}

/// The kind of a link between a memory and a conversation or another memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// It was stated in a conversation.
    Said,
    /// It was stated again.
    Again,
    /// It contradicts an older memory.
    Against,
    /// A newer memory contradicts it.
    Newer,
    /// It took the place of an older memory.
    Supersedes,
    /// A newer memory took its place.
    Superseded,
}

/// A link of a memory.
#[derive(Debug, Clone)]
pub struct Link {
    /// The kind of the link.
    pub kind: LinkKind,
    /// The message that states it, if it still exists.
    pub message: Option<MessageId>,
    /// The other memory's id; 0 for a conversation.
    pub other: MemoryId,
    /// The content of the other memory.
    pub text: String,
    /// The time at which the link was found.
    pub time: Timestamp,
}

/// The names of the kinds of links in the store.
pub const LINK_KINDS: [&str; 4] = ["said", "again", "against", "supersedes"];

/// A link as it is stored, for archives.
#[derive(Debug, Clone)]
pub struct SavedLink {
    /// The id of the link.
    pub id: LinkId,
    /// The id of the memory.
    pub memory: MemoryId,
    /// One of [`LINK_KINDS`].
    pub kind: String,
    /// The older memory that it contradicts, or whose place it took.
    pub other: Option<MemoryId>,
    /// The message that states it, if the message still exists.
    pub message: Option<MessageId>,
    /// The time at which the link was found.
    pub time: Timestamp,
    /// True if the person has to decide which of the two holds.
    pub is_open: bool,
}

from_row!(SavedLink { id, memory, kind, other, message, time, is_open });

struct Row {
    _id: LinkId,
    kind: String,
    other: MemoryId,
    text: String,
    time: Timestamp,
    message: Option<MessageId>,
}

from_row!(Row { _id, kind, other, text, time, message });

impl Memory {
    /// Does the slow work for facts before they are written.
    pub fn prepare_lessons(&self, learned: Vec<Learned>) -> Vec<Lesson> {
        let link = || LinkId(self.db().ids().next());
        let prepare = |Learned { fact, message, quote, same, against }| Lesson {
            prepared: Prepared {
                id: MemoryId(self.db().ids().next()),
                ..Prepared::new(fact, Validity::default())
            },
            quota: *self.quota(),
            message: Some(message).filter(|message| message.0 > 0),
            quote,
            same,
            against: against.into_iter().map(|other| (link(), other)).collect(),
            link: link(),
            renewed: link(),
        };
        learned.into_iter().map(prepare).collect()
    }

    /// Returns a known fact that says the same as a new one, in other words perhaps, if there is one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn same_key_memory(
        &self,
        account: AccountId,
        fact: &Fact,
    ) -> Result<Option<MemoryId>, ApiError> {
        let query = Query::question(&fact.content, false, self.now());
        let similar = self.similar(Index::new(account, KIND), &query).await;
        let found = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let hits = meaning::find(tx, Index::new(account, KIND), &query, similar).await?.hits;
                let ids = ranked::page(&hits, Page { limit: CANDIDATES, offset: 0 });
                super::of_ids(tx, account, &ids, false).await
            })
        });
        let found = found.await.map_err(|error: store::Error| ApiError::from(error))?;
        let known =
            found.into_iter().filter(|row| row.fact_actor == fact.actor && row.superseded_by.is_none());
        Ok(known.into_iter().find(|row| same::is_said_by(&fact.content, &row.fact_content)).map(|row| row.id))
    }

    /// Requests embeddings of learned facts, once they are written.
    pub fn learned(&self, account: AccountId) {
        self.changed(Index::new(account, KIND));
    }

    /// Returns the latest memories that were learned from conversations, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn latest_learned(&self, account: AccountId, limit: i64) -> Result<Vec<KeyMemory>, ApiError> {
        Ok(self.db().fetch_all(queries::LATEST_LEARNED, params![account, limit]).await?)
    }

    /// Returns a person's links with ids greater than one, in the order of ids.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn saved_links(
        &self,
        account: AccountId,
        after: LinkId,
        limit: i64,
    ) -> Result<Vec<SavedLink>, ApiError> {
        Ok(self.db().fetch_all_heavy(queries::LINKS_AFTER, owned_params![account, after, limit]).await?)
    }

    /// Returns the links of a memory with conversations and other memories, the newest first.
    ///
    /// # Errors
    /// [`web::Code::MemoryNotFound`] if the id is unknown or another person's.
    pub async fn key_memory_links(&self, account: AccountId, id: MemoryId) -> Result<Vec<Link>, ApiError> {
        self.key_memory(account, id).await?;
        let rows: Vec<Row> = self.db().fetch_all(queries::LINKS, params![id, MAX_LINKS]).await?;
        let kind = |name: &str| match name {
            "said" => LinkKind::Said,
            "again" => LinkKind::Again,
            "against" => LinkKind::Against,
            "supersedes" => LinkKind::Supersedes,
            "superseded" => LinkKind::Superseded,
            _ => LinkKind::Newer,
        };
        let link = |row: Row| Link {
            kind: kind(&row.kind),
            message: row.message,
            other: row.other,
            text: row.text,
            time: row.time,
        };
        Ok(rows.into_iter().map(link).collect())
    }
}

/// Writes a link of an archive. Returns false if it exists already, and `None` if the person does not have
/// its memories.
///
/// # Errors
/// If the store fails.
pub async fn restore_link(
    tx: &mut Tx<'_>,
    account: AccountId,
    link: &SavedLink,
) -> Result<Option<bool>, store::Error> {
    let SavedLink { id, memory, kind, other, message, time, is_open } = link;
    for needed in std::iter::once(memory).chain(other) {
        if own(tx, account, *needed).await?.is_none() {
            return Ok(None);
        }
    }
    let same = params![*memory, kind, *other, *message];
    if tx.fetch_optional::<(i64,)>(queries::SAME_LINK, same).await?.is_some() {
        return Ok(Some(false));
    }
    if let (true, Some(older)) = (kind == "supersedes", *other) {
        let decision =
            Decision { link: *id, newer: *memory, older, message: *message, since: None, now: *time };
        return Ok(Some(supersede::supersede(tx, account, decision).await?));
    }
    tx.execute(queries::ADD_LINK, params![*id, *memory, kind, *other, *message, *time]).await?;
    if *is_open && kind == "against" {
        tx.execute(queries::OPEN_LINK, params![*id, account]).await?;
    }
    Ok(Some(true))
}

/// Returns true if the person has a memory that a learned fact repeats.
pub(crate) async fn is_known(tx: &mut Tx<'_>, account: AccountId, lesson: &Lesson) -> store::Result<bool> {
    Ok(known(tx, account, lesson).await?.is_some())
}

/// Returns the memory that a learned fact repeats.
async fn known(tx: &mut Tx<'_>, account: AccountId, lesson: &Lesson) -> store::Result<Option<MemoryId>> {
    if let Some(same) = lesson.same
        && let Some(same) = own(tx, account, same).await?
    {
        return Ok(Some(same));
    }
    let row: Option<(MemoryId,)> =
        tx.fetch_optional(queries::SAME, params![account, &lesson.prepared.hash]).await?;
    Ok(row.map(|(id,)| id))
}

/// Adds learned facts, in the caller's transaction. A fact that is known already is linked and stays as it
/// is. A fact that the account has no room for is left out.
///
/// # Errors
/// If the store fails.
pub async fn learn(
    tx: &mut Tx<'_>,
    account: AccountId,
    lessons: &[Lesson],
    now: Timestamp,
) -> Result<(), store::Error> {
    if lessons.is_empty() {
        return Ok(());
    }
    Index::new(account, KIND).lock(tx).await?;
    for lesson in lessons {
        let new = &lesson.prepared;
        if let Some(known) = known(tx, account, lesson).await? {
            let values = params![lesson.link, known, "again", None::<i64>, lesson.message, now];
            tx.execute(queries::ADD_LINK, values).await?;
            // It is said again although another one took its place.
            let found: Option<(Option<MemoryId>,)> =
                tx.fetch_optional(queries::SUPERSEDED_BY, params![known, account]).await?;
            if let Some((Some(by),)) = found {
                lesson.contradict(tx, account, known, (lesson.renewed, by), now).await?;
            }
            continue;
        }
        if !lesson.quota.fits(tx, account, quota::Kind::Memory, new.room()).await? {
            continue;
        }
        super::insert(tx, account, new, (Origin::Conversation.name(), ""), now).await?;
        let values = params![lesson.link, new.id, "said", None::<i64>, lesson.message, now];
        tx.execute(queries::ADD_LINK, values).await?;
        for other in &lesson.against {
            lesson.contradict(tx, account, new.id, *other, now).await?;
        }
    }
    Ok(())
}

/// A fact that a learned one contradicts.
struct OldFact {
    content: String,
    object: String,
    source: String,
    by: Option<MemoryId>,
}

from_row!(OldFact { content, object, source, by });

impl Lesson {
    /// Decides about a fact that this one contradicts, if the person still has it and it still holds. What
    /// cannot be decided is left to the person.
    async fn contradict(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        newer: MemoryId,
        (link, older): (LinkId, MemoryId),
        now: Timestamp,
    ) -> store::Result<()> {
        let found: Option<OldFact> =
            tx.fetch_optional(queries::CONTRADICTED, params![older, account]).await?;
        let Some(old) = found.filter(|old| old.by.is_none() && older != newer) else { return Ok(()) };
        let known = Contradicted {
            content: &old.content,
            category: &old.object,
            is_own: Origin::of(&old.source) == Origin::Person,
        };
        let message = self.message;
        match change::decide(&self.prepared.fact, &self.quote, &known) {
            Outcome::Compatible => {}
            Outcome::Supersedes => {
                // Someone who says it again means from now on.
                let since = (newer != self.prepared.id).then_some(now);
                let decision = Decision { link, newer, older, message, since, now };
                supersede::supersede(tx, account, decision).await?;
            }
            Outcome::Undecided => {
                let values = params![link, newer, "against", Some(older), message, now];
                tx.execute(queries::ADD_LINK, values).await?;
                tx.execute(queries::OPEN_LINK, params![link, account]).await?;
            }
        }
        Ok(())
    }
}

/// Lets the person decide between two facts.
pub(crate) async fn open_conflict(
    tx: &mut Tx<'_>,
    account: AccountId,
    link: LinkId,
    (newer, older): (MemoryId, MemoryId),
    now: Timestamp,
) -> store::Result<()> {
    let values = params![link, newer, "against", Some(older), None::<i64>, now];
    tx.execute(queries::ADD_LINK, values).await?;
    tx.execute(queries::OPEN_LINK, params![link, account]).await?;
    Ok(())
}

/// Returns the id if it is of a memory that the person still has.
async fn own(tx: &mut Tx<'_>, account: AccountId, id: MemoryId) -> Result<Option<MemoryId>, store::Error> {
    let found: Option<(MemoryId,)> = tx.fetch_optional(queries::OWN, params![id, account]).await?;
    Ok(found.map(|(id,)| id))
}

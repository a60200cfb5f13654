//! What a person said in conversations: facts that are added, never changed, and linked with what was known before.

use store::{
    Timestamp, Tx, from_row, owned_params, params,
    search::{Document, Index},
};
use web::ApiError;

use super::{KIND, Prepared, model::Fact, queries, rules};
use crate::{Memory, quota};

/// Links of a memory that are shown, the newest.
const MAX_LINKS: i64 = 50;

/// A fact that a person said in a conversation.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The fact.
    pub fact: Fact,
    /// The message that says it.
    pub message: i64,
    /// The known memory that says the same: nothing is added but a link.
    pub same: Option<i64>,
    /// Known memories that say something else.
    pub against: Vec<i64>,
}

/// A fact on its way into the store, with what takes time done.
pub struct Lesson {
    prepared: Prepared,
    quota: quota::Settings,
    message: i64,
    same: Option<i64>,
    /// Each with an id for the link.
    against: Vec<(i64, i64)>,
    link: i64,
}

/// How a memory is linked with a conversation or another memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// It was said in a conversation.
    Said,
    /// It was said again.
    Again,
    /// An older memory says something else.
    Against,
    /// A newer memory says something else.
    Newer,
}

/// A link of a memory.
#[derive(Debug, Clone)]
pub struct Link {
    /// What links them.
    pub kind: LinkKind,
    /// The other memory's id; 0 for a conversation.
    pub other: i64,
    /// What the other memory says.
    pub text: String,
    /// When it was found.
    pub time: Timestamp,
}

/// What a link may be called where it is kept.
pub const LINK_KINDS: [&str; 3] = ["said", "again", "against"];

/// A link as it is kept, for archives.
#[derive(Debug, Clone)]
pub struct SavedLink {
    /// Its id.
    pub id: i64,
    /// The memory.
    pub memory: i64,
    /// One of [`LINK_KINDS`].
    pub kind: String,
    /// The older memory that it stands against.
    pub other: Option<i64>,
    /// The message that says it, if it is still there.
    pub message: Option<i64>,
    /// When it was found.
    pub time: Timestamp,
}

from_row!(SavedLink { id, memory, kind, other, message, time });

struct Row {
    _id: i64,
    kind: String,
    other: i64,
    text: String,
    time: Timestamp,
}

from_row!(Row { _id, kind, other, text, time });

impl Memory {
    /// Does what takes time before facts are written.
    pub fn prepare_lessons(&self, learned: Vec<Learned>) -> Vec<Lesson> {
        let id = || self.db().ids().next();
        let prepare = |Learned { fact, message, same, against }| Lesson {
            prepared: Prepared {
                id: id(),
                hash: rules::hash(&fact),
                document: Document::new(&rules::indexed(&fact.actor, &fact.object, &fact.content)),
                fact,
            },
            quota: *self.quota(),
            message,
            same,
            against: against.into_iter().map(|other| (id(), other)).collect(),
            link: id(),
        };
        learned.into_iter().map(prepare).collect()
    }

    /// Has vectors made of what a person said, once it is written.
    pub fn learned(&self, account: i64) {
        self.changed(Index::new(account, KIND));
    }

    /// A person's links after an id, in the order of ids.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn saved_links(
        &self,
        account: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<SavedLink>, ApiError> {
        Ok(self.db().fetch_all_heavy(queries::LINKS_AFTER, owned_params![account, after, limit]).await?)
    }

    /// What links a memory with conversations and other memories, the newest first.
    ///
    /// # Errors
    /// [`web::Code::MemoryNotFound`] for an id that is unknown or another's.
    pub async fn key_memory_links(&self, account: i64, id: i64) -> Result<Vec<Link>, ApiError> {
        self.key_memory(account, id).await?;
        let rows: Vec<Row> = self.db().fetch_all(queries::LINKS, params![id, MAX_LINKS]).await?;
        let kind = |name: &str| match name {
            "said" => LinkKind::Said,
            "again" => LinkKind::Again,
            "against" => LinkKind::Against,
            _ => LinkKind::Newer,
        };
        let link =
            |row: Row| Link { kind: kind(&row.kind), other: row.other, text: row.text, time: row.time };
        Ok(rows.into_iter().map(link).collect())
    }
}

/// Writes a link of an archive; answers false where it is there already, and nothing where the person has not its
/// memories.
///
/// # Errors
/// When the store fails.
pub async fn restore_link(
    tx: &mut Tx<'_>,
    account: i64,
    link: &SavedLink,
) -> Result<Option<bool>, store::Error> {
    let SavedLink { id, memory, kind, other, message, time } = link;
    for needed in std::iter::once(memory).chain(other) {
        if own(tx, account, *needed).await?.is_none() {
            return Ok(None);
        }
    }
    let same = params![*memory, kind, *other, *message];
    if tx.fetch_optional::<(i64,)>(queries::SAME_LINK, same).await?.is_some() {
        return Ok(Some(false));
    }
    tx.execute(queries::ADD_LINK, params![*id, *memory, kind, *other, *message, *time]).await?;
    Ok(Some(true))
}

/// Adds what a person said, in the transaction of whoever found it. What is known already is linked and stays as it is;
/// what the account has no room for is left out.
///
/// # Errors
/// When the store fails.
pub async fn learn(
    tx: &mut Tx<'_>,
    account: i64,
    lessons: &[Lesson],
    now: Timestamp,
) -> Result<(), store::Error> {
    if lessons.is_empty() {
        return Ok(());
    }
    Index::new(account, KIND).lock(tx).await?;
    for lesson in lessons {
        let new = &lesson.prepared;
        let same = match lesson.same {
            Some(id) => own(tx, account, id).await?,
            None => None,
        };
        let known = match same {
            Some(id) => Some(id),
            None => {
                let row: Option<(i64,)> =
                    tx.fetch_optional(queries::SAME, params![account, &new.hash]).await?;
                row.map(|(id,)| id)
            }
        };
        if let Some(known) = known {
            let values = params![lesson.link, known, "again", None::<i64>, lesson.message, now];
            tx.execute(queries::ADD_LINK, values).await?;
            continue;
        }
        if !lesson.quota.fits(tx, account, quota::Kind::Memory, new.room()).await? {
            continue;
        }
        super::insert(tx, account, new, now).await?;
        let values = params![lesson.link, new.id, "said", None::<i64>, lesson.message, now];
        tx.execute(queries::ADD_LINK, values).await?;
        for (link, other) in &lesson.against {
            let Some(other) = own(tx, account, *other).await? else { continue };
            let values = params![*link, new.id, "against", Some(other), lesson.message, now];
            tx.execute(queries::ADD_LINK, values).await?;
        }
    }
    Ok(())
}

/// The id, if it is of a memory that the person still has.
async fn own(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<i64>, store::Error> {
    let found: Option<(i64,)> = tx.fetch_optional(queries::OWN, params![id, account]).await?;
    Ok(found.map(|(id,)| id))
}

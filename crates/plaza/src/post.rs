//! Posts: writing, reading, editing and deleting them (contract C-15, C-16).

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{Database, Param, Timestamp, Tx, params, search};
use web::{ApiError, Code};

pub use model::{Author, Extras, Kind, NewPost, People, Post};

use crate::{
    Plaza, circle,
    moderation::{self, Deed},
    rate::{self, Action},
    topic,
};

/// The counters of a circle are cut into so many, so that those who post at once do not wait for each other.
const SHARDS: i64 = 8;
/// Random bytes of what a post is called; the longer ones for when the short one is taken.
const NAME_BYTES: [usize; 3] = [4, 8, 16];

/// A post ready to be written: what takes time is done before the transaction.
pub(crate) struct Prepared {
    pub(crate) post: NewPost,
    pub(crate) extras: String,
    pub(crate) terms: Vec<String>,
}

impl Prepared {
    pub(crate) fn new(post: NewPost) -> Result<Self, ApiError> {
        let extras = serde_json::to_string(&post.extras).map_err(ApiError::internal)?;
        let terms = search::terms(&rules::indexed(&post.content, &post.extras));
        Ok(Self { post, extras, terms })
    }
}

/// Votes and comments a post begins with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) likes: i64,
    pub(crate) comments: i64,
    pub(crate) human_comments: i64,
}

/// Writes a post, its postings and its counts; answers what it is called.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    db: &Database,
    (id, author, now): (i64, i64, Timestamp),
    tally: Tally,
    prepared: &Prepared,
) -> Result<String, ApiError> {
    let Prepared { post, extras, terms } = prepared;
    let hot = rules::hot(now, tally.likes, tally.comments);
    let mut name = String::new();
    for bytes in NAME_BYTES {
        name = format!("post_{}", db.random().hex(bytes));
        let values = params![
            id,
            &name,
            author,
            &post.content,
            post.kind.number(),
            &post.circle,
            &post.topic,
            extras,
            tally.likes,
            tally.comments,
            tally.human_comments,
            hot,
            now
        ];
        if tx.execute(queries::INSERT, values).await? == 1 {
            break;
        }
    }
    add_postings(tx, id, terms).await?;
    if !post.topic.is_empty() {
        topic::add(tx, post, now).await?;
    }
    count(tx, id, post.kind, &post.circle, 1).await?;
    Ok(name)
}

async fn add_postings(tx: &mut Tx<'_>, id: i64, terms: &[String]) -> Result<(), ApiError> {
    let mut rest = terms;
    for (statement, size) in queries::ADD_POSTINGS.iter().zip(queries::POSTINGS) {
        while let Some((some, after)) = rest.split_at_checked(size) {
            let mut values = vec![Param::from(id)];
            values.extend(some.iter().map(Param::from));
            tx.execute(statement, &values).await?;
            rest = after;
        }
    }
    Ok(())
}

async fn remove_postings(tx: &mut Tx<'_>, id: i64, terms: &[String]) -> Result<(), ApiError> {
    for some in terms.chunks(queries::REMOVED) {
        let mut values = vec![Param::from(id)];
        values.extend(some.iter().map(Param::from));
        values.resize(1 + queries::REMOVED, Param::Text(""));
        tx.execute(queries::REMOVE_POSTINGS.as_str(), &values).await?;
    }
    Ok(())
}

async fn count(tx: &mut Tx<'_>, id: i64, kind: Kind, circle: &str, posts: i64) -> Result<(), ApiError> {
    let shard = id % SHARDS;
    tx.execute(queries::COUNT, params!["", kind.number(), shard, posts]).await?;
    if !circle.is_empty() {
        tx.execute(queries::COUNT, params![circle, kind.number(), shard, posts]).await?;
    }
    Ok(())
}

/// Adds votes and comments to a post, or takes them away, and moves it to its place in the featured feed.
pub(crate) async fn tally(tx: &mut Tx<'_>, post: i64, change: Tally) -> Result<i64, ApiError> {
    let values = params![post, change.likes, change.comments, change.human_comments];
    let (made, likes, comments): (Timestamp, i64, i64) = tx.fetch_one(queries::TALLY, values).await?;
    tx.execute(queries::SET_HOT, params![post, rules::hot(made, likes, comments)]).await?;
    Ok(likes)
}

impl Plaza {
    /// Writes a post and answers what it is called. The post is checked by [`rules`] before.
    ///
    /// # Errors
    /// [`Code::RateLimited`]; [`Code::NotFound`] for a circle that does not exist, [`Code::CircleNotMember`].
    pub async fn post(&self, author: i64, new: NewPost) -> Result<String, ApiError> {
        let prepared = Prepared::new(new)?;
        let (db, now, most) = (self.db().clone(), self.db().clock().now(), self.settings().posts_per_hour);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    rate::count(tx, author, Action::Post, most, now).await?;
                    if !prepared.post.circle.is_empty() {
                        circle::check_member(tx, author, &prepared.post.circle).await?;
                    }
                    insert(tx, &db, (db.ids().next(), author, now), Tally::default(), &prepared).await
                })
            })
            .await
    }

    /// A post, and whether the reader likes it.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub async fn find_post(&self, reader: i64, name: &str) -> Result<Post, ApiError> {
        let name = rules::check_name(name)?;
        let found = self.db().fetch_optional(queries::FIND, params![reader, name]).await?;
        found.ok_or_else(|| Code::NotFound.into())
    }

    /// Posts by their numbers, in the order of these. What was deleted meanwhile is left out.
    pub(crate) async fn posts(&self, reader: i64, ids: &[i64]) -> Result<Vec<Post>, ApiError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = vec![Param::from(reader)];
        values.extend(ids.iter().take(queries::IDS).map(|id| Param::from(*id)));
        // No post has the number 0.
        values.resize(1 + queries::IDS, Param::Int(0));
        let mut posts: Vec<Post> = self.db().fetch_all(queries::BY_IDS.as_str(), &values).await?;
        posts.sort_by_key(|post| ids.iter().position(|id| *id == post.id));
        Ok(posts)
    }

    /// The people who wrote these.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn authors(&self, ids: impl IntoIterator<Item = i64>) -> Result<People, ApiError> {
        self.0.memory.people(ids).await
    }

    /// Puts another text in place of a post's; it then says that it was edited.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a post that does not exist or is another's.
    pub async fn edit_post(&self, author: i64, name: &str, content: String) -> Result<(), ApiError> {
        let (name, now) = (rules::check_name(name)?.to_owned(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found = tx.fetch_optional(queries::BEGIN_EDIT, params![&name, author, now]).await?;
                    let (id, old, extras): (i64, String, String) = found.ok_or(Code::NotFound)?;
                    let extras = model::extras(&extras)?;
                    remove_postings(tx, id, &search::terms(&rules::indexed(&old, &extras))).await?;
                    tx.execute(queries::EDIT, params![id, &content]).await?;
                    add_postings(tx, id, &search::terms(&rules::indexed(&content, &extras))).await
                })
            })
            .await
    }

    /// Deletes a post: for its author, or for an administrator, whose deed is noted with its reason.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a post that does not exist or is another's.
    pub async fn delete_post(&self, by: i64, admin: Option<&str>, name: &str) -> Result<(), ApiError> {
        let (db, now) = (self.db().clone(), self.db().clock().now());
        let (name, reason) = (rules::check_name(name)?.to_owned(), admin.map(str::to_owned));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let values = params![&name, by, reason.is_some()];
                    let found = tx.fetch_optional(queries::DELETE, values).await?;
                    let (id, author, content, kind, circle, topic, extras): Deleted =
                        found.ok_or(Code::NotFound)?;
                    let extras = model::extras(&extras)?;
                    remove_postings(tx, id, &search::terms(&rules::indexed(&content, &extras))).await?;
                    tx.execute(queries::BLANK, params![id]).await?;
                    moderation::close(tx, id).await?;
                    if !topic.is_empty() {
                        topic::remove(tx, &topic).await?;
                    }
                    if author != by {
                        let reason = reason.as_deref().unwrap_or_default();
                        let deed = Deed { action: "post.delete", target: &name, account: author, reason };
                        moderation::note(tx, &db, by, deed, now).await?;
                    }
                    count(tx, id, Kind::of(kind)?, &circle, -1).await
                })
            })
            .await
    }
}

type Deleted = (i64, i64, String, i64, String, String, String);

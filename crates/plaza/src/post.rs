//! Posts: writing, reading, editing and deleting them.

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Database, Param, Timestamp, Tx, params};
use web::{ApiError, Code};

pub use model::{Author, Extras, Kind, NewPost, People, Post};

use crate::{
    Plaza, PostId, circle,
    moderation::log::{self, ModerationAction},
    rate::{self, Action},
    topic,
};

/// Shards of each counter of posts, so that concurrent posts seldom wait for the same row.
const SHARDS: i64 = 8;
/// Random bytes in a post's name. The longer names are tried if the shorter ones are taken.
const NAME_BYTES: [usize; 3] = [4, 8, 16];

/// A post ready to be inserted. Serialization and tokenization are done before the transaction.
#[derive(Clone)]
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

/// Numbers of likes and comments: those of a new post, or changes to them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) likes: i64,
    pub(crate) comments: i64,
    pub(crate) human_comments: i64,
}

/// Inserts a post with its search terms, updates the counters, and returns the post's name.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    db: &Database,
    (id, author, now): (PostId, AccountId, Timestamp),
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

async fn add_postings(tx: &mut Tx<'_>, id: PostId, terms: &[String]) -> Result<(), ApiError> {
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

async fn remove_postings(tx: &mut Tx<'_>, id: PostId, terms: &[String]) -> Result<(), ApiError> {
    let statement = &queries::REMOVE_POSTINGS;
    for some in terms.chunks(statement.most()) {
        tx.execute(statement.sql(), &statement.params(params![id], some)).await?;
    }
    Ok(())
}

async fn count(tx: &mut Tx<'_>, id: PostId, kind: Kind, circle: &str, posts: i64) -> Result<(), ApiError> {
    let shard = id.0 % SHARDS;
    tx.execute(queries::COUNT, params!["", kind.number(), shard, posts]).await?;
    if !circle.is_empty() {
        tx.execute(queries::COUNT, params![circle, kind.number(), shard, posts]).await?;
    }
    Ok(())
}

/// Adds a change to a post's numbers of likes and comments, updates its position in the featured feed, and
/// returns the number of likes.
pub(crate) async fn tally(tx: &mut Tx<'_>, post: PostId, change: Tally) -> Result<i64, ApiError> {
    let values = params![post, change.likes, change.comments, change.human_comments];
    let (made, likes, comments): (Timestamp, i64, i64) = tx.fetch_one(queries::TALLY, values).await?;
    tx.execute(queries::SET_HOT, params![post, rules::hot(made, likes, comments)]).await?;
    Ok(likes)
}

impl Plaza {
    /// Creates a post and returns its name. The caller has checked it with [`rules::check`].
    ///
    /// # Errors
    /// [`Code::RateLimited`]; [`Code::NotFound`] if the circle does not exist; [`Code::CircleNotMember`] if
    /// the author is no member of it.
    pub async fn post(&self, author: AccountId, new: NewPost) -> Result<String, ApiError> {
        let prepared = Prepared::new(new)?;
        let (db, now, most) = (self.db().clone(), self.db().clock().now(), self.settings().posts_per_hour);
        self.db()
            .write_new(move |tx| {
                Box::pin(async move {
                    rate::count(tx, author, Action::Post, most, now).await?;
                    if !prepared.post.circle.is_empty() {
                        circle::check_member(tx, author, &prepared.post.circle).await?;
                    }
                    insert(tx, &db, (PostId(db.ids().next()), author, now), Tally::default(), &prepared).await
                })
            })
            .await
    }

    /// Returns a post as the reader sees it.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such post.
    pub async fn find_post(&self, reader: AccountId, name: &str) -> Result<Post, ApiError> {
        let name = rules::check_name(name)?;
        let found = self.db().fetch_optional(queries::FIND, params![reader, name]).await?;
        found.ok_or_else(|| Code::NotFound.into())
    }

    /// Returns posts by id, in the order of `ids`. Deleted ones are left out.
    pub(crate) async fn posts(&self, reader: AccountId, ids: &[PostId]) -> Result<Vec<Post>, ApiError> {
        let mut posts: Vec<Post> = self.db().fetch_in(&queries::BY_IDS, params![reader], ids).await?;
        posts.sort_by_key(|post| ids.iter().position(|id| *id == post.id));
        Ok(posts)
    }

    /// Returns the people with the given account ids.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn authors(&self, ids: impl IntoIterator<Item = AccountId>) -> Result<People, ApiError> {
        self.0.memory.people(ids).await
    }

    /// Replaces the text of a post, and marks it as edited.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the post does not exist or belongs to somebody else.
    pub async fn edit_post(&self, author: AccountId, name: &str, content: String) -> Result<(), ApiError> {
        let (name, now) = (rules::check_name(name)?.to_owned(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found = tx.fetch_optional(queries::BEGIN_EDIT, params![&name, author, now]).await?;
                    let (id, old, extras): (PostId, String, String) = found.ok_or(Code::NotFound)?;
                    let extras = model::extras(&extras)?;
                    remove_postings(tx, id, &search::terms(&rules::indexed(&old, &extras))).await?;
                    tx.execute(queries::EDIT, params![id, &content]).await?;
                    add_postings(tx, id, &search::terms(&rules::indexed(&content, &extras))).await
                })
            })
            .await
    }

    /// Deletes a post.
    ///
    /// Its author may, and an administrator, who gives a reason (`admin`). A deletion by somebody other than
    /// the author is logged with the reason.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the post does not exist, or belongs to somebody else and there is no reason.
    pub async fn delete_post(&self, by: AccountId, admin: Option<&str>, name: &str) -> Result<(), ApiError> {
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
                    log::close(tx, id.into()).await?;
                    if !topic.is_empty() {
                        topic::remove(tx, &topic).await?;
                    }
                    if author != by {
                        let reason = reason.as_deref().unwrap_or_default();
                        let entry = ModerationAction {
                            action: "post.delete",
                            target: &name,
                            account: author,
                            reason,
                        };
                        log::note(tx, &db, by, entry, now).await?;
                    }
                    count(tx, id, Kind::of(kind)?, &circle, -1).await
                })
            })
            .await
    }
}

type Deleted = (PostId, AccountId, String, i64, String, String, String);

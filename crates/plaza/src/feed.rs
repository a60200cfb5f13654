//! The feed: all posts of the Plaza, by time or by likes and comments.

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, OwnedParam, owned_params, params};
use web::{
    ApiError,
    paging::cursor::{Cursor, Position},
};

pub use model::{Counts, Feed, FeedFilter, Kinds, Sort};

use crate::{Plaza, PostId, cursor, post::Kind};
use rules::Found;

/// Most posts looked at for one keyword, the newest first. It bounds the cost of a search.
const REACH: i64 = 1_000;

type Keys = Vec<(i64, PostId)>;

impl Plaza {
    /// Returns a page of the feed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feed(
        &self,
        reader: AccountId,
        filter: &FeedFilter,
        cursor: Cursor,
    ) -> Result<Feed, ApiError> {
        let newest = self.newest(cursor).await?;
        let (keys, counts) = if filter.keyword.is_empty() {
            (self.keys(filter, cursor, newest).await?, self.counts(&filter.circle).await?)
        } else {
            rules::page(self.holding(&filter.keyword).await?, filter, cursor, newest)
        };
        self.page_of(reader, keys, cursor, newest, (counts.of(filter.kinds), counts)).await
    }

    /// Returns a page of the posts of one person, newest first. The feed has no counts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn posts_of(
        &self,
        reader: AccountId,
        author: AccountId,
        cursor: Cursor,
    ) -> Result<Feed, ApiError> {
        let newest = self.newest(cursor).await?;
        let before = cursor.start().1.min(newest.saturating_add(1));
        let values = params![before, cursor.limit + 1, cursor.offset, author];
        let keys = self.db().fetch_all(queries::TIME_AUTHOR, values).await?;
        self.page_of(reader, keys, cursor, newest, (0, Counts::default())).await
    }

    /// Returns the id of the newest post that belongs to a cursor.
    pub(crate) async fn newest(&self, cursor: Cursor) -> Result<i64, ApiError> {
        if let Some(newest) = cursor.newest {
            return Ok(newest);
        }
        let found: Option<(i64,)> = self.db().fetch_optional(queries::NEWEST, params![]).await?;
        Ok(found.map_or(0, |(id,)| id))
    }

    /// Returns a page of posts from their keys. `keys` holds one key more than the page if there is another
    /// page.
    pub(crate) async fn page_of(
        &self,
        reader: AccountId,
        mut keys: Keys,
        cursor: Cursor,
        newest: i64,
        (total, counts): (i64, Counts),
    ) -> Result<Feed, ApiError> {
        let (has_more, snapshot) =
            cursor::end(&cursor, &mut keys, newest, |(order, id)| Position(*order, id.0));
        let ids: Vec<PostId> = keys.iter().map(|(_, id)| *id).collect();
        let mut posts = self.posts(reader, &ids).await?;
        let blocked = self.blocked(reader).await?;
        posts.retain(|post| !blocked.contains(&post.author));
        let people = self.authors(posts.iter().map(|post| post.author)).await?;
        Ok(Feed { posts, total, counts, has_more, snapshot, people })
    }

    async fn keys(&self, filter: &FeedFilter, cursor: Cursor, newest: i64) -> Result<Keys, ApiError> {
        let kind = match filter.kinds {
            Kinds::All => None,
            Kinds::One(kind) => Some(kind.number()),
            Kinds::Nothing => return Ok(Vec::new()),
        };
        let circle = (!filter.circle.is_empty()).then_some(filter.circle.as_str());
        let Position(hot, id) = cursor.start();
        let (rows, skip) = (cursor.limit + 1, cursor.offset);
        let db = self.db();
        let keys = match filter.sort {
            Sort::Timeline => {
                let before = id.min(newest.saturating_add(1));
                match (circle, kind) {
                    (None, None) => db.fetch_all(queries::TIME, params![before, rows, skip]).await,
                    (None, Some(kind)) => {
                        db.fetch_all(queries::TIME_KIND, params![before, rows, skip, kind]).await
                    }
                    (Some(circle), None) => {
                        db.fetch_all(queries::TIME_CIRCLE, params![before, rows, skip, circle]).await
                    }
                    (Some(circle), Some(kind)) => {
                        let values = params![before, rows, skip, circle, kind];
                        db.fetch_all(queries::TIME_CIRCLE_KIND, values).await
                    }
                }
            }
            Sort::Featured => match (circle, kind) {
                (None, None) => db.fetch_all(queries::HOT, params![hot, id, newest, rows, skip]).await,
                (None, Some(kind)) => {
                    db.fetch_all(queries::HOT_KIND, params![hot, id, newest, rows, skip, kind]).await
                }
                (Some(circle), None) => {
                    db.fetch_all(queries::HOT_CIRCLE, params![hot, id, newest, rows, skip, circle]).await
                }
                (Some(circle), Some(kind)) => {
                    let values = params![hot, id, newest, rows, skip, circle, kind];
                    db.fetch_all(queries::HOT_CIRCLE_KIND, values).await
                }
            },
        };
        Ok(keys?)
    }

    async fn counts(&self, circle: &str) -> Result<Counts, ApiError> {
        let rows: Vec<(i64, i64)> = self.db().fetch_all(queries::COUNTS, params![circle]).await?;
        let mut counts = Counts::default();
        for (kind, posts) in rows {
            counts.add(Kind::of(kind)?, posts);
        }
        Ok(counts)
    }

    /// Returns the newest posts that contain every word of a keyword, in no order.
    async fn holding(&self, keyword: &str) -> Result<Vec<Found>, ApiError> {
        let mut terms = search::query_terms(keyword);
        terms.truncate(queries::MAX_TERMS);
        let mut rated = Vec::new();
        for term in terms {
            let values = params![&term, REACH];
            let (posts,): (i64,) = self.db().fetch_one(queries::RARITY, values).await?;
            if posts == 0 {
                return Ok(Vec::new());
            }
            rated.push((posts, term));
        }
        // The posts of the rarest term are read; the others filter them, the rarer first.
        rated.sort();
        let mut terms = rated.into_iter().map(|(_, term)| OwnedParam::Text(term));
        let Some(rarest) = terms.next() else { return Ok(Vec::new()) };
        let mut values = owned_params![&rarest, REACH];
        values.extend(terms);
        values.resize(1 + queries::MAX_TERMS, OwnedParam::Text(String::new()));
        let rows: Vec<(i64, PostId, i64, String)> =
            self.db().fetch_all_heavy(queries::HOLDING.as_str(), values).await?;
        let found = rows
            .into_iter()
            .map(|(hot, id, kind, circle)| Ok(Found { hot, id, kind: Kind::of(kind)?, circle }))
            .collect::<store::Result<Vec<Found>>>();
        Ok(found?)
    }
}

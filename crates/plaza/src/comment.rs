//! Comments: writing, reading, editing and deleting them.

pub mod model;
mod names;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use std::collections::HashSet;

use store::{AccountId, Database, Timestamp, Tx, params};
use web::{
    ApiError, Code,
    paging::cursor::{Cursor, Position},
};

pub use model::{Comment, Comments, NewComment};

use crate::{
    CommentId, Plaza, PostId, certificate, cursor,
    moderation::log::{self, ModerationAction},
    post::{self, Tally},
    rate::{self, Action},
};

/// Inserts a comment. The caller has checked it and set its id, post and parent.
pub(crate) async fn insert(tx: &mut Tx<'_>, comment: &Comment) -> Result<(), ApiError> {
    let Comment { reply_to_name, source, sticker_url, content, .. } = comment;
    let values = params![
        comment.id,
        comment.post,
        comment.author,
        content,
        comment.reply_to,
        reply_to_name,
        comment.root,
        source,
        sticker_url,
        comment.likes,
        comment.created_at
    ];
    tx.execute(queries::INSERT, values).await?;
    Ok(())
}

impl Plaza {
    /// Creates a comment and returns its id. The caller has checked it with [`rules::check`].
    ///
    /// # Errors
    /// [`Code::NotFound`] if the post or the parent comment does not exist; [`Code::PlazaBlocked`] if the
    /// author of either has blocked this one; [`Code::PlazaDoubleOff`] if the assistant may not comment;
    /// [`Code::RateLimited`].
    pub async fn comment(&self, author: AccountId, new: NewComment) -> Result<CommentId, ApiError> {
        let values = params![&new.post];
        let found = self.db().fetch_optional(post::queries::ID, values).await?;
        let (post, post_author): (PostId, AccountId) = found.ok_or(Code::NotFound)?;
        self.check_welcome(author, post_author).await?;
        let mut comment = Comment {
            id: CommentId(0),
            post,
            author,
            content: new.content,
            reply_to: new.reply_to,
            reply_to_name: new.reply_to_name,
            root: None,
            source: new.source,
            sticker_url: new.sticker_url,
            likes: 0,
            created_at: self.db().clock().now(),
            edited_at: None,
            is_live: true,
            liked: false,
        };
        if let Some(parent) = comment.reply_to {
            let found = self.db().fetch_optional(queries::PARENT, params![parent, post]).await?;
            let (root, answered): (Option<CommentId>, AccountId) = found.ok_or(Code::NotFound)?;
            self.check_welcome(author, answered).await?;
            comment.root = Some(root.unwrap_or(parent));
            if comment.reply_to_name.is_none() {
                let people = self.authors([answered]).await?;
                comment.reply_to_name = Some(post::Author::of(answered, &people).name);
            }
        }
        self.write_comment(comment).await
    }

    async fn write_comment(&self, mut comment: Comment) -> Result<CommentId, ApiError> {
        let (db, settings, now) = (self.db().clone(), self.settings().clone(), comment.created_at);
        self.db()
            .write_new(move |tx| {
                Box::pin(async move {
                    let author = comment.author;
                    rate::count(tx, author, Action::Comment, settings.comments_per_hour, now).await?;
                    if !comment.is_human() {
                        let may: Option<(bool,)> =
                            tx.fetch_optional(certificate::queries::MAY_DOUBLE, params![author]).await?;
                        if may != Some((true,)) {
                            return Err(Code::PlazaDoubleOff.into());
                        }
                        let most = settings.double_comments_per_day;
                        rate::count(tx, author, Action::DoubleComment, most, now).await?;
                    }
                    let human_comments = i64::from(comment.is_human());
                    // Locks the post's row. Its comments are thus committed in the order of their ids, and a
                    // reader who continues after the last id misses none.
                    post::tally(tx, comment.post, Tally { likes: 0, comments: 1, human_comments }).await?;
                    comment.id = CommentId(db.ids().next());
                    insert(tx, &comment).await?;
                    Ok(comment.id)
                })
            })
            .await
    }

    /// Returns a page of a post's comments, oldest first.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such post.
    pub async fn comments(
        &self,
        reader: AccountId,
        post: &str,
        cursor: Cursor,
    ) -> Result<Comments, ApiError> {
        let name = post::rules::check_name(post)?;
        let found = self.db().fetch_optional(post::queries::ID, params![name]).await?;
        let (post, _): (PostId, AccountId) = found.ok_or(Code::NotFound)?;
        let after = cursor.last.map_or(0, |Position(_, id)| id);
        let values = params![reader, post, after, cursor.limit + 1, cursor.offset];
        let mut items: Vec<Comment> = self.db().fetch_all(queries::LIST, values).await?;
        let (has_more, snapshot) =
            cursor::end(&cursor, &mut items, 0, |comment| Position(comment.id.0, comment.id.0));
        let there: HashSet<CommentId> = items.iter().map(|comment| comment.id).collect();
        let referred = items.iter().flat_map(|comment| [comment.reply_to, comment.root]).flatten();
        let missing: HashSet<CommentId> = referred.filter(|id| !there.contains(id)).collect();
        let missing: Vec<CommentId> = missing.into_iter().collect();
        let mut context = self.db().fetch_in(&queries::BY_IDS, params![reader, post], &missing).await?;
        let blocked = self.blocked(reader).await?;
        items.retain(|comment| !blocked.contains(&comment.author));
        context.retain(|comment: &Comment| !blocked.contains(&comment.author));
        let people = self.authors(items.iter().chain(&context).map(|comment| comment.author)).await?;
        Ok(Comments { items, context, has_more, snapshot, people })
    }

    /// Replaces the text of a comment, and marks it as edited.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the comment does not exist or belongs to somebody else.
    pub async fn edit_comment(
        &self,
        author: AccountId,
        id: CommentId,
        content: &str,
    ) -> Result<(), ApiError> {
        self.place(id).await?;
        let now = self.db().clock().now();
        match self.db().execute(queries::EDIT, params![id, author, content, now]).await? {
            0 => Err(Code::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// Deletes a comment. Replies to it stay.
    ///
    /// Its author may, and an administrator, who gives a reason (`admin`). A deletion by somebody other than
    /// the author is logged with the reason.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the comment does not exist, or belongs to somebody else and there is no reason.
    pub async fn delete_comment(
        &self,
        by: AccountId,
        admin: Option<&str>,
        id: CommentId,
    ) -> Result<(), ApiError> {
        let (post, ..) = self.place(id).await?;
        let (db, now) = (self.db().clone(), self.db().clock().now());
        let reason = admin.map(str::to_owned);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let values = params![id, by, reason.is_some()];
                    // Locks the post's row first, as every change of a comment does.
                    post::tally(tx, post, Tally::default()).await?;
                    let found = tx.fetch_optional(queries::DELETE, values).await?;
                    let (author, source): (AccountId, String) = found.ok_or(Code::NotFound)?;
                    let human_comments = -i64::from(rules::is_human(&source));
                    post::tally(tx, post, Tally { likes: 0, comments: -1, human_comments }).await?;
                    log::close(tx, id.into()).await?;
                    if author != by {
                        let (target, reason) = (rules::name(id), reason.unwrap_or_default());
                        let entry = ModerationAction {
                            action: "comment.delete",
                            target: &target,
                            account: author,
                            reason: &reason,
                        };
                        log::note(tx, &db, by, entry, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Returns the id of a comment's post, the comment's author, and the post's name.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the comment or its post does not exist.
    pub(crate) async fn place(&self, id: CommentId) -> Result<(PostId, AccountId, String), ApiError> {
        let found = self.db().fetch_optional(queries::PLACE, params![id]).await?;
        found.ok_or_else(|| Code::NotFound.into())
    }
}

/// Returns an imported comment, ready to be inserted.
pub(crate) fn old(
    db: &Database,
    post: PostId,
    author: AccountId,
    content: String,
    now: Timestamp,
) -> Comment {
    Comment {
        id: CommentId(db.ids().next()),
        post,
        author,
        content,
        reply_to: None,
        reply_to_name: None,
        root: None,
        source: "user".to_owned(),
        sticker_url: String::new(),
        likes: 0,
        created_at: now,
        edited_at: None,
        is_live: true,
        liked: false,
    }
}

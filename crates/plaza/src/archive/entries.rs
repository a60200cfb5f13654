//! Entries of the Plaza's archive sections. Times are milliseconds since 1970-01-01 UTC.

use serde::Serialize;
use store::{FromRow, Row, from_row};

use crate::{
    CommentId,
    comment::rules,
    post::{Extras, Kind, model},
};

/// An archive entry. The next part begins after the id of the last entry of this part.
pub(super) trait ArchivedEntry: FromRow + Serialize + 'static {
    fn id(&self) -> i64;
}

macro_rules! archived {
    ($($entry:ty),*) => {
        $(impl ArchivedEntry for $entry {
            fn id(&self) -> i64 {
                self.id
            }
        })*
    };
}

archived!(Certificate, Invitation, Circle, Post, Comment, Like, Block);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Certificate {
    #[serde(skip)]
    id: i64,
    number: String,
    issue_time: i64,
    double_speaks: bool,
}

from_row!(Certificate { id, number, issue_time, double_speaks });

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invitation {
    #[serde(skip)]
    id: i64,
    code: String,
    note: String,
    create_time: i64,
    withdraw_time: Option<i64>,
    use_time: Option<i64>,
}

from_row!(Invitation { id, code, note, create_time, withdraw_time, use_time });

/// A circle that the person is in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Circle {
    #[serde(skip)]
    id: i64,
    circle_route: String,
    name: String,
    is_owner: bool,
}

from_row!(Circle { id, circle_route, name, is_owner });

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Post {
    #[serde(skip)]
    id: i64,
    post_id: String,
    content: String,
    #[serde(rename = "contentType")]
    kind: Kind,
    circle: String,
    #[serde(flatten)]
    extras: Extras,
    likes: i64,
    comments: i64,
    create_time: i64,
    edit_time: Option<i64>,
}

impl FromRow for Post {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let extras: String = row.get(5)?;
        Ok(Self {
            id: row.get(0)?,
            post_id: row.get(1)?,
            content: row.get(2)?,
            kind: Kind::of(row.get(3)?)?,
            circle: row.get(4)?,
            extras: model::extras(&extras)?,
            likes: row.get(6)?,
            comments: row.get(7)?,
            create_time: row.get(8)?,
            edit_time: row.get(9)?,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    #[serde(skip)]
    id: i64,
    comment_id: String,
    post_id: String,
    content: String,
    reply_to_comment_id: Option<String>,
    reply_to_user_name: Option<String>,
    source: String,
    sticker_url: String,
    likes: i64,
    create_time: i64,
    edit_time: Option<i64>,
}

impl FromRow for Comment {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (id, reply_to): (CommentId, Option<CommentId>) = (row.get(0)?, row.get(3)?);
        Ok(Self {
            id: id.0,
            comment_id: rules::name(id),
            post_id: row.get(1)?,
            content: row.get(2)?,
            reply_to_comment_id: reply_to.map(rules::name),
            reply_to_user_name: row.get(4)?,
            source: row.get(5)?,
            sticker_url: row.get(6)?,
            likes: row.get(7)?,
            create_time: row.get(8)?,
            edit_time: row.get(9)?,
        })
    }
}

/// A like of a post or of a comment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Like {
    #[serde(skip)]
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_id: Option<String>,
}

impl FromRow for Like {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (id, post_id): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        let comment_id = post_id.is_none().then(|| rules::name(CommentId(id)));
        Ok(Self { id, post_id, comment_id })
    }
}

/// An account that the person has blocked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Block {
    #[serde(skip)]
    id: i64,
    user_id: String,
    create_time: i64,
}

impl FromRow for Block {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let id: i64 = row.get(0)?;
        Ok(Self { id, user_id: id.to_string(), create_time: row.get(1)? })
    }
}

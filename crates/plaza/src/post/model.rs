//! Posts: domain types and wire types.

use std::{collections::HashMap, sync::Arc};

use identity::Account;
use memory::profile::Profile;
use serde::{Deserialize, Serialize};
use store::{AccountId, Row, Timestamp};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::PostId;

/// People by account id.
pub type People = HashMap<AccountId, Arc<(Account, Profile)>>;

/// The purpose of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[schema(as = PostKind)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Talking about something.
    Discussion,
    /// Ask me anything.
    Ama,
    /// Looking for information.
    Info,
}

impl Kind {
    /// All kinds, in the order of their stored numbers.
    pub const ALL: [Self; 3] = [Self::Discussion, Self::Ama, Self::Info];

    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn of(number: i64) -> store::Result<Self> {
        let found = usize::try_from(number).ok().and_then(|at| Self::ALL.get(at).copied());
        found.ok_or_else(|| store::Error::Other("post: unknown kind".to_owned()))
    }
}

/// A description of a link's target, given by the client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LinkMeta {
    /// An http(s) URL.
    pub url: Option<String>,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    pub title: Option<String>,
    /// At most 2 000 characters.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// An http(s) URL.
    pub thumbnail: Option<String>,
    /// At most 20 000 characters.
    #[schema(max_length = 20000)]
    pub text_content: Option<String>,
}

/// The parts of a post other than its text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Extras {
    /// URLs of pictures.
    pub images: Vec<String>,
    /// URL of a video.
    pub video_url: Option<String>,
    /// URL of the video's preview picture.
    pub video_thumbnail_url: Option<String>,
    /// Length of the video in milliseconds.
    #[schema(value_type = Option<f64>)]
    pub video_duration_ms: Option<serde_json::Number>,
    /// A URL.
    pub link: Option<String>,
    /// A description of the link's target.
    pub link_meta: Option<LinkMeta>,
    /// URLs of stickers.
    pub stickers: Vec<String>,
    /// True if the client marks the post as a notification.
    pub is_notification: bool,
    /// The topic's title.
    pub topic_title: Option<String>,
    /// The topic's description.
    pub topic_description: Option<String>,
}

/// A post to create.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPost {
    /// The text.
    pub content: String,
    /// The purpose.
    pub kind: Kind,
    /// The circle's route, or empty.
    pub circle: String,
    /// The topic's id, or empty.
    pub topic: String,
    /// The parts other than the text.
    pub extras: Extras,
}

/// A stored post, and the reader's like.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// The id; newer posts have greater ones.
    pub id: PostId,
    /// The public name, `post_…`.
    pub name: String,
    /// The account that wrote it.
    pub author: AccountId,
    /// The text.
    pub content: String,
    /// The purpose.
    pub kind: Kind,
    /// The circle's route, or empty.
    pub circle: String,
    /// The topic's id, or empty.
    pub topic: String,
    /// The parts other than the text.
    pub extras: Extras,
    /// The number of likes.
    pub likes: i64,
    /// The number of comments.
    pub comments: i64,
    /// The number of comments by people rather than assistants.
    pub human_comments: i64,
    /// The position in the featured feed (see [`super::rules::hot`]).
    pub hot: i64,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last edit.
    pub edited_at: Option<Timestamp>,
    /// True if the reader likes it.
    pub liked: bool,
}

impl store::FromRow for Post {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            author: row.get(2)?,
            content: row.get(3)?,
            kind: Kind::of(row.get(4)?)?,
            circle: row.get(5)?,
            topic: row.get(6)?,
            extras: extras(&row.get::<String>(7)?)?,
            likes: row.get(8)?,
            comments: row.get(9)?,
            human_comments: row.get(10)?,
            hot: row.get(11)?,
            created_at: row.get(12)?,
            edited_at: row.get(13)?,
            liked: row.get(14)?,
        })
    }
}

/// Parses the stored parts of a post other than its text.
pub(crate) fn extras(text: &str) -> store::Result<Extras> {
    serde_json::from_str(text).map_err(|error| store::Error::Other(format!("post: {error}")))
}

/// Body of `POST /api/secondme/plaza/posts/create`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostRequest {
    /// The text, at most 20 000 characters. Required.
    #[schema(max_length = 20_000)]
    pub(super) content: Option<String>,
    /// Always `public`. Required.
    #[schema(example = "public")]
    pub(super) r#type: Option<String>,
    /// `discussion`, the default, `ama` or `info`.
    #[schema(example = "ama")]
    pub(super) content_type: Option<String>,
    /// A topic's id. A topic that does not exist is created.
    pub(super) topic_id: Option<String>,
    /// A topic's title. Without `topicId` it selects the topic with this title.
    #[schema(max_length = 100)]
    pub(super) topic_title: Option<String>,
    #[schema(max_length = 1000)]
    pub(super) topic_description: Option<String>,
    /// At most 9 http(s) URLs.
    #[schema(max_items = 9)]
    pub(super) images: Option<Vec<String>>,
    pub(super) video_url: Option<String>,
    pub(super) video_thumbnail_url: Option<String>,
    /// Not negative.
    #[schema(value_type = Option<f64>)]
    pub(super) video_duration_ms: Option<serde_json::Number>,
    pub(super) link: Option<String>,
    pub(super) link_meta: Option<LinkMeta>,
    /// At most 9 http(s) URLs.
    #[schema(max_items = 9)]
    pub(super) stickers: Option<Vec<String>>,
    pub(super) is_notification: Option<bool>,
    /// The circle to post in; the author must be a member. Not part of the SecondMe API.
    pub(super) circle_route: Option<String>,
}

impl PostRequest {
    /// Returns the request of a form on a page.
    pub fn from_page(content: &str, kind: &str, circle: &str, topic: &str, link: &str) -> Self {
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        Self {
            content: Some(content.to_owned()),
            r#type: Some("public".to_owned()),
            content_type: some(kind),
            topic_title: some(topic),
            link: some(link),
            circle_route: some(circle),
            ..Self::default()
        }
    }

    /// Adds the address of a video.
    #[must_use]
    pub fn with_video(self, url: Option<String>) -> Self {
        Self { video_url: url, ..self }
    }

    /// Adds the addresses of pictures.
    #[must_use]
    pub fn with_pictures(self, urls: Vec<String>) -> Self {
        Self { images: (!urls.is_empty()).then_some(urls), ..self }
    }
}

/// Body of `POST /api/secondme/plaza/posts/{postId}/update` and of the same for comments.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EditRequest {
    /// The new text.
    pub(crate) content: Option<String>,
}

/// Response of `POST /api/secondme/plaza/posts/create`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Posted {
    #[schema(example = "post_a1b2c3d4")]
    pub(super) post_id: String,
}

/// The author of a post or comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    pub(crate) name: String,
    /// URL of the picture, or an empty text.
    pub(crate) avatar: String,
    /// Decimal digits; empty if the account was deleted.
    pub(crate) user_id: String,
    /// The slug of the author's home page.
    pub(crate) route: String,
}

impl Author {
    /// Returns the author with an account id, or [`Author::gone`] if `people` has no such account.
    pub fn of(id: AccountId, people: &People) -> Self {
        match people.get(&id) {
            Some(person) => Self {
                name: person.0.name.clone(),
                avatar: person.1.avatar.clone(),
                user_id: id.to_string(),
                route: person.0.route.clone(),
            },
            None => Self::gone(),
        }
    }

    /// Returns an author whose account was deleted.
    pub fn gone() -> Self {
        let none = String::new;
        Self { name: "已注销用户".to_owned(), avatar: none(), user_id: none(), route: none() }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the slug of the person's pages, or an empty text.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Returns the URL of the picture, or an empty text.
    pub fn avatar(&self) -> &str {
        &self.avatar
    }
}

/// A post on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PostOut)]
pub struct PostResponse {
    #[schema(example = "post_a1b2c3d4")]
    id: String,
    content: String,
    /// Always `public`.
    #[schema(example = "public")]
    r#type: &'static str,
    content_type: Kind,
    author: Author,
    /// ISO 8601, UTC.
    #[schema(example = "2024-01-20T15:00:00Z")]
    created_at: String,
    comment_count: i64,
    /// Comments by people rather than doubles.
    human_comment_count: i64,
    likes: i64,
    /// True if the caller likes it.
    liked: bool,
    /// Always null: this server makes no recordings of posts.
    audio_url: Option<String>,
    /// ISO 8601, UTC; null if it was never edited.
    edited_at: Option<String>,
    topic_id: Option<String>,
    circle_route: Option<String>,
    #[serde(flatten)]
    extras: Extras,
}

impl PostResponse {
    pub(crate) fn new(post: Post, people: &People) -> Self {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Self {
            author: Author::of(post.author, people),
            id: post.name,
            content: post.content,
            r#type: "public",
            content_type: post.kind,
            created_at: post.created_at.iso8601(),
            comment_count: post.comments,
            human_comment_count: post.human_comments,
            likes: post.likes,
            liked: post.liked,
            audio_url: None,
            edited_at: post.edited_at.map(Timestamp::iso8601),
            topic_id: some(post.topic),
            circle_route: some(post.circle),
            extras: post.extras,
        }
    }
}

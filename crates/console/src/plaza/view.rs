//! Posts and comments as the pages show them.

use identity::Account;
use plaza::{
    comment::{Comment, rules as comment},
    post::{Author, Kind, People, Post},
};

use super::texts::Texts;
use crate::{icons::Face, when::When};

/// The data of a post that a page shows.
pub(crate) struct PostView {
    pub(crate) name: String,
    pub(crate) author: String,
    pub(crate) face: Face,
    pub(crate) when: When,
    pub(crate) is_edited: bool,
    pub(crate) kind: &'static str,
    pub(crate) circle: String,
    /// Address and title of the topic.
    pub(crate) topic: Option<(String, String)>,
    pub(crate) content: String,
    /// Labels and addresses of links, pictures, videos and stickers. They were checked when the post was
    /// created.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) likes: i64,
    pub(crate) liked: bool,
    pub(crate) comments: i64,
    pub(crate) is_mine: bool,
    pub(crate) can_delete: bool,
}

impl PostView {
    pub(crate) fn new(post: Post, people: &People, reader: &Account, t: &Texts, public_url: &str) -> Self {
        let author = Author::of(post.author, people);
        let mut links = Vec::new();
        let extras = post.extras;
        if let Some(url) = extras.link {
            let title = extras.link_meta.and_then(|meta| meta.title).unwrap_or_else(|| url.clone());
            links.push((title, url));
        }
        for (number, url) in (1..).zip(extras.images) {
            links.push((format!("{} {number}", t.picture), url));
        }
        links.extend(extras.video_url.map(|url| (t.video.to_owned(), url)));
        for (number, url) in (1..).zip(extras.stickers) {
            links.push((format!("{} {number}", t.sticker), url));
        }
        let topic = (!post.topic.is_empty()).then(|| {
            let title = extras.topic_title.unwrap_or_else(|| post.topic.clone());
            (format!("/plaza/topics/{}", encode(&post.topic)), title)
        });
        let is_mine = post.author == reader.id;
        Self {
            name: post.name,
            face: Face::new(author.name(), author.avatar(), public_url),
            author: author.name().to_owned(),
            when: When(post.created_at),
            is_edited: post.edited_at.is_some(),
            kind: kind(post.kind, t),
            circle: post.circle,
            topic,
            content: post.content,
            links,
            likes: post.likes,
            liked: post.liked,
            comments: post.comments,
            is_mine,
            can_delete: is_mine || reader.is_admin,
        }
    }
}

/// The data of a comment that a page shows.
pub(crate) struct CommentView {
    pub(crate) id: String,
    pub(crate) author: String,
    pub(crate) face: Face,
    pub(crate) when: When,
    pub(crate) is_edited: bool,
    /// The source of the comment, if the assistant wrote it.
    pub(crate) double: Option<String>,
    /// Author and beginning of the parent, if the comment is a reply.
    pub(crate) answers: Option<(String, String)>,
    pub(crate) content: String,
    pub(crate) sticker: String,
    pub(crate) likes: i64,
    pub(crate) liked: bool,
    pub(crate) is_mine: bool,
    pub(crate) can_delete: bool,
}

impl CommentView {
    pub(crate) fn new(
        found: &Comment,
        all: &[&Comment],
        people: &People,
        reader: &Account,
        t: &Texts,
        public_url: &str,
    ) -> Self {
        let author = Author::of(found.author, people);
        let face = Face::new(author.name(), author.avatar(), public_url);
        let is_mine = found.author == reader.id;
        let parent = found.reply_to.and_then(|id| all.iter().find(|other| other.id == id));
        let answers = found.reply_to.map(|_| {
            let said = match parent {
                Some(parent) if parent.is_live => parent.content.chars().take(60).collect(),
                Some(_) | None => t.deleted.to_owned(),
            };
            (found.reply_to_name.clone().unwrap_or_default(), said)
        });
        Self {
            id: comment::name(found.id),
            face: if found.is_human() { face } else { face.twin() },
            author: author.name().to_owned(),
            when: When(found.created_at),
            is_edited: found.edited_at.is_some(),
            double: (!found.is_human()).then(|| found.source.clone()),
            answers,
            content: found.content.clone(),
            sticker: found.sticker_url.clone(),
            likes: found.likes,
            liked: found.liked,
            is_mine,
            can_delete: is_mine || reader.is_admin,
        }
    }
}

/// Returns the name of a kind of posts.
pub(crate) const fn kind(kind: Kind, t: &Texts) -> &'static str {
    match kind {
        Kind::Discussion => t.discussion,
        Kind::Ama => t.ama,
        Kind::Info => t.info,
    }
}

/// Encodes a text as part of an address.
pub(crate) fn encode(text: &str) -> String {
    // A space must become %20, because a + in a path is not decoded.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

//! Posts and comments as the pages show them.

use identity::Account;
use plaza::{
    comment::{Comment, rules as comment},
    post::{Author, Kind, People, Post, model::LinkMeta},
};
use store::AccountId;

use super::texts::Texts;
use crate::{
    icons::{Face, own_picture},
    when::When,
};

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
    /// The address of the author's posts; empty if the account was deleted.
    pub(crate) author_href: String,
    /// The pictures that this server has, with the text for those who cannot see them.
    pub(crate) pictures: Vec<(String, String)>,
    /// The number of pictures beyond those that the grid has room for.
    pub(crate) more_pictures: usize,
    /// The path of a video that this server has.
    pub(crate) video: Option<String>,
    /// The stickers that this server has, as the pictures.
    pub(crate) stickers: Vec<(String, String)>,
    /// A link with its title, description and host.
    pub(crate) link: Option<LinkCard>,
    /// Labels and addresses of a video, stickers and pictures elsewhere. They were checked when the post was
    /// created.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) likes: i64,
    pub(crate) liked: bool,
    pub(crate) comments: i64,
    /// The number of comments by doubles.
    pub(crate) doubles: i64,
    pub(crate) kind_class: &'static str,
    pub(crate) is_mine: bool,
    pub(crate) can_delete: bool,
}

impl PostView {
    pub(crate) fn new(post: Post, people: &People, reader: &Account, t: &Texts, public_url: &str) -> Self {
        let author = Author::of(post.author, people);
        let (mut links, mut pictures) = (Vec::new(), Vec::new());
        let extras = post.extras;
        let link = extras.link.map(|url| LinkCard::new(url, extras.link_meta.unwrap_or_default()));
        for (number, url) in (1..).zip(extras.images) {
            let label = format!("{} {number}", t.picture);
            match own_picture(&url, public_url) {
                Some(path) => pictures.push((label, path.to_owned())),
                None => links.push((label, url)),
            }
        }
        let video = extras.video_url.as_deref().and_then(|url| own_video(url, public_url)).map(str::to_owned);
        if video.is_none() {
            links.extend(extras.video_url.map(|url| (t.video.to_owned(), url)));
        }
        let mut stickers = Vec::new();
        for (number, url) in (1..).zip(extras.stickers) {
            let label = format!("{} {number}", t.sticker);
            match own_picture(&url, public_url) {
                Some(path) => stickers.push((label, path.to_owned())),
                None => links.push((label, url)),
            }
        }
        let topic = (!post.topic.is_empty()).then(|| {
            let title = extras.topic_title.unwrap_or_else(|| post.topic.clone());
            (format!("/plaza/topics/{}", encode(&post.topic)), title)
        });
        let is_mine = post.author == reader.id;
        Self {
            name: post.name,
            face: Face::new(author.name(), author.avatar(), public_url),
            author_href: author_href(&author),
            author: author.name().to_owned(),
            when: When(post.created_at),
            is_edited: post.edited_at.is_some(),
            more_pictures: pictures.len().saturating_sub(GRID),
            pictures,
            video,
            stickers,
            link,
            doubles: (post.comments - post.human_comments).max(0),
            kind_class: match post.kind {
                Kind::Discussion => "",
                Kind::Ama => "apricot",
                Kind::Info => "sky",
            },
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

/// Returns the path of a video if this server has it.
fn own_video<'a>(url: &'a str, public_url: &str) -> Option<&'a str> {
    own_picture(url, public_url).filter(|path| path.ends_with(".mp4"))
}

/// Maximum number of pictures in the grid of a post.
const GRID: usize = 4;

/// A link with what its author said of the target.
pub(crate) struct LinkCard {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) host: String,
}

impl LinkCard {
    fn new(url: String, meta: LinkMeta) -> Self {
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host: String = host.split(['/', '?', '#']).next().unwrap_or_default().chars().take(100).collect();
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Self {
            title: given(meta.title).unwrap_or_else(|| url.clone()),
            about: given(meta.description).unwrap_or_default(),
            host,
            url,
        }
    }
}

impl PostView {
    /// Returns the pictures of the grid: address, text, and true for the last one if there are more.
    pub(crate) fn grid(&self) -> Vec<(&str, &str, bool)> {
        let shown = self.pictures.iter().take(GRID).enumerate();
        shown
            .map(|(at, (label, path))| {
                (path.as_str(), label.as_str(), at + 1 == GRID && self.more_pictures > 0)
            })
            .collect()
    }

    /// Returns the pictures that the grid has no room for.
    pub(crate) fn rest(&self) -> &[(String, String)] {
        self.pictures.get(GRID..).unwrap_or_default()
    }
}

/// Returns the address of the posts of an author; empty if the account was deleted.
fn author_href(author: &Author) -> String {
    if author.route().is_empty() {
        String::new()
    } else {
        format!("/plaza/people/{}", encode(author.route()))
    }
}

/// The data of a comment that a page shows.
pub(crate) struct CommentView {
    pub(crate) id: String,
    pub(crate) author: String,
    pub(crate) author_href: String,
    /// True if the comment belongs below the first comment of its chain, which is on the same page.
    pub(crate) is_nested: bool,
    /// True if the author of the post wrote it.
    pub(crate) is_poster: bool,
    pub(crate) face: Face,
    pub(crate) when: When,
    pub(crate) is_edited: bool,
    /// The source of the comment, if the assistant wrote it.
    pub(crate) double: Option<String>,
    /// Author and beginning of the parent, if the comment is a reply.
    pub(crate) answers: Option<(String, String)>,
    pub(crate) content: String,
    /// The address of a sticker elsewhere, or an empty text.
    pub(crate) sticker: String,
    /// The path of a sticker that this server has.
    pub(crate) own_sticker: Option<String>,
    pub(crate) likes: i64,
    pub(crate) liked: bool,
    pub(crate) is_mine: bool,
    pub(crate) can_delete: bool,
}

impl CommentView {
    pub(crate) fn new(
        found: &Comment,
        poster: AccountId,
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
            author_href: author_href(&author),
            is_nested: false,
            is_poster: found.author == poster && found.is_human(),
            face: if found.is_human() { face } else { face.twin() },
            author: author.name().to_owned(),
            when: When(found.created_at),
            is_edited: found.edited_at.is_some(),
            double: (!found.is_human()).then(|| found.source.clone()),
            answers,
            content: found.content.clone(),
            own_sticker: own_picture(&found.sticker_url, public_url).map(str::to_owned),
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

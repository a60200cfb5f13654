//! The pages of the feed and of topics, and the form to write a post.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use plaza::{
    circle::Circle,
    cursor::CursorParams,
    feed::{Feed, FeedFilter, Kinds, Sort},
    post::{Kind, model::PostRequest},
    topic::Topic,
};
use web::{ApiError, Query};

use super::{
    CertifiedMember, problem,
    texts::Texts,
    view::{self, PostView, encode},
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
};

/// The query of these pages.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    sort: Option<String>,
    kind: Option<String>,
    keyword: Option<String>,
    circle: Option<String>,
    page: Option<String>,
    snapshot: Option<String>,
    done: Option<String>,
}

impl PageParams {
    pub(super) fn cursor(&self) -> CursorParams {
        let page = self.page.as_deref().and_then(|page| page.parse().ok());
        CursorParams { page, page_size: None, snapshot: self.snapshot.clone() }
    }

    fn filter(&self) -> FeedFilter {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let keyword: String = text(&self.keyword).chars().filter(|c| !c.is_control()).take(200).collect();
        let circle = text(&self.circle);
        let is_route = circle.is_empty() || plaza::circle::rules::is_route(&circle);
        FeedFilter {
            sort: if self.sort.as_deref() == Some("timeline") { Sort::Timeline } else { Sort::Featured },
            keyword: keyword.trim().to_owned(),
            kinds: self.kind.as_deref().and_then(Kind::parse).map_or(Kinds::All, Kinds::One),
            circle: if is_route { circle } else { "-".to_owned() },
        }
    }
}

/// A link in a row of filters.
pub(super) struct Choice {
    href: String,
    label: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "plaza/feed.html")]
struct FeedPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    notice: Option<&'a str>,
    filter: &'a FeedFilter,
    sort: &'static str,
    sorts: Vec<Choice>,
    /// Name, text with the number of posts, and true for the one that is shown.
    kinds: Vec<(&'static str, String, bool)>,
    topic: Option<Topic>,
    /// The circles that the reader is in.
    circles: Vec<Circle>,
    topics: Vec<(String, String, i64)>,
    /// The number of the reader's certificate, and of the replies that they have not seen.
    certificate: String,
    unseen: String,
    circle_name: String,
    posts: Vec<PostView>,
    newer: Option<String>,
    older: Option<String>,
    here: String,
}

impl FeedPage<'_> {
    /// Returns the kinds of a new post.
    fn post_kinds(&self) -> [(&'static str, &'static str); 3] {
        Kind::ALL.map(|kind| (kind.name(), view::kind(kind, self.t)))
    }
}

const fn sort_name(sort: Sort) -> &'static str {
    match sort {
        Sort::Featured => "featured",
        Sort::Timeline => "timeline",
    }
}

fn kind_name(kinds: Kinds) -> &'static str {
    match kinds {
        Kinds::One(kind) => kind.name(),
        Kinds::All | Kinds::Nothing => "",
    }
}

fn address(filter: &FeedFilter) -> String {
    format!(
        "/plaza?sort={}&kind={}&keyword={}&circle={}",
        sort_name(filter.sort),
        kind_name(filter.kinds),
        encode(&filter.keyword),
        encode(&filter.circle)
    )
}

/// Returns the links to the previous and the next page.
pub(super) fn around(base: &str, number: i64, feed: &Feed) -> (Option<String>, Option<String>) {
    let join = if base.contains('?') { '&' } else { '?' };
    let newer = (number > 1).then(|| format!("{base}{join}page={}", number - 1));
    let snapshot = feed.snapshot.as_deref().unwrap_or_default();
    let older = feed.has_more.then(|| format!("{base}{join}page={}&snapshot={snapshot}", number + 1));
    (newer, older)
}

/// Shows the feed, or the form that redeems a code to people without a certificate.
pub(crate) async fn feed(
    State(console): State<Console>,
    member: Member,
    headers: HeaderMap,
    Query(query): Query<PageParams>,
) -> Result<Response, ApiError> {
    let Some(certificate) = console.plaza.certificate(member.account.id).await? else {
        return super::me::gate(member.page, None, "");
    };
    let (filter, cursor) = (query.filter(), query.cursor().check()?);
    let feed = console.plaza.feed(member.account.id, &filter, cursor).await?;
    let circles = console.plaza.circles_of(member.account.id).await?;
    let first = CursorParams { page: None, page_size: Some(5), snapshot: None }.check()?;
    let (topics, _) = console.plaza.topics(first).await?;
    let unseen = super::news::unseen(&console, &member, &headers).await?;
    let circle_name = circles.iter().find(|circle| circle.route == filter.circle);
    let circle_name = circle_name.map_or(&filter.circle, |circle| &circle.name).clone();
    let page = member.page.at("plaza", address(&filter));
    let t = Texts::of(page.language);
    let sorts = [(Sort::Featured, t.featured), (Sort::Timeline, t.timeline)].map(|(sort, label)| Choice {
        href: address(&FeedFilter { sort, ..filter.clone() }),
        label: label.to_owned(),
        is_chosen: filter.sort == sort,
    });
    let all = std::iter::once((Kinds::All, t.all));
    let each = Kind::ALL.map(|kind| (Kinds::One(kind), view::kind(kind, t)));
    let kinds = all.chain(each).map(|(kinds, label)| {
        (kind_name(kinds), format!("{label} {}", feed.counts.of(kinds)), filter.kinds == kinds)
    });
    let (newer, older) = around(&address(&filter), cursor.number(), &feed);
    let template = FeedPage {
        page: &page,
        t,
        notice: super::notice(query.done.as_deref(), t),
        sort: sort_name(filter.sort),
        filter: &filter,
        sorts: sorts.into_iter().collect(),
        kinds: kinds.collect(),
        topic: None,
        topics: topics
            .into_iter()
            .map(|topic| (format!("/plaza/topics/{}", encode(&topic.id)), topic.title, topic.posts))
            .collect(),
        certificate: certificate.number,
        unseen,
        circle_name,
        circles,
        posts: views(feed, &member.account, t, &console.public_url),
        newer,
        older,
        here: address(&filter),
    };
    page.answer(StatusCode::OK, &template)
}

pub(super) fn views(feed: Feed, reader: &identity::Account, t: &Texts, public_url: &str) -> Vec<PostView> {
    let Feed { posts, people, .. } = feed;
    posts.into_iter().map(|post| PostView::new(post, &people, reader, t, public_url)).collect()
}

/// Shows the posts about a topic.
pub(crate) async fn topic(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(id): Path<String>,
    Query(query): Query<PageParams>,
) -> Result<Response, ApiError> {
    let cursor = query.cursor().check()?;
    let (topic, feed) = console.plaza.topic(member.account.id, &id, cursor).await?;
    let here = format!("/plaza/topics/{}", encode(&id));
    let page = member.page.at("plaza", here.clone());
    let t = Texts::of(page.language);
    let (newer, older) = around(&here, cursor.number(), &feed);
    let template = FeedPage {
        page: &page,
        t,
        notice: None,
        filter: &FeedFilter::default(),
        sort: "",
        sorts: Vec::new(),
        kinds: Vec::new(),
        topic: Some(topic),
        topics: Vec::new(),
        certificate: String::new(),
        unseen: String::new(),
        circle_name: String::new(),
        circles: Vec::new(),
        posts: views(feed, &member.account, t, &console.public_url),
        newer,
        older,
        here,
    };
    page.answer(StatusCode::OK, &template)
}

/// The form to write a post.
#[derive(Default)]
pub(crate) struct PostForm {
    content: String,
    kind: String,
    circle: String,
    topic: String,
    link: String,
}

impl From<Fields> for PostForm {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name);
        Self {
            // Browsers send CRLF for line breaks.
            content: text("content").replace("\r\n", "\n"),
            kind: text("kind"),
            circle: text("circle"),
            topic: text("topic"),
            link: text("link"),
        }
    }
}

impl PostForm {
    /// Sets a field by its name.
    pub(super) fn set(&mut self, name: &str, value: String) {
        match name {
            "content" => self.content = value.replace("\r\n", "\n"),
            "kind" => self.kind = value,
            "circle" => self.circle = value,
            "topic" => self.topic = value,
            "link" => self.link = value,
            _ => {}
        }
    }

    /// Returns the post that the form describes.
    pub(super) fn request(&self) -> PostRequest {
        PostRequest::from_page(&self.content, &self.kind, &self.circle, &self.topic, &self.link)
    }
}

#[derive(Template)]
#[template(path = "plaza/write.html")]
struct WritePage<'a> {
    page: &'a Page,
    t: &'a Texts,
    alert: Option<String>,
    form: &'a PostForm,
    kinds: Vec<(&'static str, &'static str, bool)>,
    circles: Vec<Circle>,
}

pub(super) async fn write_page(
    console: &Console,
    member: Member,
    form: &PostForm,
    error: Option<ApiError>,
) -> Result<Response, ApiError> {
    let page = member.page.at("plaza", "/plaza/new");
    let t = Texts::of(page.language);
    let chosen = Kind::parse(&form.kind).unwrap_or(Kind::Discussion);
    let template = WritePage {
        page: &page,
        t,
        alert: error.as_ref().map(|error| problem(error, &page)),
        form,
        kinds: Kind::ALL.map(|kind| (kind.name(), view::kind(kind, t), kind == chosen)).to_vec(),
        circles: console.plaza.circles_of(member.account.id).await?,
    };
    match error {
        Some(error) => page.refuse(&error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Shows the form to write a post.
pub(crate) async fn write(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Query(query): Query<PageParams>,
) -> Result<Response, ApiError> {
    let form = PostForm { circle: query.circle.unwrap_or_default(), ..PostForm::default() };
    write_page(&console, member, &form, None).await
}

/// Creates a post, or shows the form again with the error.
pub(crate) async fn publish(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    CsrfForm(form): CsrfForm<PostForm>,
) -> Result<Response, ApiError> {
    let request = form.request();
    let posted = async {
        console.plaza.speak(member.account.id).await?;
        super::publish::post(&console, &member, request).await
    };
    match posted.await {
        Ok(name) => Ok(Redirect::to(&format!("/plaza/posts/{name}")).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            write_page(&console, member, &form, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

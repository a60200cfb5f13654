//! The pages of the feed and of topics, and the form to write a post.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{
    circle::Circle,
    cursor::CursorParams,
    feed::{Feed, FeedFilter, Kinds, Sort},
    post::{Kind, model::PostRequest, rules},
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
    fn cursor(&self) -> CursorParams {
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
    is_admin: bool,
    notice: Option<&'a str>,
    filter: &'a FeedFilter,
    sort: &'static str,
    kind: &'static str,
    sorts: Vec<Choice>,
    kinds: Vec<Choice>,
    topic: Option<Topic>,
    posts: Vec<PostView>,
    newer: Option<String>,
    older: Option<String>,
    here: String,
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
fn around(base: &str, number: i64, feed: &Feed) -> (Option<String>, Option<String>) {
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
    Query(query): Query<PageParams>,
) -> Result<Response, ApiError> {
    if console.plaza.certificate(member.account.id).await?.is_none() {
        return super::me::gate(member.page, None, "");
    }
    let (filter, cursor) = (query.filter(), query.cursor().check()?);
    let feed = console.plaza.feed(member.account.id, &filter, cursor).await?;
    let page = member.page.at("plaza", address(&filter));
    let t = Texts::of(page.language);
    let sorts = [(Sort::Featured, t.featured), (Sort::Timeline, t.timeline)].map(|(sort, label)| Choice {
        href: address(&FeedFilter { sort, ..filter.clone() }),
        label: label.to_owned(),
        is_chosen: filter.sort == sort,
    });
    let all = std::iter::once((Kinds::All, t.all.to_owned(), Kinds::All));
    let each = Kind::ALL.map(|kind| (Kinds::One(kind), view::kind(kind, t).to_owned(), Kinds::One(kind)));
    let kinds = all.chain(each).map(|(kinds, label, counted)| Choice {
        href: address(&FeedFilter { kinds, ..filter.clone() }),
        label: format!("{label} {}", feed.counts.of(counted)),
        is_chosen: filter.kinds == kinds,
    });
    let (newer, older) = around(&address(&filter), cursor.number(), &feed);
    let template = FeedPage {
        page: &page,
        t,
        is_admin: member.account.is_admin,
        notice: super::notice(query.done.as_deref(), t),
        sort: sort_name(filter.sort),
        kind: kind_name(filter.kinds),
        filter: &filter,
        sorts: sorts.into_iter().collect(),
        kinds: kinds.collect(),
        topic: None,
        posts: views(feed, &member.account, t, &console.public_url),
        newer,
        older,
        here: address(&filter),
    };
    page.answer(StatusCode::OK, &template)
}

fn views(feed: Feed, reader: &identity::Account, t: &Texts, public_url: &str) -> Vec<PostView> {
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
        is_admin: member.account.is_admin,
        notice: None,
        filter: &FeedFilter::default(),
        sort: "",
        kind: "",
        sorts: Vec::new(),
        kinds: Vec::new(),
        topic: Some(topic),
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

async fn write_page(
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
    let request = PostRequest::from_page(&form.content, &form.kind, &form.circle, &form.topic, &form.link);
    let posted = async {
        console.plaza.speak(member.account.id).await?;
        console.plaza.post(member.account.id, rules::check(request)?).await
    };
    match posted.await {
        Ok(name) => Ok(Redirect::to(&format!("/plaza/posts/{name}")).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            write_page(&console, member, &form, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

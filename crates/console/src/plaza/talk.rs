//! The page of a post with its comments, and the actions on them.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{
    comment::{Comment, model::CommentRequest, rules},
    cursor::CursorParams,
    moderation::Target,
};
use web::{ApiError, Code, Query};

use super::{
    CertifiedMember, notice, problem,
    texts::Texts,
    view::{CommentView, PostView},
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
};

/// The reason that is logged if an administrator deletes something on its page.
const ON_PAGE: &str = "(session)";

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    page: Option<String>,
    snapshot: Option<String>,
    reply: Option<String>,
    done: Option<String>,
}

/// The fields of all forms on the page.
pub(crate) struct ActionForm {
    what: String,
    content: String,
    reply: String,
    back: String,
}

impl From<Fields> for ActionForm {
    fn from(fields: Fields) -> Self {
        Self {
            what: fields.text("what"),
            content: fields.text("content").replace("\r\n", "\n"),
            reply: fields.text("reply"),
            back: fields.text("back"),
        }
    }
}

#[derive(Template)]
#[template(path = "plaza/post.html")]
struct PostPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    notice: Option<&'a str>,
    alert: Option<String>,
    post: PostView,
    comments: Vec<CommentView>,
    newer: Option<String>,
    older: Option<String>,
    /// The comment to reply to, and its author.
    reply: Option<(String, String)>,
    draft: &'a str,
    here: String,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(name): Path<String>,
    Query(asked): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, &name, asked, "", None).await
}

async fn render(
    console: &Console,
    member: Member,
    name: &str,
    asked: PageParams,
    draft: &str,
    error: Option<ApiError>,
) -> Result<Response, ApiError> {
    let (plaza, reader) = (&console.plaza, &member.account);
    let number = asked.page.as_deref().and_then(|page| page.parse().ok());
    let cursor = CursorParams { page: number, page_size: Some(50), snapshot: asked.snapshot }.check()?;
    let post = plaza.find_post(reader.id, name).await?;
    let listed = plaza.comments(reader.id, name, cursor).await?;
    let authors = plaza.authors([post.author]).await?;
    let here = format!("/plaza/posts/{name}");
    let page = member.page.at("plaza", here.clone());
    let t = Texts::of(page.language);
    let all: Vec<&Comment> = listed.items.iter().chain(&listed.context).collect();
    let comments: Vec<CommentView> = listed
        .items
        .iter()
        .map(|comment| CommentView::new(comment, &all, &listed.people, reader, t, &console.public_url))
        .collect();
    let reply = asked.reply.as_deref().and_then(|id| comments.iter().find(|comment| comment.id == id));
    let snapshot = listed.snapshot.as_deref().unwrap_or_default();
    let template = PostPage {
        page: &page,
        t,
        notice: notice(asked.done.as_deref(), t),
        alert: error.as_ref().map(|error| problem(error, &page)),
        post: PostView::new(post, &authors, reader, t, &console.public_url),
        newer: (cursor.number() > 1).then(|| format!("{here}?page={}", cursor.number() - 1)),
        older: listed.has_more.then(|| format!("{here}?page={}&snapshot={snapshot}", cursor.number() + 1)),
        reply: reply.map(|comment| (comment.id.clone(), comment.author.clone())),
        comments,
        draft,
        here,
    };
    match error {
        Some(error) => page.refuse(&error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Creates a comment, or shows the page again with the error.
pub(crate) async fn comment(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(name): Path<String>,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let request = CommentRequest::from_page(&name, &form.content, &form.reply);
    let said = async {
        console.plaza.speak(member.account.id).await?;
        console.plaza.comment(member.account.id, rules::check(request)?).await
    };
    match said.await {
        Ok(id) => Ok(Redirect::to(&format!("/plaza/posts/{name}#{}", rules::name(id))).into_response()),
        Err(error) if error.code() != Code::NotFound && error.code().status().is_client_error() => {
            let asked = PageParams { reply: Some(form.reply), ..PageParams::default() };
            render(&console, member, &name, asked, &form.content, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

/// Likes, unlikes, deletes or reports a post, or blocks its author.
pub(crate) async fn act_on_post(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(name): Path<String>,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let (plaza, me) = (&console.plaza, &member.account);
    plaza.speak(me.id).await?;
    let place = back(&form.back, &name);
    let place = match form.what.as_str() {
        "like" | "unlike" => {
            plaza.like_post(me.id, &name, form.what == "like").await?;
            place
        }
        "delete" => {
            plaza.delete_post(me.id, me.is_admin.then_some(ON_PAGE), &name).await?;
            "/plaza".to_owned()
        }
        "report" => {
            let post = plaza.find_post(me.id, &name).await?;
            plaza.report(me.id, Target::Post(post.name), reason(&form.content)?).await?;
            format!("/plaza/posts/{name}?done=reported")
        }
        "block" => {
            let post = plaza.find_post(me.id, &name).await?;
            plaza.block(me.id, post.author).await?;
            "/plaza?done=blocked".to_owned()
        }
        _ => return Err(Code::NotFound.into()),
    };
    Ok(Redirect::to(&place).into_response())
}

/// Likes, unlikes, deletes or reports a comment.
pub(crate) async fn act_on_comment(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path((name, id)): Path<(String, String)>,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let (plaza, me, id) = (&console.plaza, &member.account, rules::parse(&id)?);
    plaza.speak(me.id).await?;
    let post = plaza.find_post(me.id, &name).await?;
    let mut done = "";
    match form.what.as_str() {
        "like" | "unlike" => {
            plaza.like_comment(me.id, id, form.what == "like").await?;
        }
        "delete" => plaza.delete_comment(me.id, me.is_admin.then_some(ON_PAGE), id).await?,
        "report" => {
            plaza.report(me.id, Target::Comment(id), reason(&form.content)?).await?;
            done = "?done=reported";
        }
        _ => return Err(Code::NotFound.into()),
    }
    let place = format!("/plaza/posts/{}{done}#{}", post.name, rules::name(id));
    Ok(Redirect::to(&place).into_response())
}

/// Returns the address of the list on which the action was done, if it is a page of the Plaza. Otherwise
/// returns that of the post.
fn back(place: &str, name: &str) -> String {
    let is_ours = (place.starts_with("/plaza?") || place.starts_with("/plaza/"))
        && !place.contains(|c: char| c.is_control() || c == '\\');
    if is_ours { format!("{place}#{name}") } else { format!("/plaza/posts/{name}") }
}

fn reason(text: &str) -> Result<String, ApiError> {
    plaza::moderation::rules::check_reason(text)
}

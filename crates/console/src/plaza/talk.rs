//! The page of a post with its comments, and the actions on them.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{
    CommentId,
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
    let view = |comment: &Comment| {
        CommentView::new(comment, post.author, &all, &listed.people, reader, t, &console.public_url)
    };
    let comments: Vec<CommentView> = threads(&listed.items)
        .into_iter()
        .map(|(comment, is_nested)| CommentView { is_nested, ..view(comment) })
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

/// Returns comments in the order of their threads: each first comment, and then the replies in its chain,
/// with true. Replies whose first comment is not among them stay where they are.
fn threads(comments: &[Comment]) -> Vec<(&Comment, bool)> {
    let is_here = |id: CommentId| comments.iter().any(|comment| comment.id == id && comment.root.is_none());
    let is_nested = |comment: &Comment| comment.root.is_some_and(is_here);
    let mut ordered = Vec::with_capacity(comments.len());
    for comment in comments.iter().filter(|comment| !is_nested(comment)) {
        ordered.push((comment, false));
        let replies = comments.iter().filter(|reply| reply.root == Some(comment.id) && is_nested(reply));
        ordered.extend(replies.map(|reply| (reply, true)));
    }
    ordered
}

#[derive(Template)]
#[template(path = "plaza/edit.html")]
struct EditPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    name: &'a str,
    alert: Option<String>,
    content: &'a str,
}

/// Shows the form that changes the text of a post.
pub(crate) async fn edit_page(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let post = console.plaza.find_post(member.account.id, &name).await?;
    if post.author != member.account.id {
        return Err(Code::NotFound.into());
    }
    let page = member.page.at("plaza", format!("/plaza/posts/{name}/edit"));
    let t = Texts::of(page.language);
    let template = EditPage { page: &page, t, name: &name, alert: None, content: &post.content };
    page.answer(StatusCode::OK, &template)
}

/// Changes the text of a post, or shows the form again with the error.
pub(crate) async fn edit(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(name): Path<String>,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let changed = async {
        console.plaza.speak(member.account.id).await?;
        let content = plaza::post::rules::check_text(&form.content)?;
        console.plaza.edit_post(member.account.id, &name, content).await
    };
    match changed.await {
        Ok(()) => Ok(Redirect::to(&format!("/plaza/posts/{name}?done=saved")).into_response()),
        Err(error) if error.code() != Code::NotFound && error.code().status().is_client_error() => {
            let page = member.page.once("plaza");
            let alert = Some(problem(&error, &page));
            let t = Texts::of(page.language);
            page.refuse(&error, &EditPage { page: &page, t, name: &name, alert, content: &form.content })
        }
        Err(error) => Err(error),
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

#[cfg(test)]
mod tests {
    use super::*;
    use store::{AccountId, Timestamp};

    fn comment(id: i64, root: Option<i64>) -> Comment {
        Comment {
            id: CommentId(id),
            post: plaza::PostId(1),
            author: AccountId(1),
            content: String::new(),
            reply_to: root.map(CommentId),
            reply_to_name: None,
            root: root.map(CommentId),
            source: "user".into(),
            sticker_url: String::new(),
            likes: 0,
            created_at: Timestamp(0),
            edited_at: None,
            is_live: true,
            liked: false,
        }
    }

    #[test]
    fn replies_follow_the_first_comment_of_their_chain() {
        let all = [
            comment(1, None),
            comment(2, None),
            comment(3, Some(1)),
            comment(4, Some(9)),
            comment(5, Some(1)),
        ];
        let ordered: Vec<(i64, bool)> =
            threads(&all).into_iter().map(|(comment, is_nested)| (comment.id.0, is_nested)).collect();
        assert_eq!(ordered, [(1, false), (3, true), (5, true), (2, false), (4, false)]);
    }
}

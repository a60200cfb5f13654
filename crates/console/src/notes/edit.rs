//! The editor of notes. It works as a form; with its script, the text is saved while the person is typing.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{Html, IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{
    NoteId,
    note::{
        self, Edit, Edited, Note,
        model::{NoteChange, NoteRequest},
    },
};
use serde_json::json;
use store::Timestamp;
use web::{ApiError, Code};

use super::{parse, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    markdown::{self, Markdown},
    memories::{entry::missing, text::plain},
    page::{Member, Page},
    paths::NOTES as PATH,
};

/// The form of the editor.
#[derive(Default)]
pub(crate) struct Typed {
    title: String,
    content: String,
    urls: String,
    /// The time of the last change that the person has seen.
    version: Option<i64>,
    is_preview: bool,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self {
            title: fields.text("title"),
            content: plain(&fields.text("content")),
            urls: fields.text("urls"),
            version: fields.text("version").parse().ok(),
            is_preview: fields.text("do") == "preview",
        }
    }
}

impl Typed {
    fn request(&self) -> NoteRequest {
        let urls: Vec<String> = self.urls.split_whitespace().map(str::to_owned).collect();
        NoteRequest {
            content: Some(self.content.clone()),
            title: Some(self.title.clone()),
            memory_type: (!urls.is_empty()).then(|| "LINK".to_owned()),
            urls: Some(urls),
        }
    }

    fn edit(&self, is_draft: bool) -> Result<Edit, ApiError> {
        let (content, title) = (Some(self.content.clone()), Some(self.title.clone()));
        let change = note::rules::check_change(NoteChange { content, title })?;
        Ok(Edit { change, expected: self.version.map(Timestamp), is_draft })
    }
}

#[derive(Template)]
#[template(path = "note_edit.html")]
struct EditPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    /// The note, unless it is new.
    id: Option<NoteId>,
    typed: Typed,
    html: Option<Markdown>,
    /// The note as somebody has changed it meanwhile.
    other: Option<Note>,
    alert: Option<String>,
}

impl EditPage<'_> {
    /// Returns the address to which the form is sent.
    fn action(&self) -> String {
        self.id.map_or_else(|| PATH.to_owned(), |id| format!("{PATH}/{id}"))
    }

    fn version(&self) -> String {
        self.typed.version.map(|version| version.to_string()).unwrap_or_default()
    }
}

/// The part that the editor shows beside the text.
#[derive(Default)]
struct Beside {
    other: Option<Note>,
    error: Option<ApiError>,
}

fn render(member: &Member, id: Option<NoteId>, typed: Typed, beside: Beside) -> Result<Response, ApiError> {
    let here = id.map_or_else(|| format!("{PATH}/new"), |id| format!("{PATH}/{id}/edit"));
    let page = member.page.clone().at("notes", here);
    let template = EditPage {
        t: Texts::of(page.language),
        id,
        html: (typed.is_preview || !typed.content.is_empty()).then(|| markdown::render(&typed.content)),
        typed,
        alert: beside.error.as_ref().map(|error| error.message(page.language)),
        other: beside.other,
        page: &page,
    };
    match (&beside.error, &template.other) {
        (Some(error), _) => page.refuse(error, &template),
        (None, Some(_)) => page.answer(StatusCode::CONFLICT, &template),
        (None, None) => page.answer(StatusCode::OK, &template),
    }
}

/// Shows the editor for a new note.
pub(crate) async fn show_new(member: Member) -> Result<Response, ApiError> {
    render(&member, None, Typed::default(), Beside::default())
}

/// Shows the editor of a note.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let note = console.memory.note(member.account.id, id).await.map_err(missing)?;
    render(&member, Some(id), typed(note), Beside::default())
}

fn typed(note: Note) -> Typed {
    Typed {
        title: note.title,
        content: note.content,
        version: Some(note.updated_at.as_millis()),
        ..Typed::default()
    }
}

/// Adds a note, or shows a preview or the error.
pub(crate) async fn add(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    if typed.is_preview {
        return render(&member, None, typed, Beside::default());
    }
    let added = match note::rules::check(typed.request()) {
        Ok(new) => console.memory.add_note(member.account.id, new).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(id) => Ok(Redirect::to(&format!("{PATH}/{id}?done=added")).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&member, None, typed, Beside { error: Some(error), other: None })
        }
        Err(error) => Err(error),
    }
}

/// Saves a note, or shows a preview, the error, or what somebody else has changed meanwhile.
pub(crate) async fn save(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(mut typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let (id, account) = (parse(&id)?, member.account.id);
    if typed.is_preview {
        console.memory.note(account, id).await.map_err(missing)?;
        return render(&member, Some(id), typed, Beside::default());
    }
    let edited = match typed.edit(false) {
        Ok(edit) => console.memory.edit_note(account, id, edit).await.map_err(missing),
        Err(error) => Err(error),
    };
    match edited {
        Ok(Edited::Saved(_)) => Ok(Redirect::to(&format!("{PATH}/{id}?done=saved")).into_response()),
        Ok(Edited::Conflict(note)) => {
            // The next attempt knows this version, and replaces it.
            typed.version = Some(note.updated_at.as_millis());
            render(&member, Some(id), typed, Beside { other: Some(*note), error: None })
        }
        Err(error) if error.code() == Code::NotFound => Err(error),
        Err(error) if error.code().status().is_client_error() => {
            render(&member, Some(id), typed, Beside { error: Some(error), other: None })
        }
        Err(error) => Err(error),
    }
}

/// Adds a note that the person is still typing. Responds with its id and version.
pub(crate) async fn add_draft(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    let new = match note::rules::check(typed.request()) {
        Ok(new) => new,
        Err(error) => return Ok(refusal(&error, &member)),
    };
    let id = match console.memory.add_note(account, new).await {
        Ok(id) => id,
        Err(error) if error.code().status().is_client_error() => return Ok(refusal(&error, &member)),
        Err(error) => return Err(error),
    };
    let note = console.memory.note(account, id).await.map_err(missing)?;
    let version = note.updated_at.as_millis();
    Ok(axum::Json(json!({ "id": id.to_string(), "version": version.to_string() })).into_response())
}

/// Saves a note that the person is still typing. Responds with its version, or with the status 409 and the
/// note as somebody else has changed it.
pub(crate) async fn save_draft(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let edited = match typed.edit(true) {
        Ok(edit) => console.memory.edit_note(member.account.id, id, edit).await.map_err(missing),
        Err(error) => Err(error),
    };
    match edited {
        Ok(Edited::Saved(time)) => {
            let version = time.as_millis().to_string();
            Ok(axum::Json(json!({ "id": id.to_string(), "version": version })).into_response())
        }
        Ok(Edited::Conflict(note)) => {
            let version = note.updated_at.as_millis().to_string();
            let body = json!({ "version": version, "title": note.title, "content": note.content });
            Ok((StatusCode::CONFLICT, axum::Json(body)).into_response())
        }
        Err(error) if error.code().status().is_client_error() => Ok(refusal(&error, &member)),
        Err(error) => Err(error),
    }
}

fn refusal(error: &ApiError, member: &Member) -> Response {
    let body = json!({ "message": error.message(member.page.language) });
    (error.code().status(), axum::Json(body)).into_response()
}

/// Returns a text as HTML, for the preview beside the editor.
pub(crate) async fn preview(
    _member: Member,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Html<String>, ApiError> {
    let cut: String = typed.content.chars().take(note::rules::MAX_CONTENT).collect();
    Ok(Html(markdown::render(&cut).to_string()))
}

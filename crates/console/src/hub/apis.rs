//! The pages of the catalog of APIs, which every signed-in person can see and administrators can change.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use hub::catalog::{
    Api, ApiResponse, ApiSpec, ProviderSpec, Source,
    openapi_import::{Note, model::ImportRequest},
};
use web::{ApiError, Code, Issues, Query};

use super::{is_about_form, problems, problems::said, texts, texts::Texts as HubTexts};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
};

const HERE: &str = "/hub/apis";

/// An example of a definition.
const EXAMPLE: &str = r#"{
  "code": "my-api",
  "name": "My API",
  "anonymous": false,
  "accounts": [],
  "keys": [],
  "provider": { "kind": "http", "base_url": "https://api.example.com/v1" },
  "actions": {
    "find": { "summary": "Find something", "method": "GET", "path": "/things/{id}", "query": {} }
  }
}"#;

struct Row {
    code: String,
    name: String,
    class: &'static str,
    state: &'static str,
    source: &'static str,
    health: Option<(&'static str, &'static str)>,
    actions: Vec<(String, String)>,
    /// True if the API also serves actions that are not listed.
    is_open: bool,
}

impl Row {
    fn new(api: &Api, h: &'static HubTexts) -> Self {
        let out = ApiResponse::from(api);
        let (class, state) = if out.spec.enabled { ("good", h.on) } else { ("off", h.off) };
        Self {
            class,
            state,
            source: match out.source {
                Source::Store => h.from_store,
                Source::File => h.from_file,
                Source::Builtin => h.built_in,
            },
            health: out.breaker.map(|breaker| match breaker {
                "closed" => ("good", h.well),
                "open" => ("bad", h.resting),
                _ => ("warn", h.trying),
            }),
            is_open: match &out.spec.provider {
                ProviderSpec::Echo => true,
                ProviderSpec::Http(http) => http.open,
                _ => false,
            },
            actions: out.spec.actions.into_iter().map(|(name, action)| (name, action.summary)).collect(),
            code: out.spec.code,
            name: out.spec.name,
        }
    }
}

#[derive(Template)]
#[template(path = "hub/apis.html")]
struct List<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    is_admin: bool,
    apis: Vec<Row>,
    notice: Option<&'a str>,
}

#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
}

pub(crate) async fn list(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let is_admin = member.account.is_admin;
    let page = member.page.at("hub", HERE);
    let h = texts(page.language);
    let apis = console.hub.apis().iter().map(|api| Row::new(api, h)).collect();
    let notice = match params.done.as_deref() {
        Some("saved") => Some(h.saved),
        Some("deleted") => Some(h.deleted),
        _ => None,
    };
    page.answer(StatusCode::OK, &List { page: &page, h, is_admin, apis, notice })
}

#[derive(Template)]
#[template(path = "hub/api.html")]
struct Edit<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    title: &'a str,
    is_new: bool,
    /// True if the definition is stored in the database, so it can be deleted.
    is_stored: bool,
    code: &'a str,
    definition: &'a str,
    document: &'a str,
    base_url: &'a str,
    problems: Vec<String>,
    notes: Vec<Note>,
}

impl<'a> Edit<'a> {
    fn new(page: &'a Page, definition: &'a str) -> Self {
        let h = texts(page.language);
        Self {
            page,
            h,
            title: h.define,
            is_new: true,
            is_stored: false,
            code: "",
            definition,
            document: "",
            base_url: "",
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }
}

fn admin(member: &Member) -> Result<(), ApiError> {
    if member.account.is_admin { Ok(()) } else { Err(Code::AdminRequired.into()) }
}

pub(crate) async fn new(member: Member) -> Result<Response, ApiError> {
    admin(&member)?;
    let page = member.page.at("hub", "/hub/apis/new");
    page.answer(StatusCode::OK, &Edit::new(&page, EXAMPLE))
}

pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(code): Path<String>,
) -> Result<Response, ApiError> {
    admin(&member)?;
    let api = console.hub.api_of(&code)?;
    let definition = serde_json::to_string_pretty(&api.spec).map_err(ApiError::internal)?;
    let page = member.page.at("hub", format!("{HERE}/{}", api.spec.code));
    let template = Edit {
        title: &api.spec.code,
        is_new: false,
        is_stored: api.source == Source::Store,
        code: &api.spec.code,
        ..Edit::new(&page, &definition)
    };
    page.answer(StatusCode::OK, &template)
}

/// A definition as typed.
pub(crate) struct Definition(String);

impl From<Fields> for Definition {
    fn from(fields: Fields) -> Self {
        Self(fields.text("definition"))
    }
}

pub(crate) async fn save(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Definition(text)): CsrfForm<Definition>,
) -> Result<Response, ApiError> {
    admin(&member)?;
    let saved = match web::strict::from_slice::<ApiSpec>(text.as_bytes()) {
        Ok(spec) => console.hub.save_api(spec).await,
        Err(error) => Err(unreadable("definition", &error)),
    };
    match saved {
        Ok(_) => Ok(Redirect::to("/hub/apis?done=saved").into_response()),
        Err(error) if is_about_form(&error) => {
            let page = member.page.once("hub");
            let problems = problems(&error, page.language);
            page.refuse(&error, &Edit { problems, ..Edit::new(&page, &text) })
        }
        Err(error) => Err(error),
    }
}

fn unreadable(field: &str, error: &serde_json::Error) -> ApiError {
    let mut issues = Issues::body();
    issues.add("json_invalid", field, error.to_string());
    issues.finish().err().unwrap_or_else(|| Code::Unprocessable.into())
}

/// An OpenAPI document as pasted.
pub(crate) struct Pasted {
    code: String,
    base_url: String,
    document: String,
}

impl From<Fields> for Pasted {
    fn from(fields: Fields) -> Self {
        Self {
            code: fields.text("code"),
            base_url: fields.text("base_url"),
            document: fields.text("document"),
        }
    }
}

/// Converts an OpenAPI document to a definition, and shows it to be reviewed and saved.
pub(crate) async fn import(
    State(console): State<Console>,
    member: Member,
    CsrfForm(pasted): CsrfForm<Pasted>,
) -> Result<Response, ApiError> {
    admin(&member)?;
    let request = ImportRequest {
        code: pasted.code.trim().to_owned(),
        document: pasted.document.clone().into(),
        base_url: Some(pasted.base_url.clone()),
        trusted_origins: Vec::new(),
        save: false,
    };
    let imported = console.hub.import_api(request).await;
    let page = member.page.once("hub");
    let pasted_in = |definition| Edit {
        code: &pasted.code,
        document: &pasted.document,
        base_url: &pasted.base_url,
        ..Edit::new(&page, definition)
    };
    match imported {
        Ok((spec, mut notes, _)) => {
            for note in &mut notes {
                note.text = said(&note.text, page.language);
            }
            let definition = serde_json::to_string_pretty(&spec).map_err(ApiError::internal)?;
            page.answer(StatusCode::OK, &Edit { notes, ..pasted_in(&definition) })
        }
        Err(error) if is_about_form(&error) => {
            let problems = problems(&error, page.language);
            page.refuse(&error, &Edit { problems, ..pasted_in(EXAMPLE) })
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path(code): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    admin(&member)?;
    console.hub.delete_api(&code).await?;
    Ok(Redirect::to("/hub/apis?done=deleted").into_response())
}

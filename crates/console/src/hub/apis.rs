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

use super::{
    editor::{self, ApiFields},
    is_about_form, problems,
    problems::said,
    texts,
    texts::Texts as HubTexts,
};
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
    /// True if the API is served.
    is_on: bool,
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
            is_on: out.spec.enabled,
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
    /// The fields; `None` for the definition as JSON.
    fields: Option<&'a ApiFields>,
    definition: &'a str,
    document: &'a str,
    base_url: &'a str,
    /// The state of the upstream, and the names of the tools that agents see.
    health: Option<(&'static str, &'static str)>,
    tools: Vec<String>,
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
            fields: None,
            definition,
            document: "",
            base_url: "",
            health: None,
            tools: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Fills in what is known of an API.
    fn of(self, api: &'a Api) -> Self {
        let tool = |action: &String| format!("{}__{action}", api.spec.code);
        Self {
            title: if api.spec.name.is_empty() { &api.spec.code } else { &api.spec.name },
            is_new: false,
            is_stored: api.source == Source::Store,
            code: &api.spec.code,
            health: Row::new(api, self.h).health,
            tools: api.spec.actions.keys().filter(|name| !name.is_empty()).map(tool).collect(),
            ..self
        }
    }

    /// Returns the address of this page in the other way of editing.
    fn here(&self) -> String {
        if self.is_new { format!("{HERE}/new") } else { format!("{HERE}/{}", self.code) }
    }
}

fn admin(member: &Member) -> Result<(), ApiError> {
    if member.account.is_admin { Ok(()) } else { Err(Code::AdminRequired.into()) }
}

/// The way in which a definition is edited.
#[derive(serde::Deserialize)]
pub(crate) struct Way {
    #[serde(rename = "as")]
    way: Option<String>,
}

impl Way {
    fn is_json(&self) -> bool {
        self.way.as_deref() == Some("json")
    }
}

pub(crate) async fn new(member: Member, Query(way): Query<Way>) -> Result<Response, ApiError> {
    admin(&member)?;
    let fields = ApiFields::new().with_new_action();
    let page = member.page.at("hub", format!("{HERE}/new{}", if way.is_json() { "?as=json" } else { "" }));
    let fields = (!way.is_json()).then_some(&fields);
    page.answer(StatusCode::OK, &Edit { fields, ..Edit::new(&page, EXAMPLE) })
}

pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(code): Path<String>,
    Query(way): Query<Way>,
) -> Result<Response, ApiError> {
    admin(&member)?;
    let api = console.hub.api_of(&code)?;
    let definition = serde_json::to_string_pretty(&api.spec).map_err(ApiError::internal)?;
    let is_json = way.is_json() || api.spec.actions.len() > editor::MOST_ACTIONS;
    let suffix = if is_json { "?as=json" } else { "" };
    let page = member.page.at("hub", format!("{HERE}/{}{suffix}", api.spec.code));
    let fields = ApiFields::of(&api.spec);
    let template = Edit { fields: (!is_json).then_some(&fields), ..Edit::new(&page, &definition).of(&api) };
    page.answer(StatusCode::OK, &template)
}

/// The fields as typed, and the button that was pressed.
pub(crate) struct Sent {
    fields: ApiFields,
    adds_action: bool,
}

impl From<Fields> for Sent {
    fn from(fields: Fields) -> Self {
        Self { adds_action: fields.text("do") == "action", fields: fields.into() }
    }
}

/// Saves a definition that was edited as fields, or shows the form again with one more action.
pub(crate) async fn save_fields(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Sent { fields, adds_action }): CsrfForm<Sent>,
) -> Result<Response, ApiError> {
    admin(&member)?;
    let base = if fields.was.is_empty() { None } else { Some(console.hub.api_of(&fields.was)?) };
    let (error, fields) = if adds_action {
        (None, fields.with_new_action())
    } else {
        let saved = match fields.over(base.as_ref().map(|api| &api.spec)) {
            Ok(spec) => console.hub.save_api(spec).await,
            Err(error) => Err(error),
        };
        match saved {
            Ok(_) => return Ok(Redirect::to("/hub/apis?done=saved").into_response()),
            Err(error) if is_about_form(&error) => (Some(error), fields),
            Err(error) => return Err(error),
        }
    };
    let page = member.page.once("hub");
    let edit = Edit { fields: Some(&fields), ..Edit::new(&page, EXAMPLE) };
    let edit = match base.as_deref() {
        Some(api) => edit.of(api),
        None => edit,
    };
    match &error {
        Some(error) => {
            let problems = problems(error, page.language);
            page.refuse(error, &Edit { problems, ..edit })
        }
        None => page.answer(StatusCode::OK, &edit),
    }
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

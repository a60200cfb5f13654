//! `/admin/models`: the models, their order, and trying them.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chat::{
    EndpointId,
    models::{Options, Purpose, Trial, TrialError},
    provider::Origin,
};
use http::StatusCode;
use identity::AuditAction;
use web::{ApiError, Code, Query};

use super::{
    Admin, MODELS,
    form::{Typed, problems},
    texts::Texts,
    view::{self, Card, FoundView, SearchCard, TrialView, causes},
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    problems::Problems,
    texts::fill,
};

/// Well-known servers, for the suggestions of the address field.
const KNOWN: &[(&str, &str)] = &[
    ("http://127.0.0.1:11434/v1", "Ollama"),
    ("http://127.0.0.1:8080/v1", "llama.cpp"),
    ("http://127.0.0.1:1234/v1", "LM Studio"),
    ("https://api.deepseek.com/v1", "DeepSeek"),
    ("https://dashscope.aliyuncs.com/compatible-mode/v1", "Qwen"),
    ("https://api.moonshot.cn/v1", "Kimi"),
    ("https://open.bigmodel.cn/api/paas/v4", "GLM"),
    ("https://api.siliconflow.cn/v1", "SiliconFlow"),
    ("https://openrouter.ai/api/v1", "OpenRouter"),
    ("https://api.openai.com/v1", "OpenAI"),
];
/// Parts of names of models that do not chat.
const SILENT: &[&str] = &["embed", "bge", "rerank", "whisper", "tts", "e5-"];

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    /// The id of the model whose form is open.
    edit: Option<String>,
    /// Set if the form for a new model is open.
    add: Option<String>,
    /// Set if servers on this machine are looked for.
    look: Option<String>,
    done: Option<String>,
}

/// The fields of a button about one model.
pub(crate) struct OneForm {
    id: String,
    to: String,
    base_url: String,
    name: String,
}

impl From<Fields> for OneForm {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        Self { id: text("id"), to: text("to"), base_url: text("base_url"), name: text("name") }
    }
}

/// The parts of the page beside the list.
#[derive(Default)]
struct Shown {
    /// The open form.
    form: Option<Typed>,
    problems: Problems,
    alert: Option<&'static str>,
    notice: Option<&'static str>,
    trial: Option<Trial>,
    /// The models of the server in the form.
    listed: Option<Result<Vec<String>, TrialError>>,
    looks: bool,
}

#[derive(Template)]
#[template(path = "admin/models.html")]
struct ModelsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    cards: Vec<Card>,
    /// The form for a new model.
    new: Option<Typed>,
    /// The number of the built-in responder.
    last: usize,
    problems: Problems,
    alert: Option<&'static str>,
    notice: Option<&'static str>,
    trial: Option<TrialView>,
    looks: bool,
    found: Vec<FoundView>,
    listed: Vec<String>,
    /// The class and the text of the message about the list.
    listed_note: Option<(&'static str, String)>,
    known: &'static [(&'static str, &'static str)],
    searches: Vec<SearchCard>,
    /// No problems, for forms that are not open.
    none: Problems,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    Admin(member): Admin,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let t = Texts::of(member.page.language);
    let form = match params.edit.as_deref().map(str::parse::<EndpointId>) {
        Some(Ok(id)) => Some(open(&console, id)?),
        Some(Err(_no_number)) => return Err(Code::NotFound.into()),
        None => params.add.map(|_| Typed::of(None, Purpose::Chat, &Options::default())),
    };
    let notice = match params.done.as_deref() {
        Some("saved") => Some(t.saved),
        Some("removed") => Some(t.removed),
        Some("moved") => Some(t.moved),
        _ => None,
    };
    let shown = Shown { form, notice, looks: params.look.is_some(), ..Shown::default() };
    render(&console, member, shown, StatusCode::OK).await
}

/// Returns the form of a model that the page configured.
fn open(console: &Console, id: EndpointId) -> Result<Typed, ApiError> {
    let models = console.chat.connected_models();
    let model = models.iter().find(|model| model.origin == Origin::Page(id)).ok_or(Code::NotFound)?;
    Ok(Typed::of(Some(id), Purpose::Chat, &model.options))
}

async fn render(
    console: &Console,
    member: Member,
    mut shown: Shown,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let page = member.page.at("admin", MODELS);
    let t = Texts::of(page.language);
    let mut cards = view::cards(console.chat.connected_models(), t);
    let mut searches = searches(console, t);
    let mut new = None;
    match shown.form.take() {
        Some(form) if Purpose::parse(&form.purpose).is_some_and(|purpose| purpose != Purpose::Chat) => {
            if let Some(card) = searches.iter_mut().find(|card| card.purpose == form.purpose) {
                (card.form, card.is_open) = (form, true);
            }
        }
        Some(form) => {
            let id = form.id.map(|id| id.to_string()).unwrap_or_default();
            match cards.iter_mut().find(|card| card.id == id) {
                Some(card) => card.form = Some(form),
                None => new = Some(form),
            }
        }
        None => {}
    }
    let found = if shown.looks { console.chat.look_around().await } else { Vec::new() };
    let (listed, listed_note) = listed(shown.listed, t);
    let template = ModelsPage {
        page: &page,
        t,
        last: cards.len() + 1 + usize::from(new.is_some()),
        cards,
        new,
        problems: shown.problems,
        alert: shown.alert,
        notice: shown.notice,
        trial: shown.trial.map(|trial| view::trial(trial, t.question, t)),
        looks: shown.looks,
        found: view::found(found, t),
        listed,
        listed_note,
        known: KNOWN,
        searches,
        none: Problems::default(),
    };
    page.answer(status, &template)
}

fn searches(console: &Console, t: &'static Texts) -> Vec<SearchCard> {
    let (chat, memory) = (&console.chat, &console.memory);
    vec![
        view::search_card(
            (Purpose::Embedding, t.embedding, t.embedding_lead),
            memory.embedding_in_use(),
            chat.search_endpoint(Purpose::Embedding),
            "embedding.base_url",
            t,
        ),
        view::search_card(
            (Purpose::Rerank, t.rerank, t.rerank_lead),
            memory.rerank_in_use(),
            chat.search_endpoint(Purpose::Rerank),
            "rerank.base_url",
            t,
        ),
        view::search_card(
            (Purpose::Speech, t.speech, t.speech_lead),
            chat.speech_in_use(),
            chat.search_endpoint(Purpose::Speech),
            "speech.base_url",
            t,
        ),
    ]
}

/// Returns the suggestions of the field for the model, and the message about them.
fn listed(
    listed: Option<Result<Vec<String>, TrialError>>,
    t: &'static Texts,
) -> (Vec<String>, Option<(&'static str, String)>) {
    match listed {
        None => (Vec::new(), None),
        Some(Ok(names)) => {
            let note = fill(t.listed, names.len());
            (names, Some(("good", note)))
        }
        Some(Err(error)) => {
            let (what, advice) = causes(error.cause, t);
            let status = error.status.map(|status| format!("{status}: ")).unwrap_or_default();
            (Vec::new(), Some(("bad", format!("{status}{what}. {advice} {}", error.said))))
        }
    }
}

/// Saves a model. The other buttons of the form also try it, or list the models of its server.
pub(crate) async fn save(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let typed = Typed { purpose: Purpose::Chat.name().to_owned(), ..typed };
    if typed.then == "list" {
        let listed = console.chat.list_models(&typed.base_url, &typed.key_input(), typed.id).await;
        let t = Texts::of(member.page.language);
        let notice = (!typed.key.is_empty()).then_some(t.listed_key);
        let shown = Shown { form: Some(typed), listed: Some(listed), notice, ..Shown::default() };
        return render(&console, member, shown, StatusCode::OK).await;
    }
    let (entry, options, key) =
        (console.identity.audit(AuditAction::ModelSaved, ""), typed.options(), typed.key_input());
    match console.chat.save_endpoint(entry, Purpose::Chat, typed.id, options, key).await {
        Ok(id) if typed.then == "test" => {
            let question = Texts::of(member.page.language).question;
            let trial = console.chat.try_model(Origin::Page(id), question).await;
            let is_good = trial.as_ref().is_some_and(|trial| trial.result.is_ok());
            let form = if is_good { None } else { Some(open(&console, id)?) };
            let shown = Shown { form, trial, ..Shown::default() };
            render(&console, member, shown, StatusCode::OK).await
        }
        Ok(_) => Ok(done("saved")),
        Err(error) => refuse(&console, member, typed, &error).await,
    }
}

/// Shows the form again with what is wrong.
async fn refuse(
    console: &Console,
    member: Member,
    typed: Typed,
    error: &ApiError,
) -> Result<Response, ApiError> {
    let t = Texts::of(member.page.language);
    let alert = match error.code() {
        Code::Unprocessable => t.p_wrong,
        Code::InvalidParam => t.p_many,
        _ => return Err(error.code().into()),
    };
    let shown =
        Shown { form: Some(typed), problems: problems(error, t), alert: Some(alert), ..Shown::default() };
    render(console, member, shown, error.code().status()).await
}

/// Tries a model, wherever it is configured.
pub(crate) async fn test(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(form): CsrfForm<OneForm>,
) -> Result<Response, ApiError> {
    let question = Texts::of(member.page.language).question;
    let trial = match (Purpose::parse(&form.id), form.id.strip_prefix("setting-")) {
        (Some(purpose), _) => console.chat.try_search(purpose).await,
        (None, Some(place)) => {
            let place = place.parse().map_err(|_no_number| Code::NotFound)?;
            console.chat.try_model(Origin::Setting(place), question).await
        }
        (None, None) => {
            let id = form.id.parse().map_err(|_no_number| Code::NotFound)?;
            console.chat.try_model(Origin::Page(id), question).await
        }
    };
    let trial = Some(trial.ok_or(Code::NotFound)?);
    render(&console, member, Shown { trial, ..Shown::default() }, StatusCode::OK).await
}

/// Moves a model up or down.
pub(crate) async fn reorder(
    State(console): State<Console>,
    Admin(_member): Admin,
    CsrfForm(form): CsrfForm<OneForm>,
) -> Result<Response, ApiError> {
    let id = form.id.parse().map_err(|_no_number| Code::NotFound)?;
    let entry = console.identity.audit(AuditAction::ModelMoved, &form.to);
    console.chat.move_model(entry, id, form.to == "up").await?;
    Ok(done("moved"))
}

/// Removes a model.
pub(crate) async fn delete(
    State(console): State<Console>,
    Admin(_member): Admin,
    CsrfForm(form): CsrfForm<OneForm>,
) -> Result<Response, ApiError> {
    let id = form.id.parse().map_err(|_no_number| Code::NotFound)?;
    let entry = console.identity.audit(AuditAction::ModelDeleted, "");
    console.chat.delete_endpoint(entry, Purpose::Chat, id).await?;
    Ok(done("removed"))
}

/// Connects a server that was found on this machine, with all its models.
pub(crate) async fn connect(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(form): CsrfForm<OneForm>,
) -> Result<Response, ApiError> {
    let found = console.chat.look_around().await;
    let found = found.into_iter().find(|found| found.base_url == form.base_url).ok_or(Code::NotFound)?;
    let is_silent = |name: &str| SILENT.iter().any(|part| name.to_lowercase().contains(part));
    let first = found.models.iter().find(|name| !is_silent(name)).or_else(|| found.models.first());
    let chosen = found.models.iter().find(|name| **name == form.name).or(first).ok_or(Code::NotFound)?;
    let name = chosen.clone();
    let others = found.models.iter().filter(|other| **other != name && !is_silent(other));
    let names = others.take(chat::models::rules::MAX_NAMES).map(|other| (other.clone(), other.clone()));
    let options =
        Options { base_url: found.base_url.clone(), names: names.collect(), name, ..Options::default() };
    let typed = Typed::of(None, Purpose::Chat, &options);
    let key = chat::models::KeyInput::Remove;
    let entry = console.identity.audit(AuditAction::ModelSaved, "");
    match console.chat.save_endpoint(entry, Purpose::Chat, None, options, key).await {
        Ok(_) => Ok(done("saved")),
        Err(error) => refuse(&console, member, typed, &error).await,
    }
}

/// Saves, tries or removes an endpoint for searches.
pub(crate) async fn save_search(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let purpose = Purpose::parse(&typed.purpose).filter(|purpose| *purpose != Purpose::Chat);
    let purpose = purpose.ok_or(Code::NotFound)?;
    if typed.then == "remove" {
        let stored = console.chat.search_endpoint(purpose).ok_or(Code::NotFound)?;
        let entry = console.identity.audit(AuditAction::ModelDeleted, "");
        console.chat.delete_endpoint(entry, purpose, stored.id).await?;
        return Ok(done("removed"));
    }
    if typed.then == "list" {
        let listed = console.chat.list_models(&typed.base_url, &typed.key_input(), typed.id).await;
        let t = Texts::of(member.page.language);
        let notice = (!typed.key.is_empty()).then_some(t.listed_key);
        let shown = Shown { form: Some(typed), listed: Some(listed), notice, ..Shown::default() };
        return render(&console, member, shown, StatusCode::OK).await;
    }
    let entry = console.identity.audit(AuditAction::ModelSaved, "");
    let saved =
        console.chat.save_endpoint(entry, purpose, None, typed.search_options(), typed.key_input()).await;
    match saved {
        Ok(_) if typed.then == "test" => {
            let trial = console.chat.try_search(purpose).await;
            render(&console, member, Shown { trial, ..Shown::default() }, StatusCode::OK).await
        }
        Ok(_) => Ok(done("saved")),
        Err(error) => refuse(&console, member, typed, &error).await,
    }
}

fn done(what: &str) -> Response {
    Redirect::to(&format!("{MODELS}?done={what}")).into_response()
}

//! The page of an app: its settings, its webhook deliveries, and forms to change it.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use identity::{
    Application,
    webhook::{Delivery, State as Sending},
};
use web::{ApiError, Query};

use super::{
    AppView,
    form::{AppForm, Choice, Problems},
    texts::Texts,
    usage::{self, Usage},
};
use crate::{
    Console,
    keys::usage::period,
    page::{Member, Page},
    when::When,
};

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
    days: Option<String>,
}

/// A webhook delivery in the list.
struct DeliveryView {
    event_id: String,
    at: When,
    state_text: &'static str,
    state_class: &'static str,
    attempts: i64,
    result: String,
    next: Option<When>,
}

impl DeliveryView {
    fn new(delivery: Delivery, t: &'static Texts) -> Self {
        let (state_text, state_class) = match delivery.state {
            Sending::Waiting => (t.delivery_waiting, "warn"),
            Sending::Delivered => (t.delivery_delivered, "good"),
            Sending::GivenUp => (t.delivery_given_up, "bad"),
        };
        Self {
            event_id: delivery.event_id,
            at: When(delivery.tried_at.unwrap_or(delivery.created_at)),
            state_text,
            state_class,
            attempts: delivery.attempts,
            result: delivery.status.map_or(delivery.note, |status| format!("HTTP {status}")),
            next: (delivery.state == Sending::Waiting).then_some(When(delivery.due_at)),
        }
    }
}

/// A message at the top of the page.
pub(super) enum Notice {
    None,
    Good(String),
    Bad(String),
}

#[derive(Template)]
#[template(path = "apps_one.html")]
struct OnePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    app: AppView,
    form: AppForm,
    choices: Vec<Choice>,
    problems: Problems,
    good: Option<String>,
    bad: Option<String>,
    link: String,
    has_webhook: bool,
    usage: Usage,
    deliveries: Vec<DeliveryView>,
}

/// Shows the page of an app.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let app = console.identity.own_application(member.account.id, &id).await?;
    let form = AppForm::of(&app);
    let saved = params.done.as_deref() == Some("saved");
    let notice = if saved { Notice::Good(texts(&member).saved.to_owned()) } else { Notice::None };
    let period = period(params.days.as_deref());
    render_for(&console, member, &app, form, notice, None, period).await
}

pub(super) fn texts(member: &Member) -> &'static Texts {
    Texts::of(member.page.language)
}

pub(super) async fn render(
    console: &Console,
    member: Member,
    app: &Application,
    form: AppForm,
    notice: Notice,
    refused: Option<(ApiError, Problems)>,
) -> Result<Response, ApiError> {
    render_for(console, member, app, form, notice, refused, period(None)).await
}

async fn render_for(
    console: &Console,
    member: Member,
    app: &Application,
    form: AppForm,
    notice: Notice,
    refused: Option<(ApiError, Problems)>,
    period: i64,
) -> Result<Response, ApiError> {
    let page = member.page.at("apps", format!("/apps/{}?days={period}", app.id));
    let t = Texts::of(page.language);
    let usage = usage::read(console, member.account.id, app, period, page.t).await?;
    let deliveries = console.identity.deliveries(member.account.id, &app.id).await?;
    let (error, problems) = refused.unzip();
    let (good, bad) = match notice {
        Notice::None => (None, None),
        Notice::Good(text) => (Some(text), None),
        Notice::Bad(text) => (None, Some(text)),
    };
    let template = OnePage {
        page: &page,
        t,
        choices: form.choices(page.language),
        form,
        problems: problems.unwrap_or_default(),
        good,
        bad,
        link: link(console, app),
        usage,
        has_webhook: !app.webhook_url.is_empty(),
        deliveries: deliveries.into_iter().map(|delivery| DeliveryView::new(delivery, t)).collect(),
        app: AppView::new(app, t),
    };
    match error {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

/// Returns the address of the consent page, to which the app sends people.
fn link(console: &Console, app: &Application) -> String {
    let first = app.redirect_uris.first().map_or("", String::as_str);
    let uri: String = form_urlencoded::byte_serialize(first.as_bytes()).collect();
    let link = format!(
        "{}/oauth/?client_id={}&redirect_uri={uri}&response_type=code&state=STATE",
        console.public_url, app.id
    );
    // A public app gets no code without a challenge.
    if app.is_public { format!("{link}&code_challenge=CHALLENGE&code_challenge_method=S256") } else { link }
}

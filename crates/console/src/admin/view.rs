//! The parts of the page of models, in the person's language. No I/O.

use std::{net::IpAddr, time::Duration};

use chat::{
    EndpointId,
    models::{Cause, EndpointView, FoundServer, KeyView, ModelView, Trial, TrialResponse},
    provider::{Origin, Outcome},
};
use memory::meaning::{InUse, Place};

use super::{form::Typed, texts::Texts};
use crate::texts::fill;

/// A badge: its class and its text.
pub(super) type Badge = (&'static str, String);

/// A model of the list.
pub(super) struct Card {
    pub(super) number: usize,
    /// The value of the field `id` of its forms.
    pub(super) id: String,
    /// True if the page configured it.
    pub(super) is_own: bool,
    pub(super) name: String,
    pub(super) about: String,
    /// The note about the setting that configures it.
    pub(super) setting: Option<String>,
    pub(super) badge: Badge,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) may_rise: bool,
    pub(super) may_sink: bool,
    pub(super) key: String,
    pub(super) has_key: bool,
    pub(super) form: Option<Typed>,
}

/// A model for searches.
pub(super) struct SearchCard {
    pub(super) purpose: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    /// The name of the model in use, and where it is; or that there is none.
    pub(super) name: String,
    pub(super) about: String,
    pub(super) setting: Option<String>,
    pub(super) key: String,
    pub(super) has_key: bool,
    pub(super) is_open: bool,
    /// True if the page configured an endpoint.
    pub(super) is_own: bool,
    pub(super) form: Typed,
}

/// The outcome of a trial.
pub(super) struct TrialView {
    pub(super) badge: Badge,
    pub(super) about: String,
    pub(super) comment: String,
    pub(super) said: String,
    /// The outcome and the advice.
    pub(super) advice: Option<(&'static str, &'static str)>,
}

/// A server of models on this machine.
pub(super) struct FoundView {
    pub(super) base_url: String,
    pub(super) program: String,
    pub(super) count: String,
    pub(super) models: Vec<String>,
    pub(super) is_connected: bool,
}

/// Returns the cards of the models.
pub(super) fn cards(models: Vec<ModelView>, t: &'static Texts) -> Vec<Card> {
    let is_own = |model: &ModelView| matches!(model.origin, Origin::Page(_));
    let own: Vec<EndpointId> = models
        .iter()
        .filter_map(|model| match model.origin {
            Origin::Page(id) => Some(id),
            Origin::Setting(_) => None,
        })
        .collect();
    let card = |(at, model): (usize, ModelView)| {
        let (id, setting) = match model.origin {
            Origin::Page(id) => (id.to_string(), None),
            Origin::Setting(0) => ("setting-0".to_owned(), Some("model.base_url".to_owned())),
            Origin::Setting(place) => {
                (format!("setting-{place}"), Some(format!("model.fallback.{}.base_url", place - 1)))
            }
        };
        let place = own.iter().position(|own| model.origin == Origin::Page(*own));
        Card {
            number: at + 1,
            id,
            is_own: is_own(&model),
            name: model.options.name.clone(),
            about: about(&model.options.base_url, t),
            setting: setting.map(|setting| fill(t.from_setting, setting)),
            badge: badge(&model, t),
            facts: facts(&model, t),
            may_rise: place.is_some_and(|place| place > 0),
            may_sink: place.is_some_and(|place| place + 1 < own.len()),
            key: key(&model.key, t),
            has_key: model.key != KeyView::None,
            form: None,
        }
    };
    models.into_iter().enumerate().map(card).collect()
}

fn badge(model: &ModelView, t: &Texts) -> Badge {
    match (&model.key, &model.health.last) {
        (KeyView::Lost, _) => ("bad dot", t.c_key_lost.to_owned()),
        (_, None) => ("", t.unused.to_owned()),
        (_, Some(Outcome { result: Ok(_), .. })) => ("good dot", t.ok.to_owned()),
        (_, Some(Outcome { result: Err(failure), .. })) => {
            ("bad dot", causes(Cause::of(failure), t).0.to_owned())
        }
    }
}

fn facts(model: &ModelView, t: &'static Texts) -> Vec<(&'static str, String)> {
    let mut facts = vec![(t.address, model.options.base_url.clone()), (t.key, key(&model.key, t))];
    if let Some(Outcome { result: Ok(first), .. }) = &model.health.last {
        facts.push((t.first_wait, format!("{} s", seconds(*first))));
    }
    let health = &model.health;
    if health.last.is_some() {
        let counts = [fill(t.answered, health.answered), fill(t.failed, health.failed)];
        facts.push((t.requests, counts.join(" · ")));
    }
    let able = [(t.tools, model.options.tools), (t.images, model.options.images)];
    let able: Vec<&str> = able.into_iter().filter(|(_, is_able)| *is_able).map(|(name, _)| name).collect();
    facts.push((t.able, if able.is_empty() { t.text_only.to_owned() } else { able.join(" · ") }));
    facts
}

fn key(key: &KeyView, t: &Texts) -> String {
    match key {
        KeyView::None => t.key_none.to_owned(),
        KeyView::Lost => t.key_lost.to_owned(),
        KeyView::Ends(end) if end.is_empty() => t.key_set.to_owned(),
        KeyView::Ends(end) => format!("····{end}"),
    }
}

/// Returns where the texts go that are sent to an address.
fn about(base_url: &str, t: &Texts) -> String {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match bare.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => t.here.to_owned(),
        Ok(IpAddr::V4(address)) if address.is_private() => t.in_network.to_owned(),
        _ if bare == "localhost" => t.here.to_owned(),
        _ => fill(t.sent_to, host),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64().max(0.05))
}

/// Returns the card of a model for searches.
pub(super) fn search_card(
    (purpose, title, lead): (chat::models::Purpose, &'static str, &'static str),
    in_use: Option<InUse>,
    stored: Option<EndpointView>,
    setting: &str,
    t: &'static Texts,
) -> SearchCard {
    let (name, about_model, place) = match in_use {
        None => (t.rerank_none.to_owned(), String::new(), None),
        Some(InUse { place: Place::BuiltIn, name, .. }) => (name, t.in_binary.to_owned(), None),
        Some(InUse { place, base_url, name }) => (name, about(&base_url, t), Some(place)),
    };
    let form = match &stored {
        Some(stored) => Typed::of(Some(stored.id), purpose, &stored.options),
        None => Typed::of(None, purpose, &chat::models::Options::default()),
    };
    SearchCard {
        purpose: purpose.name(),
        title,
        lead,
        name,
        about: about_model,
        setting: (place == Some(Place::Setting)).then(|| fill(t.from_setting, setting)),
        key: stored.as_ref().map(|stored| key(&stored.key, t)).unwrap_or_default(),
        has_key: stored.as_ref().is_some_and(|stored| stored.key != KeyView::None),
        is_open: stored.as_ref().is_some_and(|stored| stored.key == KeyView::Lost),
        is_own: stored.is_some(),
        form,
    }
}

/// Returns the outcome of a trial.
pub(super) fn trial(trial: Trial, question: &str, t: &'static Texts) -> TrialView {
    let mut about = vec![trial.name];
    about.extend(trial.first.map(|first| fill(t.first_at, seconds(first))));
    about.push(fill(t.total_at, seconds(trial.total)));
    let about = about.join(" · ");
    match trial.result {
        Ok(answer) => {
            let (comment, said) = match answer {
                TrialResponse::Text(text) => (format!("{}{question}", t.asked), text),
                TrialResponse::Vector(size) => (String::new(), fill(t.vector_of, size)),
                TrialResponse::Scores(count) => (String::new(), fill(t.scores_of, count)),
                TrialResponse::Sound(duration) => (String::new(), fill(t.sound_of, seconds(duration))),
            };
            TrialView { badge: ("good dot", t.success.to_owned()), about, comment, said, advice: None }
        }
        Err(error) => {
            let status = error.status.map(|status| format!("{status} ")).unwrap_or_default();
            let said = if error.said.is_empty() { t.no_words.to_owned() } else { error.said };
            TrialView {
                badge: ("bad dot", format!("{status}{}", t.failure)),
                about,
                comment: t.own_words.to_owned(),
                said,
                advice: Some(causes(error.cause, t)),
            }
        }
    }
}

/// Returns the servers on this machine.
pub(super) fn found(found: Vec<FoundServer>, t: &Texts) -> Vec<FoundView> {
    let view = |found: FoundServer| FoundView {
        program: if found.program.is_empty() { found.base_url.clone() } else { found.program.to_owned() },
        count: fill(t.found_models, found.models.len()),
        base_url: found.base_url,
        models: found.models,
        is_connected: found.is_connected,
    };
    found.into_iter().map(view).collect()
}

/// Returns what a cause means, and what to do about it.
pub(super) const fn causes(cause: Cause, t: &Texts) -> (&'static str, &'static str) {
    match cause {
        Cause::Key => (t.c_key, t.d_key),
        Cause::KeyLost => (t.c_key_lost, t.d_key_lost),
        Cause::NotRunning => (t.c_not_running, t.d_not_running),
        Cause::NoHost => (t.c_no_host, t.d_no_host),
        Cause::Tls => (t.c_tls, t.d_tls),
        Cause::Forbidden => (t.c_forbidden, t.d_forbidden),
        Cause::Connection => (t.c_connection, t.d_connection),
        Cause::Path => (t.c_path, t.d_path),
        Cause::Model => (t.c_model, t.d_model),
        Cause::Quota => (t.c_quota, t.d_quota),
        Cause::Server => (t.c_server, t.d_server),
        Cause::Slow => (t.c_slow, t.d_slow),
        Cause::Protocol => (t.c_protocol, t.d_protocol),
        Cause::Empty => (t.c_empty, t.d_empty),
        Cause::Spent => (t.c_spent, t.d_spent),
        Cause::Other => (t.c_other, t.d_other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_where_their_words_go() {
        let t = Texts::of(web::Language::En);
        for (url, expected) in [
            ("http://127.0.0.1:11434/v1", t.here),
            ("http://[::1]:1/v1", t.here),
            ("http://localhost/v1", t.here),
            ("http://192.168.1.2:8000/v1", t.in_network),
            ("https://api.example.com/v1", "Conversations are sent to api.example.com"),
        ] {
            assert_eq!(about(url, t), expected, "{url}");
        }
    }
}

//! The form of an app, and the problems with its fields.

use identity::{Application, Scope, ScopeSet, application::ApplicationRequest};
use web::{ApiError, Code, Language};

use super::texts::Texts;
use crate::{form::Fields, texts::fill};

/// The form that creates or changes an app.
#[derive(Default)]
pub(crate) struct AppForm {
    pub(super) name: String,
    pub(super) description: String,
    /// Redirect URIs, one per line.
    pub(super) uris: String,
    pub(super) icon: String,
    pub(super) is_public: bool,
    pub(super) scopes: Vec<String>,
    pub(super) webhook_url: String,
    pub(super) webhook_enabled: bool,
    pub(super) webhook_secret: String,
}

impl From<Fields> for AppForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            description: fields.text("description"),
            uris: fields.text("uris"),
            icon: fields.text("icon"),
            is_public: fields.text("kind") == "public",
            scopes: fields.all("scope"),
            webhook_url: fields.text("webhook_url"),
            webhook_enabled: fields.text("webhook_enabled") == "1",
            webhook_secret: fields.text("webhook_secret"),
        }
    }
}

impl AppForm {
    /// Returns the form filled with the settings of an app.
    pub(super) fn of(app: &Application) -> Self {
        Self {
            name: app.name.clone(),
            description: app.description.clone(),
            uris: app.redirect_uris.join("\n"),
            icon: app.icon_url.clone(),
            is_public: app.is_public,
            scopes: app.scopes.names().into_iter().map(str::to_owned).collect(),
            webhook_url: app.webhook_url.clone(),
            webhook_enabled: app.webhook_enabled,
            webhook_secret: String::new(),
        }
    }

    /// Returns the form as a request of the API.
    pub(super) fn request(&self) -> ApplicationRequest {
        let uris = self.uris.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        let kind = if self.is_public { "public" } else { "confidential" };
        ApplicationRequest {
            app_name: Some(self.name.clone()),
            app_description: Some(self.description.trim().replace("\r\n", "\n")),
            redirect_uris: Some(uris.collect()),
            allowed_scopes: Some(self.scopes.clone()),
            client_type: Some(kind.to_owned()),
            icon_url: Some(self.icon.trim().to_owned()),
            authorization_revoked_webhook_url: Some(self.webhook_url.trim().to_owned()),
            authorization_revoked_webhook_enabled: Some(self.webhook_enabled),
            authorization_revoked_webhook_secret: Some(self.webhook_secret.trim().to_owned())
                .filter(|secret| !secret.is_empty()),
        }
    }

    /// Returns the checkboxes for scopes.
    pub(super) fn choices(&self, language: Language) -> Vec<Choice> {
        let names = self.scopes.iter().filter_map(|name| Scope::parse(name));
        let chosen = names.fold(ScopeSet::EMPTY, |mut set, scope| {
            set.insert(scope);
            set
        });
        let all = Scope::ALL.iter().filter(|scope| scope.is_for_apps());
        all.map(|scope| Choice {
            name: scope.name(),
            meaning: scope.meaning(language),
            is_chosen: chosen.contains(*scope),
        })
        .collect()
    }
}

/// A checkbox for a scope.
pub(super) struct Choice {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) is_chosen: bool,
}

/// Problems by the name of the field.
#[derive(Default)]
pub(super) struct Problems(Vec<(&'static str, String)>);

impl Problems {
    /// Turns an error into problems with the form. Returns `None` if the error is about something else.
    pub(super) fn of(error: &ApiError, t: &'static Texts, most: i64, language: Language) -> Option<Self> {
        let one = |field, text: String| Some(Self(vec![(field, text)]));
        match error.code() {
            Code::OauthRedirectInvalid => one("uris", fill(t.uri_problem, error.argument(language))),
            Code::OauthScopeInvalid | Code::OauthScopeDisallowed => {
                one("scopes", t.scopes_problem.to_owned())
            }
            Code::InvalidParam => one("form", fill(t.too_many, most)),
            Code::Unprocessable => {
                let field = |issue: &web::issues::Issue| match issue.loc.get(1).map(String::as_str) {
                    Some("appName") => ("name", t.name_problem),
                    Some("appDescription") => ("description", t.description_problem),
                    Some("redirectUris") => ("uris", t.uris_problem),
                    Some("allowedScopes") => ("scopes", t.scopes_problem),
                    Some("iconUrl") => ("icon", t.icon_problem),
                    Some("authorizationRevokedWebhookSecret") => ("webhook_secret", t.webhook_secret_problem),
                    _ => ("webhook_url", t.webhook_url_problem),
                };
                let all = error.list().iter().map(field);
                Some(Self(all.map(|(field, text)| (field, text.to_owned())).collect()))
            }
            _ => None,
        }
    }

    /// Returns the problem with a field.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
    }

    /// Returns true if there is no problem.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::application::{redirect::Policy, rules};

    #[test]
    fn every_problem_has_its_field() {
        let t = Texts::of(Language::En);
        let of = |form: &AppForm| {
            Problems::of(&rules::create(form.request(), Policy::default()).unwrap_err(), t, 7, Language::En)
                .unwrap()
        };
        let all = of(&AppForm {
            icon: "x".into(),
            webhook_url: "x".into(),
            webhook_secret: "x".into(),
            ..AppForm::default()
        });
        for field in ["name", "uris", "scopes", "icon", "webhook_url", "webhook_secret"] {
            assert!(all.at(field).is_some(), "{field}");
        }
        let good = AppForm { name: "x".into(), scopes: vec!["chat".into()], ..AppForm::default() };
        let bad = AppForm { uris: "https://a.example\nhttp://b.example".into(), ..good };
        let problem = of(&bad).at("uris").unwrap().to_owned();
        assert!(
            problem.starts_with("This address cannot be registered: http://b.example (http is only"),
            "{problem}"
        );
        let wrong = AppForm { uris: "https://a.example\r\n\r\n".into(), webhook_enabled: true, ..bad };
        assert_eq!(of(&wrong).at("webhook_url"), Some(t.webhook_url_problem));
        let right = AppForm { webhook_enabled: false, ..wrong };
        assert_eq!(
            rules::create(right.request(), Policy::default()).unwrap().redirect_uris,
            ["https://a.example"]
        );
    }
}

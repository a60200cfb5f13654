//! Problems with the fields of a form, in the person's language.

use identity::account::rules as account;
use identity::key::rules as key;
use web::{ApiError, issues::Issue};

use crate::texts::{Texts, fill};

/// Problems by the name of the field.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<(String, String)>);

impl Problems {
    /// Creates a single problem.
    pub(crate) fn one(field: &str, text: impl Into<String>) -> Self {
        Self(vec![(field.to_owned(), text.into())])
    }

    /// Translates the issues of an error.
    pub(crate) fn of(error: &ApiError, t: &Texts, form: Form) -> Self {
        let mut problems = Self::default();
        for issue in error.list() {
            let field = issue.loc.get(1).map(String::as_str).unwrap_or_default();
            let text = translate(field, issue, t, form);
            // Only the first problem with each field is shown.
            if problems.at(field).is_none() {
                problems.0.push((field.to_owned(), text));
            }
        }
        problems
    }

    /// Adds a problem, unless there is one with the field already.
    pub(crate) fn add(&mut self, field: &str, text: &str) {
        if self.at(field).is_none() {
            self.0.push((field.to_owned(), text.to_owned()));
        }
    }

    /// Returns the problem with a field.
    pub(crate) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// Returns true if there is no problem.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The form that was sent, on which limits depend.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A new account.
    Account,
    /// A new key.
    Key,
}

fn translate(field: &str, issue: &Issue, t: &Texts, form: Form) -> String {
    let longest_name = match form {
        Form::Account => account::MAX_NAME,
        Form::Key => key::MAX_NAME,
    };
    match (field, issue.kind) {
        ("name", "missing" | "string_too_short") => t.name_missing.to_owned(),
        ("name", "string_too_long") => fill(t.name_too_long, longest_name),
        ("name", "string_control") => t.name_control.to_owned(),
        ("email", "missing") => t.email_missing.to_owned(),
        ("email", "value_error") => t.email_invalid.to_owned(),
        ("email", "email_taken") => t.email_taken.to_owned(),
        ("password", "missing" | "string_too_short") => fill(t.password_too_short, account::MIN_PASSWORD),
        ("password", "string_too_long") => fill(t.password_too_long, account::MAX_PASSWORD),
        ("password", "value_error") => t.password_is_email.to_owned(),
        ("scopes", "missing" | "too_short") => t.scopes_missing.to_owned(),
        ("expiresAt", "value_error") => t.expiry_past.to_owned(),
        ("expiresAt", "date_parsing") => t.expiry_unreadable.to_owned(),
        _ => issue.msg.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::{NewAccount, Password, account::rules::check_new};
    use web::Issues;
    use web::Language;

    fn problems(email: &str, name: &str, password: &str) -> Problems {
        let new = NewAccount {
            email: email.into(),
            name: name.into(),
            password: Password::new(password),
            is_admin: false,
        };
        let error = check_new(new).unwrap_err();
        Problems::of(&error, Texts::of(Language::En), Form::Account)
    }

    #[test]
    fn each_problem_is_shown_at_its_field() {
        let t = Texts::of(Language::En);
        let all = problems("", " ", "short");
        assert_eq!(all.at("email"), Some(t.email_missing));
        assert_eq!(all.at("name"), Some(t.name_missing));
        assert_eq!(all.at("password"), Some("The password is too short (minimum 8 characters)."));
        assert_eq!(problems("nobody", "a", "long enough").at("email"), Some(t.email_invalid));
        assert_eq!(problems("a@b.example", "a", "a@b.example").at("password"), Some(t.password_is_email));
        let long = "x".repeat(51);
        assert_eq!(
            problems("a@b", &long, "long enough").at("name"),
            Some("The name is too long (maximum 50 characters).")
        );
    }

    #[test]
    fn a_good_address_that_is_refused_is_in_use() {
        let mut issues = Issues::body();
        issues.add("email_taken", "email", "");
        let error = issues.finish().unwrap_err();
        let t = Texts::of(Language::Zh);
        assert_eq!(Problems::of(&error, t, Form::Account).at("email"), Some(t.email_taken));
    }

    #[test]
    fn what_has_no_text_here_is_shown_as_it_came() {
        let mut issues = Issues::body();
        issues.add("novel", "name", "Something new");
        let error = issues.finish().unwrap_err();
        assert_eq!(
            Problems::of(&error, Texts::of(Language::Zh), Form::Key).at("name"),
            Some("Something new")
        );
    }
}

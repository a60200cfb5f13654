//! Rules of what is never kept: those of the person in plain words, and numbers such as those of cards. They
//! apply to what agents and the distiller propose, not to what the person writes. Refused texts are counted,
//! and kept nowhere.

mod numbers;
mod phrases;
pub(crate) mod queries;
pub(crate) mod routes;

use store::{AccountId, Timestamp, from_row, params};
use strum::{EnumString, IntoStaticStr};
use web::{ApiError, Code, Issues};

use crate::{Memory, RuleId, profile::Change};
use phrases::{Phrase, Words};

/// Maximum number of rules of a person.
pub const MAX_RULES: i64 = 100;
/// Maximum length of a rule in characters.
pub const MAX_PHRASE: usize = 200;

/// The reason why a proposal was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The number of a payment card.
    Card,
    /// An identity or social security number.
    Identity,
    /// A bank account.
    Account,
    /// A password or a key.
    Secret,
    /// A rule of the person.
    Phrase,
    /// Small talk.
    Trivial,
    /// A question or a request.
    Question,
    /// Talk about others.
    Others,
    /// A passing moment.
    Momentary,
}

impl Reason {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A rule of a person.
#[derive(Debug, Clone)]
pub struct NeverRule {
    /// The id.
    pub id: RuleId,
    /// The topic, person or thing, in plain words.
    pub phrase: String,
    /// The time at which it was made.
    pub created_at: Timestamp,
}

from_row!(NeverRule { id, phrase, created_at });

/// The number of proposals that were refused for a reason.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The reason.
    pub reason: Reason,
    /// The number.
    pub count: i64,
    /// The time of the last one.
    pub last_at: Timestamp,
}

/// The rules of a person, ready to be applied.
#[derive(Debug, Clone)]
pub struct Screen {
    phrases: Vec<Phrase>,
    keeps_numbers: bool,
}

impl Screen {
    /// Returns the reason why a text of these parts must not be kept.
    pub fn reason(&self, parts: &[&str]) -> Option<Reason> {
        let text = parts.join("\n");
        let number = if self.keeps_numbers { None } else { numbers::reason(&text) };
        number.or_else(|| {
            let words = Words::of(&text);
            self.phrases.iter().any(|phrase| phrase.matches(&words)).then_some(Reason::Phrase)
        })
    }
}

/// Checks a rule.
///
/// # Errors
/// 422 if it is too long, or if it names nothing.
pub(crate) fn check(phrase: &str) -> Result<String, ApiError> {
    let phrase: String = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut issues = Issues::body();
    issues.line("phrase", &phrase, MAX_PHRASE);
    if Phrase::new(&phrase).is_empty() {
        issues.add("value_error", "phrase", "Input should name a topic, a person or a thing");
    }
    issues.finish()?;
    Ok(phrase)
}

impl Memory {
    /// Returns the rules of a person, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn never_rules(&self, account: AccountId) -> Result<Vec<NeverRule>, ApiError> {
        Ok(self.db().fetch_all(queries::RULES, params![account, MAX_RULES]).await?)
    }

    /// Adds a rule. The same one again changes nothing.
    ///
    /// # Errors
    /// 422 if it is too long or names nothing, [`Code::QuotaExceeded`] if there are [`MAX_RULES`].
    pub async fn add_never_rule(&self, account: AccountId, phrase: &str) -> Result<(), ApiError> {
        let phrase = check(phrase)?;
        let (id, now) = (RuleId(self.db().ids().next()), self.now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let (count,): (i64,) = tx.fetch_one(queries::COUNT_RULES, params![account]).await?;
                    if count >= MAX_RULES {
                        let used = format!("rules of what is never kept: {count}/{MAX_RULES}");
                        return Err(ApiError::new(Code::QuotaExceeded).with(used));
                    }
                    tx.execute(queries::ADD_RULE, params![id, account, &phrase, now]).await?;
                    Ok::<_, ApiError>(())
                })
            })
            .await
    }

    /// Deletes a rule. Returns false if the person does not have it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_never_rule(&self, account: AccountId, id: RuleId) -> Result<bool, ApiError> {
        Ok(self.db().execute(queries::DELETE_RULE, params![account, id]).await? > 0)
    }

    /// Sets whether numbers of cards and the like may be kept.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn set_keeps_numbers(&self, account: AccountId, keeps: bool) -> Result<(), ApiError> {
        self.update_profile(account, Change { keeps_numbers: Some(keeps), ..Change::default() }).await
    }

    /// Returns the rules of a person, ready to be applied.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn screen(&self, account: AccountId) -> Result<Screen, ApiError> {
        let (profile, rules) = futures::try_join!(self.profile(account), self.never_rules(account))?;
        let phrases = rules.iter().map(|rule| Phrase::new(&rule.phrase)).collect();
        Ok(Screen { phrases, keeps_numbers: profile.1.keeps_numbers })
    }

    /// Counts proposals that were refused.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count_refused(&self, account: AccountId, reasons: Vec<Reason>) -> Result<(), ApiError> {
        if reasons.is_empty() {
            return Ok(());
        }
        let now = self.now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    for reason in &reasons {
                        tx.execute(queries::COUNT_REFUSED, params![account, reason.name(), now]).await?;
                    }
                    Ok::<_, ApiError>(())
                })
            })
            .await
    }

    /// Returns the numbers of proposals that were refused, by reason.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn refused(&self, account: AccountId) -> Result<Vec<Refused>, ApiError> {
        let rows: Vec<(String, i64, Timestamp)> =
            self.db().fetch_all(queries::REFUSED, params![account]).await?;
        let refused = |(reason, count, last_at): (String, i64, Timestamp)| {
            Some(Refused { reason: reason.parse().ok()?, count, last_at })
        };
        Ok(rows.into_iter().filter_map(refused).collect())
    }
}

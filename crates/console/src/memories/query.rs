//! The address of the list: what it searches for and filters by.

use memory::browse::{Filter, ItemKind, Origin, Sort};
use store::{Timestamp, Zone};
use web::{ApiError, Code};

use crate::paths::MEMORIES as PATH;

/// Maximum length of a search, as of keywords of the API.
const MAX_SEARCH: usize = memory::key::rules::MAX_KEYWORD;
/// Maximum length of a category.
const MAX_CATEGORY: usize = memory::key::rules::MAX_NAME;

/// The query string of the list.
#[derive(serde::Deserialize, Default, Clone)]
pub(crate) struct PageParams {
    pub(crate) q: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) see: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) sort: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) done: Option<String>,
    pub(crate) n: Option<String>,
    pub(crate) undo: Option<String>,
}

/// The search and the filters of a list, with values that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) q: String,
    pub(crate) kind: &'static str,
    pub(crate) category: String,
    pub(crate) see: &'static str,
    pub(crate) source: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) sort: &'static str,
}

/// Returns the known name that was given, or an empty one.
fn known(given: Option<&String>, names: &[&'static str]) -> &'static str {
    let given = given.map(String::as_str).unwrap_or_default();
    names.iter().find(|name| **name == given).copied().unwrap_or_default()
}

fn short(given: Option<&String>, most: usize) -> String {
    let given = given.map(String::as_str).unwrap_or_default().trim();
    given.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// Returns a date that is one, as it was typed.
fn date(given: Option<&String>) -> String {
    let text = short(given, 10);
    if text.parse::<jiff::civil::Date>().is_ok() { text } else { String::new() }
}

impl View {
    /// Reads the query string. Unknown values are left out.
    pub(crate) fn of(params: &PageParams) -> Self {
        Self {
            q: short(params.q.as_ref(), MAX_SEARCH),
            kind: known(params.kind.as_ref(), &["key", "note", "event"]),
            category: short(params.category.as_ref(), MAX_CATEGORY),
            see: known(params.see.as_ref(), &["private", "public"]),
            source: known(params.source.as_ref(), &["me", "chat", "app", "import"]),
            from: date(params.from.as_ref()),
            to: date(params.to.as_ref()),
            sort: known(params.sort.as_ref(), &["new", "changed", "old"]),
        }
    }

    /// Returns the filter. Days are those of a time zone.
    pub(crate) fn filter(&self, zone: &Zone) -> Filter {
        Filter {
            kind: match self.kind {
                "key" => Some(ItemKind::Memory),
                "note" => Some(ItemKind::Note),
                "event" => Some(ItemKind::Event),
                _ => None,
            },
            category: self.category.clone(),
            public: match self.see {
                "public" => Some(true),
                "private" => Some(false),
                _ => None,
            },
            origin: match self.source {
                "me" => Some(Origin::Person),
                "chat" => Some(Origin::Conversation),
                "app" => Some(Origin::App),
                "import" => Some(Origin::Import),
                _ => None,
            },
            from: start(&self.from, zone, 0),
            until: start(&self.to, zone, 1),
        }
    }

    /// Returns the order, if one was chosen.
    pub(crate) fn sort(&self) -> Option<Sort> {
        match self.sort {
            "new" => Some(Sort::Newest),
            "changed" => Some(Sort::Updated),
            "old" => Some(Sort::Oldest),
            _ => None,
        }
    }

    /// Returns true if anything but the search narrows the list.
    pub(crate) fn is_filtered(&self) -> bool {
        let Self { kind, category, see, source, from, to, .. } = self;
        ![kind, category.as_str(), see, source, from.as_str(), to.as_str()].iter().all(|text| text.is_empty())
    }

    /// Returns true if one of the filters is set that are not always visible.
    pub(crate) fn has_more(&self) -> bool {
        Self { q: String::new(), kind: "", sort: "", ..self.clone() } != Self::default()
    }

    /// Returns the address of the list, with more parameters.
    pub(crate) fn link(&self, more: &[(&str, &str)]) -> String {
        let own = [
            ("q", self.q.as_str()),
            ("kind", self.kind),
            ("category", &self.category),
            ("see", self.see),
            ("source", self.source),
            ("from", &self.from),
            ("to", &self.to),
            ("sort", self.sort),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut is_bare = true;
        for (name, value) in own.iter().chain(more).filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
            is_bare = false;
        }
        if is_bare { PATH.to_owned() } else { format!("{PATH}?{}", query.finish()) }
    }

    /// Returns the address of the list of one kind.
    pub(crate) fn of_kind(&self, kind: &'static str) -> String {
        Self { kind, ..self.clone() }.link(&[])
    }

    /// Returns the address of the list of notes. Without a search or another filter, notes have a page of
    /// their own.
    pub(crate) fn of_notes(&self) -> String {
        let see = if self.q.is_empty() && self.see.is_empty() { "private" } else { self.see };
        Self { kind: "note", see, ..self.clone() }.link(&[])
    }

    /// Returns the address of the list of one category.
    pub(crate) fn of_category(&self, category: &str) -> String {
        Self { category: category.to_owned(), ..self.clone() }.link(&[])
    }
}

/// Returns the start of a day, or of the day after it.
fn start(date: &str, zone: &Zone, days: i64) -> Option<Timestamp> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let date = date.checked_add(jiff::Span::new().days(days)).ok()?;
    zone.moment(date.at(0, 0, 0, 0))
}

/// Returns the first moment of a day in milliseconds, `None` if none is given.
///
/// # Errors
/// [`Code::InvalidParam`] if it is not a date.
pub(super) fn start_of(day: &str, zone: &Zone) -> Result<Option<i64>, ApiError> {
    if day.trim().is_empty() {
        return Ok(None);
    }
    let day = Zone::parse_day(day.trim()).ok_or(Code::InvalidParam)?;
    Ok(Some(zone.start(day).as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_values_are_left_out() {
        let params = PageParams {
            q: Some(" 茶 ".to_owned()),
            kind: Some("<script>".to_owned()),
            from: Some("2026-13-01".to_owned()),
            to: Some("2026-11-30".to_owned()),
            sort: Some("old".to_owned()),
            ..PageParams::default()
        };
        let view = View::of(&params);
        assert_eq!((view.q.as_str(), view.kind, view.from.as_str()), ("茶", "", ""));
        assert_eq!(view.link(&[("after", "1.2")]), "/memories?q=%E8%8C%B6&to=2026-11-30&sort=old&after=1.2");
        assert_eq!(View::default().link(&[]), PATH);
        let notes = "/memories?kind=note&see=private";
        assert_eq!(View::default().of_notes(), notes);
        assert_eq!(View { see: "private", ..View::default() }.of_notes(), notes, "only once");
        assert!(view.is_filtered() && view.has_more() && !View::default().is_filtered());
    }
}

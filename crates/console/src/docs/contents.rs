//! The table of contents beside each page of the documentation.

use web::Language;

use super::{
    guide::{GUIDES, Guide},
    operations::Reference,
    paths::{API, ERRORS},
    texts::Texts,
    titles,
};

/// An entry: address, text, and true for the page that is shown.
pub(crate) type Entry = (String, String, bool);

/// The table of contents.
pub(crate) struct Contents {
    pub(crate) t: &'static Texts,
    pub(crate) groups: Vec<(&'static str, Vec<Entry>)>,
    /// The text of a search.
    pub(crate) query: String,
}

impl Contents {
    /// Returns the table of contents. `here` is the path of the page that is shown.
    pub(super) fn new(reference: &Reference, language: Language, here: &str) -> Self {
        let t = Texts::of(language);
        let entry = |path: String, text: String| {
            let is_here = path == here;
            (path, text, is_here)
        };
        let guide = |guide: &Guide| entry(guide.path(), guide.title(language).to_owned());
        let (first, more) = GUIDES.split_at_checked(2).unwrap_or_default();
        let mut begin: Vec<Entry> = first.iter().map(guide).collect();
        begin.push(entry(ERRORS.to_owned(), t.errors.to_owned()));
        let mut operations = vec![entry(API.to_owned(), t.all_operations.to_owned())];
        for group in &reference.groups {
            operations.push(entry(group.path(), titles::group(&group.tag, language)));
        }
        Self {
            t,
            groups: vec![(t.begin, begin), (t.guides, more.iter().map(guide).collect()), (t.api, operations)],
            query: String::new(),
        }
    }
}

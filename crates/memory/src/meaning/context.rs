//! The texts that an entry's vectors are made of: what it says, and what it says in its place. No I/O.
//!
//! A vector is a sum: that of the passage, half that of the passage before and this one, and half that of
//! both with the passage after them. It is not scaled to length 1, because agreement of the three says
//! something, too.

use search::Context;

/// Maximum number of characters of a passage beside another one.
const BESIDE: usize = 300;

/// The texts of one passage. Each is there only if it differs from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) own: String,
    pub(super) with_before: Option<String>,
    pub(super) with_both: Option<String>,
}

impl Texts {
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let context = [&self.with_before, &self.with_both];
        std::iter::once(self.own.as_str()).chain(context.into_iter().flatten().map(String::as_str))
    }

    /// Returns the vector of the passage, given those of [`all`](Self::all) texts. A text that the model
    /// refuses has none.
    pub(super) fn sum(&self, vectors: &mut impl Iterator<Item = Option<Vec<f32>>>) -> Option<Vec<f32>> {
        let own = vectors.next().flatten();
        let before = self.with_before.as_ref().and_then(|_| vectors.next().flatten());
        let both = self.with_both.as_ref().and_then(|_| vectors.next().flatten());
        let own = own?;
        let before = before.unwrap_or_else(|| own.clone());
        let both = both.unwrap_or_else(|| before.clone());
        let parts = own.iter().zip(before).zip(both);
        Some(parts.map(|((own, before), both)| own + 0.5 * before + 0.5 * both).collect())
    }
}

/// Returns the texts of each passage of an entry.
pub(super) fn texts(passages: &[&str], kind: Kind, context: Option<&Context>) -> Vec<Texts> {
    let beside = |entry: &Option<search::Beside>| {
        let entry = entry.as_ref()?;
        Some(kind.words(&entry.text, true))
    };
    let outer_before = context.and_then(|context| beside(&context.before));
    let outer_after = context.and_then(|context| beside(&context.after));
    let title = passages.first().and_then(|first| first.lines().next()).unwrap_or_default();
    let own: Vec<String> =
        passages.iter().enumerate().map(|(number, passage)| kind.words(passage, number == 0)).collect();
    let text = |(number, passage): (usize, &String)| {
        let previous = number.checked_sub(1).and_then(|number| own.get(number));
        let before = match previous {
            Some(previous) if kind == Kind::Note => Some(format!("{} {}", start(title), end(previous))),
            Some(previous) => Some(end(previous).to_owned()),
            None => outer_before.as_ref().map(|before| end(before).to_owned()),
        };
        let after = own.get(number + 1).or(outer_after.as_ref()).map(|after| start(after));
        let with_before = before.map(|before| format!("{before} {passage}"));
        let both = |after| format!("{} {after}", with_before.as_ref().unwrap_or(passage));
        let with_both = after.map(both);
        Texts { own: passage.clone(), with_before, with_both }
    };
    own.iter().enumerate().map(text).collect()
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A fact: the lines of its text begin with the actor and the object.
    Fact,
    /// A note: the first line of its text is the title.
    Note,
}

impl Kind {
    /// Returns a passage as a sentence: a fact as "actor: object: content".
    pub(super) fn words(self, passage: &str, is_first: bool) -> String {
        let parts: Vec<&str> = match self {
            Self::Fact if is_first => passage.splitn(3, '\n').collect(),
            Self::Fact | Self::Note => vec![passage],
        };
        let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(": ")
    }
}

fn start(text: &str) -> &str {
    let end = text.char_indices().nth(BESIDE).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

fn end(text: &str) -> &str {
    let start = text.char_indices().rev().nth(BESIDE - 1).map_or(0, |(at, _)| at);
    text.get(start..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use search::Beside;

    use super::*;

    fn beside(text: &str) -> Option<Beside> {
        Some(Beside { entry: search::EntryId(1), text: text.to_owned() })
    }

    #[test]
    fn facts_have_the_entries_around_them() {
        let context = Context { before: beside("mia\n\nwhich one?"), after: None };
        let texts = texts(&["leo\n\ncasablanca"], Kind::Fact, Some(&context));
        assert_eq!(texts[0].own, "leo: casablanca");
        assert_eq!(texts[0].with_before.as_deref(), Some("mia: which one? leo: casablanca"));
        assert_eq!(texts[0].with_both, None);
        let context = Context { before: None, after: beside("\n\nno") };
        let texts = super::texts(&["\nhim\nyes"], Kind::Fact, Some(&context));
        assert_eq!(texts[0].all().collect::<Vec<_>>(), ["him: yes", "him: yes no"]);
    }

    #[test]
    fn passages_of_a_note_have_its_title() {
        let texts = texts(&["trip\nwe left", "we came", "we slept"], Kind::Note, None);
        assert_eq!(texts[0].with_before, None);
        assert_eq!(texts[0].with_both.as_deref(), Some("trip\nwe left we came"));
        assert_eq!(texts[1].with_before.as_deref(), Some("trip trip\nwe left we came"));
        assert_eq!(texts[2].with_both, None);
        let long = "字".repeat(1000);
        let texts = super::texts(&[&long, &long], Kind::Note, None);
        assert!(texts.iter().flat_map(Texts::all).all(|text| text.chars().count() <= 1700));
    }

    #[test]
    fn missing_vectors_are_those_of_shorter_texts() {
        let texts =
            Texts { own: String::new(), with_before: Some(String::new()), with_both: Some(String::new()) };
        let sum = |vectors: [Option<f32>; 3]| {
            texts.sum(&mut vectors.map(|value| value.map(|value| vec![value])).into_iter())
        };
        assert_eq!(sum([Some(1.0), Some(2.0), Some(4.0)]), Some(vec![4.0]));
        assert_eq!(sum([Some(1.0), None, None]), Some(vec![2.0]));
        assert_eq!(sum([None, Some(2.0), Some(4.0)]), None);
    }
}

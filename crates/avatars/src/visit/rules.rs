//! Rules of conversations with visitors: who visitors are, limits, and how answers are cut. No I/O.

use store::{AccountId, Timestamp};
use web::{ApiError, Code, Issues, Language};

/// Longest message of a visitor in characters.
pub const MAX_MESSAGE: usize = 4000;
/// Longest id and longest name of a visitor in characters.
pub const MAX_VISITOR: usize = 100;
/// Greatest number in a limit of an owner.
pub const MAX_LIMIT: i64 = 1 << 50;
/// Milliseconds of an hour and of a day.
pub(crate) const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Characters after which an answer is cut at the next end of a sentence: the first time soon, so that the
/// visitor sees that an answer comes.
const FIRST_CUT: usize = 8;
const CUT: usize = 80;
/// Characters after which an answer is cut anywhere.
const MAX_CUT: usize = 600;

/// A person or a program that talks to an avatar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// A person with an account.
    Person(AccountId),
    /// Somebody whom an app knows by an id.
    OfApp {
        /// The app's id.
        app: String,
        /// The id that the app uses.
        id: String,
    },
    /// Somebody whom the holder of an avatar's key knows by an id.
    OfKey {
        /// The id that the holder uses.
        id: String,
    },
    /// Somebody without an account on a page of this server, or in a widget.
    Guest {
        /// The id of their browser, hashed.
        id: String,
    },
}

/// The beginning of the key of every guest.
const GUEST: &str = "guest:";

/// True if the key of a visitor is that of somebody without an account.
pub(crate) fn is_guest(visitor: &str) -> bool {
    visitor.starts_with(GUEST)
}

impl Visitor {
    /// Returns the text by which the visitor is stored. Two visitors never have the same: ids of apps may
    /// hold colons, but no line breaks.
    pub fn key(&self) -> String {
        match self {
            Self::Person(account) => format!("account:{account}"),
            Self::OfApp { app, id } => format!("app:{app}\n{id}"),
            Self::OfKey { id } => format!("key:{id}"),
            Self::Guest { id } => format!("{GUEST}{id}"),
        }
    }
}

/// Checks the id and the name of a visitor.
///
/// # Errors
/// [`Code::InvalidParam`] if the id is needed and missing; 422 if a text is too long or has control
/// characters.
pub fn check_visitor(
    id: Option<&str>,
    name: Option<&str>,
    needs_id: bool,
) -> Result<(String, String), ApiError> {
    let (id, name) = (id.unwrap_or_default().trim(), name.unwrap_or_default().trim());
    if needs_id && id.is_empty() {
        return Err(ApiError::new(Code::InvalidParam).with("visitorId"));
    }
    let mut issues = Issues::body();
    issues.line("visitorId", id, MAX_VISITOR);
    issues.optional_name("visitorName", name, MAX_VISITOR);
    issues.finish()?;
    Ok((id.to_owned(), name.to_owned()))
}

/// The beginning of the name of every conversation, and the number of hexadecimal digits after it.
pub(crate) const NAME: &str = "visit_";
const NAME_DIGITS: usize = 24;

/// True if a text has the form of the name of a conversation.
pub(crate) fn is_visit_name(text: &str) -> bool {
    text.strip_prefix(NAME).is_some_and(|digits| is_hex(digits, NAME_DIGITS))
}

/// True if a text consists of so many lower-case hexadecimal digits.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Checks a message.
///
/// # Errors
/// 422 if it is empty or too long.
pub fn check_message(message: Option<&str>) -> Result<String, ApiError> {
    let mut issues = Issues::body();
    let message = issues.required_text("message", message, MAX_MESSAGE);
    issues.finish()?;
    Ok(message)
}

/// Returns the seconds until the next day begins.
pub(crate) fn seconds_left_today(now: Timestamp) -> u32 {
    let left = (now.day() + 1).saturating_mul(DAY_MS).saturating_sub(now.0);
    u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX)
}

/// Returns the lower of two limits, of which 0 is none.
pub(crate) fn lower(server: i64, own: i64) -> i64 {
    match (server, own) {
        (0, limit) | (limit, 0) => limit,
        (server, own) => server.min(own),
    }
}

/// Counts a message in the window of an hour that began at `start` with `used` messages. Returns the new
/// window, or the seconds to wait. A window that begins in the future, because the clock was wrong, is over.
pub(crate) fn count_in_window(
    (start, used): (Timestamp, i64),
    most: i64,
    now: Timestamp,
) -> Result<(Timestamp, i64), u32> {
    let is_running = start.plus_ms(HOUR_MS) > now && start <= now;
    let (start, used) = if is_running { (start, used) } else { (now, 0) };
    if used >= most {
        let left = start.plus_ms(HOUR_MS).0.saturating_sub(now.0);
        return Err(u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX));
    }
    Ok((start, used + 1))
}

/// Returns the language of a text: Chinese if it has a Chinese character.
pub(crate) fn language_of(text: &str) -> Language {
    if text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) { Language::Zh } else { Language::En }
}

/// Cuts an answer into increments that end with sentences.
///
/// Some clients drop an increment whose text was there before, so such a one is joined with the next.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    waiting: String,
    said: String,
}

impl Cutter {
    /// Adds a piece of the answer. Returns an increment that is complete.
    pub(crate) fn push(&mut self, piece: &str) -> Option<String> {
        self.waiting.push_str(piece);
        let least = if self.said.is_empty() { FIRST_CUT } else { CUT };
        let at = end_of_sentences(&self.waiting, least)?;
        let rest = self.waiting.split_off(at);
        if self.said.contains(self.waiting.trim()) {
            self.waiting.push_str(&rest);
            return None;
        }
        let increment = std::mem::replace(&mut self.waiting, rest);
        self.said.push_str(&increment);
        Some(increment)
    }

    /// Returns the rest, if there is any.
    pub(crate) fn finish(self) -> Option<String> {
        Some(self.waiting).filter(|rest| !rest.is_empty())
    }
}

/// Returns the place after the last sentence that is complete in a text, if at least `least` characters are
/// before it.
fn end_of_sentences(text: &str, least: usize) -> Option<usize> {
    let mut found = None;
    let mut chars = text.char_indices().enumerate().peekable();
    while let Some((number, (at, c))) = chars.next() {
        let after = at + c.len_utf8();
        let next = chars.peek().map(|(_, (_, next))| *next);
        let is_end = match c {
            '。' | '！' | '？' | '…' | '\n' => next.is_some_and(|next| !is_closing(next)),
            // A dot within a number or an address ends nothing.
            '.' | '!' | '?' => next.is_some_and(char::is_whitespace),
            '”' | '」' | '』' | '）' | ')' | '"' => false,
            _ => number + 1 >= MAX_CUT,
        };
        if is_end && number + 1 >= least {
            found = Some(after);
        }
    }
    found
}

/// True if a character belongs to the sentence before it.
const fn is_closing(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '…' | '”' | '」' | '』' | '）' | ')' | '"' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn visitors_of_different_kinds_are_different() {
        let all = [
            Visitor::Person(AccountId(1)),
            Visitor::OfApp { app: "a".into(), id: "1".into() },
            Visitor::OfApp { app: "a:b".into(), id: "1".into() },
            Visitor::OfApp { app: "a".into(), id: "b:1".into() },
            Visitor::OfKey { id: "1".into() },
            Visitor::OfKey { id: "account:1".into() },
            Visitor::Guest { id: "1".into() },
            Visitor::OfKey { id: "guest:1".into() },
        ];
        let mut keys: Vec<String> = all.iter().map(Visitor::key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn names_of_conversations() {
        let good = format!("{NAME}{}", "0a".repeat(12));
        for (text, is_name) in
            [(&*good, true), (&good[1..], false), (&good[..20], false), ("visit_a\0b", false), ("", false)]
        {
            assert_eq!(is_visit_name(text), is_name, "{text:?}");
        }
    }

    #[test]
    fn a_window_lasts_an_hour() {
        let at = Timestamp;
        assert_eq!(count_in_window((at(0), 0), 2, at(HOUR_MS)), Ok((at(HOUR_MS), 1)));
        assert_eq!(count_in_window((at(5), 1), 2, at(10)), Ok((at(5), 2)));
        assert_eq!(count_in_window((at(0), 2), 2, at(HOUR_MS - 1000)), Err(2));
        assert_eq!(count_in_window((at(9000), 2), 2, at(10)), Ok((at(10), 1)), "the clock was ahead");
        assert!(count_in_window((at(0), 0), 0, at(10)).is_err());
    }

    #[test]
    fn limits() {
        assert_eq!([lower(0, 0), lower(5, 0), lower(0, 7), lower(5, 7)], [0, 5, 7, 5]);
        assert_eq!(seconds_left_today(Timestamp(DAY_MS - 1000)), 2);
    }

    #[test]
    fn answers_are_cut_at_sentences() {
        let mut cutter = Cutter::default();
        assert_eq!(cutter.push("你好！我是"), None, "too short");
        assert_eq!(cutter.push("小明的分身。今天"), Some("你好！我是小明的分身。".into()));
        assert_eq!(cutter.push("想聊什么？"), None);
        assert_eq!(cutter.finish().as_deref(), Some("今天想聊什么？"));
        let mut cutter = Cutter::default();
        assert_eq!(cutter.push("Pi is 3.14159 and see example.com."), None);
        assert_eq!(cutter.push(" Next"), Some("Pi is 3.14159 and see example.com.".into()));
    }

    #[test]
    fn an_increment_that_was_said_before_is_joined_with_the_next() {
        let long = format!("{}。", "话".repeat(90));
        let mut cutter = Cutter::default();
        assert_eq!(cutter.push(&format!("{long}下")), Some(long.clone()));
        // `下` and the same sentence again is another text; the bare sentence is not.
        assert!(cutter.push(&format!("{long}尾")).is_some());
        let mut cutter = Cutter { waiting: String::new(), said: long.clone() };
        assert_eq!(cutter.push(&format!("{long}再")), None);
        assert_eq!(cutter.finish(), Some(format!("{long}再")));
    }

    #[test]
    fn ids_of_visitors_are_bounded() {
        assert_eq!(check_visitor(None, None, true).unwrap_err().code(), Code::InvalidParam);
        assert_eq!(check_visitor(Some("  "), None, true).unwrap_err().code(), Code::InvalidParam);
        assert!(check_visitor(None, None, false).is_ok());
        for (id, name) in [("a\nb", "x"), ("a", "x\ny"), (&*"a".repeat(101), "x"), ("a", &*"x".repeat(101))] {
            let refused = check_visitor(Some(id), Some(name), true).unwrap_err();
            assert_eq!(refused.code(), Code::Unprocessable);
        }
    }

    proptest! {
        #[test]
        fn no_character_of_an_answer_is_lost(
            pieces in proptest::collection::vec("[a好。.!？ \\n\"”x]{0,40}", 0..60),
        ) {
            let mut cutter = Cutter::default();
            let mut told: Vec<String> = pieces.iter().filter_map(|piece| cutter.push(piece)).collect();
            told.extend(cutter.finish());
            prop_assert_eq!(told.concat(), pieces.concat());
            prop_assert!(told.iter().all(|increment| !increment.is_empty()));
        }
    }
}

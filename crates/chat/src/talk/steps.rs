//! Thoughts and tool calls before an answer, which the person can read on their page.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Maximum number of steps that are stored of an answer.
const MAX_STEPS: usize = 40;
/// Maximum length of a thought and of the arguments of a call, in bytes.
const MAX_THOUGHT: usize = 64 * 1024;
const MAX_QUERY: usize = 4000;

/// A step before an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Thoughts of the model, and the time it took to think.
    Thought {
        /// The thoughts.
        text: String,
        /// The time in milliseconds.
        ms: u64,
    },
    /// A call of a tool.
    Tool {
        /// The tool.
        name: String,
        /// Its arguments, or the query of a web search.
        query: String,
        /// True if it succeeded.
        good: bool,
    },
}

impl Step {
    /// Parses the stored steps of an answer.
    pub(crate) fn parse(json: &str) -> Vec<Self> {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// The steps of an answer in progress.
#[derive(Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    /// The time at which the present thoughts began.
    since: Option<Instant>,
}

impl Steps {
    /// Adds a piece of the model's thoughts.
    pub(super) fn thought(&mut self, piece: &str) {
        let since = *self.since.get_or_insert_with(Instant::now);
        let spent = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(Step::Thought { text, ms }) = self.steps.last_mut() {
            if text.len() + piece.len() <= MAX_THOUGHT {
                text.push_str(&piece.replace('\0', ""));
            }
            *ms = spent;
        } else if self.steps.len() < MAX_STEPS {
            let text = piece.chars().filter(|c| *c != '\0').take(MAX_THOUGHT / 4).collect();
            self.steps.push(Step::Thought { text, ms: spent });
        }
    }

    /// Adds a call of a tool.
    pub(super) fn called(&mut self, name: &str, query: &str, good: bool) {
        self.since = None;
        if self.steps.len() < MAX_STEPS {
            let query = query.chars().filter(|c| *c != '\0').take(MAX_QUERY / 4).collect();
            self.steps.push(Step::Tool { name: name.to_owned(), query, good });
        }
    }

    /// Returns the steps as stored: an empty text for none.
    pub(super) fn as_json(&self) -> String {
        if self.steps.is_empty() {
            return String::new();
        }
        serde_json::to_string(&self.steps).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_stored_and_bounded() {
        let mut steps = Steps::default();
        assert_eq!(steps.as_json(), "");
        steps.thought("a");
        steps.thought("b\0");
        steps.called("weather", "{}", true);
        let stored = Step::parse(&steps.as_json());
        assert!(matches!(&stored[0], Step::Thought { text, .. } if text == "ab"), "{stored:?}");
        assert_eq!(stored[1], Step::Tool { name: "weather".into(), query: "{}".into(), good: true });
        for _ in 0..100 {
            steps.called("weather", "{}", false);
        }
        assert_eq!(Step::parse(&steps.as_json()).len(), MAX_STEPS);
        assert!(Step::parse("nonsense").is_empty());
    }
}

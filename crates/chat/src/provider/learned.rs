//! What this process has learned about a provider's model.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use parking_lot::RwLock;

use super::{thoughts::Filter, traits::Traits};

/// Answers in a row that did not begin inside of thoughts, after which the next is not expected to.
const MISSES: u32 = 2;
/// Parts of models' names whose chat templates are known to open the thoughts in the prompt.
const OPENING: &[&str] = &["qwq", "deepseek-r1", "think", "reasoner"];

/// A model of a provider.
#[derive(Debug)]
pub(super) struct Learned {
    traits: RwLock<Arc<Traits>>,
    misses: AtomicU32,
    /// It is configured that answers begin inside of thoughts.
    is_fixed: bool,
}

impl Learned {
    /// A model of which no more is known than its name and what is configured.
    pub(super) fn new(mut traits: Traits, name: &str) -> Self {
        let is_fixed = traits.opens_thinking;
        let name = name.to_ascii_lowercase();
        let may_open = OPENING.iter().any(|part| name.contains(part));
        traits.opens_thinking |= may_open;
        // A name is a weaker sign than an answer.
        let misses = AtomicU32::new(if may_open { MISSES - 1 } else { 0 });
        Self { traits: RwLock::new(Arc::new(traits)), misses, is_fixed }
    }

    pub(super) fn traits(&self) -> Arc<Traits> {
        Arc::clone(&self.traits.read())
    }

    pub(super) fn keep(&self, traits: Traits) {
        *self.traits.write() = Arc::new(traits);
    }

    /// Takes note of an answer that has ended.
    pub(super) fn saw(&self, filter: &Filter) {
        let known = self.traits();
        let mut opens = known.opens_thinking;
        if filter.closed_alone {
            self.misses.store(0, Relaxed);
            opens = true;
        } else if opens && !self.is_fixed && self.misses.fetch_add(1, Relaxed) + 1 >= MISSES {
            opens = false;
        }
        let thinks = known.thinks || filter.has_thought;
        if (opens, thinks) != (known.opens_thinking, known.thinks) {
            self.keep(Traits { opens_thinking: opens, thinks, ..(*known).clone() });
        }
    }

    /// The model has used up an answer's tokens with thoughts.
    pub(super) fn thinks(&self) -> bool {
        let known = self.traits();
        let is_new = !known.thinks;
        if is_new {
            self.keep(Traits { thinks: true, ..(*known).clone() });
        }
        is_new
    }
}

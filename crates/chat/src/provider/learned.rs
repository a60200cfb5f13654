//! Facts that this process has learned about a provider's model.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use parking_lot::RwLock;

use super::{thoughts::Filter, traits::Traits};

/// Number of consecutive answers without thoughts at the beginning, after which the next is not expected to
/// begin inside thoughts.
const MISSES: u32 = 2;
/// Parts of names of models whose chat templates put the opening tag of thoughts into the prompt.
const OPENING: &[&str] = &["qwq", "deepseek-r1", "think", "reasoner"];

/// A model of a provider.
#[derive(Debug)]
pub(super) struct Learned {
    traits: RwLock<Arc<Traits>>,
    misses: AtomicU32,
    /// True if the configuration says that answers begin inside thoughts.
    is_fixed: bool,
}

impl Learned {
    /// Creates the entry from the configuration and the model's name.
    pub(super) fn new(mut traits: Traits, name: &str) -> Self {
        let is_fixed = traits.opens_thinking;
        let name = name.to_ascii_lowercase();
        let may_open = OPENING.iter().any(|part| name.contains(part));
        traits.opens_thinking |= may_open;
        // A name is weaker evidence than an answer, so one miss is enough.
        let misses = AtomicU32::new(if may_open { MISSES - 1 } else { 0 });
        Self { traits: RwLock::new(Arc::new(traits)), misses, is_fixed }
    }

    pub(super) fn traits(&self) -> Arc<Traits> {
        Arc::clone(&self.traits.read())
    }

    pub(super) fn keep(&self, traits: Traits) {
        *self.traits.write() = Arc::new(traits);
    }

    /// Learns from an answer that has ended.
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

    /// Notes that the model used up an answer's tokens with thoughts. Returns true if that is new.
    pub(super) fn thinks(&self) -> bool {
        let known = self.traits();
        let is_new = !known.thinks;
        if is_new {
            self.keep(Traits { thinks: true, ..(*known).clone() });
        }
        is_new
    }
}

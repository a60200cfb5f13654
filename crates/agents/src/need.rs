//! The scope that a tool, a resource or a prompt needs. No I/O.

use identity::{Scope, ScopeSet, scope::Ability};

use crate::spec::Spec;

/// The scope that a tool, a resource or a prompt needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// The scope to ask for.
    pub(crate) scope: Scope,
    /// The ability that gives access.
    pub(crate) ability: Ability,
    /// The text for the person if it was not allowed.
    pub(crate) missing: &'static str,
}

impl Need {
    pub(crate) const fn of(spec: &Spec) -> Self {
        Self { scope: spec.scope, ability: spec.ability, missing: spec.missing }
    }

    /// Returns the scopes to ask for: the granted ones and the needed one together.
    pub(crate) const fn with(&self, granted: ScopeSet) -> ScopeSet {
        granted.or(ScopeSet::of(&[self.scope]))
    }
}

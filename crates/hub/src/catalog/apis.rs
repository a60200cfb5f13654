//! The catalog in memory.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use parking_lot::{Mutex, RwLock};

use super::{
    model::{ActionSpec, ApiSpec, Source},
    rules,
};
use crate::provider::Provider;

/// An API, ready to be called.
pub struct Api {
    /// The definition, without the values of secrets.
    pub spec: ApiSpec,
    /// The code with underscores, as permissions spell it.
    pub permission: String,
    /// The source of the definition.
    pub source: Source,
    /// The provider that serves its calls.
    pub(crate) provider: Provider,
    /// The defined actions, by name with underscores.
    pub(super) actions: HashMap<String, ActionSpec>,
    /// The definition with secrets, compared on reload to find changes.
    pub(super) whole: ApiSpec,
}

/// A snapshot of all APIs.
#[derive(Default)]
pub(crate) struct Apis {
    /// APIs by code, with underscores.
    pub(super) all: HashMap<String, Arc<Api>>,
    /// APIs by code as written, with hyphens. The usual spelling is found without a conversion.
    pub(super) written: HashMap<String, Arc<Api>>,
}

impl Apis {
    /// Finds the API of a path's first segment, written with hyphens or underscores.
    pub(crate) fn find(&self, segment: &str) -> Option<&Arc<Api>> {
        self.written.get(segment).or_else(|| {
            if segment.contains('-') {
                self.all.get(&rules::permission_name(segment))
            } else {
                self.all.get(segment)
            }
        })
    }
}

/// Holds the current catalog.
pub(crate) struct Catalog {
    pub(super) apis: RwLock<Arc<Apis>>,
    /// The version of the store, and the modification time and size of the file, at the last load.
    pub(super) seen: Mutex<(i64, Option<(SystemTime, u64)>)>,
    /// Serializes reloads, so that an older result never replaces a newer one.
    pub(super) reloading: tokio::sync::Mutex<()>,
}

impl Catalog {
    pub(crate) fn new() -> Self {
        Self { apis: RwLock::default(), seen: Mutex::new((-1, None)), reloading: tokio::sync::Mutex::new(()) }
    }

    /// Returns the current catalog.
    pub(crate) fn now(&self) -> Arc<Apis> {
        Arc::clone(&self.apis.read())
    }
}

impl Api {
    /// Returns the definition of an action, whose name is written with underscores.
    pub(crate) fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.actions.get(name)
    }
}

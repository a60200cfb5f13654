//! Health checks of upstreams, so that their circuit breakers open before callers notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use reqwest::Url;
use web::{ApiError, Tasks};

use super::{Upstream, path, wrong::wrong};
use crate::{Services, catalog::HttpSpec};

/// Time limit of a health check.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Health {
    url: Url,
    every_ms: i64,
    next: AtomicI64,
    is_asking: AtomicBool,
}

impl Health {
    /// Creates the health check of a definition, or `None` if it defines none.
    ///
    /// # Errors
    /// 422 if the path leaves the base URL.
    pub(super) fn new(base: &Url, spec: &HttpSpec) -> Result<Option<Self>, ApiError> {
        if spec.health_path.is_empty() {
            return Ok(None);
        }
        let path = path::literal(spec.health_path.trim_start_matches('/'));
        let url = path::below(base, &path)
            .ok_or_else(|| wrong("provider.health_path", "Input should be a path without . and .."))?;
        let every_ms = i64::try_from(spec.health_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        Ok(Some(Self { url, every_ms, next: AtomicI64::new(0), is_asking: AtomicBool::new(false) }))
    }
}

impl Upstream {
    async fn ask(&self, services: &Services, health: &Health) {
        let is_well = match services.outgoing().trusted() {
            Ok(client) => client
                .get(health.url.clone())
                .headers(self.headers.clone())
                .timeout(PATIENCE)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success()),
            Err(_none) => false,
        };
        if let Some(own) = self.targets.first() {
            if is_well {
                own.breaker.succeeded();
            } else {
                own.breaker.failed(services.db().clock().now(), None);
            }
        }
        health.is_asking.store(false, Ordering::Release);
    }
}

impl Upstream {
    /// Starts a health check if one is due.
    pub(crate) fn check_if_due(self: &Arc<Self>, services: &Services, tasks: &Tasks) {
        let now = services.db().clock().now().as_millis();
        let Some(health) = &self.health else { return };
        if health.next.load(Ordering::Acquire) > now || health.is_asking.swap(true, Ordering::AcqRel) {
            return;
        }
        health.next.store(now.saturating_add(health.every_ms), Ordering::Release);
        let (services, upstream) = (services.clone(), Arc::clone(self));
        tasks.spawn(async move {
            if let Some(health) = &upstream.health {
                upstream.ask(&services, health).await;
            }
        });
    }
}

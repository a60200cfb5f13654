//! Health checks of the upstreams in the catalog.

use std::time::Duration;

use web::Tasks;

use crate::{Hub, provider::Provider};

/// Interval between looks for upstreams that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts the task that checks every upstream that is due.
pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let (hub, spawner) = (hub.clone(), tasks.clone());
    tasks.every(LOOK_EVERY, move || {
        let (hub, spawner) = (hub.clone(), spawner.clone());
        async move {
            for api in hub.apis() {
                if spawner.is_stopping() {
                    return;
                }
                if let Provider::Http(upstream) = &api.provider {
                    upstream.check_if_due(hub.services(), &spawner);
                }
            }
        }
    });
}

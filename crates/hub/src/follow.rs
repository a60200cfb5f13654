//! Following the changes of other processes.

use store::NoticeEvent;
use web::Tasks;

use crate::{Hub, catalog, key};

/// Drops cached keys, and reloads the catalog, when other processes change them.
pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let following = hub.clone();
    tasks.follow(hub.db(), move |event| {
        let hub = following.clone();
        async move {
            match event {
                NoticeEvent::Notice(notice) if notice.topic == key::TOPIC => hub.forget_key(&notice.payload),
                NoticeEvent::Notice(notice) if notice.topic == catalog::TOPIC => {
                    hub.reload_catalog().await;
                }
                NoticeEvent::Notice(_) => {}
                NoticeEvent::Gap => {
                    hub.live_keys().forget_all();
                    hub.reload_catalog().await;
                }
            }
        }
    });
}

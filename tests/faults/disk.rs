//! A disk that takes no more: writes are refused, reads go on, and nothing acknowledged is lost.

use std::time::Duration;

use testkit::Engine;

use super::world::{World, pause};

/// The size of a file at which the disk is full; a new database with a demo person is smaller.
const FULL: u64 = 6 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_writes_and_loses_nothing() {
    let world = World::fresh(Engine::Sqlite, 3).await;
    let mut server = world.binary(0).with_file_limit(FULL).serve(&[]);
    let servers = [server.base_url.clone()];
    let full = async {
        // Until the log of the database reaches the limit.
        for _ in 0..600 {
            if world.ledger.others().get("503").is_some_and(|refused| *refused > 50) {
                return;
            }
            pause(Duration::from_millis(100)).await;
        }
    };
    world.load(&servers, 18, full).await;
    let others = world.ledger.others();
    assert!(others.get("503").is_some_and(|refused| *refused > 50), "the disk was never full: {others:?}");
    assert_eq!(others.get("500"), None, "{others:?}");
    let http = testkit::http();
    let read = http.get(format!("{}/gate/lab/api/secondme/user/info", server.base_url));
    assert_eq!(read.bearer_auth(&world.keys[0]).send().await.unwrap().status(), 200, "reads go on");
    assert_eq!(others.get("without retry-after"), None, "{others:?}");
    server.kill();
    // With room again everything works, and everything acknowledged is there.
    let mut server = world.binary(0).serve(&[]);
    let before = world.ledger.acknowledged();
    world.load(&[server.base_url.clone()], 9, pause(Duration::from_millis(500))).await;
    assert!(world.ledger.acknowledged() > before);
    assert_eq!(world.ledger.others().get("503"), others.get("503"), "no failures with room again");
    world.check_served(&server.base_url).await;
    server.signal("TERM");
    assert!(server.wait().success());
    world.check_rows();
}

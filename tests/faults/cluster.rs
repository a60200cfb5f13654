//! Several processes on one PostgreSQL.

use std::time::{Duration, Instant};

use testkit::{
    Engine,
    model::{Model, STREAM, Step, ending, piece},
    postgres::Cluster,
    process::{Binary, Serving},
};

use super::{
    balancer::Balancer,
    world::{World, number, pause},
};

/// The time in which a process without open streams has to end.
const STOP: Duration = Duration::from_secs(2);

/// Fails, in the log of PostgreSQL as well, if transactions ever waited for each other.
const NO_DEADLOCK: &str = "SELECT pg_stat_clear_snapshot(); DO $$ BEGIN \
     IF (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) > 0 \
     THEN RAISE EXCEPTION 'transactions waited for each other'; END IF; END $$";

fn stop(server: &mut Serving) -> Duration {
    let start = Instant::now();
    server.signal("TERM");
    assert!(server.wait().success(), "{}", server.log());
    assert!(!server.log().contains("cut off"), "{}", server.log());
    start.elapsed()
}

/// Four processes count the use of the same keys and write for the same people, for `DOPPEL_FAULT_SECONDS` in
/// the long form; each ends quickly under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_never_deadlock_and_stop_within_two_seconds() {
    let cluster = Cluster::start();
    let world = World::on(&cluster.fresh_url(), 3).await;
    let mut servers: Vec<Serving> = (0..4).map(|process| world.binary(process).serve(&[])).collect();
    let urls: Vec<String> = servers.iter().map(|server| server.base_url.clone()).collect();
    let mut stops = Vec::new();
    world
        .load(&urls, 16, async {
            pause(Duration::from_secs(number("DOPPEL_FAULT_SECONDS", 0))).await;
            for server in &mut servers {
                pause(Duration::from_millis(1500)).await;
                stops.push(stop(server));
            }
        })
        .await;
    println!("stops of four processes under load: {stops:.1?}; {}", world.ledger.summary());
    assert!(stops.iter().all(|took| *took < STOP), "{stops:?}");
    cluster.run(NO_DEADLOCK);
    world.check_rows();
}

/// All processes are replaced, one after the other, behind a balancer that asks for readiness. In the long
/// form this goes on until there were `DOPPEL_FAULT_REQUESTS` responses, and four processes do the same as
/// two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_fails_no_request() {
    let requests: u64 = number("DOPPEL_FAULT_REQUESTS", 0);
    let clusters: &[usize] = if requests > 0 { &[2, 4] } else { &[2] };
    for processes in clusters {
        let world = World::fresh(Engine::Postgres, 3).await;
        let start =
            |process: usize| world.binary(process).with("DOPPEL_SERVER__LAME_SECONDS", "2").serve(&[]);
        let mut servers: Vec<Serving> = (0..*processes).map(start).collect();
        let urls = servers.iter().map(|server| server.base_url.clone()).collect();
        let balancer = Balancer::start(urls).await;
        let mut restarted = 0;
        world
            .load(&[balancer.url()], 12, async {
                while restarted == 0 || world.ledger.responses() < requests {
                    for (process, server) in servers.iter_mut().enumerate() {
                        pause(Duration::from_secs(1)).await;
                        server.signal("TERM");
                        tokio::task::block_in_place(|| {
                            assert!(server.wait().success(), "{}", server.log());
                        });
                        *server = start(process);
                        balancer.replace(process, server.base_url.clone());
                        restarted += 1;
                    }
                    pause(Duration::from_secs(1)).await;
                }
            })
            .await;
        println!("{processes} processes, {restarted} restarts: {}", world.ledger.summary());
        assert!(restarted >= *processes);
        assert_eq!(world.ledger.failures(), 0, "{}", world.ledger.summary());
        drop(servers);
        world.check_rows();
    }
}

/// An answer whose end cannot be stored ends with an error event; one that ends without is in the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_is_stored_or_fails_when_postgres_goes_away() {
    let cluster = Cluster::start();
    let model = Model::start().await;
    let world = World::on(&cluster.fresh_url(), 1).await;
    let with_model =
        |doppel: Binary| doppel.with("DOPPEL_MODEL__BASE_URL", &model.url()).with("DOPPEL_MODEL__NAME", "m");
    let server = with_model(world.binary(0)).serve(&[]);
    for comes_back in [false, true] {
        let mark = if comes_back { "mark-backz" } else { "mark-awayz" };
        model.next(vec![
            Step::Send(format!("{STREAM}{}", piece(mark)).into_bytes()),
            Step::Wait,
            Step::Send(ending("stop").into_bytes()),
        ]);
        let url = format!("{}/gate/lab/api/secondme/chat/stream", server.base_url);
        let request = testkit::http().post(url).bearer_auth(&world.keys[0]);
        let mut response = request.json(&serde_json::json!({"message": "hi"})).send().await.unwrap();
        let mut text = String::new();
        while !text.contains(mark) {
            text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
        }
        cluster.stop();
        model.release();
        let back = async {
            if comes_back {
                pause(Duration::from_millis(300)).await;
                tokio::task::block_in_place(|| cluster.restart());
            }
        };
        let rest = async {
            while let Some(bytes) = response.chunk().await.unwrap() {
                text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
        };
        tokio::join!(back, rest);
        let failed = text.contains("event: error");
        if !comes_back {
            assert!(failed, "the end could not be stored: {text}");
            cluster.restart();
        }
        println!("PostgreSQL away during an answer, back in time: {comes_back}, error event: {failed}");
        if !failed {
            let messages =
                testkit::http().get(format!("{}/gate/lab/api/secondme/chat/session/list", server.base_url));
            assert_eq!(messages.bearer_auth(&world.keys[0]).send().await.unwrap().status(), 200);
            let archive = world.archive(0);
            assert!(archive.contains(mark), "[DONE] without an answer in the store");
        }
    }
}

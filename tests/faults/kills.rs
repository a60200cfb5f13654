//! SIGKILL at random moments under load: what was acknowledged is there, and rows fit together.
//!
//! `DOPPEL_FAULT_ROUNDS` and `DOPPEL_FAULT_WORKERS` make it longer; `scripts/faults` sets them.

use std::time::{Duration, Instant};

use testkit::Engine;

use super::world::{World, number, pause, up_to};

const ROUNDS: usize = 4;
const WORKERS: usize = 18;
const LONGEST: Duration = Duration::from_millis(1500);
/// Rounds after which everything is compared; reading all archives takes longer than a round.
const COMPARED_EVERY: usize = 25;

#[expect(clippy::print_stdout, reason = "the figures of scripts/faults")]
async fn kills(engine: Engine) {
    let (rounds, workers) = (number("DOPPEL_FAULT_ROUNDS", ROUNDS), number("DOPPEL_FAULT_WORKERS", WORKERS));
    let world = World::fresh(engine, 3).await;
    let (mut longest_start, start) = (Duration::ZERO, Instant::now());
    for round in 1..=rounds {
        let begin = Instant::now();
        let mut server = world.binary(0).serve(&[]);
        longest_start = longest_start.max(begin.elapsed());
        let servers = [server.base_url.clone()];
        world
            .load(&servers, workers, async {
                pause(Duration::from_millis(150) + up_to(LONGEST)).await;
                server.kill();
            })
            .await;
        if round % COMPARED_EVERY == 0 || round == rounds {
            world.check_rows();
            println!("{engine:?}: {round} kills, {}", world.ledger.summary());
        }
    }
    let server = world.binary(0).serve(&[]);
    world.check_served(&server.base_url).await;
    let least = u64::try_from(rounds * 5).unwrap();
    assert!(world.ledger.acknowledged() > least, "hardly anything was written: {}", world.ledger.summary());
    println!(
        "{engine:?}: {rounds} kills in {:.0?}, longest start {longest_start:.0?}, nothing lost: {}",
        start.elapsed(),
        world.ledger.summary()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kills_on_sqlite() {
    kills(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kills_on_postgres() {
    kills(Engine::Postgres).await;
}

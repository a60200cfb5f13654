//! Ids across threads and processes.

use std::collections::HashSet;

use store::{Clock, Database, Error, Random, params};
use testkit::both_engines;

use crate::{INSERT_ITEM, World};

#[both_engines]
async fn ids_of_eight_threads_and_two_processes_differ(world: World) {
    let (one, two) = (world.open().await, world.open().await);
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let ids = if thread % 2 == 0 { one.ids().clone() } else { two.ids().clone() };
            std::thread::spawn(move || (0..5_000).map(|_| ids.next()).collect::<Vec<_>>())
        })
        .collect();
    let mut all = HashSet::new();
    for thread in threads {
        let ids = thread.join().unwrap();
        assert!(ids.is_sorted(), "each thread sees ids grow");
        all.extend(ids);
    }
    assert_eq!(all.len(), 40_000);
}

#[both_engines]
async fn ids_grow_when_the_clock_steps_back(world: World) {
    let db = world.open().await;
    let before = db.ids().next();
    world.clock.advance_ms(-60_000);
    let after = db.ids().next();
    assert!(before < after && after < 1 << 53);
}

/// A process that restarts with a clock that is behind passes the same milliseconds again.
#[both_engines]
async fn no_id_is_made_again_after_a_restart_with_a_clock_that_is_behind(world: World) {
    let mut last = 0;
    for step in [0_i64, -8_000, -8_000, 3_600_000, -30 * 86_400_000] {
        world.clock.advance_ms(step);
        let db = world.open_migrated().await;
        for _ in 0..300 {
            let id = db.ids().next();
            assert!(id > last, "after a step of {step} ms");
            last = id;
            db.execute(INSERT_ITEM, params![id, &id.to_string()]).await.unwrap();
        }
        db.close().await.unwrap();
    }
}

#[both_engines]
async fn the_clock_and_randomness_are_the_ones_given(world: World) {
    let db = world.open().await;
    world.clock.advance_ms(5);
    assert_eq!(db.clock().now(), world.clock.now());
    assert_eq!(db.random().hex(4), Random::seeded(1).hex(4));
}

#[both_engines]
async fn the_65th_process_is_refused(world: World) {
    let mut handles = Vec::new();
    for _ in 0..64 {
        handles.push(world.open().await);
    }
    let nodes: HashSet<i64> = handles.iter().map(|db| (db.ids().next() >> 6) & 63).collect();
    assert_eq!(nodes.len(), 64);
    let open = || Database::open(world.config.clone(), world.dir.path(), Clock::system(), Random::system());
    let Err(error) = open().await else { panic!("a 65th process") };
    assert!(matches!(&error, Error::Unavailable(text) if text.contains("64 processes")), "{error}");
    handles.pop().unwrap().close().await.unwrap();
    drop(handles.pop());
    assert!(open().await.is_ok());
}

/// Rows of a copy or an archive may have ids that this process would make next.
#[both_engines]
async fn taken_id_is_followed_by_the_next(world: World) {
    let db = world.open_migrated().await;
    // The clock stands still, so the next ids follow this one.
    let last = db.ids().next();
    for taken in last + 1..=last + 2 {
        db.execute(INSERT_ITEM, params![taken, &format!("taken {taken}")]).await.unwrap();
    }
    let ids = db.ids().clone();
    let write = db.write_new(move |tx| {
        Box::pin(async move {
            let id = ids.next();
            tx.send(INSERT_ITEM, params![id, "new"]).await?;
            Ok::<_, Error>(id)
        })
    });
    assert!(write.await.unwrap() > last + 2);
    assert_eq!(crate::count_items(&db).await, 3);
    // A call that does not run again fails, and the next one succeeds.
    let taken = db.ids().next() + 1;
    db.execute(INSERT_ITEM, params![taken, "taken"]).await.unwrap();
    let id = db.ids().next();
    assert_eq!(db.execute(INSERT_ITEM, params![id, "other"]).await, Err(Error::IdTaken));
    assert_eq!(Error::IdTaken.retry_after(), Some(1));
}

/// An id that is always the same is not tried for ever, and a name that is taken is no id.
#[both_engines]
async fn only_new_ids_are_tried_again(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT_ITEM, params![1_i64, "one"]).await.unwrap();
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for (id, name, expected, most) in [(1_i64, "two", Error::IdTaken, 3), (2, "one", Error::Unique, 1)] {
        let counted = std::sync::Arc::clone(&runs);
        let write = db.write_new(move |tx| {
            Box::pin(async move {
                counted.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
                tx.execute(INSERT_ITEM, params![id, name]).await
            })
        });
        assert_eq!(write.await, Err(expected));
        assert_eq!(runs.swap(0, std::sync::atomic::Ordering::AcqRel), most);
    }
}

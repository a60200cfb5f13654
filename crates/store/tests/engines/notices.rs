//! Notices within and across processes.

use std::time::Duration;

use store::{Database, Error, Notice, RESYNC};
use testkit::both_engines;

use crate::World;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

async fn notify(db: &Database, payload: &'static str, keep: bool) -> Result<(), Error> {
    let run = db.write(move |tx| {
        Box::pin(async move {
            tx.notify("token", payload).await?;
            if keep { Ok(()) } else { Err(Error::NotFound) }
        })
    });
    run.await
}

pub(crate) async fn next(notices: &mut Receiver<Notice>) -> Notice {
    tokio::time::timeout(Duration::from_secs(20), notices.recv()).await.expect("a notice").unwrap()
}

#[both_engines]
async fn a_committed_notice_is_there_before_the_answer(world: World) {
    let db = world.open().await;
    let mut notices = db.notices();
    notify(&db, "kept 一", true).await.unwrap();
    assert_eq!(notices.try_recv(), Ok(Notice { topic: "token".into(), payload: "kept 一".into() }));
}

#[both_engines]
async fn a_notice_rolled_back_is_never_sent(world: World) {
    let db = world.open().await;
    let mut notices = db.notices();
    notify(&db, "lost", false).await.unwrap_err();
    assert_eq!(notices.try_recv(), Err(TryRecvError::Empty));
    notify(&db, "kept", true).await.unwrap();
    assert_eq!(next(&mut notices).await.payload, "kept");
}

#[both_engines]
async fn bad_notices_are_refused(world: World) {
    let db = world.open().await;
    let long = db.write(|tx| Box::pin(async move { tx.notify("token", &"x".repeat(8000)).await }));
    assert!(matches!(long.await, Err(Error::Other(_))));
    let reserved = db.write(|tx| Box::pin(async move { tx.notify(RESYNC, "").await }));
    assert!(matches!(reserved.await, Err(Error::Other(_))));
}

#[tokio::test]
async fn other_processes_on_the_same_schema_hear_it_on_postgres() {
    let world = World::postgres();
    let (one, two) = (world.open().await, world.open().await);
    let other_world = World::postgres();
    let stranger = other_world.open().await;
    let (mut near, mut far) = (two.notices(), stranger.notices());
    notify(&one, "x", true).await.unwrap();
    assert_eq!(next(&mut near).await, Notice { topic: "token".into(), payload: "x".into() });
    assert_eq!(far.try_recv(), Err(TryRecvError::Empty));
}

//! One sealing key for all processes on a database. A lost or different key is named.

use store::{Database, SealSettings, Sealer};
use testkit::both_engines;

use super::World;

fn sealer(world: &World, db: &Database, change: impl FnOnce(&mut SealSettings)) -> Sealer {
    let mut settings = SealSettings { directory: world.dir.path().to_owned(), ..SealSettings::default() };
    change(&mut settings);
    Sealer::new(settings, db.clone())
}

async fn migrated(world: &World) -> Database {
    let db = world.open().await;
    db.migrate(search::cut_again).await.unwrap();
    db
}

fn first() -> String {
    "11".repeat(32)
}

fn second() -> String {
    "22".repeat(32)
}

#[both_engines]
async fn what_was_sealed_is_opened_again_and_by_nobody_else(world: World) {
    let db = migrated(&world).await;
    let sealed = sealer(&world, &db, |_| ()).seal("sk a", b"secret").await.unwrap();
    assert!(!sealed.windows(6).any(|part| part == b"secret"));
    let again = sealer(&world, &db, |_| ());
    again.check().await.unwrap();
    assert_eq!(again.open("sk a", &sealed).unwrap(), b"secret");
    assert!(again.open("sk b", &sealed).unwrap_err().to_string().contains("damaged"));
    let mut changed = sealed;
    *changed.last_mut().unwrap() ^= 1;
    assert!(again.open("sk a", &changed).unwrap_err().to_string().contains("damaged"));
    assert!(again.open("sk a", b"x").unwrap_err().to_string().contains("damaged"));
}

#[both_engines]
async fn a_missing_key_is_named_and_not_made_anew(world: World) {
    let db = migrated(&world).await;
    sealer(&world, &db, |_| ()).check().await.unwrap();
    let sealed = sealer(&world, &db, |_| ()).seal("x", b"y").await.unwrap();
    let file = world.dir.path().join("seal.key");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let without = sealer(&world, &db, |_| ());
    for why in [
        without.check().await.unwrap_err(),
        without.seal("x", b"z").await.unwrap_err(),
        without.open("x", &sealed).unwrap_err(),
    ] {
        let why = why.to_string();
        assert!(why.contains("seal.key is missing: restore") && why.contains("secrets.key"), "{why}");
        assert!(!why.contains(text.trim()), "{why}");
    }
    assert!(!file.exists());
    // The same key may be given in the configuration instead.
    let given = sealer(&world, &db, |settings| settings.key = text.as_str().into());
    given.check().await.unwrap();
    assert_eq!(given.open("x", &sealed).unwrap(), b"y");
}

#[both_engines]
async fn another_key_is_refused_unless_the_one_before_is_kept(world: World) {
    let db = migrated(&world).await;
    let sealed = sealer(&world, &db, |settings| settings.key = first().into()).seal("x", b"y").await.unwrap();
    let other = sealer(&world, &db, |settings| settings.key = second().into());
    let why = other.seal("x", b"z").await.unwrap_err().to_string();
    assert!(why.contains("secrets.older_keys") && !why.contains(&second()), "{why}");
    assert_eq!(other.check().await.unwrap_err().to_string(), why);
    let both = sealer(&world, &db, |settings| {
        (settings.key, settings.older) = (second().into(), vec![first().into()])
    });
    both.check().await.unwrap();
    assert_eq!(both.open("x", &sealed).unwrap(), b"y");
    let newer = both.seal("x", b"z").await.unwrap();
    other.check().await.unwrap();
    assert_eq!(other.open("x", &newer).unwrap(), b"z");
    // A process that has only the previous key would seal what the others cannot open.
    let before = sealer(&world, &db, |settings| settings.key = first().into());
    before.seal("x", b"y").await.unwrap_err();
}

#[both_engines]
async fn two_processes_that_make_a_key_each_do_not_both_seal(world: World) {
    let db = migrated(&world).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let here = sealer(&world, &db, |_| ());
    let there = sealer(&world, &db, |settings| settings.directory = elsewhere.path().to_owned());
    let (one, two) = tokio::join!(here.seal("x", b"y"), there.seal("x", b"y"));
    assert_eq!(one.is_ok() as u8 + two.is_ok() as u8, 1, "{one:?} {two:?}");
    let why = one.err().or(two.err()).unwrap().to_string();
    assert!(why.contains("all processes need the same"), "{why}");
}

#[both_engines]
async fn a_key_that_is_lost_for_good_is_given_up_in_so_many_words(world: World) {
    let db = migrated(&world).await;
    let sealed = sealer(&world, &db, |_| ()).seal("x", b"y").await.unwrap();
    std::fs::remove_file(world.dir.path().join("seal.key")).unwrap();
    let why = sealer(&world, &db, |_| ()).check().await.unwrap_err().to_string();
    let id = why.split('"').nth(1).unwrap().to_owned();
    let with = sealer(&world, &db, |settings| settings.lost = vec![id]);
    with.check().await.unwrap();
    assert!(with.open("x", &sealed).unwrap_err().to_string().contains("lost: set it anew"));
    let anew = with.seal("x", b"z").await.unwrap();
    assert_eq!(sealer(&world, &db, |_| ()).open("x", &anew).unwrap(), b"z");
}

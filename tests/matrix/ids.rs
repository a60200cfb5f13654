//! Every id parameter of the API with ids of other people, and with deleted, unknown and malformed ids.

use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, both_engines, model::Model};

use super::{
    document::{Operation, Place, operations},
    fixtures::{self, Kind, MAY_REACH, Owner, TELLS_APART},
};
use crate::plaza::square;

/// Returns all scopes that an app may have.
fn scopes_of_apps() -> String {
    let scopes = identity::Scope::ALL.iter().map(|scope| scope.name());
    scopes.filter(|scope| !matches!(*scope, "*" | "memory.write")).collect::<Vec<_>>().join(" ")
}

/// Returns a response as text, without the requested id and random ids.
fn comparable(answer: &Response, id: &str) -> String {
    let body = answer.body.replace(id, "ID");
    let mut text = format!("{} ", answer.status);
    for word in body.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let is_random = word.len() > 8 && word.bytes().any(|byte| byte.is_ascii_digit());
        text.push_str(if is_random { "RANDOM" } else { word });
    }
    text
}

/// Returns all data that a person can see: the responses of all GET operations that need no id.
async fn state(all: &[Operation], owner: &Actor) -> Vec<(String, Value)> {
    let mut state = Vec::new();
    for operation in all.iter().filter(|operation| operation.method == "GET" && operation.takes("session")) {
        let needs_id =
            ["listChatMessages", "getAvatar", "avatarDashboard", "listAvatarKeys", "avatarMiniProgramCode"];
        if operation.path.contains('{') || needs_id.contains(&operation.id.as_str()) {
            continue;
        }
        let answer = operation.call(owner, &[], &json!({})).await;
        state.push((operation.id.clone(), answer.data()));
    }
    state
}

fn listed(list: &[(&str, &str)], operation: &Operation) -> bool {
    list.iter().any(|(id, _)| *id == operation.id)
}

struct World {
    all: Vec<Operation>,
    alice: Owner,
    bob: Owner,
    /// Clients with each of Bob's credentials.
    bobs: Vec<(&'static str, Actor)>,
}

impl World {
    async fn new(server: &TestServer) -> Self {
        // The first person of a server is an administrator. Alice and Bob are not.
        let developer = square::resident(server, "developer").await;
        let scopes = scopes_of_apps();
        let (app, other) = (developer.app(&scopes).await, developer.app(&scopes).await);
        let alice = Owner::new(server, "alice", [&app, &other], &scopes).await;
        let bob = Owner::new(server, "bob", [&app, &other], &scopes).await;
        let bobs = vec![
            ("session", bob.session.clone()),
            ("key", bob.person.with_key("*").await),
            ("program", server.bearer(&bob.person.program_token().await)),
            ("app", bob.app.clone()),
        ];
        Self { all: operations(server).await, alice, bob, bobs }
    }

    /// Checks that Bob gets the same response for a resource of Alice, a deleted one, and one that never
    /// existed.
    async fn is_hidden(&self, operation: &Operation, place: Place, name: &str, kind: Kind) -> usize {
        let members = fixtures::members(&operation.id);
        let foreign = self.alice.make(kind).await;
        let deleted = self.bob.make(kind).await;
        let was_deleted = self.bob.delete(kind, &deleted).await;
        let before = state(&self.all, &self.alice.session).await;
        let mut cases = 0;
        for (who, bob) in &self.bobs {
            let what = format!("{} as {who}: {name}", operation.id);
            let mut answers = Vec::new();
            for id in [&fixtures::unknown(kind), &foreign, &deleted] {
                let answer = operation.call(bob, &[(place, name, id)], &members).await;
                assert!(answer.status < 500, "{what} {id}: {}", answer.body);
                answers.push(comparable(&answer, id));
                cases += 1;
            }
            if listed(MAY_REACH, operation) || listed(TELLS_APART, operation) {
                continue;
            }
            assert_eq!(answers[1], answers[0], "{what}: another person's is told from an unknown one");
            assert!(!was_deleted || answers[2] == answers[0], "{what}: a deleted one is told: {answers:?}");
        }
        if !listed(MAY_REACH, operation) {
            assert_eq!(
                state(&self.all, &self.alice.session).await,
                before,
                "{}: changed for Alice",
                operation.id
            );
        }
        cases
    }

    /// Checks that malformed ids are refused or find nothing.
    async fn is_refused(&self, operation: &Operation, place: Place, name: &str) -> usize {
        let members = fixtures::members(&operation.id);
        let (_, bob) = &self.bobs[0];
        let ids = fixtures::malformed();
        for id in &ids {
            let answer = operation.call(bob, &[(place, name, id)], &members).await;
            assert!(answer.status < 500, "{} {name}={id:?}: {}", operation.id, answer.body);
        }
        ids.len()
    }

    /// Checks that the same request succeeds with the owner's id, so the others were refused because of the
    /// id.
    async fn works_for_the_owner(&self, operation: &Operation, place: Place, name: &str, kind: Kind) {
        let mut own = self.bob.make(kind).await;
        let mut members = fixtures::members(&operation.id);
        if name == "replyToCommentId" {
            // A reply must be on the same post as its parent.
            let post = square::post(&self.bob.session, "another").await;
            own = square::comment(&self.bob.session, &post, "hello", json!({})).await;
            members["postId"] = json!(post);
        }
        let mut answers = Vec::new();
        for (who, bob) in &self.bobs {
            let answer = operation.call(bob, &[(place, name, &own)], &members).await;
            if answer.status == 200 {
                return;
            }
            answers.push(format!("{who}: {} {}", answer.status, answer.body));
        }
        panic!("{} {name}: nobody may: {answers:#?}; see fixtures::members", operation.id);
    }
}

/// Operations that cannot be tested with the owner's id, with the reason.
const NOT_TRIED: &[(&str, &str)] = &[
    ("testWebhook", "nobody listens"),
    ("authorizeExternal", "needs the application's own address"),
    ("report", "nobody reports themselves"),
    ("evaluateAvatar", "this server does not offer it"),
    ("avatarMiniProgramCode", "this server does not offer it"),
];

#[both_engines(
    "hub.keys = \"everybody\"\nplaza.posts_per_hour = 10000\nplaza.comments_per_hour = 10000\n\
     plaza.likes_per_hour = 10000\nplaza.reports_per_hour = 10000\n\
     avatars.max_avatars = 1000\n"
)]
async fn ids_of_another_person_look_unknown(server: TestServer, _model: Model) {
    let world = World::new(&server).await;
    let (mut operations, mut cases) = (0, 0);
    for operation in &world.all {
        for (place, name, kind) in fixtures::ids(operation) {
            operations += 1;
            cases += world.is_refused(operation, place, &name).await;
            if matches!(kind, Kind::Shared(_)) || operation.is_public() {
                continue;
            }
            cases += world.is_hidden(operation, place, &name, kind).await;
            if !listed(NOT_TRIED, operation) {
                world.works_for_the_owner(operation, place, &name, kind).await;
            }
        }
    }
    assert!(operations > 50 && cases > 1500, "{operations} ids, {cases} cases");
}

/// An app cannot access what another app did for the same person.
#[both_engines]
async fn what_another_app_did_looks_as_if_it_were_not(server: TestServer, _model: Model) {
    let world = World::new(&server).await;
    let alice = &world.alice;
    let foreign = alice.chat_session(&alice.app).await;
    let kind = Kind::ChatSession;
    for operation in &world.all {
        for (place, name, _) in fixtures::ids(operation).into_iter().filter(|(.., of)| *of == kind) {
            let members = fixtures::members(&operation.id);
            let mut answers = Vec::new();
            for id in [&fixtures::unknown(kind), &foreign] {
                let answer = operation.call(&alice.other_app, &[(place, name.as_str(), id)], &members).await;
                answers.push(comparable(&answer, id));
            }
            if !listed(TELLS_APART, operation) {
                assert_eq!(answers[1], answers[0], "{}", operation.id);
            }
        }
    }
    assert_eq!(
        crate::api::chat::messages(&alice.app, &foreign).await.len(),
        2,
        "nothing was added or removed"
    );
}

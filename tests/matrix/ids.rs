//! Every id that the API takes, with the id of another person, a deleted one, an unknown one and malformed ones.

use serde_json::{Value, json};
use testkit::{Actor, Answer, TestServer, with_model};

use super::{
    document::{Operation, Place, operations},
    fixtures::{self, Kind, MAY_REACH, Owner, TELLS_APART},
};
use crate::plaza::square;

/// Every scope that an application may have.
fn scopes_of_apps() -> String {
    let scopes = identity::Scope::ALL.iter().map(|scope| scope.name());
    scopes.filter(|scope| !matches!(*scope, "*" | "memory.write")).collect::<Vec<_>>().join(" ")
}

/// An answer without what differs between any two: the id it was asked for, and random ids.
fn comparable(answer: &Answer, id: &str) -> String {
    let body = answer.body.replace(id, "ID");
    let mut text = format!("{} ", answer.status);
    for word in body.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let is_random = word.len() > 8 && word.bytes().any(|byte| byte.is_ascii_digit());
        text.push_str(if is_random { "RANDOM" } else { word });
    }
    text
}

/// Everything that a person sees of what is theirs: the answers of all operations that only read and need no id.
async fn state(all: &[Operation], owner: &Actor) -> Vec<(String, Value)> {
    let mut state = Vec::new();
    for operation in all.iter().filter(|operation| operation.method == "GET" && operation.takes("session")) {
        if operation.path.contains('{') || operation.id == "listChatMessages" {
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
    /// Bob by each of his credentials.
    bobs: Vec<(&'static str, Actor)>,
}

impl World {
    async fn new(server: &TestServer) -> Self {
        // The first person of a server runs it; neither of the two does.
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

    /// Bob asks for something of Alice's, for what was deleted and for what never was: all answers are the same.
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

    /// Ids that are none are refused, or find nothing.
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

    /// The same request with an id of one's own is carried out: the others were not refused for another reason.
    async fn works_for_the_owner(&self, operation: &Operation, place: Place, name: &str, kind: Kind) {
        let mut own = self.bob.make(kind).await;
        let mut members = fixtures::members(&operation.id);
        if name == "replyToCommentId" {
            // A reply stands below the post of what it answers.
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

/// What cannot be tried with an id of one's own, with the reason.
const NOT_TRIED: &[(&str, &str)] = &[
    ("testWebhook", "nobody listens"),
    ("authorizeExternal", "needs the application's own address"),
    ("report", "nobody reports themselves"),
];

with_model! {
    async fn ids_of_another_person_look_unknown(server, _model: "hub.keys = \"everybody\"\nplaza.posts_per_hour = 10000\nplaza.comments_per_hour = 10000\nplaza.likes_per_hour = 10000\nplaza.reports_per_hour = 10000\n") {
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

    /// What one application did for a person is not another's.
    async fn what_another_app_did_looks_as_if_it_were_not(server, _model) {
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
        assert_eq!(crate::api::chat::messages(&alice.app, &foreign).await.len(), 2, "nothing was added or removed");
    }
}

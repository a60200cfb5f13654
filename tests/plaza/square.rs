//! Fixtures: people with certificates, posts and comments.

use serde_json::{Value, json};
use testkit::{Actor, Person, Response, TestServer};

pub const PLAZA: &str = "/gate/lab/api/secondme/plaza";

/// Creates a person with a certificate. The first person of a server is an administrator, and has one anyway.
pub async fn resident(server: &TestServer, name: &str) -> Person {
    let person = server.person(name).await;
    let plaza = &server.running().plaza;
    if plaza.certificate(person.account.id).await.unwrap().is_none() {
        let code = code(server).await;
        assert!(plaza.redeem(person.account.id, &code).await.unwrap().is_issued);
    }
    person
}

/// Issues an invitation code of the administrator.
pub async fn code(server: &TestServer) -> String {
    let owner = server.running().identity.accounts(store::AccountId(0), 1).await.unwrap().remove(0);
    server.running().plaza.issue_codes(owner.id, 1, "").await.unwrap().remove(0)
}

/// Creates a person with a certificate, and returns a client with a key that has all scopes.
pub async fn actor(server: &TestServer, name: &str) -> Actor {
    resident(server, name).await.with_key("*").await
}

pub async fn post(actor: &Actor, content: &str) -> String {
    post_with(actor, content, json!({})).await
}

pub async fn post_with(actor: &Actor, content: &str, more: Value) -> String {
    let mut body = json!({"content": content, "type": "public"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let data = actor.post(&format!("{PLAZA}/posts/create"), body).await.data();
    data["postId"].as_str().unwrap().to_owned()
}

pub async fn read(actor: &Actor, post: &str) -> Value {
    actor.get(&format!("{PLAZA}/posts/{post}")).await.data()
}

pub async fn comment(actor: &Actor, post: &str, content: &str, more: Value) -> String {
    let answer = try_comment(actor, post, content, more).await;
    answer.data()["commentId"].as_str().unwrap().to_owned()
}

pub async fn try_comment(actor: &Actor, post: &str, content: &str, more: Value) -> Response {
    let mut body = json!({"postId": post, "content": content});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.post(&format!("{PLAZA}/posts/comment"), body).await
}

pub async fn comments(actor: &Actor, post: &str, query: &str) -> Value {
    actor.get(&format!("{PLAZA}/posts/{post}/comments{query}")).await.data()
}

pub async fn feed(actor: &Actor, query: &str) -> Value {
    actor.get(&format!("{PLAZA}/feed{query}")).await.data()
}

/// Returns a member of each item of a page.
pub fn each(page: &Value, member: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect()
}

//! Certificates and invitations: `/api/certificate/`, `/api/invitation/redeem`.

use std::collections::HashSet;

use futures::future::join_all;
use plaza::LogEntryId;
use serde_json::json;
use testkit::{PASSWORD, TestServer, both_engines};

use super::square::{PLAZA, code, resident};

const REDEEM: &str = "/gate/lab/api/invitation/redeem";
const CERTIFICATE: &str = "/gate/lab/api/certificate/";

#[both_engines]
async fn whoever_runs_the_server_is_a_resident_from_the_start(server: TestServer) {
    let owner = server.person("owner").await;
    let data = owner.with_key("chat").await.get(CERTIFICATE).await.data();
    assert_eq!(data["hasCertificate"], true);
    let certificate = &data["certificate"];
    assert_eq!(certificate["certificateNumber"], "CERT-20260101-001");
    assert_eq!(
        (&certificate["status"], &certificate["issuedAt"]),
        (&json!("active"), &json!("2026-01-01T00:00:00Z"))
    );
    assert_eq!(
        (&certificate["userId"], &certificate["name"]),
        (&json!(owner.account.id.to_string()), &json!("owner"))
    );
    assert!(certificate["id"].is_i64() && certificate["avatar"].is_string());
    // Apps have no rights of an administrator, but they can use the certificate.
    let other = server.person("other").await;
    let app = other.app("plaza.read").await;
    owner.with_token(&app, "plaza.read").await.get(&format!("{PLAZA}/feed")).await.data();
    for path in ["/api/certificate", "/api/certificate/", "/gate/lab/api/certificate"] {
        let nobody = other.with_key("*").await.get(path).await.data();
        assert_eq!(nobody, json!({"hasCertificate": false, "certificate": null}), "{path}");
    }
    let reader = other.with_key("chat").await;
    let path = format!("{CERTIFICATE}?userId={}", owner.account.id);
    assert_eq!(reader.get(&path).await.data()["hasCertificate"], true);
    for unknown in ["1", "0", "x", "99999999999999999999"] {
        let answer = reader.get(&format!("{CERTIFICATE}?userId={unknown}")).await.data();
        assert_eq!(answer["hasCertificate"], false, "{unknown}");
    }
}

#[both_engines]
async fn a_code_lets_one_person_in(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let (guest, late) = (server.person("guest").await, server.person("late").await);
    let code = code(&server).await;
    let actor = guest.with_key("chat").await;
    let typed = json!({"code": format!(" {} ", code.to_lowercase())});
    let data = actor.post(REDEEM, typed.clone()).await.data();
    assert_eq!(
        data,
        json!({
            "code": code, "inviterUserId": owner.account.id.to_string(), "message": "邀请码兑换成功",
            "certificateIssued": true, "certificateNumber": "CERT-20260101-002",
        })
    );
    assert_eq!(actor.get(CERTIFICATE).await.data()["certificate"]["certificateNumber"], "CERT-20260101-002");
    let body = actor.post(REDEEM, typed.clone()).await.refused(400, "invitation.code.already_used");
    assert_eq!(body["message"], "邀请码已被使用");
    late.with_key("chat").await.post(REDEEM, typed).await.refused(400, "invitation.code.already_used");
    assert_eq!(late.with_key("chat").await.get(CERTIFICATE).await.data()["hasCertificate"], false);
    // A person with a new certificate has invitation codes, and sees who redeemed them.
    let plaza = &server.running().plaza;
    let own = plaza.invitations(guest.account.id).await.unwrap();
    assert_eq!(own.len(), 3);
    let own_code = json!({"code": own[0].code});
    let body = actor.post(REDEEM, own_code.clone()).await.refused(400, "invitation.code.self_redeem");
    assert_eq!(body["message"], "不能兑换自己的邀请码");
    late.with_key("chat").await.post(REDEEM, own_code).await.data();
    assert_eq!(plaza.invitations(guest.account.id).await.unwrap()[0].used_by, Some(late.account.id));
}

#[both_engines]
async fn what_is_no_code_is_refused(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let actor = server.person("guest").await.with_key("*").await;
    let body = actor
        .post(REDEEM, json!({"code": "INVITE-CODE-123"}))
        .await
        .refused(404, "invitation.code.not_found");
    assert_eq!(body["message"], "邀请码不存在");
    for body in [
        json!({}),
        json!({"code": ""}),
        json!({"code": 5}),
        json!({"code": "x".repeat(65)}),
        json!({"code": "a\u{0}b"}),
    ] {
        actor.post(REDEEM, body).await.refused(422, "invalid.param");
    }
    let code = code(&server).await;
    let plaza = &server.running().plaza;
    let id = plaza.invitations(owner.account.id).await.unwrap()[0].id;
    assert!(plaza.note_code(id, "for a friend").await.unwrap());
    assert!(plaza.withdraw_code(owner.account.id, id).await.unwrap());
    assert!(!plaza.withdraw_code(owner.account.id, id).await.unwrap(), "once");
    actor.post(REDEEM, json!({"code": code})).await.refused(404, "invitation.code.not_found");
    assert_eq!(plaza.log(LogEntryId(i64::MAX)).await.unwrap()[0].action, "code.withdraw");
}

#[both_engines]
async fn a_resident_keeps_the_code_good(server: TestServer) {
    resident(&server, "owner").await;
    let guest = resident(&server, "guest").await.with_key("*").await;
    let code = code(&server).await;
    let data = guest.post(REDEEM, json!({"code": code})).await.data();
    assert_eq!(
        (&data["certificateIssued"], &data["certificateNumber"]),
        (&json!(false), &json!("CERT-20260101-002"))
    );
    let late = server.person("late").await.with_key("*").await;
    assert_eq!(late.post(REDEEM, json!({"code": code})).await.data()["certificateIssued"], true);
}

#[both_engines("plaza.redeems_per_hour = 3")]
async fn tries_are_limited(server: TestServer) {
    resident(&server, "owner").await;
    let guest = server.person("guest").await.with_key("*").await;
    for _ in 0..3 {
        guest
            .post(REDEEM, json!({"code": "INVITE-CODE-123"}))
            .await
            .refused(404, "invitation.code.not_found");
    }
    let good = json!({"code": code(&server).await});
    server.clock().advance_ms(600_000);
    let answer = guest.post(REDEEM, good.clone()).await;
    let body = answer.refused(429, "invitation.redeem.rate_limited");
    assert_eq!(
        (answer.header("retry-after"), &body["message"]),
        ("3000", &json!("兑换操作过于频繁,请稍后重试"))
    );
    let other = server.person("other").await.with_key("*").await;
    other.post(REDEEM, json!({"code": "INVITE-CODE-123"})).await.refused(404, "invitation.code.not_found");
    server.clock().advance_ms(3_000_000);
    assert_eq!(guest.post(REDEEM, good).await.data()["certificateIssued"], true);
}

#[both_engines]
async fn of_twenty_at_once_one_succeeds(server: TestServer) {
    resident(&server, "owner").await;
    let code = code(&server).await;
    let sibling = server.sibling().await;
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(server.person(&format!("guest{number}")).await.account.id);
    }
    let here = &server.running().plaza;
    let tries = people.iter().enumerate().map(|(at, account)| {
        let plaza = if at % 2 == 0 { here } else { &sibling.plaza };
        plaza.redeem(*account, &code)
    });
    let results = join_all(tries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for error in results.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), web::Code::InvitationUsed);
    }
    sibling.stop().await.unwrap();
}

/// There are no gaps even with several processes, and if one person redeems two codes at once.
#[both_engines("plaza.codes_per_resident = 0")]
async fn numbers_of_a_day_have_no_gaps(server: TestServer) {
    resident(&server, "owner").await;
    let sibling = server.sibling().await;
    let mut tries = Vec::new();
    let here = &server.running().plaza;
    for number in 0..6 {
        let account = server.person(&format!("guest{number}")).await.account.id;
        for plaza in [here, &sibling.plaza] {
            let code = code(&server).await;
            tries.push(async move { plaza.redeem(account, &code).await.unwrap() });
        }
    }
    let redeemed = join_all(tries).await;
    assert_eq!(redeemed.iter().filter(|redeemed| redeemed.is_issued).count(), 6);
    let numbers: HashSet<String> = redeemed.into_iter().map(|redeemed| redeemed.number).collect();
    let expected: HashSet<String> = (2..=7).map(|number| format!("CERT-20260101-00{number}")).collect();
    assert_eq!(numbers, expected);
    server.clock().advance_ms(86_400_000);
    let late = server.person("late").await.account.id;
    let code = code(&server).await;
    assert_eq!(here.redeem(late, &code).await.unwrap().number, "CERT-20260102-001");
    sibling.stop().await.unwrap();
}

/// The certificate is checked before the body and before the existence of a post.
#[both_engines]
async fn without_a_certificate_everything_is_closed(server: TestServer) {
    server.person("owner").await;
    let guest = server.person("guest").await.with_key("*").await;
    for path in [
        "posts/create",
        "posts/comment",
        "posts/post_1/like",
        "comments/comment_1/delete",
        "circles/create",
        "report",
        "users/1/block",
    ] {
        for body in [json!({}), json!("nonsense")] {
            let answer = guest.post(&format!("{PLAZA}/{path}"), body).await;
            let body = answer.refused(403, "third.party.agent.plaza.invitation.required");
            assert_eq!(body["message"], "需要先激活 Plaza 准入");
        }
    }
    for path in [
        "posts/post_1",
        "posts/post_1/comments?page=0",
        "feed?page=-1",
        "circles",
        "topics",
        "topics/x/posts",
    ] {
        guest
            .get(&format!("{PLAZA}/{path}"))
            .await
            .refused(403, "third.party.agent.plaza.invitation.required");
    }
    // The scope is checked before the certificate.
    let poor = server.person("poor").await.with_key("chat").await;
    poor.get(&format!("{PLAZA}/feed")).await.refused(403, "apikey.permission.denied");
}

#[both_engines]
async fn a_second_administrator_is_a_resident_too(server: TestServer) {
    server.person("owner").await;
    let new = identity::NewAccount {
        email: "second@example.com".into(),
        name: "second".into(),
        password: identity::Password::new(PASSWORD),
        is_admin: true,
    };
    let second = server.running().identity.add_account(new).await.unwrap();
    assert!(server.running().plaza.certificate(second.id).await.unwrap().is_some());
}

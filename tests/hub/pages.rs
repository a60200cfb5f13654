//! `/hub`: the pages about keys, calls, APIs and users.

use serde_json::json;
use testkit::{Actor, Response, TestServer, both_engines};

use super::support::{Key, admin, another, key, result};

/// Sends a form of a page, with the page's token.
async fn send(who: &Actor, page: &str, path: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = who.get(page).await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    who.post_form(path, &all).await
}

fn shown(answer: &Response, id: &str) -> String {
    let start = format!("id=\"{id}\" type=\"text\" value=\"");
    let rest = answer.body.split_once(&start).unwrap_or_else(|| panic!("no {id} in {}", answer.body)).1;
    rest.split('"').next().unwrap().to_owned()
}

#[both_engines]
async fn a_key_is_made_used_changed_rotated_and_deleted_on_pages(server: TestServer) {
    let owner = server.person("a").await.signed_in().await.in_english();
    let fields = [
        ("name", "My <site>"),
        ("enabled", "yes"),
        ("domains", "app.example.com\r\n*.example.org"),
        ("ips", ""),
        ("allow", "echo/*"),
        ("per_second", ""),
        ("per_person", ""),
        ("per_day", "1000"),
        ("expires", ""),
    ];
    let made = send(&owner, "/hub/keys/new", "/hub/keys", &fields).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let key = Key { id: 0, ak: shown(&made, "ak"), sk: shown(&made, "sk"), owner: owner.clone() };
    result(&key.app(&server).get("/api/echo/x").await);
    let list = owner.get("/hub/keys").await;
    assert!(
        list.body.contains(&key.ak)
            && list.body.contains("My &#60;site&#62;")
            && !list.body.contains(&key.sk)
    );
    let id = list.body.split_once("href=\"/hub/keys/").map(|(_, rest)| rest).unwrap();
    let id = list
        .body
        .split("href=\"/hub/keys/")
        .find_map(|rest| rest.split('"').next()?.parse::<i64>().ok())
        .unwrap_or_else(|| panic!("{id}"));
    let path = format!("/hub/keys/{id}");
    let detail = owner.get(&path).await;
    assert!(
        detail.body.contains("<rect class=\"ok\"") && detail.body.contains("app.example.com\n*.example.org"),
        "{}",
        detail.body
    );
    assert!(!detail.body.contains(&key.sk));
    // Problems are named, and the typed values are kept.
    let wrong = send(
        &owner,
        &path,
        &path,
        &[("name", "x"), ("ips", "nonsense"), ("per_day", "many"), ("expires", "soon")],
    )
    .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("Requests per day: Input")
            && wrong.body.contains("Expires on: Input")
            && wrong.body.contains("nonsense"),
        "{}",
        wrong.body
    );
    let wrong = send(&owner, &path, &path, &[("name", "x"), ("ips", "nonsense")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("IP allowlist, line 1: Input"), "{}", wrong.body);
    // An unticked box disables the key.
    let changed = send(&owner, &path, &path, &[("name", "Other"), ("per_day", "5")]).await;
    assert_eq!((changed.status, changed.header("location")), (303, format!("{path}?done=saved").as_str()));
    assert_eq!(key.app(&server).get("/api/echo/x").await.json()["code"], "KEY_DISABLED");
    send(&owner, &path, &path, &[("name", "Other"), ("enabled", "yes")]).await;
    let rotated = send(&owner, &path, &format!("{path}/rotate"), &[("overlap", "3600")]).await;
    let new = Key { sk: shown(&rotated, "sk"), ak: shown(&rotated, "ak"), id, owner: owner.clone() };
    assert!(new.sk != key.sk && new.ak == key.ak);
    result(&key.app(&server).get("/api/echo/x").await);
    result(&new.app(&server).get("/api/echo/x").await);
    // Pages of other people's keys do not exist.
    let other = server.person("b").await.signed_in().await;
    for page in [path.clone(), format!("{path}/users"), "/hub/keys/x".into()] {
        assert_eq!(other.get(&page).await.status, 404, "{page}");
    }
    let deleted = send(&owner, &path, &format!("{path}/delete"), &[]).await;
    assert_eq!(deleted.header("location"), "/hub/keys?done=deleted");
    assert_eq!(new.app(&server).get("/api/echo/x").await.json()["code"], "KEY_NOT_FOUND");
    // A form without a token is refused.
    assert_eq!(owner.post_form("/hub/keys", &[("name", "x")]).await.status, 403);
}

#[both_engines]
async fn registration_is_opened_and_its_limit_lifted_on_pages(server: TestServer) {
    let key = key(&server, "a", json!({"domains": ["app.example.com"]})).await;
    let owner = key.owner.in_english();
    let path = format!("/hub/keys/{}", key.id);
    let shown = owner.get(&path).await;
    assert!(
        shown.body.contains("Allow self-registration in the user center")
            && !shown.body.contains("registration-hint\" checked"),
        "{}",
        shown.body
    );
    let fields = [
        ("name", "x"),
        ("enabled", "yes"),
        ("domains", "app.example.com"),
        ("registration", "yes"),
        ("registered", "echo/x"),
    ];
    assert_eq!(send(&owner, &path, &path, &fields).await.status, 303);
    let now = owner.get(&format!("/api/apikey/hub/keys/{}", key.id)).await.data();
    assert_eq!((&now["registration"], &now["registeredAllow"]), (&json!("open"), &json!(["echo:x"])));
    assert!(owner.get(&path).await.body.contains("registration-hint\" checked"));
    let app = key.app(&server);
    let person = json!({"username": "alice", "password": "correct horse"});
    result(&app.post("/api/user-center/noauth-register", person).await);
    let page = format!("{path}/users");
    assert!(owner.get(&page).await.body.contains("Self-registered"));
    let user = result(&app.get("/api/user-center-admin/list-users").await)["list"][0].clone();
    assert_eq!(user["self_registered"], true);
    let id = user["_id"].as_str().unwrap();
    assert_eq!(send(&owner, &page, &format!("{page}/{id}"), &[("act", "accept")]).await.status, 303);
    let user = result(&app.get("/api/user-center-admin/list-users").await)["list"][0].clone();
    assert_eq!(user["self_registered"], false);
    assert!(!owner.get(&page).await.body.contains("Self-registered"));
    // An unticked box closes registration again.
    assert_eq!(send(&owner, &path, &path, &[("name", "x"), ("enabled", "yes")]).await.status, 303);
    assert_eq!(owner.get(&format!("/api/apikey/hub/keys/{}", key.id)).await.data()["registration"], "closed");
    let wrong = send(&owner, &path, &path, &[("name", "x"), ("registered", "a b")]).await;
    assert!(
        wrong.status == 422 && wrong.body.contains("APIs available to self-registered users, line 1"),
        "{}",
        wrong.body
    );
}

#[both_engines]
async fn calls_are_found_by_what_is_known_of_them(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    let trace = app.get("/api/echo/first").await.json()["trace"].as_str().unwrap().to_owned();
    app.get("/api/nothing/x").await;
    let rows = async |query: &str| {
        key.owner.get(&format!("/hub/calls?{query}")).await.body.matches("class=\"took\"").count()
    };
    assert_eq!(rows("").await, 2);
    assert_eq!(rows(&format!("trace={trace}")).await, 1);
    assert_eq!(rows(&format!("key={}&status=404&code=API_NOT_FOUND", key.id)).await, 1);
    assert_eq!(rows("api=echo&from=2026-01-01&to=2026-01-01").await, 1);
    assert_eq!(rows("from=2026-01-02").await, 0);
    assert_eq!(
        server
            .person("b")
            .await
            .signed_in()
            .await
            .get(&format!("/hub/calls?trace={trace}&all=yes"))
            .await
            .body
            .matches(&trace)
            .count(),
        2,
        "in the form, and in the address of the table"
    );
    assert!(
        admin(&server)
            .await
            .get(&format!("/hub/calls?trace={trace}&all=yes"))
            .await
            .body
            .matches(&trace)
            .count()
            > 2
    );
    let long = key.owner.get(&format!("/hub/calls?trace={}", "x".repeat(65))).await;
    assert!(long.status == 200 && long.body.contains("role=\"alert\""));
}

#[both_engines]
async fn administrators_define_and_import_apis(server: TestServer) {
    let admin = admin(&server).await.in_english();
    let person = server.person("a").await.signed_in().await;
    assert!(person.get("/hub/apis").await.body.contains("user-center"));
    for path in ["/hub/apis/new", "/hub/apis/echo"] {
        assert_eq!(person.get(path).await.status, 403);
        assert_eq!(admin.get(path).await.status, 200);
    }
    let definition = json!({"code": "pets", "anonymous": true, "provider": {"kind": "echo"}}).to_string();
    let saved = send(&admin, "/hub/apis/new", "/hub/apis", &[("definition", &definition)]).await;
    assert_eq!(saved.header("location"), "/hub/apis?done=saved");
    result(&server.anyone().get("/api/pets/find").await);
    for bad in ["{", r#"{"code":"X","provider":{"kind":"echo"}}"#] {
        let wrong = send(&admin, "/hub/apis/new", "/hub/apis", &[("definition", bad)]).await;
        assert!(wrong.status == 422 && wrong.body.contains("role=\"alert\""), "{}", wrong.body);
    }
    let document = json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "getA"}, "head": {}}}})
        .to_string();
    let fields = [("code", "imported"), ("base_url", "https://a.example"), ("document", document.as_str())];
    let imported = send(&admin, "/hub/apis/new", "/hub/apis/import", &fields).await;
    assert!(
        imported.status == 200 && imported.body.contains("get-a") && imported.body.contains("HEAD /a"),
        "{}",
        imported.body
    );
    assert_eq!(admin.get("/hub/apis/imported").await.status, 404, "only shown");
    let nothing =
        send(&admin, "/hub/apis/new", "/hub/apis/import", &[("code", "x"), ("document", "openapi: 3")]).await;
    assert!(nothing.status == 422 && nothing.body.contains("role=\"alert\""));
    assert_eq!(
        send(&admin, "/hub/apis/pets", "/hub/apis/pets/delete", &[]).await.header("location"),
        "/hub/apis?done=deleted"
    );
    assert_eq!(server.anyone().get("/api/pets/find").await.status, 404);
}

/// Chinese pages describe problems in Chinese, and use the form's names of the fields.
#[both_engines]
async fn chinese_pages_say_what_is_wrong_in_chinese(server: TestServer) {
    let admin = admin(&server).await;
    let alert = |answer: &Response| {
        assert_eq!(answer.status, 422, "{}", answer.body);
        let (_, rest) = answer.body.split_once("role=\"alert\"").unwrap();
        rest.split("</div>").next().unwrap().split("</p>").next().unwrap().to_owned()
    };
    let fields = [
        ("name", " "),
        ("ips", "10.0.0.1\r\nnowhere"),
        ("domains", "https://x"),
        ("allow", "a b"),
        ("per_second", "0"),
        ("per_day", "9999999999"),
    ];
    let wrong = alert(&send(&admin, "/hub/keys/new", "/hub/keys", &fields).await);
    for expected in [
        "名称: 不能为空",
        "IP 白名单 第 2 行: 应为地址或网段",
        "域名白名单 第 1 行: 应为域名",
        "允许的 API 第 1 行: 应为接口",
        "每秒调用次数: 应在 1 到 1000 之间",
        "每天调用次数: 应在 1 到",
    ] {
        assert!(wrong.contains(expected), "{expected}: {wrong}");
    }
    let fields = [("name", "x"), ("per_second", "many"), ("expires", "soon")];
    let wrong = alert(&send(&admin, "/hub/keys/new", "/hub/keys", &fields).await);
    assert!(wrong.contains("应为整数") && wrong.contains("应为日期"), "{wrong}");
    let past =
        alert(&send(&admin, "/hub/keys/new", "/hub/keys", &[("name", "x"), ("expires", "2000-01-01")]).await);
    assert!(past.contains("应为将来的日期"), "{past}");
    let definition = json!({"code": "A_b", "roles": vec!["r"; 101], "groups": ["x"],
    "provider": {
        "kind": "http",
        "base_url": "ftp://x",
        "timeout_ms": 0,
        "headers": {"host": "x"},
        "forward_headers": ["cookie"],
    },
    "actions": {
        "X": {"method": "GRAB", "path": "../x", "cache_seconds": 100_000, "groups": ["x"]},
    }})
    .to_string();
    let wrong = alert(&send(&admin, "/hub/apis/new", "/hub/apis", &[("definition", &definition)]).await);
    for english in ["should", "Input", "cannot", "at most", "Field"] {
        assert!(!wrong.contains(english), "{english}: {wrong}");
    }
    for bad in [
        "{",
        "{}",
        r#"{"code":"x","provider":{"kind":"nothing"}}"#,
        r#"{"code":"x","provider":{"kind":"echo"},"actions":{"a":{"nothing":1}}}"#,
        r#"{"code":"x","provider":{"kind":"http","base_url":"http://a"},"actions":{"a":{"path":"{a"}}}"#,
        r#"{"code":"x","provider":{"kind":"http","base_url":"http://a"},"actions":{"a":{"result":"$a"}}}"#,
    ] {
        let wrong = alert(&send(&admin, "/hub/apis/new", "/hub/apis", &[("definition", bad)]).await);
        assert!(
            ["有误", "缺少", "没有", "应为"].iter().any(|chinese| wrong.contains(chinese)),
            "{bad}: {wrong}"
        );
    }
    for document in
        ["openapi: 3", "{}", r#"{"openapi":"3.1.0"}"#, r#"{"openapi":"3.1.0","paths":{"/a":{"head":{}}}}"#]
    {
        let fields = [("code", "x"), ("document", document)];
        let wrong = alert(&send(&admin, "/hub/apis/new", "/hub/apis/import", &fields).await);
        assert!(
            ["应为", "缺失", "已略去"].iter().any(|chinese| wrong.contains(chinese)),
            "{document}: {wrong}"
        );
    }
    let key = another(&admin, json!({})).await;
    let page = format!("/hub/keys/{}/users", key.id);
    let weak =
        send(&admin, &page, &page, &[("username", "bob"), ("password", "short"), ("kind", "MEMBER")]).await;
    assert!(alert(&weak).contains("太短"), "{}", weak.body);
    let nameless =
        send(&admin, &page, &page, &[("username", " "), ("password", "correct horse"), ("kind", "MEMBER")])
            .await;
    assert!(alert(&nameless).contains("首尾不能有空白"), "{}", nameless.body);
}

#[both_engines]
async fn an_owner_looks_after_the_people_of_a_key(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let page = format!("/hub/keys/{}/users", key.id);
    let owner = key.owner.in_english();
    let new = |name: &'static str, password: &'static str| {
        [("username", name), ("password", password), ("kind", "ADMIN")]
    };
    assert_eq!(send(&owner, &page, &page, &new("alice", "correct horse")).await.status, 303);
    let again = send(&owner, &page, &page, &new("Alice", "correct horse")).await;
    assert!(
        again.status == 422
            && again.body.contains("exists already")
            && again.body.contains("value=\"Alice\""),
        "{}",
        again.body
    );
    let weak = send(&owner, &page, &page, &new("bob", "short")).await;
    assert!(weak.body.contains("(too short)"), "{}", weak.body);
    let list = result(&key.app(&server).get("/api/user-center-admin/list-users").await);
    let user = list["list"][0]["_id"].as_str().unwrap().to_owned();
    let path = format!("{page}/{user}");
    let fields = [("act", "save"), ("roles", "EDITOR\r\nVIEWER"), ("groups", "/sales")];
    assert_eq!(send(&owner, &page, &path, &fields).await.status, 303);
    assert_eq!(send(&owner, &page, &path, &[("act", "disable")]).await.status, 303);
    let seen =
        result(&key.app(&server).get(&format!("/api/user-center-admin/get-user?user_id={user}")).await);
    assert_eq!(
        (&seen["roles"], &seen["groups"], &seen["enable"]),
        (&json!(["ADMIN", "EDITOR", "VIEWER"]), &json!(["/sales"]), &json!(false))
    );
    assert!(owner.get(&format!("{page}?search=ali")).await.body.contains("alice"));
    assert!(!owner.get(&format!("{page}?search=zzz")).await.body.contains("alice"));
    let wrong = send(&owner, &page, &path, &[("act", "save"), ("groups", "sales")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("groups"), "{}", wrong.body);
    assert_eq!(send(&owner, &page, &path, &[("act", "delete")]).await.status, 303);
    assert!(owner.get(&page).await.body.contains("No matching records."));
    assert_eq!(send(&owner, &page, &path, &[("act", "enable")]).await.status, 422, "there is no such user");
}

#[both_engines]
async fn a_key_is_valid_on_the_day_of_its_date(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let path = format!("/hub/keys/{}", key.id);
    let fields = [("name", "x"), ("enabled", "yes"), ("expires", "2026-01-05")];
    for _ in 0..2 {
        assert_eq!(send(&key.owner, &path, &path, &fields).await.status, 303);
        let page = key.owner.get(&path).await;
        assert!(page.body.contains("type=\"date\" value=\"2026-01-05\""), "{}", page.body);
    }
    let stored = key.owner.get(&format!("/api/apikey/hub/keys/{}", key.id)).await.data();
    assert_eq!(stored["expiresAt"], 1_767_657_599_000_i64, "{stored}");
}

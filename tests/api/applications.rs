//! `/api/applications/external/…`: registering apps

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

const BASE: &str = "/gate/lab/api/applications/external";

fn request() -> Value {
    json!({
        "appName": "Example App", "appDescription": "optional",
        "redirectUris": ["https://example.com/oauth/callback"], "allowedScopes": ["userinfo"]
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = request();
    body[name] = value;
    body
}

#[both_engines]
async fn an_app_is_made_listed_changed_and_deleted(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let made = session.post(&format!("{BASE}/create"), request()).await.data();
    let id = made["appId"].as_str().unwrap();
    assert!(made["clientSecret"].as_str().unwrap().starts_with("lba_cs_"));
    assert_eq!((&made["clientId"], &made["status"]), (&made["appId"], &json!("approved")));
    let shown = session.get(&format!("{BASE}/{id}")).await.data();
    assert!(shown.get("clientSecret").is_none());
    assert_eq!(shown["redirectUris"], request()["redirectUris"]);
    let list = session.get(&format!("{BASE}/list?page=1&page_size=20")).await.data();
    assert_eq!((&list["items"], &list["items"]), (&json!([shown]), &list["list"]));
    assert_eq!((&list["total"], &list["page"], &list["pageSize"]), (&json!(1), &json!(1), &json!(20)));
    let changed = session.post(&format!("{BASE}/{id}/update"), json!({"appName": "New"})).await.data();
    assert_eq!((&changed["appName"], &changed["appDescription"]), (&json!("New"), &json!("optional")));
    let secret = session.post(&format!("{BASE}/{id}/regenerate-secret"), json!({})).await.data();
    assert_ne!(secret["clientSecret"], made["clientSecret"]);
    let form = |secret: &Value| {
        let text = secret["clientSecret"].as_str().unwrap().to_owned();
        [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", id.to_owned()),
            ("client_secret", text),
            ("scope", "userinfo".to_owned()),
        ]
    };
    let token = |fields: [(&'static str, String); 4]| {
        let nobody = server.anyone();
        async move {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            nobody.post_form("/api/oauth/token/client", &fields).await
        }
    };
    token(form(&made)).await.refused(401, "oauth2.client.secret_mismatch");
    token(form(&secret)).await.data();
    assert_eq!(session.post(&format!("{BASE}/{id}/delete"), json!({})).await.data(), Value::Null);
    session.get(&format!("{BASE}/{id}")).await.refused(404, "oauth2.application.not_found");
    token(form(&secret)).await.refused(400, "oauth2.client.invalid");
}

#[both_engines]
async fn what_is_wrong_with_a_wish(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let create = format!("{BASE}/create");
    for (body, status, sub_code) in [
        (json!({}), 422, "invalid.param"),
        (with("appName", json!("")), 422, "invalid.param"),
        (with("appName", json!("x".repeat(101))), 422, "invalid.param"),
        (with("appName", json!("a\nb")), 422, "invalid.param"),
        (with("appDescription", json!("x".repeat(1001))), 422, "invalid.param"),
        (with("redirectUris", json!([])), 422, "invalid.param"),
        (with("redirectUris", json!(vec!["https://a.example/"; 21])), 422, "invalid.param"),
        (with("allowedScopes", json!([])), 422, "invalid.param"),
        (with("redirectUris", json!(["http://example.com/cb"])), 400, "oauth2.redirect_uri.invalid"),
        (with("redirectUris", json!(["https://*.example.com/cb"])), 400, "oauth2.redirect_uri.invalid"),
        (with("redirectUris", json!(["https://example.com/cb#x"])), 400, "oauth2.redirect_uri.invalid"),
        (with("allowedScopes", json!(["nonsense"])), 400, "oauth2.scope.invalid"),
        (with("allowedScopes", json!(["*"])), 400, "oauth2.scope.invalid"),
    ] {
        session.post(&create, body).await.refused(status, sub_code);
    }
    assert_eq!(session.get(&format!("{BASE}/list")).await.data()["total"], 0);
}

#[both_engines]
async fn other_peoples_apps_are_as_if_they_were_not(server: TestServer) {
    let app = server.person("owner").await.app("chat").await;
    let stranger = server.person("stranger").await.signed_in().await;
    for id in [app.id.as_str(), "6f1c1f5e-0000-4000-8000-000000000000", "x", "a%00b"] {
        stranger.get(&format!("{BASE}/{id}")).await.refused(404, "oauth2.application.not_found");
        for verb in ["update", "regenerate-secret", "delete"] {
            let answer = stranger.post(&format!("{BASE}/{id}/{verb}"), json!({})).await;
            answer.refused(404, "oauth2.application.not_found");
        }
    }
    assert_eq!(stranger.get(&format!("{BASE}/list")).await.data()["total"], 0);
}

#[both_engines("[oauth]\nmax_applications = 2")]
async fn an_account_has_so_many_apps(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let create = format!("{BASE}/create");
    let all = futures::future::join_all((0..6).map(|_| session.post(&create, request()))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 2);
    for answer in all.iter().filter(|answer| answer.status != 200) {
        answer.refused(400, "invalid.param");
    }
}

#[both_engines]
async fn redirect_uris_are_checked_at_registration(server: TestServer) {
    let chinese = server.person("a").await.signed_in().await;
    let (session, create) = (chinese.in_english(), format!("{BASE}/create"));
    for good in [
        "myapp://cb",
        "com.example.app:/cb",
        "cursor://anysphere.cursor/callback",
        "http://192.168.1.10:3000/cb",
        "http://10.1.2.3/cb",
        "http://myapp.test/cb",
        "http://nas.local:8080/cb",
        "http://host.docker.internal:3000/cb",
        "http://nas:3000/cb",
        "http://[fd00::1]/cb",
        "http://127.0.0.1:1/cb",
        "https://example.com/cb",
    ] {
        let made = session.post(&create, with("redirectUris", json!([good]))).await.data();
        assert_eq!(made["redirectUris"], json!([good]));
    }
    for (bad, reason) in [
        ("javascript:alert(1)", "the scheme javascript: is not allowed"),
        ("JaVaScRiPt://x.example/%0aalert(1)", "the scheme javascript: is not allowed"),
        ("data:text/html,x", "the scheme data: is not allowed"),
        ("file:///etc/passwd", "the scheme file: is not allowed"),
        ("ms-msdt:/x", "the scheme ms-msdt: is not allowed"),
        (
            "http://example.com/cb",
            "http is only for this machine and private networks; public hosts need https",
        ),
        (
            "http://169.254.169.254/cb",
            "http is only for this machine and private networks; public hosts need https",
        ),
        (
            "http://192.168.1.10.evil.example/cb",
            "http is only for this machine and private networks; public hosts need https",
        ),
        ("myapp:cb", "after an app's own scheme comes :/ or ://"),
        ("https://example.com/cb#x", "it has a fragment (#)"),
        ("https://*.example.com/cb", "it has the character *"),
        ("https://u@example.com/cb", "its host or port is not valid, or it has a user name"),
        ("example.com/cb", "it does not begin with a scheme in lower case, such as https://"),
    ] {
        let body = session.post(&create, with("redirectUris", json!(["https://good.example/cb", bad]))).await;
        let body = body.refused(400, "oauth2.redirect_uri.invalid");
        assert_eq!(body["message"], format!("Invalid redirect URI: {bad} ({reason})"));
    }
    let refused = chinese.post(&create, with("redirectUris", json!(["http://example.com/cb"]))).await;
    assert_eq!(
        refused.json()["message"],
        "无效的 Redirect URI: http://example.com/cb（公网地址必须用 https，http 只能用于本机和内网）"
    );
}

#[both_engines("[oauth]\nredirect_app_schemes = false\nredirect_private_networks = false")]
async fn redirect_uris_of_a_strict_server_are_refused(server: TestServer) {
    let session = server.person("a").await.signed_in().await.in_english();
    let create = format!("{BASE}/create");
    for (bad, setting) in [
        ("myapp://cb", "oauth.redirect_app_schemes"),
        ("http://192.168.1.10/cb", "oauth.redirect_private_networks"),
        ("http://nas/cb", "oauth.redirect_private_networks"),
    ] {
        let body = session
            .post(&create, with("redirectUris", json!([bad])))
            .await
            .refused(400, "oauth2.redirect_uri.invalid");
        assert!(body["message"].as_str().unwrap().contains(setting), "{body}");
    }
    let made = session.post(&create, request()).await.data();
    let update = format!("{BASE}/{}/update", made["appId"].as_str().unwrap());
    session
        .post(&update, json!({"redirectUris": ["myapp://cb"]}))
        .await
        .refused(400, "oauth2.redirect_uri.invalid");
    session.post(&create, with("redirectUris", json!(["http://localhost:3000/cb"]))).await.data();
}

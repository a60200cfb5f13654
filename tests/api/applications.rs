//! `/api/applications/external/…`: registering apps

use serde_json::{Value, json};
use testkit::both_engines;

const BASE: &str = "/gate/lab/api/applications/external";

fn wish() -> Value {
    json!({
        "appName": "Example App", "appDescription": "optional",
        "redirectUris": ["https://example.com/oauth/callback"], "allowedScopes": ["userinfo"]
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = wish();
    body[name] = value;
    body
}

both_engines! {
    async fn an_app_is_made_listed_changed_and_deleted(server) {
        let session = server.person("a").await.signed_in().await;
        let made = session.post(&format!("{BASE}/create"), wish()).await.data();
        let id = made["appId"].as_str().unwrap();
        assert!(made["clientSecret"].as_str().unwrap().starts_with("lba_cs_"));
        assert_eq!((&made["clientId"], &made["status"]), (&made["appId"], &json!("approved")));
        let shown = session.get(&format!("{BASE}/{id}")).await.data();
        assert!(shown.get("clientSecret").is_none());
        assert_eq!(shown["redirectUris"], wish()["redirectUris"]);
        let list = session.get(&format!("{BASE}/list?page=1&page_size=20")).await.data();
        assert_eq!((&list["items"], &list["items"]), (&json!([shown]), &list["list"]));
        assert_eq!((&list["total"], &list["page"], &list["pageSize"]), (&json!(1), &json!(1), &json!(20)));
        let changed = session.post(&format!("{BASE}/{id}/update"), json!({"appName": "New"})).await.data();
        assert_eq!((&changed["appName"], &changed["appDescription"]), (&json!("New"), &json!("optional")));
        let secret = session.post(&format!("{BASE}/{id}/regenerate-secret"), json!({})).await.data();
        assert_ne!(secret["clientSecret"], made["clientSecret"]);
        let form = |secret: &Value| {
            let text = secret["clientSecret"].as_str().unwrap().to_owned();
            [("grant_type", "client_credentials".to_owned()), ("client_id", id.to_owned()), ("client_secret", text), ("scope", "userinfo".to_owned())]
        };
        let token = |fields: [(&'static str, String); 4]| {
            let nobody = server.anyone();
            async move {
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                nobody.post_form("/api/oauth/token/client", &fields).await
            }
        };
        token(form(&made)).await.refused(401, "oauth2.client.secret_mismatch");
        token(form(&secret)).await.data();
        assert_eq!(session.post(&format!("{BASE}/{id}/delete"), json!({})).await.data(), Value::Null);
        session.get(&format!("{BASE}/{id}")).await.refused(404, "oauth2.application.not_found");
        token(form(&secret)).await.refused(400, "oauth2.client.invalid");
    }

    async fn what_is_wrong_with_a_wish(server) {
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
            (with("allowedScopes", json!(["memory.write"])), 403, "oauth2.scope.disallowed"),
        ] {
            session.post(&create, body).await.refused(status, sub_code);
        }
        assert_eq!(session.get(&format!("{BASE}/list")).await.data()["total"], 0);
    }

    async fn other_peoples_apps_are_as_if_they_were_not(server) {
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

    async fn an_account_has_so_many_apps(server: "[oauth]\nmax_applications = 2") {
        let session = server.person("a").await.signed_in().await;
        let create = format!("{BASE}/create");
        let all = futures::future::join_all((0..6).map(|_| session.post(&create, wish()))).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 2);
        for answer in all.iter().filter(|answer| answer.status != 200) {
            answer.refused(400, "invalid.param");
        }
    }
}

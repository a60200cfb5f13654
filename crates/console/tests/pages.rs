//! The pages behind the guard, asked as a browser asks them.

#[cfg(test)]
mod browser;

use axum::body::Body;
use http::{Request, StatusCode, header};
use identity::SignUp;
use tower::ServiceExt;

use browser::{Browser, EMAIL, PASSWORD, Site};

#[tokio::test]
async fn every_form_needs_the_token_of_its_browser() {
    let (site, mut ada) = Site::with_ada(SignUp::Open).await;
    site.add("eve@example.com").await;
    let mut eve = Browser::default();
    eve.sign_in(&site, "eve@example.com", "").await;
    let foreign = eve.get(&site, "/keys/new").await.token().to_owned();
    for path in [
        "/sign-in",
        "/sign-out",
        "/sign-up",
        "/setup",
        "/language",
        "/keys",
        "/keys/1/rotate",
        "/keys/1/delete",
        "/account/password",
        "/account/sessions/1/end",
        "/account/sessions/end-others",
    ] {
        for token in ["", "x", &foreign] {
            let answer =
                ada.post_with(&site, path, token, &[("name", "k"), ("scope", "*"), ("overlap", "0")]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(answer.body.contains("This page has expired"), "{path}");
        }
    }
    assert_eq!(ada.get(&site, "/account").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn a_key_is_made_shown_once_rotated_and_deleted() {
    let (site, mut ada) = Site::with_ada(SignUp::Closed).await;
    let made = ada.make_key(&site, "Bot <script>").await;
    assert_eq!(made.status, StatusCode::OK);
    assert_eq!(made.headers.get(header::CACHE_CONTROL).unwrap(), "no-store");
    let key = made.key().unwrap().to_owned();
    assert!(key.starts_with("lba_ak_") && !made.body.contains("<script>"));
    assert!(made.body.contains("https://doppel.example/gate/lab/api/secondme/user/info"));

    let list = ada.get(&site, "/keys").await;
    assert!(!list.body.contains(&key) && list.body.contains(&key[..13]));
    let id = list.between("<th scope=\"row\"><a href=\"/keys/", "\"").to_owned();
    let page = format!("/keys/{id}");
    let detail = ada.get(&site, &page).await;
    assert!(detail.status.is_success() && !detail.body.contains(&key));

    let rotated = ada.post(&site, &page, &format!("{page}/rotate"), &[("overlap", "3600")]).await;
    let new_key = rotated.key().unwrap().to_owned();
    assert_ne!(new_key, key);
    assert!(rotated.body.contains("The old key goes on working until"));
    let again = ada.post(&site, &page, &format!("{page}/rotate"), &[("overlap", "3600")]).await;
    assert_eq!((again.status, again.location()), (StatusCode::SEE_OTHER, page.as_str()));

    let deleted = ada.post(&site, &page, &format!("{page}/delete"), &[]).await;
    assert_eq!(deleted.location(), "/keys?done=deleted");
    assert_eq!(ada.get(&site, &page).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_form_of_a_key_says_what_is_wrong() {
    let (site, mut ada) = Site::with_ada(SignUp::Closed).await;
    let wrong = ada.post(&site, "/keys/new", "/keys", &[("name", "\"kept\""), ("expiry", "date")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("Choose at least one permission.")
            && wrong.body.contains("Please choose a date.")
    );
    assert!(wrong.body.contains("value=\"&#34;kept&#34;\""), "what was typed is kept, escaped");
    for number in 0..3 {
        assert_eq!(ada.make_key(&site, &number.to_string()).await.status, StatusCode::OK);
    }
    let full = ada.make_key(&site, "one too many").await;
    assert_eq!(full.status, StatusCode::BAD_REQUEST);
    assert!(full.body.contains("limit of 3 API keys"));
}

#[tokio::test]
async fn anothers_key_looks_like_none() {
    let (site, mut ada) = Site::with_ada(SignUp::Closed).await;
    site.add("eve@example.com").await;
    let mut eve = Browser::default();
    eve.sign_in(&site, "eve@example.com", "").await;
    ada.make_key(&site, "mine").await;
    let id = ada.get(&site, "/keys").await.between("<th scope=\"row\"><a href=\"/keys/", "\"").to_owned();
    let unknown = eve.get(&site, "/keys/1").await;
    let foreign = eve.get(&site, &format!("/keys/{id}")).await;
    assert_eq!((foreign.status, &foreign.body), (StatusCode::NOT_FOUND, &unknown.body));
    let deleted = eve.post(&site, "/keys", &format!("/keys/{id}/delete"), &[]).await;
    assert_eq!(deleted.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.get(&site, &format!("/keys/{id}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_in_rotates_the_session_and_goes_on_within_the_site() {
    let (site, mut ada) = Site::with_ada(SignUp::Closed).await;
    let mut before = ada.clone();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("next", "/keys?page=1")];
    let token = ada.get(&site, "/account").await.token().to_owned();
    let answer = ada.post_with(&site, "/sign-in", &token, &fields).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/keys?page=1"));
    assert_ne!(ada.cookie("doppel_session"), before.cookie("doppel_session"));
    assert!(before.get(&site, "/account").await.location().starts_with("/sign-in?next="));
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "keys"] {
        let mut fresh = Browser::default();
        assert_eq!(fresh.sign_in(&site, EMAIL, next).await.location(), "/", "{next}");
    }
}

#[tokio::test]
async fn a_failed_sign_in_keeps_the_address_alone() {
    let site = Site::open(SignUp::Closed).await;
    site.add(EMAIL).await;
    let mut browser = Browser::default();
    let mut seen = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        let fields = [("email", email), ("password", "hunter2hunter2"), ("next", "/keys")];
        let answer = browser.post(&site, "/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.body.contains(email) && !answer.body.contains("hunter2"));
        seen.push(answer.body.replace(email, ""));
    }
    assert_eq!(seen.first(), seen.last(), "whether there is such an account does not show");
    let mut last = browser.sign_in(&site, "nobody@example.com", "").await;
    for _ in 0..8 {
        last = browser.sign_in(&site, "nobody@example.com", "").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn sign_up_is_open_closed_or_by_link() {
    let site = Site::open(SignUp::Closed).await;
    let set_up = site.identity.set_up_link().await.unwrap().unwrap();
    let mut owner = Browser::default();
    assert_eq!(owner.get(&site, "/sign-up").await.status, StatusCode::FORBIDDEN);
    let page = format!("/setup?link={}", set_up.expose());
    let link = ("link", set_up.expose());
    let wrong = [link, ("name", ""), ("email", "a@b"), ("password", "long enough")];
    let answer = owner.post(&site, &page, "/setup", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Please enter a name.") && answer.body.contains("value=\"a@b\""));
    let right = [link, ("name", "Ada"), ("email", "a@b"), ("password", "long enough")];
    let answer = owner.post(&site, &page, "/setup", &right).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(owner.get(&site, "/").await.body.contains("Administrator"));
    assert_eq!(Browser::default().get(&site, &page).await.status, StatusCode::FORBIDDEN, "a link works once");
}

#[tokio::test]
async fn sessions_end_one_by_one_together_and_with_the_password() {
    let (site, mut ada) = Site::with_ada(SignUp::Closed).await;
    let (mut phone, mut tablet) = (Browser::default(), Browser::default());
    phone.sign_in(&site, EMAIL, "").await;
    tablet.sign_in(&site, EMAIL, "").await;
    let page = ada.get(&site, "/account").await;
    let newest = format!(
        "/account/sessions/{}/end",
        page.between("<tbody>", "</form>").split("sessions/").nth(1).unwrap().split('/').next().unwrap()
    );
    assert_eq!(ada.post(&site, "/account", &newest, &[]).await.location(), "/account?done=session");
    assert_eq!(ada.post(&site, "/account", &newest, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(tablet.get(&site, "/").await.status, StatusCode::SEE_OTHER);
    assert_eq!(phone.get(&site, "/").await.status, StatusCode::OK);
    let ended = ada.post(&site, "/account", "/account/sessions/end-others", &[]).await;
    assert_eq!(ended.location(), "/account?done=sessions");
    assert_eq!(phone.get(&site, "/").await.status, StatusCode::SEE_OTHER);

    phone.sign_in(&site, EMAIL, "").await;
    let wrong = [("old", "not this one"), ("password", "battery staple")];
    let answer = ada.post(&site, "/account", "/account/password", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.body.contains("The current password is not right."));
    let right = [("old", PASSWORD), ("password", "battery staple")];
    let answer = ada.post(&site, "/account", "/account/password", &right).await;
    assert_eq!(answer.location(), "/account?done=password");
    assert_eq!(ada.get(&site, "/").await.status, StatusCode::OK);
    assert_eq!(phone.get(&site, "/").await.status, StatusCode::SEE_OTHER);

    let out = ada.post(&site, "/", "/sign-out", &[]).await;
    assert_eq!((out.location(), ada.cookie("doppel_session")), ("/sign-in", String::new()));
}

#[tokio::test]
async fn pages_carry_their_headers_and_speak_the_chosen_language() {
    let (site, mut ada) = Site::with_ada(SignUp::Open).await;
    let nobody = Browser::default();
    for (browser, path, status) in [
        (&nobody, "/sign-in", 200),
        (&nobody, "/sign-up", 200),
        (&ada, "/", 200),
        (&ada, "/keys", 200),
        (&ada, "/keys/new", 200),
        (&ada, "/keys/x", 404),
        (&ada, "/keys/1/rotate", 405),
        (&ada, "/account", 200),
    ] {
        let answer = browser.clone().get(&site, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.body.matches("<h1>").count(), 1, "{path}");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<style"), "{path}");
        assert!(!answer.body.contains("Ada <b>"), "{path}: names are escaped");
        let header = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
    }
    let chosen = ada.post(&site, "/keys", "/language", &[("language", "zh-CN"), ("back", "/keys")]).await;
    assert_eq!((chosen.status, chosen.location()), (StatusCode::SEE_OTHER, "/keys"));
    assert!(ada.get(&site, "/keys").await.body.contains("<h1>API Key 管理</h1>"));
    let away = ada.post(&site, "/keys", "/language", &[("language", "en"), ("back", "//evil.example")]).await;
    assert_eq!(away.location(), "/");
}

#[tokio::test]
async fn a_key_opens_no_page_and_gets_an_error_it_can_read() {
    let (site, mut ada) = Site::with_ada(SignUp::Closed).await;
    let key = ada.make_key(&site, "bot").await.key().unwrap().to_owned();
    for path in ["/", "/keys", "/keys/new", "/account"] {
        let request = Request::builder().uri(path).header(header::AUTHORIZATION, format!("Bearer {key}"));
        let answer = site.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        let error = answer.extensions().get::<web::ApiError>().map(web::ApiError::code);
        assert_eq!(error, Some(web::Code::SessionRequired), "{path}: left to the boundary");
    }
}

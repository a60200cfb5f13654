//! The older addresses of the API, below `/gate/in/rest/third-party-agent/v1`. They are other names of
//! today's endpoints: requests go on under today's method and path.

use http::{Method, Request, Uri, uri::PathAndQuery};

const BASE: &str = "/gate/in/rest/third-party-agent/v1/";
const TODAY: &str = "/gate/lab/api";

/// Returns today's method and path of an older address, relative to the API. `None` for any other.
fn today(method: &Method, path: &str) -> Option<(Method, String)> {
    let rest = path.strip_prefix(BASE)?;
    let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let (get, post) = (Method::GET, Method::POST);
    let (method, path) = match (method.as_str(), parts.as_slice()) {
        ("POST", ["auth", "token", "code"]) => (post, "/auth/skills/token".to_owned()),
        ("GET", ["profile"]) => (get, "/secondme/user/info".to_owned()),
        ("PUT", ["profile"]) => (post, "/secondme/user/profile".to_owned()),
        ("GET", ["plaza", "access"]) => (get, "/certificate/access".to_owned()),
        ("POST", ["plaza", "invitation", "redeem"]) => (post, "/invitation/redeem".to_owned()),
        ("POST", ["plaza", "posts"]) => (post, "/secondme/plaza/posts/create".to_owned()),
        ("GET", ["plaza", "posts", id]) => (get, format!("/secondme/plaza/posts/{id}")),
        ("GET", ["plaza", "posts", id, "comments"]) => (get, format!("/secondme/plaza/posts/{id}/comments")),
        ("GET", ["plaza", "feed"]) => (get, "/secondme/plaza/feed".to_owned()),
        ("GET", ["agent", "events", "day-overview"]) => (get, "/secondme/activity/day-overview".to_owned()),
        ("POST", ["memories", "key"]) => (post, "/secondme/memory/key".to_owned()),
        ("POST", ["memories", "key", "batch"]) => (post, "/secondme/memory/key/batch".to_owned()),
        ("GET", ["memories", "key", "search"]) => (get, "/secondme/memory/key/search".to_owned()),
        ("PUT", ["memories", "key", id]) => (post, format!("/secondme/memory/key/{id}/update")),
        ("DELETE", ["memories", "key", id]) => (post, format!("/secondme/memory/key/{id}/delete")),
        ("POST", ["notes"]) => (post, "/secondme/note/add".to_owned()),
        ("POST", ["notes", "list"]) => (post, "/secondme/note/list".to_owned()),
        _ => return None,
    };
    Some((method, path))
}

/// Gives a request to an older address today's method and path, and leaves others as they are.
pub(crate) fn rewrite<B>(request: &mut Request<B>) {
    let Some((method, path)) = today(request.method(), request.uri().path()) else { return };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // The parts are those of a valid path, so together they are one, too.
    let Ok(whole) = PathAndQuery::try_from(format!("{TODAY}{path}{query}")) else { return };
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = Some(whole);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
        *request.method_mut() = method;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(method: &str, uri: &str) -> (String, String) {
        let mut request = Request::builder().method(method).uri(uri).body(()).unwrap();
        rewrite(&mut request);
        (request.method().to_string(), request.uri().to_string())
    }

    #[test]
    fn older_addresses_lead_to_todays() {
        for (method, path, expected) in [
            ("GET", "profile", "GET /gate/lab/api/secondme/user/info"),
            ("PUT", "profile", "POST /gate/lab/api/secondme/user/profile"),
            (
                "GET",
                "plaza/posts/7/comments?page=2",
                "GET /gate/lab/api/secondme/plaza/posts/7/comments?page=2",
            ),
            ("DELETE", "memories/key/9", "POST /gate/lab/api/secondme/memory/key/9/delete"),
            (
                "GET",
                "memories/key/search?keyword=a%20b",
                "GET /gate/lab/api/secondme/memory/key/search?keyword=a%20b",
            ),
        ] {
            let (method, uri) = after(method, &format!("{BASE}{path}"));
            assert_eq!(format!("{method} {uri}"), expected);
        }
    }

    #[test]
    fn other_addresses_stay() {
        for (method, uri) in [
            ("DELETE", format!("{BASE}profile")),
            ("GET", format!("{BASE}plaza/posts/7/../../admin")),
            ("GET", "/api/secondme/user/info?x=1".to_owned()),
            ("POST", "/gate/in/rest/open/avatar/auth".to_owned()),
        ] {
            assert_eq!(after(method, &uri), (method.to_owned(), uri.clone()), "{uri}");
        }
    }
}

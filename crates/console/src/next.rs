//! The page after a sign-in: an address from the request, which must be on this site.

/// Longest address that is accepted, in bytes.
const MAX_LENGTH: usize = 8192;

/// Returns the address if it is a path on this site, with or without a query. Otherwise returns the home
/// page.
///
/// Browsers take `//host` and `/\host`, also with tabs or line breaks in between, for another site. So the
/// address must consist of visible ASCII characters without backslashes, and begin with a single slash.
pub(crate) fn local(next: &str) -> &str {
    let is_local = next.len() <= MAX_LENGTH
        && next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { next } else { "/" }
}

/// Returns the address of a page with `next` in its query, or without it if `next` is the home page.
pub(crate) fn with_next(page: &str, next: &str) -> String {
    match local(next) {
        "/" => page.to_owned(),
        next => {
            let value: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            let joint = if page.contains('?') { '&' } else { '?' };
            format!("{page}{joint}next={value}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for good in
            ["/", "/keys", "/keys?page=2", "/keys/1#usage", "/a//b", "/oauth?redirect_uri=https://x.example/"]
        {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "keys",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/你好",
        ] {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(MAX_LENGTH))), "/");
    }

    #[test]
    fn the_address_is_carried_along_encoded() {
        assert_eq!(with_next("/sign-in", "/keys?page=2&x=1"), "/sign-in?next=%2Fkeys%3Fpage%3D2%26x%3D1");
        assert_eq!(with_next("/sign-up?link=a", "/keys"), "/sign-up?link=a&next=%2Fkeys");
        assert_eq!(with_next("/sign-in", "//evil.example"), "/sign-in");
    }

    proptest! {
        /// A browser resolves the result against the page's address: it must stay on the site.
        #[test]
        fn never_leaves_the_site(next in "[/\\\\\t\n@:.a-z?#%你 ]{0,24}|.*") {
            let base = url::Url::parse("https://doppel.example/sign-in").unwrap();
            let target = base.join(local(&next)).unwrap();
            prop_assert_eq!(target.origin(), base.origin());
            prop_assert!(http::HeaderValue::from_str(local(&next)).is_ok());
            prop_assert!(base.join(&with_next("/sign-in", &next)).unwrap().path() == "/sign-in");
        }
    }
}

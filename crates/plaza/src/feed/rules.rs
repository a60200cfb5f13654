//! Validation of feed queries, and filtering, counting and sorting of found posts. No I/O.

use web::{
    ApiError, Issues,
    paging::cursor::{Cursor, Position},
};

use super::model::{Counts, FeedFilter, FeedParams, Kinds, Sort};
use crate::{PostId, circle, post::Kind};

/// Most characters of a keyword.
pub const MAX_KEYWORD: usize = 200;

/// A post that contains the keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) hot: i64,
    pub(super) id: PostId,
    pub(super) kind: Kind,
    pub(super) circle: String,
}

/// Checks the query of a feed. Returns `None` if no post can match it.
///
/// # Errors
/// 422 if a parameter is invalid.
pub(super) fn check(query: FeedParams) -> Result<Option<FeedFilter>, ApiError> {
    let mut issues = Issues::query();
    let sort = match query.sort_mode.as_deref() {
        None | Some("" | "timeline") => Sort::Timeline,
        Some("featured") => Sort::Featured,
        Some(_) => {
            issues.add("literal_error", "sortMode", "Input should be 'featured' or 'timeline'");
            Sort::Timeline
        }
    };
    let keyword = query.keyword.unwrap_or_default().trim().to_owned();
    issues.line("keyword", &keyword, MAX_KEYWORD);
    issues.finish()?;
    let kinds = match query.r#type.as_deref() {
        None | Some("" | "public") => Kinds::All,
        Some(name) => Kind::parse(name).map_or(Kinds::Nothing, Kinds::One),
    };
    let circle = query.circle_route.unwrap_or_default();
    let is_fulfillable = circle.is_empty() || circle::rules::is_route(&circle);
    Ok(is_fulfillable.then_some(FeedFilter { sort, keyword, kinds, circle }))
}

/// Returns the keys of a page, sorted, and the number of found posts of each kind. If there is another page,
/// its first key is included.
pub(super) fn page(
    mut found: Vec<Found>,
    filter: &FeedFilter,
    cursor: Cursor,
    newest: i64,
) -> (Vec<(i64, PostId)>, Counts) {
    found.retain(|post| post.id.0 <= newest && (filter.circle.is_empty() || post.circle == filter.circle));
    let mut counts = Counts::default();
    for post in &found {
        counts.add(post.kind, 1);
    }
    found.retain(|post| match filter.kinds {
        Kinds::All => true,
        Kinds::One(kind) => post.kind == kind,
        Kinds::Nothing => false,
    });
    let key = |post: &Found| match filter.sort {
        Sort::Featured => (post.hot, post.id),
        Sort::Timeline => (post.id.0, post.id),
    };
    let mut keys: Vec<(i64, PostId)> =
        found.iter().map(key).filter(|(order, id)| Position(*order, id.0) < cursor.start()).collect();
    keys.sort_unstable_by(|a, b| b.cmp(a));
    let (offset, size) = (usize::try_from(cursor.offset), usize::try_from(cursor.limit + 1));
    let keys = keys.into_iter().skip(offset.unwrap_or(usize::MAX)).take(size.unwrap_or(0)).collect();
    (keys, counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::CursorParams;

    fn query() -> FeedParams {
        FeedParams { sort_mode: None, keyword: None, r#type: None, circle_route: None }
    }

    #[test]
    fn parameters_are_checked() {
        let kinds =
            |name: &str| check(FeedParams { r#type: Some(name.into()), ..query() }).unwrap().unwrap().kinds;
        assert_eq!((kinds("public"), kinds("ama")), (Kinds::All, Kinds::One(Kind::Ama)));
        assert_eq!(kinds("AMA"), Kinds::Nothing);
        let sort = |name: &str| check(FeedParams { sort_mode: Some(name.into()), ..query() });
        assert_eq!(sort("featured").unwrap().unwrap().sort, Sort::Featured);
        assert!(sort("newest").is_err());
        let circle = |route: &str| check(FeedParams { circle_route: Some(route.into()), ..query() }).unwrap();
        assert_eq!((circle("a\0b"), circle("rust").unwrap().circle), (None, "rust".to_owned()));
        assert!(check(FeedParams { keyword: Some("x".repeat(201)), ..query() }).is_err());
    }

    fn numbers(keys: &[(i64, PostId)]) -> Vec<(i64, i64)> {
        keys.iter().map(|(order, id)| (*order, id.0)).collect()
    }

    #[test]
    fn found_posts_are_filtered_counted_and_ordered() {
        let post = |hot, id, kind| Found { hot, id: PostId(id), kind, circle: String::new() };
        let found = vec![
            post(9, 1, Kind::Ama),
            post(5, 2, Kind::Info),
            post(7, 3, Kind::Ama),
            post(99, 4, Kind::Ama),
        ];
        let cursor = CursorParams { page_size: Some(2), ..CursorParams::default() }.check().unwrap();
        let filter = |sort, kinds| FeedFilter { sort, kinds, ..FeedFilter::default() };
        let (keys, counts) = page(found.clone(), &filter(Sort::Featured, Kinds::All), cursor, 3);
        assert_eq!(numbers(&keys), [(9, 1), (7, 3), (5, 2)]);
        assert_eq!((counts.ama, counts.info, counts.discussion), (2, 1, 0));
        let (keys, counts) = page(found.clone(), &filter(Sort::Timeline, Kinds::One(Kind::Ama)), cursor, 3);
        assert_eq!((numbers(&keys), counts.of(Kinds::All)), (vec![(3, 3), (1, 1)], 3));
        let mut after = cursor;
        after.last = Some(Position(9, 1));
        let (keys, _) = page(found, &filter(Sort::Featured, Kinds::All), after, 3);
        assert_eq!(numbers(&keys), [(7, 3), (5, 2)]);
    }
}

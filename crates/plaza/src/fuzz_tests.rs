//! Fuzz target: snapshots of cursor pagination.

use proptest::prelude::*;

use crate::cursor::CursorParams;

const SNAPSHOTS: &[&[u8]] =
    &[b"1a2b3c.14.ff.ff", b"0.0.0", b"7fffffffffffffff.7fffffffffffffff.1.7fffffffffffffff"];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn a_snapshot_leads_to_a_page_within_the_limits_or_is_refused(
        text in fuzz::text(SNAPSHOTS), page in -1_i64..2_000, size in -1_i64..200,
    ) {
        let query = CursorParams { page: Some(page), page_size: Some(size), snapshot: Some(text) };
        match fuzz::timed(|| query.check()) {
            Ok(cursor) => {
                prop_assert!(page >= 1 && (1..=100).contains(&cursor.limit));
                prop_assert!((0..=10_000).contains(&cursor.offset));
                prop_assert!(cursor.newest.is_none_or(|newest| newest >= 0));
            }
            Err(error) => prop_assert_eq!(error.code().status().as_u16(), 422),
        }
    }
}

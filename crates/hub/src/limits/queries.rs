//! SQL of the rate limits.

pub(super) const ONE: &str = "SELECT tat, day, calls FROM hub_limit WHERE subject = $1";

/// `$2` is now, `$3` the advance of `tat` by this process's calls, `$6` the latest plausible `tat`, and
/// `$7` today.
pub(super) const ADD: &str = "INSERT INTO hub_limit (subject, tat, day, calls) \
     VALUES ($1, CAST($2 AS BIGINT) + CAST($3 AS BIGINT), $4, $5) \
     ON CONFLICT (subject) DO UPDATE SET \
     tat = CASE WHEN hub_limit.tat > CAST($6 AS BIGINT) THEN CAST($6 AS BIGINT) \
     WHEN hub_limit.tat > CAST($2 AS BIGINT) THEN hub_limit.tat ELSE CAST($2 AS BIGINT) END + CAST($3 AS \
     BIGINT), \
     calls = CASE WHEN hub_limit.day = excluded.day THEN hub_limit.calls + excluded.calls \
     WHEN hub_limit.day > excluded.day AND hub_limit.day <= $7 THEN hub_limit.calls ELSE excluded.calls END, \
     day = CASE WHEN hub_limit.day > excluded.day AND hub_limit.day <= $7 THEN hub_limit.day ELSE \
     excluded.day END \
     RETURNING tat, day, calls";

pub(super) const FORGET: &str = "DELETE FROM hub_limit WHERE subject IN \
     (SELECT subject FROM hub_limit WHERE day < $1 LIMIT $2)";

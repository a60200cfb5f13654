//! SQL of settings and usage.

/// Always returns one row, with defaults for an account without settings.
pub(super) const TODAY: &str = "SELECT \
     COALESCE((SELECT CAST(SUM(tokens_in + tokens_out) AS BIGINT) FROM chat_usage WHERE account_id = $1 AND \
     day = $2), 0), \
     COALESCE((SELECT daily_tokens FROM chat_person WHERE account_id = $1), 0), \
     COALESCE((SELECT distills FROM chat_person WHERE account_id = $1), 1), \
     COALESCE((SELECT tools FROM chat_person WHERE account_id = $1), '[]')";

pub(super) const SET: &str = "INSERT INTO chat_person (account_id, daily_tokens, distills, tools) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO UPDATE SET \
     daily_tokens = excluded.daily_tokens, distills = excluded.distills, tools = excluded.tools";

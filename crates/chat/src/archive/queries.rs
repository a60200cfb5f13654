//! SQL of archives.

pub(super) const SESSIONS: &str = "SELECT key, client, id, app_id, title, last_message, created_at, \
    updated_at, summary, summary_to, pinned, model, titled \
     FROM chat_session WHERE account_id = $1 AND key > $2 AND hidden_at = 0 ORDER BY key LIMIT $3";

/// Begins with zero messages: each imported message is counted.
pub(super) const ADD_SESSION: &str = "INSERT INTO chat_session (key, account_id, client, id, app_id, title, \
     last_message, message_count, created_at, updated_at, summary, summary_to, pinned, model, \
     titled) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, $14) \
     ON CONFLICT (account_id, client, id) DO NOTHING";

/// The subquery finds the next messages by index alone.
pub(super) const MESSAGES: &str = "SELECT m.id, s.id, s.client, m.role, m.content, m.state, m.created_at, \
     t.model, t.provider, t.prompt, t.memories, t.tokens_in, t.tokens_out, t.created_at, m.pictures, \
     t.steps, m.superseded, m.failure \
     FROM chat_message m JOIN chat_session s ON s.key = m.session_key \
     LEFT JOIN chat_sent t ON t.message_id = m.id WHERE m.id IN \
     (SELECT n.id FROM chat_session o JOIN chat_message n ON n.session_key = o.key \
     WHERE o.account_id = $1 AND o.hidden_at = 0 AND n.id > $2 ORDER BY n.id LIMIT $3) ORDER BY m.id";

pub(super) const SESSION: &str =
    "SELECT key FROM chat_session WHERE account_id = $1 AND client = $2 AND id = $3";

pub(super) const OWNER: &str =
    "SELECT s.account_id FROM chat_message m JOIN chat_session s ON s.key = m.session_key WHERE m.id = $1";

pub(super) const SAME: &str = "SELECT id FROM chat_message WHERE session_key = $1 AND created_at = $2 AND \
    role = $3 \
     AND content = $4 AND superseded = $5 LIMIT 1";

/// Imported messages do not count as the person's own words when facts are distilled.
pub(super) const ADD_MESSAGE: &str = "INSERT INTO chat_message (id, session_key, role, content, state, \
    is_own, created_at, pictures, superseded, failure) \
     VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9)";

pub(super) const ADD_SENT: &str = "INSERT INTO chat_sent \
     (message_id, model, provider, prompt, memories, tokens_in, tokens_out, created_at, steps) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Counts a message that is shown.
pub(super) const COUNT: &str = "UPDATE chat_session SET message_count = message_count + 1 WHERE key = $1";

/// Returns whole days, so that the next part begins with another day. `$2` is the day after the last one of
/// the previous part.
pub(super) const USAGE: &str = "SELECT day, client, answers, tokens_in, tokens_out FROM chat_usage \
     WHERE account_id = $1 AND day >= $2 AND day <= (SELECT COALESCE(MAX(day), 0) FROM (SELECT day FROM \
     chat_usage \
     WHERE account_id = $1 AND day >= $2 GROUP BY day ORDER BY day LIMIT $3) AS days) ORDER BY day, client";

pub(super) const ADD_USAGE: &str = "INSERT INTO chat_usage (account_id, day, client, answers, tokens_in, \
    tokens_out) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, day, client) DO NOTHING";

/// Returns no row if the person has no settings.
pub(super) const WISHES: &str =
    "SELECT 0, daily_tokens, distills, tools FROM chat_person WHERE account_id = $1";

pub(super) const ADD_WISHES: &str = "INSERT INTO chat_person (account_id, daily_tokens, distills, tools) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO NOTHING";

/// Counts new messages, and shows the last of them.
pub(super) const SAID: &str = "UPDATE chat_session SET last_message = $2, \
     message_count = message_count + $3, updated_at = $4 WHERE key = $1";

/// Selects the number of messages of a session and the time of the last one.
pub(super) const STATE: &str = "SELECT s.message_count, COALESCE((SELECT m.created_at FROM chat_message m \
     WHERE m.session_key = s.key ORDER BY m.id DESC LIMIT 1), 0) FROM chat_session s \
     WHERE s.account_id = $1 AND s.key = $2 AND s.hidden_at = 0";

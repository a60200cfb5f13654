//! SQL of sessions and messages.

pub(super) const NAMED: &str = "SELECT key, client, id, app_id, title, last_message, message_count, \
    created_at, updated_at, \
     summary, summary_to, pinned, model, titled FROM chat_session \
     WHERE account_id = $1 AND id = $2 AND hidden_at = 0 ORDER BY client LIMIT 100";

pub(super) const EXISTS: &str = "SELECT key FROM chat_session WHERE id = $1 LIMIT 1";

/// Leaves out the summaries.
pub(super) const ALL: &str = "SELECT key, client, id, app_id, title, last_message, message_count, \
    created_at, updated_at, \
     '', summary_to, pinned, model, titled FROM chat_session \
     WHERE account_id = $1 AND (updated_at, key) < ($5, $6) AND hidden_at = 0 \
     AND ($2 = '' OR client = $2) AND ($3 = '' OR app_id = $3) \
     ORDER BY updated_at DESC, key DESC LIMIT $4";

/// Begins a session under a new id. `RETURNING`, as in [`BEGIN_OR_JOIN`], would double the time this takes.
pub(super) const BEGIN: &str = "INSERT INTO chat_session \
     (key, account_id, client, id, app_id, title, last_message, message_count, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";

/// Begins a session, or joins the one that a concurrent first message has begun. Returns its key.
pub(super) const BEGIN_OR_JOIN: &str = "INSERT INTO chat_session \
     (key, account_id, client, id, app_id, title, last_message, message_count, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (account_id, client, id) DO UPDATE SET \
     last_message = excluded.last_message, message_count = chat_session.message_count + 1, \
     updated_at = excluded.updated_at, hidden_at = 0 RETURNING key";

pub(super) const ADD_MESSAGE: &str = "INSERT INTO chat_message \
     (id, session_key, role, content, state, is_own, created_at, pictures) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const TOUCH: &str = "UPDATE chat_session \
     SET last_message = $2, message_count = message_count + $3, updated_at = $4 WHERE key = $1";

pub(super) const BYTES: &str = "SELECT CAST(OCTET_LENGTH(content) AS BIGINT) FROM chat_message WHERE id = $1";

pub(super) const SET_ANSWER: &str = "UPDATE chat_message SET content = $2, state = $3 WHERE id = $1";

pub(super) const SET_FAILURE: &str = "UPDATE chat_message SET failure = $2 WHERE id = $1";

pub(super) const MESSAGES: &str = "SELECT id, role, content, state, created_at FROM chat_message \
     WHERE session_key = $1 AND superseded = 0 ORDER BY id LIMIT $2";

/// The newest messages after an id.
pub(super) const LATEST: &str = "SELECT id, role, content, state, created_at FROM chat_message \
     WHERE session_key = $1 AND id > $2 AND superseded = 0 ORDER BY id DESC LIMIT $3";

pub(super) const FIRST: &str = "SELECT id, role, content, state, created_at FROM chat_message \
     WHERE session_key = $1 ORDER BY id LIMIT 1";

/// Locks a session's row.
pub(super) const HOLD: &str = "UPDATE chat_session SET message_count = message_count WHERE key = $1";

/// The number of messages in a session, and their size in bytes, prompts included.
pub(super) const ROOM: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(m.content) \
     + COALESCE(OCTET_LENGTH(t.prompt) + OCTET_LENGTH(t.memories) \
     + OCTET_LENGTH(t.steps), 0)), 0) AS BIGINT) \
     FROM chat_message m \
     LEFT JOIN chat_sent t ON t.message_id = m.id WHERE m.session_key = $1";

/// The number of messages of an account, and their size in bytes, prompts included.
pub(crate) const ROOM_OF_ACCOUNT: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(m.content) \
     + COALESCE(OCTET_LENGTH(t.prompt) + OCTET_LENGTH(t.memories) \
     + OCTET_LENGTH(t.steps), 0)), 0) AS BIGINT) \
     FROM chat_session s \
     JOIN chat_message m ON m.session_key = s.key LEFT JOIN chat_sent t ON t.message_id = m.id \
     WHERE s.account_id = $1";

pub(super) const DELETE: &str = "DELETE FROM chat_session WHERE key = $1";

pub(super) const ADD_SENT: &str = "INSERT INTO chat_sent \
     (message_id, model, provider, prompt, memories, tokens_in, tokens_out, created_at, needs, steps) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// True if nothing is left to write for an answer; and the bytes of its message, if it exists.
pub(super) const STORED: &str = "SELECT \
     CAST(CASE WHEN EXISTS (SELECT 1 FROM chat_sent WHERE message_id = $1) \
     OR NOT EXISTS (SELECT 1 FROM chat_session WHERE key = $2) THEN 1 ELSE 0 END AS BIGINT), \
     (SELECT CAST(OCTET_LENGTH(content) AS BIGINT) FROM chat_message WHERE id = $1)";

/// The text of an answer in a session that a person, or one client of theirs, may see.
pub(super) const ANSWERED: &str = "SELECT chat_message.content FROM chat_message \
     JOIN chat_session ON chat_session.key = chat_message.session_key \
     WHERE chat_message.id = $1 AND chat_session.account_id = $2 AND ($3 = '' OR chat_session.client = $3) \
     AND chat_message.role = 'assistant'";

pub(super) const SENT: &str = "SELECT chat_sent.model, chat_sent.provider, chat_sent.prompt, \
    chat_sent.memories, \
     chat_sent.needs, chat_sent.tokens_in, chat_sent.tokens_out, chat_sent.created_at, chat_sent.steps, \
     chat_session.id, chat_session.title FROM chat_sent \
     JOIN chat_message ON chat_message.id = chat_sent.message_id \
     JOIN chat_session ON chat_session.key = chat_message.session_key \
     WHERE chat_sent.message_id = $1 AND chat_session.account_id = $2";

pub(crate) const ADD_USAGE: &str = "INSERT INTO chat_usage (account_id, day, client, answers, tokens_in, \
    tokens_out) \
     VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT (account_id, day, client) DO UPDATE SET \
     answers = chat_usage.answers + 1, tokens_in = chat_usage.tokens_in + excluded.tokens_in, \
     tokens_out = chat_usage.tokens_out + excluded.tokens_out";

pub(super) const USAGE: &str = "SELECT day, client, answers, tokens_in, tokens_out FROM chat_usage \
     WHERE account_id = $1 AND day >= $2 ORDER BY day DESC, client LIMIT $3";

/// The newest messages before an id, with the data of the answers.
pub(super) const PAGE: &str = "SELECT m.id, m.role, m.content, m.state, m.created_at, m.pictures, t.model, \
     t.provider, t.memories, t.steps, t.tokens_in, t.tokens_out, m.failure \
     FROM chat_message m LEFT JOIN chat_sent t ON t.message_id = m.id \
     WHERE m.session_key = $1 AND m.id < $2 AND m.superseded = 0 ORDER BY m.id DESC LIMIT $3";

pub(super) const PINNED: &str = "SELECT key, client, id, app_id, title, last_message, message_count, \
     created_at, updated_at, '', summary_to, pinned, model, titled FROM chat_session \
     WHERE account_id = $1 AND pinned = 1 AND hidden_at = 0 ORDER BY updated_at DESC, key DESC LIMIT $2";

/// Sessions with a text in the title or in the last message. `$2` is a pattern in lower case.
pub(super) const FOUND: &str = "SELECT key, client, id, app_id, title, last_message, message_count, \
     created_at, updated_at, '', summary_to, pinned, model, titled FROM chat_session \
     WHERE account_id = $1 AND hidden_at = 0 \
     AND (LOWER(title) LIKE $2 ESCAPE '!' OR LOWER(last_message) LIKE $2 ESCAPE '!') \
     ORDER BY updated_at DESC, key DESC LIMIT $3";

pub(super) const RENAME: &str = "UPDATE chat_session SET title = $2, titled = 1 WHERE key = $1";

pub(super) const PIN: &str = "UPDATE chat_session SET pinned = $2 WHERE key = $1";

pub(super) const HIDE: &str = "UPDATE chat_session SET hidden_at = $2 WHERE key = $1";

pub(super) const RESTORE: &str =
    "UPDATE chat_session SET hidden_at = 0 WHERE account_id = $1 AND id = $2 AND hidden_at > $3";

/// Sessions that were deleted before a time, and can no longer be restored.
pub(super) const EXPIRED: &str = "SELECT key FROM chat_session \
     WHERE account_id = $1 AND hidden_at > 0 AND hidden_at <= $2 ORDER BY key LIMIT $3";

/// A message of the person.
pub(super) const SAID: &str =
    "SELECT content, pictures FROM chat_message WHERE id = $1 AND session_key = $2 AND role = 'user'";

/// The number of messages of a session from an id on, their size in bytes, prompts included, and the number
/// of those that are shown.
pub(super) const ROOM_FROM: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(m.content) \
     + COALESCE(OCTET_LENGTH(t.prompt) + OCTET_LENGTH(t.memories) \
     + OCTET_LENGTH(t.steps), 0)), 0) AS BIGINT), \
     CAST(COALESCE(SUM(1 - m.superseded), 0) AS BIGINT) \
     FROM chat_message m LEFT JOIN chat_sent t ON t.message_id = m.id \
     WHERE m.session_key = $1 AND m.id >= $2";

pub(super) const REMOVE_FROM: &str = "DELETE FROM chat_message WHERE session_key = $1 AND id >= $2";

/// Counts removed messages, and forgets a summary that covers some of them.
pub(super) const UNCOUNT: &str = "UPDATE chat_session SET message_count = message_count - $2, \
     summary = CASE WHEN summary_to >= $3 THEN '' ELSE summary END, \
     summary_to = CASE WHEN summary_to >= $3 THEN 0 ELSE summary_to END WHERE key = $1";

/// The newest message of the person.
pub(super) const LAST_SAID: &str =
    "SELECT COALESCE(MAX(id), 0) FROM chat_message WHERE session_key = $1 AND role = 'user'";

/// The complete answer to a message that is shown, if there is one other than `$3`.
pub(super) const COMPLETE_ANSWER: &str = "SELECT id FROM chat_message WHERE session_key = $1 AND id > $2 \
     AND id <> $3 AND role = 'assistant' AND state = 'complete' AND superseded = 0 \
     AND id < (SELECT COALESCE(MIN(n.id), 9223372036854775807) FROM chat_message n \
     WHERE n.session_key = $1 AND n.role = 'user' AND n.id > $2) LIMIT 1";

/// Hides the answers to a message, other than `$3`.
pub(super) const SUPERSEDE: &str = "UPDATE chat_message SET superseded = 1 WHERE session_key = $1 \
     AND id > $2 AND id <> $3 AND role = 'assistant' AND superseded = 0 \
     AND id < (SELECT COALESCE(MIN(n.id), 9223372036854775807) FROM chat_message n \
     WHERE n.session_key = $1 AND n.role = 'user' AND n.id > $2)";

pub(super) const SET_SUPERSEDED: &str = "UPDATE chat_message SET superseded = $2 WHERE id = $1";

/// Counts the messages that are shown, and forgets a summary that covers the answer to `$2`.
pub(super) const RECOUNT: &str = "UPDATE chat_session SET message_count = \
     (SELECT COUNT(*) FROM chat_message m WHERE m.session_key = $1 AND m.superseded = 0), \
     summary = CASE WHEN summary_to > $2 THEN '' ELSE summary END, \
     summary_to = CASE WHEN summary_to > $2 THEN 0 ELSE summary_to END WHERE key = $1";

/// The message that an answer answers, and 1 if another version of the answer is shown.
pub(super) const QUESTION: &str = "SELECT (SELECT COALESCE(MAX(q.id), 0) FROM chat_message q \
     WHERE q.session_key = $1 AND q.role = 'user' AND q.id < $2), superseded \
     FROM chat_message WHERE id = $2 AND session_key = $1 AND role = 'assistant'";

/// The hidden versions of the answers between two messages. Those of the first one may begin before it.
pub(super) const HIDDEN_VERSIONS: &str = "SELECT id FROM chat_message WHERE session_key = $1 \
     AND superseded = 1 AND id < $3 AND id <> $4 AND id > (SELECT COALESCE(MAX(q.id), 0) FROM chat_message q \
     WHERE q.session_key = $1 AND q.role = 'user' AND q.id < $2) ORDER BY id LIMIT $5";

pub(super) const SET_MODEL: &str = "UPDATE chat_session SET model = $2 WHERE key = $1 AND model <> $2";

/// Holds an answer in progress for a process.
pub(crate) const HOLD_ANSWER: &str =
    "UPDATE chat_session SET answering = $2, answering_until = $3 WHERE key = $1";

/// Holds an answer in progress for longer, unless another one has begun.
pub(crate) const HOLD_LONGER: &str =
    "UPDATE chat_session SET answering_until = $3 WHERE key = $1 AND answering = $2";

pub(crate) const RELEASE_ANSWER: &str =
    "UPDATE chat_session SET answering = 0, answering_until = 0 WHERE key = $1 AND answering = $2";

/// The answer in progress, and what is stored of it.
pub(crate) const HELD_ANSWER: &str = "SELECT s.answering, COALESCE(m.content, '') FROM chat_session s \
     LEFT JOIN chat_message m ON m.id = s.answering \
     WHERE s.key = $1 AND s.answering <> 0 AND s.answering_until > $2";

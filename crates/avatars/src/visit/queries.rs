//! SQL about conversations with visitors.

macro_rules! columns {
    () => {
        "SELECT s.id, s.name, s.avatar_id, s.account_id, s.visitor, s.visitor_name, s.is_current, \
         s.taken_over, \
         s.messages, s.created_at, s.active_at, s.delivered, \
         CASE WHEN EXISTS (SELECT 1 FROM visitor_block b WHERE b.account_id = s.account_id \
         AND b.visitor = s.visitor) THEN 1 ELSE 0 END, \
         CASE WHEN s.key_id IS NULL OR EXISTS (SELECT 1 FROM avatar_key k WHERE k.id = s.key_id \
         AND k.is_enabled = 1) THEN 1 ELSE 0 END FROM visitor_session s "
    };
}

pub(super) const BY_ID: &str = concat!(columns!(), "WHERE s.id = $1");

pub(super) const BY_NAME: &str = concat!(columns!(), "WHERE s.name = $1");

pub(super) const OWN: &str = concat!(columns!(), "WHERE s.name = $1 AND s.account_id = $2");

pub(super) const CURRENT: &str =
    concat!(columns!(), "WHERE s.avatar_id = $1 AND s.visitor = $2 AND s.is_current = 1");

/// Conversations of a person's avatars, the latest first.
pub(super) const OF_OWNER: &str = concat!(
    columns!(),
    "WHERE s.account_id = $1 AND (s.active_at, s.id) < ($2, $3) ORDER BY s.active_at DESC, s.id DESC LIMIT $4"
);

/// Conversations after one, for the archive.
pub(crate) const AFTER: &str =
    concat!(columns!(), "WHERE s.account_id = $1 AND s.id > $2 ORDER BY s.id LIMIT $3");

pub(crate) const OF_AVATAR: &str =
    concat!(columns!(), "WHERE s.avatar_id = $1 ORDER BY s.active_at DESC, s.id DESC LIMIT $2");

pub(super) const IS_BLOCKED: &str = "SELECT 1 FROM visitor_block WHERE account_id = $1 AND visitor = $2";

/// Visitors of an avatar who said or opened something since a time.
pub(super) const PRESENT: &str =
    "SELECT COUNT(*) FROM visitor_session WHERE avatar_id = $1 AND active_at > $2 AND is_current = 1";

pub(super) const RETIRE: &str =
    "UPDATE visitor_session SET is_current = 0 WHERE avatar_id = $1 AND visitor = $2 AND is_current = 1";

pub(super) const INSERT: &str = "INSERT INTO visitor_session (id, name, avatar_id, account_id, key_id, \
     visitor, visitor_name, is_current, taken_over, messages, window_start, window_used, answering_until, \
     numbers, answered_to, frames, delivered, created_at, active_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, 0, $8, $9, 0, 0, 0, 0, 0, $10, $10)";

pub(super) const RESUME: &str = "UPDATE visitor_session SET active_at = $2, key_id = $3, \
     visitor_name = CASE WHEN $4 = '' THEN visitor_name ELSE $4 END WHERE id = $1";

pub(super) const NOTE_VISIT: &str = "INSERT INTO avatar_visit (avatar_id, day, visitor, is_new, messages) \
     VALUES ($1, $2, $3, CASE WHEN EXISTS (SELECT 1 FROM avatar_visit v WHERE v.avatar_id = $1 \
     AND v.visitor = $3) THEN 0 ELSE 1 END, 0) ON CONFLICT (avatar_id, day, visitor) DO NOTHING";

pub(super) const COUNT_VISITS_MESSAGE: &str = "INSERT INTO avatar_visit (avatar_id, day, visitor, \
     is_new, messages) \
     VALUES ($1, $2, $3, 0, 1) ON CONFLICT (avatar_id, day, visitor) DO UPDATE SET \
     messages = avatar_visit.messages + 1 RETURNING messages";

/// Counts a message of a day, and returns what the avatar was asked and used on it.
pub(super) const COUNT_MESSAGE: &str = "INSERT INTO avatar_day (avatar_id, day, messages, tokens) \
     VALUES ($1, $2, 1, 0) \
     ON CONFLICT (avatar_id, day) DO UPDATE SET messages = avatar_day.messages + 1 RETURNING messages, \
     tokens";

pub(super) const COUNT_TOKENS: &str = "INSERT INTO avatar_day (avatar_id, day, messages, tokens) VALUES \
     ($1, $2, 0, $3) \
     ON CONFLICT (avatar_id, day) DO UPDATE SET tokens = avatar_day.tokens + excluded.tokens";

/// Returns the window of a visitor's messages, and the number of the next message. Locks the row, so that
/// messages are counted one after the other.
pub(super) const LOCK: &str = "UPDATE visitor_session SET numbers = numbers + 1 WHERE id = $1 \
     RETURNING window_start, window_used, numbers";

pub(super) const SAY: &str = "UPDATE visitor_session SET messages = messages + 1, active_at = $2, \
     window_start = $3, \
     window_used = $4 WHERE id = $1";

pub(super) const ADD_MESSAGE: &str = "INSERT INTO visitor_message (id, session_id, number, sender, content, \
     is_failed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Takes the right to answer, if no process has it.
pub(super) const CLAIM: &str = "UPDATE visitor_session SET answering_until = $3 WHERE id = $1 AND \
     answering_until <= $2 \
     AND taken_over = 0";

/// Conversations that a process began to answer and then left.
pub(super) const ABANDONED: &str = "SELECT id FROM visitor_session \
     WHERE answering_until > 0 AND answering_until <= $1 ORDER BY answering_until LIMIT $2";

pub(super) const HOLD: &str = "UPDATE visitor_session SET answering_until = $2 WHERE id = $1";

/// Holds the right to answer, and returns the number of the answer: messages that come later have greater
/// ones.
pub(super) const HOLD_NEXT: &str = "UPDATE visitor_session SET answering_until = $2, numbers = numbers + 1 \
     WHERE id = $1 RETURNING numbers";

/// A process that lost the right to answer must not take back what another one answered.
pub(super) const ANSWERED: &str = "UPDATE visitor_session SET answered_to = \
     CASE WHEN answered_to < $2 THEN $2 ELSE answered_to END WHERE id = $1";

pub(super) const ANSWERED_TO: &str = "SELECT answered_to FROM visitor_session WHERE id = $1";

/// Messages of the visitor after the latest that was answered.
pub(super) const UNANSWERED: &str = "SELECT number, id, sender, content, is_failed, created_at FROM \
     visitor_message \
     WHERE session_id = $1 AND number > $2 AND sender = 'visitor' ORDER BY number LIMIT $3";

/// The newest messages before one.
pub(crate) const BEFORE: &str = "SELECT number, id, sender, content, is_failed, created_at FROM \
     visitor_message \
     WHERE session_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";

/// The first message to the visitor after one.
pub(super) const NEXT_ANSWER: &str = "SELECT number, id, sender, content, is_failed, created_at FROM \
     visitor_message \
     WHERE session_id = $1 AND number > $2 AND sender <> 'visitor' ORDER BY number LIMIT 1";

pub(super) const NEXT_FRAMES: &str =
    "UPDATE visitor_session SET frames = frames + $2 WHERE id = $1 RETURNING frames";

pub(super) const ADD_FRAME: &str =
    "INSERT INTO visitor_frame (session_id, number, body, created_at) VALUES ($1, $2, $3, $4)";

pub(super) const FRAMES: &str =
    "SELECT number, body FROM visitor_frame WHERE session_id = $1 AND number > $2 ORDER BY number LIMIT $3";

pub(super) const DELIVERED: &str =
    "UPDATE visitor_session SET delivered = $2 WHERE id = $1 AND delivered < $2";

/// Begins or ends answering in person, and returns the number of the next message. All messages so far count
/// as answered: the owner answered them, or will.
pub(super) const TAKE_OVER: &str = "UPDATE visitor_session SET taken_over = $2, answered_to = numbers, \
     numbers = numbers + 1 WHERE id = $1 RETURNING numbers";

pub(super) const BLOCK: &str = "INSERT INTO visitor_block (account_id, visitor, visitor_name, created_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, visitor) DO NOTHING";

pub(super) const UNBLOCK: &str = "DELETE FROM visitor_block WHERE account_id = $1 AND visitor = $2";

/// Conversations of an account with a visitor that may have sockets.
pub(super) const OF_VISITOR: &str = "SELECT id FROM visitor_session \
     WHERE account_id = $1 AND visitor = $2 AND is_current = 1 LIMIT $3";

/// Conversations of an avatar that may have sockets.
pub(super) const LIVE_OF_AVATAR: &str =
    "SELECT id FROM visitor_session WHERE avatar_id = $1 AND is_current = 1 ORDER BY active_at DESC LIMIT $2";

/// The latest conversations of an owner: unread messages, the first one, and the latest one.
pub(super) const BRIEFS: &str = "SELECT s.id, (SELECT COUNT(*) FROM visitor_message m \
     WHERE m.session_id = s.id AND m.number > s.seen AND m.sender = 'visitor'), \
     (SELECT m.content FROM visitor_message m WHERE m.session_id = s.id AND m.sender = 'visitor' \
     ORDER BY m.number LIMIT 1), (SELECT m.content FROM visitor_message m WHERE m.session_id = s.id \
     ORDER BY m.number DESC LIMIT 1) FROM visitor_session s WHERE s.account_id = $1 \
     ORDER BY s.active_at DESC, s.id DESC LIMIT $2";

pub(super) const SEE: &str = "UPDATE visitor_session SET seen = numbers WHERE id = $1 AND seen < numbers";

pub(super) const DELETE: &str = "DELETE FROM visitor_session WHERE id = $1";

pub(super) const SWEEP_FRAMES: &str = "DELETE FROM visitor_frame WHERE (session_id, number) IN \
     (SELECT session_id, number FROM visitor_frame WHERE created_at <= $1 LIMIT $2)";

pub(super) const SWEEP_SESSIONS: &str = "DELETE FROM visitor_session WHERE id IN \
     (SELECT id FROM visitor_session WHERE active_at <= $1 LIMIT $2)";

pub(super) const SWEEP_EXPORTS: &str = "DELETE FROM visitor_export WHERE id IN \
     (SELECT id FROM visitor_export WHERE expires_at <= $1 LIMIT $2)";

pub(super) const SWEEP_DAYS: &str = "DELETE FROM avatar_day WHERE (avatar_id, day) IN \
     (SELECT avatar_id, day FROM avatar_day WHERE day < $1 LIMIT $2)";

pub(super) const SWEEP_VISITS: &str = "DELETE FROM avatar_visit WHERE (avatar_id, day, visitor) IN \
     (SELECT avatar_id, day, visitor FROM avatar_visit WHERE day < $1 LIMIT $2)";

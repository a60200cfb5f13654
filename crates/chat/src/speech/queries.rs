//! SQL of spoken texts.

pub(super) const FIND: &str = "SELECT speech.file_key, speech.duration_ms, speech.sample_rate FROM speech \
     JOIN file ON file.key = speech.file_key AND file.account_id = speech.account_id \
     WHERE speech.account_id = $1 AND speech.digest = $2";

pub(super) const SAVE: &str = "INSERT INTO speech \
     (account_id, digest, file_key, duration_ms, sample_rate, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (account_id, digest) DO UPDATE SET file_key = $3, duration_ms = $4, sample_rate = $5, \
     created_at = $6";

//! SQL about profiles.

use store::InList;

pub(super) static FIND_MANY: InList = InList::new(0, 100, |ids| {
    format!(
        "SELECT avatar, cover, bio, self_introduction, time_zone, reviews_agents, start_dismissed, \
         is_public, reviews_learned, keeps_numbers, voice_id, is_listed, account_id FROM profile \
         WHERE account_id IN ({ids})"
    )
});

pub(super) const FIND: &str = "SELECT avatar, cover, bio, self_introduction, time_zone, reviews_agents, \
     start_dismissed, is_public, reviews_learned, keeps_numbers, voice_id, is_listed FROM profile \
     WHERE account_id = $1";

/// NULL leaves a member as it is.
pub(super) const SAVE: &str = "INSERT INTO profile \
     (account_id, avatar, cover, bio, self_introduction, updated_at, time_zone, reviews_agents, is_public, \
     reviews_learned, keeps_numbers, voice_id, is_listed) \
     VALUES ($1, COALESCE($2, ''), COALESCE($3, ''), COALESCE($4, ''), COALESCE($5, ''), $6, COALESCE($7, \
     ''), COALESCE(CAST($8 AS BIGINT), 0), COALESCE(CAST($9 AS BIGINT), 0), \
     COALESCE(CAST($10 AS BIGINT), 0), COALESCE(CAST($11 AS BIGINT), 0), COALESCE($12, ''), \
     COALESCE(CAST($13 AS BIGINT), 0)) \
     ON CONFLICT (account_id) DO UPDATE SET avatar = COALESCE($2, profile.avatar), \
     cover = COALESCE($3, profile.cover), bio = COALESCE($4, profile.bio), \
     self_introduction = COALESCE($5, profile.self_introduction), updated_at = $6, \
     time_zone = COALESCE($7, profile.time_zone), \
     reviews_agents = COALESCE(CAST($8 AS BIGINT), profile.reviews_agents), \
     is_public = COALESCE(CAST($9 AS BIGINT), profile.is_public), \
     reviews_learned = COALESCE(CAST($10 AS BIGINT), profile.reviews_learned), \
     keeps_numbers = COALESCE(CAST($11 AS BIGINT), profile.keeps_numbers), \
     voice_id = COALESCE($12, profile.voice_id), \
     is_listed = COALESCE(CAST($13 AS BIGINT), profile.is_listed)";

/// People with public pages, the newest first.
pub(super) const PUBLIC: &str = "SELECT account_id FROM profile WHERE is_public = 1 \
     ORDER BY account_id DESC LIMIT $1 OFFSET $2";

pub(super) const COUNT_PUBLIC: &str = "SELECT COUNT(*) FROM profile WHERE is_public = 1";

pub(super) const DISMISS_START: &str = "INSERT INTO profile \
     (account_id, avatar, cover, bio, self_introduction, updated_at, time_zone, start_dismissed) \
     VALUES ($1, '', '', '', '', $2, '', 1) ON CONFLICT (account_id) DO UPDATE SET start_dismissed = 1";

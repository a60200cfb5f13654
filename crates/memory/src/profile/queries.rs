//! SQL about profiles.

use std::sync::LazyLock;

/// Number of profiles that [`FIND_MANY`] reads at once.
pub(super) const IDS: usize = 100;

pub(super) static FIND_MANY: LazyLock<String> = LazyLock::new(|| {
    let ids: Vec<String> = (1..=IDS).map(|n| format!("${n}")).collect();
    format!(
        "SELECT avatar, cover, bio, self_introduction, time_zone, account_id FROM profile WHERE account_id \
         IN ({})",
        ids.join(", ")
    )
});

pub(super) const FIND: &str =
    "SELECT avatar, cover, bio, self_introduction, time_zone FROM profile WHERE account_id = $1";

/// NULL leaves a member as it is.
pub(super) const SAVE: &str = "INSERT INTO profile \
     (account_id, avatar, cover, bio, self_introduction, updated_at, time_zone) \
     VALUES ($1, COALESCE($2, ''), COALESCE($3, ''), COALESCE($4, ''), COALESCE($5, ''), $6, COALESCE($7, \
     '')) \
     ON CONFLICT (account_id) DO UPDATE SET avatar = COALESCE($2, profile.avatar), \
     cover = COALESCE($3, profile.cover), bio = COALESCE($4, profile.bio), \
     self_introduction = COALESCE($5, profile.self_introduction), updated_at = $6, \
     time_zone = COALESCE($7, profile.time_zone)";

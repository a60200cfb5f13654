//! `[plaza]`.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Plaza {
    pub codes_per_resident: i64,
    pub posts_per_hour: i64,
    pub comments_per_hour: i64,
    pub likes_per_hour: i64,
    pub redeems_per_hour: i64,
    pub reports_per_hour: i64,
    pub circles_per_day: i64,
    pub double_comments_per_day: i64,
}

impl Plaza {
    pub(super) fn check(&self) -> Result<(), String> {
        for (key, value, least, most) in [
            ("codes_per_resident", self.codes_per_resident, 0, 100),
            ("posts_per_hour", self.posts_per_hour, 0, 1_000_000_000),
            ("comments_per_hour", self.comments_per_hour, 0, 1_000_000_000),
            ("likes_per_hour", self.likes_per_hour, 0, 1_000_000_000),
            ("redeems_per_hour", self.redeems_per_hour, 1, 10_000),
            ("reports_per_hour", self.reports_per_hour, 0, 1_000_000),
            ("circles_per_day", self.circles_per_day, 0, 1_000_000),
            ("double_comments_per_day", self.double_comments_per_day, 0, 1_000_000),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("plaza.{key} = {value}: expected a number from {least} to {most}"));
            }
        }
        Ok(())
    }

    /// Returns the settings for the plaza crate.
    pub fn settings(&self) -> plaza::Settings {
        plaza::Settings {
            codes_per_resident: self.codes_per_resident,
            posts_per_hour: self.posts_per_hour,
            comments_per_hour: self.comments_per_hour,
            likes_per_hour: self.likes_per_hour,
            redeems_per_hour: self.redeems_per_hour,
            reports_per_hour: self.reports_per_hour,
            circles_per_day: self.circles_per_day,
            double_comments_per_day: self.double_comments_per_day,
        }
    }
}

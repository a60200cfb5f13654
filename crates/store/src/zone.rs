//! Time zones, which decide the day that a moment belongs to.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::Timestamp;

/// Maximum length of the name of a time zone in bytes.
pub const MAX_ZONE: usize = 64;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// An IANA time zone. The default is UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// Returns the zone with an IANA name such as `Asia/Shanghai`, by the rules built into the program.
    /// `None` if there is no such zone.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_plain = !name.is_empty()
            && name.len() <= MAX_ZONE
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'));
        is_plain.then(|| TimeZone::get(name).ok()).flatten().map(Self)
    }

    /// Returns its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the weekday of a moment in this zone, 0 for Monday to 6.
    #[must_use]
    pub fn weekday(&self, at: Timestamp) -> i64 {
        // Day 0 was a Thursday.
        (self.day(at) + 3).rem_euclid(7)
    }

    /// Returns the day of a moment in this zone, counted from 1970-01-01.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> i64 {
        self.civil(at).map_or_else(|| at.day(), |date| day_of_date(date).unwrap_or_else(|| at.day()))
    }

    /// Returns the first moment of a day, counted from 1970-01-01. Outside of the years -9999 to 9999, days
    /// are those of UTC.
    #[must_use]
    pub fn start(&self, day: i64) -> Timestamp {
        let start = date_of_day(day).and_then(|date| date.to_zoned(self.0.clone()).ok());
        start.map_or(Timestamp(day.saturating_mul(86_400_000)), |start| {
            Timestamp(start.timestamp().as_millisecond())
        })
    }

    /// Returns the day of a date such as `2024-01-20`, counted from 1970-01-01. `None` if it is not a date.
    #[must_use]
    pub fn parse_day(date: &str) -> Option<i64> {
        date.parse::<Date>().ok().filter(|_| date.len() == "2024-01-20".len()).and_then(day_of_date)
    }

    /// Returns the date of a moment in this zone, as in `2024-01-20`.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        self.civil(at).map_or_else(|| at.date(), |date| date.to_string())
    }

    /// Returns a moment as date and time with the offset of this zone, as in `2024-01-20T08:10:00+08:00`.
    #[must_use]
    pub fn iso8601(&self, at: Timestamp) -> String {
        let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else { return at.iso8601() };
        moment.to_zoned(self.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// Returns the moment of a date and time in this zone. A time that a change of clocks skips is taken as
    /// later by the length of the gap.
    #[must_use]
    pub fn moment(&self, at: jiff::civil::DateTime) -> Option<Timestamp> {
        let zoned = at.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }

    fn civil(&self, at: Timestamp) -> Option<Date> {
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(self.0.to_datetime(at).date())
    }
}

/// Returns the date of a day, counted from 1970-01-01. `None` outside of the years -9999 to 9999.
#[must_use]
pub fn date_of_day(day: i64) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

/// Returns the days from 1970-01-01 to a date.
#[must_use]
pub fn day_of_date(date: Date) -> Option<i64> {
    Some(i64::from(EPOCH.until(date).ok()?.get_days()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_begin_where_people_live() {
        let at: jiff::Timestamp = "2026-11-29T22:30:00Z".parse().unwrap();
        let at = Timestamp(at.as_millisecond());
        for (name, date) in [
            ("UTC", "2026-11-29"),
            ("Asia/Shanghai", "2026-11-30"),
            ("America/New_York", "2026-11-29"),
            ("Pacific/Kiritimati", "2026-11-30"),
            ("Asia/Kathmandu", "2026-11-30"),
        ] {
            let zone = Zone::named(name).unwrap();
            assert_eq!(zone.date(at), date, "{name}");
            let day = zone.day(at);
            assert!(zone.start(day) <= at && at < zone.start(day + 1), "{name}");
        }
        // The clocks go back in this night: the day has 25 hours.
        let zone = Zone::named("America/New_York").unwrap();
        let day = day_of_date(Date::constant(2026, 11, 1)).unwrap();
        assert_eq!(zone.start(day + 1).0 - zone.start(day).0, 25 * 3_600_000);
    }

    #[test]
    fn moments_have_the_offset_of_their_zone() {
        let at = Timestamp(1_777_680_600_000);
        for (name, text) in
            [("Asia/Shanghai", "2026-05-02T08:10:00+08:00"), ("UTC", "2026-05-02T00:10:00+00:00")]
        {
            assert_eq!(Zone::named(name).unwrap().iso8601(at), text);
        }
        assert_eq!(Zone::default().iso8601(at), "2026-05-02T00:10:00+00:00");
    }

    #[test]
    fn only_names_of_zones_are_zones() {
        for wrong in [
            "",
            "Mars/Base",
            "../../etc/passwd",
            "/etc/localtime",
            "Asia/Shanghai\0",
            "asia shanghai",
            &"a".repeat(65),
        ] {
            assert_eq!(Zone::named(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_day(
            at in -60_000_000_000_000_i64..250_000_000_000_000,
            name in prop::sample::select(vec![
                "UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe",
                "Africa/Casablanca",
            ]),
        ) {
            let zone = Zone::named(name).unwrap();
            let day = zone.day(Timestamp(at));
            prop_assert!(zone.start(day).0 <= at && at < zone.start(day + 1).0);
        }

        #[test]
        fn any_text_is_a_zone_or_none(name in ".{0,80}", day: i64) {
            if let Some(zone) = Zone::named(&name) {
                let _ = zone.start(day);
            }
            let _ = (Zone::default().start(day), Zone::default().day(Timestamp(day)));
        }
    }
}

//! Holidays whose dates differ from year to year.

use super::calendar::{self, Days};

/// A holiday without a fixed date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feast {
    NewYearsEve,
    SpringFestival,
    Lanterns,
    TombSweeping,
    DragonBoats,
    Qixi,
    MidAutumn,
    Thanksgiving,
    MothersDay,
    FathersDay,
    LaborDay,
    Easter,
}

/// Their names, folded.
pub(super) const FEASTS: &[(&str, Feast)] = &[
    ("除夕", Feast::NewYearsEve),
    ("年三十", Feast::NewYearsEve),
    ("春节", Feast::SpringFestival),
    ("春节假期", Feast::SpringFestival),
    ("大年初一", Feast::SpringFestival),
    ("过年", Feast::SpringFestival),
    ("chinese new year", Feast::SpringFestival),
    ("lunar new year", Feast::SpringFestival),
    ("spring festival", Feast::SpringFestival),
    ("元宵节", Feast::Lanterns),
    ("清明节", Feast::TombSweeping),
    ("清明", Feast::TombSweeping),
    ("端午节", Feast::DragonBoats),
    ("端午", Feast::DragonBoats),
    ("dragon boat festival", Feast::DragonBoats),
    ("七夕节", Feast::Qixi),
    ("七夕", Feast::Qixi),
    ("中秋节", Feast::MidAutumn),
    ("中秋", Feast::MidAutumn),
    ("mid-autumn festival", Feast::MidAutumn),
    ("感恩节", Feast::Thanksgiving),
    ("thanksgiving", Feast::Thanksgiving),
    ("母亲节", Feast::MothersDay),
    ("mother's day", Feast::MothersDay),
    ("mothers day", Feast::MothersDay),
    ("父亲节", Feast::FathersDay),
    ("father's day", Feast::FathersDay),
    ("fathers day", Feast::FathersDay),
    ("labor day", Feast::LaborDay),
    ("复活节", Feast::Easter),
    ("easter", Feast::Easter),
    ("easter sunday", Feast::Easter),
    ("lantern festival", Feast::Lanterns),
    ("moon festival", Feast::MidAutumn),
    ("大年三十", Feast::NewYearsEve),
    ("春节期间", Feast::SpringFestival),
];

/// The first year of the tables.
const FIRST: i64 = 2015;
/// Month and day of holidays of the lunisolar calendar, from [`FIRST`] on: Spring Festival, Dragon Boats,
/// Qixi, Mid-Autumn.
const LUNAR: &[[(i64, i64); 4]] = &[
    [(2, 19), (6, 20), (8, 20), (9, 27)],
    [(2, 8), (6, 9), (8, 9), (9, 15)],
    [(1, 28), (5, 30), (8, 28), (10, 4)],
    [(2, 16), (6, 18), (8, 17), (9, 24)],
    [(2, 5), (6, 7), (8, 7), (9, 13)],
    [(1, 25), (6, 25), (8, 25), (10, 1)],
    [(2, 12), (6, 14), (8, 14), (9, 21)],
    [(2, 1), (6, 3), (8, 4), (9, 10)],
    [(1, 22), (6, 22), (8, 22), (9, 29)],
    [(2, 10), (6, 10), (8, 10), (9, 17)],
    [(1, 29), (5, 31), (8, 29), (10, 6)],
    [(2, 17), (6, 19), (8, 19), (9, 25)],
    [(2, 6), (6, 9), (8, 8), (9, 15)],
    [(1, 26), (5, 28), (8, 26), (10, 3)],
    [(2, 13), (6, 16), (8, 16), (9, 22)],
    [(2, 3), (6, 5), (8, 5), (9, 12)],
];

/// Returns the days of a holiday in a year. `None` beyond the tables.
pub(super) fn in_year(feast: Feast, year: i64) -> Option<Days> {
    let lunar = |column: usize| {
        let row = LUNAR.get(usize::try_from(year - FIRST).ok()?)?;
        let (month, day) = row.get(column)?;
        calendar::date(year, *month, *day)
    };
    // The n-th day with a name in a month. Monday is 0.
    let nth = |month: i64, name: i64, n: i64| {
        let first = calendar::date(year, month, 1)?;
        Some(calendar::next_weekday(name, first - 1) + 7 * (n - 1))
    };
    let (start, length) = match feast {
        Feast::NewYearsEve => (lunar(0)? - 1, 1),
        Feast::SpringFestival => (lunar(0)?, 7),
        Feast::Lanterns => (lunar(0)? + 14, 1),
        // In leap years and the years after them on April 4 (until 2043).
        Feast::TombSweeping => (calendar::date(year, 4, if year.rem_euclid(4) < 2 { 4 } else { 5 })?, 1),
        Feast::DragonBoats => (lunar(1)?, 1),
        Feast::Qixi => (lunar(2)?, 1),
        Feast::MidAutumn => (lunar(3)?, 1),
        Feast::Thanksgiving => (nth(11, 3, 4)?, 1),
        Feast::MothersDay => (nth(5, 6, 2)?, 1),
        Feast::FathersDay => (nth(6, 6, 3)?, 1),
        Feast::LaborDay => (nth(9, 0, 1)?, 1),
        Feast::Easter => (easter(year)?, 1),
    };
    Some(start..start + length)
}

/// Returns Easter Sunday of the Gregorian calendar, by the anonymous algorithm.
fn easter(year: i64) -> Option<i64> {
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let leap = (8 * b + 13).div_euclid(25);
    let moon = (19 * a + b - b.div_euclid(4) - leap + 15).rem_euclid(30);
    let week = (32 + 2 * b.rem_euclid(4) + 2 * c.div_euclid(4) - moon - c.rem_euclid(4)).rem_euclid(7);
    let shift = (a + 11 * moon + 22 * week).div_euclid(451);
    let from_march = moon + week - 7 * shift + 114;
    calendar::date(year, from_march.div_euclid(31), from_march.rem_euclid(31) + 1)
}

/// Returns the days of the last such holiday that has begun.
pub(super) fn last(feast: Feast, today: i64) -> Option<Days> {
    let (year, _) = calendar::year_and_month(today)?;
    (0..=1).filter_map(|back| in_year(feast, year - back)).find(|days| days.start <= today + 1)
}

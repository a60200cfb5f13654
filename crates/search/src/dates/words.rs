//! Words and phrases that days are named with, in English and in Chinese, folded.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::feasts::FEASTS;
use super::token::{Part, Token, Unit};

/// Days of a year that have a name: month, day, and how many days it lasts.
const HOLIDAYS: &[(&str, (i64, i64, i64))] = &[
    ("元旦节", (1, 1, 1)),
    ("元旦", (1, 1, 1)),
    ("情人节", (2, 14, 1)),
    ("妇女节", (3, 8, 1)),
    ("三八节", (3, 8, 1)),
    ("植树节", (3, 12, 1)),
    ("愚人节", (4, 1, 1)),
    ("五一劳动节", (5, 1, 5)),
    ("劳动节", (5, 1, 5)),
    ("五一假期", (5, 1, 5)),
    ("五一", (5, 1, 5)),
    ("青年节", (5, 4, 1)),
    ("儿童节", (6, 1, 1)),
    ("六一", (6, 1, 1)),
    ("建军节", (8, 1, 1)),
    ("教师节", (9, 10, 1)),
    ("国庆节", (10, 1, 7)),
    ("国庆假期", (10, 1, 7)),
    ("国庆", (10, 1, 7)),
    ("十一假期", (10, 1, 7)),
    ("万圣节", (10, 31, 1)),
    ("双十一", (11, 11, 1)),
    ("光棍节", (11, 11, 1)),
    ("双十二", (12, 12, 1)),
    ("平安夜", (12, 24, 1)),
    ("圣诞节", (12, 25, 1)),
    ("圣诞", (12, 25, 1)),
    ("跨年夜", (12, 31, 1)),
    ("new year's eve", (12, 31, 1)),
    ("new years eve", (12, 31, 1)),
    ("new year's day", (1, 1, 1)),
    ("new years day", (1, 1, 1)),
    ("new year's", (1, 1, 1)),
    ("valentine's day", (2, 14, 1)),
    ("valentines day", (2, 14, 1)),
    ("women's day", (3, 8, 1)),
    ("st patrick's day", (3, 17, 1)),
    ("april fools' day", (4, 1, 1)),
    ("april fool's day", (4, 1, 1)),
    ("may day", (5, 1, 1)),
    ("independence day", (7, 4, 1)),
    ("fourth of july", (7, 4, 1)),
    ("st patricks day", (3, 17, 1)),
    ("st. patrick's day", (3, 17, 1)),
    ("international women's day", (3, 8, 1)),
    ("三八妇女节", (3, 8, 1)),
    ("六一儿童节", (6, 1, 1)),
    ("双11", (11, 11, 1)),
    ("双12", (12, 12, 1)),
    ("halloween", (10, 31, 1)),
    ("christmas eve", (12, 24, 1)),
    ("christmas day", (12, 25, 1)),
    ("christmas", (12, 25, 1)),
    ("xmas", (12, 25, 1)),
    ("boxing day", (12, 26, 1)),
];

/// Days counted from today.
const DAYS: &[(&str, i64)] = &[
    ("大大前天", -4),
    ("大前天", -3),
    ("前天", -2),
    ("前日", -2),
    ("前晚", -2),
    ("昨天", -1),
    ("昨日", -1),
    ("昨晚", -1),
    ("昨夜", -1),
    ("昨早", -1),
    ("昨儿", -1),
    ("昨儿个", -1),
    ("前儿", -2),
    ("前儿个", -2),
    ("今儿", 0),
    ("今儿个", 0),
    ("明儿", 1),
    ("今天", 0),
    ("今日", 0),
    ("今晚", 0),
    ("今早", 0),
    ("今夜", 0),
    ("今晨", 0),
    ("明天", 1),
    ("明日", 1),
    ("明晚", 1),
    ("明早", 1),
    ("大后天", 3),
    ("后天", 2),
    ("yesterday", -1),
    ("last night", -1),
    ("the night before last", -2),
    ("night before last", -2),
    ("today", 0),
    ("tonight", 0),
    ("this morning", 0),
    ("earlier today", 0),
    ("later today", 0),
    ("this afternoon", 0),
    ("this evening", 0),
    ("tomorrow", 1),
];

/// Years counted from this one. ("后年" and its like are days that nobody asks for.)
const YEARS: &[(&str, i64)] =
    &[("大前年", -3), ("前年", -2), ("去年", -1), ("上一年", -1), ("今年", 0), ("本年", 0), ("明年", 1)];

/// Units before the one that is now, or after it.
const SHIFTS: &[(&str, i64)] = &[
    ("上上上个", -3),
    ("上上上", -3),
    ("上上个", -2),
    ("上上", -2),
    ("上一个", -1),
    ("上一", -1),
    ("上个", -1),
    ("上", -1),
    ("这一个", 0),
    ("这一", 0),
    ("这个", 0),
    ("这", 0),
    ("本", 0),
    ("下下个", 2),
    ("下下", 2),
    ("下一个", 1),
    ("下一", 1),
    ("下个", 1),
    ("下", 1),
    ("last", -1),
    ("previous", -1),
    ("this", 0),
    ("next", 1),
];

const UNITS: &[(&str, Unit)] = &[
    ("天", Unit::Day),
    ("周", Unit::Week),
    ("星期", Unit::Week),
    ("礼拜", Unit::Week),
    ("周末", Unit::Weekend),
    ("星期末", Unit::Weekend),
    ("day", Unit::Day),
    ("days", Unit::Day),
    ("night", Unit::Day),
    ("nights", Unit::Day),
    ("week", Unit::Week),
    ("weeks", Unit::Week),
    ("fortnight", Unit::Fortnight),
    ("fortnights", Unit::Fortnight),
    ("季度", Unit::Quarter),
    ("quarter", Unit::Quarter),
    ("quarters", Unit::Quarter),
    ("weekend", Unit::Weekend),
    ("month", Unit::Month),
    ("months", Unit::Month),
    ("year", Unit::Year),
    ("years", Unit::Year),
];

const WEEKDAYS: [[&str; 5]; 7] = [
    ["monday", "mondays", "mon", "", ""],
    ["tuesday", "tuesdays", "tue", "tues", ""],
    ["wednesday", "wednesdays", "wed", "", ""],
    ["thursday", "thursdays", "thu", "thur", "thurs"],
    ["friday", "fridays", "fri", "", ""],
    ["saturday", "saturdays", "", "", ""],
    ["sunday", "sundays", "", "", ""],
];
/// Names of a week, and of the days in it: 周一, 星期天.
const WEEKS_CHINESE: [&str; 3] = ["周", "星期", "礼拜"];
const WEEKDAYS_CHINESE: [(char, i64); 8] =
    [('一', 0), ('二', 1), ('三', 2), ('四', 3), ('五', 4), ('六', 5), ('日', 6), ('天', 6)];
/// Words that are days only after "last", "next", "this" or "on".
const UNSURE_WEEKDAYS: [(&str, i64); 2] = [("sat", 5), ("sun", 6)];

const MONTHS: [[&str; 3]; 12] = [
    ["january", "jan", ""],
    ["february", "feb", ""],
    ["march", "mar", ""],
    ["april", "apr", ""],
    ["may", "", ""],
    ["june", "jun", ""],
    ["july", "jul", ""],
    ["august", "aug", ""],
    ["september", "sep", "sept"],
    ["october", "oct", ""],
    ["november", "nov", ""],
    ["december", "dec", ""],
];
/// Seasons of the northern half by their first and last month; a winter ends in the year after.
const SEASONS: &[(&str, (i64, i64))] = &[
    ("春天", (3, 5)),
    ("春季", (3, 5)),
    ("夏天", (6, 8)),
    ("夏季", (6, 8)),
    ("暑假", (7, 8)),
    ("秋天", (9, 11)),
    ("秋季", (9, 11)),
    ("冬天", (12, 2)),
    ("冬季", (12, 2)),
    ("spring", (3, 5)),
    ("summer", (6, 8)),
    ("autumn", (9, 11)),
    ("fall", (9, 11)),
    ("winter", (12, 2)),
];

/// Parts of a year by their first and last month.
const YEAR_PARTS: &[(&str, (i64, i64))] = &[
    ("上半年", (1, 6)),
    ("下半年", (7, 12)),
    ("一季度", (1, 3)),
    ("二季度", (4, 6)),
    ("三季度", (7, 9)),
    ("四季度", (10, 12)),
    ("第一季度", (1, 3)),
    ("第二季度", (4, 6)),
    ("第三季度", (7, 9)),
    ("第四季度", (10, 12)),
    ("q1", (1, 3)),
    ("q2", (4, 6)),
    ("q3", (7, 9)),
    ("q4", (10, 12)),
];
/// The same, but only of a year that is named: "the first half" may be one of a game.
const UNSURE_YEAR_PARTS: &[(&str, (i64, i64))] = &[
    ("first half", (1, 6)),
    ("second half", (7, 12)),
    ("first quarter", (1, 3)),
    ("second quarter", (4, 6)),
    ("third quarter", (7, 9)),
    ("fourth quarter", (10, 12)),
];

/// Words with a token of their own.
const OTHERS: &[(&str, Token)] = &[
    ("月", Token::MonthOf),
    ("月份", Token::MonthOf),
    ("年", Token::YearOf),
    ("日", Token::DayOf),
    ("号", Token::DayOf),
    ("个", Token::Measure),
    ("前", Token::Ago),
    ("以前", Token::Ago),
    ("之前", Token::Ago),
    ("ago", Token::Ago),
    ("back", Token::Ago),
    ("后", Token::Later),
    ("以后", Token::Later),
    ("之后", Token::Later),
    ("from now", Token::Later),
    ("before", Token::Before),
    ("after", Token::After),
    ("过去", Token::Past),
    ("最近", Token::Past),
    ("近", Token::Past),
    ("past", Token::Past),
    ("recent", Token::Past),
    ("每", Token::Every),
    ("每个", Token::Every),
    ("every", Token::Every),
    ("each", Token::Every),
    ("几", Token::Few),
    ("些", Token::Few),
    ("好几", Token::Few),
    ("多少", Token::Other),
    ("日本", Token::Other),
    ("日子", Token::Other),
    ("日常", Token::Other),
    ("日语", Token::Other),
    ("月饼", Token::Other),
    ("月亮", Token::Other),
    ("月球", Token::Other),
    ("年级", Token::Other),
    ("年龄", Token::Other),
    ("年轻", Token::Other),
    ("前面", Token::Other),
    ("后面", Token::Other),
    ("后来", Token::Other),
    ("几个", Token::Few),
    ("a few", Token::Few),
    ("few", Token::Few),
    ("several", Token::Few),
    ("some", Token::Few),
    ("a couple of", Token::Number(2)),
    ("a couple", Token::Number(2)),
    ("couple of", Token::Number(2)),
    ("couple", Token::Number(2)),
    ("半", Token::HalfMore),
    ("半个月", Token::Half(Unit::Month)),
    ("半月", Token::Half(Unit::Month)),
    ("半年", Token::Half(Unit::Year)),
    ("half a month", Token::Half(Unit::Month)),
    ("half a year", Token::Half(Unit::Year)),
    ("the other day", Token::Lately),
    ("the other night", Token::Lately),
    ("前几天", Token::Lately),
    ("前些天", Token::Lately),
    ("前些日子", Token::Lately),
    ("前两天", Token::Lately),
    ("这几天", Token::TheseDays),
    ("这两天", Token::TheseDays),
    ("这些天", Token::TheseDays),
    ("最近几天", Token::TheseDays),
    ("近几天", Token::TheseDays),
    ("these days", Token::TheseDays),
    ("初", Token::Part(Part::Begin)),
    ("上旬", Token::Part(Part::Begin)),
    ("中", Token::Part(Part::Middle)),
    ("中旬", Token::Part(Part::Middle)),
    ("底", Token::Part(Part::End)),
    ("末", Token::Part(Part::End)),
    ("第一周", Token::WeekOf(1)),
    ("第二周", Token::WeekOf(2)),
    ("第三周", Token::WeekOf(3)),
    ("第四周", Token::WeekOf(4)),
    ("第一天", Token::FirstDay),
    ("头一天", Token::FirstDay),
    ("最后一天", Token::LastDay),
    ("first day", Token::FirstDay),
    ("last day", Token::LastDay),
    ("first week", Token::WeekOf(1)),
    ("second week", Token::WeekOf(2)),
    ("third week", Token::WeekOf(3)),
    ("fourth week", Token::WeekOf(4)),
    ("tenth", Token::Ordinal(10)),
    ("fifteenth", Token::Ordinal(15)),
    ("twentieth", Token::Ordinal(20)),
    ("thirtieth", Token::Ordinal(30)),
    ("到", Token::To),
    ("至", Token::To),
    ("to", Token::To),
    ("through", Token::To),
    ("下旬", Token::Part(Part::End)),
    ("beginning", Token::Part(Part::Begin)),
    ("start", Token::Part(Part::Begin)),
    ("early", Token::Part(Part::Begin)),
    ("middle", Token::Part(Part::Middle)),
    ("mid", Token::Part(Part::Middle)),
    ("end", Token::Part(Part::End)),
    ("late", Token::Part(Part::End)),
    ("的", Token::Filler),
    ("那个", Token::Filler),
    ("那", Token::Filler),
    ("of", Token::In),
    ("in", Token::In),
    ("during", Token::In),
    ("since", Token::In),
    ("for", Token::In),
    ("until", Token::In),
    ("by", Token::In),
    ("on", Token::On),
    ("the", Token::Filler),
    ("at", Token::Filler),
    ("over", Token::Filler),
    ("earlier", Token::Filler),
    ("later", Token::Filler),
];

/// Numbers in words; "a" only counts.
const NUMBERS: [(&str, i64); 28] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("ninety", 90),
    ("hundred", 100),
];

/// The Chinese weekday that a text begins with, and how many bytes name it.
pub(super) fn weekday_chinese(text: &str) -> Option<(i64, usize)> {
    let rest = WEEKS_CHINESE.iter().find_map(|week| text.strip_prefix(week))?;
    let (name, number) = WEEKDAYS_CHINESE.iter().find(|(name, _)| rest.starts_with(*name))?;
    Some((*number, text.len() - rest.len() + name.len_utf8()))
}

/// All of them, by their first character, the longest first.
pub(super) static TABLE: LazyLock<HashMap<char, Vec<(&'static str, Token)>>> = LazyLock::new(|| {
    let mut table = HashMap::<char, Vec<(&'static str, Token)>>::new();
    let mut add = |phrase: &'static str, token: Token| {
        if let Some(first) = phrase.chars().next() {
            table.entry(first).or_default().push((phrase, token));
        }
    };
    HOLIDAYS.iter().for_each(|(name, (month, day, length))| {
        add(name, Token::Holiday { month: *month, day: *day, length: *length });
    });
    DAYS.iter().for_each(|(name, later)| add(name, Token::Day(*later)));
    YEARS.iter().for_each(|(name, later)| add(name, Token::Year(*later)));
    SHIFTS.iter().for_each(|(name, later)| add(name, Token::Shift(*later)));
    UNITS.iter().for_each(|(name, unit)| add(name, Token::Unit(*unit)));
    NUMBERS.iter().for_each(|(name, number)| add(name, Token::Number(*number)));
    OTHERS.iter().for_each(|(name, token)| add(name, *token));
    for (parts, is_sure) in [(YEAR_PARTS, true), (UNSURE_YEAR_PARTS, false)] {
        parts.iter().for_each(|(name, (from, to))| {
            add(name, Token::Months { from: *from, to: *to, is_sure });
        });
    }
    FEASTS.iter().for_each(|(name, feast)| add(name, Token::Feast(*feast)));
    SEASONS.iter().for_each(|(name, (from, to))| add(name, Token::Season { from: *from, to: *to }));
    for (number, names) in (0..).zip(WEEKDAYS) {
        names.iter().for_each(|name| add(name, Token::Weekday(number)));
    }
    UNSURE_WEEKDAYS.iter().for_each(|(name, number)| add(name, Token::UnsureWeekday(*number)));
    for (number, names) in (1..).zip(MONTHS) {
        names.iter().for_each(|name| add(name, Token::Month(number)));
    }
    table.values_mut().for_each(|phrases| phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len())));
    table
});

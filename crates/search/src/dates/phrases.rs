//! Tests of phrases in both languages.

mod further;

use proptest::prelude::*;
use store::{date_of_day, day_of_date};

use super::named;
use crate::fold;

/// Sunday.
const TODAY: &str = "2026-11-29";

fn day(date: &str) -> i64 {
    day_of_date(date.parse().unwrap()).unwrap()
}

fn read(text: &str, today: &str) -> Vec<String> {
    let date = |day| date_of_day(day).unwrap().to_string();
    let days = named(&fold(text), day(today)).into_iter();
    let written = |days: super::Days| {
        if days.end - days.start == 1 {
            date(days.start)
        } else {
            format!("{}/{}", date(days.start), date(days.end - 1))
        }
    };
    days.map(written).collect()
}

/// Phrases with the days they name, as seen from a Sunday.
const PHRASES: &[(&str, &[&str])] = &[
    // Days counted from today.
    (
        "2026-11-29",
        &["今天", "今日", "今晚吃什么", "今早", "today", "tonight", "this morning", "this evening"],
    ),
    (
        "2026-11-28",
        &[
            "昨天",
            "昨日",
            "昨晚",
            "昨夜",
            "我昨天做了什么？",
            "yesterday",
            "last night",
            "What did I do yesterday?",
        ],
    ),
    (
        "2026-11-27",
        &[
            "前天",
            "前天晚上",
            "the day before yesterday",
            "2 days ago",
            "两天前",
            "兩天前",
            "a couple of days ago",
        ],
    ),
    ("2026-11-26", &["大前天", "三天前", "3天前", "三天之前", "三天以前", "three days ago", "3 days ago"]),
    ("2026-11-25", &["大大前天", "4天前", "four days ago"]),
    ("2026-11-18", &["11天前", "十一天前", "eleven days ago"]),
    ("2026-11-30", &["明天", "明早", "tomorrow"]),
    ("2026-12-01", &["后天", "後天", "the day after tomorrow", "两天后", "in two days"]),
    ("2026-12-02", &["大后天", "三天之后", "in 3 days", "3 days from now"]),
    ("2026-08-21", &["一百天前", "100天前", "100 days ago"]),
    // Vague ones.
    ("2026-11-22/2026-11-28", &["前几天", "前些天", "前两天", "the other day"]),
    ("2026-11-22/2026-11-27", &["几天前", "好几天前", "a few days ago", "several days ago"]),
    ("2026-11-25/2026-11-29", &["这几天", "最近几天", "这两天", "these days"]),
    ("2026-11-26/2026-11-29", &["最近三天", "过去三天", "last 3 days", "the past three days"]),
    ("2026-11-22/2026-11-29", &["最近一周", "the past week", "过去一周"]),
    ("2026-11-15/2026-11-29", &["the last two weeks", "past 2 weeks", "最近两周"]),
    ("2026-11-24/2026-11-29", &["the last few days", "past few days"]),
    ("2026-10-25/2026-11-15", &["几周前", "几个星期前", "a few weeks ago"]),
    // Weeks and days of weeks.
    (
        "2026-11-16/2026-11-22",
        &["上周", "上星期", "上个星期", "上礼拜", "上一周", "last week", "previous week", "上週"],
    ),
    ("2026-11-09/2026-11-15", &["上上周", "上上个星期", "上上個禮拜", "the week before last"]),
    ("2026-11-02/2026-11-08", &["上上上周"]),
    ("2026-11-23/2026-11-29", &["这周", "本周", "这个星期", "this week"]),
    ("2026-11-30/2026-12-06", &["下周", "下个星期", "next week"]),
    ("2026-12-07/2026-12-13", &["下下周", "the week after next"]),
    (
        "2026-11-16",
        &["上周一", "上星期一", "上个周一", "Monday last week", "last week on Monday", "上礼拜一"],
    ),
    ("2026-11-09", &["上上周一", "上上个星期一", "Monday the week before last"]),
    ("2026-11-17", &["Tuesday last week", "last week Tuesday", "Tuesday of last week", "上周二"]),
    ("2026-11-23", &["周一", "星期一", "last Monday", "on Monday", "Monday", "本周一", "这周一"]),
    ("2026-11-22", &["上周日", "上星期天", "上礼拜天", "last Sunday", "on Sunday"]),
    ("2026-11-29", &["周日", "星期天", "这周日"]),
    ("2026-11-30", &["下周一", "下星期一", "next Monday"]),
    ("2026-12-04", &["下周五", "next Friday"]),
    ("2026-11-21", &["上周六", "the Saturday before last"]),
    ("2026-11-28", &["周六", "Saturday", "last sat", "on sat"]),
    ("2026-11-28/2026-11-29", &["周末", "at the weekend", "this weekend", "这个周末", "本周末"]),
    ("2026-11-21/2026-11-22", &["上周末", "上个周末", "last weekend"]),
    ("2026-11-14/2026-11-15", &["上上周末", "the weekend before last"]),
    ("2026-12-05/2026-12-06", &["下周末", "next weekend"]),
    ("2026-11-13/2026-11-17", &["两周前", "两个星期前", "2 weeks ago", "two weeks ago"]),
    ("2026-11-20/2026-11-24", &["一周前", "a week ago"]),
    // Months.
    (
        "2026-10-01/2026-10-31",
        &["上个月", "上月", "last month", "一个月前", "a month ago", "10月", "十月", "in October"],
    ),
    ("2026-09-01/2026-09-30", &["上上个月", "上上月", "the month before last", "两个月前", "2 months ago"]),
    ("2026-11-01/2026-11-30", &["这个月", "本月", "this month", "11月", "in November", "十一月"]),
    ("2026-12-01/2026-12-31", &["下个月", "next month"]),
    (
        "2025-11-01/2025-11-30",
        &[
            "去年11月",
            "去年十一月",
            "in November last year",
            "last November",
            "November 2025",
            "2025年11月",
            "2025-11",
            "二零二五年十一月",
        ],
    ),
    ("2025-12-01/2025-12-31", &["12月", "十二月", "in December", "去年12月份"]),
    ("2025-05-01/2025-05-31", &["去年五月", "May last year", "in May of last year"]),
    ("2024-02-01/2024-02-29", &["2024年2月", "24年2月", "in February 2024", "前年二月"]),
    ("2026-11-11/2026-11-17", &["半个月前", "半月前", "half a month ago"]),
    ("2026-05-01/2026-05-31", &["半年前", "half a year ago", "5月", "in May", "六个月前"]),
    ("2026-10-21/2026-10-31", &["上个月底", "上月下旬", "the end of last month", "late October"]),
    ("2026-10-01/2026-10-10", &["上个月初", "上个月上旬", "the beginning of last month", "early October"]),
    ("2026-10-11/2026-10-20", &["上个月中旬", "mid October", "十月中旬"]),
    ("2026-11-01/2026-11-10", &["月初", "本月初"]),
    // Dates.
    (
        "2025-11-19",
        &[
            "去年11月19日",
            "去年11月19号",
            "November 19 last year",
            "Nov 19, 2025",
            "19 November 2025",
            "the 19th of November last year",
            "2025-11-19",
            "2025/11/19",
            "2025年11月19日",
            "20251119",
            "19.11.2025",
            "11/19/2025",
            "19/11/2025",
            "2025.11.19",
        ],
    ),
    (
        "2026-11-19",
        &[
            "19号",
            "这个月19号",
            "本月19日",
            "11/19/2026",
            "20261119",
            "11月19日",
            "十一月十九号",
            "November 19",
            "on the 19th",
            "Nov 19th",
            "19号左右",
        ],
    ),
    ("2026-10-19", &["上个月19号", "上月19日", "the 19th of last month", "10月19号", "October 19th"]),
    ("2026-09-19", &["上上个月19号"]),
    ("2026-10-31", &["31号", "10月31日", "万圣节", "Halloween", "on Halloween"]),
    ("2024-02-29", &["2月29日", "二月二十九号", "February 29", "29 feb 2024"]),
    ("2025-12-31", &["12月31日", "去年跨年夜", "New Year's Eve", "Dec 31"]),
    ("2026-11-30", &["11月30日", "30号", "November 30"]),
    ("2023-02-13", &["13 feb 2023 or so", "2023年2月十三号"]),
    ("2026-07-13", &["on july 13th", "今年7月13号", "July 13 this year"]),
    // Years.
    ("2025-01-01/2025-12-31", &["去年", "last year", "2025年", "in 2025", "上一年"]),
    ("2024-01-01/2024-12-31", &["前年", "the year before last", "两年前", "2 years ago"]),
    ("2023-01-01/2023-12-31", &["大前年", "三年前", "in 2023"]),
    ("2026-01-01/2026-12-31", &["今年", "this year"]),
    ("2025-10-01/2025-12-31", &["一年前", "a year ago"]),
    ("2025-11-01/2025-12-31", &["去年底", "去年年底", "the end of last year"]),
    ("2026-01-01/2026-02-28", &["年初", "今年年初", "the beginning of this year"]),
    ("2026-06-01/2026-08-31", &["今年夏天", "last summer", "summer 2026"]),
    ("2025-06-01/2025-08-31", &["去年夏天", "去年的夏天", "the summer of last year", "summer last year"]),
    ("2025-12-01/2026-02-28", &["去年冬天", "last winter"]),
    // Holidays.
    ("2026-10-01/2026-10-07", &["国庆节", "國慶", "国庆去了哪里"]),
    ("2025-10-01/2025-10-07", &["去年国庆", "2025年国庆节", "去年的国庆节"]),
    ("2026-01-01", &["元旦", "今年元旦", "New Year's Day"]),
    (
        "2025-12-25",
        &[
            "圣诞节",
            "Christmas",
            "last Christmas",
            "Christmas 2025",
            "christmas last year",
            "去年圣诞",
            "at Xmas",
        ],
    ),
    ("2026-12-25", &["next Christmas", "今年圣诞节", "this Christmas"]),
    ("2025-12-24", &["平安夜", "Christmas Eve"]),
    ("2026-02-14", &["情人节", "Valentine's Day"]),
    ("2026-05-01/2026-05-05", &["五一", "劳动节"]),
    ("2026-11-11", &["双十一", "光棍节"]),
    // Further ones, as people write them.
    ("2026-11-28", &["昨儿", "昨儿个晚上"]),
    ("2026-11-27", &["前儿", "the night before last"]),
    ("2026-11-26", &["3 days back"]),
    ("2025-11-29", &["去年今天", "去年的今天", "一年前的今天", "a year ago today"]),
    ("2026-10-29", &["上个月的今天", "上月今天", "a month ago today"]),
    ("2026-11-22", &["a week ago today", "一周前的今天"]),
    ("2026-11-13/2026-11-17", &["a fortnight ago"]),
    ("2026-11-20", &["two Fridays ago", "Friday one week ago", "一周前的周五"]),
    ("2026-10-19", &["Oct. 19", "10/19"]),
    ("2025-10-19", &["10/19/25", "19/10/25"]),
    ("2026-10-11/2026-10-20", &["mid-October"]),
    ("2026-10-01/2026-10-05", &["10月1号至5号", "从10月1日到5日", "October 1 to 5"]),
    ("2026-11-01/2026-11-07", &["the first week of November", "十一月第一周"]),
    ("2026-01-01/2026-06-30", &["上半年", "今年上半年", "the first half of 2026"]),
    ("2025-07-01/2025-12-31", &["去年下半年", "the second half of last year"]),
    ("2026-07-01/2026-09-30", &["第三季度", "Q3", "上个季度", "last quarter", "今年三季度"]),
    ("2025-10-01/2025-12-31", &["2025年四季度", "Q4 2025", "the fourth quarter of last year"]),
    ("2026-02-17/2026-02-23", &["春节", "今年春节", "Chinese New Year"]),
    ("2025-01-29/2025-02-04", &["去年春节", "2025年春节"]),
    ("2026-02-16", &["除夕"]),
    ("2026-09-25", &["中秋节", "中秋"]),
    ("2025-10-06", &["去年中秋"]),
    ("2026-06-19", &["端午节"]),
    ("2026-11-26", &["Thanksgiving", "感恩节"]),
    ("2025-11-27", &["Thanksgiving last year"]),
];

/// Texts that name no day.
const NOTHING: &[&str] = &[
    "",
    "may i come",
    "we march on",
    "february 30",
    "13",
    "9 of 10",
    "二月三十号",
    "一百",
    "上网",
    "ago",
    "a b ago",
    "9999999999999999999 days ago",
    "每周一",
    "一周一次",
    "every Monday",
    "8号线",
    "1号楼",
    "3号门",
    "19号文件",
    "日本",
    "月饼",
    "三年级",
    "the cat sat on the mat",
    "the sun is out",
    "2月30日",
    "13月1日",
    "138-0000-0000",
    "1.2.3",
    "2026-13-01",
    "192.168.1.1",
    "version 2.0.2026.1",
    "32号",
    "下雪天",
    "上海",
    "前面",
    "后来",
    "半天",
    "年轻",
    "我喜欢夏天",
    "in the fallout",
    "daylight",
    "99 bottles",
    "一二三四",
    "second",
    "monthly",
    "周围",
    "first, may I ask",
    "the first half of the game",
    "1/2",
    "24/7",
    "back to work",
    "半天不说话",
    "第一天上班",
    "the first day of school",
    "my last day at work",
    "twenty one pilots",
    "half past nine",
    "moved over later",
    "周先生",
    "号外",
];

#[test]
fn phrases_name_their_days() {
    let all = || PHRASES.iter().chain(further::FURTHER);
    let count: usize = all().map(|(_, phrases)| phrases.len()).sum();
    assert!(count >= 500, "{count}");
    let mut wrong = Vec::new();
    for (expected, phrases) in all() {
        for phrase in *phrases {
            let found = read(phrase, TODAY);
            if found != [*expected] {
                wrong.push(format!("{phrase}: {found:?}, expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn in_the_middle_of_a_week() {
    // Wednesday.
    for (phrase, expected) in [
        ("where were we last saturday", "2025-06-14"),
        ("周六去哪儿了", "2025-06-14"),
        ("on wednesday", "2025-06-11"),
        ("周三", "2025-06-18"),
        ("上周三", "2025-06-11"),
        ("this friday", "2025-06-20"),
        ("这周五", "2025-06-20"),
        ("next wednesday", "2025-06-25"),
        ("下周三", "2025-06-25"),
        ("at the weekend", "2025-06-14/2025-06-15"),
        ("last weekend", "2025-06-14/2025-06-15"),
        ("this weekend", "2025-06-21/2025-06-22"),
        ("last summer", "2024-06-01/2024-08-31"),
        ("last november", "2024-11-01/2024-11-30"),
        ("next november", "2025-11-01/2025-11-30"),
        ("年底", "2024-11-01/2024-12-31"),
        ("19号", "2025-06-19"),
        ("20号", "2025-05-20"),
    ] {
        assert_eq!(read(phrase, "2025-06-18"), [expected], "{phrase}");
    }
}

#[test]
fn several_days_are_told_apart() {
    assert_eq!(read("昨天和前天", TODAY), ["2026-11-28", "2026-11-27"]);
    assert_eq!(read("from 2026-11-01 to 2026-11-05", TODAY), ["2026-11-01", "2026-11-05"]);
    assert_eq!(read("昨天 昨天", TODAY), ["2026-11-28"]);
    assert_eq!(read(&"昨天，前天。".repeat(9), TODAY).len(), 4);
}

#[test]
fn what_is_no_day_is_none() {
    for text in NOTHING {
        assert_eq!(read(text, TODAY), Vec::<String>::new(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "([0-9]{1,8}|[a-z]{1,9}|昨天|上|下|周|星期|[一二十两百]|个|月|年|日|号|前|国庆|days|ago|last|next\
        |march|may|[-/. ]|\\PC){0,12}", today in -3_000_000_i64..3_000_000) {
        for days in named(&text, today) {
            prop_assert!(days.start < days.end && days.end - days.start <= 1001 * 366);
        }
    }

    #[test]
    fn a_phrase_is_found_within_a_sentence(at in 0..PHRASES.len(), number in 0..100_usize) {
        let (expected, phrases) = PHRASES[at];
        let phrase = phrases[number % phrases.len()];
        let sentence = if phrase.is_ascii() { format!("so: {phrase}, x") } else { format!("我说：{phrase}。好") };
        prop_assert_eq!(read(&sentence, TODAY), [expected]);
    }

    #[test]
    fn a_date_is_itself(today in -3_000_000_i64..2_500_000, at in -25_000_i64..47_000) {
        let date = date_of_day(at).unwrap();
        let (year, month, number) = (date.year(), date.month(), date.day());
        for text in [
            date.to_string(),
            format!("{year}年{month}月{number}日"),
            format!("{month}/{number}/{year}"),
            format!("{number}.{month}.{year}"),
        ] {
            let found = named(&text, today);
            prop_assert!(found.len() == 1 && found.first() == Some(&(at..at + 1)), "{text}: {found:?}");
        }
    }
}

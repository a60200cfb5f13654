//! The time that a question asks about: now, the past, or named days. No I/O.

use store::Timestamp;

use super::{dates, query::Query};

/// The time that a question asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    /// The time at which it is asked.
    Now,
    /// An earlier time that is not named.
    Past,
    /// The time from the first moment up to the second.
    Between(Timestamp, Timestamp),
}

/// Words by which a question asks about the present, whatever else it says.
const PRESENT: &[&str] = &["now", "nowadays", "currently", "today", "present", "present-day"];
const PRESENT_PHRASES: &[&str] = &["these days", "at the moment", "any longer?"];
const PRESENT_CHINESE: &[&str] = &["现在", "目前", "如今", "眼下", "最近", "今天"];

/// Words and phrases that speak of the past wherever they stand.
const PAST: &[&str] = &[
    "previous",
    "previously",
    "former",
    "formerly",
    "originally",
    "initially",
    "earlier",
    "ex",
    "anymore",
    "prior",
];
const PAST_PHRASES: &[&str] = &[
    "used to",
    "in the past",
    "back then",
    "at that time",
    "no longer",
    "any more",
    "my old ",
    "at first",
    "did i stop",
    "did i quit",
    "did i give up",
    "did i leave",
    "did i switch from",
    "did i move from",
    "did i come from",
    "did i replace",
    "did i change from",
];
/// Verbs of states: "where did I live" asks about a state that is over.
const STATES: &[&str] = &["live", "work", "like", "love", "prefer", "drive", "date", "use", "study", "rent"];
/// Nouns after "last" that make it mean the one before.
const LAST_OF: &[&str] = &[
    "job",
    "employer",
    "company",
    "city",
    "address",
    "apartment",
    "flat",
    "partner",
    "girlfriend",
    "boyfriend",
    "boss",
    "phone",
    "car",
    "school",
    "team",
    "doctor",
    "dentist",
    "landlord",
    "bank",
    "gym",
];
const PAST_CHINESE: &[&str] = &[
    "曾",
    "从前",
    "先前",
    "早先",
    "当初",
    "原先",
    "原本",
    "原来",
    "那时",
    "当时",
    "过去的",
    "我过去",
    "过去我",
    "不再",
    "前任",
    "前男友",
    "前女友",
    "前夫",
    "前妻",
    "前东家",
    "前公司",
    "前老板",
    "前雇主",
    "前房东",
    "老东家",
    "上一份",
    "上一个",
    "上一家",
    "上一任",
    "上家公司",
    "上份工作",
    "旧的",
    "旧地址",
    "旧公司",
    "旧手机",
    "旧号",
    "旧车",
    "旧电脑",
    "旧家",
    "旧工作",
    "旧名",
    "旧邮箱",
    "早年",
    "早些年",
];
/// "Before", which speaks of an earlier time unless it follows a habit or a date that is to come, as in 睡觉之前.
const BEFORE_CHINESE: &[&str] = &["以前", "之前", "前些年", "前几年"];
const HABITS_CHINESE: &[&str] = &[
    "睡觉", "睡", "吃饭", "饭", "餐", "出门", "上班", "下班", "起床", "洗澡", "运动", "跑步", "考试", "开会",
    "见面", "比赛", "出发", "天黑", "月底", "年底", "点", "号", "日", "周末", "周一", "周二", "周三", "周四",
    "周五", "放学", "上课", "服药", "喝酒", "开车", "旅行", "旅游", "登机", "手术", "面试", "截止", "天亮",
    "过年", "出差",
];
/// Changes that are over: 换工作之前 is an earlier time.
const CHANGES_CHINESE: &[&str] = &[
    "搬", "换", "离职", "跳槽", "分手", "结婚", "离婚", "毕业", "辞", "改", "戒", "转", "卖", "到现", "来这",
];

impl Query {
    /// Returns the time that the query asks about. Named days count if all of them are over.
    #[must_use]
    pub fn tense(&self) -> Tense {
        if asks_about_now(&self.typed) {
            return Tense::Now;
        }
        if let Some(now) = self.asked {
            let zone = self.zone.clone().unwrap_or_default();
            let today = zone.day(now);
            let over = dates::named(&self.typed, today).into_iter().filter(|days| days.end <= today);
            if let Some(days) = over.max_by_key(|days| days.end - days.start) {
                return Tense::Between(zone.start(days.start), zone.start(days.end));
            }
        }
        if asks_about_the_past(&self.typed) { Tense::Past } else { Tense::Now }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn asks_about_now(text: &str) -> bool {
    words(text).any(|word| PRESENT.contains(&word))
        || PRESENT_PHRASES.iter().chain(PRESENT_CHINESE).any(|phrase| text.contains(phrase))
}

fn asks_about_the_past(text: &str) -> bool {
    let all: Vec<&str> = words(text).collect();
    let is_over = all.iter().any(|word| ["did", "was", "were", "had", "didn"].contains(word));
    let pair = |first: &[&str], second: &[&str]| {
        all.windows(2).any(|pair| matches!(pair, [a, b] if first.contains(a) && second.contains(b)))
    };
    let is_state = |three: &[&str]| match three {
        ["did", who, verb] => ["i", "we", "she", "he"].contains(who) && STATES.contains(verb),
        _ => false,
    };
    let state = all.windows(3).any(is_state);
    all.iter().any(|word| PAST.contains(word))
        || PAST_PHRASES.iter().chain(PAST_CHINESE).any(|phrase| text.contains(phrase))
        || (is_over && all.contains(&"before"))
        || (is_over && all.contains(&"until"))
        || state
        || pair(&["last"], LAST_OF)
        || BEFORE_CHINESE.iter().any(|before| says_before(text, before))
}

/// Returns true if "before" in a Chinese text means an earlier time, and not the time before a habit, as in
/// 睡觉之前.
fn says_before(text: &str, before: &str) -> bool {
    text.match_indices(before).any(|(at, _)| {
        let start = text.get(..at).unwrap_or_default();
        !HABITS_CHINESE.iter().any(|habit| start.ends_with(habit))
            || CHANGES_CHINESE.iter().any(|change| start.contains(change))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tense(text: &str) -> Tense {
        // 2026-01-15
        Query::question(text, false, Timestamp(1_768_435_200_000)).tense()
    }

    #[test]
    fn questions_about_the_past_are_told_from_others() {
        for text in [
            "Where did I live before?",
            "what did I use to drink, before the tea",
            "Who was my previous dentist?",
            "my old address",
            "where did I work",
            "which city did I move from",
            "my ex's name",
            "What was my last job?",
            "以前住哪里",
            "我之前在哪家公司上班",
            "搬家之前住在哪里",
            "前女友叫什么",
            "我曾经喜欢喝什么",
            "上一份工作是什么",
            "以前住哪裡",
            "豆包以前睡在哪里",
            "我的存款以前放在哪里",
        ] {
            assert_eq!(tense(text), Tense::Past, "{text}");
        }
        for text in [
            "Where do I live?",
            "what do I take before bed",
            "how old is my dog",
            "What was the wifi password?",
            "我住在哪里",
            "睡觉之前吃什么药",
            "五点之前要做什么",
            "以前住北京，现在住哪里",
            "I used to smoke, do I smoke now?",
            "",
        ] {
            assert_eq!(tense(text), Tense::Now, "{text}");
        }
    }

    #[test]
    fn named_days_that_are_over_count() {
        let year = |from, to| Tense::Between(Timestamp(from), Timestamp(to));
        assert_eq!(tense("Where did I live in 2023?"), year(1_672_531_200_000, 1_704_067_200_000));
        assert_eq!(tense("2023年我住在哪里"), year(1_672_531_200_000, 1_704_067_200_000));
        assert_eq!(tense("what do I do tomorrow"), Tense::Now);
    }
}

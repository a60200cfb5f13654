//! Rules in plain words of what is never kept: topics, people, things. No I/O.

use search::{fold, query_terms, terms};

/// Words around the thing itself.
const AROUND: &[&str] = &[
    "never keep",
    "never remember",
    "don't keep",
    "don't remember",
    "do not keep",
    "do not remember",
    "anything about",
    "everything about",
    "nothing about",
    "things about",
    "facts about",
    "about",
    "不要记住",
    "不要记",
    "别记住",
    "别记",
    "不记",
    "永远不要",
    "关于",
    "有关",
    "任何",
];
const AFTER: &[&str] = &["的事情", "的事", "的内容", "的信息", "相关", "方面"];
/// Separators of several things.
const BETWEEN: &[&str] = &[" and ", " or ", ",", ";", "/", "、", "，", "；", "和", "或者", "以及"];

/// Topics: their names, and the words of each, by which a text is known to be about it.
const TOPICS: &[(&[&str], &[&str])] = &[
    (
        &["health", "illness", "medical", "medicine", "健康", "疾病", "身体", "病情", "看病", "医疗"],
        &[
            "health",
            "ill",
            "illness",
            "sick",
            "disease",
            "doctor",
            "hospital",
            "clinic",
            "medicine",
            "medication",
            "pill",
            "surgery",
            "diagnosis",
            "diagnosed",
            "symptom",
            "pregnant",
            "pregnancy",
            "depression",
            "depressed",
            "anxiety",
            "allergy",
            "allergic",
            "therapy",
            "therapist",
            "cancer",
            "asthma",
            "diabetes",
            "blood",
            "健康",
            "病",
            "医院",
            "医生",
            "吃药",
            "药物",
            "手术",
            "诊断",
            "确诊",
            "症状",
            "体检",
            "怀孕",
            "抑郁",
            "焦虑",
            "过敏",
            "癌",
            "血压",
            "血糖",
            "哮喘",
            "心理咨询",
        ],
    ),
    (
        &["money", "finances", "income", "salary", "finance", "钱", "财务", "收入", "工资", "理财", "经济"],
        &[
            "money", "income", "salary", "savings", "loan", "mortgage", "debt", "stock", "wage", "earn",
            "invest", "bank", "工资", "薪水", "年薪", "月薪", "收入", "存款", "贷款", "房贷", "债", "股票",
            "基金", "理财", "欠钱", "奖金",
        ],
    ),
    (
        &["politics", "political", "政治", "政见"],
        &[
            "politics",
            "political",
            "election",
            "vote",
            "party",
            "government",
            "president",
            "protest",
            "政治",
            "选举",
            "投票",
            "党",
            "政府",
            "游行",
        ],
    ),
    (
        &["religion", "faith", "religious", "宗教", "信仰"],
        &[
            "religion",
            "faith",
            "church",
            "mosque",
            "temple",
            "pray",
            "god",
            "buddhist",
            "christian",
            "muslim",
            "jewish",
            "catholic",
            "宗教",
            "信仰",
            "教会",
            "教堂",
            "祈祷",
            "佛",
            "基督",
            "穆斯林",
            "清真寺",
            "信教",
        ],
    ),
    (
        &["sex", "sexuality", "sex life", "性", "性生活", "性取向"],
        &["sex", "sexual", "sexuality", "gay", "lesbian", "bisexual", "性生活", "性取向", "同性恋", "双性恋"],
    ),
];

/// A rule, ready to be applied.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    /// The terms of each thing that it names; all of one have to be in a text.
    things: Vec<Vec<String>>,
    /// Words of which one in a text is enough.
    words: Vec<&'static str>,
}

impl Phrase {
    pub(super) fn new(phrase: &str) -> Self {
        let mut folded = fold(phrase);
        for word in BETWEEN {
            folded = folded.replace(word, "\n");
        }
        let (mut things, mut words) = (Vec::new(), Vec::new());
        for part in folded.lines() {
            let thing = core(part);
            let topic = TOPICS.iter().find(|(names, _)| names.contains(&thing));
            words.extend(topic.map(|(_, words)| *words).unwrap_or_default());
            let terms = query_terms(thing);
            if !terms.is_empty() {
                things.push(terms);
            }
        }
        Self { things, words }
    }

    /// Returns true if it names nothing that could be in a text.
    pub(super) fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Returns true if a text is about what it names.
    pub(super) fn matches(&self, text: &Words) -> bool {
        let has = |term: &String| text.terms.binary_search(term).is_ok();
        let is_word = |word: &&str| {
            if word.is_ascii() { query_terms(word).iter().all(has) } else { text.folded.contains(*word) }
        };
        self.things.iter().any(|terms| terms.iter().all(has)) || self.words.iter().any(is_word)
    }
}

/// Returns a phrase without the words around it.
fn core(part: &str) -> &str {
    let mut rest = part.trim();
    loop {
        let before = rest;
        for word in AROUND {
            rest = rest.strip_prefix(word).map_or(rest, str::trim_start);
        }
        for word in ["my ", "the ", "我的", "我们的"] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        for word in AFTER {
            rest = rest.strip_suffix(word).map_or(rest, str::trim_end);
        }
        rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
        if rest == before {
            return rest;
        }
    }
}

/// A text that rules are applied to.
pub(super) struct Words {
    folded: String,
    terms: Vec<String>,
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        Self { folded: fold(text), terms: terms(text) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(phrase: &str, text: &str) -> bool {
        Phrase::new(phrase).matches(&Words::of(text))
    }

    #[test]
    fn plain_words_name_topics_people_and_things() {
        for (phrase, text) in [
            ("Anna", "Had dinner with Anna"),
            ("anything about my ex-girlfriend Nora", "The ex-girlfriend Nora moved out"),
            ("前女友", "前女友叫小雅"),
            ("关于小林的事", "和小林分手了"),
            ("health", "Was diagnosed with asthma"),
            ("never keep my health and money", "Has a mortgage"),
            ("健康、收入", "每月工资两万"),
            ("不要记健康方面", "对花生过敏"),
            ("poker games", "Plays a poker game on Fridays"),
        ] {
            assert!(matches(phrase, text), "{phrase}: {text}");
        }
        for (phrase, text) in [
            ("Anna", "Annabel is a friend"),
            ("poker games", "Plays chess games"),
            ("health", "Lives in Lisbon"),
            ("健康", "住在杭州"),
            ("前女友", "女儿的朋友"),
        ] {
            assert!(!matches(phrase, text), "{phrase}: {text}");
        }
    }

    #[test]
    fn phrases_without_a_word_are_empty() {
        for phrase in ["", "…", "，、", " never keep ", "关于"] {
            assert!(
                Phrase::new(phrase).is_empty() || !matches(phrase, "Lives in Lisbon 住在杭州"),
                "{phrase}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_phrase_is_survived(phrase in "\\PC{0,80}", text in "\\PC{0,80}") {
            let _ = matches(&phrase, &text);
        }
    }
}

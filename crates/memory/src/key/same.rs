//! Near-duplicates: facts that say the same in other words. Searches by meaning find candidates; the words
//! decide, because vectors of "allergic to peanuts" and "allergic to milk" are close. No I/O.

use std::collections::BTreeSet;

use search::{fold, query_terms};

/// Words that say the same, the first of each standing for all. Longer ones come before their parts.
const ALIKE: &[&[&str]] = &[
    &["喜欢", "非常喜欢", "特别喜欢", "很喜欢", "最喜欢", "喜爱", "热爱", "爱好是", "钟爱", "爱"],
    &["讨厌", "不喜欢", "不爱", "很讨厌", "反感"],
    &["住在", "居住在", "现居", "家住", "家在", "定居在", "定居于", "目前住在", "现在住在"],
    &["妻子", "老婆", "太太", "爱人", "媳妇"],
    &["丈夫", "老公", "先生"],
    &["妈妈", "母亲", "老妈", "我妈"],
    &["爸爸", "父亲", "老爸", "我爸"],
    &["工作是", "职业是", "职业为", "从事"],
    &["上班", "工作", "任职", "就职"],
    &["养了", "养着", "有", "家里有", "家有"],
    &["每天", "天天", "每日"],
    &["经常", "常常", "时常", "老是"],
    &["周末", "星期六日", "双休日"],
    &["名叫", "叫做", "名字叫", "名字是", "叫"],
    &[
        "likes",
        "really likes",
        "loves",
        "enjoys",
        "is fond of",
        "is keen on",
        "adores",
        "like",
        "love",
        "enjoy",
    ],
    &["hates", "dislikes", "can't stand", "does not like", "doesn't like", "detests", "hate", "dislike"],
    &[
        "lives in",
        "resides in",
        "is living in",
        "is based in",
        "based in",
        "living in",
        "live in",
        "home is in",
    ],
    &["works as", "is working as", "is employed as", "has a job as", "work as"],
    &["works at", "works for", "is employed at", "is employed by", "work at", "work for"],
    &["every day", "daily", "each day"],
    &["often", "frequently", "regularly"],
    &["wife", "spouse"],
    &["husband"],
    &["mother", "mum", "mom"],
    &["father", "dad"],
    &["allergic to", "has an allergy to", "suffers from an allergy to"],
    &["called", "named", "whose name is"],
    &["cycles", "rides a bike", "rides a bicycle", "bikes", "goes by bike"],
    &["bike", "bicycle"],
    &["has", "owns", "keeps", "have", "own", "got"],
];
/// Words that add nothing.
const LIGHT: &[&str] = &[
    "i",
    "me",
    "my",
    "am",
    "is",
    "are",
    "the",
    "a",
    "an",
    "user",
    "person",
    "they",
    "he",
    "she",
    "their",
    "his",
    "her",
    "very",
    "really",
    "currently",
    "now",
    "also",
    "to",
    "of",
    "and",
];
const LIGHT_CHINESE: &[&str] = &[
    "我", "用户", "本人", "自己", "目前", "现在", "非常", "特别", "很", "也", "的", "了", "着", "呢", "啊",
    "是",
];
/// Words that turn a fact into its opposite.
const NEGATIONS: &[&str] = &["not", "no", "never", "n't", "without", "不", "没", "别", "无", "戒", "从不"];

/// The content of a fact, for comparison.
struct Content {
    terms: BTreeSet<String>,
    digits: Vec<String>,
    negations: usize,
}

impl Content {
    fn of(text: &str) -> Self {
        let mut plain =
            format!(" {} ", fold(text).replace(|c: char| c.is_ascii_punctuation() && c != '\'', " "));
        let digits = plain.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let digits = digits.map(str::to_owned).collect();
        for alike in ALIKE {
            let Some((first, others)) = alike.split_first() else { continue };
            // A mark that is no word of any language, so that replacements do not meet each other.
            let mark = format!(" zq{first} ");
            let mut all: Vec<&str> = others.iter().chain(std::iter::once(first)).copied().collect();
            all.sort_by_key(|word| std::cmp::Reverse(word.len()));
            for word in all {
                plain = if word.is_ascii() {
                    plain.replace(&format!(" {word} "), &mark)
                } else if plain.contains(&mark) {
                    plain
                } else {
                    plain.replace(word, &mark)
                };
            }
        }
        let plain = plain.replace("zq", "");
        let negations = NEGATIONS.iter().map(|word| plain.matches(word).count()).sum();
        let plain = LIGHT_CHINESE.iter().fold(plain, |plain, light| plain.replace(light, " "));
        let words = plain.split_whitespace().filter(|word| !LIGHT.contains(word));
        let terms = words.flat_map(query_terms).collect();
        Self { terms, digits, negations }
    }
}

/// Returns true if a new fact says nothing that a known one does not say.
pub(super) fn is_said_by(new: &str, known: &str) -> bool {
    let (new, known) = (Content::of(new), Content::of(known));
    let is_close = new.terms.len() * 2 >= known.terms.len();
    !new.terms.is_empty()
        && is_close
        && new.negations == known.negations
        && new.digits.iter().all(|number| known.digits.contains(number))
        && new.terms.is_subset(&known.terms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_words_for_the_same_are_recognized() {
        for (new, known) in [
            ("爱喝茶", "喜欢喝茶"),
            ("我很喜欢喝茶", "喜欢喝茶。"),
            ("家在杭州", "住在杭州"),
            ("现居杭州", "住在杭州"),
            ("老婆是四川人", "妻子是四川人"),
            ("Loves tea", "Likes tea"),
            ("Enjoys green tea", "likes green tea very much"),
            ("Resides in Lisbon", "Lives in Lisbon"),
            ("Is employed at Acme", "Works for Acme"),
            ("Dislikes coriander", "Can't stand coriander"),
            ("Has an allergy to peanuts", "Allergic to peanuts"),
            ("Rides a bike every day", "Cycles daily"),
        ] {
            assert!(is_said_by(new, known), "{new}: {known}");
        }
    }

    #[test]
    fn what_is_new_is_not_lost() {
        for (new, known) in [
            ("对牛奶过敏", "对花生过敏"),
            ("住在上海", "住在杭州"),
            ("不喝咖啡", "喝咖啡"),
            ("喜欢喝茶", "不喜欢喝茶"),
            ("住在杭州西湖边", "住在杭州"),
            ("Lives in Rome", "Lives in Lisbon"),
            ("Allergic to milk", "Allergic to peanuts"),
            ("Does not eat meat", "Eats meat"),
            ("Has 2 cats", "Has 3 cats"),
            ("Likes tea and coffee", "Likes tea"),
            ("Likes tea", "Likes tea with milk, sugar, honey and a biscuit"),
            ("", "Likes tea"),
        ] {
            assert!(!is_said_by(new, known), "{new}: {known}");
        }
    }

    proptest! {
        #[test]
        fn a_fact_says_itself(text in "[a-z]{3,8} [a-z]{3,8}|[一-龥]{3,8}") {
            let said = Content::of(&text);
            prop_assert!(said.terms.is_empty() || is_said_by(&text, &text));
        }
    }
}

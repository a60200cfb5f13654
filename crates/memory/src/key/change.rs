//! Rules for a learned fact that contradicts a known one: it takes its place, the person decides, or there is
//! no contradiction. A model only says that two facts contradict each other. No I/O.

use search::{fold, query_terms};

use super::model::Fact;

/// The result of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The new fact takes the place of the known one.
    Supersedes,
    /// The person has to decide.
    Undecided,
    /// Both hold: the new one is about the past, or about what may be.
    Compatible,
}

/// A fact that is known.
pub(crate) struct Contradicted<'k> {
    pub(crate) content: &'k str,
    pub(crate) category: &'k str,
    /// True if the person wrote it themself.
    pub(crate) is_own: bool,
}

/// Words by which a person says that something has changed.
const CHANGES: &[&str] = &[
    "no longer",
    "not anymore",
    "anymore",
    "any more",
    "moved to",
    "moved from",
    "moved out",
    "moved in",
    "moved",
    "relocated",
    "switched",
    "changed",
    "quit",
    "left my",
    "left the",
    "new job",
    "started at",
    "started as",
    "joined",
    "broke up",
    "split up",
    "divorced",
    "got married",
    "got engaged",
    "instead of",
    "gave up",
    "stopped",
    "used to",
    "now ",
    " now",
    "these days",
    "from now on",
    "since last",
    "replaced",
    "retired",
    "promoted",
    "sold",
    "turned vegan",
    "became",
    "have become",
    "transferred",
    "graduated",
    "grown to",
    "can't stand",
    "don't like",
    "don't live",
    "don't work",
    "don't eat",
    "don't drink",
    "don't use",
];
const CHANGES_CHINESE: &[&str] = &[
    "不再",
    "搬到",
    "搬去",
    "搬来",
    "搬家",
    "搬回",
    "换到",
    "换了",
    "换成",
    "换工作",
    "跳槽",
    "离职",
    "辞职",
    "辞了",
    "入职",
    "改成",
    "改为",
    "改名",
    "改用",
    "改喝",
    "改吃",
    "分手",
    "离婚",
    "结婚了",
    "领证",
    "订婚",
    "戒了",
    "戒掉",
    "卖了",
    "现在",
    "如今",
    "已经不",
    "再也不",
    "不喜欢",
    "不吃",
    "不喝",
    "不住",
    "不在",
    "不用",
    "不爱",
    "转到",
    "转行",
    "转去",
    "升职",
    "升了",
    "退休",
    "毕业了",
    "变成",
    "开始",
    "新的",
    "新家",
    "新工作",
    "新公司",
    "爱上",
    "迷上",
    "定居",
    "调到",
    "调去",
    "从此",
    "以后都",
];
/// Words that speak of an earlier time.
const PAST: &[&str] =
    &["used to", "formerly", "previously", "when i was", "as a child", "as a kid", "back then"];
const PAST_CHINESE: &[&str] =
    &["以前", "曾经", "从前", "小时候", "那时候", "当年", "过去", "之前", "上大学时", "原来"];
/// Words that speak of the present, beside a word of the past.
const PRESENT: &[&str] =
    &["now", "no longer", "anymore", "these days", "现在", "如今", "不再", "已经", "后来", "but "];
/// Words that speak of what may be.
const PERHAPS: &[&str] = &[
    "might",
    "maybe",
    "perhaps",
    "thinking of",
    "thinking about",
    "considering",
    "plan to",
    "planning to",
    "want to",
    "would like",
    "if i",
    "someday",
    "hope to",
    "could move",
    "may move",
    "dream of",
    "will probably",
    "可能",
    "也许",
    "或许",
    "说不定",
    "打算",
    "考虑",
    "计划",
    "如果",
    "要是",
    "想去",
    "想换",
    "想搬",
    "希望",
    "梦想",
    "假如",
    "准备搬",
    "准备换",
];

/// Attributes that a person has one of, each with its words.
const SINGLE: &[&[&str]] = &[
    &[
        "住",
        "家在",
        "搬到",
        "搬去",
        "搬来",
        "搬回",
        "定居",
        " live",
        "living in",
        "moved to",
        "based in",
        "reside",
        "relocat",
    ],
    &[
        "上班",
        "工作",
        "就职",
        "任职",
        "入职",
        "跳槽",
        "职业是",
        "当老师",
        "work at",
        "work for",
        "works at",
        "works for",
        "work as",
        "works as",
        "working at",
        "working as",
        "job",
        "employ",
        "joined",
    ],
    &[
        "男友",
        "女友",
        "男朋友",
        "女朋友",
        "老婆",
        "老公",
        "妻子",
        "丈夫",
        "未婚",
        "对象",
        "单身",
        "离婚",
        "结婚",
        "分手",
        "girlfriend",
        "boyfriend",
        "wife",
        "husband",
        "fianc",
        "married",
        "single",
        "divorced",
        "dating",
        "engaged",
    ],
    &["我叫", "名字", "改名", "my name", "called ", "goes by", "name is"],
    &["邮箱", "email", "e-mail"],
    &["手机号", "电话号", "phone number"],
    &["岁", "years old"],
];

/// Decides about a learned fact, said in the words of a quotation, that contradicts a known one.
pub(crate) fn decide(new: &Fact, quote: &str, old: &Contradicted<'_>) -> Outcome {
    let said = format!(" {} \n {} ", fold(quote), fold(&new.content));
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if (has(PAST) || has(PAST_CHINESE)) && !has(PRESENT) {
        return Outcome::Compatible;
    }
    if has(PERHAPS) {
        return Outcome::Compatible;
    }
    let (new_text, old_text) = (format!(" {} ", fold(&new.content)), format!(" {} ", fold(old.content)));
    let is_single = SINGLE.iter().any(|words| {
        let has = |text: &str| words.iter().any(|word| text.contains(word));
        has(&new_text) && has(&old_text)
    });
    let is_same_topic = is_single
        || (!new.object.is_empty() && fold(&new.object) == fold(old.category))
        || query_terms(&old_text).iter().any(|term| query_terms(&new_text).contains(term));
    let has_changed = has(CHANGES) || has(CHANGES_CHINESE);
    // What the person wrote down weighs more than a remark: the remark has to say that it changed.
    if is_same_topic && (has_changed || (is_single && !old.is_own)) {
        Outcome::Supersedes
    } else {
        Outcome::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(new: &str, quote: &str, old: &str, is_own: bool) -> Outcome {
        let fact =
            Fact {
                actor: "用户".to_owned(), object: String::new(), content: new.to_owned(), visibility: 0
            };
        decide(&fact, quote, &Contradicted { content: old, category: "", is_own })
    }

    #[test]
    fn changes_and_single_attributes_are_decided() {
        for (new, quote, old) in [
            ("住在北京", "我又搬到北京了", "住在杭州"),
            ("Lives in Lisbon", "I moved to Lisbon in May", "Lives in Berlin"),
            ("在字节上班", "我跳槽去了字节", "在腾讯工作"),
            ("不再喝咖啡", "我不再喝咖啡了", "每天喝三杯咖啡"),
            ("No longer eats meat", "I no longer eat meat", "Eats meat every day"),
            (
                "Drinks tea instead of coffee",
                "I drink tea instead of coffee now",
                "Drinks coffee every morning",
            ),
        ] {
            assert_eq!(outcome(new, quote, old, true), Outcome::Supersedes, "{new}");
        }
        let (new, quote, old) = ("住在北京", "我家就住北京", "住在杭州");
        assert_eq!(outcome(new, quote, old, false), Outcome::Supersedes);
        assert_eq!(outcome(new, quote, old, true), Outcome::Undecided, "the person wrote the older one");
    }

    #[test]
    fn others_are_left_to_the_person_or_are_no_contradiction() {
        assert_eq!(outcome("Likes tea", "I like tea", "Likes coffee best", false), Outcome::Undecided);
        assert_eq!(outcome("对花生不过敏", "我对花生不过敏", "对坚果敏感", false), Outcome::Undecided);
        for (new, quote) in [
            ("以前住在北京", "我以前住在北京"),
            ("Used to live in Berlin", "I used to live in Berlin"),
            ("可能搬到北京", "我可能要搬到北京"),
            ("Is thinking of moving", "I'm thinking of moving to Rome"),
        ] {
            assert_eq!(outcome(new, quote, "住在上海 lives in Rome", false), Outcome::Compatible, "{new}");
        }
        let both = outcome("住在上海", "我以前住北京，现在住上海", "住在北京", true);
        assert_eq!(both, Outcome::Supersedes);
        let unrelated = outcome("现在养了猫", "我现在养了猫", "喜欢跑步", true);
        assert_eq!(unrelated, Outcome::Undecided);
    }
}

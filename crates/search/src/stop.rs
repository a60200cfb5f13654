//! Function words, which say little about the subject of a text. They are scored only if no other word is
//! found.

/// English function words, sorted, in their form before stemming.
const WORDS: &[&str] = &[
    "a", "about", "after", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "before", "but",
    "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "hers",
    "him", "his", "how", "i", "if", "in", "into", "is", "it", "it's", "its", "me", "my", "no", "not", "of",
    "on", "or", "our", "she", "should", "so", "some", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "was", "we", "were", "what", "when", "where", "which",
    "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
];

/// Chinese function characters.
const CHARACTERS: &str = "的了是我你他她它们在有和与或也都就不这那吗呢吧啊呀么什谁哪怎几个着过被把给让从到对很还又再会能要想么一之其";

/// Chinese function words of two characters that are not both in [`CHARACTERS`].
const PAIRS: &[&str] = &[
    "什么", "怎么", "怎样", "为什", "为何", "如何", "时候", "哪里", "哪些", "多少", "可以", "因为", "所以",
    "但是", "如果", "一些", "没有", "自己",
];

/// Returns true if a folded, unstemmed word is a function word.
pub(super) fn is_word(word: &str) -> bool {
    WORDS.binary_search(&word).is_ok()
}

/// Returns true if a CJK character is a function word.
pub(super) fn is_character(c: char) -> bool {
    CHARACTERS.contains(c)
}

/// Returns true if a pair of CJK characters is a function word.
pub(super) fn is_pair(pair: &str) -> bool {
    PAIRS.contains(&pair) || pair.chars().all(is_character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(WORDS.is_sorted());
        assert!(is_word("the") && is_word("what") && !is_word("cat"));
        assert!(is_pair("什么") && is_pair("我的") && !is_pair("阅读"));
    }
}

//! Proposals that nobody would want to be remembered: questions and requests, small talk, passing moments,
//! and talk about others. No I/O.

mod words;

use memory::keep::Reason;
use search::fold;

use words::{
    ABOUT_TALK, ASKING, FIRST, FRAGMENTS, HEARSAY, LASTING, LONG_DOING, MOMENTS, ORDERS, OTHERS, PASSING,
    REQUESTS, SAYS, SAYS_ABOUT_ME, SMALL, chinese,
};

/// Returns the reason why a fact is not worth keeping that a person said in the words of a quotation. `said`
/// is the sentence around the quotation.
pub(super) fn reason(fact: &str, quote: &str, said: &str) -> Option<Reason> {
    let (fact, quote, said) = (fold(fact), fold(quote), fold(said));
    let clauses: Vec<&str> = clauses(&quote).collect();
    if clauses.iter().all(|clause| is_small(clause))
        || has(&quote, ABOUT_TALK)
        || has(&quote, chinese::ABOUT_TALK)
    {
        return Some(Reason::Trivial);
    }
    // A question or a request may follow what the person says about themself.
    let telling: Vec<&&str> = clauses.iter().filter(|clause| !is_asked(clause, &quote)).collect();
    let is_told = telling.iter().any(|clause| is_about_person(clause) && !is_small(clause));
    if telling.len() < clauses.len() && !is_told {
        return Some(Reason::Question);
    }
    if is_hearsay(&quote) || is_about_others(&quote, &said) {
        return Some(Reason::Others);
    }
    let is_lasting = [&quote, &fact].iter().any(|text| has(text, LASTING) || has(text, chinese::LASTING));
    let is_passing = has(&quote, PASSING) || has(&quote, chinese::PASSING) || is_momentary(&quote);
    (is_passing && !is_lasting).then_some(Reason::Momentary)
}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Returns the clauses of a text, trimmed.
fn clauses(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split_inclusive([',', '.', '!', '?', ';', '\n', '。', '、']);
    pieces.map(str::trim).filter(|piece| piece.chars().any(char::is_alphanumeric))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '\'').filter(|word| !word.is_empty())
}

fn bare(clause: &str) -> &str {
    clause.trim_matches(|c: char| !c.is_alphanumeric())
}

fn is_small(clause: &str) -> bool {
    let bare = bare(clause).trim_end_matches(['呀', '啊', '哦', '啦', '吧']);
    SMALL.contains(&bare) || chinese::SMALL.contains(&bare) || bare.chars().all(|c| c == '哈' || c == '嗯')
}

/// Returns true if a clause asks or requests something. The last one of a question does.
fn is_asked(clause: &str, quote: &str) -> bool {
    let is_last = clauses(quote).last() == Some(clause);
    (is_last && quote.trim_end().ends_with('?'))
        || clause.ends_with('?')
        || ASKING.iter().any(|start| clause.starts_with(start))
        || chinese::ASKING.iter().any(|end| bare(clause).ends_with(end))
        || ORDERS.iter().any(|start| clause.starts_with(start))
        || has(clause, REQUESTS)
        || has(clause, chinese::REQUESTS)
}

fn is_about_person(clause: &str) -> bool {
    has(clause, chinese::FIRST) || words(clause).any(|word| FIRST.contains(&word))
}

fn is_hearsay(quote: &str) -> bool {
    let says = SAYS.iter().any(|says| quote.contains(says)) && !has(quote, SAYS_ABOUT_ME);
    // 医生说我…: about the person after all.
    let says_chinese = quote.find('说').is_some_and(|at| {
        let (before, after) = quote.split_at(at);
        let rest = after.get('说'.len_utf8()..).unwrap_or_default();
        let is_speaker = !before.is_empty() && before.chars().count() <= 6;
        let is_own = before.ends_with('我') || rest.starts_with('我') || quote.contains("医生说");
        is_speaker && !is_own && !rest.is_empty() && !rest.starts_with(['话', '明', '服'])
    });
    has(quote, HEARSAY) || has(quote, chinese::HEARSAY) || says || says_chinese
}

/// Returns true if a quotation is about somebody who is not the person, nor one of theirs.
fn is_about_others(quote: &str, said: &str) -> bool {
    let is_own = |text: &str| is_about_person(text);
    let begins = |text: &str| {
        let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        OTHERS.iter().chain(chinese::OTHERS).any(|start| text.starts_with(start))
    };
    if is_own(quote) {
        return false;
    }
    let first = clauses(quote).find(|clause| !is_small(clause)).unwrap_or(quote);
    let is_english = quote.is_ascii() || !quote.chars().any(|c| c >= '\u{2e80}');
    let is_fragment = words(first).next().is_some_and(|word| FRAGMENTS.contains(&word));
    // An English sentence names its subject; a Chinese one may leave it out.
    let names_others = is_english && !is_fragment && !is_own(said);
    begins(first) || begins(said) || names_others || first.starts_with('你') || is_general(quote)
}

/// Returns true for a statement about the world: its subject is a name, and it is long enough to be one.
fn is_general(quote: &str) -> bool {
    let is_of_names = has(quote, &[" is a ", " was a ", " has ", " released ", " are ", " were "])
        || ["是", "有", "出"].iter().any(|verb| {
            quote.find(verb).is_some_and(|at| {
                let subject = quote.get(..at).unwrap_or_default().chars().count();
                (2..=6).contains(&subject)
            })
        });
    is_of_names && !quote.starts_with("born")
}

/// Returns true for "I'm waiting" and the like.
fn is_doing(quote: &str) -> bool {
    let all: Vec<&str> = words(quote).collect();
    all.windows(2).any(|pair| {
        matches!(pair, ["i'm" | "am" | "we're", doing]
            if doing.len() > 4 && doing.ends_with("ing") && !LONG_DOING.contains(doing))
    })
}

fn is_momentary(quote: &str) -> bool {
    has(quote, chinese::MOMENTS)
        || is_doing(quote)
        || MOMENTS.iter().any(|moment| {
            quote.match_indices(moment).any(|(at, _)| {
                let end = quote.get(at + moment.len()..).and_then(|rest| rest.chars().next());
                let start = quote.get(..at).and_then(|rest| rest.chars().next_back());
                ![start, end].iter().flatten().any(|c| c.is_alphanumeric())
            })
        })
}

#[cfg(test)]
mod tests;

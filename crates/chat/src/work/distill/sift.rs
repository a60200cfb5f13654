//! The choice of learned facts that are kept, and the reasons why others are not. No I/O.

use memory::{
    keep::{Reason, Screen},
    key::Learned,
};
use search::fold;

use super::{Line, junk, rules::sentences};

/// The facts that are kept, and the reasons for the others.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub(super) kept: Vec<Learned>,
    pub(super) refused: Vec<Reason>,
}

/// Chooses among facts that a model proposes about a conversation.
pub(super) fn sift(learned: Vec<Learned>, lines: &[Line], screen: &Screen) -> Sifted {
    let mut sifted = Sifted::default();
    for mut fact in learned {
        let message = lines.iter().find(|line| line.id == fact.message);
        let said = message.map_or("", |line| around(&line.content, &fact.quote));
        let Learned { fact: proposed, quote, .. } = &fact;
        let never = screen.reason(&[&proposed.object, &proposed.content]);
        match never.or_else(|| junk::reason(&proposed.content, quote, said)) {
            Some(reason) => sifted.refused.push(reason),
            None => {
                // The words may name what the fact leaves out.
                if screen.reason(&[quote]).is_some() {
                    fact.quote.clear();
                }
                sifted.kept.push(fact);
            }
        }
    }
    sifted
}

/// Returns the sentence of a message that a quotation is in, or the quotation's beginning if it is in none.
fn around<'m>(message: &'m str, quote: &str) -> &'m str {
    let plain = |text: &str| -> String { fold(text).chars().filter(|c| c.is_alphanumeric()).collect() };
    let quote = plain(quote);
    sentences(message).find(|sentence| plain(sentence).contains(&quote)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_around_quotations_are_found() {
        let message = "He is late. I live in Rome, by the way! Why?";
        assert_eq!(around(message, "live in  rome"), "I live in Rome, by the way!");
        assert_eq!(around(message, "elsewhere"), "");
    }
}

//! Snapshots: the text that a client sends back to get the next page where the last one ended.
//!
//! A page number alone only says how many rows to skip, and these shift when an entry is added. So a page
//! also returns a `snapshot`, which names the newest entry when the paging began, and the last entry of the
//! page.

/// Returns the text of a snapshot: its numbers in hexadecimal, separated by dots.
pub fn encode(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:x}")).collect();
    numbers.join(".")
}

/// Returns the numbers of a snapshot. `None` if one is negative or not a number, or if the text is longer
/// than `longest` bytes.
pub fn decode(text: &str, longest: usize) -> Option<Vec<i64>> {
    let number = |part| i64::from_str_radix(part, 16).ok().filter(|number| *number >= 0);
    (text.len() <= longest).then(|| text.split('.').map(number).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_survive_being_encoded(numbers in prop::collection::vec(0..i64::MAX, 1..6)) {
            prop_assert_eq!(decode(&encode(&numbers), 100), Some(numbers));
        }

        #[test]
        fn other_texts_are_refused(text in "[g-z-]{0,8}|[0-9a-f]{0,8}\\.|[0-9a-f]{101}|-[1-9]") {
            prop_assert_eq!(decode(&text, 100), None);
        }
    }
}

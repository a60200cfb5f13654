//! Numbers and secrets that are never kept: payment cards, identity numbers, accounts, passwords. No I/O.

use search::fold;

use super::Reason;

/// Numbers of digits of payment cards.
const CARD: std::ops::RangeInclusive<usize> = 13..=19;
/// Maximum number of characters between two groups of digits of one number.
const MAX_GAP: usize = 3;
/// Chinese numerals, by their values; a one may be spoken as 幺.
const NUMERALS: [&[char]; 10] = [
    &['〇', '零', '○', '洞'],
    &['一', '幺', '壹'],
    &['二', '贰', '两'],
    &['三', '叁'],
    &['四', '肆'],
    &['五', '伍'],
    &['六', '陆'],
    &['七', '柒', '拐'],
    &['八', '捌'],
    &['九', '玖', '勾'],
];
/// Weights and check characters of Chinese identity numbers (GB 11643).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [char; 11] = ['1', '0', 'x', '9', '8', '7', '6', '5', '4', '3', '2'];
/// Lengths of IBANs by country (ISO 13616).
const IBANS: &str = "al28 ad24 at20 az28 bh22 by28 be16 ba20 br29 bg22 cr22 hr21 cy28 cz24 dk18 do28 \
     tl23 eg29 ee20 fo18 fi18 fr27 ge22 de22 gi23 gr27 gl18 gt28 hu28 is26 iq23 ie22 \
     il23 it27 jo30 kz20 xk20 kw30 lv21 lb28 li21 lt20 lu20 ly25 mt31 mr27 mu30 md24 \
     mc27 me22 nl18 mk19 no15 pk24 ps29 pl28 pt25 qa29 ro24 lc32 sm27 st25 sa24 rs22 \
     sc31 sk24 si19 es24 sd18 se24 ch21 tn24 tr26 ua29 ae23 gb22 va22 vg24";
/// Words before a password or a code.
const SECRETS: &[&str] = &[
    "password",
    "passcode",
    "passphrase",
    "pin",
    "pin code",
    "cvv",
    "cvc",
    "api key",
    "secret key",
    "private key",
    "access token",
    "seed phrase",
    "密码",
    "口令",
    "验证码",
    "私钥",
    "助记词",
    "密钥",
    "安全码",
    "pin码",
];
/// Words between such a word and the secret.
const IS: &[&str] = &["is", "was", "=", ":", "是", "为", "改成", "换成", "叫"];
/// Beginnings of keys of well-known services.
const KEYS: &[&str] =
    &["sk-", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "akia", "lba_ak_", "lba_at_", "aiza", "glpat-"];

/// Returns the reason why a text must not be kept, if it has such a number or secret.
pub(super) fn reason(text: &str) -> Option<Reason> {
    let folded = fold(text);
    let spoken: String = folded.chars().map(|c| numeral(c).unwrap_or(c)).collect();
    for text in [&folded, &spoken] {
        let runs = runs(text);
        if runs.iter().any(|run| has_identity(run)) || has_ssn(text) {
            return Some(Reason::Identity);
        }
        if runs.iter().any(|run| has_card(run)) {
            return Some(Reason::Card);
        }
    }
    if has_iban(&folded) {
        return Some(Reason::Account);
    }
    has_secret(&folded).then_some(Reason::Secret)
}

fn numeral(c: char) -> Option<char> {
    let value = NUMERALS.iter().position(|same| same.contains(&c))?;
    char::from_digit(u32::try_from(value).ok()?, 10)
}

/// Groups of digits with little between them, each group as it stands; an x ends the last one, as in identity
/// numbers.
fn runs(text: &str) -> Vec<Vec<String>> {
    let mut runs: Vec<Vec<String>> = Vec::new();
    let (mut group, mut gap, mut run) = (String::new(), 0, Vec::new());
    for c in text.chars().chain(std::iter::repeat_n('\n', MAX_GAP + 1)) {
        let ends_identity = c == 'x' && !group.is_empty();
        if c.is_ascii_digit() || ends_identity {
            group.push(c);
            gap = 0;
            continue;
        }
        if !group.is_empty() {
            run.push(std::mem::take(&mut group));
        }
        gap += 1;
        if (c.is_alphanumeric() || gap > MAX_GAP) && !run.is_empty() {
            runs.push(std::mem::take(&mut run));
        }
    }
    runs
}

/// Calls a function with the digits of each sequence of neighboring groups of at most `most` characters.
fn any_of(run: &[String], most: usize, is_it: impl Fn(&str) -> bool) -> bool {
    (0..run.len()).any(|start| {
        let mut digits = String::new();
        run.iter().skip(start).any(|group| {
            digits.push_str(group);
            digits.len() <= most && is_it(&digits)
        })
    })
}

fn has_card(run: &[String]) -> bool {
    any_of(run, *CARD.end(), |digits| {
        CARD.contains(&digits.len()) && digits.starts_with(['2', '3', '4', '5', '6']) && is_luhn(digits)
    })
}

fn is_luhn(digits: &str) -> bool {
    let values: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(10)).collect();
    let Some(values) = values else { return false };
    let sum: u32 = values
        .iter()
        .rev()
        .enumerate()
        .map(|(place, value)| match (place % 2, value * 2) {
            (0, _) => *value,
            (_, double) => double / 10 + double % 10,
        })
        .sum();
    sum.is_multiple_of(10) && values.iter().any(|value| Some(value) != values.first())
}

fn has_identity(run: &[String]) -> bool {
    any_of(run, 18, is_identity)
}

/// Returns true for a Chinese identity number of 18 characters with the right check character.
fn is_identity(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let (Some(first), Some(check), 18) = (chars.get(..17), chars.get(17), chars.len()) else { return false };
    let values: Option<Vec<u32>> = first.iter().map(|c| c.to_digit(10)).collect();
    let Some(values) = values else { return false };
    let number = |from: usize, to: usize| {
        values.get(from..to).unwrap_or_default().iter().fold(0, |all, value| all * 10 + value)
    };
    let is_date = (1850..2150).contains(&number(6, 10))
        && (1..=12).contains(&number(10, 12))
        && (1..=31).contains(&number(12, 14));
    let sum: u32 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    let expected = usize::try_from(sum % 11).ok().and_then(|at| CHECKS.get(at));
    is_date && expected == Some(check)
}

/// Returns true if a text has a US social security number: 3, 2 and 4 digits, or 9 after its name.
fn has_ssn(text: &str) -> bool {
    let is_named = text.contains("ssn") || text.contains("social security") || text.contains("社会安全号");
    let groups: Vec<(&str, bool)> = groups(text);
    let is_valid = |area: &str, group: &str, serial: &str| {
        area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
    };
    let split = groups.windows(3).any(|three| match three {
        [(a, _), (b, b_near), (c, c_near)] => {
            a.len() == 3 && b.len() == 2 && c.len() == 4 && *b_near && *c_near && is_valid(a, b, c)
        }
        _ => false,
    });
    let whole = |group: &str| match (group.get(..3), group.get(3..5), group.get(5..)) {
        (Some(a), Some(b), Some(c)) => group.len() == 9 && is_valid(a, b, c),
        _ => false,
    };
    split || (is_named && groups.iter().any(|(group, _)| whole(group)))
}

/// Returns the groups of digits of a text, each with true if one hyphen or blank is between it and the one
/// before.
fn groups(text: &str) -> Vec<(&str, bool)> {
    let mut groups = Vec::new();
    let mut end = None;
    let mut rest = 0;
    while let Some(found) = text.get(rest..).and_then(|text| text.find(|c: char| c.is_ascii_digit())) {
        let start = rest + found;
        let after = text.get(start..).unwrap_or_default();
        let length = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let between = end.and_then(|end: usize| text.get(end..start));
        groups.push((after.get(..length).unwrap_or_default(), matches!(between, Some("-" | " "))));
        rest = start + length;
        end = Some(rest);
    }
    groups
}

fn has_iban(folded: &str) -> bool {
    let bytes = folded.as_bytes();
    (0..bytes.len()).any(|start| {
        let begins = start == 0 || !bytes.get(start - 1).is_some_and(u8::is_ascii_alphanumeric);
        let is_head = matches!(bytes.get(start..start + 4), Some([a, b, c, d])
            if a.is_ascii_lowercase() && b.is_ascii_lowercase() && c.is_ascii_digit() && d.is_ascii_digit());
        begins && is_head && is_iban(bytes.get(start..).unwrap_or_default())
    })
}

/// Returns true if a text begins with an IBAN, whose groups may have blanks or hyphens between them.
fn is_iban(bytes: &[u8]) -> bool {
    let country = bytes.get(..2).unwrap_or_default();
    let length = IBANS.split_whitespace().find(|known| known.as_bytes().starts_with(country));
    let Some(length) = length.and_then(|known| known.get(2..)?.parse::<usize>().ok()) else { return false };
    let plain: Vec<u8> =
        bytes.iter().copied().filter(|byte| !matches!(byte, b' ' | b'-')).take(length).collect();
    let Some((head, rest)) = plain.split_at_checked(4).filter(|_| plain.len() == length) else {
        return false;
    };
    let mut remainder = 0_u32;
    for byte in rest.iter().chain(head) {
        let Some(value) = char::from(*byte).to_digit(36) else { return false };
        remainder = (remainder * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    remainder == 1
}

/// Returns true if a text has a password or a key.
fn has_secret(folded: &str) -> bool {
    let is_key = |word: &str| {
        KEYS.iter().any(|start| word.starts_with(start))
            && word.len() >= 16
            && word.bytes().any(|b| b.is_ascii_digit())
    };
    let named = SECRETS.iter().any(|name| {
        folded.match_indices(name).any(|(at, _)| {
            let before = folded.get(..at).and_then(|before| before.chars().next_back());
            let is_word = !name.is_ascii() || !before.is_some_and(|c| c.is_ascii_alphanumeric());
            is_word && folded.get(at + name.len()..).is_some_and(is_followed_by_secret)
        })
    });
    named || folded.split(|c: char| c.is_whitespace() || "\"'`,;()<>".contains(c)).any(is_key)
}

/// Returns true if "is" or a colon follows, and then a word with a digit.
fn is_followed_by_secret(rest: &str) -> bool {
    // "my password for the bank is …"
    let near: String = rest.chars().take(40).collect();
    IS.iter().any(|is| {
        near.match_indices(is).any(|(at, _)| {
            let value = near.get(at + is.len()..).unwrap_or_default();
            let value = value.trim_start_matches(|c: char| c.is_whitespace() || ":：\"'`“「".contains(c));
            let word: String = value.chars().take_while(|c| c.is_ascii_graphic()).collect();
            word.len() >= 3 && word.bytes().any(|b| b.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for (text, expected) in [
            ("my card is 4111 1111 1111 1111", Reason::Card),
            ("4111-1111-1111-1111", Reason::Card),
            ("卡号４１１１１１１１１１１１１１１１，别忘了", Reason::Card),
            ("卡号四一一一 一一一一 一一一一 一一一一", Reason::Card),
            ("card 4111.1111.1111.1111 until 12/29", Reason::Card),
            ("in 2024 I got 5500 0000 0000 0004", Reason::Card),
            ("amex 3782 822463 10005", Reason::Card),
            ("4\u{200b}111111111111111", Reason::Card),
            ("身份证11010519491231002X", Reason::Identity),
            ("身份证 110105 19491231 002x", Reason::Identity),
            ("身份证一一零一零五一九四九一二三一零零二X", Reason::Identity),
            ("My number is 219-09-9999.", Reason::Identity),
            ("SSN 219099999", Reason::Identity),
            ("IBAN DE89 3704 0044 0532 0130 00", Reason::Account),
            ("pay to gb82west12345698765432", Reason::Account),
            ("My password is hunter2", Reason::Secret),
            ("我的银行密码是 abc123", Reason::Secret),
            ("the PIN for my card is 4821", Reason::Secret),
            ("key sk-abcdefghijklmnop1234", Reason::Secret),
        ] {
            assert_eq!(reason(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_numbers_may_be_kept() {
        for text in [
            "4111 1111 1111 1112",
            "call me at 138-0000-0000 or +86 138 0013 8000",
            "call 555-123-4567",
            "born on 1949-12-31, moved in 2024-05-06",
            "身份证11010519491231002Y",
            "110105194912310021",
            "000-12-3456 and 666-12-3456",
            "order 9780306406157",
            "GB82 WEST 1234 5698 7654 33",
            "I forgot my password",
            "my password is strong",
            "the spinning pins are red",
            "密码是个大问题",
            "lives in room 312, floor 3, house 45",
            "住在三楼一二三号",
            "0000 0000 0000 0000",
            "",
        ] {
            assert_eq!(reason(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,200}", digits in "[0-9xX \\-.]{0,80}") {
            let _ = reason(&text);
            let _ = reason(&digits);
        }

        #[test]
        fn every_card_is_found(
            digits in "[3-6][0-9]{14}",
            gap in "[ \\-.]{0,2}",
            before in "[a-z 一-龥]{0,10}",
        ) {
            prop_assume!(digits.bytes().any(|byte| Some(&byte) != digits.as_bytes().first()));
            let check = (0..10).map(|last| format!("{digits}{last}")).find(|card| is_luhn(card)).unwrap();
            let groups: Vec<String> =
                check.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            let text = format!("{before} {}", groups.join(&gap));
            prop_assert!(matches!(reason(&text), Some(Reason::Card | Reason::Identity)), "{text}");
        }
    }
}

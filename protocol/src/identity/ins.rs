//! The French national health identifier (*identité nationale de santé*, INS): the fifteen digits of the social security
//! number (NIR) or of its waiting number (NIA), and the object identifiers that say which.
//!
//! Source: ANS, *Référentiel Identité Nationale de Santé*; the key is 97 less the remainder by 97 (INSEE).
//!
//! # Not here
//! Asking the national service whether it is the patient's: the site's registration does that.

use std::fmt;

/// Who issues the number, by the last arc of `1.2.250.1.213.1.4`.
const ISSUERS: [(&str, bool); 4] = [
    ("1.2.250.1.213.1.4.8", false),
    ("1.2.250.1.213.1.4.9", false),
    ("1.2.250.1.213.1.4.10", true),
    ("1.2.250.1.213.1.4.11", true),
];

/// A well-formed number. That it is the patient's is another question.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ins([u8; 15]);

/// No number in logs.
impl fmt::Debug for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ins")
    }
}

/// Whether an issuer is the national one, and whether for tests only.
#[must_use]
pub fn is_national(issuer: &str) -> Option<bool> {
    let issuer = issuer.trim().trim_start_matches("urn:oid:");
    ISSUERS.iter().find(|(oid, _)| *oid == issuer).map(|(_, is_test)| *is_test)
}

impl Ins {
    /// Reads thirteen characters and the key of two digits, spaces between them as people write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = [0; 15];
        let mut count = 0;
        for byte in text.bytes().filter(|b| *b != b' ' && *b != b'.') {
            *digits.get_mut(count)? = byte.to_ascii_uppercase();
            count += 1;
        }
        let (number, key) = digits.split_at_checked(13)?;
        let given = key.iter().try_fold(0u64, |n, d| d.is_ascii_digit().then(|| n * 10 + u64::from(d - b'0')))?;
        (count == 15 && Some(given) == key_of(number)).then_some(Self(digits))
    }

    /// The fifteen characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The key of thirteen characters. Corsica's departments are written 2A and 2B and count as 19 and 18.
fn key_of(number: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (at, byte) in number.iter().enumerate() {
        let digit = match (at, byte) {
            (_, b'0'..=b'9') => u64::from(byte - b'0'),
            (6, b'A') if number.get(5) == Some(&b'2') => 9,
            (6, b'B') if number.get(5) == Some(&b'2') => 8,
            _ => return None,
        };
        // 2A is 19 and 2B is 18: the letter makes the two before it one less.
        let lesser = u64::from(at == 6 && !byte.is_ascii_digit());
        value = (value - lesser) * 10 + digit;
    }
    matches!(number.first(), Some(b'1'..=b'8')).then(|| 97 - value % 97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_does_not_fit_is_found() {
        // The example of the social security's own leaflet.
        assert!(Ins::parse("2 55 08 14 168 025 38").is_some());
        assert!(Ins::parse("255081416802538").is_some());
        for wrong in
            ["255081416802539", "255081416802", "2550814168025388", "355081416802538", "25508141680253x", "", "é"]
        {
            assert!(Ins::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn any_one_wrong_digit_and_any_two_swapped_are_found() {
        let good = "255081416802538";
        for at in 0..15 {
            for digit in b'0'..=b'9' {
                let mut text = good.as_bytes().to_vec();
                text[at] = digit;
                let text = String::from_utf8(text).unwrap();
                assert_eq!(Ins::parse(&text).is_some(), text == good, "{text}");
            }
        }
        for at in 0..12 {
            let mut text = good.as_bytes().to_vec();
            text.swap(at, at + 1);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(Ins::parse(&text).is_some(), text == good, "{text}");
        }
    }

    #[test]
    fn corsicans_have_letters() {
        for (department, value) in [("2A", 19u64), ("2B", 18)] {
            let number: u64 = format!("18005{value}004001").parse::<u64>().unwrap();
            let text = format!("18005{department}004001{:02}", 97 - number % 97);
            assert!(Ins::parse(&text).is_some(), "{text}");
        }
        assert!(Ins::parse("180052C00400112").is_none());
    }

    #[test]
    fn issuers_are_told_apart() {
        assert_eq!(is_national("1.2.250.1.213.1.4.8"), Some(false));
        assert_eq!(is_national("urn:oid:1.2.250.1.213.1.4.10"), Some(true));
        assert_eq!(is_national("CHNORD"), None);
    }
}

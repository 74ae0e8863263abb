//! Attribute matching on headers (PS3.4 C.2.2.2) for searches at series and instance level: single value, wildcard,
//! lists of UIDs, ranges of dates and times, and items of sequences.

use super::{
    dataset::{DataSet, Element, Numbers, Syntax, Value},
    json::charset_of,
    query::{Condition, list, range},
    text::Charset,
};
use dicom_core::{Tag, VR};

/// Whether a header meets all conditions.
pub(super) fn matches(header: &DataSet<'_>, syntax: Syntax, conditions: &[&Condition]) -> bool {
    let charset = charset_of(header, &Charset::default());
    conditions.iter().all(|(path, value)| meets(header, syntax, &charset, path, value))
}

fn meets(set: &DataSet<'_>, syntax: Syntax, charset: &Charset, path: &[Tag], asked: &str) -> bool {
    let Some((tag, deeper)) = path.split_first() else { return true };
    let Some(element) = set.element(*tag) else { return false };
    match &element.value {
        Value::Items(items) => !deeper.is_empty() && items.iter().any(|i| meets(i, syntax, charset, deeper, asked)),
        Value::Bytes(bytes) => deeper.is_empty() && value_meets(element, bytes, syntax, charset, asked),
        Value::Encapsulated => false,
    }
}

fn value_meets(element: &Element<'_>, bytes: &[u8], syntax: Syntax, charset: &Charset, asked: &str) -> bool {
    use VR::{AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR, UT};
    let vr = element.vr;
    let text = || charset.decode(bytes, vr == PN);
    let any = |test: &dyn Fn(&str) -> bool| text().split('\\').any(|v| test(v.trim_matches([' ', '\0'])));
    match vr {
        UI => any(&|v| list(asked).any(|a| a == v)),
        DA | TM => match range(asked, vr) {
            Ok((from, to)) => any(&|v| {
                let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
                let v = digits(v);
                !v.is_empty()
                    && from.as_deref().is_none_or(|f| v >= digits(f))
                    && to.as_deref().map(digits).is_none_or(|t| v.get(..t.len()).is_none_or(|head| head <= t.as_str()))
            }),
            Err(_) => false,
        },
        DS | IS => any(&|v| match (v.parse::<f64>(), asked.parse::<f64>()) {
            (Ok(v), Ok(a)) => v.total_cmp(&a).is_eq(),
            _ => wild(asked, v),
        }),
        PN => any(&|v| {
            let (asked, v) = (asked.to_lowercase(), v.to_lowercase());
            wild(asked.trim_end_matches('^'), v.trim_end_matches('^')) || v.split('=').any(|g| wild(&asked, g))
        }),
        AE | AS | CS | DT | LO | LT | SH | ST | UC | UR | UT => {
            any(&|v| list(asked).any(|a| wild(a, v)) || wild(asked, v))
        }
        vr => match asked.parse::<f64>() {
            Ok(a) => Numbers::new(bytes, vr, syntax.big_endian).any(|n| n.as_f64().total_cmp(&a).is_eq()),
            Err(_) => false,
        },
    }
}

/// `*` any characters, `?` one; no backtracking beyond the last star, so time is bounded by the product of lengths.
pub(super) fn wild(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_the_standard_says() {
        for (pattern, text, hit) in [
            ("CT", "CT", true),
            ("C*", "CT HEAD", true),
            ("*EAD", "CT HEAD", true),
            ("?T*", "CT", true),
            ("?", "", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "abc", false),
        ] {
            assert_eq!(wild(pattern, text), hit, "{pattern} {text}");
        }
    }
}

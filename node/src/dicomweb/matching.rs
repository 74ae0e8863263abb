//! Conditions on headers, for searches at series and instance level: finds the attribute, in items of sequences too, and
//! its values.
//!
//! # Not here
//! Whether a value matches: `archive::value_matches`, the same for every door.

use super::{
    dataset::{DataSet, Element, Numbers, Syntax, Value},
    json::charset_of,
    query::{Condition, list},
    text::Charset,
};
use crate::archive::{name_matches, value_matches};
use dicom_core::{Tag, VR};

/// Whether a header meets all conditions; `fuzzy` is how names are compared.
pub(super) fn matches(header: &DataSet<'_>, syntax: Syntax, conditions: &[&Condition], fuzzy: bool) -> bool {
    let charset = charset_of(header, &Charset::default());
    let asker = Matcher { syntax, charset: &charset, fuzzy };
    conditions.iter().all(|(path, value)| asker.meets(header, path, value))
}

struct Matcher<'a> {
    syntax: Syntax,
    charset: &'a Charset,
    fuzzy: bool,
}

impl Matcher<'_> {
    fn meets(&self, set: &DataSet<'_>, path: &[Tag], asked: &str) -> bool {
        let Some((tag, deeper)) = path.split_first() else { return true };
        let Some(element) = set.element(*tag) else { return false };
        match &element.value {
            Value::Items(items) => !deeper.is_empty() && items.iter().any(|item| self.meets(item, deeper, asked)),
            Value::Bytes(bytes) => deeper.is_empty() && self.value_meets(element, bytes, asked),
            Value::Encapsulated => false,
        }
    }

    fn value_meets(&self, element: &Element<'_>, bytes: &[u8], asked: &str) -> bool {
        use VR::{AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR, UT};
        let vr = element.vr;
        let text = || self.charset.decode(bytes, vr == PN);
        match vr {
            PN => text().split('\\').any(|name| name_matches(asked, Some(name.trim_matches([' ', '\0'])), self.fuzzy)),
            // Codes are also asked for in lists.
            AE | AS | CS | DS | IS | LO | SH | UI => {
                let text = text();
                value_matches(vr, asked, &text) || list(asked).any(|one| value_matches(vr, one, &text))
            }
            DA | DT | LT | ST | TM | UC | UR | UT => value_matches(vr, asked, &text()),
            vr => asked.parse::<f64>().is_ok_and(|asked| {
                Numbers::new(bytes, vr, self.syntax.big_endian).any(|n| n.as_f64().total_cmp(&asked).is_eq())
            }),
        }
    }
}

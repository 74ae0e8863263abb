//! Writes the DICOM JSON model (PS3.18 annex F): whole headers for metadata, single attributes for search answers.
//!
//! Text is always given in UTF-8 and (0008,0005) says so; group lengths are left out; an attribute without value has
//! only its VR; binary values above [`INLINE_BYTES_MAX`] and pixel data are named by a BulkDataURI instead.
//!
//! # Not here
//! Which attributes an answer has: [`super::qido`], [`super::metadata`].

use super::{
    dataset::{DataSet, Element, Number, Numbers, Syntax, Value, to_little_endian},
    text::Charset,
};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
};

/// Largest binary value given inline, bytes: as other archives do; larger ones are rarely looked at.
const INLINE_BYTES_MAX: usize = 1024;
/// Largest integer that every JSON reader keeps exactly.
const EXACT_MAX: u64 = 1 << 53;

/// Attributes of one answer: tag and encoded member value.
pub(super) type Attributes = BTreeMap<Tag, String>;

/// Joins attributes into a JSON object.
pub(super) fn write_object(out: &mut String, attributes: &Attributes) {
    out.push('{');
    for (i, (tag, value)) in attributes.iter().enumerate() {
        comma(out, i);
        write_key(out, *tag);
        out.push_str(value);
    }
    out.push('}');
}

/// A member value of strings; none or empty ones: no Value.
pub(super) fn strings<S: AsRef<str>>(vr: &str, values: &[S]) -> String {
    let mut out = format!("{{\"vr\":\"{vr}\"");
    if values.iter().any(|v| !v.as_ref().is_empty()) {
        out.push_str(",\"Value\":[");
        for (i, value) in values.iter().enumerate() {
            comma(&mut out, i);
            write_text(&mut out, value.as_ref());
        }
        out.push(']');
    }
    out.push('}');
    out
}

/// A member value of one string.
pub(super) fn string(vr: &str, value: Option<&str>) -> String {
    strings(vr, value.as_slice())
}

/// A member value of one number.
pub(super) fn number(vr: &str, value: impl Display) -> String {
    format!("{{\"vr\":\"{vr}\",\"Value\":[{value}]}}")
}

/// A member value of items.
pub(super) fn sequence(items: &[Attributes]) -> String {
    let mut out = String::from("{\"vr\":\"SQ\",\"Value\":[");
    for (i, item) in items.iter().enumerate() {
        comma(&mut out, i);
        write_object(&mut out, item);
    }
    out.push_str("]}");
    out
}

/// A member value that names bulk data by a URL.
pub(super) fn bulk(vr: &str, url: &str) -> String {
    let mut out = format!("{{\"vr\":\"{vr}\",\"BulkDataURI\":");
    write_text(&mut out, url);
    out.push('}');
    out
}

/// A member value of a person's name in Unicode.
pub(super) fn name(value: Option<&str>) -> String {
    let mut out = String::from("{\"vr\":\"PN\"");
    if let Some(value) = value.filter(|v| !nameless(v)) {
        out.push_str(",\"Value\":[");
        write_name(&mut out, value);
        out.push(']');
    }
    out.push('}');
    out
}

fn comma(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

fn write_key(out: &mut String, tag: Tag) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\"{:04X}{:04X}\":", tag.0, tag.1);
}

/// A JSON string with its quotes.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_name(out: &mut String, value: &str) {
    out.push('{');
    let mut written = 0;
    for (group, key) in value.splitn(3, '=').zip(["Alphabetic", "Ideographic", "Phonetic"]) {
        let group = group.trim_end_matches([' ', '\0']);
        if !group.is_empty() {
            comma(out, written);
            written += 1;
            let _ = write!(out, "\"{key}\":");
            write_text(out, group);
        }
    }
    out.push('}');
}

/// Writes the attributes of one instance.
pub(super) struct Encoder<'u> {
    pub(super) syntax: Syntax,
    /// URL under which a bulk value's path is appended.
    pub(super) bulk_root: &'u str,
    pub(super) out: String,
    path: Vec<String>,
}

impl<'u> Encoder<'u> {
    pub(super) fn new(syntax: Syntax, bulk_root: &'u str) -> Self {
        Self { syntax, bulk_root, out: String::new(), path: Vec::new() }
    }

    /// The whole data set. `extra`: attributes that stand beside the header's own, or instead of them.
    pub(super) fn data_set(&mut self, set: &DataSet<'_>, charset: &Charset, extra: &Attributes) {
        let charset = charset_of(set, charset);
        self.out.push('{');
        let mut written = 0;
        let mut extra = extra.iter().peekable();
        for element in &set.elements {
            if element.tag.1 == 0 || element.tag.0 <= 2 {
                continue;
            }
            let mut replaced = false;
            while let Some((tag, value)) = extra.next_if(|(tag, _)| **tag <= element.tag) {
                self.member(&mut written, *tag);
                self.out.push_str(value);
                replaced = *tag == element.tag;
            }
            if !replaced {
                self.member(&mut written, element.tag);
                self.element(element, &charset);
            }
        }
        for (tag, value) in extra {
            self.member(&mut written, *tag);
            self.out.push_str(value);
        }
        self.out.push('}');
    }

    fn member(&mut self, written: &mut usize, tag: Tag) {
        comma(&mut self.out, *written);
        *written += 1;
        write_key(&mut self.out, tag);
    }

    fn bulk_uri(&mut self, tag: Tag) {
        self.out.push_str("\"BulkDataURI\":");
        let mut url = String::from(self.bulk_root);
        for step in &self.path {
            url.push('/');
            url.push_str(step);
        }
        let _ = write!(url, "/{:04X}{:04X}", tag.0, tag.1);
        write_text(&mut self.out, &url);
    }

    /// One attribute's member value.
    pub(super) fn element(&mut self, element: &Element<'_>, charset: &Charset) {
        let _ = write!(self.out, "{{\"vr\":\"{}\"", element.vr.to_string());
        match &element.value {
            Value::Encapsulated => {
                self.out.push(',');
                self.bulk_uri(element.tag);
            }
            Value::Items(items) => self.items(element.tag, items, charset),
            Value::Bytes(_) if element.tag == tags::SPECIFIC_CHARACTER_SET => {
                self.out.push_str(",\"Value\":[\"ISO_IR 192\"]");
            }
            Value::Bytes([]) => {}
            Value::Bytes(bytes) => self.plain(element, bytes, charset),
        }
        self.out.push('}');
    }

    fn items(&mut self, tag: Tag, items: &[DataSet<'_>], charset: &Charset) {
        if items.is_empty() {
            return;
        }
        self.out.push_str(",\"Value\":[");
        for (i, item) in items.iter().enumerate() {
            comma(&mut self.out, i);
            self.path.push(format!("{:04X}{:04X}", tag.0, tag.1));
            self.path.push(i.to_string());
            self.data_set(item, charset, &Attributes::new());
            self.path.truncate(self.path.len().saturating_sub(2));
        }
        self.out.push(']');
    }

    fn plain(&mut self, element: &Element<'_>, bytes: &[u8], charset: &Charset) {
        use VR::{AE, AS, AT, CS, DA, DS, DT, IS, LO, LT, OB, OD, OF, OL, OV, OW, PN, SH, ST, TM, UC, UI, UN, UR, UT};
        match element.vr {
            OB | OD | OF | OL | OV | OW | UN => self.binary(element, bytes),
            AT => {
                let parts = Numbers::new(bytes, VR::US, self.syntax.big_endian).map(|n| match n {
                    Number::Unsigned(n) => n,
                    _ => 0,
                });
                let halves: Vec<u64> = parts.collect();
                let values: Vec<String> = halves
                    .chunks_exact(2)
                    .map(|p| p.iter().fold(String::new(), |s, h| s + &format!("{h:04X}")))
                    .collect();
                self.values(&values, |out, v| write_text(out, v));
            }
            PN => {
                let text = charset.decode(bytes, true);
                self.values(
                    &components(&text),
                    |out, v| if nameless(v) { out.push_str("null") } else { write_name(out, v) },
                );
            }
            DS | IS => {
                let text = charset.decode(bytes, false);
                self.values(&components(&text), write_decimal);
            }
            ST | LT | UT | UR => {
                let text = charset.decode(bytes, false);
                self.values(&[text.trim_end_matches([' ', '\0'])], write_string);
            }
            AE | AS | CS | DA | DT | LO | SH | TM | UC | UI => {
                let text = charset.decode(bytes, false);
                self.values(&components(&text), write_string);
            }
            vr => {
                let numbers: Vec<Number> = Numbers::new(bytes, vr, self.syntax.big_endian).collect();
                self.values(&numbers, |out, n| write_number(out, *n));
            }
        }
    }

    fn values<T: MaybeBlank>(&mut self, values: &[T], write: impl Fn(&mut String, &T)) {
        if values.iter().all(MaybeBlank::is_blank) {
            return;
        }
        self.out.push_str(",\"Value\":[");
        for (i, value) in values.iter().enumerate() {
            comma(&mut self.out, i);
            write(&mut self.out, value);
        }
        self.out.push(']');
    }

    fn binary(&mut self, element: &Element<'_>, bytes: &[u8]) {
        self.out.push(',');
        if bytes.len() > INLINE_BYTES_MAX || element.tag == tags::PIXEL_DATA {
            self.bulk_uri(element.tag);
            return;
        }
        self.out.push_str("\"InlineBinary\":\"");
        if self.syntax.big_endian {
            self.out.push_str(&data_encoding::BASE64.encode(&to_little_endian(bytes, element.vr)));
        } else {
            data_encoding::BASE64.encode_append(bytes, &mut self.out);
        }
        self.out.push('"');
    }
}

/// The character set that holds in a data set or item.
pub(super) fn charset_of(set: &DataSet<'_>, inherited: &Charset) -> Charset {
    match set.bytes(tags::SPECIFIC_CHARACTER_SET) {
        Some(value) if !value.is_empty() => Charset::of(value),
        _ => inherited.clone(),
    }
}

trait MaybeBlank {
    fn is_blank(&self) -> bool;
}
impl MaybeBlank for &str {
    fn is_blank(&self) -> bool {
        blank(self)
    }
}
impl MaybeBlank for String {
    fn is_blank(&self) -> bool {
        blank(self)
    }
}
impl MaybeBlank for Number {
    fn is_blank(&self) -> bool {
        false
    }
}

fn blank(value: &str) -> bool {
    value.trim_matches([' ', '\0']).is_empty()
}

fn nameless(value: &str) -> bool {
    value.trim_matches([' ', '\0', '^', '=']).is_empty()
}

fn components(text: &str) -> Vec<&str> {
    text.split('\\').map(|v| v.trim_matches([' ', '\0'])).collect()
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn write_string(out: &mut String, value: &&str) {
    if value.is_empty() { out.push_str("null") } else { write_text(out, value) }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn write_decimal(out: &mut String, value: &&str) {
    if value.is_empty() {
        out.push_str("null");
    } else if let Ok(integer) = value.parse::<i64>() {
        let _ = write!(out, "{integer}");
    } else {
        match value.parse::<f64>() {
            Ok(n) if n.is_finite() => write_float(out, n),
            _ => write_text(out, value),
        }
    }
}

fn write_float(out: &mut String, n: f64) {
    match serde_json::to_string(&n) {
        Ok(text) => out.push_str(&text),
        Err(_) => out.push_str("null"),
    }
}

fn write_number(out: &mut String, number: Number) {
    match number {
        Number::Signed(n) if n.unsigned_abs() > EXACT_MAX => {
            let _ = write!(out, "\"{n}\"");
        }
        Number::Unsigned(n) if n > EXACT_MAX => {
            let _ = write!(out, "\"{n}\"");
        }
        Number::Signed(n) => {
            let _ = write!(out, "{n}");
        }
        Number::Unsigned(n) => {
            let _ = write!(out, "{n}");
        }
        Number::Single(n) if n.is_finite() => match serde_json::to_string(&n) {
            Ok(text) => out.push_str(&text),
            Err(_) => out.push_str("null"),
        },
        other => {
            let n = other.as_f64();
            if n.is_finite() {
                write_float(out, n);
            } else {
                out.push_str(if n.is_nan() {
                    "\"NaN\""
                } else if n > 0.0 {
                    "\"Infinity\""
                } else {
                    "\"-Infinity\""
                });
            }
        }
    }
}

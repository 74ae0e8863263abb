//! Data sets in the DICOM JSON model (PS3.18 annex F), read from requests and written in answers: small ones, of text.
//!
//! # Not here
//! Headers of stored objects: [`super::super::json`].

use super::super::{
    asker::Asker,
    dataset,
    error::Problem,
    query::{Condition, list, vr_of},
};
use crate::archive::{name_matches, value_matches};
use axum::{
    body::{Body, to_bytes},
    http::header,
};
use dicom_core::{Tag, VR};
use serde_json::{Map, Value, json};

/// Bytes of a request: a report is at most 64 KiB, and escaped text may be six times that.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Items of a sequence that are looked at.
const ITEMS_MAX: usize = 512;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set(Map<String, Value>);

fn key(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.0, tag.1)
}

/// A value as text: of a name, its groups.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(name) => {
            let group = |group: &str| name.get(group).and_then(Value::as_str).unwrap_or_default();
            let groups = [group("Alphabetic"), group("Ideographic"), group("Phonetic")].join("=");
            Some(groups.trim_end_matches('=').to_owned())
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

impl Set {
    /// Of a request: one data set, alone or in a list.
    pub(super) async fn receive(asker: &Asker, body: Body) -> Result<Self, Problem> {
        let kind = asker.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::TooLarge("data set"))?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        if !matches!(kind.as_str(), "application/dicom+json" | "application/json") {
            return Err(Problem::UnsupportedMedia("data sets are taken as application/dicom+json"));
        }
        Self::read(&body)
    }

    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let wrong = || Problem::bad("not one data set of the DICOM JSON model");
        let mut value: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
        if let Value::Array(list) = &mut value
            && list.len() == 1
        {
            value = list.remove(0);
        }
        let Value::Object(fields) = value else { return Err(wrong()) };
        let is_tag = |name: &String| name.len() == 8 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if !fields.keys().all(is_tag) || !fields.values().all(Value::is_object) {
            return Err(wrong());
        }
        Ok(Self(fields.into_iter().map(|(name, value)| (name.to_ascii_uppercase(), value)).collect()))
    }

    /// The tags that are there.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn values(&self, tag: Tag) -> &[Value] {
        let element = self.0.get(&key(tag));
        element.and_then(|element| element.get("Value")).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The first value as text; empty where there is none.
    pub(super) fn text(&self, tag: Tag) -> String {
        self.values(tag).first().and_then(text_of).unwrap_or_default().trim().to_owned()
    }

    pub(super) fn items(&self, tag: Tag) -> Vec<Self> {
        let items = self.values(tag).iter().take(ITEMS_MAX);
        items.filter_map(|item| item.as_object().map(|fields| Self(fields.clone()))).collect()
    }

    pub(super) fn put(&mut self, tag: Tag, value: &str) {
        let vr = vr_of(tag);
        let element = match (value.is_empty(), vr) {
            (true, _) => json!({ "vr": vr }),
            (false, "PN") => {
                let names = ["Alphabetic", "Ideographic", "Phonetic"].into_iter().zip(value.splitn(3, '='));
                let name: Map<String, Value> = names
                    .filter(|(_, text)| !text.is_empty())
                    .map(|(group, text)| (group.to_owned(), json!(text)))
                    .collect();
                json!({ "vr": vr, "Value": [name] })
            }
            (false, _) => json!({ "vr": vr, "Value": [value] }),
        };
        let _ = self.0.insert(key(tag), element);
    }

    pub(super) fn put_number(&mut self, tag: Tag, value: u32) {
        let _ = self.0.insert(key(tag), json!({ "vr": vr_of(tag), "Value": [value] }));
    }

    pub(super) fn put_items(&mut self, tag: Tag, items: Vec<Self>) {
        let items: Vec<Value> = items.into_iter().map(|item| Value::Object(item.0)).collect();
        let element = if items.is_empty() { json!({ "vr": "SQ" }) } else { json!({ "vr": "SQ", "Value": items }) };
        let _ = self.0.insert(key(tag), element);
    }

    pub(super) fn of(elements: &[(Tag, &str)]) -> Self {
        let mut set = Self::default();
        for (tag, value) in elements {
            set.put(*tag, value);
        }
        set
    }

    /// An element as it came.
    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    /// Whether it meets all conditions; `fuzzy` is how names are compared.
    pub(super) fn meets(&self, conditions: &[Condition], fuzzy: bool) -> bool {
        conditions.iter().all(|(path, asked)| self.meets_one(path, asked, fuzzy))
    }

    fn meets_one(&self, path: &[Tag], asked: &str, fuzzy: bool) -> bool {
        let Some((tag, deeper)) = path.split_first() else { return true };
        if !deeper.is_empty() {
            return self.items(*tag).iter().any(|item| item.meets_one(deeper, asked, fuzzy));
        }
        let vr = dataset::dictionary_vr(*tag, false);
        self.values(*tag).iter().filter_map(text_of).any(|value| match vr {
            VR::PN => name_matches(asked, Some(&value), fuzzy),
            VR::DA | VR::DT | VR::TM | VR::LT | VR::ST | VR::UT => value_matches(vr, asked, &value),
            _ => value_matches(vr, asked, &value) || list(asked).any(|one| value_matches(vr, one, &value)),
        })
    }
}

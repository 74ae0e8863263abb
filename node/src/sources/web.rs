//! A source by DICOMweb: QIDO-RS asked, its DICOM JSON read, WADO-RS retrieved (PS3.18 §10.4, §10.6, Annex F).
//!
//! # Not here
//! HTTP: [`super::http`].

use super::{
    Answer, Level, SourceError,
    http::{self, PIECE},
    record::WebAccess,
    secret::Secret,
    sink::Sink,
};
use crate::{
    archive::{Form, Spool},
    multipart::{Multipart, MultipartError, Piece},
};
use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use futures::{Stream, StreamExt};
use http_body_util::BodyExt;
use hyper::{body::Incoming, header};
use protocol::Uid;
use serde_json::Value;

/// Rows asked for at once.
const PAGE: usize = 500;
/// Bytes of one page of rows.
const PAGE_BYTES_MAX: usize = 64 << 20;
/// Values of one attribute read.
const VALUES_MAX: usize = 1000;

/// Asks for rows of a level; `keys` are conditions and, where empty, wishes.
pub(super) async fn find(
    access: &WebAccess,
    secret: Option<&Secret>,
    level: Level,
    keys: &Answer,
    most: usize,
) -> Result<Vec<Answer>, SourceError> {
    let mut rows: Vec<Answer> = Vec::new();
    loop {
        let path = path_of(level, keys, rows.len());
        let response = http::get(access, secret, &path, "application/dicom+json").await?;
        // Nothing matches: 204 with no body, or an empty list.
        let body = http::whole(response, PAGE_BYTES_MAX).await?;
        let page = if body.is_empty() { Vec::new() } else { rows_of(&body)? };
        let is_last = page.len() < PAGE;
        // A server without paging gives the same rows again.
        let is_again = !rows.is_empty() && page.first() == rows.first();
        if !is_again {
            rows.extend(page);
        }
        if rows.len() > most {
            return Err(SourceError::TooMany);
        }
        if is_last || is_again {
            return Ok(rows);
        }
    }
}

fn path_of(level: Level, keys: &Answer, offset: usize) -> String {
    let study = keys.get(&tags::STUDY_INSTANCE_UID).filter(|_| level != Level::Study);
    let series = keys.get(&tags::SERIES_INSTANCE_UID).filter(|series| level == Level::Image && !series.is_empty());
    let mut path = match (study, series) {
        (Some(study), Some(series)) => format!("/studies/{study}/series/{series}/instances"),
        (Some(study), None) if level == Level::Image => format!("/studies/{study}/instances"),
        (Some(study), None) => format!("/studies/{study}/series"),
        (None, _) => "/studies".to_owned(),
    };
    path.push_str(&format!("?limit={PAGE}&offset={offset}"));
    let in_path = |tag: &Tag| {
        (*tag == tags::STUDY_INSTANCE_UID && study.is_some()) || Some(tag) == series.map(|_| &tags::SERIES_INSTANCE_UID)
    };
    for (tag, value) in keys.iter().filter(|(tag, _)| !in_path(tag)) {
        let name = format!("{:04X}{:04X}", tag.0, tag.1);
        if value.is_empty() {
            path.push_str(&format!("&includefield={name}"));
        } else {
            path.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    path
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' | b'?' if byte != b'?' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Reads a list of DICOM JSON objects; what is no list of objects is an error, what is odd inside one is left out.
fn rows_of(body: &[u8]) -> Result<Vec<Answer>, SourceError> {
    let garbage = |what: &str| SourceError::Garbage(what.to_owned());
    let parsed: Value = serde_json::from_slice(body).map_err(|_| garbage("an answer that is not JSON"))?;
    let Value::Array(rows) = parsed else { return Err(garbage("an answer that is no list")) };
    rows.iter()
        .map(|row| {
            let fields = row.as_object().ok_or_else(|| garbage("a row that is no object"))?;
            Ok(fields.iter().filter_map(|(name, field)| Some((tag_of(name)?, text_of(field)?))).collect())
        })
        .collect()
}

fn tag_of(name: &str) -> Option<Tag> {
    if name.len() != 8 || !name.is_ascii() {
        return None;
    }
    let half = |range: std::ops::Range<usize>| u16::from_str_radix(name.get(range)?, 16).ok();
    Some(Tag(half(0..4)?, half(4..8)?))
}

fn text_of(field: &Value) -> Option<String> {
    let values = field.get("Value")?.as_array()?;
    let texts: Vec<String> = values.iter().take(VALUES_MAX).map(one).collect();
    let text = texts.join("\\");
    (!text.is_empty()).then_some(text)
}

fn one(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(name) => {
            let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
            let whole = format!("{}={}={}", part("Alphabetic"), part("Ideographic"), part("Phonetic"));
            whole.trim_end_matches('=').to_owned()
        }
        _ => String::new(),
    }
}

/// Retrieves a study, a series or an instance into the sink.
pub(super) async fn retrieve(
    access: &WebAccess,
    secret: Option<&Secret>,
    (study, series, instance): (&Uid, Option<&Uid>, Option<&Uid>),
    sink: &Sink<'_>,
) -> Result<(), SourceError> {
    let mut path = format!("/studies/{study}");
    if let Some(series) = series {
        path.push_str(&format!("/series/{series}"));
        if let Some(instance) = instance {
            path.push_str(&format!("/instances/{instance}"));
        }
    }
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    let response = http::get(access, secret, &path, accept).await?;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = boundary_of(kind).ok_or_else(|| SourceError::Garbage(format!("an answer of type {kind}")))?;
    let mut parts = Multipart::new(pieces(response.into_body()), &boundary).map_err(broken)?;
    let mut spool: Option<Spool> = None;
    loop {
        match parts.next().await.map_err(broken)? {
            Piece::Part(_) => {
                end(spool.take(), instance, sink).await?;
                spool = Some(sink.spool(Form::File).await?);
            }
            Piece::Data(bytes) => {
                let Some(current) = &mut spool else { continue };
                if let Err(error) = current.write(bytes).await {
                    sink.refuse(&error, instance);
                    if Sink::is_final(&error) {
                        return Err(error.into());
                    }
                    spool = None;
                }
            }
            Piece::End => return end(spool, instance, sink).await,
        }
    }
}

async fn end(spool: Option<Spool>, named: Option<&Uid>, sink: &Sink<'_>) -> Result<(), SourceError> {
    let Some(spool) = spool else { return Ok(()) };
    match sink.take(spool, named).await {
        Err(error) if Sink::is_final(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

fn broken(error: MultipartError) -> SourceError {
    match error {
        MultipartError::Broken | MultipartError::Slow | MultipartError::Truncated => {
            SourceError::Broken(error.to_string())
        }
        error => SourceError::Garbage(error.to_string()),
    }
}

fn boundary_of(content_type: &str) -> Option<String> {
    let (media, parameters) = content_type.split_once(';')?;
    if !media.trim().eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn pieces(body: Incoming) -> impl Stream<Item = Result<Bytes, MultipartError>> + Unpin {
    let stream = futures::stream::unfold(body, |mut body| async move {
        match tokio::time::timeout(PIECE, body.frame()).await {
            Err(_) => Some((Err(MultipartError::Slow), body)),
            Ok(None) => None,
            Ok(Some(Err(_))) => Some((Err(MultipartError::Broken), body)),
            Ok(Some(Ok(frame))) => Some((Ok(frame.into_data().unwrap_or_default()), body)),
        }
    });
    stream.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dicom_json_is_read() {
        let body = br#"[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Ideographic":"C"}]},
            "00080061":{"vr":"CS","Value":["CT","SR"]},"00201208":{"vr":"IS","Value":[7]},
            "00080050":{"vr":"SH"},"0020000D":{"vr":"UI","Value":["1.2.3"]},"odd":3}]"#;
        let rows = rows_of(body).unwrap();
        let row = &rows[0];
        assert_eq!(row[&tags::PATIENT_NAME], "A^B=C");
        assert_eq!(row[&tags::MODALITIES_IN_STUDY], "CT\\SR");
        assert_eq!(row[&tags::NUMBER_OF_STUDY_RELATED_INSTANCES], "7");
        assert_eq!(row.len(), 4);
        assert!(rows_of(b"{}").is_err() && rows_of(b"[3]").is_err() && rows_of(b"x").is_err());
    }

    #[test]
    fn levels_are_paths_and_keys_are_parameters() {
        let keys = Answer::from([(tags::STUDY_DATE, "20240101-20240131".into()), (tags::PATIENT_ID, String::new())]);
        assert_eq!(
            path_of(Level::Study, &keys, 0),
            "/studies?limit=500&offset=0&00080020=20240101-20240131&includefield=00100020"
        );
        let keys = Answer::from([(tags::STUDY_INSTANCE_UID, "1.2".into()), (tags::PATIENT_ID, "a b".into())]);
        assert_eq!(path_of(Level::Image, &keys, 500), "/studies/1.2/instances?limit=500&offset=500&00100020=a%20b");
        assert_eq!(boundary_of("multipart/related; type=\"application/dicom\"; boundary=ab"), Some("ab".to_owned()));
        assert_eq!(boundary_of("text/html; boundary=ab"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,60}") {
            let _ = rows_of(&bytes);
            let _ = (boundary_of(&text), tag_of(&text), encoded(&text));
        }
    }
}

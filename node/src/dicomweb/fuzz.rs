//! What strangers' bytes meet at this door, for the fuzz targets (see `crate::fuzz`): bodies, queries, and headers that
//! become JSON.

use super::{
    bulkdata, matching, metadata,
    query::{LIMIT_MAX, Search},
    ups,
};
use crate::{
    multipart::{Multipart, MultipartError, Piece},
    pixels::{
        dataset::{DataSet, Syntax, readable},
        fuzz::{SYNTAXES, entry},
    },
};
use bytes::Bytes;
use futures::stream;
use protocol::Uid;

type Parts = Vec<(Vec<(String, String)>, Vec<u8>)>;

fn parts(body: &[u8], step: usize) -> Result<Parts, MultipartError> {
    let chunks: Vec<_> = body.chunks(step.max(1)).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let mut multipart = Multipart::new(stream::iter(chunks), "b")?;
    let mut parts = Parts::new();
    futures::executor::block_on(async {
        loop {
            match multipart.next().await? {
                Piece::Part(headers) => parts.push((headers, Vec::new())),
                Piece::Data(data) => match parts.last_mut() {
                    Some((_, part)) => part.extend_from_slice(&data),
                    None => assert!(data.is_empty(), "data before the first part"),
                },
                Piece::End => return Ok(parts),
            }
        }
    })
}

/// A body, its first byte telling in what pieces it comes: wherever the network cuts, the same parts come out.
pub(crate) fn multipart(bytes: &[u8]) {
    let Some((step, body)) = bytes.split_first() else { return };
    let whole = parts(body, body.len());
    assert_eq!(parts(body, usize::from(*step)), whole);
    if let Ok(parts) = whole {
        let held: usize = parts.iter().map(|(_, data)| data.len()).sum();
        assert!(held <= body.len(), "nothing is added");
    }
}

/// A query and, behind a line end, a header (its first byte telling the syntax) that is asked by it, or a workitem in JSON.
pub(crate) fn query(bytes: &[u8]) {
    let (query, header) = match bytes.iter().position(|b| *b == b'\n') {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default()),
        None => (bytes, &[][..]),
    };
    let Ok(search) = Search::parse(&String::from_utf8_lossy(query)) else { return };
    assert!(search.limit() <= LIMIT_MAX && search.shape().len() <= 16 * 9);
    ups::matched(header, &search);
    let Ok((_, rest)) = search.split() else { return };
    assert!(rest.len() <= search.conditions.len());
    let Some((syntax, header)) = with_syntax(header) else { return };
    let Ok(header) = readable(header, syntax) else { return };
    let Ok(set) = DataSet::parse(&header, syntax) else { return };
    for fuzzy in [false, true] {
        let all = matching::matches(&set, syntax, &rest, fuzzy);
        assert!(!all || rest.iter().all(|one| matching::matches(&set, syntax, &[one], fuzzy)));
    }
}

fn with_syntax(bytes: &[u8]) -> Option<(Syntax, &[u8])> {
    let (choice, bytes) = bytes.split_first()?;
    Some((Syntax::of(SYNTAXES.get(usize::from(*choice) % SYNTAXES.len())?), bytes))
}

/// A header, its first byte telling the syntax, as metadata: always JSON, of a size that is bounded by the header's.
pub(crate) fn json(bytes: &[u8]) {
    /// The path to a value is written for each: 64 steps of some 12 characters.
    const GROWTH_MAX: usize = 1024;
    let Some((syntax, header)) = with_syntax(bytes) else { return };
    let Some((choice, _)) = bytes.split_first() else { return };
    let (Some(entry), Ok(uid)) = (entry(*choice, header, header.len() + 2), Uid::parse("1.2")) else { return };
    let mut out = String::new();
    metadata::write_instance(&mut out, "/i", &uid, &uid, &entry, header);
    let inflated = readable(header, syntax).map_or(0, |header| header.len());
    assert!(out.len() <= 4096 + inflated * GROWTH_MAX, "{} bytes of {inflated}", out.len());
    match serde_json::from_str::<serde_json::Value>(&out) {
        Ok(json) => assert!(json.get("00080018").is_some_and(serde_json::Value::is_object)),
        // The reader here stops before our own bound of nesting.
        Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
    }
    let _ = bulkdata::in_header(header, &entry, "00081140/0/00081155");
}

//! `multipart/related`, as STOW-RS and WADO-RS use it.

use crate::http::Response;
use bytes::Bytes;

const BOUNDARY: &str = "confrere-story-boundary";

/// The Content-Type of [`body`] with DICOM parts.
#[must_use]
pub fn dicom_type() -> String {
    format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}")
}

/// Part 10 files as one body.
#[must_use]
pub fn body(files: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for file in files {
        body.extend_from_slice(format!("--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n").as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// The bodies of the parts of an answer.
#[must_use]
pub fn parts(response: &Response) -> Vec<Bytes> {
    let kind = response.header("content-type");
    let boundary = kind
        .split(';')
        .find_map(|p| p.trim().strip_prefix("boundary="))
        .unwrap_or_else(|| panic!("no boundary in {kind}: {}", response.text()));
    let delimiter = format!("--{}", boundary.trim_matches('"')).into_bytes();
    let body = &response.body;
    let mut starts = Vec::new();
    let mut from = 0;
    while let Some(at) = find(&body[from..], &delimiter) {
        starts.push(from + at);
        from += at + delimiter.len();
    }
    starts
        .windows(2)
        .map(|pair| {
            let part = body.slice(pair[0] + delimiter.len()..pair[1]);
            let head = find(&part, b"\r\n\r\n").expect("a part has a head") + 4;
            part.slice(head..part.len() - 2)
        })
        .collect()
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay.get(from..)?.iter().position(|&b| b == first) {
        if hay[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::{HeaderMap, StatusCode};
    use std::time::Duration;

    #[test]
    fn what_is_put_together_comes_apart() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", dicom_type().parse().unwrap());
        let response = Response {
            status: StatusCode::OK,
            headers,
            body: body(&[b"one", b"", b"three\r\n"]).into(),
            head_after: Duration::ZERO,
            whole_after: Duration::ZERO,
        };
        assert_eq!(parts(&response), [&b"one"[..], b"", b"three\r\n"]);
    }
}

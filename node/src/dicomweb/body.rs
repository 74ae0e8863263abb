//! Bodies made of stored bytes: streamed in verified ranges, never a whole object in memory.
//!
//! An answer is a list of pieces (text of our own, meta groups, ranges of data sets) read ahead by a few. The first
//! pieces are awaited before the status goes out, so a holder that is down is a 503; a fault in the middle breaks the
//! connection off, and the length declared or the missing last boundary tells the reader.

use super::{accept::Form, asker::Asker, error::Problem, frames::Changed, rendered::Shot};
use crate::{
    pixels::source::{CHUNK_BYTES, Source},
    studies::StudyError,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use protocol::{Uid, manifest::InstanceEntry};
use std::sync::Arc;

/// Ranges read ahead of the client: hides one round trip, costs 3 MiB.
const READ_AHEAD: usize = 3;

/// What a piece of a body is, read.
async fn read(source: &Source, piece: Piece) -> Result<Bytes, StudyError> {
    match (piece, source) {
        (Piece::Own(bytes), _) => Ok(bytes),
        (Piece::Made(frame), _) => frame.bytes().await,
        (Piece::Shot(picture), _) => picture.bytes().await,
        (Piece::Stored { entry, offset, len }, _) => source.range(&entry, offset, len).await,
        (Piece::Meta(entry), Source::Study { study, .. }) => study.meta(&entry).await,
        (Piece::Front(series, entry), Source::Study { study, .. }) => match study.front(&series, &entry).await? {
            Some(front) => Ok(front),
            None => source.range(&entry, 0, entry.header_bytes.into()).await,
        },
        (Piece::Front(..) | Piece::Meta(_), Source::Object(..) | Source::Memory { .. } | Source::File { .. }) => {
            Ok(Bytes::new())
        }
    }
}

/// A part of a body.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Own(Bytes),
    /// A frame that is decoded, or moved to begin on a byte, when its turn comes.
    Made(Arc<Changed>),
    /// A picture that is made when its turn comes.
    Shot(Arc<Shot>),
    /// Preamble and meta group of an instance.
    Meta(Arc<InstanceEntry>),
    /// The header of an instance of this series, as it leaves.
    Front(Uid, Arc<InstanceEntry>),
    Stored {
        entry: Arc<InstanceEntry>,
        offset: u64,
        len: u64,
    },
}

impl Piece {
    /// `None` where only reading it tells.
    fn len(&self) -> Option<u64> {
        match self {
            Self::Own(bytes) => Some(bytes.len() as u64),
            Self::Made(_) | Self::Shot(_) | Self::Meta(_) | Self::Front(..) => None,
            Self::Stored { len, .. } => Some(*len),
        }
    }

    fn slice(self, from: u64, to: u64) -> Self {
        match self {
            Self::Own(bytes) => {
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
                Self::Own(bytes.slice(at(from)..at(to)))
            }
            Self::Stored { entry, offset, .. } => Self::Stored { entry, offset: offset + from, len: to - from },
            Self::Made(_) | Self::Shot(_) | Self::Meta(_) | Self::Front(..) => self,
        }
    }
}

fn cut(piece: Piece) -> impl Iterator<Item = Piece> {
    let len = piece.len().unwrap_or(0);
    let count = if matches!(piece, Piece::Stored { .. }) { len.div_ceil(CHUNK_BYTES) } else { 1 };
    (0..count).map(move |i| match &piece {
        Piece::Stored { .. } => piece.clone().slice(i * CHUNK_BYTES, ((i + 1) * CHUNK_BYTES).min(len)),
        _ => piece.clone(),
    })
}

/// Pieces awaited before the status goes out: a part's head, its meta group, and its first bytes.
const AWAITED: usize = 3;

/// Streams pieces; the first ones are here when this returns.
async fn stream<I>(source: Source, pieces: I) -> Result<impl Stream<Item = Result<Bytes, StudyError>> + Send, Problem>
where
    I: Iterator<Item = Piece> + Send + 'static,
{
    let mut rest = stream::iter(pieces.flat_map(cut))
        .map(move |piece| {
            let source = source.clone();
            async move { read(&source, piece).await }
        })
        .buffered(READ_AHEAD)
        .boxed();
    let mut first = Vec::with_capacity(AWAITED);
    while first.len() < AWAITED {
        match rest.next().await {
            Some(piece) => first.push(Ok(piece?)),
            None => break,
        }
    }
    Ok(stream::iter(first).chain(rest))
}

fn body(stream: impl Stream<Item = Result<Bytes, StudyError>> + Send + 'static) -> Body {
    Body::from_stream(stream.map(|piece| piece.inspect_err(|error| tracing::warn!(%error, "an answer broke off"))))
}

/// One part of a multipart answer.
pub(super) struct Part {
    pub(super) content_type: String,
    pub(super) location: String,
    pub(super) pieces: Vec<Piece>,
}

/// A `multipart/related` answer; for HEAD nothing is read.
pub(super) async fn multipart<I>(asker: &Asker, source: Source, form: &Form, parts: I) -> Result<Response, Problem>
where
    I: Iterator<Item = Part> + Send + 'static,
{
    let boundary = crate::tasks::random_id().to_string();
    let mark = boundary.clone();
    let mut first = true;
    let pieces = parts.flat_map(move |part| {
        let lead = if std::mem::take(&mut first) { "" } else { "\r\n" };
        let head = format!(
            "{lead}--{mark}\r\nContent-Type: {}\r\nContent-Location: {}\r\n\r\n",
            part.content_type, part.location
        );
        std::iter::once(Piece::Own(head.into())).chain(part.pieces)
    });
    let end = Piece::Own(format!("\r\n--{boundary}--\r\n").into());
    let content_type =
        [(header::CONTENT_TYPE, format!("multipart/related; type=\"{}\"; boundary={boundary}", form.media))];
    if asker.head_only {
        return Ok((content_type, headless()).into_response());
    }
    let stream = stream(source, pieces.chain(std::iter::once(end))).await?;
    Ok((content_type, body(stream)).into_response())
}

/// A body of unknown length that is never read: an empty one would be announced as such.
pub(super) fn headless() -> Body {
    Body::from_stream(stream::empty::<Result<Bytes, StudyError>>())
}

/// One part alone under its tag, or the range of it that the request asks for (206); for HEAD no data are read.
pub(super) async fn single(asker: &Asker, source: Source, etag: &str, part: Part) -> Result<Response, Problem> {
    let mut pieces = part.pieces;
    for piece in &mut pieces {
        if matches!(piece, Piece::Meta(_) | Piece::Front(..)) {
            *piece = Piece::Own(read(&source, piece.clone()).await?);
        }
    }
    let bytes: u64 = pieces.iter().filter_map(Piece::len).sum();
    let range = if asker.head_only { None } else { asked_range(&asker.headers, etag, bytes)? };
    let mut headers = HeaderMap::new();
    let (from, to) = range.unwrap_or((0, bytes));
    let mut insert = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    insert(header::CONTENT_TYPE, part.content_type);
    insert(header::CONTENT_LOCATION, part.location);
    insert(header::CONTENT_LENGTH, (to - from).to_string());
    insert(header::ACCEPT_RANGES, "bytes".to_owned());
    let mut status = StatusCode::OK;
    if range.is_some() {
        status = StatusCode::PARTIAL_CONTENT;
        insert(header::CONTENT_RANGE, format!("bytes {from}-{}/{bytes}", to - 1));
    }
    insert(header::ETAG, etag.to_owned());
    if asker.head_only {
        return Ok((status, headers, headless()).into_response());
    }
    let stream = stream(source, window(pieces, from, to).into_iter()).await?;
    Ok((status, headers, body(stream)).into_response())
}

fn window(pieces: Vec<Piece>, from: u64, to: u64) -> Vec<Piece> {
    let mut at = 0;
    let mut out = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let len = piece.len().unwrap_or(0);
        let (start, end) = (from.clamp(at, at + len) - at, to.clamp(at, at + len) - at);
        if start < end {
            out.push(piece.slice(start, end));
        }
        at += len;
    }
    out
}

/// The one byte range asked for, as `from..to`. Several ranges at once are answered whole, as RFC 9110 allows; so is one
/// of an answer with another tag (If-Range), and any of one whose tag is weak.
fn asked_range(request: &HeaderMap, etag: &str, bytes: u64) -> Result<Option<(u64, u64)>, Problem> {
    let condition = request.get(header::IF_RANGE).map(HeaderValue::as_bytes);
    if condition.is_some_and(|known| known != etag.as_bytes() || etag.starts_with("W/")) {
        return Ok(None);
    }
    let Some(text) = request.get(header::RANGE).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("bytes="))
    else {
        return Ok(None);
    };
    let Some((from, to)) = text.split_once('-').filter(|_| !text.contains(',')) else { return Ok(None) };
    let (from, to) = (from.trim(), to.trim());
    let range = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.saturating_add(1).min(bytes)),
        (Ok(from), Err(_)) if to.is_empty() => (from, bytes),
        (Err(_), Ok(last)) if from.is_empty() => (bytes.saturating_sub(last), bytes),
        _ => return Ok(None),
    };
    if range.0 < range.1 { Ok(Some(range)) } else { Err(Problem::Range { bytes }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(range: &'static str) -> Result<Option<(u64, u64)>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static(range));
        asked_range(&headers, "\"a\"", 100)
    }

    #[test]
    fn a_range_is_given_only_of_the_answer_it_was_begun_with() {
        let asking = |known: &'static str, etag| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-9"));
            headers.insert(header::IF_RANGE, HeaderValue::from_static(known));
            asked_range(&headers, etag, 100).unwrap()
        };
        assert_eq!(asking("\"a\"", "\"a\""), Some((0, 10)));
        for (known, etag) in [
            ("\"b\"", "\"a\""),
            ("W/\"a\"", "W/\"a\""),
            ("W/\"a\"", "\"a\""),
            ("Tue, 01 Jan 2030 00:00:00 GMT", "\"a\""),
        ] {
            assert_eq!(asking(known, etag), None, "{known} {etag}");
        }
    }

    #[test]
    fn ranges_are_read_as_http_says() {
        assert_eq!(asking("bytes=0-0").unwrap(), Some((0, 1)));
        assert_eq!(asking("bytes=10-").unwrap(), Some((10, 100)));
        assert_eq!(asking("bytes=-5").unwrap(), Some((95, 100)));
        assert_eq!(asking("bytes=90-500").unwrap(), Some((90, 100)));
        assert!(matches!(asking("bytes=100-"), Err(Problem::Range { bytes: 100 })));
        assert!(matches!(asking("bytes=-0"), Err(Problem::Range { .. })));
        for whole in ["bytes=0-1,5-6", "bytes=9-2", "bytes=x-y", "lines=1-2", "bytes=18446744073709551616-"] {
            assert_eq!(asking(whole).unwrap(), None, "{whole}");
        }
        assert_eq!(asking("bytes=0-18446744073709551615").unwrap(), Some((0, 100)));
    }

    #[test]
    fn a_window_cuts_across_pieces() {
        let own = |text: &'static str| Piece::Own(Bytes::from_static(text.as_bytes()));
        let cut: Vec<Bytes> = window(vec![own("abc"), own("defg"), own("hi")], 2, 8)
            .into_iter()
            .map(|p| match p {
                Piece::Own(bytes) => bytes,
                _ => Bytes::new(),
            })
            .collect();
        assert_eq!(cut, ["c", "defg", "h"]);
    }
}

//! Takes a `multipart/related` body apart while it comes in (RFC 2046 §5.1), in bounded memory.
//!
//! A boundary may be cut anywhere by the network; bytes that merely begin like one are data. A body that ends before
//! its last boundary is an error, whatever came before.

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};

/// Longest boundary taken; RFC 2046 allows 70, some clients write more.
const BOUNDARY_MAX: usize = 200;
/// Text before the first boundary, bytes.
const PREAMBLE_MAX: usize = 64 * 1024;
/// Header lines of one part, bytes.
const HEADERS_MAX: usize = 16 * 1024;
/// Blanks after a boundary, bytes.
const PADDING_MAX: usize = 64;

/// Why a body is not taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MultipartError {
    #[error("the boundary is missing or not legal")]
    Boundary,
    #[error("the body ends before its last boundary")]
    Truncated,
    #[error("a part's header lines are malformed or too long")]
    Headers,
    #[error("too much text before the first boundary")]
    Preamble,
    #[error("the connection broke")]
    Broken,
    #[error("the client stopped sending")]
    Slow,
}

/// What comes next in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A part begins; its header lines, names in lower case, unfolded.
    Part(Vec<(String, String)>),
    Data(Bytes),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    Headers,
    Data,
    Ended,
}

pub(crate) struct Multipart<S> {
    stream: S,
    buffer: BytesMut,
    /// CRLF, two dashes, boundary.
    delimiter: Vec<u8>,
    state: State,
    skipped: usize,
    /// Bytes at the front of the buffer that are no data: the empty line before a part's data, which is also the line
    /// end of a boundary that follows at once.
    lead: usize,
    exhausted: bool,
}

/// Where the next boundary is in the buffer.
enum Seen {
    /// At this place; so many bytes long with what follows it; whether it is the last.
    At { place: usize, length: usize, last: bool },
    /// Nowhere before this place, from which it may begin.
    Before(usize),
}

impl<S: Stream<Item = Result<Bytes, MultipartError>> + Unpin> Multipart<S> {
    pub(crate) fn new(stream: S, boundary: &str) -> Result<Self, MultipartError> {
        let legal = (1..=BOUNDARY_MAX).contains(&boundary.len())
            && boundary.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"')
            && !boundary.ends_with(' ');
        if !legal {
            return Err(MultipartError::Boundary);
        }
        Ok(Self {
            stream,
            // The first boundary may stand at the very beginning, without the line end that belongs to it.
            buffer: BytesMut::from(&b"\r\n"[..]),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            state: State::Preamble,
            skipped: 0,
            lead: 0,
            exhausted: false,
        })
    }

    pub(crate) async fn next(&mut self) -> Result<Piece, MultipartError> {
        loop {
            match self.state {
                State::Ended => return Ok(Piece::End),
                State::Headers => {
                    if let Some(headers) = self.headers()? {
                        self.state = State::Data;
                        return Ok(Piece::Part(headers));
                    }
                }
                State::Preamble | State::Data => match self.seen() {
                    Seen::At { place: 0, length, last } => {
                        // The line end before a boundary ends these header lines too, so that a part may have none.
                        self.buffer.advance(length);
                        self.lead = 0;
                        self.state = if last { State::Ended } else { State::Headers };
                        continue;
                    }
                    Seen::At { place, .. } | Seen::Before(place) if place > 0 => {
                        let mut data = self.buffer.split_to(place).freeze();
                        if self.state == State::Data {
                            data.advance(std::mem::take(&mut self.lead).min(data.len()));
                            if data.is_empty() {
                                continue;
                            }
                            return Ok(Piece::Data(data));
                        }
                        self.skipped += data.len();
                        if self.skipped > PREAMBLE_MAX {
                            return Err(MultipartError::Preamble);
                        }
                        continue;
                    }
                    _ => {}
                },
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), MultipartError> {
        if self.exhausted {
            return Err(MultipartError::Truncated);
        }
        match self.stream.next().await {
            Some(chunk) => self.buffer.extend_from_slice(&chunk?),
            None => {
                self.exhausted = true;
                // What could still be completed by more bytes cannot any more.
                if self.state == State::Headers {
                    return Err(MultipartError::Truncated);
                }
            }
        }
        Ok(())
    }

    fn seen(&self) -> Seen {
        let bytes = &self.buffer;
        let mut from = 0;
        while let Some(place) = bytes.get(from..).and_then(|b| memchr::memchr(b'\r', b)).map(|p| p + from) {
            let rest = bytes.get(place..).unwrap_or_default();
            if rest.len() < self.delimiter.len() {
                if self.delimiter.starts_with(rest) {
                    return Seen::Before(place);
                }
            } else if rest.starts_with(&self.delimiter) {
                match self.end_of_line(rest.get(self.delimiter.len()..).unwrap_or_default()) {
                    Some(Some((length, last))) => {
                        return Seen::At { place, length: self.delimiter.len() + length, last };
                    }
                    // More is needed to tell.
                    None => return Seen::Before(place),
                    Some(None) => {}
                }
            }
            from = place + 1;
        }
        Seen::Before(bytes.len())
    }

    /// What follows a boundary: its length and whether it is the last; `Some(None)`: it was no boundary; `None`: more
    /// bytes are needed.
    #[allow(clippy::option_option)]
    fn end_of_line(&self, after: &[u8]) -> Option<Option<(usize, bool)>> {
        if after.starts_with(b"--") {
            return Some(Some((2, true)));
        }
        let blanks = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if blanks > PADDING_MAX {
            return Some(None);
        }
        match after.get(blanks..).unwrap_or_default() {
            [b'\r', b'\n', ..] => Some(Some((blanks + 2, false))),
            [] | [b'\r'] => (self.exhausted).then_some(None),
            [b'-'] if blanks == 0 => (self.exhausted).then_some(None),
            _ => Some(None),
        }
    }

    /// The header lines, when they are all here.
    fn headers(&mut self) -> Result<Option<Vec<(String, String)>>, MultipartError> {
        let lines = if self.buffer.starts_with(b"\r\n") {
            0
        } else {
            // The empty line begins within the bound; three more bytes tell it.
            match self.buffer.windows(4).take(HEADERS_MAX).position(|w| w == b"\r\n\r\n") {
                Some(end) => end,
                None if self.buffer.len() > HEADERS_MAX + 3 => return Err(MultipartError::Headers),
                None => return Ok(None),
            }
        };
        let text =
            std::str::from_utf8(self.buffer.get(..lines).unwrap_or_default()).map_err(|_| MultipartError::Headers)?;
        let unfolded = text.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut headers = Vec::new();
        for line in unfolded.split("\r\n").filter(|l| !l.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(MultipartError::Headers)?;
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        self.buffer.advance(if lines == 0 { 0 } else { lines + 2 });
        self.lead = 2;
        Ok(Some(headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use proptest::prelude::*;

    type Parts = Vec<(Vec<(String, String)>, Vec<u8>)>;

    /// Parts with their data, or the error, for a body that comes in pieces of `step` bytes.
    fn parts(body: &[u8], boundary: &str, step: usize) -> Result<Parts, MultipartError> {
        let chunks: Vec<_> = body.chunks(step.max(1)).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let mut multipart = Multipart::new(stream::iter(chunks), boundary)?;
        let mut parts = Parts::new();
        futures::executor::block_on(async {
            loop {
                match multipart.next().await? {
                    Piece::Part(headers) => parts.push((headers, Vec::new())),
                    Piece::Data(data) => parts.last_mut().unwrap().1.extend_from_slice(&data),
                    Piece::End => return Ok(parts),
                }
            }
        })
    }

    #[test]
    fn parts_come_out_whole_wherever_the_network_cuts() {
        let body = b"preamble\r\n--b\r\nContent-Type: application/dicom;\r\n\ttransfer-syntax=*\r\n\r\none\r\n--bc\r\n-\r\n--b \t\r\n\r\n\r\n--two\r\n--b--\r\nepilogue";
        for step in 1..body.len() {
            let parts = parts(body, "b", step).unwrap();
            assert_eq!(parts.len(), 2, "step {step}");
            assert_eq!(parts[0].0, [("content-type".to_owned(), "application/dicom; transfer-syntax=*".to_owned())]);
            assert_eq!(parts[0].1, b"one\r\n--bc\r\n-");
            assert_eq!(parts[1], (vec![], b"\r\n--two".to_vec()), "step {step}");
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let body = b"--b\r\nA: b\r\n\r\ndata\r\n--b--";
        for end in 0..body.len() {
            assert_eq!(parts(&body[..end], "b", 3), Err(MultipartError::Truncated), "cut at {end}");
        }
        assert!(parts(body, "b", 3).is_ok());
        assert_eq!(parts(body, "other", 3), Err(MultipartError::Truncated));
    }

    #[test]
    fn hostile_bodies_end_in_errors() {
        assert_eq!(parts(b"", "", 1), Err(MultipartError::Boundary));
        assert_eq!(parts(b"", "a\"b", 1), Err(MultipartError::Boundary));
        let lines = [b"--b\r\n".to_vec(), vec![b'x'; 40_000]].concat();
        assert_eq!(parts(&lines, "b", 1000), Err(MultipartError::Headers));
        assert_eq!(parts(b"--b\r\nno colon\r\n\r\n", "b", 5), Err(MultipartError::Headers));
        assert_eq!(parts(&vec![b'x'; 100_000], "b", 4096), Err(MultipartError::Preamble));
        assert_eq!(parts(b"--b\r\n\xff: x\r\n\r\n", "b", 5), Err(MultipartError::Headers));
    }

    #[test]
    fn an_empty_part_is_a_part() {
        for step in 1..20 {
            for body in [&b"--b\r\n\r\n--b\r\nA: b\r\n\r\n--b--"[..], b"--b\r\n\r\n\r\n--b\r\nA: b\r\n\r\n\r\n--b--"] {
                let parts = parts(body, "b", step).unwrap();
                assert_eq!(parts.iter().map(|(_, data)| data.len()).collect::<Vec<_>>(), [0, 0], "step {step}");
            }
        }
        assert_eq!(parts(b"--b\r\n\r\n\r\n--b--", "b", 2).unwrap(), [(vec![], vec![])]);
        assert_eq!(parts(b"--b\r\nA: b\r\n\r\n--b--", "b", 64).unwrap().len(), 1);
        assert_eq!(parts(b"--b--", "b", 2).unwrap(), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_data_goes_through_unchanged(data in prop::collection::vec(prop::sample::select(b"\r\n-bx ".to_vec()), 0..200), step in 1usize..50) {
            let marker = b"\r\n--b0undary";
            prop_assume!(!data.windows(marker.len()).any(|w| w == marker));
            let body = [b"--b0undary\r\nA: b\r\n\r\n", data.as_slice(), b"\r\n--b0undary--"].concat();
            prop_assert_eq!(&parts(&body, "b0undary", step).unwrap()[0].1, &data);
        }

        #[test]
        fn noise_never_panics(data in prop::collection::vec(prop::sample::select(b"\r\n-b: \t\xff".to_vec()), 0..300), step in 1usize..50) {
            let _ = parts(&data, "b", step);
        }
    }
}

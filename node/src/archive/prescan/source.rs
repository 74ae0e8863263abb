//! Bytes to scan, through a window: of a slice, of a file, or of what a deflated stream inflates to.
//!
//! Nothing here allocates by a length that the bytes declare.

use super::ScanError;
use flate2::read::DeflateDecoder;
use std::{fs::File, io::Read, os::unix::fs::FileExt};

/// Most that can be looked at without passing it.
pub(super) const PEEK_BYTES_MAX: usize = 4096;
const WINDOW_BYTES: usize = 64 * 1024;
/// Largest inflated data set: whoever shows it holds it in memory.
const INFLATED_BYTES_MAX: u64 = 128 << 20;

/// Bytes passed from front to back.
pub(super) trait Source {
    /// Up to `n` (at most [`PEEK_BYTES_MAX`]) of the next bytes; fewer only before the end.
    fn peek(&mut self, n: usize) -> Result<&[u8], ScanError>;
    /// Passes `n` bytes; `false` when there are fewer.
    fn skip(&mut self, n: u64) -> Result<bool, ScanError>;
    fn position(&self) -> u64;
    /// Whether so many bytes may follow (a stream whose size is not known yet says yes).
    fn may_have(&self, n: u64) -> bool;
}

pub(super) struct Slice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Slice<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}

impl Source for Slice<'_> {
    fn peek(&mut self, n: usize) -> Result<&[u8], ScanError> {
        let rest = self.rest();
        Ok(rest.get(..n).unwrap_or(rest))
    }
    fn skip(&mut self, n: u64) -> Result<bool, ScanError> {
        match usize::try_from(n) {
            Ok(n) if n <= self.rest().len() => {
                self.at += n;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
    fn position(&self) -> u64 {
        self.at as u64
    }
    fn may_have(&self, n: u64) -> bool {
        n <= self.rest().len() as u64
    }
}

/// Part of a file, read from its front.
pub(super) struct Range<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl<'a> Range<'a> {
    pub(super) fn new(file: &'a File, start: u64, bytes: u64) -> Self {
        Self { file, at: start, end: start.saturating_add(bytes) }
    }
}

impl Read for Range<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.file.read_at(buffer.get_mut(..wanted).unwrap_or_default(), self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Where a window's bytes come from.
pub(super) trait Feed {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ScanError>;
    /// Passes bytes without reading them, where that is possible: how many.
    fn jump(&mut self, n: u64) -> u64;
    /// Bytes left, where known.
    fn left(&self) -> Option<u64>;
}

impl Feed for Range<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ScanError> {
        self.read(buffer).map_err(ScanError::Io)
    }
    fn jump(&mut self, n: u64) -> u64 {
        let n = n.min(self.end.saturating_sub(self.at));
        self.at += n;
        n
    }
    fn left(&self) -> Option<u64> {
        Some(self.end.saturating_sub(self.at))
    }
}

pub(super) struct Inflated<R: Read> {
    decoder: DeflateDecoder<R>,
    bytes: u64,
}

impl<R: Read> Inflated<R> {
    pub(super) fn new(deflated: R) -> Self {
        Self { decoder: DeflateDecoder::new(deflated), bytes: 0 }
    }
}

impl<R: Read> Feed for Inflated<R> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ScanError> {
        let read =
            self.decoder.read(buffer).map_err(|_| ScanError::Malformed("the deflated data set does not inflate"))?;
        self.bytes += read as u64;
        if self.bytes > INFLATED_BYTES_MAX {
            return Err(ScanError::TooLarge("inflated data set"));
        }
        Ok(read)
    }
    fn jump(&mut self, _n: u64) -> u64 {
        0
    }
    fn left(&self) -> Option<u64> {
        None
    }
}

/// A window over a feed.
pub(super) struct Window<F: Feed> {
    feed: F,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    position: u64,
}

impl<F: Feed> Window<F> {
    pub(super) fn new(feed: F) -> Self {
        Self { feed, buffer: vec![0; WINDOW_BYTES], from: 0, to: 0, position: 0 }
    }

    fn refill(&mut self, wanted: usize) -> Result<(), ScanError> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        while self.to < wanted {
            let read = self.feed.fill(self.buffer.get_mut(self.to..).unwrap_or_default())?;
            if read == 0 {
                break;
            }
            self.to += read;
        }
        Ok(())
    }
}

impl<F: Feed> Source for Window<F> {
    fn peek(&mut self, n: usize) -> Result<&[u8], ScanError> {
        let n = n.min(PEEK_BYTES_MAX);
        if self.to - self.from < n {
            self.refill(n)?;
        }
        Ok(self.buffer.get(self.from..self.to.min(self.from + n)).unwrap_or_default())
    }

    fn skip(&mut self, n: u64) -> Result<bool, ScanError> {
        let mut left = n;
        loop {
            let held = (self.to - self.from) as u64;
            let now = held.min(left);
            self.from += usize::try_from(now).unwrap_or(0);
            self.position += now;
            left -= now;
            if left == 0 {
                return Ok(true);
            }
            let jumped = self.feed.jump(left);
            self.position += jumped;
            left -= jumped;
            if left == 0 {
                return Ok(true);
            }
            self.refill(1)?;
            if self.to == self.from {
                return Ok(false);
            }
        }
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn may_have(&self, n: u64) -> bool {
        self.feed.left().is_none_or(|left| n <= left + (self.to - self.from) as u64)
    }
}

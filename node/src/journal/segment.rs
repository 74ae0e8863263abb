//! The bytes of a segment file.
//!
//! ```text
//! segment  = header batch*
//! header   = "CFRJRNL" version:u8 base:u64 crc32:u32      (crc of the 16 bytes before it)
//! batch    = mark:u32 position:u64 crc32:u32 record+      (crc of the 12 bytes before it)
//! record   = length:u32 crc32:u32 kind:u8 body            (crc of length, kind and body)
//! ```
//! All integers are little-endian. A position is `base` plus the offset behind the header; a file is named after its
//! base. A batch says its own position: one that stands behind damage shows that the damaged bytes were durable before,
//! since a batch is written only after the one before it was synced.
//!
//! # Not here
//! Opening and cutting files: [`super::writer`].

use super::{JournalError, Position};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// A new segment begins once this is passed: small enough to copy and to scan at start.
pub(super) const SEGMENT_BYTES_MAX: u64 = 64 << 20;
/// Largest body: the biggest records (a site's agreements) are some 100 KiB.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;
pub(super) const HEADER_BYTES: u64 = 20;
pub(super) const BATCH_BYTES: usize = 16;
pub(super) const RECORD_BYTES: usize = 9;

const MAGIC: &[u8; 7] = b"CFRJRNL";
const VERSION: u8 = 1;
/// Above any length a record may have, so that a batch is never taken for a record.
const MARK: u32 = 0xC0FB_A7C4;

pub(super) fn file_name(base: u64) -> String {
    format!("{base:020}.log")
}

/// The segments of a folder, by base.
pub(super) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(JournalError::io(dir))? {
        let path = entry.map_err(JournalError::io(dir))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if let Some(base) = name.strip_suffix(".log").and_then(|stem| stem.parse().ok()) {
            found.push((base, path));
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn header(base: u64) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..7].copy_from_slice(MAGIC);
    bytes[7] = VERSION;
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

pub(super) fn push_batch(out: &mut Vec<u8>, position: u64) {
    let mut head = [0; BATCH_BYTES];
    head[..4].copy_from_slice(&MARK.to_le_bytes());
    head[4..12].copy_from_slice(&position.to_le_bytes());
    let crc = crc32fast::hash(&head[..12]);
    head[12..].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&head);
}

/// The caller has checked the body against [`BODY_BYTES_MAX`].
pub(super) fn push_record(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&record_crc(length, kind, body).to_le_bytes());
    out.push(kind);
    out.extend_from_slice(body);
}

fn record_crc(length: [u8; 4], kind: u8, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(&[kind]);
    crc.update(body);
    crc.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

fn is_batch(head: &[u8], position: u64) -> bool {
    head.len() >= BATCH_BYTES
        && u32_at(head, 0) == MARK
        && u64_at(head, 4) == position
        && u32_at(head, 12) == crc32fast::hash(&head[..12])
}

/// What stands next in a segment.
pub(super) enum Next {
    Record {
        position: Position,
        next: Position,
        kind: u8,
    },
    End,
    /// The bytes from this position on are no record.
    Bad {
        at: u64,
    },
}

/// Reads one segment from front to back; the body of the last record is in `body`.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    base: u64,
    position: u64,
    /// Position behind the last byte to read.
    end: u64,
    pub(super) body: Vec<u8>,
}

impl Reader {
    /// `Ok(None)`: the header is not whole or not right.
    pub(super) fn open(path: &Path, base: u64) -> Result<Option<Self>, JournalError> {
        let file = File::open(path).map_err(JournalError::io(path))?;
        let length = file.metadata().map_err(JournalError::io(path))?.len();
        let mut file = BufReader::with_capacity(128 * 1024, file);
        let mut head = [0; 20];
        if length < HEADER_BYTES {
            return Ok(None);
        }
        file.read_exact(&mut head).map_err(JournalError::io(path))?;
        if head != header(base) {
            return Ok(None);
        }
        let end = base + (length - HEADER_BYTES);
        Ok(Some(Self { path: path.to_owned(), file, base, position: base, end, body: Vec::new() }))
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Reads no further than this position.
    pub(super) fn limit(&mut self, end: u64) {
        self.end = self.end.min(end);
    }

    pub(super) fn seek(&mut self, position: u64) -> Result<(), JournalError> {
        let offset = HEADER_BYTES + position.saturating_sub(self.base);
        self.file.seek(SeekFrom::Start(offset)).map_err(JournalError::io(&self.path))?;
        self.position = position;
        Ok(())
    }

    fn left(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    pub(super) fn next(&mut self) -> Result<Next, JournalError> {
        let path = self.path.clone();
        self.read_next().map_err(JournalError::io(&path))
    }

    fn read_next(&mut self) -> io::Result<Next> {
        let bad = Next::Bad { at: self.position };
        if self.left() == 0 {
            return Ok(Next::End);
        }
        let mut start = self.position;
        let mut head = [0; BATCH_BYTES];
        if self.left() < RECORD_BYTES as u64 {
            return Ok(bad);
        }
        self.file.read_exact(&mut head[..RECORD_BYTES])?;
        if u32_at(&head, 0) == MARK {
            if self.left() < (BATCH_BYTES + RECORD_BYTES) as u64 {
                return Ok(bad);
            }
            self.file.read_exact(&mut head[RECORD_BYTES..])?;
            if !is_batch(&head, start) {
                return Ok(bad);
            }
            start += BATCH_BYTES as u64;
            self.file.read_exact(&mut head[..RECORD_BYTES])?;
        }
        let length = u32_at(&head, 0);
        let next = start + RECORD_BYTES as u64 + u64::from(length);
        if length as usize > BODY_BYTES_MAX || next > self.end {
            return Ok(bad);
        }
        self.body.resize(length as usize, 0);
        self.file.read_exact(&mut self.body)?;
        let kind = head[8];
        if record_crc(length.to_le_bytes(), kind, &self.body) != u32_at(&head, 4) {
            return Ok(bad);
        }
        self.position = next;
        Ok(Next::Record { position: Position(start), next: Position(next), kind })
    }

    /// The position of the first whole batch behind `at`, if there is one.
    pub(super) fn batch_behind(&mut self, at: u64) -> Result<Option<u64>, JournalError> {
        let path = self.path.clone();
        self.seek(at)?;
        let mut rest = Vec::new();
        (&mut self.file).take(SEGMENT_BYTES_MAX * 2).read_to_end(&mut rest).map_err(JournalError::io(&path))?;
        let mark = MARK.to_le_bytes();
        let found = rest
            .windows(BATCH_BYTES)
            .enumerate()
            .skip(1)
            .find(|(i, head)| head.starts_with(&mark) && is_batch(head, at + *i as u64));
        Ok(found.map(|(i, _)| at + i as u64))
    }
}

//! The bytes of a segment file.
//!
//! ```text
//! segment  = header batch*
//! header   = "CFRJRNL" 1:u8 base:u64 crc32:u32            (crc of what stands before it; so everywhere)
//!          | "CFRJRNL" 2:u8 base:u64 end:u64 crc32:u32    (attachments were taken out)
//! batch    = mark:u32 position:u64 crc32:u32 record+
//! record   = length:u32 crc32:u32 kind:u8 content         (crc of length, kind and content)
//! content  = body                                         (length: its bytes)
//!          | body-bytes:u32 body attachment               (length: its bytes, and ATTACHED)
//!          | body-bytes:u32 body                          (length: as it was, and ATTACHED and FORGOTTEN)
//! ```
//! All integers are little-endian. A position is `base` plus the offset that a byte has, or had before attachments were
//! taken out, behind the header; a file is named after its base. A batch says its own position: one that stands behind
//! damage shows that the damaged bytes were durable before, since a batch is written only after the one before it was
//! synced. Behind the last batch of the segment that grows stand zeros.
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
const WHOLE: u8 = 1;
const THINNED: u8 = 2;
const THINNED_HEADER_BYTES: usize = 28;
/// Above any length a record may have, so that a batch is never taken for a record.
const MARK: u32 = 0xC0FB_A7C4;
/// In a record's length: an attachment follows the body.
const ATTACHED: u32 = 1 << 30;
/// In a record's length: it followed, and was taken out.
const FORGOTTEN: u32 = 1 << 29;
/// Before the body of a record with an attachment: the body's bytes.
pub(super) const ATTACHED_BYTES: usize = 4;

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
    bytes[7] = WHOLE;
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Of a segment from which attachments were taken out; `end` is the position behind its last record.
pub(super) fn thinned_header(base: u64, end: u64) -> [u8; THINNED_HEADER_BYTES] {
    let mut bytes = [0; THINNED_HEADER_BYTES];
    bytes[..7].copy_from_slice(MAGIC);
    bytes[7] = THINNED;
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    bytes[16..24].copy_from_slice(&end.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..24]);
    bytes[24..].copy_from_slice(&crc.to_le_bytes());
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

/// Bytes that a record takes in a segment.
pub(super) fn record_bytes(body: usize, attached: usize) -> usize {
    RECORD_BYTES + body + if attached == 0 { 0 } else { ATTACHED_BYTES + attached }
}

/// The caller has checked body and attachment against [`BODY_BYTES_MAX`]. No bytes: no attachment.
pub(super) fn push_record(out: &mut Vec<u8>, kind: u8, body: &[u8], attached: &[u8]) {
    if attached.is_empty() {
        return push(out, size(body.len()), kind, &[body]);
    }
    let length = size(ATTACHED_BYTES + body.len() + attached.len()) | ATTACHED;
    push(out, length, kind, &[&size(body.len()).to_le_bytes(), body, attached]);
}

/// A record whose attachment of so many bytes is left out, and that keeps its place all the same.
pub(super) fn push_forgotten(out: &mut Vec<u8>, kind: u8, body: &[u8], attached: usize) {
    let length = size(ATTACHED_BYTES + body.len() + attached) | ATTACHED | FORGOTTEN;
    push(out, length, kind, &[&size(body.len()).to_le_bytes(), body]);
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn push(out: &mut Vec<u8>, length: u32, kind: u8, content: &[&[u8]]) {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_le_bytes());
    crc.update(&[kind]);
    content.iter().for_each(|part| crc.update(part));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc.finalize().to_le_bytes());
    out.push(kind);
    content.iter().for_each(|part| out.extend_from_slice(part));
}

fn record_crc(length: u32, kind: u8, content: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_le_bytes());
    crc.update(&[kind]);
    crc.update(content);
    crc.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// The position that the head of a batch says, if it is one.
fn batch_at(head: &[u8]) -> Option<u64> {
    let is_batch =
        head.len() >= BATCH_BYTES && u32_at(head, 0) == MARK && u32_at(head, 12) == crc32fast::hash(&head[..12]);
    is_batch.then(|| u64_at(head, 4))
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

/// Reads one segment from front to back; the last record is in [`Reader::body`] and [`Reader::attached`].
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    base: u64,
    position: u64,
    /// Position behind the last byte to read.
    end: u64,
    header: usize,
    content: Vec<u8>,
    /// Where in `content` the body begins.
    body_at: usize,
    /// Where in `content` it ends, and the attachment begins.
    body_end: usize,
    /// Bytes of an attachment that was taken out.
    forgotten: usize,
}

impl Reader {
    /// `Ok(None)`: the header is not whole or not right.
    pub(super) fn open(path: &Path, base: u64) -> Result<Option<Self>, JournalError> {
        let file = File::open(path).map_err(JournalError::io(path))?;
        let length = file.metadata().map_err(JournalError::io(path))?.len();
        let mut file = BufReader::with_capacity(128 * 1024, file);
        let mut head = [0; THINNED_HEADER_BYTES];
        if length < HEADER_BYTES {
            return Ok(None);
        }
        file.read_exact(&mut head[..20]).map_err(JournalError::io(path))?;
        let (header, end) = if head[..20] == header(base) {
            (20, base + (length - HEADER_BYTES))
        } else {
            if head[7] != THINNED || length < THINNED_HEADER_BYTES as u64 {
                return Ok(None);
            }
            file.read_exact(&mut head[20..]).map_err(JournalError::io(path))?;
            let end = u64_at(&head, 16);
            if head != thinned_header(base, end) || end < base {
                return Ok(None);
            }
            (THINNED_HEADER_BYTES, end)
        };
        let path = path.to_owned();
        let content = Vec::new();
        Ok(Some(Self { path, file, base, position: base, end, header, content, body_at: 0, body_end: 0, forgotten: 0 }))
    }

    /// Attachments were taken out of it: offsets in the file are not those of positions.
    pub(super) fn is_thinned(&self) -> bool {
        self.header == THINNED_HEADER_BYTES
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn body(&self) -> &[u8] {
        self.content.get(self.body_at..self.body_end).unwrap_or_default()
    }

    /// `None`: it had none, or it was taken out.
    pub(super) fn attached(&self) -> Option<&[u8]> {
        self.content.get(self.body_end..).filter(|attached| !attached.is_empty())
    }

    /// Bytes of the attachment that the last record had and that was taken out.
    pub(super) fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// Reads no further than this position.
    pub(super) fn limit(&mut self, end: u64) {
        self.end = self.end.min(end);
    }

    /// To the place behind a record, or to the first. Says whether it is one.
    pub(super) fn seek(&mut self, position: u64) -> Result<bool, JournalError> {
        if !self.is_thinned() {
            self.jump(position)?;
            return Ok(true);
        }
        while self.position < position {
            if !matches!(self.next()?, Next::Record { .. }) {
                return Ok(false);
            }
        }
        Ok(self.position == position)
    }

    fn jump(&mut self, position: u64) -> Result<(), JournalError> {
        let offset = self.header as u64 + position.saturating_sub(self.base);
        self.file.seek(SeekFrom::Start(offset)).map_err(JournalError::io(&self.path))?;
        self.position = position;
        Ok(())
    }

    /// Bytes that were not read: zeros made ready for records, unless damage.
    pub(super) fn left(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    pub(super) fn next(&mut self) -> Result<Next, JournalError> {
        match self.read_next() {
            // A thinned segment cut short.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Next::Bad { at: self.position }),
            read => read.map_err(JournalError::io(&self.path)),
        }
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
        // No record begins so: what follows was made ready for records and holds none.
        if head[..RECORD_BYTES] == [0; RECORD_BYTES] {
            return Ok(Next::End);
        }
        if u32_at(&head, 0) == MARK {
            if self.left() < (BATCH_BYTES + RECORD_BYTES) as u64 {
                return Ok(bad);
            }
            self.file.read_exact(&mut head[RECORD_BYTES..])?;
            if batch_at(&head) != Some(start) {
                return Ok(bad);
            }
            start += BATCH_BYTES as u64;
            self.file.read_exact(&mut head[..RECORD_BYTES])?;
        }
        let length = u32_at(&head, 0);
        let bytes = (length & !(ATTACHED | FORGOTTEN)) as usize;
        let next = start + RECORD_BYTES as u64 + bytes as u64;
        if bytes > BODY_BYTES_MAX + ATTACHED_BYTES || next > self.end {
            return Ok(bad);
        }
        if !self.read_content(length, bytes)? || record_crc(length, head[8], &self.content) != u32_at(&head, 4) {
            return Ok(bad);
        }
        self.position = next;
        Ok(Next::Record { position: Position(start), next: Position(next), kind: head[8] })
    }

    /// What stands behind a record's head. Says whether its parts fit together.
    fn read_content(&mut self, length: u32, bytes: usize) -> io::Result<bool> {
        self.forgotten = 0;
        self.content.resize(bytes.min(ATTACHED_BYTES), 0);
        self.file.read_exact(&mut self.content)?;
        let (kept, body) = match (length & ATTACHED != 0, length & FORGOTTEN != 0) {
            (false, false) => (bytes, bytes),
            (false, true) => return Ok(false),
            (true, is_forgotten) => {
                let body = u32_at(&self.content, 0) as usize;
                let Some(attached) = bytes.checked_sub(ATTACHED_BYTES + body) else { return Ok(false) };
                if is_forgotten {
                    self.forgotten = attached;
                }
                (bytes - self.forgotten, body)
            }
        };
        let read = self.content.len();
        self.content.resize(kept, 0);
        if let Some(rest) = self.content.get_mut(read..) {
            self.file.read_exact(rest)?;
        }
        self.body_at = if length & ATTACHED == 0 { 0 } else { ATTACHED_BYTES };
        self.body_end = self.body_at + body;
        Ok(true)
    }

    /// Goes to the first whole batch behind `at`. Gives its position; `None`: there is none.
    pub(super) fn to_batch_behind(&mut self, at: u64) -> Result<Option<u64>, JournalError> {
        let path = self.path.clone();
        let io = || JournalError::io(&path);
        // In a thinned segment no place in the file follows from `at`: all of it is looked through.
        let from =
            if self.is_thinned() { self.header as u64 } else { self.header as u64 + at.saturating_sub(self.base) };
        self.file.seek(SeekFrom::Start(from)).map_err(io())?;
        let mut rest = Vec::new();
        (&mut self.file).take(SEGMENT_BYTES_MAX * 2).read_to_end(&mut rest).map_err(io())?;
        let mark = MARK.to_le_bytes();
        let heads = rest.windows(BATCH_BYTES).enumerate().filter(|(_, head)| head.starts_with(&mark));
        let thinned = self.is_thinned();
        let found = heads
            .filter_map(|(index, head)| Some((index as u64, batch_at(head)?)))
            .find(|(index, position)| *position > at && (thinned || from + index == 20 + (position - self.base)));
        let Some((index, position)) = found else { return Ok(None) };
        self.file.seek(SeekFrom::Start(from + index)).map_err(io())?;
        self.position = position;
        Ok(Some(position))
    }
}

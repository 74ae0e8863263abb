//! A zip, written in one pass to anything that takes bytes: stored, not compressed (images are no smaller for it), with
//! sizes and checksums behind each file and in the directory at the end; ZIP64 where sizes ask for it (APPNOTE 6.3.10).
//!
//! # Not here
//! Reading one: import.

use super::{Head, Pack};
use crate::tasks;
use std::io::{self, Write};

/// Sizes, offsets and counts from here on are in ZIP64 fields.
const LIMIT: u64 = 0xFFFF_FFFF;
/// Sizes follow the file, and names are UTF-8.
const FLAGS: u16 = 0x0808;

#[derive(Debug)]
struct Entry {
    name: String,
    crc: u32,
    bytes: u64,
    at: u64,
}

/// The zip.
#[derive(Debug)]
pub(crate) struct Zip<W> {
    pub(crate) out: W,
    at: u64,
    entries: Vec<Entry>,
    open: Option<(Head, u64, crc32fast::Hasher)>,
    /// Date and time of all entries as DOS has them.
    stamp: [u8; 4],
}

impl<W: Write> Zip<W> {
    pub(crate) fn new(out: W) -> Self {
        let stamp = stamp(&tasks::civil(tasks::now()));
        Self { out, at: 0, entries: Vec::new(), open: None, stamp }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn central(&self, entry: &Entry) -> Vec<u8> {
        let is_large = entry.bytes >= LIMIT || entry.at >= LIMIT;
        let mut extra = Vec::new();
        if is_large {
            extra.extend_from_slice(&[1, 0, 24, 0]);
            for value in [entry.bytes, entry.bytes, entry.at] {
                extra.extend_from_slice(&value.to_le_bytes());
            }
        }
        let of = |value: u64| if is_large { u32::MAX } else { u32::try_from(value).unwrap_or(u32::MAX) };
        let mut out = b"PK\x01\x02".to_vec();
        for word in [45u16, 45, FLAGS, 0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&self.stamp);
        for long in [entry.crc, of(entry.bytes), of(entry.bytes)] {
            out.extend_from_slice(&long.to_le_bytes());
        }
        for word in [short(entry.name.len()), short(extra.len()), 0, 0, 0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(&of(entry.at).to_le_bytes());
        out.extend_from_slice(entry.name.as_bytes());
        out.extend_from_slice(&extra);
        out
    }
}

/// Lengths here are of paths of at most 255 characters.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// `YYYYMMDDHHMMSS` as DOS has it: time, then date, in little endian.
fn stamp(civil: &str) -> [u8; 4] {
    let number = |at: usize, len: usize| civil.get(at..at + len).and_then(|t| t.parse::<u16>().ok()).unwrap_or(0);
    let date = number(0, 4).saturating_sub(1980).min(127) << 9 | number(4, 2) << 5 | number(6, 2);
    let time = number(8, 2) << 11 | number(10, 2) << 5 | (number(12, 2) / 2);
    let [[a, b], [c, d]] = [time.to_le_bytes(), date.to_le_bytes()];
    [a, b, c, d]
}

impl<W: Write> Pack for Zip<W> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        let is_large = head.bytes >= LIMIT;
        let at = self.at;
        let mut local = b"PK\x03\x04".to_vec();
        for word in [45u16, FLAGS, 0] {
            local.extend_from_slice(&word.to_le_bytes());
        }
        local.extend_from_slice(&self.stamp);
        let size = if is_large { u32::MAX } else { 0 };
        for long in [0, size, size] {
            local.extend_from_slice(&long.to_le_bytes());
        }
        local.extend_from_slice(&short(head.path.len()).to_le_bytes());
        local.extend_from_slice(&(if is_large { 20u16 } else { 0 }).to_le_bytes());
        local.extend_from_slice(head.path.as_bytes());
        if is_large {
            local.extend_from_slice(&[1, 0, 16, 0]);
            local.extend_from_slice(&[0; 16]);
        }
        self.put(&local)?;
        self.open = Some((head.clone(), at, crc32fast::Hasher::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some((_, _, crc)) = &mut self.open {
            crc.update(bytes);
        }
        self.put(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let (head, at, crc) = self.open.take().ok_or_else(|| io::Error::other("no file was begun"))?;
        let crc = crc.finalize();
        let mut descriptor = b"PK\x07\x08".to_vec();
        descriptor.extend_from_slice(&crc.to_le_bytes());
        for _ in 0..2 {
            match u32::try_from(head.bytes) {
                Ok(bytes) if u64::from(bytes) < LIMIT => descriptor.extend_from_slice(&bytes.to_le_bytes()),
                _ => descriptor.extend_from_slice(&head.bytes.to_le_bytes()),
            }
        }
        self.put(&descriptor)?;
        self.entries.push(Entry { name: head.path, crc, bytes: head.bytes, at });
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let begin = self.at;
        for entry in std::mem::take(&mut self.entries) {
            let central = self.central(&entry);
            self.put(&central)?;
            self.entries.push(entry);
        }
        let (size, count) = (self.at - begin, self.entries.len() as u64);
        if begin >= LIMIT || size >= LIMIT || count >= 0xFFFF {
            let end = self.at;
            let mut large = b"PK\x06\x06".to_vec();
            large.extend_from_slice(&44u64.to_le_bytes());
            large.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for value in [count, count, size, begin] {
                large.extend_from_slice(&value.to_le_bytes());
            }
            large.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            large.extend_from_slice(&end.to_le_bytes());
            large.extend_from_slice(&1u32.to_le_bytes());
            self.put(&large)?;
        }
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend_from_slice(&count.to_le_bytes());
        end.extend_from_slice(&count.to_le_bytes());
        end.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
        end.extend_from_slice(&u32::try_from(begin).unwrap_or(u32::MAX).to_le_bytes());
        end.extend_from_slice(&[0, 0]);
        self.put(&end)?;
        self.out.flush()
    }
}

//! Takes attachments out of segments that are closed.
//!
//! Records keep their places: a reader sees the same positions and bodies as before, and no attachment.
//!
//! # At a crash
//! The segment is written anew beside the old one and takes its name when it is whole and on disk. What is left of a
//! broken-off try is written over by the next.
//!
//! # Not here
//! Whether an attachment may go: the journal's owner knows where its bytes are now.

use super::{
    JournalError, Position,
    segment::{self, Next, Reader},
};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

/// Bytes gathered for one write.
const WRITE_BYTES: usize = 256 * 1024;

/// Thins closed segments that end at or before `upto`, the newest `segments_max` of them. Gives how many bytes went.
pub(super) fn forget(dir: &Path, upto: Position, segments_max: usize) -> Result<u64, JournalError> {
    let segments = segment::list(dir)?;
    let closed = segments.windows(2).filter_map(|pair| match pair {
        [(base, path), (end, _)] if *end <= upto.0 => Some((*base, *end, path)),
        _ => None,
    });
    let closed: Vec<_> = closed.collect();
    let mut gone = 0;
    for (base, end, path) in closed.into_iter().rev().take(segments_max) {
        let damaged = |at| JournalError::Damaged { path: path.clone(), at };
        let reader = Reader::open(path, base)?.ok_or_else(|| damaged(base))?;
        if reader.end() != end {
            return Err(damaged(reader.end()));
        }
        if !reader.is_thinned() && has_attachments(reader, path)? {
            let reader = Reader::open(path, base)?.ok_or_else(|| damaged(base))?;
            gone += thin(dir, path, base, reader)?;
        }
    }
    Ok(gone)
}

fn has_attachments(mut reader: Reader, path: &Path) -> Result<bool, JournalError> {
    loop {
        match reader.next()? {
            Next::Record { .. } if reader.attached().is_some() => return Ok(true),
            Next::Record { .. } => {}
            Next::End => return Ok(false),
            Next::Bad { at } => return Err(JournalError::Damaged { path: path.to_owned(), at }),
        }
    }
}

fn thin(dir: &Path, path: &Path, base: u64, mut reader: Reader) -> Result<u64, JournalError> {
    let io = || JournalError::io(path);
    let fresh = path.with_extension("thin");
    let before = fs::metadata(path).map_err(io())?.len();
    let mut out = BufWriter::with_capacity(WRITE_BYTES, File::create(&fresh).map_err(io())?);
    out.write_all(&segment::thinned_header(base, reader.end())).map_err(io())?;
    let (mut reached, mut bytes) = (base, Vec::new());
    loop {
        match reader.next()? {
            Next::Record { position, next, kind } => {
                bytes.clear();
                if position.0 > reached {
                    segment::push_batch(&mut bytes, reached);
                }
                match (reader.attached().map_or(0, <[u8]>::len), reader.forgotten()) {
                    (0, 0) => segment::push_record(&mut bytes, kind, reader.body(), &[]),
                    (attached, forgotten) => {
                        segment::push_forgotten(&mut bytes, kind, reader.body(), attached + forgotten);
                    }
                }
                out.write_all(&bytes).map_err(io())?;
                reached = next.0;
            }
            Next::End if reached == reader.end() => break,
            Next::End => return Err(JournalError::Damaged { path: path.to_owned(), at: reached }),
            Next::Bad { at } => return Err(JournalError::Damaged { path: path.to_owned(), at }),
        }
    }
    let file = out.into_inner().map_err(|error| io()(error.into_error()))?;
    file.sync_all().map_err(io())?;
    fs::rename(&fresh, path).map_err(io())?;
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(io())?;
    let after = file.metadata().map_err(io())?.len();
    Ok(before.saturating_sub(after))
}

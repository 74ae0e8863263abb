//! Reading a journal back.

use super::{
    JournalError, Position, Record,
    segment::{self, Next, Reader},
};
use std::path::Path;

/// Gives every record from `from` up to `end` in order.
pub(super) fn replay(
    dir: &Path,
    from: Position,
    end: Position,
    each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
) -> Result<Position, JournalError> {
    let segments = segment::list(dir)?;
    if from > end {
        return Err(JournalError::Damaged { path: dir.to_owned(), at: from.0 });
    }
    let mut reached = from.0;
    for (index, (base, path)) in segments.iter().enumerate() {
        let following = segments.get(index + 1).map(|(base, _)| *base);
        if following.is_some_and(|next| next <= from.0) || *base >= end.0 {
            continue;
        }
        let damaged = |at| JournalError::Damaged { path: path.clone(), at };
        let mut reader = Reader::open(path, *base)?.ok_or_else(|| damaged(*base))?;
        if following.is_some_and(|next| next != reader.end()) || (index > 0 && *base > reached) {
            return Err(damaged(reader.end()));
        }
        reader.limit(end.0);
        if !reader.seek(reached.max(*base))? {
            return Err(damaged(reached));
        }
        loop {
            match reader.next()? {
                Next::Record { position, next, kind } => {
                    each(Record { position, next, kind, body: reader.body(), attached: reader.attached() })?;
                    reached = next.0;
                }
                Next::End => break,
                Next::Bad { at } => return Err(damaged(at)),
            }
        }
    }
    if reached == end.0 { Ok(end) } else { Err(JournalError::Damaged { path: dir.to_owned(), at: reached }) }
}

/// Hears a record's kind, body and attachment.
pub(crate) type Each<'a> = &'a mut dyn FnMut(u8, &[u8], Option<&[u8]>) -> Result<(), JournalError>;

/// Gives every record that can still be read, whatever is damaged around it. For rebuilding from a damaged journal;
/// returns whether anything was damaged or missing.
pub(crate) fn salvage(dir: &Path, each: Each<'_>) -> Result<bool, JournalError> {
    let (mut hurt, mut reached) = (false, 0);
    for (base, path) in segment::list(dir)? {
        hurt |= base != reached;
        let Some(mut reader) = Reader::open(&path, base)? else {
            hurt = true;
            continue;
        };
        reached = reader.end();
        loop {
            match reader.next()? {
                Next::Record { kind, .. } => each(kind, reader.body(), reader.attached())?,
                Next::End if reader.left() == 0 => break,
                Next::End => match reader.to_batch_behind(reader.position())? {
                    Some(_) => hurt = true,
                    None => break,
                },
                Next::Bad { at } => {
                    hurt = true;
                    if reader.to_batch_behind(at)?.is_none() {
                        break;
                    }
                }
            }
        }
    }
    Ok(hurt)
}

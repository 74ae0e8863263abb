//! Fewer bytes on the wire than the objects have, and the same bytes again behind it.
//!
//! A run of an object's bytes, at most [`RANGE_BYTES_MAX`], is one *unit*: coded by itself, decoded by itself. Whoever
//! codes says how its bytes are best looked at (a [`Grid`] of samples, or just bytes); whoever decodes needs to know
//! nothing of DICOM. Nothing here is believed: what a unit decodes to is checked against the digest of the original,
//! group by group, exactly as bytes that came as they are. A wrong grid costs ratio, never a pixel.
//!
//! The decoder takes any bytes: it uses no more memory than a fixed multiple of the length it was told to make, ends
//! after a time in proportion to it, and never panics.
//!
//! # Not here
//! When it is worth it: `node::transfer`. Which bytes are right: [`crate::digest`].

mod bits;
mod grid;
mod plane;
mod prefix;
mod samples;
mod take;

#[cfg(test)]
mod tests;

pub use grid::{Grid, Layout};

use crate::limits::RANGE_BYTES_MAX;
use take::Take;

/// The coding written here today.
pub const PLANES: u8 = 1;
/// What is understood here.
pub const KNOWN: [u8; 1] = [PLANES];
/// Ids that an asker may name in one request.
pub const CODINGS_MAX: usize = 8;

/// First byte of a unit: just bytes, zstd.
const BYTES: u8 = 0;
/// First byte of a unit: a grid of samples with bytes before and behind it.
const SAMPLES: u8 = 1;
/// Of [`SAMPLES`]: red and blue as differences.
const DIFFERENCES: u8 = 1;
/// Of [`SAMPLES`]: the bytes around the grid are zstd, not as they are.
const PACKED: u8 = 2;
/// Bytes that are looked at for the better of two ways.
const LOOK_BYTES: usize = 16 * 1024;
/// zstd for what is no image: headers, reports, contours.
const ZSTD_LEVEL: i32 = 1;
/// zstd for images of eight bits, of which many are drawn, not measured.
const ZSTD_LEVEL_DRAWN: i32 = 3;
/// Fewer samples than this pay for few codes only.
const FEW_SAMPLES: usize = 16 * 1024;

/// The bytes are not a unit of the announced length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a coded unit of this length")]
pub struct NotCoded;

/// Codes a unit; `None` when it would not become smaller.
#[must_use]
pub fn encode(bytes: &[u8], layout: Option<&Layout>) -> Option<Vec<u8>> {
    if bytes.is_empty() || bytes.len() as u64 > RANGE_BYTES_MAX {
        return None;
    }
    let coded = match layout.and_then(|layout| Some((layout.grid, layout.cut(bytes)?))) {
        Some((grid, (before, rows, behind))) => encode_rows(&grid, before, rows, behind),
        None => encode_bytes(bytes, ZSTD_LEVEL),
    };
    coded.filter(|coded| coded.len() < bytes.len())
}

fn encode_bytes(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    let mut coded = vec![BYTES];
    coded.extend_from_slice(&zstd::bulk::compress(bytes, level).ok()?);
    Some(coded)
}

fn encode_rows(grid: &Grid, before: &[u8], rows: &[u8], behind: &[u8]) -> Option<Vec<u8>> {
    let mut differences = false;
    if grid.sample_bytes() == 1 {
        let (way, drawn) = better_way(grid, rows)?;
        if drawn {
            return encode_bytes(&[before, rows, behind].concat(), ZSTD_LEVEL_DRAWN);
        }
        differences = way;
    }
    let around = [before, behind].concat();
    let packed = zstd::bulk::compress(&around, ZSTD_LEVEL).ok()?;
    let is_packed = packed.len() < around.len();
    let flags = if differences { DIFFERENCES } else { 0 } | if is_packed { PACKED } else { 0 };
    let around = if is_packed { packed } else { around };
    let mut coded = Vec::with_capacity(around.len() + rows.len() / 2 + 64);
    coded.extend_from_slice(&[SAMPLES, flags]);
    grid.write(&mut coded);
    for number in [before.len(), rows.len(), around.len()] {
        coded.extend_from_slice(&u32::try_from(number).ok()?.to_le_bytes());
    }
    coded.extend_from_slice(&around);
    Some(encode_plane(grid, rows, differences, coded))
}

fn encode_plane(grid: &Grid, rows: &[u8], differences: bool, coded: Vec<u8>) -> Vec<u8> {
    let samples = samples::lay_out(rows, grid, differences);
    let codes = if samples.len() < FEW_SAMPLES { 3 } else { 7 };
    plane::encode(&samples, (grid.width(), grid.step()), codes, coded)
}

/// For eight bits: whether differences of colours are smaller, and whether zstd is better than both. Tried with some rows
/// of the middle.
fn better_way(grid: &Grid, rows: &[u8]) -> Option<(bool, bool)> {
    let row = grid.width() * grid.sample_bytes();
    let some = (LOOK_BYTES / row).max(1) * row;
    let from = (rows.len() / row / 2 * row).min(rows.len().saturating_sub(some) / row * row);
    let look = rows.get(from..(from + some).min(rows.len()))?;
    let plain = encode_plane(grid, look, false, Vec::new()).len();
    let parted = if grid.step() == 3 { encode_plane(grid, look, true, Vec::new()).len() } else { usize::MAX };
    let drawn = zstd::bulk::compress(look, ZSTD_LEVEL_DRAWN).ok()?.len();
    Some((parted < plain, drawn < parted.min(plain)))
}

/// Decodes a unit to exactly `length` bytes.
///
/// # Errors
/// [`NotCoded`]. Bytes that are not the original's are no error here.
pub fn decode(coded: &[u8], length: usize) -> Result<Vec<u8>, NotCoded> {
    if length as u64 > RANGE_BYTES_MAX || coded.len() >= length {
        return Err(NotCoded);
    }
    let mut from = Take(coded);
    match from.byte()? {
        BYTES => unpack(from.rest(), length),
        SAMPLES => decode_rows(&mut from, length),
        _ => Err(NotCoded),
    }
}

fn unpack(packed: &[u8], length: usize) -> Result<Vec<u8>, NotCoded> {
    let mut bytes = vec![0; length];
    let unpacked = zstd::bulk::decompress_to_buffer(packed, &mut bytes).map_err(|_| NotCoded)?;
    if unpacked == length { Ok(bytes) } else { Err(NotCoded) }
}

fn decode_rows(from: &mut Take<'_>, length: usize) -> Result<Vec<u8>, NotCoded> {
    let flags = from.byte()?;
    let grid = Grid::read(from)?;
    let mut number = || from.number().and_then(|n| usize::try_from(n).map_err(|_| NotCoded));
    let (before, rows, around) = (number()?, number()?, number()?);
    let row = grid.width() * grid.sample_bytes();
    let around_length = length.checked_sub(rows).ok_or(NotCoded)?;
    if rows == 0 || rows % row != 0 || before > around_length {
        return Err(NotCoded);
    }
    let around = from.bytes(around)?;
    let around = if flags & PACKED == 0 { around.to_vec() } else { unpack(around, around_length)? };
    if around.len() != around_length {
        return Err(NotCoded);
    }
    let differences = flags & DIFFERENCES != 0;
    if differences && (grid.step() != 3 || grid.sample_bytes() != 1) {
        return Err(NotCoded);
    }
    let mut samples = vec![0i16; (rows / row + 1) * (grid.width() + grid.step())];
    plane::decode(&mut samples, (grid.width(), grid.step()), from)?;
    let (before, behind) = around.split_at_checked(before).ok_or(NotCoded)?;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(before);
    samples::put_back(&mut samples, &grid, differences, &mut bytes);
    bytes.extend_from_slice(behind);
    Ok(bytes)
}

//! Bytes of pixel data as samples, and back.
//!
//! # Not here
//! What is done with samples: [`super::plane`].

use super::Grid;

/// Lays out the samples of a grid: one row of zeros, then each row with `step` samples before it, which are those that
/// stand above its first ones.
pub(super) fn lay_out(bytes: &[u8], grid: &Grid, differences: bool) -> Vec<i16> {
    let (width, step, size) = (grid.width(), grid.step(), grid.sample_bytes());
    let pitch = width + step;
    let rows = bytes.len() / (width * size).max(1);
    let mut samples = vec![0i16; (rows + 1) * pitch];
    let mut cells = samples.chunks_exact_mut(pitch);
    let mut above: &mut [i16] = cells.next().unwrap_or_default();
    for (row, bytes) in cells.zip(bytes.chunks_exact(width * size)) {
        let (margin, inner) = row.split_at_mut(step);
        margin.iter_mut().zip(above.iter().skip(step)).for_each(|(cell, up)| *cell = *up);
        if size == 1 {
            inner.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell = i16::from(*byte));
            if differences {
                inner.chunks_exact_mut(3).for_each(part);
            }
        } else {
            let (pairs, _) = bytes.as_chunks::<2>();
            let flip = if grid.is_signed() { 0 } else { i16::MIN };
            if grid.is_big_endian() {
                inner.iter_mut().zip(pairs).for_each(|(cell, pair)| *cell = i16::from_be_bytes(*pair) ^ flip);
            } else {
                inner.iter_mut().zip(pairs).for_each(|(cell, pair)| *cell = i16::from_le_bytes(*pair) ^ flip);
            }
        }
        above = row;
    }
    samples
}

/// The bytes of samples that [`lay_out`] laid out.
pub(super) fn put_back(samples: &mut [i16], grid: &Grid, differences: bool, to: &mut Vec<u8>) {
    let (width, step) = (grid.width(), grid.step());
    for row in samples.chunks_exact_mut(width + step).skip(1) {
        let inner = row.get_mut(step..).unwrap_or_default();
        if grid.sample_bytes() == 1 {
            if differences {
                inner.chunks_exact_mut(3).for_each(join);
            }
            to.extend(inner.iter().map(|sample| sample.to_le_bytes()[0]));
        } else {
            let flip = if grid.is_signed() { 0 } else { i16::MIN };
            let from = to.len();
            to.resize(from + width * 2, 0);
            let (pairs, _) = to.get_mut(from..).unwrap_or_default().as_chunks_mut::<2>();
            if grid.is_big_endian() {
                pairs.iter_mut().zip(inner).for_each(|(pair, sample)| *pair = (*sample ^ flip).to_be_bytes());
            } else {
                pairs.iter_mut().zip(inner).for_each(|(pair, sample)| *pair = (*sample ^ flip).to_le_bytes());
            }
        }
    }
}

/// Red and blue as their differences from green.
fn part(pixel: &mut [i16]) {
    if let [red, green, blue] = pixel {
        *red = red.wrapping_sub(*green);
        *blue = blue.wrapping_sub(*green);
    }
}

fn join(pixel: &mut [i16]) {
    if let [red, green, blue] = pixel {
        *red = red.wrapping_add(*green);
        *blue = blue.wrapping_add(*green);
    }
}

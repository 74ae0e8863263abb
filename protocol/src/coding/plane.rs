//! Samples in rows: what is left of each when its neighbours have told what they can, and how that is written.
//!
//! A sample is foretold from the ones to its left, above it and above to the left (the median edge detector of JPEG-LS,
//! ISO/IEC 14495-1 A.4.1). What is left is written with one of a few codes, chosen by how wrong the row above was
//! around here: so the codes of a whole row are known before its first sample is read. Where the row above was right all
//! along, the length of the run that is right again is written instead.
//!
//! # Not here
//! Bytes into samples and back: [`super::samples`].

use super::{
    NotCoded,
    bits::{Reader, Writer},
    prefix::{self, Counts, Decoder, Encoder},
    take::Take,
};

/// Codes of a plane at most, besides the one of runs.
const CONTEXTS: usize = 8;
/// The code of runs.
const RUNS: usize = CONTEXTS;
/// Where the parts between contexts begin, those not in use behind any activity.
type Bounds = [u16; CONTEXTS - 1];
/// Rows looked at for the bounds between contexts: all of so many, or one in so many of more.
const LOOK: usize = 8;

/// A grid of numbers with room for the neighbours of its first column on the left, and of its last one on the right.
#[derive(Debug)]
struct Errors {
    cells: Vec<u16>,
    pitch: usize,
}

impl Errors {
    fn new(rows: usize, width: usize, step: usize) -> Self {
        let pitch = width + 2 * step;
        // One row of nothing before the first.
        Self { cells: vec![0; (rows + 1) * pitch], pitch }
    }
}

/// Foretells every sample of a row and gives what is left: `above` and `row` begin `step` samples before the row.
fn errors(above: &[i16], row: &[i16], step: usize, to: &mut [u16]) {
    let cells = to.iter_mut().zip(row.get(step..).unwrap_or_default()).zip(row);
    for ((((error, x), left), up), corner) in cells.zip(above.get(step..).unwrap_or_default()).zip(above) {
        let wrong = x.wrapping_sub(foretell(*left, *up, *corner));
        *error = ((wrong << 1) ^ (wrong >> 15)).cast_unsigned();
    }
}

#[inline]
fn foretell(left: i16, up: i16, corner: i16) -> i16 {
    let (low, high) = (left.min(up), left.max(up));
    low.wrapping_add(high).wrapping_sub(corner.min(high).max(low))
}

/// How wrong the row above was around each sample.
#[inline]
fn activity(left: u16, up: u16, right: u16) -> u16 {
    left.saturating_add(right).saturating_add(up).saturating_add(up).min(u16::MAX - 1)
}

fn activities<'a>(above: &'a [u16], step: usize) -> impl Iterator<Item = u16> + 'a {
    let (up, right) = (above.get(step..).unwrap_or_default(), above.get(2 * step..).unwrap_or_default());
    above.iter().zip(up).zip(right).map(|((left, up), right)| activity(*left, *up, *right))
}

/// The contexts of a row: how many bounds its activity reaches.
fn contexts(above: &[u16], step: usize, bounds: &Bounds, to: &mut [u16]) {
    let (up, right) = (above.get(step..).unwrap_or_default(), above.get(2 * step..).unwrap_or_default());
    for (((context, left), up), right) in to.iter_mut().zip(above).zip(up).zip(right) {
        let activity = activity(*left, *up, *right);
        *context = bounds.iter().map(|bound| u16::from(activity >= *bound)).sum();
    }
}

/// Bounds that part the activities above zero into parts of equal size.
fn bounds(errors: &Errors, step: usize, wanted: usize) -> Vec<u16> {
    let mut counts = Counts::default();
    let rows = errors.cells.len() / errors.pitch;
    for above in errors.cells.chunks_exact(errors.pitch).step_by((rows / LOOK).clamp(1, LOOK)).skip(1) {
        activities(above, step).for_each(|activity| counts.note(activity));
    }
    let counts = counts.tokens();
    let total: u32 = counts.iter().skip(1).sum();
    let mut bounds = vec![1];
    let (mut passed, mut part) = (0u64, 1u64);
    for (token, count) in (1u8..).zip(counts.iter().skip(1)) {
        if passed * wanted as u64 >= u64::from(total) * part && passed > 0 {
            bounds.push(prefix::token_base(token).0);
            while passed * wanted as u64 >= u64::from(total) * part {
                part += 1;
            }
        }
        passed += u64::from(*count);
    }
    bounds.truncate(CONTEXTS - 1);
    bounds
}

fn padded(bounds: &[u16]) -> Bounds {
    let mut padded = [u16::MAX; CONTEXTS - 1];
    padded.iter_mut().zip(bounds).for_each(|(place, bound)| *place = *bound);
    padded
}

/// How many samples at the front stand below a row that was not right everywhere around.
fn noisy(contexts: &[u16]) -> usize {
    contexts.iter().position(|context| *context == 0).unwrap_or(contexts.len())
}

/// How many samples at the front stand below a row that was right. A row has at most 65,535.
fn quiet(contexts: &[u16]) -> usize {
    contexts.iter().position(|context| *context != 0).unwrap_or(contexts.len())
}

/// Takes the numbers of a row as they are written, each with its code.
trait Sink {
    fn noisy(&mut self, contexts: &[u16], errors: &[u16]);
    fn quiet(&mut self, run: u16, error: Option<u16>);
}

fn walk(mut contexts: &[u16], mut errors: &[u16], to: &mut impl Sink) {
    while !contexts.is_empty() {
        let count = noisy(contexts);
        let (noise, rest) = contexts.split_at(count);
        let (wrong, behind) = errors.split_at(count.min(errors.len()));
        to.noisy(noise, wrong);
        let count = quiet(rest);
        let (mut still, behind) = behind.split_at(count.min(behind.len()));
        while !still.is_empty() {
            let Some(right) = still.iter().position(|error| *error != 0) else {
                to.quiet(0, None);
                break;
            };
            to.quiet(u16::try_from(right + 1).unwrap_or(u16::MAX), still.get(right).copied());
            still = still.get(right + 1..).unwrap_or_default();
        }
        contexts = rest.get(count..).unwrap_or_default();
        errors = behind;
    }
}

type AllCounts = [Counts; CONTEXTS + 1];

impl Sink for AllCounts {
    fn noisy(&mut self, contexts: &[u16], errors: &[u16]) {
        for (context, error) in contexts.iter().zip(errors) {
            self[usize::from(*context) % CONTEXTS].note(*error);
        }
    }
    fn quiet(&mut self, run: u16, error: Option<u16>) {
        self[RUNS].note(run);
        if let Some(error) = error {
            self[0].note(error);
        }
    }
}

struct Written<'a> {
    codes: &'a [Encoder; CONTEXTS + 1],
    to: Writer,
}

impl Sink for Written<'_> {
    fn noisy(&mut self, contexts: &[u16], errors: &[u16]) {
        let ((pairs, last), (wrong, last_wrong)) = (contexts.as_chunks::<2>(), errors.as_chunks::<2>());
        for ([context, next], [error, next_error]) in pairs.iter().zip(wrong) {
            self.codes[usize::from(*context) % CONTEXTS].put(*error, &mut self.to);
            self.codes[usize::from(*next) % CONTEXTS].put(*next_error, &mut self.to);
            self.to.flush();
        }
        if let ([context], [error]) = (last, last_wrong) {
            self.codes[usize::from(*context) % CONTEXTS].put(*error, &mut self.to);
            self.to.flush();
        }
    }
    fn quiet(&mut self, run: u16, error: Option<u16>) {
        self.codes[RUNS].put(run, &mut self.to);
        if let Some(error) = error {
            self.codes[0].put(error, &mut self.to);
        }
        self.to.flush();
    }
}

/// Writes a plane: `samples` has one row of nothing before the first, and `step` samples of it before each.
pub(super) fn encode(samples: &[i16], (width, step): (usize, usize), codes: usize, mut to: Vec<u8>) -> Vec<u8> {
    let pitch = width + step;
    let rows = (samples.len() / pitch).saturating_sub(1);
    let mut left = Errors::new(rows, width, step);
    let cells = left.cells.chunks_exact_mut(left.pitch).skip(1);
    let pairs = samples.chunks_exact(pitch).zip(samples.chunks_exact(pitch).skip(1));
    for ((above, row), errors_row) in pairs.zip(cells) {
        errors(above, row, step, errors_row.get_mut(step..step + width).unwrap_or_default());
    }
    let given = bounds(&left, step, codes);
    let bounds = padded(&given);
    let mut context_rows = vec![0; rows * width];
    let mut counts: AllCounts = Default::default();
    let above = left.cells.chunks_exact(left.pitch);
    let here = left.cells.chunks_exact(left.pitch).skip(1).map(|row| row.get(step..step + width).unwrap_or_default());
    for ((above, here), row) in above.zip(here.clone()).zip(context_rows.chunks_exact_mut(width)) {
        contexts(above, step, &bounds, row);
        walk(row, here, &mut counts);
    }
    let [parts, ..] = given.len().to_le_bytes();
    to.push(parts);
    to.extend(given.iter().map(|bound| prefix::token(*bound).0));
    // What was not reached has no code to be told.
    let codes = counts.each_ref().map(|counts| Encoder::new(counts, &mut to));
    let mut written = Written { codes: &codes, to: Writer::after(to) };
    for (row, here) in context_rows.chunks_exact(width).zip(here) {
        // A number takes 24 bits at most, and so does a run.
        written.to.reserve(width * 6);
        walk(row, here, &mut written);
    }
    written.to.finish()
}

/// Reads a plane into `samples`, laid out as for [`encode`].
pub(super) fn decode(samples: &mut [i16], (width, step): (usize, usize), from: &mut Take<'_>) -> Result<(), NotCoded> {
    let parts = usize::from(from.byte()?);
    if parts >= CONTEXTS {
        return Err(NotCoded);
    }
    let given: Vec<u16> = from.bytes(parts)?.iter().map(|token| prefix::token_base((*token).min(75)).0).collect();
    let bounds = padded(&given);
    let mut codes = vec![Decoder::default(); CONTEXTS + 1];
    for code in &mut codes {
        code.read(from)?;
    }
    let codes = codes.first_chunk::<{ CONTEXTS + 1 }>().ok_or(NotCoded)?;
    let mut bits = Reader::new(from.rest());
    let pitch = width + step;
    let (mut above, mut here) = (vec![0u16; width + 2 * step], vec![0u16; width + 2 * step]);
    let mut row_contexts = vec![0u16; width];
    let (mut done, mut ahead) = samples.split_at_mut_checked(pitch).ok_or(NotCoded)?;
    while ahead.len() >= pitch {
        contexts(&above, step, &bounds, &mut row_contexts);
        let row_errors = here.get_mut(step..step + width).ok_or(NotCoded)?;
        let (row, rest) = ahead.split_at_mut_checked(pitch).ok_or(NotCoded)?;
        if step == 1 {
            read_and_restore(&mut bits, codes, (&row_contexts, &mut *row_errors), (&*done, &mut *row));
        } else {
            read(&mut bits, codes, &row_contexts, row_errors);
            restore(done, row, step, row_errors);
        }
        (done, ahead) = (row, rest);
        std::mem::swap(&mut above, &mut here);
    }
    if bits.is_within() { Ok(()) } else { Err(NotCoded) }
}

type Codes = [Decoder; CONTEXTS + 1];

fn read(bits: &mut Reader<'_>, codes: &Codes, mut contexts: &[u16], mut errors: &mut [u16]) {
    while !contexts.is_empty() {
        let count = noisy(contexts);
        let (noise, rest) = contexts.split_at(count);
        let (wrong, behind) = errors.split_at_mut(count.min(errors.len()));
        for (context, error) in noise.iter().zip(wrong) {
            bits.fill();
            *error = codes[usize::from(*context) % CONTEXTS].next(bits);
        }
        let count = quiet(rest);
        let (still, behind) = behind.split_at_mut(count.min(behind.len()));
        read_quiet(bits, codes, still);
        contexts = rest.get(count..).unwrap_or_default();
        errors = behind;
    }
}

fn read_quiet(bits: &mut Reader<'_>, codes: &Codes, mut still: &mut [u16]) {
    while !still.is_empty() {
        bits.fill();
        let run = usize::from(codes[RUNS].next(bits));
        let Some(right) = run.checked_sub(1).filter(|right| *right < still.len()) else {
            return still.fill(0);
        };
        let (zeros, rest) = still.split_at_mut(right);
        zeros.fill(0);
        let Some((error, rest)) = rest.split_first_mut() else { return };
        *error = codes[0].next(bits);
        still = rest;
    }
}

/// As [`read`] and [`restore`] for one sample a pixel: together, they wait for one another less.
fn read_and_restore(
    bits: &mut Reader<'_>,
    codes: &Codes,
    (mut contexts, mut errors): (&[u16], &mut [u16]),
    (above, row): (&[i16], &mut [i16]),
) {
    let Some((margin, mut row)) = row.split_first_mut() else { return };
    let (mut corners, mut ups) = (above, above.get(1..).unwrap_or_default());
    let mut left = ups.first().copied().unwrap_or_default();
    *margin = left;
    while !contexts.is_empty() {
        let count = noisy(contexts);
        let (noise, rest) = contexts.split_at(count);
        let (wrong, behind) = errors.split_at_mut(count.min(errors.len()));
        let (cells, cells_behind) = row.split_at_mut(count.min(row.len()));
        let told = (ups.get(..count).unwrap_or_default(), corners.get(..count).unwrap_or_default());
        left = noise_and_restore(bits, codes, (noise, wrong, cells), told, left);
        let still = quiet(rest);
        let (wrong, behind) = behind.split_at_mut(still.min(behind.len()));
        let (cells, cells_behind) = cells_behind.split_at_mut(still.min(cells_behind.len()));
        (ups, corners) = (ups.get(count..).unwrap_or_default(), corners.get(count..).unwrap_or_default());
        read_quiet(bits, codes, wrong);
        for ((error, cell), (up, corner)) in wrong.iter().zip(cells).zip(ups.iter().zip(corners)) {
            left = foretell(left, *up, *corner).wrapping_add(unfold(*error));
            *cell = left;
        }
        (ups, corners) = (ups.get(still..).unwrap_or_default(), corners.get(still..).unwrap_or_default());
        (contexts, errors, row) = (rest.get(still..).unwrap_or_default(), behind, cells_behind);
    }
}

fn noise_and_restore(
    bits: &mut Reader<'_>,
    codes: &Codes,
    (contexts, errors, cells): (&[u16], &mut [u16], &mut [i16]),
    (ups, corners): (&[i16], &[i16]),
    mut left: i16,
) -> i16 {
    let mut one = |bits: &mut Reader<'_>, context: u16, up: i16, corner: i16| {
        let error = codes[usize::from(context) % CONTEXTS].next(bits);
        left = foretell(left, up, corner).wrapping_add(unfold(error));
        (error, left)
    };
    let ((contexts, last), (errors, last_error)) = (contexts.as_chunks::<2>(), errors.as_chunks_mut::<2>());
    let (cells, last_cell) = cells.as_chunks_mut::<2>();
    let ((ups, last_up), (corners, last_corner)) = (ups.as_chunks::<2>(), corners.as_chunks::<2>());
    let told = ups.iter().zip(corners);
    for (((context, error), cell), (up, corner)) in contexts.iter().zip(errors).zip(cells).zip(told) {
        bits.fill();
        (error[0], cell[0]) = one(bits, context[0], up[0], corner[0]);
        (error[1], cell[1]) = one(bits, context[1], up[1], corner[1]);
    }
    if let (([context], [error]), [cell], ([up], [corner])) = ((last, last_error), last_cell, (last_up, last_corner)) {
        bits.fill();
        (*error, *cell) = one(bits, *context, *up, *corner);
    }
    left
}

/// Samples from what was left of them.
fn restore(above: &[i16], row: &mut [i16], step: usize, errors: &[u16]) {
    let (margin, row) = row.split_at_mut(step.min(row.len()));
    // As if the first samples stood to the left of themselves in the row above.
    let up = above.get(step..).unwrap_or_default();
    margin.iter_mut().zip(up).for_each(|(cell, up)| *cell = *up);
    let mut lefts = [0i16; 4];
    lefts.iter_mut().zip(&*margin).for_each(|(left, cell)| *left = *cell);
    let pixels = row.chunks_mut(step).zip(errors.chunks(step)).zip(up.chunks(step)).zip(above.chunks(step));
    for (((pixel, errors), up), corner) in pixels {
        for ((((x, error), up), corner), left) in pixel.iter_mut().zip(errors).zip(up).zip(corner).zip(&mut lefts) {
            *left = foretell(*left, *up, *corner).wrapping_add(unfold(*error));
            *x = *left;
        }
    }
}

#[inline]
fn unfold(error: u16) -> i16 {
    let half = (error >> 1).cast_signed();
    half ^ -((error & 1).cast_signed())
}

//! How the bytes of pixel data stand in rows.
//!
//! # Not here
//! Where a data set says so: `node::archive`.

use super::{NotCoded, take::Take};

/// Rows of samples of one or two bytes. Only sound ones exist: between 1 and 65,535 samples in a row, whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    width: u16,
    step: u8,
    shape: u8,
}

const WIDE: u8 = 1;
const SIGNED: u8 = 2;
const BIG_ENDIAN: u8 = 4;

impl Grid {
    /// `width` samples in a row, of which `step` (1 to 4) make a pixel; of 8 or 16 `bits`. `None` for any other.
    #[must_use]
    pub fn new(width: u32, step: u8, bits: u16) -> Option<Self> {
        let shape = match bits {
            8 => 0,
            16 => WIDE,
            _ => return None,
        };
        let grid = Self { width: u16::try_from(width).ok()?, step, shape };
        grid.is_sound().then_some(grid)
    }

    /// With samples in two's complement.
    #[must_use]
    pub fn signed(self, is_signed: bool) -> Self {
        Self { shape: self.shape & !SIGNED | if is_signed { SIGNED } else { 0 }, ..self }
    }

    /// With the higher byte first.
    #[must_use]
    pub fn big_endian(self, is_big_endian: bool) -> Self {
        Self { shape: self.shape & !BIG_ENDIAN | if is_big_endian { BIG_ENDIAN } else { 0 }, ..self }
    }

    fn is_sound(&self) -> bool {
        self.width > 0 && (1..=4).contains(&self.step) && self.width.is_multiple_of(u16::from(self.step))
    }

    pub(super) fn width(&self) -> usize {
        usize::from(self.width)
    }
    pub(super) fn step(&self) -> usize {
        usize::from(self.step)
    }
    pub(super) fn sample_bytes(&self) -> usize {
        if self.shape & WIDE == 0 { 1 } else { 2 }
    }
    pub(super) fn is_signed(&self) -> bool {
        self.shape & SIGNED != 0
    }
    pub(super) fn is_big_endian(&self) -> bool {
        self.shape & BIG_ENDIAN != 0
    }

    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.width.to_le_bytes());
        to.extend_from_slice(&[self.step, self.shape]);
    }

    pub(super) fn read(from: &mut Take<'_>) -> Result<Self, NotCoded> {
        let width = u16::from_le_bytes([from.byte()?, from.byte()?]);
        let grid = Self { width, step: from.byte()?, shape: from.byte()? };
        if grid.is_sound() { Ok(grid) } else { Err(NotCoded) }
    }
}

/// Where a unit lies in pixel data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How the samples stand.
    pub grid: Grid,
    /// Where in the unit a row begins, bytes: the first one.
    pub first_row: u64,
    /// Where in the unit the samples end, or behind it.
    pub end: u64,
}

impl Layout {
    /// Where a unit that begins at `offset` of an object lies in pixel data that begins at `start` and ends at `end`.
    #[must_use]
    pub fn at(grid: Grid, (start, end): (u64, u64), offset: u64) -> Self {
        let row = (grid.width() * grid.sample_bytes()) as u64;
        let first_row = match start.checked_sub(offset) {
            Some(before) => before,
            None => (offset - start).next_multiple_of(row) - (offset - start),
        };
        Self { grid, first_row, end: end.saturating_sub(offset) }
    }

    /// Bytes before the rows, whole rows, bytes behind them; `None` when there is no whole row.
    pub(super) fn cut<'a>(&self, unit: &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
        let end = usize::try_from(self.end).unwrap_or(usize::MAX).min(unit.len());
        let first = usize::try_from(self.first_row).ok()?;
        let row = self.grid.width() * self.grid.sample_bytes();
        let rows = end.checked_sub(first)? / row * row;
        let (before, rest) = unit.split_at_checked(first)?;
        let (rows, behind) = rest.split_at_checked(rows)?;
        if rows.is_empty() { None } else { Some((before, rows, behind)) }
    }
}

//! Bytes taken from the front, never more than are there.
//!
//! # Not here
//! Bits: [`super::bits`].

use super::NotCoded;

/// What is left of some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], NotCoded> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NotCoded)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, NotCoded> {
        let (taken, rest) = self.0.split_first().ok_or(NotCoded)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn number(&mut self) -> Result<u32, NotCoded> {
        let (taken, rest) = self.0.split_first_chunk::<4>().ok_or(NotCoded)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*taken))
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

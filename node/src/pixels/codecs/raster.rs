//! A decoded picture as the codecs give it: whole numbers, the samples of a pixel side by side.

/// Width, height and samples of a decoded picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Raster {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Samples per pixel.
    pub(super) components: usize,
    /// Bits of a sample, as the stream says.
    pub(super) bits: u32,
    pub(super) values: Vec<i32>,
}

impl Raster {
    pub(super) fn new(columns: usize, rows: usize, components: usize, bits: u32) -> Self {
        Self { columns, rows, components, bits, values: vec![0; columns * rows * components] }
    }

    pub(super) fn put_row(&mut self, row: usize, component: usize, line: &[i32]) {
        let first = row * self.columns * self.components + component;
        for (value, sample) in self.values.iter_mut().skip(first).step_by(self.components).zip(line) {
            *value = *sample;
        }
    }
}

//! JPEG by cosine transform with samples of twelve bits (ITU-T T.81 Annexes F, G), sequential and progressive.

use super::{
    Raster, Reading,
    huffman::{Bits, Table},
    stream::{Component, Frame, Scan, Tables},
};

/// Where the coefficients of a block stand, in the order they come.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The coefficients of one component.
struct Plane {
    component: Component,
    /// Blocks in a line, padded to whole units.
    across: usize,
    /// Blocks that hold samples of the image.
    used: (usize, usize),
    blocks: Vec<[i32; 64]>,
}

/// The coefficients of a frame while its scans come in.
pub(super) struct Dct {
    planes: Vec<Plane>,
    units: (usize, usize),
    most: (usize, usize),
}

impl Dct {
    pub(super) fn new(frame: &Frame) -> Self {
        let most = frame.components.iter().fold((1, 1), |(a, d), c| (c.across.max(a), c.down.max(d)));
        let units = (frame.columns.div_ceil(8 * most.0), frame.rows.div_ceil(8 * most.1));
        let plane = |component: &Component| {
            let (across, down) = (units.0 * component.across, units.1 * component.down);
            let used = (
                (frame.columns * component.across).div_ceil(most.0).div_ceil(8),
                (frame.rows * component.down).div_ceil(most.1).div_ceil(8),
            );
            Plane { component: *component, across, used, blocks: vec![[0; 64]; across * down] }
        };
        Self { planes: frame.components.iter().map(plane).collect(), units, most }
    }

    /// Decodes one scan; returns where it ends.
    pub(super) fn scan(
        &mut self,
        bytes: &[u8],
        at: usize,
        frame: &Frame,
        scan: &Scan,
        tables: &Tables,
    ) -> Reading<usize> {
        if scan.first > scan.last || scan.last > 63 || scan.low > 13 {
            return None;
        }
        let mut coder =
            Coder { bits: Bits::new(bytes, at), last_dc: [0; 4], end_run: 0, scan, progressive: frame.process == 0xC2 };
        let alone = match scan.components.as_slice() {
            [(component, ..)] => Some(self.planes.get(*component)?.used),
            _ => None,
        };
        let (across, down) = alone.unwrap_or(self.units);
        for unit in 0..across * down {
            if tables.restart > 0 && unit > 0 && unit.is_multiple_of(tables.restart) {
                coder.bits.restart()?;
                coder.last_dc = [0; 4];
                coder.end_run = 0;
            }
            let (x, y) = (unit % across, unit / across);
            for (component, dc, ac) in &scan.components {
                let plane = self.planes.get_mut(*component)?;
                let (wide, high) =
                    if alone.is_some() { (1, 1) } else { (plane.component.across, plane.component.down) };
                let slots = (tables.dc.get(*dc)?, tables.ac.get(*ac)?);
                for block in 0..wide * high {
                    let place = (y * high + block / wide) * plane.across + x * wide + block % wide;
                    coder.block(plane.blocks.get_mut(place)?, *component, slots)?;
                }
            }
        }
        Some(coder.bits.end())
    }

    /// Samples of all components, side by side; smaller ones are stretched.
    pub(super) fn raster(&self, frame: &Frame, tables: &Tables) -> Reading<Raster> {
        let mut raster = Raster::new(frame.columns, frame.rows, self.planes.len(), frame.bits);
        let (middle, top) = (1 << (frame.bits - 1), (1 << frame.bits) - 1);
        let basis = basis();
        for (number, plane) in self.planes.iter().enumerate() {
            let steps = tables.quantization.get(plane.component.quantization).filter(|q| q.len() == 64)?;
            let width = plane.across * 8;
            let mut samples = vec![0; plane.blocks.len() * 64];
            for (index, block) in plane.blocks.iter().enumerate() {
                let origin = (index / plane.across) * 8 * width + index % plane.across * 8;
                for (place, value) in inverse(block, steps, &basis).into_iter().enumerate() {
                    // Within 20 bits: coefficients and steps have 16 each, and nothing legal comes near.
                    #[allow(clippy::cast_possible_truncation)]
                    let value = (value.round() as i32).saturating_add(middle).clamp(0, top);
                    samples[origin + place / 8 * width + place % 8] = value;
                }
            }
            for row in 0..frame.rows {
                let from = row * plane.component.down / self.most.1 * width;
                let line: Vec<i32> =
                    (0..frame.columns).map(|x| samples[from + x * plane.component.across / self.most.0]).collect();
                raster.put_row(row, number, &line);
            }
        }
        Some(raster)
    }
}

struct Coder<'a> {
    bits: Bits<'a>,
    last_dc: [i32; 4],
    /// Blocks still to come without further coefficients.
    end_run: i32,
    scan: &'a Scan,
    progressive: bool,
}

impl Coder<'_> {
    fn block(&mut self, block: &mut [i32; 64], component: usize, (dc, ac): (&Table, &Table)) -> Reading<()> {
        if !self.progressive {
            block[0] = self.dc(component, dc)?;
            return self.ac(block, ac, 1, 63, 0);
        }
        let (first, last, low) = (self.scan.first, self.scan.last, self.scan.low);
        match (first, self.scan.high) {
            (0, 0) => block[0] = self.dc(component, dc)? << low,
            (0, _) => block[0] |= self.bits.take(1)? << low,
            (_, 0) => self.ac(block, ac, first, last, low)?,
            _ => self.refine(block, ac)?,
        }
        Some(())
    }

    fn dc(&mut self, component: usize, table: &Table) -> Reading<i32> {
        let width = u32::from(self.bits.code(table)?);
        if width > 15 {
            return None;
        }
        let last = self.last_dc.get_mut(component)?;
        *last = last.checked_add(self.bits.signed(width)?).filter(|dc| dc.abs() < 1 << 17)?;
        Some(*last)
    }

    fn ac(&mut self, block: &mut [i32; 64], table: &Table, first: usize, last: usize, low: u32) -> Reading<()> {
        if self.end_run > 0 {
            self.end_run -= 1;
            return Some(());
        }
        let mut k = first;
        while k <= last {
            let code = self.bits.code(table)?;
            let (run, width) = (u32::from(code >> 4), u32::from(code & 15));
            match (run, width) {
                (15, 0) => k += 16,
                (_, 0) => {
                    self.end_run = (1 << run) - 1 + self.bits.take(run)?;
                    break;
                }
                _ => {
                    k += run as usize;
                    *block.get_mut(*ZIGZAG.get(k).filter(|_| k <= last)?)? = self.bits.signed(width)? << low;
                    k += 1;
                }
            }
        }
        Some(())
    }

    /// Successive approximation of what earlier scans gave (T.81 G.1.2.3).
    fn refine(&mut self, block: &mut [i32; 64], table: &Table) -> Reading<()> {
        let (mut k, last, bit) = (self.scan.first, self.scan.last, 1 << self.scan.low);
        while self.end_run == 0 && k <= last {
            let code = self.bits.code(table)?;
            let (run, width) = (i32::from(code >> 4), code & 15);
            let mut new = 0;
            let mut zeros = run;
            match width {
                0 if run < 15 => {
                    self.end_run = (1 << run) + self.bits.take(u32::from(code >> 4))?;
                    break;
                }
                0 => {}
                1 => new = if self.bits.take(1)? == 1 { bit } else { -bit },
                _ => return None,
            }
            while k <= last {
                let value = block.get_mut(*ZIGZAG.get(k)?)?;
                k += 1;
                if *value != 0 {
                    self.correct(value, bit)?;
                } else if zeros == 0 {
                    *value = new;
                    break;
                } else {
                    zeros -= 1;
                }
            }
        }
        if self.end_run > 0 {
            while k <= last {
                let value = block.get_mut(*ZIGZAG.get(k)?)?;
                k += 1;
                if *value != 0 {
                    self.correct(value, bit)?;
                }
            }
            self.end_run -= 1;
        }
        Some(())
    }

    fn correct(&mut self, value: &mut i32, bit: i32) -> Reading<()> {
        if self.bits.take(1)? == 1 && *value & bit == 0 {
            *value += if *value > 0 { bit } else { -bit };
        }
        Some(())
    }
}

/// Cosines by place and frequency.
fn basis() -> [[f32; 8]; 8] {
    let mut basis = [[0.0; 8]; 8];
    for (place, row) in (0u8..).zip(&mut basis) {
        for (frequency, cosine) in (0u8..).zip(row) {
            let scale = if frequency == 0 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
            let angle = f32::from(2 * place + 1) * f32::from(frequency) * std::f32::consts::PI / 16.0;
            *cosine = scale * angle.cos() / 2.0;
        }
    }
    basis
}

/// The inverse transform of a block.
fn inverse(block: &[i32; 64], steps: &[i32], basis: &[[f32; 8]; 8]) -> [f32; 64] {
    let mut coefficients = [0.0f32; 64];
    for (place, step) in ZIGZAG.iter().zip(steps) {
        // Below 2^24 wherever the stream is sound.
        #[allow(clippy::cast_precision_loss)]
        let value = block[*place].saturating_mul(*step) as f32;
        coefficients[*place] = value;
    }
    let mut half = [0.0f32; 64];
    for row in 0..8 {
        for x in 0..8 {
            half[row * 8 + x] = (0..8).map(|u| coefficients[row * 8 + u] * basis[x][u]).sum();
        }
    }
    let mut out = [0.0f32; 64];
    for y in 0..8 {
        for x in 0..8 {
            out[y * 8 + x] = (0..8).map(|v| half[v * 8 + x] * basis[y][v]).sum();
        }
    }
    out
}

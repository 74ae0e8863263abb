//! Frame and scan headers of a JPEG stream (ITU-T T.81 Annex B) for the processes that are decoded here: lossless, and
//! twelve-bit DCT.

use super::{Raster, Reading, dct::Dct, huffman::Table, lossless, marks};

/// One component of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) quantization: usize,
}

/// A frame header.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) process: u8,
    pub(super) bits: u32,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) components: Vec<Component>,
}

/// A scan header, with the Huffman slots of each component.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// Component, DC slot, AC slot.
    pub(super) components: Vec<(usize, usize, usize)>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) high: u32,
    pub(super) low: u32,
}

/// What is defined between scans.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) dc: [Table; 4],
    pub(super) ac: [Table; 4],
    pub(super) quantization: [Vec<i32>; 4],
    /// Units between restart markers; 0: none.
    pub(super) restart: usize,
}

impl Frame {
    pub(super) fn of(process: u8, body: &[u8]) -> Reading<Self> {
        let [bits, h1, h2, w1, w2, count, rest @ ..] = body else { return None };
        let size = |a: &u8, b: &u8| usize::from(u16::from_be_bytes([*a, *b]));
        let mut components = Vec::with_capacity(4);
        for named in rest.chunks_exact(3).take(usize::from(*count)) {
            let [id, sampling, quantization] = *named else { return None };
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) || quantization > 3 {
                return None;
            }
            components.push(Component { id, across, down, quantization: quantization.into() });
        }
        let frame = Self { process, bits: u32::from(*bits), rows: size(h1, h2), columns: size(w1, w2), components };
        let whole = frame.components.len() == usize::from(*count) && matches!(*count, 1..=4);
        (whole && (2..=16).contains(&frame.bits) && frame.rows > 0 && frame.columns > 0).then_some(frame)
    }

    fn size(&self) -> (u32, u32, u32) {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(self.columns), number(self.rows), number(self.components.len()))
    }
}

impl Scan {
    fn of(body: &[u8], frame: &Frame) -> Reading<Self> {
        let (count, rest) = body.split_first()?;
        let count = usize::from(*count);
        let mut components = Vec::with_capacity(count);
        for pair in rest.get(..count * 2)?.chunks_exact(2) {
            let [id, slots] = *pair else { return None };
            let (dc, ac) = (usize::from(slots >> 4), usize::from(slots & 15));
            if dc > 3 || ac > 3 {
                return None;
            }
            components.push((frame.components.iter().position(|c| c.id == id)?, dc, ac));
        }
        let [first, last, approximation, ..] = *rest.get(count * 2..)? else { return None };
        let (high, low) = (u32::from(approximation >> 4), u32::from(approximation & 15));
        (count > 0).then_some(Self { components, first: first.into(), last: last.into(), high, low })
    }
}

impl Tables {
    fn quantization(&mut self, mut body: &[u8]) -> Reading<()> {
        while let [slot, rest @ ..] = body {
            let wide = slot >> 4 != 0;
            let bytes = if wide { 128 } else { 64 };
            let values = rest.get(..bytes)?;
            let numbers = if wide {
                values.chunks_exact(2).map(|two| i32::from(two[0]) << 8 | i32::from(two[1])).collect()
            } else {
                values.iter().map(|b| i32::from(*b)).collect()
            };
            *self.quantization.get_mut(usize::from(slot & 15))? = numbers;
            body = rest.get(bytes..)?;
        }
        Some(())
    }

    fn huffman(&mut self, body: &[u8]) -> Reading<()> {
        for (slot, table) in Table::read_all(body)? {
            let tables = if slot >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(slot & 15))? = table;
        }
        Some(())
    }
}

/// Decodes a stream of process 1 or 2 (DCT, sequential and progressive) or 3 (lossless) whose frame has this size:
/// columns, rows, components. A stream may repeat its header, and each time say another one.
pub(super) fn read(bytes: &[u8], size: (u32, u32, u32)) -> Reading<Raster> {
    let mut at = 2;
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    let mut dct: Option<Dct> = None;
    let mut raster: Option<Raster> = None;
    let mut scanned = 0;
    while let Some((marker, body)) = marks::next(bytes, &mut at) {
        match marker {
            0xC1..=0xC3 => frame = Some(Frame::of(marker, body).filter(|frame| frame.size() == size)?),
            0xC0 | 0xC5..=0xC7 | 0xC9..=0xCF => return None,
            0xC4 => tables.huffman(body)?,
            0xDB => tables.quantization(body)?,
            0xDD => tables.restart = usize::from(u16::from_be_bytes(*body.first_chunk::<2>()?)),
            0xDA => {
                let frame = frame.as_ref()?;
                let scan = Scan::of(body, frame)?;
                scanned += scan.components.len();
                at = if frame.process == 0xC3 {
                    let new = || Raster::new(frame.columns, frame.rows, frame.components.len(), frame.bits);
                    lossless::scan(bytes, at, frame, &scan, &tables, raster.get_or_insert_with(new))?
                } else {
                    dct.get_or_insert_with(|| Dct::new(frame)).scan(bytes, at, frame, &scan, &tables)?
                };
            }
            0xD9 => break,
            _ => {}
        }
    }
    let frame = frame.filter(|f| scanned >= f.components.len())?;
    match dct {
        Some(dct) => dct.raster(&frame, &tables),
        None => raster,
    }
}

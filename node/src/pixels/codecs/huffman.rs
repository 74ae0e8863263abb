//! Huffman codes of JPEG (ITU-T T.81 Annex C, F.2.2) and the bits they stand in.

use super::Reading;

/// A table: codes by length.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// For each length: the first code behind those of this length, aligned to 16 bits, and where its values begin.
    ends: [(u32, i32); 16],
    values: Vec<u8>,
}

impl Table {
    /// Reads the tables of a DHT segment: class and slot, and the table.
    pub(super) fn read_all(mut body: &[u8]) -> Reading<Vec<(u8, Self)>> {
        let mut all = Vec::new();
        while let [slot, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|c| usize::from(*c)).sum();
            let values = rest.get(..total)?.to_vec();
            body = rest.get(total..)?;
            let mut table = Self { ends: [(0, 0); 16], values };
            let (mut code, mut index) = (0u32, 0i32);
            for (length, (count, end)) in counts.iter().zip(&mut table.ends).enumerate() {
                let first = code;
                code += u32::from(*count);
                let shift = 15 - u32::try_from(length).ok()?;
                if code << shift > 1 << 16 {
                    return None;
                }
                *end = (code << shift, index - i32::try_from(first).ok()?);
                index += i32::from(*count);
                code <<= 1;
            }
            all.push((*slot, table));
        }
        Some(all)
    }
}

/// Bits of a scan; a zero byte follows each FF that is not a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// Bits made up behind the end.
    made_up: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0, made_up: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let (byte, step) = match self.bytes.get(self.at..) {
                Some([0xFF, 0, ..]) => (0xFF, 2),
                Some([0xFF, ..] | []) | None => (0, 0),
                Some([byte, ..]) => (*byte, 1),
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
            self.at += step;
            if step == 0 {
                self.made_up += 8;
            }
        }
    }

    fn peek16(&mut self) -> u32 {
        if self.count < 16 {
            self.fill();
        }
        u32::try_from(self.held >> (self.count - 16) & 0xFFFF).unwrap_or(0)
    }

    fn skip(&mut self, width: u32) -> Reading<()> {
        self.count -= width;
        // What was made up must never be taken.
        (self.made_up <= self.count).then_some(())
    }

    /// Up to 16 bits.
    pub(super) fn take(&mut self, width: u32) -> Reading<i32> {
        if width == 0 {
            return Some(0);
        }
        let bits = self.peek16() >> (16 - width);
        self.skip(width)?;
        i32::try_from(bits).ok()
    }

    /// The next code's value.
    pub(super) fn code(&mut self, table: &Table) -> Reading<u8> {
        let bits = self.peek16();
        for (length, (end, offset)) in (1u32..).zip(&table.ends) {
            if bits < *end {
                self.skip(length)?;
                let index = i32::try_from(bits >> (16 - length)).ok()? + offset;
                return table.values.get(usize::try_from(index).ok()?).copied();
            }
        }
        None
    }

    /// A signed number of so many bits (T.81 F.2.2.1, EXTEND).
    pub(super) fn signed(&mut self, width: u32) -> Reading<i32> {
        let bits = self.take(width)?;
        Some(if width > 0 && bits < 1 << (width - 1) { bits - (1 << width) + 1 } else { bits })
    }

    /// Goes on behind a restart marker.
    pub(super) fn restart(&mut self) -> Reading<()> {
        let at = self.end();
        match self.bytes.get(at..at + 2)? {
            [0xFF, 0xD0..=0xD7] => *self = Self::new(self.bytes, at + 2),
            _ => return None,
        }
        Some(())
    }

    /// Where the next marker is: reading never goes past one.
    pub(super) fn end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let marker = rest.windows(2).position(|w| w[0] == 0xFF && w[1] != 0 && w[1] != 0xFF);
        self.at + marker.unwrap_or(rest.len())
    }
}

//! JPEG-LS (ITU-T T.87 | ISO 14495-1): lossless and near-lossless, 2 to 16 bits, every interleaving, restart intervals.
//!
//! Not read: palettes inside the stream (LSE 2 and 3) and subsampled components, which DICOM does not use.

use super::{Raster, Reading, marks};

/// Contexts of regular mode, with the two of run interruptions behind them.
const CONTEXTS: usize = 365;
/// Orders of run lengths (T.87 A.2.1, table J).
const J: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Decodes a stream whose frame has this size: columns, rows, components. A stream may repeat its header, and each time
/// say another one.
pub(super) fn read(bytes: &[u8], size: (u32, u32, u32)) -> Reading<Raster> {
    let mut stream = Stream { bytes, at: 2, preset: Preset::default(), restart: 0 };
    let mut frame = None;
    let mut raster = None;
    let mut scans = 0;
    while let Some((marker, body)) = marks::next(stream.bytes, &mut stream.at) {
        match marker {
            0xF7 => frame = Some(Frame::of(body).filter(|frame| frame.raster_size() == size)?),
            0xF8 => stream.preset = stream.preset.with(body)?,
            0xDD => stream.restart = body.iter().fold(0, |n: u32, b| n << 8 | u32::from(*b)),
            0xDA => {
                let frame: &Frame = frame.as_ref()?;
                let raster = raster.get_or_insert_with(|| frame.raster());
                let scan = Scan::of(body, frame)?;
                stream.scan(frame, &scan, raster)?;
                scans += scan.components.len();
                if scans >= frame.components.len() {
                    break;
                }
            }
            0xD9 => break,
            _ => {}
        }
    }
    raster.filter(|_| frame.is_some_and(|f| scans >= f.components.len()))
}

struct Stream<'a> {
    bytes: &'a [u8],
    at: usize,
    preset: Preset,
    /// Lines between restart markers; 0: none.
    restart: u32,
}

struct Frame {
    bits: u32,
    rows: usize,
    columns: usize,
    components: Vec<u8>,
}

impl Frame {
    fn of(body: &[u8]) -> Reading<Self> {
        let [bits, h1, h2, w1, w2, count, components @ ..] = body else { return None };
        let size = |a: &u8, b: &u8| usize::from(u16::from_be_bytes([*a, *b]));
        let components: Vec<&[u8]> = components.chunks_exact(3).take(usize::from(*count)).collect();
        let whole = components.len() == usize::from(*count) && matches!(*count, 1..=4);
        let even = components.iter().all(|c| c.get(1) == Some(&0x11));
        let frame = Self {
            bits: u32::from(*bits),
            rows: size(h1, h2),
            columns: size(w1, w2),
            components: components.iter().filter_map(|c| c.first().copied()).collect(),
        };
        (whole && even && (2..=16).contains(&frame.bits) && frame.rows > 0 && frame.columns > 0).then_some(frame)
    }

    fn raster_size(&self) -> (u32, u32, u32) {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(self.columns), number(self.rows), number(self.components.len()))
    }

    fn raster(&self) -> Raster {
        Raster::new(self.columns, self.rows, self.components.len(), self.bits)
    }
}

struct Scan {
    components: Vec<usize>,
    near: i32,
    by_sample: bool,
}

impl Scan {
    fn of(body: &[u8], frame: &Frame) -> Reading<Self> {
        let (count, rest) = body.split_first()?;
        let count = usize::from(*count);
        let named = rest.get(..count * 2)?.chunks_exact(2);
        let mut components = Vec::with_capacity(count);
        for pair in named {
            let [id, 0] = *pair else { return None };
            components.push(frame.components.iter().position(|c| *c == id)?);
        }
        let [near, interleave, ..] = *rest.get(count * 2..)? else { return None };
        let fits = match interleave {
            0 => count == 1,
            1 | 2 => count > 1,
            _ => false,
        };
        fits.then_some(Self { components, near: i32::from(near), by_sample: interleave == 2 })
    }
}

/// Parameters of LSE 1; 0: by default.
#[derive(Clone, Copy, Default)]
struct Preset {
    values: [i32; 5],
}

impl Preset {
    fn with(self, body: &[u8]) -> Reading<Self> {
        let (kind, rest) = body.split_first()?;
        if *kind != 1 {
            return None;
        }
        let mut values = [0; 5];
        for (value, two) in values.iter_mut().zip(rest.chunks_exact(2)) {
            *value = two.iter().fold(0, |n: i32, b| n << 8 | i32::from(*b));
        }
        Some(Self { values })
    }
}

/// What coding depends on (T.87 C.2.4.1.1, A.2.1).
struct Params {
    max: i32,
    near: i32,
    thresholds: [i32; 3],
    reset: i32,
    range: i32,
    qbpp: u32,
    limit: u32,
}

impl Params {
    fn new(frame: &Frame, near: i32, preset: Preset) -> Reading<Self> {
        let [max, t1, t2, t3, reset] = preset.values;
        let full = (1i32 << frame.bits) - 1;
        let max = if max == 0 { full } else { max };
        if max > full || near > max / 2 || near < 0 {
            return None;
        }
        let clamp = |i: i32, j: i32| if i > max || i < j { j } else { i };
        let [d1, d2, d3] = if max >= 128 {
            let factor = (max.min(4095) + 128) / 256;
            [factor + 2 + 3 * near, factor * 4 + 3 + 5 * near, factor * 17 + 4 + 7 * near]
        } else {
            let factor = 256 / (max + 1);
            [(3 / factor + 3 * near).max(2), (7 / factor + 5 * near).max(3), (21 / factor + 7 * near).max(4)]
        };
        let t1 = if t1 == 0 { clamp(d1, near + 1) } else { t1 };
        let t2 = if t2 == 0 { clamp(d2, t1) } else { t2 };
        let t3 = if t3 == 0 { clamp(d3, t2) } else { t3 };
        let range = (max + 2 * near) / (2 * near + 1) + 1;
        let log = |n: i32| 32 - u32::try_from(n - 1).unwrap_or(0).leading_zeros();
        let bpp = log(max + 1).max(2);
        let params = Self {
            max,
            near,
            thresholds: [t1, t2, t3],
            reset: if reset == 0 { 64 } else { reset },
            range,
            qbpp: log(range),
            limit: 2 * (bpp + bpp.max(8)),
        };
        (params.reset >= 3 && near < t1 && t1 <= t2 && t2 <= t3 && t3 <= max.max(near + 1)).then_some(params)
    }

    fn quantize(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = match d.abs() {
            a if a <= self.near => 0,
            a if a < t1 => 1,
            a if a < t2 => 2,
            a if a < t3 => 3,
            _ => 4,
        };
        // Negative differences fall on the thresholds' other side at the same size.
        if d < 0 { -size } else { size }
    }

    /// A sample from its prediction and an error (T.87 A.4.5, A.5.2).
    fn reconstruct(&self, predicted: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut value = predicted + error * step;
        if value < -self.near {
            value += self.range * step;
        } else if value > self.max + self.near {
            value -= self.range * step;
        }
        value.clamp(0, self.max)
    }
}

#[derive(Clone, Copy)]
struct Context {
    a: i32,
    b: i32,
    c: i32,
    n: i32,
}

/// The state of a scan between restarts.
struct State {
    contexts: Vec<Context>,
    /// Of run interruptions: how many errors were negative.
    negatives: [i32; 2],
    /// By component.
    run_index: [usize; 4],
}

impl State {
    fn new(params: &Params) -> Self {
        let fresh = Context { a: ((params.range + 32) / 64).max(2), b: 0, c: 0, n: 1 };
        Self { contexts: vec![fresh; CONTEXTS + 2], negatives: [0; 2], run_index: [0; 4] }
    }
}

/// One line with its neighbours: the sample before the first and the one after the last stand at both ends.
struct Lines {
    previous: Vec<i32>,
    current: Vec<i32>,
}

impl Lines {
    fn new(columns: usize) -> Self {
        Self { previous: vec![0; columns + 2], current: vec![0; columns + 2] }
    }

    /// Before a line: its left neighbour is the sample above its first; right of the line above is its last.
    fn begin(&mut self) {
        let last = self.previous.len() - 1;
        self.previous[last] = self.previous[last - 1];
        self.current[0] = self.previous[1];
    }

    /// Ra, Rb, Rc, Rd of column `x`, from 1.
    fn around(&self, x: usize) -> [i32; 4] {
        [self.current[x - 1], self.previous[x], self.previous[x - 1], self.previous[x + 1]]
    }
}

impl Stream<'_> {
    fn scan(&mut self, frame: &Frame, scan: &Scan, raster: &mut Raster) -> Reading<()> {
        let params = Params::new(frame, scan.near, self.preset)?;
        let mut coder = Coder { bits: Bits::new(self.bytes, self.at), state: State::new(&params), params };
        let mut lines: Vec<Lines> = scan.components.iter().map(|_| Lines::new(frame.columns)).collect();
        for row in 0..frame.rows {
            let restarts = self.restart > 0 && row > 0 && row % self.restart as usize == 0;
            if restarts {
                coder.bits.restart()?;
                coder.state = State::new(&coder.params);
                lines.iter_mut().for_each(|l| *l = Lines::new(frame.columns));
            }
            lines.iter_mut().for_each(Lines::begin);
            if scan.by_sample {
                coder.line_by_sample(&mut lines, frame.columns)?;
            } else {
                for (index, line) in lines.iter_mut().enumerate() {
                    coder.line(line, frame.columns, index)?;
                }
            }
            for (line, component) in lines.iter_mut().zip(&scan.components) {
                raster.put_row(row, *component, line.current.get(1..=frame.columns)?);
                std::mem::swap(&mut line.previous, &mut line.current);
            }
        }
        self.at = coder.bits.end();
        Some(())
    }
}

struct Coder<'a> {
    bits: Bits<'a>,
    state: State,
    params: Params,
}

impl Coder<'_> {
    /// Context and sign of regular mode; `None`: run mode.
    fn context(&self, [ra, rb, rc, rd]: [i32; 4]) -> Option<(usize, i32)> {
        let q = |d| self.params.quantize(d);
        let code = (q(rd - rb) * 9 + q(rb - rc)) * 9 + q(rc - ra);
        (code != 0).then(|| (code.unsigned_abs() as usize, code.signum()))
    }

    fn line(&mut self, line: &mut Lines, columns: usize, component: usize) -> Reading<()> {
        let mut x = 1;
        while x <= columns {
            let around = line.around(x);
            if let Some((context, sign)) = self.context(around) {
                line.current[x] = self.regular(around, context, sign)?;
                x += 1;
                continue;
            }
            let ra = around[0];
            let run = self.run(columns + 1 - x, component)?;
            line.current[x..x + run].fill(ra);
            x += run;
            if x <= columns {
                let rb = line.previous[x];
                line.current[x] = self.interruption(ra, rb, component)?;
                self.shorten(component);
                x += 1;
            }
        }
        Some(())
    }

    fn line_by_sample(&mut self, lines: &mut [Lines], columns: usize) -> Reading<()> {
        let mut x = 1;
        while x <= columns {
            if lines.iter().any(|line| self.context(line.around(x)).is_some()) {
                for line in lines.iter_mut() {
                    let around = line.around(x);
                    let (context, sign) = self.context(around).unwrap_or((0, 1));
                    line.current[x] = self.regular(around, context, sign)?;
                }
                x += 1;
                continue;
            }
            let run = self.run(columns + 1 - x, 0)?;
            for line in lines.iter_mut() {
                let ra = line.current[x - 1];
                line.current[x..x + run].fill(ra);
            }
            x += run;
            if x <= columns {
                for line in lines.iter_mut() {
                    let (ra, rb) = (line.current[x - 1], line.previous[x]);
                    let error = self.interruption_error(0, 0)?;
                    line.current[x] = self.params.reconstruct(rb, if ra > rb { -error } else { error });
                }
                self.shorten(0);
                x += 1;
            }
        }
        Some(())
    }

    fn regular(&mut self, [ra, rb, rc, _]: [i32; 4], index: usize, sign: i32) -> Reading<i32> {
        let (low, high) = (ra.min(rb), ra.max(rb));
        let edge = if rc >= high {
            low
        } else if rc <= low {
            high
        } else {
            ra + rb - rc
        };
        let context = *self.state.contexts.get(index)?;
        let predicted = (edge + sign * context.c).clamp(0, self.params.max);
        let k = order(context.n, context.a);
        let mapped = self.bits.golomb(k, self.params.limit, self.params.qbpp)?;
        let inverted = self.params.near == 0 && k == 0 && 2 * context.b <= -context.n;
        let error = match (mapped & 1 == 1, inverted) {
            (false, false) => mapped >> 1,
            (true, false) => -((mapped + 1) >> 1),
            (true, true) => (mapped - 1) >> 1,
            (false, true) => -(mapped >> 1) - 1,
        };
        self.update(index, error)?;
        Some(self.params.reconstruct(predicted, sign * error))
    }

    fn update(&mut self, index: usize, error: i32) -> Reading<()> {
        let context = self.state.contexts.get_mut(index)?;
        context.b += error * (2 * self.params.near + 1);
        context.a = context.a.checked_add(error.abs())?;
        if context.n == self.params.reset {
            context.a >>= 1;
            context.b >>= 1;
            context.n >>= 1;
        }
        context.n += 1;
        if context.b <= -context.n {
            context.b = (context.b + context.n).max(1 - context.n);
            context.c = (context.c - 1).max(-128);
        } else if context.b > 0 {
            context.b = (context.b - context.n).min(0);
            context.c = (context.c + 1).min(127);
        }
        Some(())
    }

    /// Length of a run, at most `left` (T.87 A.7.1).
    fn run(&mut self, left: usize, component: usize) -> Reading<usize> {
        let index = self.state.run_index.get_mut(component)?;
        let mut run = 0;
        while self.bits.take(1)? == 1 {
            let step = 1usize << J[*index];
            if run + step > left {
                return Some(left);
            }
            run += step;
            *index = (*index + 1).min(31);
            if run == left {
                return Some(left);
            }
        }
        run += self.bits.take(J[*index])? as usize;
        // A run that is broken off has a sample after it.
        (run < left).then_some(run)
    }

    fn shorten(&mut self, component: usize) {
        if let Some(index) = self.state.run_index.get_mut(component) {
            *index = index.saturating_sub(1);
        }
    }

    fn interruption(&mut self, ra: i32, rb: i32, component: usize) -> Reading<i32> {
        if (ra - rb).abs() <= self.params.near {
            let error = self.interruption_error(1, component)?;
            return Some(self.params.reconstruct(ra, error));
        }
        let error = self.interruption_error(0, component)?;
        Some(self.params.reconstruct(rb, if ra > rb { -error } else { error }))
    }

    /// The error of a sample that ends a run (T.87 A.7.2); `kind` 1: where its neighbours are alike.
    fn interruption_error(&mut self, kind: usize, component: usize) -> Reading<i32> {
        let run_order = J[*self.state.run_index.get(component)?];
        let context = self.state.contexts.get_mut(CONTEXTS + kind)?;
        let negatives = self.state.negatives.get_mut(kind)?;
        let like = i32::from(kind == 1);
        let k = order(context.n, context.a + if kind == 1 { context.n >> 1 } else { 0 });
        let mapped = self.bits.golomb(k, self.params.limit - run_order - 1, self.params.qbpp)?;
        let odd = (mapped + like) & 1;
        let size = (mapped + like + odd) / 2;
        let negative = (k != 0 || 2 * *negatives >= context.n) == (odd == 1);
        let error = if negative { -size } else { size };
        if error < 0 {
            *negatives += 1;
        }
        context.a = context.a.checked_add((mapped + 1 - like) >> 1)?;
        if context.n == self.params.reset {
            context.a >>= 1;
            context.n >>= 1;
            *negatives >>= 1;
        }
        context.n += 1;
        Some(error)
    }
}

/// The Golomb order: least k with n·2^k ≥ a.
fn order(n: i32, a: i32) -> u32 {
    let mut k = 0;
    while k < 24 && i64::from(n) << k < i64::from(a) {
        k += 1;
    }
    k
}

/// Bits of a scan: after a byte FF comes one of seven bits (T.87 C.1.2.4).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    after_ff: bool,
    /// Bits made up behind the end: a stream that needs many of them was cut off.
    made_up: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0, after_ff: false, made_up: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = self.bytes.get(self.at).copied();
            match byte {
                Some(byte) if !self.ends(byte) => {
                    let width = if self.after_ff { 7 } else { 8 };
                    self.held = self.held << width | u64::from(byte);
                    self.count += width;
                    self.after_ff = byte == 0xFF;
                    self.at += 1;
                }
                _ => {
                    self.held <<= 8;
                    self.count += 8;
                    self.made_up += 8;
                }
            }
        }
    }

    /// Whether this byte, the next, belongs to a marker.
    fn ends(&self, byte: u8) -> bool {
        let is_second = self.after_ff && byte & 0x80 != 0;
        is_second || byte == 0xFF && self.bytes.get(self.at + 1).is_none_or(|next| next & 0x80 != 0)
    }

    fn take(&mut self, width: u32) -> Reading<u32> {
        if width == 0 {
            return Some(0);
        }
        if self.count < width {
            self.fill();
        }
        self.count -= width;
        // What was made up must never be taken.
        if self.made_up > self.count {
            return None;
        }
        u32::try_from(self.held >> self.count & ((1 << width) - 1)).ok()
    }

    /// A limited-length Golomb code (T.87 A.5.3).
    fn golomb(&mut self, k: u32, limit: u32, qbpp: u32) -> Reading<i32> {
        let most = limit.checked_sub(qbpp + 1)?;
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > most {
                return None;
            }
        }
        let value = if zeros < most {
            u64::from(zeros) << k | u64::from(self.take(k)?)
        } else {
            u64::from(self.take(qbpp)?) + 1
        };
        i32::try_from(value).ok().filter(|v| *v < 1 << 24)
    }

    /// Goes on behind a restart marker.
    fn restart(&mut self) -> Reading<()> {
        let at = self.end();
        match self.bytes.get(at..at + 2)? {
            [0xFF, 0xD0..=0xD7] => *self = Self::new(self.bytes, at + 2),
            _ => return None,
        }
        Some(())
    }

    /// Where the next marker is: reading never goes past one.
    fn end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let marker = rest.windows(2).position(|w| w[0] == 0xFF && w[1] & 0x80 != 0);
        self.at + marker.unwrap_or(rest.len())
    }
}

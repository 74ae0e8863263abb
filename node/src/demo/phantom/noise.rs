//! Randomness that is the same every time: a generator, smooth noise in space, and the grain of a detector.

/// A small generator (SplitMix64), not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f32 {
        let top = u16::try_from(self.next() >> 48).unwrap_or_default();
        f32::from(top) / f32::from(u16::MAX)
    }

    /// Mean 0, deviation 1, near enough: a sum of uniform values.
    pub(crate) fn normal(&mut self) -> f32 {
        ((0..6).map(|_| self.unit()).sum::<f32>() - 3.0) * std::f32::consts::SQRT_2
    }
}

const SIDE: usize = 32;

/// Smooth value noise over space, from −1 to 1, repeating after 32 cells.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    lattice: Vec<f32>,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self { lattice: (0..SIDE * SIDE * SIDE).map(|_| random.unit() * 2.0 - 1.0).collect() }
    }

    pub(crate) fn at(&self, x: f32, y: f32, z: f32) -> f32 {
        let ((x0, x1, fx), (y0, y1, fy), (z0, z1, fz)) = (cell(x), cell(y), cell(z));
        let corner = |x: usize, y: usize, z: usize| self.lattice.get((z * SIDE + y) * SIDE + x).copied().unwrap_or(0.0);
        let edge = |y, z| mix(corner(x0, y, z), corner(x1, y, z), fx);
        let face = |z| mix(edge(y0, z), edge(y1, z), fy);
        mix(face(z0), face(z1), fz)
    }

    /// Two octaves.
    pub(crate) fn rough(&self, x: f32, y: f32, z: f32) -> f32 {
        self.at(x, y, z) * 0.67 + self.at(x * 2.1 + 7.3, y * 2.1 + 3.1, z * 2.1 + 5.7) * 0.33
    }
}

/// The two lattice points around a coordinate, and the eased place between them.
fn cell(v: f32) -> (usize, usize, f32) {
    let floor = v.floor();
    let f = v - floor;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let low = (floor.rem_euclid(32.0) as usize) % SIDE;
    (low, (low + 1) % SIDE, f * f * (3.0 - 2.0 * f))
}

pub(crate) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// From 0 at `from` to 1 at `to`, smoothly.
pub(crate) fn step(from: f32, to: f32, v: f32) -> f32 {
    let t = ((v - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A tile of detector grain with deviation 1 and a little correlation between neighbours, as reconstruction leaves it.
#[derive(Clone, Debug)]
pub(crate) struct Grain {
    side: usize,
    values: Vec<f32>,
}

impl Grain {
    pub(crate) fn new(seed: u64, side: usize) -> Self {
        let mut random = Random::new(seed);
        let raw: Vec<f32> = (0..side * side).map(|_| random.normal()).collect();
        let at = |x: usize, y: usize| raw.get((y % side) * side + x % side).copied().unwrap_or(0.0);
        let values = (0..side * side).map(|i| {
            let (x, y) = (i % side, i / side);
            let beside = at(x + 1, y) + at(x, y + 1) + at(x + side - 1, y) + at(x, y + side - 1);
            (at(x, y) + 0.45 * beside) / 1.345
        });
        Self { side, values: values.collect() }
    }

    /// The grain of a pixel of a picture, each picture at its own place of the tile.
    pub(crate) fn at(&self, picture: usize, x: usize, y: usize) -> f32 {
        let (dx, dy) = (picture * 197 + 31, picture * 331 + 17);
        let place = ((y + dy) % self.side) * self.side + (x + dx) % self.side;
        self.values.get(place).copied().unwrap_or(0.0)
    }
}

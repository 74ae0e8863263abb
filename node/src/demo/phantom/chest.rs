//! A chest radiograph in two views: how much each ray is weakened on its way.
//!
//! Organs are bodies of known thickness along the ray; ribs, collar bones and vessels are tubes drawn along curves. The
//! sum is what a detector would see after the logarithm, bones bright.

use super::noise::{Noise, Random, step};

/// Pixels along each side.
pub(crate) const SIDE: usize = 1024;

/// Which way the rays go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    PosteroAnterior,
    Lateral,
}

/// A sum of attenuations, in units of the full picture: both coordinates from −1 to 1, v downwards.
struct Film {
    sums: Vec<f32>,
}

impl Film {
    fn new() -> Self {
        Self { sums: vec![0.0; SIDE * SIDE] }
    }

    fn add(&mut self, body: impl Fn(f32, f32) -> f32) {
        for (i, sum) in self.sums.iter_mut().enumerate() {
            *sum += body(place(i % SIDE), place(i / SIDE));
        }
    }

    /// A hollow tube along points: dense walls, lighter inside, never twice where its pieces overlap.
    fn tube(&mut self, points: &[(f32, f32, f32)], weight: f32, hollow: f32) {
        let mut own: std::collections::HashMap<usize, f32> = std::collections::HashMap::new();
        for &(u, v, radius) in points {
            let reach = radius * 512.0 + 1.0;
            let (cx, cy) = ((u + 1.0) * 512.0, (v + 1.0) * 512.0);
            for y in span(cy, reach) {
                for x in span(cx, reach) {
                    let (du, dv) = (place(x) - u, place(y) - v);
                    let r = (du * du + dv * dv).sqrt() / radius;
                    let full = (1.0 - r * r).max(0.0).sqrt();
                    let inner = (1.0 - (r / 0.78).powi(2)).max(0.0).sqrt() * 0.78 * hollow;
                    let value = (full - inner) * radius * weight;
                    let kept = own.entry(y * SIDE + x).or_insert(0.0);
                    *kept = kept.max(value);
                }
            }
        }
        for (i, value) in own {
            if let Some(sum) = self.sums.get_mut(i) {
                *sum += value;
            }
        }
    }

    fn develop(&self, random: &mut Random) -> Vec<u16> {
        let grain = self.sums.iter().map(|sum| {
            // Fewer photons behind more tissue: more grain.
            let noise = random.normal() * (0.008 + 0.006 * sum.max(0.0));
            let density = 1.0 - (-0.95 * (sum + noise).max(0.0)).exp();
            level(density * 4095.0)
        });
        grain.collect()
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn level(value: f32) -> u16 {
    value.clamp(0.0, 4095.0) as u16
}

fn place(i: usize) -> f32 {
    (f32::from(u16::try_from(i).unwrap_or(0)) + 0.5) / 512.0 - 1.0
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn span(centre: f32, reach: f32) -> std::ops::Range<usize> {
    let bound = |v: f32| (v.max(0.0) as usize).min(SIDE);
    bound(centre - reach)..bound(centre + reach + 1.0)
}

/// Thickness of an ellipsoid, 1 in its middle.
fn ball(u: f32, v: f32, centre: (f32, f32), axes: (f32, f32)) -> f32 {
    let (x, y) = ((u - centre.0) / axes.0, (v - centre.1) / axes.1);
    (1.0 - x * x - y * y).max(0.0).sqrt()
}

/// A radiograph of 1024 × 1024 with twelve bits.
pub(crate) fn radiograph(view: View, seed: u64) -> Vec<u16> {
    let noise = Noise::new(seed);
    let mut random = Random::new(seed ^ 0x5eed);
    let mut film = Film::new();
    match view {
        View::PosteroAnterior => frontal(&mut film, &noise, &mut random),
        View::Lateral => lateral(&mut film, &noise, &mut random),
    }
    film.develop(&mut random)
}

/// How much lung a ray of the frontal view crosses, 0 to 1. The patient's left is at the right of the picture.
fn lung(u: f32, v: f32, noise: &Noise) -> f32 {
    let left = u > 0.0;
    let side = if left { u } else { -u };
    let wave = 0.012 * noise.at(u * 5.0, v * 5.0, 2.0);
    // Chest wall, top, diaphragm, mediastinum: each an edge, softened as a curved surface softens it.
    let wall = 0.40 + 0.26 * step(-0.78, -0.25, v) + 0.05 * step(-0.2, 0.5, v) + wave;
    let dome = if left { 0.50 } else { 0.44 };
    let middle = if left { 0.42 } else { 0.36 };
    let floor = dome + 0.95 * (side - middle).powi(2) + 1.9 * (side - 0.56).max(0.0).powi(2) + wave;
    let top = -0.80 + 1.5 * (side - 0.24).powi(2);
    let inner = 0.10 + 0.03 * step(-0.5, 0.2, v);
    let across = step(wall + 0.005, wall - 0.20, side).sqrt() * step(inner - 0.005, inner + 0.07, side);
    across * step(floor + 0.006, floor - 0.014, v) * step(top - 0.01, top + 0.16, v)
}

/// The heart's shadow, 0 to 1: apex to the patient's left, the right atrium beyond the spine.
fn heart(u: f32, v: f32) -> f32 {
    let turned = (u * 0.86 + v * 0.50, v * 0.86 - u * 0.50);
    let left = ball(turned.0, turned.1, (0.27, 0.165), (0.33, 0.245));
    let right = ball(u, v, (-0.04, 0.22), (0.165, 0.27));
    step(0.0, 0.75, left.max(0.92 * right))
}

/// Great vessels and mediastinum above the heart, 0 to 1.
fn middle(u: f32, v: f32) -> f32 {
    let strip = step(0.155, 0.085, (u - 0.005).abs()) * step(-1.0, -0.5, v);
    let knob = ball(u, v, (0.115, -0.25), (0.085, 0.095));
    let trunk = ball(u, v, (0.12, -0.09), (0.09, 0.12));
    strip.max(step(0.0, 0.7, knob)).max(step(0.0, 0.8, trunk))
}

fn frontal(film: &mut Film, noise: &Noise, random: &mut Random) {
    film.add(|u, v| {
        let side = u.abs();
        let top = -0.97 + 0.46 * (side - 0.15).max(0.0) + 0.25 * (side - 0.6).max(0.0);
        let neck = 0.52 * step(0.20, 0.10, side);
        let trunk = (0.62 * step(top - 0.02, top + 0.42, v) * step(1.12, 0.62, side)).max(neck);
        let breast = 0.07 * (ball(side, v, (0.42, 0.24), (0.30, 0.28))).powi(2);
        let belly = 0.26 * step(0.40, 0.62, v) * step(0.92, 0.5, side);
        let fog = 0.035 * noise.rough(u * 6.0, v * 6.0, 4.0);
        let heart = heart(u, v).max(0.62 * middle(u, v));
        let air = lung(u, v, noise) * (1.0 - 0.93 * heart);
        let bubble = 0.20 * ball(u, v, (0.36, 0.66), (0.13, 0.08)) * step(0.70, 0.66, v);
        trunk + belly + breast + fog + 0.20 * heart * step(0.7, 0.45, v) - 0.43 * air - bubble
    });
    film.add(|u, v| 0.11 * step(0.085, 0.050, u.abs()) * (0.78 + 0.22 * (v * 42.0).sin().abs().powf(0.5)));
    // The windpipe and its two branches.
    film.add(|u, v| -0.11 * ball(u, 0.0, (-0.004, 0.0), (0.042, 1.0)) * step(-0.28, -0.32, v));
    let bronchus =
        |side: f32| (0..40u8).map(move |i| (side * 0.0042 * f32::from(i), -0.30 + 0.0048 * f32::from(i), 0.026));
    for side in [-1.0, 1.0] {
        film.tube(&bronchus(side).collect::<Vec<_>>(), -1.6, 0.0);
    }
    for rib in 0..10u8 {
        for side in [-1.0f32, 1.0] {
            film.tube(&rib_curve(rib, side, false), 6.0, 0.72);
            if rib < 7 {
                film.tube(&rib_curve(rib, side, true), 4.2, 0.72);
            }
        }
    }
    for side in [-1.0f32, 1.0] {
        let clavicle = (0..=120u8).map(|i| {
            let t = f32::from(i) / 120.0;
            (side * (0.07 + 0.60 * t), -0.56 - 0.06 * t - 0.05 * (t * 3.1).sin(), 0.023 + 0.007 * (1.0 - t))
        });
        film.tube(&clavicle.collect::<Vec<_>>(), 7.5, 0.7);
        film.add(|u, v| {
            let blade = ball(u * side, v, (0.76, -0.30), (0.13, 0.34));
            0.05 * step(0.0, 0.8, blade)
        });
        film.add(|u, v| 0.24 * step(0.0, 0.9, ball(u * side, v, (0.93, -0.52), (0.11, 0.12))));
        vessels(film, random, (side * 0.155, -0.03), side);
    }
    marker(film, (-0.86, -0.86));
}

/// One rib as the frontal view shows it: its back part, or the front part that runs down to the breast bone.
fn rib_curve(rib: u8, side: f32, front: bool) -> Vec<(f32, f32, f32)> {
    let n = f32::from(rib);
    let half = 0.36 + 0.36 * step(0.0, 5.0, n);
    let start = -0.76 + 0.118 * n;
    let curve = |t: f32| {
        // t: 0 at the spine, 1 at the side, 2 at the front.
        let angle = t * std::f32::consts::FRAC_PI_2;
        let u = 0.08 + (half - 0.08) * angle.sin().max(0.0).powf(0.8);
        let drop = if t < 1.0 { -0.055 * (t * 3.1).sin() + 0.15 * t * t } else { 0.15 + 0.26 * (t - 1.0).powf(0.85) };
        (side * u, start + drop * (0.75 + 0.05 * n), if t < 1.0 { 0.021 } else { 0.019 })
    };
    let (from, to) = if front { (1.0, 1.62) } else { (0.0, 1.0) };
    (0..=200u8).map(|i| curve(from + (to - from) * f32::from(i) / 200.0)).collect()
}

/// Vessels that leave a hilum and branch, ever thinner.
fn vessels(film: &mut Film, random: &mut Random, hilum: (f32, f32), side: f32) {
    let mut open: Vec<(f32, f32, f32, f32)> = Vec::new();
    for i in 0..11u8 {
        let angle = -1.45 + 0.29 * f32::from(i) + 0.12 * random.normal();
        let start = (hilum.0 + 0.018 * random.normal(), hilum.1 + 0.05 * random.normal());
        open.push((start.0, start.1, angle, 0.013 + 0.006 * random.unit()));
    }
    while let Some((mut u, mut v, mut angle, mut radius)) = open.pop() {
        let mut points = Vec::new();
        let steps = 26 + random.next() % 26;
        for _ in 0..steps {
            points.push((u, v, radius));
            angle += 0.05 * random.normal();
            u += side * 0.0052 * angle.cos();
            v += 0.0052 * angle.sin();
            radius *= 0.990;
        }
        film.tube(&points, 3.4, 0.0);
        if radius > 0.0045 && u.abs() < 0.6 {
            let spread = 0.25 + 0.25 * random.unit();
            open.push((u, v, angle + spread, radius * 0.78));
            open.push((u, v, angle - spread, radius * 0.70));
        }
    }
}

/// The lead letter: D for « droit », at the patient's right.
fn marker(film: &mut Film, at: (f32, f32)) {
    let stem = (0..40u8).map(|i| (at.0, at.1 + 0.0022 * f32::from(i), 0.008));
    let bow = (0..60u8).map(|i| {
        let a = f32::from(i) / 60.0 * std::f32::consts::PI;
        (at.0 + 0.048 * a.sin(), at.1 + 0.044 - 0.044 * a.cos(), 0.008)
    });
    film.tube(&stem.chain(bow).collect::<Vec<_>>(), 220.0, 0.0);
}

/// The lateral view: the patient looks to the left of the picture.
fn lateral(film: &mut Film, noise: &Noise, random: &mut Random) {
    film.add(|u, v| {
        let front = -0.60 - 0.06 * step(-0.5, 0.2, v) + 0.28 * step(-0.55, -0.95, v);
        let back = 0.66 - 0.10 * step(-0.4, -0.95, v);
        let trunk = 0.78 * step(front - 0.10, front + 0.18, u) * step(back + 0.10, back - 0.14, u);
        let arm = 0.22 * step(-0.45, -1.1, v) * step(0.80, 0.4, u.abs());
        let dome = 0.50 + 0.55 * (u + 0.05).powi(2) - 0.05 * u + 0.45 * step(0.05, 0.6, u);
        let chest = step(front + 0.06, front + 0.20, u) * step(back - 0.08, back - 0.26, u);
        let air = chest * step(dome + 0.01, dome - 0.02, v) * step(-0.95, -0.45, v);
        let heart = step(0.0, 0.9, ball(u * 0.9 + v * 0.4, v * 0.9 - u * 0.4, (-0.04, 0.37), (0.26, 0.25)));
        let arch = ball(u, v, (0.02, -0.30), (0.17, 0.15)) - 0.7 * ball(u, v, (0.02, -0.24), (0.08, 0.10));
        let retro = 0.12 * ball(u, v, (-0.38, -0.25), (0.14, 0.30));
        let belly = 0.34 * step(0.45, 0.62, v) * step(front, front + 0.2, u) * step(back, back - 0.2, u);
        let fog = 0.02 * noise.rough(u * 7.0, v * 7.0, 9.0);
        trunk + arm + belly + fog * trunk + 0.24 * heart + 0.08 * step(0.0, 0.9, arch)
            - 0.47 * air * (1.0 - 0.45 * heart)
            - retro * air
    });
    // Vertebral bodies, their discs darker between them.
    film.add(|u, v| {
        let centre = 0.42 + 0.10 * (v * 1.9 + 0.4).sin();
        let body = step(0.115, 0.060, (u - centre).abs());
        let disc = 0.5 + 0.5 * (v * 40.0).sin();
        0.15 * body * (0.55 + 0.45 * step(0.02, 0.5, disc)) + 0.06 * step(0.22, 0.16, (u - centre - 0.12).abs())
    });
    film.add(|u, v| {
        0.16 * step(0.030, 0.016, (u + 0.58 + 0.08 * v).abs()) * step(-0.62, -0.5, v) * step(0.30, 0.16, v)
    });
    film.add(|u, v| -0.10 * ball(u, 0.0, (0.06 + 0.10 * v, 0.0), (0.045, 1.0)) * step(-0.12, -0.18, v));
    for rib in 0..10u8 {
        for near in [0.0f32, 0.022] {
            let n = f32::from(rib);
            let points = (0..=200u8).map(|i| {
                let t = f32::from(i) / 200.0;
                let start = -0.74 + 0.112 * n + near;
                (
                    0.46 - (0.86 + near) * t * (1.0 - 0.035 * n),
                    start + 0.40 * t + 0.10 * (t * 3.1).sin(),
                    0.016 + near * 0.1,
                )
            });
            let short = points.take(if rib > 6 { 130 } else { 180 });
            film.tube(&short.collect::<Vec<_>>(), 3.6, 0.75);
        }
    }
    vessels(film, random, (0.02, -0.06), 1.0);
    vessels(film, random, (-0.02, -0.06), -1.0);
}

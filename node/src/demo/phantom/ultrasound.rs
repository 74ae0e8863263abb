//! An abdominal ultrasound loop: liver, gall bladder and kidney in a sector, breathing.

use super::noise::{Noise, Random, step};

pub(crate) const COLUMNS: usize = 480;
pub(crate) const ROWS: usize = 360;

/// One frame of a loop of `frames`, eight bits.
pub(crate) fn frame(number: usize, frames: usize, seed: u64) -> Vec<u8> {
    let small = |v: usize| f32::from(u16::try_from(v).unwrap_or(0));
    let noise = Noise::new(seed);
    let mut random = Random::new(seed.wrapping_add(number as u64));
    let breath = (small(number) / small(frames.max(1)) * std::f32::consts::TAU).sin() * 9.0;
    let mut out = Vec::with_capacity(COLUMNS * ROWS);
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (x, y) = (small(column) - 240.0, small(row) + 22.0);
            let depth = (x * x + y * y).sqrt();
            let angle = x.atan2(y);
            let speckle = random.unit().max(0.02).ln().abs().sqrt();
            let seen = angle.abs() < 0.62 && (52.0..372.0).contains(&depth);
            let value = if seen { echo(&noise, x, y + breath, depth) * (0.45 + 0.62 * speckle) } else { 0.0 };
            out.push(grey(value));
        }
    }
    scale(&mut out);
    out
}

/// How bright the tissue at a place is.
fn echo(noise: &Noise, x: f32, y: f32, depth: f32) -> f32 {
    let ball = |cx: f32, cy: f32, a: f32, b: f32| (((x - cx) / a).powi(2) + ((y - cy) / b).powi(2)).sqrt();
    let texture = 1.0 + 0.30 * noise.rough(x / 14.0, y / 10.0, 1.0);
    let wall = 140.0 * step(74.0, 58.0, depth);
    let bladder = ball(-52.0, 176.0, 30.0, 52.0);
    if bladder < 1.0 {
        return 3.0 + 80.0 * step(0.90, 1.0, bladder);
    }
    let kidney = ball(70.0, 236.0, 66.0, 38.0) + 0.05 * noise.at(x / 20.0, y / 20.0, 3.0);
    let behind = if x.abs() < 400.0 && (x + 52.0).abs() < 30.0 * y / 176.0 && y > 216.0 { 1.5 } else { 1.0 };
    let diaphragm = 190.0 * step(5.0, 1.0, (ball(0.0, 120.0, 250.0, 205.0) - 1.0).abs() * 205.0);
    let vein = [(-6.0, 132.0, 24.0, 6.0), (64.0, 150.0, 30.0, 7.0), (10.0, 220.0, 9.0, 26.0)];
    if vein.iter().any(|v| ball(v.0, v.1, v.2, v.3) < 1.0) {
        return 8.0;
    }
    let tissue = match kidney {
        k if k < 0.42 => 150.0,
        k if k < 0.93 => 46.0,
        k if k < 1.03 => 170.0,
        _ => 78.0,
    };
    (tissue * texture * behind + wall).max(diaphragm) * (1.12 - depth / 620.0)
}

/// Depth marks at the edge, as every machine draws them.
fn scale(picture: &mut [u8]) {
    for mark in 0..7 {
        for x in 0..(if mark % 5 == 0 { 10 } else { 5 }) {
            if let Some(pixel) = picture.get_mut((32 + mark * 48) * COLUMNS + COLUMNS - 14 + x) {
                *pixel = 210;
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn grey(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

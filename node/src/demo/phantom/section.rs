//! Cuts the head into pictures: attenuation for CT, signal for MR.

use super::{
    head::{Head, Tissue},
    noise::{Grain, Noise, mix},
};

/// Hounsfield units.
pub(crate) fn hounsfield(tissue: Tissue) -> f32 {
    match tissue {
        Tissue::Air => -1000.0,
        Tissue::Foam => -180.0,
        Tissue::Skin => 45.0,
        Tissue::Fat => -95.0,
        Tissue::Muscle => 55.0,
        Tissue::Compact => 1250.0,
        Tissue::Spongy => 520.0,
        Tissue::Fluid => 7.0,
        Tissue::Grey => 38.0,
        Tissue::White => 28.5,
        Tissue::Cerebellum => 36.0,
        Tissue::Dura => 52.0,
        Tissue::Blood => 68.0,
        Tissue::Oedema => 18.0,
        Tissue::Vitreous => 9.0,
        Tissue::Lens => 75.0,
        Tissue::Calcified => 260.0,
        Tissue::Mucosa => 30.0,
        Tissue::Lesion => 23.0,
    }
}

/// The weightings made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weighting {
    T1,
    Flair,
}

/// MR signal, from 0 to about 1000.
pub(crate) fn signal(tissue: Tissue, weighting: Weighting) -> f32 {
    let (t1, flair) = match tissue {
        Tissue::Air | Tissue::Foam => (4.0, 4.0),
        Tissue::Skin => (420.0, 330.0),
        Tissue::Fat => (920.0, 640.0),
        Tissue::Muscle => (400.0, 260.0),
        Tissue::Compact => (25.0, 20.0),
        Tissue::Spongy => (560.0, 330.0),
        Tissue::Fluid => (115.0, 60.0),
        Tissue::Grey => (390.0, 500.0),
        Tissue::White => (575.0, 385.0),
        Tissue::Cerebellum => (440.0, 470.0),
        Tissue::Dura => (260.0, 240.0),
        Tissue::Blood => (480.0, 420.0),
        Tissue::Oedema => (340.0, 640.0),
        Tissue::Vitreous => (130.0, 80.0),
        Tissue::Lens => (330.0, 220.0),
        Tissue::Calcified => (120.0, 100.0),
        Tissue::Mucosa => (330.0, 520.0),
        Tissue::Lesion => (410.0, 790.0),
    };
    match weighting {
        Weighting::T1 => t1,
        Weighting::Flair => flair,
    }
}

/// Points of the model along each side of a picture.
const SIDE: usize = 256;
/// Millimetres of the side of a picture.
pub(crate) const FIELD_MM: f32 = 240.0;

/// Values of the model on one level, slightly blurred as every scanner does; two planes for thick slices.
fn level(head: &Head, z: f32, thickness: f32, value: impl Fn(Tissue) -> f32) -> Vec<f32> {
    let planes: &[f32] = if thickness > 2.0 { &[-0.3, 0.3] } else { &[0.0] };
    let mut raw = vec![0.0f32; SIDE * SIDE];
    for plane in planes {
        for (i, out) in raw.iter_mut().enumerate() {
            let (x, y) = (millimetres(i % SIDE), millimetres(i / SIDE));
            *out += value(head.tissue(x, y, z + plane * thickness));
        }
    }
    let share = 1.0 / f32::from(u8::try_from(planes.len()).unwrap_or(1));
    raw.iter_mut().for_each(|v| *v *= share);
    blur(&raw)
}

fn millimetres(i: usize) -> f32 {
    (f32::from(u16::try_from(i).unwrap_or(0)) + 0.5) * FIELD_MM / 256.0 - FIELD_MM / 2.0
}

fn blur(raw: &[f32]) -> Vec<f32> {
    let pass = |from: &[f32], stride: usize| -> Vec<f32> {
        let at = |i: usize| from.get(i).copied().unwrap_or(0.0);
        (0..from.len())
            .map(|i| 0.56 * at(i) + 0.22 * (at(i.saturating_sub(stride)) + at((i + stride).min(from.len() - 1))))
            .collect()
    };
    pass(&pass(raw, 1), SIDE)
}

/// An axial CT picture of 512 × 512 in Hounsfield units.
pub(crate) fn ct(head: &Head, z: f32, thickness: f32, picture: usize, grain: &Grain) -> Vec<i16> {
    let coarse = level(head, z, thickness, hounsfield);
    // Thin slices are noisier: fewer photons.
    let deviation = if thickness > 2.0 { 3.0 } else { 5.5 };
    let mut out = Vec::with_capacity(4 * SIDE * SIDE);
    for y in 0..2 * SIDE {
        for x in 0..2 * SIDE {
            let value = doubled(&coarse, x, y) + deviation * grain.at(picture, x, y);
            out.push(whole(value.clamp(-1024.0, 3071.0)));
        }
    }
    out
}

/// The model between its points, at half their distance.
fn doubled(coarse: &[f32], x: usize, y: usize) -> f32 {
    let near = |v: usize| {
        let low = (v.max(1) - 1) / 2;
        (low, (low + 1).min(SIDE - 1), if v % 2 == 1 { 0.25 } else { 0.75 })
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (near(x), near(y));
    let at = |x: usize, y: usize| coarse.get(y * SIDE + x).copied().unwrap_or(-1000.0);
    mix(mix(at(x0, y0), at(x1, y0), fx), mix(at(x0, y1), at(x1, y1), fx), fy)
}

/// An axial MR picture of 256 × 256.
pub(crate) fn mr(head: &Head, z: f32, weighting: Weighting, picture: usize, tools: (&Grain, &Noise)) -> Vec<i16> {
    let (grain, field) = tools;
    let level = level(head, z, 5.0, |tissue| signal(tissue, weighting));
    let shaded = level.iter().enumerate().map(|(i, value)| {
        let (x, y) = (i % SIDE, i / SIDE);
        // Coils see what is near them better.
        let coil = 1.0 + 0.13 * field.at(millimetres(x) / 120.0, millimetres(y) / 120.0, z / 120.0);
        // Magnitude pictures have Rician noise: two channels of grain.
        let (a, b) = (13.0 * grain.at(picture, x, y), 13.0 * grain.at(picture + 71, x, y));
        let real = value * coil + a;
        whole((real * real + b * b).sqrt().min(4095.0))
    });
    shaded.collect()
}

#[allow(clippy::cast_possible_truncation)]
fn whole(value: f32) -> i16 {
    value.round() as i16
}

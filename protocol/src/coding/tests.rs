//! Whatever is coded comes back; whatever is decoded is harmless.

use super::*;
use crate::Digest;
use proptest::prelude::*;

/// A picture with edges, slopes, noise and empty parts.
fn picture(width: usize, rows: usize, step: usize, noise: u32, seed: u32) -> Vec<u16> {
    let mut state = seed | 1;
    let mut dice = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut samples = Vec::with_capacity(width * rows);
    for y in 0..rows {
        for x in 0..width {
            let pixel = x / step;
            let body = pixel > width / step / 4 && y > rows / 4;
            let value = if body { 1000 + pixel * 3 + y * 5 + (pixel / 16 % 2) * 300 } else { 24 };
            let shake = if body && noise > 0 { dice() % noise } else { 0 };
            samples.push(u16::try_from((value + shake as usize) & 0xffff).unwrap());
        }
    }
    samples
}

fn both_ways(bytes: &[u8], layout: Option<&Layout>) -> Option<usize> {
    let coded = encode(bytes, layout)?;
    let back = decode(&coded, bytes.len()).unwrap();
    assert!(back == bytes, "{} bytes, {layout:?}", bytes.len());
    assert_eq!(Digest::of(&back), Digest::of(bytes));
    Some(coded.len())
}

fn wide(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

#[test]
fn a_slice_of_a_ct_becomes_much_smaller_and_comes_back() {
    let bytes = wide(&picture(512, 512, 1, 24, 7));
    let grid = Grid::new(512, 1, 16).unwrap();
    let coded = both_ways(&bytes, Some(&Layout::at(grid, (0, bytes.len() as u64), 0))).unwrap();
    assert!(coded * 3 < bytes.len(), "{coded}");
}

#[test]
fn nothing_that_would_grow_is_coded() {
    let mut noise = Vec::new();
    let mut state = 1u64;
    for _ in 0..100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.push(state.to_be_bytes()[0]);
    }
    for bits in [8, 16] {
        let grid = Grid::new(100, 1, bits).unwrap();
        assert_eq!(encode(&noise, Some(&Layout::at(grid, (0, 100_000), 0))), None);
    }
    assert_eq!(encode(&noise, None), None);
    assert_eq!(encode(&[], None), None);
}

#[test]
fn extremes_come_back() {
    for bits in [8u16, 16] {
        for pattern in [[0u8, 0, 0, 0], [255, 255, 0, 0], [0, 128, 255, 127], [255, 255, 255, 255], [1, 0, 0, 0]] {
            for width in [1u32, 2, 3, 17, 512, 65_535] {
                let bytes: Vec<u8> = pattern.iter().copied().cycle().take(140_000).collect();
                let grid = Grid::new(width, 1, bits).unwrap().signed(pattern[0] == 0);
                both_ways(&bytes, Some(&Layout::at(grid, (0, 140_000), 0)));
            }
        }
    }
}

#[test]
fn a_row_that_is_wrong_everywhere_below_one_that_was_right_takes_no_longer() {
    let mut bytes = vec![0u8; 131_070];
    bytes.extend((0..131_070u32).map(|i| (i % 251).to_le_bytes()[0]));
    let grid = Grid::new(65_535, 1, 16).unwrap();
    both_ways(&bytes, Some(&Layout::at(grid, (0, bytes.len() as u64), 0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_picture_comes_back(
        (step, pixels) in (prop::sample::select(vec![1u8, 3, 4]), 1u32..300),
        rows in 1usize..60,
        bits in prop::sample::select(vec![8u16, 16]),
        noise in prop::sample::select(vec![0u32, 1, 3, 20, 300, 70_000]),
        (signed, big) in any::<(bool, bool)>(),
        (before, behind) in (0usize..3000, 0usize..300),
        (cut, seed) in any::<(prop::sample::Index, u32)>(),
    ) {
        let width = pixels * u32::from(step);
        let samples = picture(width as usize, rows, usize::from(step), noise, seed);
        let mut bytes: Vec<u8> = (0..before).map(|i| i.to_le_bytes()[0] / 16).collect();
        for sample in samples {
            match (bits, big) {
                (8, _) => bytes.push(sample.to_le_bytes()[0]),
                (_, true) => bytes.extend(sample.to_be_bytes()),
                (_, false) => bytes.extend(sample.to_le_bytes()),
            }
        }
        let end = bytes.len() as u64;
        bytes.extend(vec![3; behind]);
        let grid = Grid::new(width, step, bits).unwrap().signed(signed).big_endian(big);
        both_ways(&bytes, Some(&Layout::at(grid, (before as u64, end), 0)));
        // And a unit that begins anywhere.
        let offset = cut.index(bytes.len());
        both_ways(&bytes[offset..], Some(&Layout::at(grid, (before as u64, end), offset as u64)));
    }

    #[test]
    fn any_bytes_come_back(bytes in prop::collection::vec(0u8..4, 1..5000), width in 1u32..400, bits in prop::sample::select(vec![8u16, 16])) {
        let layout = Grid::new(width, 1, bits).map(|grid| Layout::at(grid, (0, bytes.len() as u64), 0));
        both_ways(&bytes, layout.as_ref());
        both_ways(&bytes, None);
    }

    #[test]
    fn a_wrong_unit_is_refused_or_is_other_bytes_of_that_length(at: prop::sample::Index, to: u8, length in 1usize..9000) {
        let bytes = wide(&picture(64, 64, 1, 9, 3));
        let grid = Grid::new(64, 1, 16).unwrap();
        let mut coded = encode(&bytes, Some(&Layout::at(grid, (0, bytes.len() as u64), 0))).unwrap();
        let at = at.index(coded.len());
        coded[at] = to;
        for length in [length, bytes.len()] {
            if let Ok(other) = decode(&coded, length) {
                prop_assert_eq!(other.len(), length);
            }
        }
        if let Ok(other) = decode(&coded[..at], bytes.len()) {
            prop_assert_eq!(other.len(), bytes.len());
        }
    }

    #[test]
    fn random_bytes_are_no_fault(head in prop::collection::vec(any::<u8>(), 0..40), tail in prop::collection::vec(any::<u8>(), 0..400), length in 0usize..70_000) {
        for mode in [BYTES, SAMPLES] {
            let coded = [&[mode], head.as_slice(), tail.as_slice()].concat();
            if let Ok(bytes) = decode(&coded, length) {
                prop_assert_eq!(bytes.len(), length);
            }
        }
    }
}

//! Measures the coding of the wire over DICOM files of uncompressed little endian: `coding FILE...`.
//!
//! Shows for each candidate the ratio over all bytes, and megabytes of original bytes per second of processor time on
//! one core, each way. Every file is decoded again and compared.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use protocol::{
    coding::{self, Grid, Layout},
    limits::RANGE_BYTES_MAX,
};

struct Image {
    bytes: Vec<u8>,
    start: usize,
    width: usize,
    step: usize,
    size: usize,
    grid: Grid,
}

fn find(bytes: &[u8], tag: [u8; 4], vr: &[u8; 2]) -> Option<usize> {
    let wanted = [tag[0], tag[1], tag[2], tag[3], vr[0], vr[1]];
    if let Some(at) = bytes.windows(6).position(|w| w == wanted) {
        return Some(at + 8);
    }
    let wanted = [tag[0], tag[1], tag[2], tag[3], 2, 0, 0, 0];
    bytes.windows(8).position(|w| w == wanted).map(|at| at + 8)
}

fn image(path: &str) -> Option<Image> {
    let bytes = std::fs::read(path).ok()?;
    let short = |tag| find(&bytes, tag, b"US").map(|at| u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let columns = usize::from(short([0x28, 0, 0x11, 0])?);
    let step = usize::from(short([0x28, 0, 2, 0]).unwrap_or(1));
    let bits = short([0x28, 0, 0, 1])?;
    let signed = short([0x28, 0, 3, 1]).unwrap_or(0) == 1;
    let start = bytes
        .windows(6)
        .position(|w| w == [0xe0, 0x7f, 0x10, 0, b'O', b'W'] || w == [0xe0, 0x7f, 0x10, 0, b'O', b'B'])?
        + 12;
    let width = columns * step;
    let grid = Grid::new(width as u32, step as u8, bits)?.signed(signed);
    Some(Image { bytes, start, width, step, size: usize::from(bits) / 8, grid })
}

fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

type Encode = fn(&Image) -> Vec<Vec<u8>>;
type Decode = fn(&Image, &[Vec<u8>]) -> Vec<u8>;

fn units(image: &Image) -> impl Iterator<Item = (u64, &[u8])> {
    image.bytes.chunks(RANGE_BYTES_MAX as usize).enumerate().map(|(i, unit)| (i as u64 * RANGE_BYTES_MAX, unit))
}

fn ours(image: &Image) -> Vec<Vec<u8>> {
    units(image)
        .map(|(offset, unit)| {
            let layout = Layout::at(image.grid, (image.start as u64, image.bytes.len() as u64), offset);
            coding::encode(unit, Some(&layout)).unwrap_or_else(|| unit.to_vec())
        })
        .collect()
}

fn ours_back(image: &Image, coded: &[Vec<u8>]) -> Vec<u8> {
    let pairs = units(image).zip(coded);
    let back = |((_, unit), coded): ((u64, &[u8]), &Vec<u8>)| {
        coding::decode(coded, unit.len()).unwrap_or_else(|_| coded.clone())
    };
    pairs
        .map(back)
        .reduce(|mut a, b| {
            a.extend_from_slice(&b);
            a
        })
        .unwrap_or_default()
}

fn zstd_of(level: i32) -> impl Fn(&Image) -> Vec<Vec<u8>> {
    move |image| units(image).map(|(_, unit)| zstd::bulk::compress(unit, level).unwrap()).collect()
}

fn unzstd(image: &Image, coded: &[Vec<u8>]) -> Vec<u8> {
    let pieces: Vec<Vec<u8>> =
        coded.iter().map(|unit| zstd::bulk::decompress(unit, image.bytes.len()).unwrap()).collect();
    pieces
        .into_iter()
        .reduce(|mut a, b| {
            a.extend_from_slice(&b);
            a
        })
        .unwrap_or_default()
}

/// Prediction, zigzag, byte planes, zstd-1: what a codec without codes of its own can do.
fn split(image: &Image, med: bool) -> Vec<u8> {
    let (w, s) = (image.width, image.step);
    let samples: Vec<i16> = image.bytes[image.start..]
        .chunks_exact(image.size)
        .map(|c| if image.size == 1 { i16::from(c[0]) } else { i16::from_le_bytes([c[0], c[1]]) })
        .collect();
    let mut low = Vec::with_capacity(samples.len());
    let mut high = Vec::with_capacity(samples.len());
    for (i, x) in samples.iter().enumerate() {
        let up = if i >= w { samples[i - w] } else { 0 };
        let left = if i >= s { samples[i - s] } else { 0 };
        let corner = if i >= w + s { samples[i - w - s] } else { 0 };
        let told = if med {
            let (mn, mx) = (left.min(up), left.max(up));
            mn.wrapping_add(mx).wrapping_sub(corner.min(mx).max(mn))
        } else {
            up
        };
        let r = x.wrapping_sub(told);
        let z = ((r << 1) ^ (r >> 15)).cast_unsigned().to_le_bytes();
        low.push(z[0]);
        high.push(z[1]);
    }
    low.extend(high);
    low.extend_from_slice(&image.bytes[..image.start]);
    low
}

fn measure(name: &str, images: &[Image], encode: impl Fn(&Image) -> Vec<Vec<u8>>, decode: Option<Decode>) {
    let total: usize = images.iter().map(|i| i.bytes.len()).sum();
    let times = (200_000_000 / total).clamp(1, 40);
    let mut coded = Vec::new();
    let start = cpu_s();
    for _ in 0..times {
        coded = images.iter().map(&encode).collect();
    }
    let encoding = cpu_s() - start;
    let small: usize = coded.iter().flatten().map(Vec::len).sum();
    let mut line =
        format!("| {name} | {:.3} | {:.0} |", total as f64 / small as f64, (total * times) as f64 / encoding / 1e6,);
    if let Some(decode) = decode {
        for (image, coded) in images.iter().zip(&coded) {
            assert!(decode(image, coded) == image.bytes, "not the same bytes");
        }
        let start = cpu_s();
        for _ in 0..times {
            for (image, coded) in images.iter().zip(&coded) {
                std::hint::black_box(decode(image, coded));
            }
        }
        line += &format!(" {:.0} |", (total * times) as f64 / (cpu_s() - start) / 1e6);
    } else {
        line += " – |";
    }
    println!("{line}");
}

fn main() {
    let images: Vec<Image> = std::env::args().skip(1).filter_map(|path| image(&path)).collect();
    let bytes: usize = images.iter().map(|i| i.bytes.len()).sum();
    println!(
        "{} images, {bytes} bytes\n\n| coding | ratio | encode MB/s | decode MB/s |\n|---|---|---|---|",
        images.len()
    );
    if images.is_empty() {
        return;
    }
    let only = std::env::var("ONLY").is_ok();
    if !only {
        measure("zstd-1", &images, zstd_of(1), Some(unzstd as Decode));
        measure("zstd-3", &images, zstd_of(3), Some(unzstd as Decode));
        for (name, med) in [("from above, split, zstd-1", false), ("MED, split, zstd-1", true)] {
            measure(name, &images, move |i| vec![zstd::bulk::compress(&split(i, med), 1).unwrap()], None);
        }
    }
    measure("planes (ours)", &images, ours as Encode, Some(ours_back as Decode));
}

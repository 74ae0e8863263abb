//! Stored values to what an eye sees: modality scale, window, inversion (PS3.3 C.11.1, C.11.2), and colour models.

use super::{decode::Samples, picture::Picture, tones::Tones};
use dicom_core::VR;

/// How a window maps values to grey levels (PS3.3 C.11.2.1.2, .3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Linear,
    LinearExact,
    Sigmoid,
}

impl std::str::FromStr for Function {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "linear" => Ok(Self::Linear),
            "linear-exact" | "linear_exact" => Ok(Self::LinearExact),
            "sigmoid" => Ok(Self::Sigmoid),
            _ => Err("a window's function is linear, linear-exact or sigmoid"),
        }
    }
}

/// A window on modality values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) center: f64,
    pub(crate) width: f64,
    pub(crate) function: Function,
}

impl Window {
    fn level(&self, value: f64) -> u8 {
        let part = match self.function {
            Function::Linear if self.width <= 1.0 => f64::from(u8::from(value > self.center - 0.5)),
            Function::Linear => (value - (self.center - 0.5)) / (self.width - 1.0) + 0.5,
            Function::LinearExact => (value - self.center) / self.width + 0.5,
            Function::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - self.center) / self.width).exp()),
        };
        byte(part * 255.0)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn byte(level: f64) -> u8 {
    level.round().clamp(0.0, 255.0) as u8
}

/// The stored values of a frame of one sample per pixel.
pub(crate) struct Grey<'a> {
    picture: &'a Picture,
    samples: &'a Samples,
}

impl<'a> Grey<'a> {
    pub(crate) fn new(picture: &'a Picture, samples: &'a Samples) -> Self {
        Self { picture, samples }
    }

    /// Values before the modality scale.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        let (picture, bytes) = (self.picture, self.samples.bytes.as_slice());
        let pixels = usize::try_from(picture.pixels()).unwrap_or(0);
        let width = picture.layout.allocated.div_ceil(8) as usize;
        (0..pixels).map(move |i| {
            if picture.layout.allocated == 1 {
                return f64::from(bytes.get(i / 8).copied().unwrap_or(0) >> (i % 8) & 1);
            }
            let mut word = [0u8; 8];
            if let (Some(from), Some(to)) = (bytes.get(i * width..(i + 1) * width), word.get_mut(..width)) {
                to.copy_from_slice(from);
            }
            value(u64::from_le_bytes(word), picture)
        })
    }

    /// Eight-bit grey levels.
    pub(crate) fn levels(&self, tones: &Tones, window: Option<Window>) -> Vec<u8> {
        let modality = |value: f64| tones.modality.value(value);
        let invert = self.samples.photometric == "MONOCHROME1";
        let inverted = |level: u8| if invert { 255 - level } else { level };
        if let (None, Some(voi)) = (window.or(tones.window), &tones.voi) {
            return self.each_level(|value| inverted(byte(voi.part(modality(value)) * 255.0)));
        }
        let window = window.or(tones.window).unwrap_or_else(|| {
            let (low, high) = self
                .values()
                .map(modality)
                .filter(|v| v.is_finite())
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
            Window { center: f64::midpoint(low, high), width: (high - low).max(1.0), function: Function::LinearExact }
        });
        self.each_level(|value| inverted(window.level(modality(value))))
    }

    /// The level of each value; of words of 8 or 16 bits each different one is worked out once.
    fn each_level(&self, level: impl Fn(f64) -> u8) -> Vec<u8> {
        let (picture, bytes) = (self.picture, self.samples.bytes.as_slice());
        let pixels = usize::try_from(picture.pixels()).unwrap_or(0);
        let is_float = matches!(picture.vr, VR::OF | VR::OD);
        let mut known: Vec<Option<u8>> = vec![None; 1 << 16];
        let mut of = |word: u16| match known.get_mut(usize::from(word)) {
            Some(known) => *known.get_or_insert_with(|| level(value(u64::from(word), picture))),
            None => 0,
        };
        match picture.layout.allocated {
            8 if !is_float && bytes.len() >= pixels => {
                bytes.iter().take(pixels).map(|byte| of(u16::from(*byte))).collect()
            }
            16 if !is_float && bytes.len() / 2 >= pixels => {
                let (words, _) = bytes.as_chunks::<2>();
                words.iter().take(pixels).map(|word| of(u16::from_le_bytes(*word))).collect()
            }
            _ => self.values().map(level).collect(),
        }
    }
}

/// One value of stored bits, with its sign.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn value(word: u64, picture: &Picture) -> f64 {
    match picture.vr {
        VR::OF => return f64::from(f32::from_bits(word as u32)),
        VR::OD => return f64::from_bits(word),
        _ => {}
    }
    let stored = picture.stored.clamp(1, 64);
    let shift = (picture.high + 1).saturating_sub(stored).min(63);
    let unused = 64 - stored;
    let top = (word >> shift) << unused;
    if picture.signed { (top.cast_signed() >> unused) as f64 } else { (top >> unused) as f64 }
}

/// RGB, eight bits; `None` for colour models not known here.
pub(crate) fn colours(picture: &Picture, samples: &Samples) -> Option<Vec<u8>> {
    let pixels = usize::try_from(picture.pixels()).ok()?;
    let wide = match picture.layout.allocated {
        8 => 1,
        16 => 2,
        _ => return None,
    };
    let (bytes, count) = (samples.bytes.as_slice(), picture.layout.samples as usize);
    // The most significant byte is what an eight-bit picture shows.
    let shift = picture.stored.clamp(8, 16) - 8;
    let sample = |at: usize| -> u8 {
        if wide == 1 {
            return bytes.get(at).copied().unwrap_or(0);
        }
        let low = bytes.get(at * 2).copied().unwrap_or(0);
        let high = bytes.get(at * 2 + 1).copied().unwrap_or(0);
        u8::try_from(u16::from_le_bytes([low, high]) >> shift & 0xff).unwrap_or(0)
    };
    let halved = samples.photometric.ends_with("_422") && bytes.len() < pixels * count * wide;
    let pixel = |i: usize| -> [u8; 3] {
        if halved {
            let pair = i / 2 * 4;
            [sample(pair + i % 2), sample(pair + 2), sample(pair + 3)]
        } else if samples.planar {
            [sample(i), sample(pixels + i), sample(2 * pixels + i)]
        } else {
            [sample(i * count), sample(i * count + 1), sample(i * count + 2)]
        }
    };
    match samples.photometric.as_str() {
        "RGB" => Some((0..pixels).flat_map(pixel).collect()),
        "YBR_FULL" | "YBR_FULL_422" => Some((0..pixels).flat_map(|i| to_rgb(pixel(i))).collect()),
        _ => None,
    }
}

/// PS3.3 C.7.6.3.1.2, the inverse of YBR_FULL.
fn to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    [byte(y + 1.402 * cr), byte(y - 0.344_136 * cb - 0.714_136 * cr), byte(y + 1.772 * cb)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_maps_as_the_standard_says() {
        let window = Window { center: 2048.0, width: 4096.0, function: Function::Linear };
        assert_eq!((window.level(0.0), window.level(4095.0), window.level(-100.0)), (0, 255, 0));
        let exact = Window { function: Function::LinearExact, ..window };
        assert_eq!((exact.level(0.0), exact.level(2048.0), exact.level(9999.0)), (0, 128, 255));
        let sigmoid = Window { function: Function::Sigmoid, ..window };
        assert_eq!(sigmoid.level(2048.0), 128);
    }
}

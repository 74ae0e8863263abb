//! A decoded frame as an eight-bit picture, and that as JPEG: for previews only.

use super::{
    Fault,
    decode::Samples,
    grey::{Grey, Window, colours},
    picture::Picture,
    tones::Tones,
};
use image::{DynamicImage, GrayImage, RgbImage};

pub(crate) fn jpeg(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, Fault> {
    const SIDES: Fault = Fault::Unreadable("the picture has sides that JPEG does not know");
    let side = |side: u32| u16::try_from(side).map_err(|_| SIDES);
    let (width, height) = (side(image.width())?, side(image.height())?);
    let mut out = Vec::with_capacity(usize::from(width) * usize::from(height) / 4);
    let encoder = jpeg_encoder::Encoder::new(&mut out, quality);
    let encoded = match image {
        DynamicImage::ImageLuma8(grey) => encoder.encode(grey, width, height, jpeg_encoder::ColorType::Luma),
        other => encoder.encode(&other.to_rgb8(), width, height, jpeg_encoder::ColorType::Rgb),
    };
    encoded.map_err(|e| Fault::Internal(format!("picture: {e}")))?;
    Ok(out)
}

/// The frame as eight-bit grey or colour.
pub(crate) fn toned(
    picture: &Picture,
    samples: &Samples,
    tones: &Tones,
    window: Option<Window>,
) -> Result<DynamicImage, Fault> {
    const SHORT: Fault = Fault::Unreadable("the frame has fewer pixels than it says");
    let (width, height) = (picture.layout.columns, picture.layout.rows);
    if picture.layout.samples == 1 {
        let grey = Grey::new(picture, samples);
        if let (Some(palette), "PALETTE COLOR") = (&tones.palette, samples.photometric.as_str()) {
            let colour = |value: f64| palette.each_ref().map(|p| p.level(value));
            let bytes: Vec<u8> = grey.values().flat_map(colour).collect();
            return RgbImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8).ok_or(SHORT);
        }
        if samples.photometric == "PALETTE COLOR" {
            // Numbers of colours are no shades of grey.
            return Err(Fault::Unreadable("the colours cannot be shown here: their palette is missing"));
        }
        let bytes = grey.levels(tones, window);
        return GrayImage::from_raw(width, height, bytes).map(DynamicImage::ImageLuma8).ok_or(SHORT);
    }
    let bytes = colours(picture, samples).ok_or(Fault::Unreadable("the colours cannot be shown here"))?;
    RgbImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8).ok_or(SHORT)
}

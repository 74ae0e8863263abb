//! JPEG XL (ISO 18181), by jxl-oxide.

use super::{Raster, Reading};
use jxl_oxide::JxlImage;

/// A decoded picture, and whether its colours came out as RGB whatever the data set says.
pub(super) struct Decoded {
    pub(super) raster: Raster,
    pub(super) made_rgb: bool,
}

/// Decodes a picture of this size.
pub(super) fn read(bytes: &[u8], (columns, rows): (u32, u32), components: usize) -> Reading<Decoded> {
    let image = JxlImage::builder().read(bytes).ok()?;
    if (image.width(), image.height()) != (columns, rows) {
        return None;
    }
    let metadata = &image.image_header().metadata;
    let bits = metadata.bit_depth.bits_per_sample();
    let of_jpeg = image.frame_header(0)?.do_ycbcr;
    let made_rgb = metadata.xyb_encoded || of_jpeg;
    let render = image.render_frame(0).ok()?;
    let mut stream = render.stream_no_alpha();
    if stream.channels() as usize != components || !(1..=16).contains(&bits) {
        return None;
    }
    let mut samples = vec![0.0f32; columns as usize * rows as usize * components];
    if stream.write_to_buffer(&mut samples) != samples.len() {
        return None;
    }
    let top = f32::from(u16::try_from((1u32 << bits) - 1).ok()?);
    let mut raster = Raster::new(columns as usize, rows as usize, components, bits);
    for (value, sample) in raster.values.iter_mut().zip(samples) {
        // Within 16 bits by the clamp.
        #[allow(clippy::cast_possible_truncation)]
        let whole = (sample * top).round().clamp(0.0, top) as i32;
        *value = whole;
    }
    Some(Decoded { raster, made_rgb })
}

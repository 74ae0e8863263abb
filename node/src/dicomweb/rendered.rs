//! Pictures for people: rendered frames and thumbnails (PS3.18 §10.4.1.1.3, .4) as JPEG or PNG, for previews only.
//!
//! # Not here
//! Presentation states and annotation: the viewer's.

use super::{
    asker::{Asker, Desk, etag_of, tag},
    body,
    error::Problem,
    frames, turn,
};
use crate::{
    pixels::{
        decode::Samples,
        grey::{Function, Window},
        picture::{Picture, picture},
        shown::{jpeg, toned},
        tones::{Tones, tones},
    },
    studies::{OpenStudy, SeriesView},
};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use image::{ImageFormat, imageops::FilterType};
use protocol::{Uid, fetch::Priority};
use std::{io::Cursor, sync::Arc};

/// Largest side of a rendered picture, pixels: bounds the work of a huge viewport; a 4K screen is filled.
const SIDE_MAX: u32 = 4096;
/// Side of a thumbnail where the caller names none.
const THUMBNAIL_SIDE: u32 = 256;

/// How the picture is wanted.
#[derive(Clone, Debug, PartialEq)]
struct Wish {
    format: ImageFormat,
    /// Width and height to fit into.
    fit: Option<(u32, u32)>,
    /// Part of the source: x, y, width, height.
    region: Option<(u32, u32, u32, u32)>,
    window: Option<Window>,
    quality: u8,
    /// Overlay planes are drawn.
    overlays: bool,
}

fn wish(asker: &Asker) -> Result<Wish, Problem> {
    let format = asker.accepted()?.iter().find_map(|range| match range.media.as_str() {
        "image/jpeg" | "image/jpg" | "image/*" | "*/*" | "*" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        _ => None,
    });
    let format = format.ok_or(Problem::NotAcceptable("pictures are given as image/jpeg or image/png"))?;
    let numbers = |name: &str| -> Result<Option<Vec<f64>>, Problem> {
        let Some(text) = asker.asked(name)?.filter(|t| !t.is_empty()) else { return Ok(None) };
        let parsed: Result<Vec<f64>, _> =
            text.split(',').take(8).filter(|t| t.parse::<Function>().is_err()).map(|t| t.trim().parse()).collect();
        let parsed = parsed.ok().filter(|n| n.iter().all(|n| n.is_finite()));
        parsed.map(Some).ok_or_else(|| Problem::bad(format!("{name} is not a list of numbers")))
    };
    let (fit, region) = match numbers("viewport")?.as_deref() {
        None => (None, None),
        Some([w, h]) => (Some((side(*w)?, side(*h)?)), None),
        Some([w, h, x, y, sw, sh]) => {
            (Some((side(*w)?, side(*h)?)), Some((place(*x)?, place(*y)?, place(*sw)?, place(*sh)?)))
        }
        Some(_) => return Err(Problem::bad("viewport is two numbers or six")),
    };
    let window = match numbers("window")?.as_deref() {
        None => None,
        Some([center, width]) if *width > 0.0 => {
            let text = asker.asked("window")?.unwrap_or_default();
            let function = text.split(',').nth(2).map_or(Ok(Function::Linear), str::parse);
            Some(Window { center: *center, width: *width, function: function.map_err(Problem::bad)? })
        }
        Some(_) => return Err(Problem::bad("window is a center, a width above 0 and a function")),
    };
    let quality = match numbers("quality")?.as_deref() {
        None => 85,
        Some([q]) if (1.0..=100.0).contains(q) => percent(*q),
        Some(_) => return Err(Problem::bad("quality is 1 to 100")),
    };
    let overlays = match asker.asked("overlays")?.as_deref() {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad("overlays is true or false")),
    };
    Ok(Wish { format, fit, region, window, quality, overlays })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percent(q: f64) -> u8 {
    q.clamp(1.0, 100.0) as u8
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn side(n: f64) -> Result<u32, Problem> {
    if n >= 1.0 {
        Ok(n.min(f64::from(SIDE_MAX)) as u32)
    } else {
        Err(Problem::bad("a viewport has a width and a height"))
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn place(n: f64) -> Result<u32, Problem> {
    if (0.0..=65_535.0).contains(&n) {
        Ok(n as u32)
    } else {
        Err(Problem::bad("a viewport's region lies inside the image"))
    }
}

pub(super) async fn rendered(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let wish = wish(&asker)?;
    let study = asker.open().await?;
    let (series, instance) = (asker.series()?, asker.instance()?);
    let index = match asker.param("frames") {
        "" => 0,
        text => text
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_sub(1))
            .ok_or_else(|| Problem::bad("one frame is rendered at a time, numbered from 1"))?,
    };
    answer(&asker, &study, (&series, &instance), Some(index), wish, Priority::Screen).await
}

pub(super) async fn thumbnail(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let mut wish = wish(&asker)?;
    wish.fit.get_or_insert((THUMBNAIL_SIDE, THUMBNAIL_SIDE));
    let study = asker.open().await?;
    let wanted_series = if asker.param("series").is_empty() { None } else { Some(asker.series()?) };
    if !asker.param("instance").is_empty() {
        let (series, instance) = (asker.series()?, asker.instance()?);
        let index = asker.param("frames").parse::<u64>().ok().and_then(|n| n.checked_sub(1));
        return answer(&asker, &study, (&series, &instance), index, wish, Priority::Series).await;
    }
    let (series, instance) = middle_image(&study.series().await?, wanted_series.as_ref())?;
    answer(&asker, &study, (&series, &instance), None, wish, Priority::Series).await
}

/// The middle image speaks best for a series, and the first series with images for a study.
fn middle_image(all: &[SeriesView], wanted: Option<&Uid>) -> Result<(Uid, Uid), Problem> {
    let mut seen = false;
    for view in all {
        if wanted.is_some_and(|series| *series != view.series) {
            continue;
        }
        seen = true;
        let images: Vec<&Uid> = view.instances.iter().filter(|i| i.frames > 0).map(|i| &i.instance).collect();
        if let Some(middle) = images.get(images.len() / 2) {
            return Ok((view.series.clone(), (*middle).clone()));
        }
    }
    Err(if seen { Problem::NotAcceptable("nothing in it can be shown as a picture") } else { Problem::NotFound })
}

/// `index`: `None` for the middle frame.
async fn answer(
    asker: &Asker,
    study: &Arc<OpenStudy>,
    (series, instance): (&Uid, &Uid),
    index: Option<u64>,
    wish: Wish,
    priority: Priority,
) -> Result<Response, Problem> {
    let entry = study.instance(series, instance).await?;
    let etag = etag_of(&[&entry.digest.0, format!("{index:?}{wish:?}").as_bytes()]);
    if let Some(unchanged) = asker.unchanged(&etag) {
        return Ok(unchanged);
    }
    if entry.frames == 0 {
        return Err(Problem::NotAcceptable("the instance has no picture"));
    }
    if asker.head_only && index.is_none_or(|index| index < u64::from(entry.frames)) {
        let mut response = ([(header::CONTENT_TYPE, wish.format.to_mime_type())], body::headless()).into_response();
        tag(&mut response, &etag);
        return Ok(response);
    }
    let framed = frames::open(&asker.desk, study, series, instance, priority).await?;
    let index = index.unwrap_or_else(|| framed.map.frames() / 2);
    if index >= framed.map.frames() {
        return Err(Problem::NotFound);
    }
    let header = study.header(series, instance).await?;
    let picture = picture(&header, &framed, index).await?;
    let tones = tones(&header, framed.entry.transfer_syntax.as_str(), index)?;
    let format = wish.format;
    let samples = asker.desk.door.decoders.samples(&picture).await?;
    let bytes = turn::run(&asker.desk, move || picture_file(&picture, samples, &tones, &wish)).await?;
    let mut response = ([(header::CONTENT_TYPE, format.to_mime_type())], bytes).into_response();
    tag(&mut response, &etag);
    // Whoever asks for the patient's name in the picture must not take it for there.
    if asker.asked("annotation")?.is_some_and(|asked| !asked.trim().is_empty()) {
        let unsaid = HeaderValue::from_static("299 confrere \"annotations are not drawn\"");
        response.headers_mut().append(header::WARNING, unsaid);
    }
    Ok(response)
}

/// Tones, scales and encodes.
fn picture_file(picture: &Picture, samples: Samples, tones: &Tones, wish: &Wish) -> Result<Vec<u8>, Problem> {
    let mut image = toned(picture, &samples, tones, wish.window)?;
    drop(samples);
    if wish.overlays {
        tones.overlays.iter().for_each(|overlay| overlay.draw(&mut image));
    }
    if let Some((x, y, width, height)) = wish.region {
        image = image.crop_imm(x, y, width.max(1), height.max(1));
        if image.width() == 0 || image.height() == 0 {
            return Err(Problem::bad("a viewport's region lies inside the image"));
        }
    }
    let (width, height) = wish.fit.unwrap_or((SIDE_MAX, SIDE_MAX));
    if image.width() > width || image.height() > height {
        image = image.thumbnail(width, height);
    } else if wish.fit.is_some() && wish.region.is_some() {
        image = image.resize(width, height, FilterType::Triangle);
    }
    let mut out = Cursor::new(Vec::new());
    let encoded = match wish.format {
        ImageFormat::Png => image.write_to(&mut out, ImageFormat::Png),
        _ => return Ok(jpeg(&image, wish.quality)?),
    };
    encoded.map_err(|e| Problem::Internal(format!("picture: {e}")))?;
    Ok(out.into_inner())
}

//! Pictures for people: rendered frames, series and studies, and thumbnails (PS3.18 §10.4.1.1.3, .4) as JPEG or PNG, for
//! previews only.
//!
//! Of a series or study each instance that has one gives a picture, made when its turn comes: the first before the status
//! goes out, so that what cannot be decoded is a 406; one in the middle breaks the answer off.
//!
//! # Not here
//! Presentation states and annotation: the viewer's.

use super::{
    accept::{Form, MediaRange},
    asker::{Asker, Desk, etag_of, tag},
    body::{self, Part, Piece},
    error::Problem,
    frames,
    metadata::instance_url,
    turn,
};
use crate::{
    pixels::{
        decode::Samples,
        grey::{Function, Window},
        picture::{Picture, picture},
        shown::{jpeg, toned},
        source::Source,
        tones::{Tones, tones},
    },
    studies::{OpenStudy, SeriesView, StudyError},
};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use image::{ImageFormat, imageops::FilterType};
use protocol::{Uid, fetch::Priority, manifest::InstanceEntry};
use std::{io::Cursor, sync::Arc};

/// Largest side of a rendered picture, pixels: bounds the work of a huge viewport; a 4K screen is filled.
const SIDE_MAX: u32 = 4096;
/// Side of a thumbnail where the caller names none.
const THUMBNAIL_SIDE: u32 = 256;

/// Pictures in one answer: the largest CT series of daily work have some 2,000 images.
const PICTURES_MAX: usize = 4096;

/// Part of the source, in pixels, and how it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Region {
    x: u32,
    y: u32,
    /// `u32::MAX`: to the edge.
    width: u32,
    height: u32,
    /// Left and right are exchanged.
    is_mirrored: bool,
    /// Top and bottom are exchanged.
    is_turned_over: bool,
}

/// Width and height to fit into, and the part of the source that is shown.
type Viewport = (Option<(u32, u32)>, Option<Region>);

/// How the picture is wanted.
#[derive(Clone, Debug, PartialEq)]
struct Wish {
    format: ImageFormat,
    /// Width and height to fit into.
    fit: Option<(u32, u32)>,
    region: Option<Region>,
    window: Option<Window>,
    quality: u8,
    /// Overlay planes are drawn.
    overlays: bool,
}

/// `is_many`: the pictures come in a multipart answer.
fn format(accepted: &[MediaRange], is_many: bool) -> Option<ImageFormat> {
    accepted.iter().find_map(|range| {
        let media = match range.media.as_str() {
            "multipart/related" | "multipart/*" if is_many => range.param("type").unwrap_or("image/jpeg"),
            media => media,
        };
        match media.to_ascii_lowercase().as_str() {
            "image/jpeg" | "image/jpg" | "image/*" | "*/*" | "*" => Some(ImageFormat::Jpeg),
            "image/png" => Some(ImageFormat::Png),
            _ => None,
        }
    })
}

fn wish(asker: &Asker, is_many: bool) -> Result<Wish, Problem> {
    let format = format(&asker.accepted()?, is_many);
    let format = format.ok_or(Problem::NotAcceptable("pictures are given as image/jpeg or image/png"))?;
    let numbers = |name: &str| -> Result<Option<Vec<f64>>, Problem> {
        let Some(text) = asker.asked(name)?.filter(|t| !t.is_empty()) else { return Ok(None) };
        let parsed: Result<Vec<f64>, _> =
            text.split(',').take(8).filter(|t| t.parse::<Function>().is_err()).map(|t| t.trim().parse()).collect();
        let parsed = parsed.ok().filter(|n| n.iter().all(|n| n.is_finite()));
        parsed.map(Some).ok_or_else(|| Problem::bad(format!("{name} is not a list of numbers")))
    };
    let (fit, region) = viewport(asker.asked("viewport")?.as_deref().unwrap_or_default())?;
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

/// Width and height to fit into, and the part of the source shown there (PS3.18 §8.3.5.1.3): what of the part is left empty
/// begins at its first pixel and reaches to its edge; a negative width or height mirrors it.
fn viewport(text: &str) -> Result<Viewport, Problem> {
    if text.is_empty() {
        return Ok((None, None));
    }
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => {
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
            number.map(Some).ok_or_else(|| Problem::bad("viewport is not a list of numbers"))
        }
    };
    let numbers: Vec<Option<f64>> = text.split(',').take(7).map(number).collect::<Result<_, _>>()?;
    match *numbers.as_slice() {
        [Some(w), Some(h)] => Ok((Some((side(w)?, side(h)?)), None)),
        [Some(w), Some(h), x, y, sw, sh] => {
            let (width, height) = (extent(sw)?, extent(sh)?);
            let (x, y) = (place(x.unwrap_or(0.0))?, place(y.unwrap_or(0.0))?);
            let is_turned = |extent: Option<f64>| extent.is_some_and(|n| n < 0.0);
            let (is_mirrored, is_turned_over) = (is_turned(sw), is_turned(sh));
            Ok((Some((side(w)?, side(h)?)), Some(Region { x, y, width, height, is_mirrored, is_turned_over })))
        }
        _ => Err(Problem::bad("viewport is two numbers or six")),
    }
}

/// The width or height of a part of the source, whichever its sign; `None`: to the edge.
fn extent(n: Option<f64>) -> Result<u32, Problem> {
    match n {
        None => Ok(u32::MAX),
        Some(n) if n.abs() >= 1.0 => place(n.abs()),
        Some(_) => Err(Problem::bad("a viewport's region has a width and a height")),
    }
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
    let wish = wish(&asker, false)?;
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

/// The pictures of a series or study.
pub(super) async fn all(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let wish = wish(&asker, true)?;
    let (uid, study) = (asker.study()?, asker.open().await?);
    let series = if asker.param("series").is_empty() { None } else { Some(asker.series()?) };
    let chosen = with_pictures(&study.series().await?, series.as_ref())?;
    let asked = format!("{wish:?}");
    let seen = chosen.iter().map(|(_, entry)| entry.digest.0.as_slice()).chain([asked.as_bytes()]);
    let etag = etag_of(&seen.collect::<Vec<_>>());
    if let Some(unchanged) = asker.unchanged(&etag) {
        return Ok(unchanged);
    }
    let form = Form::of_pictures(wish.format.to_mime_type());
    let mut parts = Vec::with_capacity(chosen.len());
    for (series, entry) in chosen {
        let (instance, content_type) = (entry.instance, form.media.clone());
        let location = format!("{}/rendered", instance_url(&asker.root, &uid, &series, &instance));
        let (desk, study, wish) = (desk.clone(), study.clone(), wish.clone());
        let shot = Shot { desk, study, series, instance, wish };
        let is_first = parts.is_empty() && !asker.head_only;
        let piece = if is_first { Piece::Own(shot.made().await?) } else { Piece::Shot(Arc::new(shot)) };
        parts.push(Part { content_type, location, pieces: vec![piece] });
    }
    let source = Source::of(&study, Priority::Series);
    let mut response = body::multipart(&asker, source, &form, parts.into_iter()).await?;
    tag(&mut response, &etag);
    say_unsaid(&asker, &mut response)?;
    Ok(response)
}

/// The instances that have a picture, as they are listed.
fn with_pictures(all: &[SeriesView], wanted: Option<&Uid>) -> Result<Vec<(Uid, InstanceEntry)>, Problem> {
    let mut views = all.iter().filter(|view| wanted.is_none_or(|series| *series == view.series)).peekable();
    if views.peek().is_none() {
        return Err(Problem::NotFound);
    }
    let of = |view: &SeriesView| {
        let pictures = view.instances.iter().filter(|entry| entry.frames > 0);
        pictures.map(|entry| (view.series.clone(), entry.clone())).collect::<Vec<_>>()
    };
    let chosen: Vec<_> = views.flat_map(of).take(PICTURES_MAX + 1).collect();
    match chosen.len() {
        0 => Err(Problem::NotAcceptable("nothing in it can be shown as a picture")),
        count if count > PICTURES_MAX => Err(Problem::TooLarge("4,096 pictures in one answer; ask series by series")),
        _ => Ok(chosen),
    }
}

/// A picture that is made when its turn comes.
#[derive(Debug)]
pub(super) struct Shot {
    desk: Arc<Desk>,
    study: Arc<OpenStudy>,
    series: Uid,
    instance: Uid,
    wish: Wish,
}

impl Shot {
    async fn made(&self) -> Result<Bytes, Problem> {
        let at = (&self.series, &self.instance);
        let made = made(&self.desk, &self.study, at, Some(0), self.wish.clone(), Priority::Series).await?;
        Ok(made.into())
    }

    /// Its bytes, in an answer that has begun.
    pub(super) async fn bytes(&self) -> Result<Bytes, StudyError> {
        self.made().await.map_err(|problem| StudyError::Internal(problem.to_string()))
    }
}

pub(super) async fn thumbnail(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let mut wish = wish(&asker, false)?;
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
    let format = wish.format;
    let bytes = made(&asker.desk, study, (series, instance), index, wish, priority).await?;
    let mut response = ([(header::CONTENT_TYPE, format.to_mime_type())], bytes).into_response();
    tag(&mut response, &etag);
    say_unsaid(asker, &mut response)?;
    Ok(response)
}

/// Whoever asks for the patient's name in the picture must not take it for there.
fn say_unsaid(asker: &Asker, response: &mut Response) -> Result<(), Problem> {
    if asker.asked("annotation")?.is_some_and(|asked| !asked.trim().is_empty()) {
        let unsaid = HeaderValue::from_static("299 confrere \"annotations are not drawn\"");
        response.headers_mut().append(header::WARNING, unsaid);
    }
    Ok(())
}

/// One picture, encoded. `index`: `None` for the middle frame.
async fn made(
    desk: &Arc<Desk>,
    study: &Arc<OpenStudy>,
    (series, instance): (&Uid, &Uid),
    index: Option<u64>,
    wish: Wish,
    priority: Priority,
) -> Result<Vec<u8>, Problem> {
    let framed = frames::open(desk, study, (series, instance), (priority, true)).await?;
    let index = index.unwrap_or_else(|| framed.map.frames() / 2);
    if index >= framed.map.frames() {
        return Err(Problem::NotFound);
    }
    let header = study.header(series, instance).await?;
    let picture = picture(&header, &framed, index).await?;
    let tones = tones(&header, framed.entry.transfer_syntax.as_str(), index)?;
    let decoders = &desk.door.decoders;
    let samples = decoders.samples_of(Some(study.study()), &framed.entry, index, &picture).await?;
    turn::run(desk, move || picture_file(&picture, samples, &tones, &wish)).await
}

/// Tones, scales and encodes.
fn picture_file(picture: &Picture, samples: Samples, tones: &Tones, wish: &Wish) -> Result<Vec<u8>, Problem> {
    let mut image = toned(picture, &samples, tones, wish.window)?;
    drop(samples);
    if wish.overlays {
        tones.overlays.iter().for_each(|overlay| overlay.draw(&mut image));
    }
    if let Some(Region { x, y, width, height, is_mirrored, is_turned_over }) = wish.region {
        image = image.crop_imm(x, y, width, height);
        if image.width() == 0 || image.height() == 0 {
            return Err(Problem::bad("a viewport's region lies inside the image"));
        }
        if is_mirrored {
            image = image.fliph();
        }
        if is_turned_over {
            image = image.flipv();
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

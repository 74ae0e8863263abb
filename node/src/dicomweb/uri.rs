//! WADO-URI (PS3.18 §9): one instance by a query, as older workstations ask: the object, or a picture of it.
//!
//! A request is put into the words of WADO-RS and answered by the same routes, so that rights, evidence, tags and ranges
//! are theirs. Without `contentType`, a single image is a JPEG; what has several frames, or none, is the object.
//!
//! # Not here
//! What could give away or hide something in a picture if it were done by halves: anonymizing, annotation and
//! presentation states are refused (406). Transcoding: `transferSyntax` goes on as the Accept parameter of that name.

use super::{
    accept::{self, MediaRange},
    asker::{Asker, Desk},
    dataset::{DataSet, Syntax, readable},
    error::Problem,
    rendered, wado,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use dicom_dictionary_std::tags;
use protocol::Uid;
use std::sync::Arc;

const DICOM: &str = "application/dicom";
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
/// A side that is not limited: as large as pictures are given.
const SIDE_MAX: &str = "4096";

pub(super) async fn wado(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let given = |name: &str| Ok::<_, Problem>(asker.asked(name)?.filter(|value| !value.trim().is_empty()));
    if given("requestType")?.as_deref() != Some("WADO") {
        return Err(Problem::bad("requestType is WADO"));
    }
    for refused in ["anonymize", "annotation", "presentationUID", "presentationSeriesUID"] {
        if given(refused)?.is_some_and(|value| !value.eq_ignore_ascii_case("no")) {
            return Err(Problem::NotAcceptable(
                "anonymizing, annotation and presentation states are not offered; retrieve the object",
            ));
        }
    }
    let named = |name: &'static str| given(name)?.ok_or_else(|| Problem::bad(format!("{name} is missing")));
    let (study, series, instance) = (named("studyUID")?, named("seriesUID")?, named("objectUID")?);
    let frame = given("frameNumber")?;
    let path = [("study", study), ("series", series), ("instance", instance)];
    let asked = Asked {
        media: match given("contentType")? {
            Some(types) => accept::accepted(&HeaderMap::new(), Some(&types)),
            None => accept::accepted(&asker.headers, None),
        },
        frame: frame.clone(),
        transfer_syntax: given("transferSyntax")?,
        picture: Picture {
            rows: given("rows")?,
            columns: given("columns")?,
            region: given("region")?,
            window: (given("windowCenter")?, given("windowWidth")?),
            quality: given("imageQuality")?,
        },
    };
    let asker = asker.toward(path);
    let study = asker.open().await?;
    let (series, instance) = (asker.series()?, asker.instance()?);
    study.about_to_read(&series, Some(&instance));
    let entry = study.instance(&series, &instance).await?;
    let media = asked.choose(entry.frames).ok_or(Problem::NotAcceptable(
        "an instance is given as application/dicom, one with images as image/jpeg or image/png too",
    ))?;
    if media == DICOM {
        let accept = match &asked.transfer_syntax {
            // As some workstations write what is as it is stored.
            Some(syntax) if syntax != "*" => {
                let syntax = Uid::parse(syntax).map_err(|_| Problem::bad("transferSyntax is not a UID"))?;
                format!("{DICOM}; transfer-syntax={syntax}")
            }
            _ => DICOM.to_owned(),
        };
        return wado::instance(State(desk), asker.asking(&accept, String::new())).await;
    }
    let side = match &asked.picture.region {
        Some(_) => {
            let header = study.header(&series, &instance).await?;
            let syntax = Syntax::of(entry.transfer_syntax.as_str());
            let header = readable(&header, syntax)?;
            let set = DataSet::parse(&header, syntax)?;
            let side = |tag| set.count(tag, syntax).unwrap_or(0);
            (side(tags::COLUMNS), side(tags::ROWS))
        }
        None => (0, 0),
    };
    let query = asked.picture.query(side)?;
    let asker = asker.toward(frame.map(|frame| ("frames", frame)));
    rendered::rendered(State(desk), asker.asking(media, query)).await
}

struct Asked {
    media: Vec<MediaRange>,
    frame: Option<String>,
    transfer_syntax: Option<String>,
    picture: Picture,
}

impl Asked {
    /// The media type of the answer, for an instance of so many frames.
    fn choose(&self, frames: u32) -> Option<&'static str> {
        let own = if frames == 1 || frames > 0 && self.frame.is_some() { JPEG } else { DICOM };
        self.media.iter().find_map(|range| match range.media.as_str() {
            "*/*" | "*" => Some(own),
            _ => [JPEG, PNG, DICOM].into_iter().find(|media| range.covers(media) && (*media == DICOM || frames > 0)),
        })
    }
}

/// How the picture is wanted, in the words of PS3.18 §9.
#[derive(Default)]
struct Picture {
    rows: Option<String>,
    columns: Option<String>,
    region: Option<String>,
    window: (Option<String>, Option<String>),
    quality: Option<String>,
}

impl Picture {
    /// The same as a query of WADO-RS. `side`: columns and rows of the image, for a region of it.
    fn query(&self, side: (u32, u32)) -> Result<String, Problem> {
        let mut query = Vec::new();
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let fit = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                number(text).filter(|n| *n >= 1.0).map(Some).ok_or_else(|| Problem::bad("rows and columns are numbers"))
            }
        };
        let (columns, rows) = (fit(&self.columns)?, fit(&self.rows)?);
        let or_any = |n: Option<f64>| n.map_or_else(|| SIDE_MAX.to_owned(), |n| n.to_string());
        if let Some(region) = &self.region {
            let corners: Option<Vec<f64>> = region.split(',').map(number).collect();
            let [left, top, right, bottom] = corners
                .and_then(|c| <[f64; 4]>::try_from(c).ok())
                .filter(|[l, t, r, b]| 0.0 <= *l && l < r && *r <= 1.0 && 0.0 <= *t && t < b && *b <= 1.0)
                .ok_or_else(|| Problem::bad("region is left, top, right and bottom, from 0 to 1"))?;
            let (width, height) = (f64::from(side.0), f64::from(side.1));
            let (x, y) = ((left * width).floor(), (top * height).floor());
            let (w, h) = (((right * width).ceil() - x).max(1.0), ((bottom * height).ceil() - y).max(1.0));
            let (columns, rows) = if columns.is_none() && rows.is_none() {
                (w.to_string(), h.to_string())
            } else {
                (or_any(columns), or_any(rows))
            };
            query.push(format!("viewport={columns},{rows},{x},{y},{w},{h}"));
        } else if columns.is_some() || rows.is_some() {
            query.push(format!("viewport={},{}", or_any(columns), or_any(rows)));
        }
        match (&self.window.0, &self.window.1) {
            (None, None) => {}
            (Some(center), Some(width)) => match (number(center), number(width)) {
                (Some(center), Some(width)) => query.push(format!("window={center},{width}")),
                _ => return Err(Problem::bad("windowCenter and windowWidth are numbers")),
            },
            _ => return Err(Problem::bad("windowCenter and windowWidth belong together")),
        }
        if let Some(quality) = &self.quality {
            let quality = number(quality).ok_or_else(|| Problem::bad("imageQuality is a number"))?;
            query.push(format!("quality={quality}"));
        }
        Ok(query.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_picture_is_asked_in_the_words_of_wado_rs() {
        let picture = Picture {
            rows: text("128"),
            region: text("0.25,0,0.75,0.5"),
            window: (text("40"), text("400")),
            quality: text("90"),
            ..Picture::default()
        };
        assert_eq!(picture.query((512, 256)).unwrap(), "viewport=4096,128,128,0,256,128&window=40,400&quality=90");
        let whole = Picture { columns: text("64"), ..Picture::default() };
        assert_eq!(whole.query((0, 0)).unwrap(), "viewport=64,4096");
        let part = Picture { region: text("0,0,1,1"), ..Picture::default() };
        assert_eq!(part.query((4, 4)).unwrap(), "viewport=4,4,0,0,4,4");
        for wrong in [
            Picture { region: text("0,0,1"), ..Picture::default() },
            Picture { region: text("0.5,0,0.5,1"), ..Picture::default() },
            Picture { region: text("0,0,1,2"), ..Picture::default() },
            Picture { region: text("0,0,NaN,1"), ..Picture::default() },
            Picture { window: (text("40"), None), ..Picture::default() },
            Picture { window: (text("40&quality=1"), text("1")), ..Picture::default() },
            Picture { rows: text("0"), ..Picture::default() },
            Picture { quality: text("best"), ..Picture::default() },
        ] {
            assert!(matches!(wrong.query((4, 4)), Err(Problem::BadRequest(_))));
        }
    }
}

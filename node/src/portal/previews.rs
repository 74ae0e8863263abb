//! What stands for a peer's images until they are here: the study at a glance, and reduced frames. Nothing of it is an image for
//! a diagnosis, and each answer says so.
//!
//! # Not here
//! Images: `dicomweb`, which gives no preview to anybody.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    signin::Caller,
    worklist::{form, uid},
};
use crate::{
    cases::standing_word,
    pixels::{
        grey::{Function, Window},
        reduce,
    },
    studies::PreviewTally,
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use data_encoding::BASE64;
use protocol::preview::{Absent, Conclusion, SeriesGlance, StudyGlance};
use serde::Serialize;
use utoipa::ToSchema;

/// On every picture: what it is not.
fn not_diagnostic() -> [(HeaderName, HeaderValue); 1] {
    [(HeaderName::from_static("confrere-picture"), HeaderValue::from_static("preview, not diagnostic"))]
}

/// A small lossy picture of a frame.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PictureJson {
    instance: String,
    /// From 1.
    frame: u32,
    width: u16,
    height: u16,
    /// JPEG, base64.
    jpeg: String,
}

/// A series at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeriesGlanceJson {
    series: String,
    modality: String,
    number: Option<i32>,
    description: Option<String>,
    instances: u32,
    picture: Option<PictureJson>,
    /// Why there is no picture: `no-picture`, `unreadable` or `no-room`.
    absent: Option<&'static str>,
}

impl From<&SeriesGlance> for SeriesGlanceJson {
    fn from(one: &SeriesGlance) -> Self {
        let picture = one.picture.as_ref().ok().map(|picture| PictureJson {
            instance: picture.instance.to_string(),
            frame: picture.frame.saturating_add(1),
            width: picture.width,
            height: picture.height,
            jpeg: BASE64.encode(&picture.jpeg),
        });
        Self {
            series: one.series.to_string(),
            modality: one.modality.clone(),
            number: one.number,
            description: one.description.clone(),
            instances: one.instances,
            picture,
            absent: one.picture.as_ref().err().map(|absent| absent.word()),
        }
    }
}

/// What a report comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConclusionJson {
    /// `preliminary`, `final`, `addendum` or `second-reading`.
    standing: &'static str,
    site: String,
    site_name: String,
    person: String,
    at: String,
    text: String,
    /// There is more of it.
    cut: bool,
}

impl ConclusionJson {
    fn of(door: &Door, one: &Conclusion) -> Self {
        Self {
            standing: standing_word(one.standing),
            site: one.site.to_string(),
            site_name: door.site_name(&one.site),
            person: one.person.clone(),
            at: rfc3339(one.at),
            text: one.text.clone(),
            cut: one.is_cut,
        }
    }
}

/// A peer's study at a glance. Its pictures are lossy: nothing in it is diagnostic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GlanceJson {
    series: Vec<SeriesGlanceJson>,
    /// Series that did not fit.
    series_left_out: u32,
    /// Of the last reports, the newest first; none where there are none, or this site may not have them.
    conclusions: Vec<ConclusionJson>,
}

impl GlanceJson {
    fn of(door: &Door, glance: &StudyGlance) -> Self {
        Self {
            series: glance.series.iter().map(Into::into).collect(),
            series_left_out: glance.series_left_out,
            conclusions: glance.conclusions.iter().map(|one| ConclusionJson::of(door, one)).collect(),
        }
    }
}

/// A peer's study at a glance, in one round trip; `null` of one that is ours, or whose site knows no such thing.
#[utoipa::path(get, path = "/api/studies/{study}/digest", operation_id = "study_digest", params(("study" = String, Path)),
    responses((status = 200, body = Option<GlanceJson>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(super) async fn glance(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    caller.may(Action::ReadStudies)?;
    let open = door.studies()?.open(&caller.0, &uid(&study)?).await?;
    let glance = open.glance().await?;
    Ok((not_diagnostic(), Json(glance.map(|glance| GlanceJson::of(&door, &glance)))))
}

/// How far what stands for the images of a study is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewsJson {
    /// They are asked for: by themselves where the whole study takes long, or by whoever asked.
    wanted: bool,
    /// No more of them will come.
    over: bool,
    /// Instances with pictures.
    images: usize,
    /// Of these, those that are all here.
    whole: usize,
    /// Of these, those with a preview.
    previewed: usize,
    /// Of these, those of which the holder could make none.
    absent: usize,
}

impl From<PreviewTally> for PreviewsJson {
    fn from(tally: PreviewTally) -> Self {
        let PreviewTally { is_wanted, is_over, images, whole, previewed, absent } = tally;
        Self { wanted: is_wanted, over: is_over, images, whole, previewed, absent }
    }
}

#[utoipa::path(get, path = "/api/studies/{study}/previews", operation_id = "study_previews",
    params(("study" = String, Path)),
    responses((status = 200, body = PreviewsJson), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn tally(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<PreviewsJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let open = door.studies()?.open(&caller.0, &uid(&study)?).await?;
    Ok(Json(open.preview_tally().await?.into()))
}

/// Has previews of a peer's whole study brought before the rest of its images.
#[utoipa::path(post, path = "/api/studies/{study}/previews", operation_id = "study_previews_begin",
    params(("study" = String, Path),
        ("when" = Option<String>, Query, description = "`long`: only where the whole study takes long over its link")),
    responses((status = 202, body = PreviewsJson), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn begin(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<(StatusCode, Json<PreviewsJson>), ApiError> {
    caller.may(Action::ReadStudies)?;
    let asked = form(raw.as_deref().unwrap_or_default())?;
    let if_long = match asked.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>()[..] {
        [] => false,
        [("when", "long")] => true,
        _ => return Err(ApiError::Bad("unknown parameter")),
    };
    let tally = door.studies()?.begin_previews(&caller.0, &uid(&study)?, if_long).await?;
    Ok((StatusCode::ACCEPTED, Json(tally.into())))
}

/// The window asked for, and the frame, from 1.
fn wish(raw: Option<&str>) -> Result<(Option<Window>, Option<u32>), ApiError> {
    let (mut window, mut frame) = (None, None);
    for (key, value) in form(raw.unwrap_or_default())? {
        match key.as_str() {
            "window" => {
                let numbers: Option<Vec<f64>> = value.split(',').take(3).map(|text| text.trim().parse().ok()).collect();
                let numbers = numbers.unwrap_or_default();
                let [center, width] = *numbers.as_slice() else { return Err(ApiError::Bad("window")) };
                if !center.is_finite() || !width.is_finite() || width <= 0.0 {
                    return Err(ApiError::Bad("window"));
                }
                window = Some(Window { center, width, function: Function::Linear });
            }
            "frame" => frame = Some(value.parse().map_err(|_| ApiError::Bad("frame"))?),
            _ => return Err(ApiError::Bad("unknown parameter")),
        }
    }
    Ok((window, frame))
}

/// The preview of an image, as long as the image is not here. 404: there is none, or the image is here.
#[utoipa::path(get, path = "/api/studies/{study}/previews/{series}/{instance}", operation_id = "image_preview",
    params(("study" = String, Path), ("series" = String, Path), ("instance" = String, Path),
        ("window" = Option<String>, Query, description = "center,width"),
        ("frame" = Option<u32>, Query, description = "from 1: no other frame is given")),
    responses((status = 200, content_type = "image/png"), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn picture(
    State(door): State<Door>,
    caller: Caller,
    Path((study, series, instance)): Path<(String, String, String)>,
    RawQuery(raw): RawQuery,
) -> Result<impl IntoResponse, ApiError> {
    caller.may(Action::ReadStudies)?;
    let (window, frame) = wish(raw.as_deref())?;
    let open = door.studies()?.open(&caller.0, &uid(&study)?).await?;
    let found = open.preview(&uid(&series)?, &uid(&instance)?).await?;
    let (reduced, entry, header) = found.ok_or(ApiError::NotFound)?;
    let reduced = reduced.map_err(|_: Absent| ApiError::NotFound)?;
    if frame.is_some_and(|frame| frame != reduced.frame.saturating_add(1)) {
        return Err(ApiError::NotFound);
    }
    let syntax = entry.transfer_syntax;
    let showing = move || reduce::shown(&header, syntax.as_str(), &reduced, window);
    let png = door.tasks.spawn_blocking("preview", showing).await.map_err(|_| ApiError::Bad("stopping"))?;
    let png = png.map_err(|_| ApiError::NotFound)?;
    // Nothing of a patient stays on the disk of a shared post, and soon the image itself is here.
    let kind = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, no-store")];
    Ok((not_diagnostic(), kind, png))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_numbers() {
        let (window, frame) = wish(Some("window=40,400&frame=3")).unwrap();
        assert_eq!(window, Some(Window { center: 40.0, width: 400.0, function: Function::Linear }));
        assert_eq!(frame, Some(3));
        assert_eq!(wish(None).unwrap(), (None, None));
        for wrong in ["window=40", "window=40,0", "window=1,NaN", "window=a,b", "frame=-1", "size=3", "window=1,2,3"] {
            assert!(wish(Some(wrong)).is_err(), "{wrong}");
        }
    }
}

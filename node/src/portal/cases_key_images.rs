//! What the documents of a case's studies point at: key object selections, and where somebody measured something.
//!
//! # Not here
//! How such a document is read: `pixels`. Images that the request itself, or a signed report, points at: [`super::cases_json`].

use super::{
    Door,
    cases::named,
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    archive::StudyQuery,
    pixels::pointing::{self, Measured, Place},
    studies::{OpenStudy, SeriesView, StudyError},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::Uid;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Documents of one case that are read: the last ones of each series.
const DOCUMENTS_MAX: usize = 64;
/// Places that are told.
const PLACES_MAX: usize = 256;

/// A number that was measured.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeasuredJson {
    /// As the document calls it.
    name: String,
    value: String,
    /// UCUM; empty: none.
    unit: String,
}

/// An image that a document points at.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundImageJson {
    study: String,
    series: String,
    instance: String,
    /// From 1, where one frame is meant.
    frame: Option<u32>,
    /// As the images say.
    series_number: Option<i32>,
    number: Option<i32>,
    /// What is to be seen there; empty: nobody said.
    label: String,
    /// Empty: it was chosen, and nothing measured.
    values: Vec<MeasuredJson>,
}

/// What documents point at.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundImagesJson {
    images: Vec<FoundImageJson>,
    /// A study could not be looked into now, or there is more than is told.
    partial: bool,
}

impl FoundImageJson {
    fn of(place: Place, views: &[SeriesView]) -> Option<Self> {
        let view = views.iter().find(|view| view.series == place.series)?;
        // What the study does not hold, or no longer, cannot be shown.
        let entry = view.instances.iter().find(|entry| entry.instance == place.instance)?;
        let measured = |Measured { name, value, unit }| MeasuredJson { name, value, unit };
        Some(Self {
            study: place.study.to_string(),
            series: place.series.to_string(),
            instance: place.instance.to_string(),
            frame: place.frame,
            series_number: view.number,
            number: entry.number,
            label: place.label,
            values: place.values.into_iter().map(measured).collect(),
        })
    }
}

/// What the documents of one study point at in it; `left`: documents that may still be read.
async fn of_study(study: &Arc<OpenStudy>, left: &mut usize) -> Result<Vec<FoundImageJson>, StudyError> {
    let views = study.series().await?;
    let mut found = Vec::new();
    for view in views.iter().filter(|view| ["KO", "SR"].contains(&view.modality.as_str())) {
        if *left == 0 || !view.instances.iter().any(|entry| pointing::points(&entry.sop_class)) {
            continue;
        }
        let headers = study.headers(&view.series).await?;
        let documents = headers.iter().rev().filter(|(entry, _)| pointing::points(&entry.sop_class)).take(*left);
        for (entry, header) in documents {
            *left -= 1;
            let places = pointing::read(header, entry.transfer_syntax.as_str());
            let own = places.into_iter().filter(|place| place.study == *study.study());
            found.extend(own.filter_map(|place| FoundImageJson::of(place, &views)));
        }
    }
    Ok(found)
}

/// Studies of the case in which there is a document at all, as far as their cards tell, or what is here of them beside a peer's: no
/// other is opened for it.
async fn with_documents(door: &Door, caller: &Caller, studies: &[Uid]) -> Result<Vec<Uid>, ApiError> {
    let query = StudyQuery { study: studies.to_vec(), ..StudyQuery::default() };
    let found = door.studies()?.find(&caller.0, &query, None, 0, studies.len()).await?;
    let has_any = |modalities: &[String]| modalities.iter().any(|modality| ["KO", "SR"].contains(&modality.as_str()));
    let mut with = Vec::new();
    for row in found.into_iter().map(|found| found.row) {
        let own = door.archive.study(&row.study)?;
        if has_any(&row.modalities) || own.is_some_and(|own| has_any(&own.modalities)) {
            with.push(row.study);
        }
    }
    Ok(with)
}

#[utoipa::path(get, path = "/api/cases/{case}/key-images", operation_id = "case_key_images",
    params(("case" = String, Path)),
    responses((status = 200, body = FoundImagesJson), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
) -> Result<Json<FoundImagesJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let (_, whole) = named(&door, &case)?;
    let (mut left, mut told) = (DOCUMENTS_MAX, FoundImagesJson { images: Vec::new(), partial: false });
    if whole.state.ask.studies.is_empty() {
        return Ok(Json(told));
    }
    for study in with_documents(&door, &caller, &whole.state.ask.studies).await? {
        let found = async {
            let open = door.studies()?.open(&caller.0, &study).await?;
            Ok::<_, ApiError>(of_study(&open, &mut left).await?)
        };
        match found.await {
            Ok(images) => told.images.extend(images),
            Err(_) => told.partial = true,
        }
    }
    told.partial |= left == 0 || told.images.len() > PLACES_MAX;
    told.images.truncate(PLACES_MAX);
    Ok(Json(told))
}

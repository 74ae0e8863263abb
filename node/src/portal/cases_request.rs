//! Requests for a reading or an opinion. What is missing is named by its field; the patient is that of the images.

use super::{
    Door,
    cases::{find_site, told},
    cases_json::{CaseJson, CasePatient, KeyImageJson},
    error::{ApiError, ErrorBody},
    insight::moment,
    signin::Caller,
    worklist::uid,
};
use crate::{
    cases::{Beside, consent_of, examination_of, identity_of, kind_of, priority_of},
    desk::{AskError, Asking, UnfitReader, needs_check, unnamed},
    tasks,
    trust::Action,
};
use axum::{Json, extract::State, http::StatusCode};
use protocol::case::event::{Ask, KeyImage, Particulars, Patient};
use serde::Deserialize;
use utoipa::ToSchema;

/// Whom to ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct To {
    /// Key or name of a site.
    site: String,
    /// Person or team there; empty: whoever is on duty.
    #[serde(default)]
    whom: String,
}

/// A request for a reading or an opinion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRequest {
    kind: Option<String>,
    priority: Option<String>,
    #[serde(default)]
    question: String,
    #[serde(default)]
    context: String,
    #[serde(default)]
    contraindications: String,
    #[serde(default)]
    priors: String,
    #[serde(default)]
    justification: String,
    consent: Option<String>,
    #[serde(default)]
    modality: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    studies: Vec<String>,
    #[serde(default)]
    accession: String,
    #[serde(default)]
    accession_issuer: String,
    #[serde(default)]
    telephone: String,
    patient: Option<CasePatient>,
    #[serde(default)]
    key_images: Vec<KeyImageJson>,
    /// In the order in which they are asked; empty: as the site has it set.
    #[serde(default)]
    to: Vec<To>,
    /// Of a mammography: `clinical`, `screening-first` or `screening-second`.
    #[serde(default)]
    examination: String,
    /// Nuclear medicine physician who is with the patient.
    #[serde(default)]
    on_site_physician: String,
    /// By when an answer is wanted, RFC 3339; `null`: as the priority says.
    #[serde(default)]
    answer_by: Option<String>,
    /// Whoever asks has compared name, birth date and sex with the patient or their wristband. Needed, but for an emergency whose
    /// patient nobody knows.
    #[serde(default)]
    identity_checked: bool,
}

pub(super) fn patient(given: &CasePatient) -> Result<Patient, ApiError> {
    let standing = identity_of(given.identity.as_deref().unwrap_or("provisional"));
    let patient = Patient {
        name: given.name.trim().to_owned(),
        birth_date: given.birth_date.trim().to_owned(),
        sex: given.sex.clone(),
        id: given.id.trim().to_owned(),
        issuer: given.issuer.trim().to_owned(),
        national: given.ins.clone().unwrap_or_default(),
        standing: standing.ok_or(ApiError::Bad("identity"))?,
    };
    if patient.is_sound() { Ok(patient) } else { Err(ApiError::Bad("patient")) }
}

/// What more is said of a request.
pub(super) fn particulars(examination: &str, on_site: &str, answer_by: Option<&str>) -> Result<Particulars, ApiError> {
    let particulars = Particulars {
        examination: examination_of(examination.trim()).ok_or(ApiError::Bad("examination"))?,
        on_site: on_site.trim().to_owned(),
        answer_by: answer_by.filter(|text| !text.is_empty()).map(|text| moment(Some(text))).transpose()?,
    };
    if particulars.is_sound() { Ok(particulars) } else { Err(ApiError::Bad("on_site_physician")) }
}

pub(super) fn key_images(given: &[KeyImageJson]) -> Result<Vec<KeyImage>, ApiError> {
    let one = |image: &KeyImageJson| {
        Ok(KeyImage {
            study: uid(&image.study)?,
            series: uid(&image.series)?,
            instance: image.instance.as_deref().map(uid).transpose()?,
            frame: image.frame,
            text: image.text.clone(),
        })
    };
    given.iter().map(one).collect()
}

fn asked(door: &Door, new: NewRequest) -> Result<(Ask, Beside), ApiError> {
    let kind = kind_of(new.kind.as_deref().unwrap_or("diagnosis")).ok_or(ApiError::Bad("kind"))?;
    let priority = priority_of(new.priority.as_deref().unwrap_or("P3")).ok_or(ApiError::Bad("priority"))?;
    let consent = consent_of(new.consent.as_deref().unwrap_or("open")).ok_or(ApiError::Bad("consent"))?;
    let studies = new.studies.iter().map(|study| uid(study)).collect::<Result<Vec<_>, _>>()?;
    let given = new.patient.as_ref().map(patient).transpose()?;
    let said = particulars(&new.examination, &new.on_site_physician, new.answer_by.as_deref())?;
    let to = |to: &To| Ok::<_, ApiError>((find_site(door, &to.site)?, to.whom.trim().to_owned()));
    let ask = Ask {
        nonce: tasks::random_id(),
        kind,
        priority,
        question: new.question,
        patient: unnamed(),
        context: new.context,
        contraindications: new.contraindications,
        priors: new.priors,
        justification: new.justification,
        consent,
        modality: new.modality.trim().to_uppercase(),
        region: new.region.trim().to_uppercase(),
        studies,
        accession: (new.accession.trim().to_owned(), new.accession_issuer.trim().to_owned()),
        telephone: new.telephone.trim().to_owned(),
        key_images: key_images(&new.key_images)?,
        to: new.to.iter().map(to).collect::<Result<_, _>>()?,
    };
    let asking = Asking { ask, particulars: said, patient: given };
    let (ask, particulars) = asking.checked(&door.archive, &door.identity.site()).map_err(|why| match why {
        AskError::FromAfar(rule) => ApiError::from(UnfitReader::FromAfar(rule)),
        AskError::Missing(fields) => ApiError::Missing(fields),
        AskError::WrongPatient(differs) => ApiError::WrongPatient(differs),
        AskError::Archive(why) => ApiError::from(why),
    })?;
    if needs_check(&ask) && !new.identity_checked {
        return Err(ApiError::Missing(vec!["identity"]));
    }
    let identity_checked = new.identity_checked && needs_check(&ask);
    Ok((ask, Beside { particulars, identity_checked }))
}

#[utoipa::path(post, path = "/api/cases", operation_id = "request_reading", request_body = NewRequest,
    responses((status = 201, body = CaseJson), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn begin(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewRequest>,
) -> Result<(StatusCode, Json<CaseJson>), ApiError> {
    caller.may(Action::RequestReadings)?;
    let (ask, beside) = asked(&door, new)?;
    let whole = door.cases.begin(caller.0.actor(), ask, beside).await?;
    Ok((StatusCode::CREATED, told(&door, &caller, &whole).await?))
}

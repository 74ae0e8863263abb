//! Requests for a reading or an opinion. What is missing is named by its field; the patient is that of the images.

use super::{
    Door,
    cases::{find_site, told},
    cases_json::{CaseJson, CasePatient, KeyImageJson},
    error::{ApiError, ErrorBody},
    signin::Caller,
    worklist::uid,
};
use crate::{
    cases::{consent_of, identity_of, kind_of, priority_of},
    tasks,
    trust::Action,
};
use axum::{Json, extract::State, http::StatusCode};
use protocol::{
    Uid,
    case::event::{Ask, Consent, KeyImage, Patient, Priority},
};
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
}

fn patient(given: &CasePatient) -> Result<Patient, ApiError> {
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

/// Of the first study that is here, as its objects say.
fn patient_of(door: &Door, studies: &[Uid]) -> Result<Option<Patient>, ApiError> {
    for study in studies {
        if let Some(row) = door.archive.study(study)? {
            let text = |text: Option<String>| text.unwrap_or_default().trim().to_owned();
            return Ok(Some(Patient {
                name: text(row.patient.name),
                birth_date: text(row.patient.birth_date),
                sex: text(row.patient.sex).chars().filter(|c| "FMO".contains(*c)).take(1).collect(),
                id: text(row.patient.id),
                issuer: text(row.patient.issuer),
                national: String::new(),
                standing: Some(protocol::identity::Standing::Provisional),
            }));
        }
    }
    Ok(None)
}

/// What is given must be that of the images; what the images do not say is taken from what is given.
fn agreed(given: Option<Patient>, of_images: Option<Patient>) -> Result<Patient, ApiError> {
    match (given, of_images) {
        (None, None) => Err(ApiError::Missing(vec!["patient"])),
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (Some(given), Some(held)) => {
            let same = |given: &str, held: &str| given.is_empty() || held.is_empty() || given == held;
            let differs: Vec<&'static str> = [
                (same(&given.name, &held.name), "name"),
                (same(&given.birth_date, &held.birth_date), "birth_date"),
                (same(&given.id, &held.id), "id"),
                (same(&given.issuer, &held.issuer), "issuer"),
            ]
            .into_iter()
            .filter_map(|(same, what)| (!same).then_some(what))
            .collect();
            if !differs.is_empty() {
                return Err(ApiError::WrongPatient(differs));
            }
            let or = |one: String, other: String| if one.is_empty() { other } else { one };
            Ok(Patient {
                name: or(held.name, given.name),
                birth_date: or(held.birth_date, given.birth_date),
                sex: or(held.sex, given.sex),
                id: or(held.id, given.id),
                issuer: or(held.issuer, given.issuer),
                national: given.national,
                standing: given.standing,
            })
        }
    }
}

fn missing(new: &NewRequest, priority: Priority, consent: Consent) -> Vec<&'static str> {
    let is_empty = |text: &str| text.trim().is_empty();
    let made = !new.studies.is_empty() || !new.accession.is_empty();
    [
        (is_empty(&new.question), "question"),
        (is_empty(&new.justification) && priority != Priority::P0, "justification"),
        // Nothing that the patient cannot answer now holds up an emergency.
        (consent == Consent::Open && priority != Priority::P0, "consent"),
        (is_empty(&new.modality) && !made, "modality"),
        (is_empty(&new.accession_issuer) && !is_empty(&new.accession), "accession_issuer"),
    ]
    .into_iter()
    .filter_map(|(lacks, field)| lacks.then_some(field))
    .collect()
}

fn asked(door: &Door, new: NewRequest) -> Result<Ask, ApiError> {
    let kind = kind_of(new.kind.as_deref().unwrap_or("diagnosis")).ok_or(ApiError::Bad("kind"))?;
    let priority = priority_of(new.priority.as_deref().unwrap_or("P3")).ok_or(ApiError::Bad("priority"))?;
    let consent = consent_of(new.consent.as_deref().unwrap_or("open")).ok_or(ApiError::Bad("consent"))?;
    let missing = missing(&new, priority, consent);
    if !missing.is_empty() {
        return Err(ApiError::Missing(missing));
    }
    let studies = new.studies.iter().map(|study| uid(study)).collect::<Result<Vec<_>, _>>()?;
    let given = new.patient.as_ref().map(patient).transpose()?;
    let key_image = |image: &KeyImageJson| {
        Ok::<_, ApiError>(KeyImage {
            study: uid(&image.study)?,
            series: uid(&image.series)?,
            instance: image.instance.as_deref().map(uid).transpose()?,
            frame: image.frame,
            text: image.text.clone(),
        })
    };
    let to = |to: &To| Ok::<_, ApiError>((find_site(door, &to.site)?, to.whom.trim().to_owned()));
    Ok(Ask {
        nonce: tasks::random_id(),
        kind,
        priority,
        question: new.question,
        patient: agreed(given, patient_of(door, &studies)?)?,
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
        key_images: new.key_images.iter().map(key_image).collect::<Result<_, _>>()?,
        to: new.to.iter().map(to).collect::<Result<_, _>>()?,
    })
}

#[utoipa::path(post, path = "/api/cases", operation_id = "request_reading", request_body = NewRequest,
    responses((status = 201, body = CaseJson), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn begin(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewRequest>,
) -> Result<(StatusCode, Json<CaseJson>), ApiError> {
    caller.may(Action::RequestReadings)?;
    let ask = asked(&door, new)?;
    let whole = door.cases.begin(caller.0.actor(), ask).await?;
    Ok((StatusCode::CREATED, told(&door, &caller, &whole)))
}

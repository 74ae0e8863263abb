//! Workitems created, updated, claimed, completed, given back and called off (PS3.18 §11.4, 11.6–11.8).
//!
//! Each is a step in the case, or a draft of its reader. Who has a workitem in progress is who shows its Transaction UID *and*
//! is the person who claimed: the number alone opens nothing.
//!
//! # Not here
//! Whether a step has its effect: `protocol::case`.

use super::{
    super::{asker::Asker, error::Problem, query::pairs},
    ALREADY_CANCELED, ALREADY_COMPLETED, COMPLETED, CREATED_OTHERWISE, INCONSISTENT_UPDATE, INCORRECT, MISSING,
    NOT_CLAIMED, Target, UNSUPPORTED, UPDATED_OTHERWISE, conflict, may, refused, report, request,
    set::Set,
    turn::{StepState, uid},
    warning,
};
use crate::{
    cases::{Bound, CaseError, Doing, Whole, may as may_in, takes_part},
    desk::{AskError, Lack, ShownCase, SignError, ToSign},
    trust::Action,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use protocol::{
    Refusal, Uid,
    case::{
        event::{Report, Standing, Step},
        state::{Stage, Void},
    },
};

/// What an update may change while nobody has the workitem.
const SCHEDULED_KNOWN: [Tag; 1] = [tags::SCHEDULED_PROCEDURE_STEP_PRIORITY];
/// And what its reader may.
const CLAIMED_KNOWN: [Tag; 2] =
    [tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE, tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE];
/// Said as the reason of a step where the workstation gives none.
const BY: &str = "UPS-RS";
/// Of a draft of which no workstation said whose it is.
const WRITTEN: &str = "the report, or a part of it, was written in the portal: sign it there, or bring all of it by an update that \
                       repeats the patient";

/// Whether the person may do this in the case of a workitem.
fn allow(asker: &Asker, target: &Target, doing: Doing) -> Result<(), Problem> {
    let us = asker.desk.door.cases.us();
    if may_in(&asker.person, &target.whole, &us, doing) { Ok(()) } else { Err(Problem::Refused(Refusal::Role)) }
}

/// The workitem of the path, for somebody who has a part in cases at all.
fn target(asker: &Asker) -> Result<Target, Problem> {
    if !takes_part(&asker.person) {
        return Err(Problem::Refused(Refusal::Role));
    }
    Target::of(asker)
}

/// Whoever has the workitem in progress: the person who claimed, with the transaction of the claim.
fn unlock(asker: &Asker, target: &Target, transaction: &str) -> Result<(), Problem> {
    let wrong = |text, why: &'static str| Err(refused(StatusCode::BAD_REQUEST, text, why));
    if transaction.is_empty() {
        return wrong(MISSING, "the Transaction UID of the claim is needed");
    }
    let cases = &asker.desk.door.cases;
    match cases.bound(&target.whole, transaction) {
        Bound::Same if target.whole.is_claimed_by(&cases.us(), &asker.person.name) => Ok(()),
        Bound::Unbound => wrong(NOT_CLAIMED, "it was not claimed by UPS-RS"),
        Bound::Same | Bound::Other => wrong(INCORRECT, "the Transaction UID is not that of the claim"),
    }
}

/// A value of the query; PS3.18 writes it without a name, others with one.
fn queried(asker: &Asker, names: &[&str]) -> Result<String, Problem> {
    let pairs = pairs(&asker.query)?;
    let named = pairs.iter().find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    let bare = || pairs.iter().find(|(name, value)| value.is_empty() && Uid::parse(name).is_ok()).map(|(name, _)| name);
    Ok(named.map(|(_, value)| value).or_else(bare).cloned().unwrap_or_default())
}

fn done(headers: HeaderMap) -> Response {
    (StatusCode::OK, headers).into_response()
}

pub(in crate::dicomweb) async fn create(asker: Asker, body: Body) -> Result<Response, Problem> {
    may(&asker, Action::RequestReadings)?;
    let set = Set::receive(&asker, body).await?;
    let named = queried(&asker, &["workitem", "AffectedSOPInstanceUID"])?;
    if !named.is_empty() || !set.text(tags::SOP_INSTANCE_UID).is_empty() {
        return Err(Problem::bad("this service gives each Workitem its UID: leave it out, and read Location"));
    }
    if !matches!(set.text(tags::PROCEDURE_STEP_STATE).as_str(), "" | "SCHEDULED") {
        return Err(Problem::bad("a Workitem is created SCHEDULED"));
    }
    if !set.text(tags::TRANSACTION_UID).is_empty() {
        return Err(Problem::bad("a Workitem is created without Transaction UID"));
    }
    let (archive, cases) = (&asker.desk.door.archive, &asker.desk.door.cases);
    let (ask, particulars) = request::asking(&set)?.checked(archive, &cases.us()).map_err(|why| match why {
        AskError::Missing(fields) => Problem::bad(format!("missing: {}", fields.join(", "))),
        AskError::WrongPatient(_) => conflict("the images are of another patient"),
        AskError::FromAfar(_) => conflict(why.to_string()),
        AskError::Archive(why) => Problem::Internal(why.to_string()),
    })?;
    let whole = cases.begin(asker.person.actor(), ask, particulars).await?;
    let place = format!("{}/workitems/{}", asker.root, uid(&whole.name(), 0));
    let mut headers = if request::is_more_than_known(&set) { warning(CREATED_OTHERWISE) } else { HeaderMap::new() };
    if let Ok(value) = HeaderValue::from_str(&place) {
        let _ = headers.insert(header::LOCATION, value.clone());
        let _ = headers.insert(header::CONTENT_LOCATION, value);
    }
    Ok((StatusCode::CREATED, headers).into_response())
}

pub(in crate::dicomweb) async fn update(asker: Asker, body: Body) -> Result<Response, Problem> {
    let target = target(&asker)?;
    let set = Set::receive(&asker, body).await?;
    match target.turn.progress {
        StepState::Completed | StepState::Canceled => {
            Err(refused(StatusCode::BAD_REQUEST, INCONSISTENT_UPDATE, "the Workitem is over"))
        }
        StepState::Scheduled => update_scheduled(&asker, &target, &set).await,
        StepState::InProgress => {
            allow(&asker, &target, Doing::Reading)?;
            unlock(&asker, &target, &queried(&asker, &["transaction-uid", "transaction", "transactionUID"])?)?;
            update_claimed(&asker, &target, &set).await
        }
    }
}

/// How much of an update is taken.
fn taken(set: &Set, known: &[Tag], left_out: bool) -> Response {
    let is_known = |name: &str| known.iter().any(|tag| format!("{:04X}{:04X}", tag.0, tag.1) == name);
    let others = set.names().filter(|name| !is_known(name) && *name != "00080005").count();
    let nothing = !set.names().any(is_known);
    done(match (nothing, others > 0 || left_out) {
        (true, true) => warning(UNSUPPORTED),
        (false, true) => warning(UPDATED_OTHERWISE),
        (_, false) => HeaderMap::new(),
    })
}

async fn update_scheduled(asker: &Asker, target: &Target, set: &Set) -> Result<Response, Problem> {
    allow(asker, target, Doing::Asking)?;
    let word = set.text(tags::SCHEDULED_PROCEDURE_STEP_PRIORITY);
    // P0 is HIGH too: saying so again takes nothing back.
    if !word.is_empty() && word != super::item::priority(target.whole.state.ask.priority) {
        let step = Step::Prioritised { priority: request::of_standard(&word)?, reason: BY.to_owned() };
        let _ = asker.desk.door.cases.act(target.whole.name(), asker.person.actor(), step).await?;
    }
    Ok(taken(set, &SCHEDULED_KNOWN, false))
}

async fn update_claimed(asker: &Asker, target: &Target, set: &Set) -> Result<Response, Problem> {
    let (cases, name, person) = (&asker.desk.door.cases, target.whole.name(), &asker.person.name);
    let brought = report::brought(set);
    let mut left_out = false;
    if !brought.is_empty() {
        let before = cases.own_draft(name, person.clone()).await?.map(|kept| (kept.draft, kept.patient.is_some()));
        let made = report::draft(&target.whole, person, before, brought)?;
        left_out = made.is_left_out;
        cases.keep_brought(name, made.draft, made.patient).await?;
    }
    if target.whole.state.stage < Stage::Reading {
        let _ = cases.act(name, asker.person.actor(), Step::Reading).await?;
    }
    cases.touch(&target.whole, person);
    Ok(taken(set, &CLAIMED_KNOWN, left_out))
}

pub(in crate::dicomweb) async fn state(asker: Asker, body: Body) -> Result<Response, Problem> {
    let target = target(&asker)?;
    let set = Set::receive(&asker, body).await?;
    let transaction = set.text(tags::TRANSACTION_UID);
    let wanted = set.text(tags::PROCEDURE_STEP_STATE);
    match (wanted.as_str(), target.turn.progress) {
        ("IN PROGRESS", StepState::Scheduled | StepState::InProgress) => claim(&asker, &target, &transaction).await,
        ("COMPLETED", StepState::Completed) => Ok(done(warning(ALREADY_COMPLETED))),
        ("CANCELED" | "CANCELLED", StepState::Canceled) => Ok(done(warning(ALREADY_CANCELED))),
        ("COMPLETED", StepState::InProgress) => {
            allow(&asker, &target, Doing::Reading)?;
            unlock(&asker, &target, &transaction)?;
            complete(&asker, &target, report::despite(&set)).await
        }
        ("CANCELED" | "CANCELLED", StepState::InProgress) => {
            allow(&asker, &target, Doing::Reading)?;
            unlock(&asker, &target, &transaction)?;
            let step = Step::Released { reason: BY.to_owned() };
            let _ = asker.desk.door.cases.act(target.whole.name(), asker.person.actor(), step).await?;
            Ok(done(HeaderMap::new()))
        }
        ("IN PROGRESS" | "COMPLETED" | "CANCELED" | "CANCELLED", now) => {
            allow(&asker, &target, Doing::Reading)?;
            Err(conflict(format!("the Workitem is {}", now.word())))
        }
        _ => Err(Problem::bad("Procedure Step State is IN PROGRESS, COMPLETED or CANCELED")),
    }
}

async fn claim(asker: &Asker, target: &Target, transaction: &str) -> Result<Response, Problem> {
    allow(asker, target, Doing::Reading)?;
    if transaction.is_empty() {
        return Err(refused(StatusCode::BAD_REQUEST, MISSING, "a claim brings its Transaction UID"));
    }
    if Uid::parse(transaction).is_err() {
        return Err(refused(StatusCode::BAD_REQUEST, INCORRECT, "the Transaction UID is no UID"));
    }
    if let Some(desk) = &asker.desk.door.reading_room {
        desk.may_claim(&target.whole, &asker.person.name).map_err(|why| conflict(why.to_string()))?;
    }
    let cases = &asker.desk.door.cases;
    let whole = cases.claim_bound(target.whole.name(), asker.person.actor(), transaction).await?;
    cases.touch(&whole, &asker.person.name);
    Ok(done(HeaderMap::new()))
}

/// Signs what was kept as the reader's draft, of the patient that its workstation repeated; `despite`: why, although not all images
/// are known to be there and readable.
async fn complete(asker: &Asker, target: &Target, despite: String) -> Result<Response, Problem> {
    let (door, name, person) = (&asker.desk.door, target.whole.name(), &asker.person.name);
    let has_text = |text: &str| !text.trim().is_empty();
    let kept = door.cases.own_draft(name, person.clone()).await?;
    let kept = kept.filter(|kept| has_text(&kept.draft.findings) || has_text(&kept.draft.conclusion));
    let kept = kept.ok_or_else(|| conflict("there is no report to sign: neither findings nor conclusion"))?;
    let (draft, Some((patient_name, birth_date))) = (kept.draft, kept.patient) else { return Err(conflict(WRITTEN)) };
    let busy = Problem::Busy { code: "not-running", message: "reports are not signed now", retry_s: 5 };
    let desk = door.reading_room.as_ref().ok_or(busy)?;
    let report = Report {
        standing: Standing::Final,
        indication: draft.indication,
        technique: draft.technique,
        findings: draft.findings,
        conclusion: draft.conclusion,
        language: draft.language,
        read: draft.read,
        critical: draft.critical,
        despite,
    };
    if !report.is_sound() {
        return Err(Problem::bad("the report"));
    }
    // Whoever says why has seen all that may be lacking: a workstation names no single one.
    let despite_of = if report.despite.is_empty() { Vec::new() } else { Lack::ALL.to_vec() };
    let shown = ShownCase { patient_name, birth_date, ..desk.shown(&target.whole) };
    let to_sign = ToSign { report, images: Vec::new(), shown, despite_of };
    match desk.sign(name, asker.person.actor(), to_sign).await {
        Ok(_) => Ok(done(HeaderMap::new())),
        Err(SignError::Case(why)) => Err(why.into()),
        Err(why) => Err(conflict(why.to_string())),
    }
}

/// Whether the request can still be called off is known at once: nobody is asked.
pub(in crate::dicomweb) async fn cancel(asker: Asker, body: Body) -> Result<Response, Problem> {
    let target = target(&asker)?;
    let set = Set::receive(&asker, body).await?;
    allow(&asker, &target, Doing::Asking)?;
    match target.turn.progress {
        StepState::Canceled => Ok((StatusCode::ACCEPTED, warning(ALREADY_CANCELED)).into_response()),
        StepState::Completed => Err(refused(StatusCode::CONFLICT, COMPLETED, "there is a report")),
        StepState::Scheduled | StepState::InProgress => {
            cancelled(&asker, &target.whole, &set).await?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
    }
}

async fn cancelled(asker: &Asker, whole: &Whole, set: &Set) -> Result<(), Problem> {
    let coded = set.items(tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE).into_iter().next();
    let coded = coded.map(|code| code.text(tags::CODE_MEANING)).unwrap_or_default();
    let reasons = [set.text(tags::REASON_FOR_CANCELLATION), coded, BY.to_owned()];
    let reason = reasons.into_iter().find(|reason| !reason.is_empty()).unwrap_or_default();
    let cases = &asker.desk.door.cases;
    match cases.act(whole.name(), asker.person.actor(), Step::Cancelled { reason }).await {
        Ok(_) => Ok(()),
        Err(CaseError::Void(Void::NotYours)) => Err(conflict("only the site that asked calls the request off")),
        Err(why) => Err(why.into()),
    }
}

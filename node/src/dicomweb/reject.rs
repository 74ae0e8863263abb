//! DELETE of a study, series or instance: it is rejected, with the reason that `reason` gives (a code value of PS3.16
//! CID 7011, scheme DCM; 113001, quality, where it is not said). 204 when nobody sees it any more; 404 the second time.
//!
//! # Not here
//! Erasing: nothing is. Peers' studies: their custodian rejects them.

use super::{
    asker::{Asker, Desk},
    error::Problem,
};
use crate::{
    archive::{RejectError, RejectReason, Rejecting},
    trust::Action,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use protocol::Refusal;
use std::sync::Arc;

pub(super) async fn reject(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    if !asker.person.allows(Action::RejectStudies) {
        return Err(Problem::Refused(Refusal::Role));
    }
    let study = asker.study()?;
    if asker.within.as_ref().is_some_and(|within| !within.contains(&study)) {
        return Err(Problem::NotFound);
    }
    let reason = match asker.asked("reason")?.as_deref() {
        None => RejectReason::Quality,
        Some(text) => RejectReason::parse(text.strip_suffix("^DCM").unwrap_or(text))
            .ok_or_else(|| Problem::bad("the reason is 113001, 113037, 113038 or 113039"))?,
    };
    let named = |name| (!asker.param(name).is_empty()).then_some(());
    let rejecting = Rejecting {
        study,
        series: named("series").map(|()| asker.series()).transpose()?,
        instance: named("instance").map(|()| asker.instance()).transpose()?,
        reason,
        note: "DICOMweb".to_owned(),
    };
    match desk.door.archive.reject(rejecting, asker.person.actor()).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(RejectError::NotHeld) => Err(Problem::NotFound),
        Err(RejectError::TooMany) => Err(Problem::TooLarge("instances in one rejection: reject by series")),
        Err(error) => Err(Problem::Internal(error.to_string())),
    }
}

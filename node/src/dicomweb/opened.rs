//! Reports among the objects that are retrieved: who retrieves one has it in hand.
//!
//! # Not here
//! What follows from it: `cases`.

use super::{asker::Asker, error::Problem};
use crate::{cases::Way, reports::Kind};
use protocol::{Digest, Uid, manifest::InstanceEntry};

/// Written down before any byte of a report leaves, once for each person and report.
pub(super) async fn opened<'a>(
    asker: &Asker,
    study: &Uid,
    entries: impl Iterator<Item = &'a InstanceEntry>,
) -> Result<(), Problem> {
    let named: Vec<&Uid> = entries
        .filter(|entry| Kind::ALL.iter().any(|kind| entry.sop_class.as_str() == kind.class()))
        .map(|entry| &entry.instance)
        .collect();
    if named.is_empty() || asker.head_only {
        return Ok(());
    }
    let cases = &asker.desk.door.cases;
    for whole in cases.all() {
        let state = &whole.state;
        let is_read = || state.reports.iter().any(|one| one.report.read.iter().any(|(read, _)| read == study));
        if !state.ask.studies.contains(study) && !is_read() {
            continue;
        }
        let is_named = |event: &Digest| {
            let of = |kind: Kind| kind.instances(event).iter().any(|instance| named.contains(&instance));
            Kind::ALL.into_iter().any(of)
        };
        let reports: Vec<Digest> = state.reports.iter().map(|one| one.event).filter(is_named).collect();
        let written = cases.opened(&whole, &reports, Way::Dicom, asker.person.actor()).await;
        written.map_err(|e| Problem::Internal(format!("the opening of a report cannot be logged: {e}")))?;
    }
    Ok(())
}

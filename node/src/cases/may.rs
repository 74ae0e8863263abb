//! Who may do what in a case: the one table, whichever door a person comes by.
//!
//! # Not here
//! Whether the step has its effect: `protocol::case`. What a role allows: `trust`.

use super::Whole;
use crate::trust::{Action, Person, Role};
use protocol::SiteId;

/// What somebody wants to do, as far as it matters for who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// To judge the request, take it, read, compare.
    Reading,
    /// To give one's own claim back, or to a colleague.
    LettingGo,
    /// To say who of this site has it: to give what nobody claimed to somebody, or to take it from somebody else.
    Regulating,
    /// To see to it that there are images.
    Preparing,
    /// To ask somebody else: who asked, and whoever sees to the images.
    Routing,
    /// To have read a report, or to know of a critical result.
    Acting,
    /// To have told somebody of a critical result.
    Telling,
    /// To call the request off, or to say how urgent it is.
    Asking,
    /// To say who the patient is.
    Identifying,
    /// To put it away.
    Closing,
    /// To have it opened again, for an addendum: who reads, and who acts on what was read.
    Reopening,
    /// To speak, to wait, to call for help.
    Speaking,
}

/// Whether a person has any part in cases.
pub(crate) fn takes_part(person: &Person) -> bool {
    let any = [Action::ReportCases, Action::RequestReadings, Action::PrepareCases];
    person.allows(Action::ListStudies) && any.into_iter().any(|action| person.allows(action))
}

/// Whether they may do it in this case, at this site.
pub(crate) fn may(person: &Person, whole: &Whole, us: &SiteId, doing: Doing) -> bool {
    let reports = person.allows(Action::ReportCases);
    let requests = person.allows(Action::RequestReadings);
    let prepares = person.allows(Action::PrepareCases);
    let is_clinician = requests && matches!(person.role, Role::Referrer | Role::Radiologist);
    takes_part(person)
        && match doing {
            Doing::Reading => reports,
            Doing::LettingGo => reports && whole.is_claimed_by(us, &person.name),
            // Any radiologist of the site, at night often the only one awake; and who answers for the node, where there is none.
            Doing::Regulating => {
                (reports || person.allows(Action::Administer)) && !whole.is_claimed_by(us, &person.name)
            }
            Doing::Preparing => prepares,
            Doing::Acting => is_clinician,
            Doing::Telling | Doing::Reopening => is_clinician || reports,
            Doing::Asking => requests,
            Doing::Routing | Doing::Identifying | Doing::Closing => requests || prepares,
            Doing::Speaking => reports || requests || prepares,
        }
}

//! Why something about a roster is not done.

use crate::{audit::AuditError, trust::TrustError};
use protocol::roster::{StepError, ical::IcalError};

/// See the module's text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RosterError {
    #[error("no such shift of this site")]
    NoShift,
    #[error("no such coverage in force")]
    NoCoverage,
    #[error("this site does not read under the coverage")]
    NotReader,
    #[error("no account of that name is in use here")]
    NoAccount,
    #[error("it is somebody else's shift")]
    NotYours,
    #[error("the person has a shift there at that time")]
    Overlap,
    #[error("a shift that has been taken or is over is not moved")]
    Begun,
    #[error("open cases would have no owner: hand them over first")]
    OpenCases,
    #[error("nobody has offered that shift to be taken over")]
    NoRelief,
    #[error("no shift that could take over")]
    NoSuccessor,
    #[error("{0}")]
    Unfit(&'static str),
    #[error(transparent)]
    Step(#[from] StepError),
    #[error(transparent)]
    File(#[from] IcalError),
    #[error("{0}")]
    Trust(#[from] TrustError),
    #[error("the evidence cannot be written")]
    Audit(#[from] AuditError),
}

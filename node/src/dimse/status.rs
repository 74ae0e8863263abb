//! DIMSE statuses (PS3.7 Annex C, PS3.4 B.2.3) and their one mapping from what the archive says.

use crate::archive::IngestError;

/// A status with the sentence that goes into Error Comment; never patient data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: u16,
    pub(crate) comment: &'static str,
}

impl Status {
    pub(crate) const SUCCESS: Self = Self { code: 0x0000, comment: "" };
    /// A subsequent occurrence of a rejected instance: a failure of C-STORE's own range (PS3.4 B.2.3: Cxxx).
    pub(crate) const REJECTED: Self = Self { code: 0xC904, comment: "this instance was rejected here" };
    pub(crate) const DUPLICATE: Self =
        Self { code: 0x0111, comment: "other bytes are stored under this SOP Instance UID" };
    pub(crate) const FAILURE: Self = Self { code: 0x0110, comment: "processing failure, see the log of the node" };
    pub(crate) const CLASS_NOT_SUPPORTED: Self =
        Self { code: 0x0122, comment: "SOP class not supported on this context" };
    pub(crate) const UNRECOGNIZED: Self = Self { code: 0x0211, comment: "operation not supported" };
    pub(crate) const MISTYPED: Self = Self { code: 0x0212, comment: "the request lacks a SOP class or instance UID" };
    pub(crate) const NO_SUCH_INSTANCE: Self = Self { code: 0x0112, comment: "there is only the well-known instance" };
    pub(crate) const INVALID_ARGUMENT: Self = Self { code: 0x0115, comment: "the request lacks what it is about" };
    /// Of performed procedure steps (PS3.4 F.7.2).
    pub(crate) const NO_SUCH_STEP: Self = Self { code: 0x0112, comment: "no such procedure step is known here" };
    pub(crate) const STEP_KNOWN: Self = Self { code: 0x0111, comment: "the procedure step is known here already" };
    pub(crate) const STEP_ENDED: Self = Self { code: 0x0110, comment: "the procedure step may no longer be updated" };
    pub(crate) const STEP_STATUS: Self = Self { code: 0x0106, comment: "the status does not fit the procedure step" };
    pub(crate) const NO_SUCH_ACTION: Self = Self { code: 0x0123, comment: "there is no such action" };
    pub(crate) const LIMITED: Self = Self { code: 0x0213, comment: "too many instances or requests at once" };
    pub(crate) const OUT_OF_RESOURCES: Self = Self { code: 0xA700, comment: "out of resources" };
    pub(crate) const STOPPING: Self = Self { code: 0xA702, comment: "the node is stopping, send again later" };
    pub(crate) const MISMATCH: Self = Self { code: 0xA900, comment: "the data set is not the object announced" };
    pub(crate) const UNREADABLE: Self = Self { code: 0xC000, comment: "the data set cannot be understood" };

    pub(crate) const PENDING: Self = Self { code: 0xFF00, comment: "" };
    /// As [`Self::PENDING`], and some keys were not matched.
    pub(crate) const PENDING_UNMATCHED: Self = Self { code: 0xFF01, comment: "" };
    pub(crate) const CANCELLED: Self = Self { code: 0xFE00, comment: "cancelled" };
    pub(crate) const NOT_AUTHORIZED: Self = Self { code: 0x0124, comment: "this AE may not do that here" };
    pub(crate) const TOO_MANY: Self = Self { code: 0xA700, comment: "too many matches, ask for less" };
    pub(crate) const NO_DESTINATION: Self = Self { code: 0xA801, comment: "the move destination is not a known AE" };
    pub(crate) const NONE_SENT: Self = Self { code: 0xA702, comment: "no instance could be sent" };
    pub(crate) const SOME_FAILED: Self = Self { code: 0xB000, comment: "some instances could not be sent" };
    pub(crate) const SOME_WARNED: Self = Self { code: 0xB000, comment: "the receiver warned of some instances" };
    pub(crate) const BAD_IDENTIFIER: Self =
        Self { code: 0xA900, comment: "the identifier does not fit the level or the class" };
    pub(crate) const NOT_ANSWERED: Self = Self { code: 0xC001, comment: "the holder of a study cannot be reached now" };

    /// The status of a refused instance (the table of docs/conformance.md).
    pub(crate) const fn of(error: &IngestError) -> Self {
        match error {
            IngestError::Malformed(_) => Self::UNREADABLE,
            IngestError::ClassMismatch | IngestError::InstanceMismatch | IngestError::OtherStudy => Self::MISMATCH,
            IngestError::Conflict { .. } => Self::DUPLICATE,
            IngestError::Rejected { .. } => Self::REJECTED,
            IngestError::NoSpace | IngestError::TooLarge(_) => Self::OUT_OF_RESOURCES,
            IngestError::Stopping => Self::STOPPING,
            IngestError::Storage(_) => Self::FAILURE,
        }
    }
}

/// Whether an instance was stored: success, or a warning (PS3.7 C.4: 0001, 0107, 0116, Bxxx).
pub(crate) const fn is_stored(code: u16) -> bool {
    matches!(code, 0x0000 | 0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF)
}

/// What a peer's status means to a person.
pub(crate) const fn sentence(code: u16) -> &'static str {
    match code {
        0x0000 => "stored",
        0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => "stored with a warning",
        0x0110 => "processing failure",
        0x0111 => "the peer has other bytes under this SOP Instance UID",
        0x0117 => "the SOP Instance UID is not valid",
        0x0122 => "SOP class not supported",
        0x0124 => "not authorised",
        0x0211 | 0x0212 => "the peer did not understand the request",
        0xA700..=0xA7FF => "the peer is out of resources",
        0xA900..=0xA9FF => "the data set does not match its SOP class",
        0xC000..=0xCFFF => "the peer cannot understand the data set",
        _ => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comment_fits_its_attribute() {
        // LO: 64 characters (PS3.7 C.4, PS3.5 table 6.2-1).
        for status in [
            Status::DUPLICATE,
            Status::FAILURE,
            Status::CLASS_NOT_SUPPORTED,
            Status::UNRECOGNIZED,
            Status::MISTYPED,
            Status::NO_SUCH_INSTANCE,
            Status::INVALID_ARGUMENT,
            Status::NO_SUCH_ACTION,
            Status::NO_SUCH_STEP,
            Status::STEP_KNOWN,
            Status::STEP_ENDED,
            Status::STEP_STATUS,
            Status::LIMITED,
            Status::OUT_OF_RESOURCES,
            Status::STOPPING,
            Status::MISMATCH,
            Status::UNREADABLE,
            Status::CANCELLED,
            Status::NOT_AUTHORIZED,
            Status::TOO_MANY,
            Status::NO_DESTINATION,
            Status::NONE_SENT,
            Status::BAD_IDENTIFIER,
            Status::NOT_ANSWERED,
        ] {
            assert!(status.comment.len() <= 64, "{status:?}");
            assert!(!is_stored(status.code));
        }
    }
}

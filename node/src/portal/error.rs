//! Errors as the API tells them: a stable code, a short sentence, never patient data. What is ours goes to the log under
//! a reference number.

use super::{cases_row::HolderJson, cases_sign};
use crate::{
    archive::{
        ArchiveError, ConflictError, CorrectError, IngestError, NoteError, RejectError, RetainError, RuleError,
        TierError, WithholdError, cache::CacheError,
    },
    audit::AuditError,
    cases::{AttachError, CaseError, skip_word},
    desk::{SignError, UnfitReader},
    identity::IdentityError,
    links::LinkError,
    media::MediaError,
    overlay::{OverlayError, PairingFailure},
    roster::RosterError,
    rules::RulesError,
    sources::SourceError,
    spare::SpareError,
    studies::StudyError,
    trust::{TrustError, Wrong},
    users::{Must, OidcError, UsersError},
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::{Refusal, case::event::Skip};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("sign in first")]
    NotSignedIn,
    #[error("the request came from another page")]
    Origin,
    #[error("only on this machine, through the command line")]
    LocalOnly,
    #[error("{0}")]
    Must(Must),
    #[error("no such thing here")]
    NotFound,
    #[error("{0}")]
    Bad(&'static str),
    #[error("the node is not running; start it with `confrere serve`")]
    NotRunning,
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error(transparent)]
    Oidc(#[from] OidcError),
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("{0}")]
    Terms(#[from] Wrong),
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("the evidence cannot be written")]
    Audit(#[from] AuditError),
    #[error("the archive cannot be read")]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Reject(#[from] RejectError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Conflict(#[from] ConflictError),
    #[error(transparent)]
    Correct(#[from] CorrectError),
    #[error(transparent)]
    Retain(#[from] RetainError),
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Tier(#[from] TierError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the cache cannot be changed")]
    Cache(#[from] CacheError),
    #[error("the object was not taken in")]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(transparent)]
    Spare(#[from] SpareError),
    #[error(transparent)]
    Withhold(#[from] WithholdError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Case(#[from] CaseError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Attach(#[from] AttachError),
    #[error("{0}")]
    Unfit(#[from] UnfitReader),
    #[error("the site may not be asked: {}", skip_word(*.0))]
    Barred(Skip),
    #[error("somebody else has it")]
    Claimed(HolderJson),
    #[error("missing or out of bounds: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    #[error("it was found to differ from another report, which the screen does not show yet")]
    DifferenceNotShown,
    #[error("the patient is another")]
    WrongPatient(Vec<&'static str>),
    #[error(transparent)]
    Roster(#[from] RosterError),
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// Stable word for programs and translations.
    pub(super) error: String,
    /// English sentence without patient data.
    pub(super) message: String,
    /// Reference number in the node's log, for faults of ours.
    pub(super) reference: Option<String>,
    /// Seconds after which another try makes sense.
    pub(super) retry_s: Option<u64>,
    /// With `claimed`: who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<HolderJson>,
    /// With `missing`: the fields of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<&'static str>,
    /// With `wrong-patient`: what differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) differs: Vec<&'static str>,
}

impl ApiError {
    /// The stable word.
    pub(super) fn word(&self) -> &'static str {
        self.outside().1
    }

    fn outside(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotSignedIn => (S::UNAUTHORIZED, "not-signed-in"),
            Self::Origin => (S::FORBIDDEN, "origin"),
            Self::LocalOnly => (S::FORBIDDEN, "local-only"),
            Self::Must(Must::ChangePassword) => (S::FORBIDDEN, "must-password"),
            Self::Must(Must::SetUpFactor) => (S::FORBIDDEN, "must-second-factor"),
            Self::NotFound => (S::NOT_FOUND, "not-found"),
            Self::Bad(_) => (S::BAD_REQUEST, "malformed"),
            Self::NotRunning => (S::SERVICE_UNAVAILABLE, "not-running"),
            Self::Users(e) => users(e),
            Self::Oidc(e) => oidc(*e),
            Self::Study(e) => study(e),
            Self::Trust(e) => trust(e),
            Self::Terms(_) => (S::BAD_REQUEST, "malformed"),
            Self::Overlay(OverlayError::Pairing(e)) => pairing(*e),
            Self::Overlay(OverlayError::Trust(e)) => trust(e),
            Self::Overlay(OverlayError::Identity(e)) | Self::Identity(e) => identity(e),
            Self::Refused(r) => (S::FORBIDDEN, r.code()),
            Self::Ingest(_) => (S::CONFLICT, "not-stored"),
            Self::Reject(RejectError::NotHeld | RejectError::NoRejection) => (S::NOT_FOUND, "not-found"),
            Self::Reject(RejectError::TooMany) => (S::BAD_REQUEST, "too-many"),
            Self::Reject(RejectError::FileLost) => (S::CONFLICT, "file-lost"),
            Self::Note(NoteError::NotWaiting) => (S::NOT_FOUND, "not-found"),
            Self::Note(NoteError::NoteLost) => (S::CONFLICT, "file-lost"),
            Self::Note(_) => (S::INTERNAL_SERVER_ERROR, "internal"),
            Self::Tier(e) => tier(e),
            Self::Rule(e) => rule(e),
            Self::Rules(RulesError::NoRoute) => (S::NOT_FOUND, "not-found"),
            Self::Rules(RulesError::Audit(_) | RulesError::Archive(_)) => (S::INTERNAL_SERVER_ERROR, "internal"),
            Self::Retain(e) => retain(e),
            Self::Reject(RejectError::Audit(_) | RejectError::Archive(_)) => (S::INTERNAL_SERVER_ERROR, "internal"),
            Self::Conflict(e) => conflict(e),
            Self::Correct(e) => correct(e),
            Self::Source(e) => source(e),
            Self::Spare(e) => super::spare::outside(e),
            Self::Withhold(e) => super::withheld::outside(e),
            Self::Case(e) | Self::Sign(SignError::Case(e)) => cases_sign::outside(e),
            Self::Attach(e) => super::cases_attachments::outside(e),
            Self::Claimed(_) => (S::CONFLICT, "claimed"),
            Self::Missing(_) => (S::BAD_REQUEST, "missing"),
            Self::DifferenceNotShown => (S::CONFLICT, "difference-not-shown"),
            Self::WrongPatient(_) | Self::Sign(SignError::WrongPatient(_)) => (S::CONFLICT, "wrong-patient"),
            Self::Sign(SignError::ImagesMissing) => (S::CONFLICT, "images-missing"),
            Self::Sign(SignError::ImagesUndecoded(_)) => (S::CONFLICT, "images-undecoded"),
            Self::Sign(SignError::ImagesOfAnother) => (S::CONFLICT, "images-of-another"),
            Self::Sign(SignError::LateImages) => (S::CONFLICT, "late-images"),
            Self::Sign(SignError::CountUnconfirmed) => (S::CONFLICT, "count-unconfirmed"),
            Self::Unfit(why) | Self::Sign(SignError::Unfit(why)) => (S::CONFLICT, why.word()),
            Self::Barred(why) => (S::CONFLICT, skip_word(*why)),
            Self::Roster(e) => super::shifts::outside(e),
            Self::Link(e) => super::linked::outside(e),
            Self::Media(MediaError::NoStudy) => (S::NOT_FOUND, "not-found"),
            Self::Media(MediaError::TooMany) => (S::BAD_REQUEST, "too-many"),
            Self::Media(MediaError::Purpose) => (S::BAD_REQUEST, "malformed"),
            Self::Media(MediaError::Archive(_) | MediaError::Audit(_)) => (S::INTERNAL_SERVER_ERROR, "internal"),
            Self::Overlay(_) | Self::Audit(_) | Self::Archive(_) | Self::Cache(_) => {
                (S::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }

    fn retry_s(&self) -> Option<u64> {
        match self {
            Self::Users(UsersError::Throttled(s)) => Some(*s),
            Self::Oidc(OidcError::Busy) => Some(1),
            Self::Study(StudyError::Unreachable { retry_s } | StudyError::Waiting { retry_s }) => {
                Some(u64::from(*retry_s))
            }
            _ => None,
        }
    }
}

fn identity(e: &IdentityError) -> (StatusCode, &'static str) {
    match e {
        IdentityError::NotChanged => (StatusCode::CONFLICT, "key-not-changed"),
        IdentityError::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        _ => (StatusCode::CONFLICT, "no-more-keys"),
    }
}

fn retain(e: &RetainError) -> (StatusCode, &'static str) {
    match e {
        RetainError::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        RetainError::NoReason => (StatusCode::BAD_REQUEST, "no-reason"),
        RetainError::Future => (StatusCode::BAD_REQUEST, "future"),
        RetainError::Kept => (StatusCode::CONFLICT, "still-kept"),
        RetainError::Proposed => (StatusCode::CONFLICT, "proposed"),
        RetainError::SamePerson => (StatusCode::FORBIDDEN, "same-person"),
        RetainError::TooMany => (StatusCode::BAD_REQUEST, "too-many"),
        RetainError::Contested => (StatusCode::CONFLICT, "contested"),
        RetainError::FileLost => (StatusCode::CONFLICT, "file-lost"),
        RetainError::Audit(_) | RetainError::Archive(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn rule(e: &RuleError) -> (StatusCode, &'static str) {
    match e {
        RuleError::NoRule | RuleError::NoStudy => (StatusCode::NOT_FOUND, "not-found"),
        RuleError::Unfit(_) => (StatusCode::BAD_REQUEST, "unfit"),
        RuleError::Audit(_) | RuleError::Archive(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn tier(e: &TierError) -> (StatusCode, &'static str) {
    match e {
        TierError::NotHeld => (StatusCode::NOT_FOUND, "not-found"),
        TierError::NoTier => (StatusCode::CONFLICT, "no-cold-tier"),
        TierError::Arriving => (StatusCode::CONFLICT, "arriving"),
        TierError::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "cold-tier-unreachable"),
        TierError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        TierError::Archive(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn users(e: &UsersError) -> (StatusCode, &'static str) {
    match e {
        UsersError::Wrong => (StatusCode::UNAUTHORIZED, "wrong-password"),
        UsersError::SecondFactor => (StatusCode::UNAUTHORIZED, "second-factor"),
        UsersError::WrongCode => (StatusCode::UNAUTHORIZED, "wrong-second-factor"),
        UsersError::Disabled => (StatusCode::UNAUTHORIZED, "disabled"),
        UsersError::NoRole => (StatusCode::FORBIDDEN, "provider-role"),
        UsersError::OtherNumber => (StatusCode::FORBIDDEN, "provider-number"),
        UsersError::Again => (StatusCode::CONFLICT, "provider-again"),
        UsersError::NotBegun => (StatusCode::CONFLICT, "not-begun"),
        UsersError::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "throttled"),
        UsersError::Exists => (StatusCode::CONFLICT, "exists"),
        UsersError::NoUser => (StatusCode::NOT_FOUND, "not-found"),
        UsersError::Unfit(_) => (StatusCode::BAD_REQUEST, "unfit"),
        UsersError::Journal(_) | UsersError::Record(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn oidc(e: OidcError) -> (StatusCode, &'static str) {
    match e {
        OidcError::Away => (StatusCode::BAD_GATEWAY, "provider-away"),
        OidcError::Busy => (StatusCode::TOO_MANY_REQUESTS, "throttled"),
        OidcError::State => (StatusCode::UNAUTHORIZED, "provider-state"),
        OidcError::Denied => (StatusCode::UNAUTHORIZED, "provider-denied"),
        OidcError::MixUp | OidcError::Untrue(_) => (StatusCode::UNAUTHORIZED, "provider-untrue"),
        OidcError::Weak => (StatusCode::UNAUTHORIZED, "provider-weak"),
        OidcError::Page => (StatusCode::BAD_REQUEST, "malformed"),
    }
}

fn source(e: &SourceError) -> (StatusCode, &'static str) {
    use SourceError as E;
    match e {
        E::NoSource | E::NoMigration | E::NotThere => (StatusCode::NOT_FOUND, "not-found"),
        E::Unfit(_) => (StatusCode::BAD_REQUEST, "unfit"),
        E::Unreachable(_) | E::Broken(_) => (StatusCode::BAD_GATEWAY, "source-unreachable"),
        E::Refused(_) | E::Garbage(_) => (StatusCode::BAD_GATEWAY, "source-refused"),
        E::TooMany => (StatusCode::BAD_REQUEST, "too-many"),
        E::NotRunning | E::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "not-running"),
        E::Here(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn study(e: &StudyError) -> (StatusCode, &'static str) {
    match e {
        StudyError::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        StudyError::Refused(r) => (StatusCode::FORBIDDEN, r.code()),
        StudyError::Unreachable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unreachable"),
        StudyError::Waiting { .. } => (StatusCode::SERVICE_UNAVAILABLE, "waiting"),
        StudyError::Corrupt => (StatusCode::BAD_GATEWAY, "corrupt"),
        StudyError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn conflict(e: &ConflictError) -> (StatusCode, &'static str) {
    match e {
        ConflictError::NoConflict => (StatusCode::NOT_FOUND, "not-found"),
        ConflictError::Decided => (StatusCode::CONFLICT, "decided"),
        ConflictError::Changed => (StatusCode::CONFLICT, "changed"),
        ConflictError::FileLost => (StatusCode::CONFLICT, "file-lost"),
        ConflictError::Report => (StatusCode::CONFLICT, "reported"),
        ConflictError::Closed => (StatusCode::CONFLICT, "closed"),
        ConflictError::Undecided => (StatusCode::CONFLICT, "undecided"),
        ConflictError::TooSoon => (StatusCode::BAD_REQUEST, "no-reason"),
        ConflictError::Held => (StatusCode::CONFLICT, "still-kept"),
        ConflictError::TooMany => (StatusCode::BAD_REQUEST, "too-many"),
        ConflictError::Audit(_) | ConflictError::Archive(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn correct(e: &CorrectError) -> (StatusCode, &'static str) {
    match e {
        CorrectError::NotHeld | CorrectError::NoCorrection => (StatusCode::NOT_FOUND, "not-found"),
        CorrectError::Nothing => (StatusCode::BAD_REQUEST, "nothing"),
        CorrectError::NoPatientId => (StatusCode::BAD_REQUEST, "no-patient-id"),
        CorrectError::TooMany => (StatusCode::CONFLICT, "too-many"),
        CorrectError::BuiltOn => (StatusCode::CONFLICT, "built-on"),
        CorrectError::Audit(_) | CorrectError::Archive(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

pub(super) fn trust(e: &TrustError) -> (StatusCode, &'static str) {
    match e {
        TrustError::NoPeer
        | TrustError::NoAgreement
        | TrustError::NoGrant
        | TrustError::NoDuty
        | TrustError::NoCoverage => (StatusCode::NOT_FOUND, "not-found"),
        TrustError::Wider(_) => (StatusCode::CONFLICT, "wider"),
        TrustError::State => (StatusCode::CONFLICT, "state"),
        TrustError::NotPairedWithAll => (StatusCode::CONFLICT, "not-paired-with-all"),
        TrustError::Refused(r) => (StatusCode::FORBIDDEN, r.code()),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn pairing(e: PairingFailure) -> (StatusCode, &'static str) {
    let status = match e {
        PairingFailure::BadInvitation => StatusCode::BAD_REQUEST,
        PairingFailure::Unreachable | PairingFailure::Protocol => StatusCode::BAD_GATEWAY,
        _ => StatusCode::CONFLICT,
    };
    (status, pairing_code(e))
}

/// The stable word of a pairing failure.
pub(super) fn pairing_code(e: PairingFailure) -> &'static str {
    match e {
        PairingFailure::WrongCode => "wrong-code",
        PairingFailure::Expired => "expired",
        PairingFailure::Unreachable => "unreachable",
        PairingFailure::BadInvitation => "bad-invitation",
        PairingFailure::Rejected => "differ",
        PairingFailure::Protocol => "protocol",
        PairingFailure::AlreadyPaired => "already-paired",
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.outside();
        let reference = status.is_server_error().then(|| {
            let reference = crate::tasks::random_id().to_string();
            tracing::error!(%reference, error = ?self, "request failed");
            reference
        });
        let message = if code == "internal" { "internal fault".to_owned() } else { self.to_string() };
        let retry_s = self.retry_s();
        let refusal = match &self {
            Self::Refused(r) | Self::Study(StudyError::Refused(r)) | Self::Trust(TrustError::Refused(r)) => Some(*r),
            _ => None,
        };
        let (by, fields, differs) = match &self {
            Self::Claimed(by) => (Some(by.clone()), Vec::new(), Vec::new()),
            Self::Missing(fields) => (None, fields.clone(), Vec::new()),
            Self::WrongPatient(what) | Self::Sign(SignError::WrongPatient(what)) => (None, Vec::new(), what.clone()),
            _ => (None, Vec::new(), Vec::new()),
        };
        let error = code.to_owned();
        let body = ErrorBody { error, message, reference, retry_s, by, fields, differs };
        let mut response = (status, Json(body)).into_response();
        // For the log: see `witness`.
        if let Some(refusal) = refusal {
            response.extensions_mut().insert(refusal);
        }
        if let Some(s) = retry_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        response
    }
}

/// For paths under `/api` that are none.
pub(super) async fn no_route() -> ApiError {
    std::future::ready(ApiError::NotFound).await
}

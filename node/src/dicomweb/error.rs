//! Why a DICOMweb request is not fulfilled, and how HTTP says so: one table for all routes.
//!
//! The body is `{"error": code, "message": sentence}`; sentences carry no patient data. A fault of ours gets a
//! reference that stands in the log beside the cause.

use crate::{pixels::Fault, studies::StudyError};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::Refusal;
use std::borrow::Cow;

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("nobody is signed in")]
    SignedOut,
    #[error("{0}")]
    Refused(Refusal),
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    #[error("no such study, series, instance or frame")]
    NotFound,
    #[error("{0}")]
    NotAcceptable(&'static str),
    #[error("{0}")]
    UnsupportedMedia(&'static str),
    #[error("over the bound: {0}")]
    TooLarge(&'static str),
    /// With what the resource allows.
    #[error("the resource does not allow this method")]
    Method(&'static str),
    #[error("the range lies outside")]
    Range { bytes: u64 },
    #[error("{message}")]
    Busy { code: &'static str, message: &'static str, retry_s: u32 },
    /// Of the worklist: with what PS3.18 chapter 11 has for it.
    #[error("{message}")]
    Workitem { status: StatusCode, warning: &'static str, message: Cow<'static, str> },
    #[error("the client stopped sending")]
    Slow,
    #[error("the bytes are not those that were signed")]
    Corrupt,
    #[error("internal: {0}")]
    Internal(String),
}

impl Problem {
    pub(super) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRequest(message.into())
    }

    /// Status and stable word.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::SignedOut => (StatusCode::UNAUTHORIZED, "not-signed-in"),
            Self::Refused(refusal) => (StatusCode::FORBIDDEN, refusal.code()),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "not-acceptable"),
            Self::UnsupportedMedia(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::Range { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "range"),
            Self::Busy { code, .. } => (StatusCode::SERVICE_UNAVAILABLE, code),
            Self::Workitem { status, .. } => (*status, "workitem"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::Corrupt => (StatusCode::BAD_GATEWAY, "corrupt"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl From<StudyError> for Problem {
    fn from(error: StudyError) -> Self {
        match error {
            StudyError::NotFound | StudyError::Refused(Refusal::NotHeld) => Self::NotFound,
            StudyError::Corrupt | StudyError::Refused(Refusal::Corrupt) => Self::Corrupt,
            StudyError::Refused(Refusal::Busy(wait_ms)) => {
                Self::Busy { code: "busy", message: "the holder is busy", retry_s: wait_ms.div_ceil(1000).max(1) }
            }
            StudyError::Refused(Refusal::Malformed | Refusal::Version | Refusal::Internal) => {
                Self::Internal("the holder could not answer".to_owned())
            }
            StudyError::Refused(refusal) => Self::Refused(refusal),
            StudyError::Unreachable { retry_s } => {
                Self::Busy { code: "unreachable", message: "the holder cannot be reached", retry_s }
            }
            StudyError::Waiting { retry_s } => {
                Self::Busy { code: "waiting", message: "the image has not arrived yet", retry_s }
            }
            StudyError::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => Self::NotFound,
            Fault::Unreadable(why) | Fault::Damaged(why) => Self::NotAcceptable(why),
            Fault::DataSet(error) => error.into(),
            Fault::Study(error) => error.into(),
            Fault::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<super::dataset::DataSetError> for Problem {
    fn from(error: super::dataset::DataSetError) -> Self {
        Self::NotAcceptable(match error {
            super::dataset::DataSetError::Depth => "the object cannot be read here: sequences nested too deeply",
            super::dataset::DataSetError::Elements => "the object cannot be read here: too many elements",
            super::dataset::DataSetError::Broken => "the object cannot be read here: its data set is broken",
            super::dataset::DataSetError::Size => "the object cannot be read here: its deflated data set is too large",
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let mut body = serde_json::json!({ "error": code, "message": self.to_string() });
        if let Self::Internal(cause) = &self {
            let reference = crate::tasks::random_id().to_string();
            tracing::error!(%reference, %cause, "a DICOMweb request failed");
            body["message"] = "internal fault".into();
            body["reference"] = reference.into();
        }
        let mut response = (status, Json(body)).into_response();
        // For the log: the layer before this door writes refusals down.
        if let Self::Refused(refusal) = self {
            response.extensions_mut().insert(refusal);
        }
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Busy { retry_s, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_s.max(1)));
            }
            Self::Workitem { warning, .. } => {
                if let Ok(value) = HeaderValue::from_str(&format!("299 confrere: {warning}")) {
                    headers.insert(header::WARNING, value);
                }
            }
            Self::Method(allowed) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Range { bytes } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{bytes}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            _ => {}
        }
        response
    }
}

//! The DICOMweb door: QIDO-RS, WADO-RS and STOW-RS (PS3.18) over own and peers' studies, as one archive; UPS-RS over cases.
//!
//! It translates and decides nothing: who may see what, waiting for a peer, and verification are `studies`'; storing is
//! the archive's. The same routes are served twice: at the root, for all that the caller may see, and under
//! `/contexts/{context}`, for one reading context, which no request can widen.
//!
//! Objects and frames leave as they are stored, streamed and never compressed; JSON is compressed and carries ETags.
//!
//! # At a crash
//! A STOW answer is given after the archive acknowledged; what had not been acknowledged is sent again.
//!
//! # Not here
//! Sign-in and the Origin check: the portal's layer, which leaves a [`crate::trust::Person`] in the request.

mod accept;
mod asker;
mod body;
mod bulkdata;
mod capabilities;
mod cors;
mod error;
mod frames;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod json;
mod matching;
mod metadata;
mod opened;
mod plain;
mod qido;
mod query;
mod reasons;
mod reject;
mod rendered;
mod routes;
#[cfg(test)]
mod stories;
mod stow;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod ups;
mod uri;
mod wado;

use crate::{
    archive::Archive,
    audit::Audit,
    cases::Cases,
    desk::Desk,
    pixels::{Decoders, dataset},
    studies::Studies,
    tasks::Tasks,
    trust::Trust,
};
use std::sync::Arc;

/// What the door needs of the node.
#[derive(Clone, Debug)]
pub(crate) struct DicomwebDoor {
    pub(crate) studies: Studies,
    pub(crate) archive: Archive,
    pub(crate) audit: Audit,
    pub(crate) cases: Cases,
    /// Where reports are signed; `None`: nowhere.
    pub(crate) reading_room: Option<Desk>,
    pub(crate) trust: Trust,
    /// This site's name.
    pub(crate) site_name: String,
    pub(crate) tasks: Tasks,
    pub(crate) decoders: Decoders,
    /// Whether the portal speaks TLS: absolute URLs in answers begin with `https`.
    pub(crate) https: bool,
    /// Origins of other pages that may ask; of the form that browsers send.
    pub(crate) cors_origins: Arc<[String]>,
    /// Whether searches that name one patient ask peers, unless they say otherwise.
    pub(crate) ask_peers: bool,
}

/// The routes, all under `/dicomweb`.
pub(crate) fn router(door: DicomwebDoor) -> axum::Router {
    routes::router(door)
}

//! Studies on their way out of the house and in: as folders of DICOM files, and as media (IHE PDI).
//!
//! An export is a stream of files ([`Piece`]). Whoever takes it packs it: into a folder, a zip or an ISO 9660 image
//! ([`pack`]), here or at the other end of the control socket. No object is begun that was not verified against its digest, and
//! every file is followed by the digest of what was sent, which the packer compares with what it wrote. Each study is in the log, with
//! the purpose that was given, before its first byte leaves.
//!
//! What comes in is looked at first ([`look`], [`sight`]): which files a medium's directory names, whose they are, and who of our
//! patients might be meant. That is a suggestion; a person decides ([`Whose`]), and `archive::ingest` takes in what was chosen, byte for byte.
//!
//! # At a crash
//! The log names studies that may not have left. What was packed so far is a folder whose finished studies are listed in
//! its manifest, or half an image that does not open.
//!
//! # Not here
//! Who may: the door asks. Studies that peers hold: they are exported where they are held.

mod dicomdir;
mod give;
mod names;
pub(crate) mod pack;
mod pages;
mod piece;
mod preview;
mod record;
mod sighted;
mod source;
#[cfg(test)]
mod tests;
mod whose;

pub(crate) use give::{Wanted, export};
pub(crate) use piece::{Frames, Piece, Said, frame};
pub(crate) use sighted::{Sighted, sight};
pub(crate) use source::{Found, Item, look};
pub(crate) use whose::{Choice, Decided, Decision, Verdict, Whose};

use crate::{
    archive::{Archive, ArchiveError},
    audit::{Audit, AuditError},
    pixels::Decoders,
    tasks::Tasks,
    trust::Trust,
};

/// Studies in one export at most: the list of a request, and what a DICOMDIR of them takes in memory, stay small.
pub(crate) const STUDIES_MAX: usize = 1_000;
/// Instances on one medium at most: a DICOMDIR is made in memory, some 500 bytes each.
pub(crate) const INSTANCES_MAX: u64 = 100_000;
/// Characters of a purpose.
pub(crate) const PURPOSE_MAX: usize = 120;

/// What an export uses.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) archive: Archive,
    pub(crate) trust: Trust,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    pub(crate) decoders: Decoders,
    pub(crate) site_name: String,
    /// `fr` or `en`.
    pub(crate) language: String,
}

/// How the files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Folders with names for people, of patient, study and series.
    Files,
    /// With DICOMDIR, README.TXT and INDEX.HTM, and names of eight characters (PS3.10, PS3.12 F, IHE PDI).
    Pdi,
}

/// Why an export does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    #[error("no such study here")]
    NoStudy,
    #[error("at most {STUDIES_MAX} studies and {INSTANCES_MAX} instances go on one medium")]
    TooMany,
    #[error("say what it is for, in at most {PURPOSE_MAX} characters and without names")]
    Purpose,
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

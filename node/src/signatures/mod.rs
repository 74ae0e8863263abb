//! Digital signatures that objects carry (PS3.15 Annex C, PS3.3 C.12.1.1.3): checked, and said in plain words.
//!
//! They are the equipment's or a physician's own, and older than the custodian's manifest: where one holds, the elements
//! that it names are what was signed before the object was received here. It says nothing of the others, and of its signer
//! only what the certificate says; whether that is to be believed, the site says by naming authorities.
//!
//! What is checked is what is stored, byte for byte, not what corrections show of it.
//!
//! An item of a sequence may be signed by itself, as a report's measurement is: its signatures say something of that item alone.
//!
//! # Not here
//! Certified timestamps of signatures: they are not looked at.

mod canonical;
mod check;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod study;
#[cfg(test)]
mod tests;

pub(crate) use study::{Found, OfObject, of_study};

use crate::x509::{Hash, Signer};
use dicom_core::Tag;

/// Why a signature cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unchecked {
    /// Its MAC parameters, signature or certificate are missing or cannot be read.
    Incomplete,
    /// By a method too weak, or not known here.
    Method,
    /// It names elements that must not be signed, as those of unknown type.
    Elements,
    /// It was made over pixels in another encoding than these.
    Encoding,
}

impl Unchecked {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Method => "method",
            Self::Elements => "elements",
            Self::Encoding => "encoding",
        }
    }
}

/// What came of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// What it names is what was signed.
    Valid,
    /// Something that it names is not what was signed.
    Broken,
    Unchecked(Unchecked),
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Broken => "broken",
            Self::Unchecked(_) => "unchecked",
        }
    }
}

/// One signature of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Where the item that was signed stands: sequences and items (from 1), from outside in. Empty: the object itself.
    pub(crate) place: Vec<(Tag, usize)>,
    pub(crate) state: State,
    /// `None`: not known here.
    pub(crate) hash: Option<Hash>,
    /// When it says that it was made (DT of DICOM), which nothing proves.
    pub(crate) at: Option<String>,
    /// What it was made for, as it says.
    pub(crate) purpose: Option<String>,
    pub(crate) signer: Option<Signer>,
    /// Elements that it names, and whether the pixels are among them.
    pub(crate) elements: usize,
    pub(crate) has_pixels: bool,
}

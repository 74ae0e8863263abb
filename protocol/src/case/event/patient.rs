//! Who a case is about, and which images.

use super::sound::{is_code, is_line};
use crate::{identity::Standing, ids::Uid};
use serde::{Deserialize, Serialize};

/// The patient, as the requesting site identifies them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// Patient's Name (0010,0010) in Unicode, components separated by `^`; empty: nobody knows.
    pub name: String,
    /// Patient's Birth Date (0010,0030), `YYYYMMDD`; empty: nobody knows.
    pub birth_date: String,
    /// Patient's Sex (0010,0040): F, M, O or empty.
    pub sex: String,
    /// Patient ID (0010,0020) …
    pub id: String,
    /// … and its issuer (0010,0021).
    pub issuer: String,
    /// The national number; empty unless the identity is qualified.
    pub national: String,
    /// How sure the site is; `None`: an unknown patient, to be identified later.
    pub standing: Option<Standing>,
}

impl Patient {
    /// Whether anybody is named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.name.chars().any(|c| !c.is_whitespace() && !matches!(c, '^' | '='))
    }

    /// Whether it is within bounds, and the national number goes with a qualified identity only.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_date = self.birth_date.len() == 8 && self.birth_date.bytes().all(|b| b.is_ascii_digit());
        is_line(&self.name, 324)
            && (self.birth_date.is_empty() || is_date)
            && ["", "F", "M", "O"].contains(&self.sex.as_str())
            && is_line(&self.id, 64)
            && is_line(&self.issuer, 64)
            && is_line(&self.national, 22)
            && (self.national.is_empty() || self.standing == Some(Standing::Qualified))
    }
}

/// An image, or a series, that a request or a report points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyImage {
    /// Study Instance UID.
    pub study: Uid,
    /// Series Instance UID.
    pub series: Uid,
    /// SOP Instance UID; `None`: the whole series.
    pub instance: Option<Uid>,
    /// Frame number, from 1, where there are several.
    pub frame: Option<u32>,
    /// What is to be seen there, or was measured.
    pub text: String,
}

impl KeyImage {
    pub(super) fn is_sound(&self) -> bool {
        is_line(&self.text, 256) && (self.frame.is_none() || self.instance.is_some()) && self.frame != Some(0)
    }
}

/// Whether it may stand for Modality or Body Part Examined.
pub(super) fn is_short_code(text: &str) -> bool {
    text.len() <= 16 && is_code(text)
}

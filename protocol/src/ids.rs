//! Names that cannot be confused with one another: sites, UIDs, AE titles. Each is parsed once and then trusted.

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A site, which is its ed25519 public key (RFC 8032, 32 bytes). Shown as base32 in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteId(pub [u8; 32]);

impl SiteId {
    /// The first eight characters: enough for a person to tell a few sites apart, never for a decision.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_lowercase())
    }
}

impl fmt::Debug for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteId({})", self.short())
    }
}

impl std::str::FromStr for SiteId {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        let bytes = BASE32_NOPAD.decode(s.trim().to_uppercase().as_bytes()).map_err(|_| IdError::Site)?;
        Ok(Self(bytes.try_into().map_err(|_| IdError::Site)?))
    }
}

/// A DICOM UID (PS3.5 §9.1): 1–64 characters of digits and dots. Safe in paths and URLs by construction.
///
/// Leading zeros in a component are accepted, since real equipment writes them; padding (NUL or space) is cut.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uid(Box<str>);

impl Uid {
    /// Parses after cutting trailing NUL and spaces.
    ///
    /// # Errors
    /// [`IdError::Uid`] when empty, too long, or with any other character, or without a digit.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim_matches(['\0', ' ']);
        let legal = !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && text.starts_with(|c: char| c.is_ascii_digit())
            && !text.contains("..");
        if legal { Ok(Self(text.into())) } else { Err(IdError::Uid) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Uid {
    type Error = IdError;
    fn try_from(s: String) -> Result<Self, IdError> {
        Self::parse(&s)
    }
}
impl From<Uid> for String {
    fn from(uid: Uid) -> Self {
        uid.0.into()
    }
}
impl std::str::FromStr for Uid {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        Self::parse(s)
    }
}
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An application entity title (PS3.5 AE): 1–16 characters of the default repertoire, no backslash, no control
/// characters, surrounding spaces not significant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AeTitle(Box<str>);

impl AeTitle {
    /// Parses after trimming spaces and NUL.
    ///
    /// # Errors
    /// [`IdError::AeTitle`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim_matches([' ', '\0']);
        let legal = (1..=16).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'\\');
        if legal { Ok(Self(text.into())) } else { Err(IdError::AeTitle) }
    }

    /// The text, without padding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AeTitle {
    type Error = IdError;
    fn try_from(s: String) -> Result<Self, IdError> {
        Self::parse(&s)
    }
}
impl From<AeTitle> for String {
    fn from(ae: AeTitle) -> Self {
        ae.0.into()
    }
}
impl std::str::FromStr for AeTitle {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        Self::parse(s)
    }
}
impl fmt::Display for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sixteen random bytes that name an agreement, a grant, an invitation or a reading. Shown in hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Id128(pub [u8; 16]);

impl Id128 {
    /// The UID made of it (PS3.5 B.2).
    #[must_use]
    pub fn uid(&self) -> Uid {
        Uid(format!("2.25.{}", u128::from_be_bytes(self.0)).into())
    }
}

impl fmt::Display for Id128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}
impl fmt::Debug for Id128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl std::str::FromStr for Id128 {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(s.trim().as_bytes()).map_err(|_| IdError::Id128)?;
        Ok(Self(bytes.try_into().map_err(|_| IdError::Id128)?))
    }
}

/// Why a text is not the name it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a site key.
    #[error("not a site key (52 base32 characters)")]
    Site,
    /// Not a UID.
    #[error("not a DICOM UID (1-64 digits and dots)")]
    Uid,
    /// Not an AE title.
    #[error("not an AE title (1-16 printable characters)")]
    AeTitle,
    /// Not an identifier of ours.
    #[error("not an identifier (32 hex digits)")]
    Id128,
}

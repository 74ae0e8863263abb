//! The one encoding: a version byte, then postcard.
//!
//! A type that is stored or sent implements [`Wire`]. When its shape changes, the old shape stays as a private type, the
//! version goes up, and [`Wire::decode_version`] turns the old into the new: bytes of version N−1 are always readable.

use serde::{Serialize, de::DeserializeOwned};

/// A type with versioned bytes.
pub trait Wire: Serialize + DeserializeOwned {
    /// The version written today.
    const VERSION: u8;
    /// What the bytes hold, for error sentences.
    const NAME: &'static str;

    /// A value that an older version can say as well, in its bytes: sites that read no newer one read it. The default always
    /// writes today's.
    fn encode_version(&self) -> Option<Vec<u8>> {
        None
    }

    /// Reads a body of an older version. The default knows only today's.
    ///
    /// # Errors
    /// [`WireError::Version`] for a version this program cannot read.
    fn decode_version(version: u8, _body: &[u8]) -> Result<Self, WireError> {
        Err(WireError::Version { name: Self::NAME, version })
    }
}

/// Why bytes are not a value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WireError {
    /// No version byte.
    #[error("{0}: empty")]
    Empty(&'static str),
    /// A version from the future, or one no longer read.
    #[error("{name}: version {version} is not readable here")]
    Version { name: &'static str, version: u8 },
    /// The body does not parse, or bytes are left over.
    #[error("{0}: malformed")]
    Malformed(&'static str),
}

/// Encodes with today's version, or with an older one that says the same.
#[must_use]
pub fn encode<T: Wire>(value: &T) -> Vec<u8> {
    if let Some(older) = value.encode_version() {
        return older;
    }
    // Into a growing vector postcard cannot fail for the plain types used here; an empty vector is refused by `decode`.
    postcard::to_extend(value, vec![T::VERSION]).unwrap_or_default()
}

/// Encodes a body of an older version: for [`Wire::encode_version`].
#[must_use]
pub fn encode_body<B: Serialize>(version: u8, body: &B) -> Option<Vec<u8>> {
    postcard::to_extend(body, vec![version]).ok()
}

/// Decodes; every byte must be used.
///
/// # Errors
/// See [`WireError`].
pub fn decode<T: Wire>(bytes: &[u8]) -> Result<T, WireError> {
    let (&version, body) = bytes.split_first().ok_or(WireError::Empty(T::NAME))?;
    if version != T::VERSION {
        return T::decode_version(version, body);
    }
    decode_body(body)
}

/// Decodes a body without its version byte: for [`Wire::decode_version`].
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_body<B: DeserializeOwned>(body: &[u8]) -> Result<B, WireError> {
    match postcard::take_from_bytes::<B>(body) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(WireError::Malformed(std::any::type_name::<B>())),
    }
}

//! The invitation's text and the spoken code.

use crate::{
    ids::{Id128, SiteId},
    limits::is_site_name,
    time::Timestamp,
    wire::{self, Wire},
};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

const PREFIX: &str = "confrere:";
/// Longest text that is looked at, characters: eight addresses of full length fit.
const TEXT_MAX: usize = 4096;

/// What the inviting site's people send to the other's: by mail, chat or QR code. Not secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Single use.
    pub id: Id128,
    /// The inviting site.
    pub site: SiteId,
    /// Its name.
    pub name: String,
    /// `host:port` of its pairing listener (TCP), at most 8.
    pub addresses: Vec<String>,
    /// Good until.
    pub expires: Timestamp,
}
impl Wire for Invitation {
    const VERSION: u8 = 1;
    const NAME: &'static str = "invitation";
}

/// The text is not an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an invitation (a text that begins with {PREFIX})")]
pub struct InvitationError;

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = wire::encode(self);
        let check = checksum(&bytes);
        bytes.extend_from_slice(&check);
        write!(f, "{PREFIX}{}", BASE32_NOPAD.encode(&bytes).to_lowercase())
    }
}

/// Finds a mistyped or cut text at once; it protects against nothing else.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let hash = blake3::derive_key("confrere pairing invitation checksum 1", bytes);
    [hash[0], hash[1], hash[2], hash[3]]
}

impl std::str::FromStr for Invitation {
    type Err = InvitationError;
    fn from_str(text: &str) -> Result<Self, InvitationError> {
        if text.len() > TEXT_MAX {
            return Err(InvitationError);
        }
        // Mail programs break lines.
        let text: String = text.split_whitespace().collect::<String>().to_lowercase();
        let body = text.strip_prefix(PREFIX).ok_or(InvitationError)?;
        let bytes = BASE32_NOPAD.decode(body.to_uppercase().as_bytes()).map_err(|_| InvitationError)?;
        let (bytes, check) = bytes.split_last_chunk::<4>().ok_or(InvitationError)?;
        if *check != checksum(bytes) {
            return Err(InvitationError);
        }
        let invitation: Self = wire::decode(bytes).map_err(|_| InvitationError)?;
        let sound = invitation.addresses.len() <= 8
            && invitation.addresses.iter().all(|a| a.len() <= 260)
            && is_site_name(&invitation.name);
        if sound { Ok(invitation) } else { Err(InvitationError) }
    }
}

/// The spoken code: eight digits. Never sent, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<String>);

/// The text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code (8 digits)")]
pub struct CodeError;

impl Code {
    /// Draws a code from fresh randomness.
    #[must_use]
    pub fn draw(entropy: &[u8; 16]) -> Self {
        Self(Zeroizing::new(format!("{:08}", u128::from_le_bytes(*entropy) % 100_000_000)))
    }

    /// As it is spoken: two groups of four.
    #[must_use]
    pub fn spoken(&self) -> String {
        let (first, second) = self.0.split_at(4);
        format!("{first} {second}")
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

impl std::str::FromStr for Code {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.len() > 32 || !text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-') {
            return Err(CodeError);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() == 8 { Ok(Self(Zeroizing::new(digits))) } else { Err(CodeError) }
    }
}

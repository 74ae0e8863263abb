//! Signatures: bytes are verified first and parsed after, and every kind of object has its own domain.

use crate::{
    ids::SiteId,
    wire::{self, Wire, WireError},
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A type that may be signed: its domain keeps a signature over one kind of object from being used for another.
pub trait Domain: Wire {
    /// Unique and stable, for example `confrere/card/1`.
    const DOMAIN: &'static str;
}

/// The encoded bytes of a `T`, who signed them, and the signature. Nothing is readable before [`Signed::open`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    signer: SiteId,
    signature: SignatureBytes,
    #[serde(skip)]
    kind: PhantomData<T>,
}

/// An ed25519 signature, 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureBytes(#[serde(with = "serde_bytes")] pub [u8; 64]);

/// Why a signed object is not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignedError {
    /// Signed by someone else than the caller expected.
    #[error("signed by another site")]
    Signer,
    /// The key is not a point, or the signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// Signed well, but not readable.
    #[error(transparent)]
    Wire(#[from] WireError),
}

fn signing_input(domain: &str, body: &[u8]) -> Vec<u8> {
    let mut input = Vec::with_capacity(domain.len() + 1 + body.len());
    input.extend_from_slice(domain.as_bytes());
    input.push(0);
    input.extend_from_slice(body);
    input
}

/// Signs bytes in a domain.
#[must_use]
pub fn sign_bytes(key: &SigningKey, domain: &str, body: &[u8]) -> SignatureBytes {
    SignatureBytes(key.sign(&signing_input(domain, body)).to_bytes())
}

/// Verifies bytes in a domain, strictly (no small-order keys, no malleability).
#[must_use]
pub fn verify_bytes(signer: &SiteId, domain: &str, body: &[u8], signature: &SignatureBytes) -> bool {
    VerifyingKey::from_bytes(&signer.0)
        .is_ok_and(|key| key.verify_strict(&signing_input(domain, body), &Signature::from_bytes(&signature.0)).is_ok())
}

impl<T: Domain> Signed<T> {
    /// Signs a value.
    #[must_use]
    pub fn seal(key: &SigningKey, value: &T) -> Self {
        let body = wire::encode(value);
        let signature = sign_bytes(key, T::DOMAIN, &body);
        Self { body, signer: SiteId(key.verifying_key().to_bytes()), signature, kind: PhantomData }
    }

    /// Verifies that `signer` signed this, then parses.
    ///
    /// # Errors
    /// See [`SignedError`].
    pub fn open(&self, signer: &SiteId) -> Result<T, SignedError> {
        if self.signer != *signer {
            return Err(SignedError::Signer);
        }
        if !verify_bytes(signer, T::DOMAIN, &self.body, &self.signature) {
            return Err(SignedError::Signature);
        }
        Ok(wire::decode(&self.body)?)
    }

    /// The signature, for whoever keeps the value and not its bytes.
    #[must_use]
    pub fn signature(&self) -> SignatureBytes {
        self.signature
    }

    /// Puts a value and the signature that was kept of it together again. As good as what was received where the bytes
    /// are the same: [`Signed::open`] tells.
    #[must_use]
    pub fn again(value: &T, signer: SiteId, signature: SignatureBytes) -> Self {
        Self { body: wire::encode(value), signer, signature, kind: PhantomData }
    }

    /// Who claims to have signed. Not believed until [`Signed::open`] said so.
    #[must_use]
    pub fn claimed_signer(&self) -> SiteId {
        self.signer
    }
}

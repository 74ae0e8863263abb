//! Signatures: bytes are verified first and parsed after, and every kind of object has its own domain.
//!
//! Who signs is a site, by its name. A signature by another key than the site's first carries the chain that leads to it
//! ([`crate::succession`]), and holds if both do. Whether that key is still the site's is not asked here: `node::trust`.

use crate::{
    ids::SiteId,
    succession::{self, Keys, Succession},
    wire::{self, Wire, WireError},
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
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

/// An ed25519 signature, 64 bytes, and behind it the successions that lead from the site's name to the key that made it:
/// none for a first key, so that the bytes are those from before keys could be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureBytes {
    signature: [u8; 64],
    successions: Vec<Succession>,
}

impl Serialize for SignatureBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = self.signature.to_vec();
        self.successions.iter().for_each(|link| link.write(&mut bytes));
        serde_bytes::serialize(&bytes, serializer)
    }
}

impl<'de> Deserialize<'de> for SignatureBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = serde_bytes::deserialize(deserializer)?;
        let (signature, chain) = bytes.split_first_chunk::<64>().ok_or_else(|| D::Error::custom("a signature"))?;
        let successions = succession::read_all(chain).ok_or_else(|| D::Error::custom("successions"))?;
        Ok(Self { signature: *signature, successions })
    }
}

/// What signs for a site: its first key, or any after it with the chain that leads there.
pub trait Signs {
    /// For which site.
    fn site(&self) -> SiteId;
    /// Bytes, as they are.
    fn sign_plain(&self, input: &[u8]) -> [u8; 64];
    /// How the key came to be the site's.
    fn successions(&self) -> &[Succession] {
        &[]
    }
}

impl Signs for SigningKey {
    fn site(&self) -> SiteId {
        SiteId(self.verifying_key().to_bytes())
    }
    fn sign_plain(&self, input: &[u8]) -> [u8; 64] {
        self.sign(input).to_bytes()
    }
}

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
pub fn sign_bytes(key: &impl Signs, domain: &str, body: &[u8]) -> SignatureBytes {
    let signature = key.sign_plain(&signing_input(domain, body));
    SignatureBytes { signature, successions: key.successions().to_vec() }
}

/// Verifies bytes in a domain, strictly (no small-order keys, no malleability), with the chain to the key that signed.
#[must_use]
pub fn verify_bytes(signer: &SiteId, domain: &str, body: &[u8], signature: &SignatureBytes) -> bool {
    let Some(key) = succession::last_key(signer, &signature.successions) else { return false };
    let holds = |key: VerifyingKey| {
        key.verify_strict(&signing_input(domain, body), &Signature::from_bytes(&signature.signature)).is_ok()
    };
    VerifyingKey::from_bytes(&key.0).is_ok_and(holds)
}

impl<T: Domain> Signed<T> {
    /// Signs a value.
    #[must_use]
    pub fn seal(key: &impl Signs, value: &T) -> Self {
        let body = wire::encode(value);
        let signature = sign_bytes(key, T::DOMAIN, &body);
        Self { body, signer: key.site(), signature, kind: PhantomData }
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
        self.signature.clone()
    }

    /// Bytes of the value, encoded.
    #[must_use]
    pub fn bytes_len(&self) -> usize {
        self.body.len()
    }

    /// The keys of the signer's up to the one that signed, if they hold. Believed no further than that: [`Signed::open`].
    #[must_use]
    pub fn keys(&self) -> Option<Keys> {
        Keys::checked(self.signer, self.signature.successions.clone())
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

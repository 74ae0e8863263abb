//! Texts that sites sign together: the same bytes, the signatures of all parties.
//!
//! # Not here
//! What the texts say: [`crate::agreement`], [`crate::keeping`], [`crate::roster`].

use crate::{
    ids::SiteId,
    refusal::Refusal,
    signed::{Domain, SignatureBytes, Signs, sign_bytes, verify_bytes},
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A text between sites.
pub trait Text: Domain {
    /// What the signed bytes hold, for error sentences.
    const SIGNED: &'static str;

    /// Its parties, each once.
    fn between(&self) -> Vec<SiteId>;

    /// Whether it is one that may be signed.
    fn is_sound(&self) -> bool;
}

/// A text's bytes with the signatures collected so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Countersigned<T> {
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    signatures: Vec<(SiteId, SignatureBytes)>,
    #[serde(skip)]
    kind: PhantomData<T>,
}

impl<T: Text> Wire for Countersigned<T> {
    const VERSION: u8 = 1;
    const NAME: &'static str = T::SIGNED;
}

impl<T: Text> Countersigned<T> {
    /// Encodes and signs as the first party.
    #[must_use]
    pub fn draft(key: &impl Signs, text: &T) -> Self {
        let mut signed = Self { body: wire::encode(text), signatures: Vec::new(), kind: PhantomData };
        signed.sign(key);
        signed
    }

    /// Adds a signature; signing twice changes nothing.
    pub fn sign(&mut self, key: &impl Signs) {
        let site = key.site();
        if !self.signatures.iter().any(|(s, _)| *s == site) {
            self.signatures.push((site, sign_bytes(key, T::DOMAIN, &self.body)));
        }
    }

    /// Takes the signatures of another copy of the same text; whether there were any that were missing.
    pub fn join(&mut self, other: &Self) -> bool {
        let before = self.signatures.len();
        if self.body == other.body {
            for (site, signature) in &other.signatures {
                if !self.signatures.iter().any(|(known, _)| known == site) {
                    self.signatures.push((*site, signature.clone()));
                }
            }
        }
        self.signatures.len() > before
    }

    /// The text, and which of its parties have signed it, both verified.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when the text does not parse, is not sound, or a signature does not hold or is a
    /// stranger's.
    pub fn open(&self) -> Result<(T, Vec<SiteId>), Refusal> {
        let text: T = wire::decode(&self.body).map_err(|_| Refusal::Malformed)?;
        let between = text.between();
        let holds = |(site, signature): &(SiteId, SignatureBytes)| {
            between.contains(site) && verify_bytes(site, T::DOMAIN, &self.body, signature)
        };
        if !text.is_sound() || self.signatures.len() > between.len() || !self.signatures.iter().all(holds) {
            return Err(Refusal::Malformed);
        }
        let mut signers: Vec<SiteId> = self.signatures.iter().map(|(s, _)| *s).collect();
        signers.dedup();
        Ok((text, signers))
    }

    /// The text, if all parties signed it.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], also when a signature is missing.
    pub fn open_countersigned(&self) -> Result<T, Refusal> {
        let (text, signers) = self.open()?;
        if text.between().iter().all(|site| signers.contains(site)) { Ok(text) } else { Err(Refusal::Malformed) }
    }
}

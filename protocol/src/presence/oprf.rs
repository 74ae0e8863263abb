//! The verifiable oblivious pseudorandom function of RFC 9497, ristretto255-SHA512, by the crate `voprf`.
//!
//! What is off the wire is a point other than the neutral one, or refused. The proof binds each answer to the key under
//! which the list was made: a holder can neither answer under a key of its own for one question, nor with something that
//! would pass for "not known".
//!
//! # Not here
//! Randomness: 32 bytes of it are handed in for each use. What the outcome is compared with: [`super::set`].

use super::{Element, Proof, Subject};
use crate::{pairing::Entropy, refusal::Refusal};
use std::fmt;
use voprf::{BlindedElement, EvaluationElement, Group, Ristretto255, VoprfClient, VoprfServer};
use zeroize::Zeroizing;

/// What the function makes of a patient under a key: the first half of it.
#[derive(Clone)]
pub struct Output(pub(super) Zeroizing<[u8; 32]>);

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}

impl Output {
    fn of(whole: &[u8]) -> Result<Self, Refusal> {
        let half = whole.first_chunk::<32>().ok_or(Refusal::Internal)?;
        Ok(Self(Zeroizing::new(*half)))
    }
}

/// A holder's key. Its secret half leaves no copy behind when it goes.
pub struct HolderKey(VoprfServer<Ristretto255>);

impl fmt::Debug for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderKey({:?})", self.public())
    }
}

impl HolderKey {
    /// A key from 32 random bytes.
    ///
    /// # Errors
    /// [`Refusal::Internal`]: chance of one in 2²⁵².
    pub fn draw(seed: &[u8; 32]) -> Result<Self, Refusal> {
        let key = VoprfServer::new_from_seed(seed, b"confrere presence 1").map_err(|_| Refusal::Internal)?;
        Ok(Self(key))
    }

    #[cfg(test)]
    pub(super) fn of_vector(seed: &[u8], info: &[u8]) -> Self {
        Self(VoprfServer::new_from_seed(seed, info).unwrap())
    }

    /// The half that everybody may know.
    #[must_use]
    pub fn public(&self) -> Element {
        Element(Ristretto255::serialize_elem(self.0.get_public_key()).into())
    }

    /// Answers a question: the point multiplied, and that it was by this key.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what is no point, or the neutral one.
    pub fn evaluate(&self, blinded: &Element, seed: &[u8; 32]) -> Result<(Element, Proof), Refusal> {
        let blinded = BlindedElement::deserialize(&blinded.0).map_err(|_| Refusal::Malformed)?;
        let answer = self.0.blind_evaluate(&mut Entropy::new(seed), &blinded);
        let proof = answer.proof.serialize();
        let (c, s) = proof.split_first_chunk::<32>().ok_or(Refusal::Internal)?;
        let s = s.first_chunk::<32>().ok_or(Refusal::Internal)?;
        Ok((Element(answer.message.serialize().into()), Proof([*c, *s])))
    }

    /// What the function makes of a patient, for the holder itself.
    ///
    /// # Errors
    /// [`Refusal::Internal`]: chance of one in 2²⁵².
    pub fn output(&self, of: &Subject) -> Result<Output, Refusal> {
        Output::of(&self.0.evaluate(&of.input()).map_err(|_| Refusal::Internal)?)
    }
}

/// One question that was asked of one holder.
pub struct Asking {
    client: VoprfClient<Ristretto255>,
    subject: Subject,
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asking")
    }
}

impl Asking {
    /// Hides a patient under a factor from 32 random bytes, which are used for nothing else: with the point to send.
    ///
    /// # Errors
    /// [`Refusal::Internal`]: chance of one in 2²⁵².
    pub fn blind(subject: &Subject, seed: &[u8; 32]) -> Result<(Self, Element), Refusal> {
        let made = VoprfClient::blind(&subject.input(), &mut Entropy::new(seed)).map_err(|_| Refusal::Internal)?;
        let element = Element(made.message.serialize().into());
        Ok((Self { client: made.state, subject: subject.clone() }, element))
    }

    /// Takes the factor away again, after the proof.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what is no point, or was not multiplied by that key.
    pub fn finish(&self, key: &Element, element: &Element, proof: &Proof) -> Result<Output, Refusal> {
        let malformed = |_| Refusal::Malformed;
        let key = Ristretto255::deserialize_elem(&key.0).map_err(malformed)?;
        let element = EvaluationElement::deserialize(&element.0).map_err(malformed)?;
        let proof = voprf::Proof::deserialize(&proof.0.concat()).map_err(malformed)?;
        let whole = self.client.finalize(&self.subject.input(), &element, &proof, key).map_err(malformed)?;
        Output::of(&whole)
    }
}

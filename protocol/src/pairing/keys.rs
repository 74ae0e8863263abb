//! The arithmetic: SPAKE2, the transcript, and what is derived from both.

use super::{Code, Invitation, Violation};
use crate::{
    ids::SiteId,
    signed::{SignatureBytes, sign_bytes, verify_bytes},
    succession::SiteKey,
    wire,
};
use rand_core::{CryptoRng, RngCore};
use spake2::{Ed25519Group, Identity, Password, Spake2};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const SIGNATURE_DOMAIN: &str = "confrere/pairing/1";

/// Which side speaks. Every derived value has it, so that nothing can be reflected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Joiner,
    Inviter,
}

impl Side {
    const fn proof_context(self) -> &'static str {
        match self {
            Self::Joiner => "confrere pairing 1 joiner proves",
            Self::Inviter => "confrere pairing 1 inviter proves",
        }
    }
    const fn confirm_context(self) -> &'static str {
        match self {
            Self::Joiner => "confrere pairing 1 joiner confirms",
            Self::Inviter => "confrere pairing 1 inviter confirms",
        }
    }
    const fn byte(self) -> u8 {
        match self {
            Self::Joiner => b'J',
            Self::Inviter => b'I',
        }
    }
}

/// Randomness that the caller handed in, stretched.
pub(crate) struct Entropy(blake3::OutputReader);

impl Entropy {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self(blake3::Hasher::new_derive_key("confrere pairing 1 entropy").update(seed).finalize_xof())
    }
    pub(super) fn nonce(&mut self) -> [u8; 32] {
        let mut nonce = [0; 32];
        self.0.fill(&mut nonce);
        nonce
    }
}

impl RngCore for Entropy {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(dest);
        Ok(())
    }
}
impl CryptoRng for Entropy {}

/// A side's SPAKE2 state with the element to send.
pub(super) struct Exchange {
    state: Spake2<Ed25519Group>,
    pub(super) element: Vec<u8>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(..)")
    }
}

impl Exchange {
    pub(super) fn start(side: Side, code: &Code, invitation: &Invitation, joiner: &SiteId, rng: Entropy) -> Self {
        let password = Password::new(code.bytes());
        let identity = |role: Side, site: &SiteId| {
            let mut name = vec![role.byte()];
            name.extend_from_slice(&site.0);
            name.extend_from_slice(&invitation.id.0);
            Identity::new(&name)
        };
        let (a, b) = (identity(Side::Joiner, joiner), identity(Side::Inviter, &invitation.site));
        let (state, element) = match side {
            Side::Joiner => Spake2::<Ed25519Group>::start_a_with_rng(&password, &a, &b, rng),
            Side::Inviter => Spake2::<Ed25519Group>::start_b_with_rng(&password, &a, &b, rng),
        };
        Self { state, element }
    }

    pub(super) fn finish(self, theirs: &[u8]) -> Result<Zeroizing<Vec<u8>>, Violation> {
        self.state.finish(theirs).map(Zeroizing::new).map_err(|_| Violation("not an element of the group"))
    }
}

/// What the joiner commits to before it sees the inviter's nonce.
pub(super) fn commitment(nonce: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("confrere pairing 1 commitment", nonce)
}

/// The agreed key bound to everything that was said.
pub(super) struct Session {
    key: Zeroizing<Vec<u8>>,
    transcript: [u8; 32],
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

impl Session {
    /// `open` and `reply` are those messages' bytes as they went over the wire.
    pub(super) fn new(
        key: Zeroizing<Vec<u8>>,
        invitation: &Invitation,
        open: &[u8],
        reply: &[u8],
        nonce: &[u8; 32],
    ) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("confrere pairing 1 transcript");
        for part in [wire::encode(invitation).as_slice(), open, reply, nonce] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self { key, transcript: *hasher.finalize().as_bytes() }
    }

    fn mac(&self, context: &'static str, body: &[u8]) -> [u8; 32] {
        let key = Zeroizing::new(blake3::derive_key(context, &self.key));
        *blake3::Hasher::new_keyed(&key).update(&self.transcript).update(body).finalize().as_bytes()
    }

    pub(super) fn proof(&self, side: Side) -> [u8; 32] {
        self.mac(side.proof_context(), &[])
    }

    pub(super) fn proves(&self, side: Side, mac: &[u8; 32]) -> bool {
        self.proof(side).ct_eq(mac).into()
    }

    pub(super) fn confirmation(&self, side: Side, accept: bool) -> [u8; 32] {
        self.mac(side.confirm_context(), &[u8::from(accept)])
    }

    pub(super) fn confirms(&self, side: Side, accept: bool, mac: &[u8; 32]) -> bool {
        self.confirmation(side, accept).ct_eq(mac).into()
    }

    fn signed_text(&self, side: Side) -> Vec<u8> {
        let mut text = self.transcript.to_vec();
        text.push(side.byte());
        text
    }

    pub(super) fn sign(&self, side: Side, key: &SiteKey) -> SignatureBytes {
        sign_bytes(key, SIGNATURE_DOMAIN, &self.signed_text(side))
    }

    pub(super) fn signed(&self, side: Side, site: &SiteId, signature: &SignatureBytes) -> bool {
        verify_bytes(site, SIGNATURE_DOMAIN, &self.signed_text(side), signature)
    }

    /// Six digits that both screens show.
    pub(super) fn digits(&self) -> String {
        let mac = self.mac("confrere pairing 1 digits", &[]);
        let number = mac.iter().take(8).fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte)) % 1_000_000;
        format!("{:03} {:03}", number / 1000, number % 1000)
    }
}

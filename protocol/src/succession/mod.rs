//! How a site changes its key and remains the site it is.
//!
//! A site's *name* ([`SiteId`]) is its first key and never changes: agreements, grants, ledgers and copies are between
//! names. Its *current* key signs and speaks for it. Each change is a [`Succession`]: the old key and the new one both sign
//! that the new one comes after. Whoever has the name follows the chain ([`Keys`]) to the current key, with nothing but the
//! chain; so every signature carries the chain of the key that made it ([`crate::signed::SignatureBytes`]), and what was
//! signed before a change can be verified as before.
//!
//! A chain can be *continued* in one way only. Two chains that part are two holders of one key: [`Relation::Conflict`].
//!
//! # Not here
//! Which chain of a peer is in force, and what happens to the keys before: `node::trust`.

use crate::{
    ids::SiteId,
    signed::{Domain, Signs},
    time::Timestamp,
    wire::Wire,
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// How often a site may change its key: every signature carries the chain. Once a year is the rule; after eight the sites
/// pair again.
pub const SUCCESSIONS_MAX: usize = 8;
/// Bytes of one succession.
pub const SUCCESSION_BYTES: usize = 32 + 8 + 1 + 8 + 64 + 64;

const DOMAIN: &[u8] = b"confrere/succession/1\0";

/// A public key that is or was a site's. Not the site: [`SiteId`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub [u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SiteId(self.0).fmt(f)
    }
}
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", SiteId(self.0).short())
    }
}
impl From<SiteId> for Key {
    fn from(site: SiteId) -> Self {
        Self(site.0)
    }
}
impl Key {
    /// As a site whose first key it is.
    #[must_use]
    pub const fn as_site(&self) -> SiteId {
        SiteId(self.0)
    }
}

/// One change of a site's key, signed by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The key from now on.
    pub key: Key,
    /// When it was made, by the site's clock.
    pub at: Timestamp,
    /// The key before it may be in other hands: grants given from this time on are void. `None`: it was changed in good
    /// order.
    pub void_from: Option<Timestamp>,
    by_old: [u8; 64],
    by_new: [u8; 64],
}

/// What both keys sign: whose key, the how-manieth change, from which key to which, when, and what is void.
fn text(site: &SiteId, serial: usize, old: &Key, new: (&Key, Timestamp, Option<Timestamp>)) -> Vec<u8> {
    let (key, at, void_from) = new;
    let mut text = DOMAIN.to_vec();
    text.extend_from_slice(&site.0);
    text.extend_from_slice(&u64::try_from(serial).unwrap_or(u64::MAX).to_le_bytes());
    text.extend_from_slice(&old.0);
    text.extend_from_slice(&key.0);
    text.extend_from_slice(&at.0.to_le_bytes());
    text.push(u8::from(void_from.is_some()));
    text.extend_from_slice(&void_from.unwrap_or(Timestamp(0)).0.to_le_bytes());
    text
}

fn verifies(key: &Key, text: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| key.verify_strict(text, &Signature::from_bytes(signature)).is_ok())
}

impl Succession {
    fn holds(&self, site: &SiteId, serial: usize, old: &Key) -> bool {
        let text = text(site, serial, old, (&self.key, self.at, self.void_from));
        verifies(old, &text, &self.by_old) && verifies(&self.key, &text, &self.by_new)
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.key.0);
        to.extend_from_slice(&self.at.0.to_le_bytes());
        to.push(u8::from(self.void_from.is_some()));
        to.extend_from_slice(&self.void_from.unwrap_or(Timestamp(0)).0.to_le_bytes());
        to.extend_from_slice(&self.by_old);
        to.extend_from_slice(&self.by_new);
    }

    fn read(bytes: &[u8; SUCCESSION_BYTES]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<32>()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (is_void, rest) = rest.split_first()?;
        let (void, rest) = rest.split_first_chunk::<8>()?;
        let (by_old, by_new) = rest.split_first_chunk::<64>()?;
        let void = u64::from_le_bytes(*void);
        let void_from = match (is_void, void) {
            (0, 0) => None,
            (1, void) => Some(Timestamp(void)),
            // One meaning, one form.
            _ => return None,
        };
        let at = Timestamp(u64::from_le_bytes(*at));
        Some(Self { key: Key(*key), at, void_from, by_old: *by_old, by_new: by_new.try_into().ok()? })
    }
}

/// Reads successions that stand one behind the other.
pub(crate) fn read_all(bytes: &[u8]) -> Option<Vec<Succession>> {
    let (each, rest) = bytes.as_chunks::<SUCCESSION_BYTES>();
    if !rest.is_empty() || each.len() > SUCCESSIONS_MAX {
        return None;
    }
    each.iter().map(Succession::read).collect()
}

/// The key that a chain ends in, if it holds: each link signed by both, none before the one before it, no key twice.
pub(crate) fn last_key(site: &SiteId, chain: &[Succession]) -> Option<Key> {
    let mut old = Key(site.0);
    let mut since = Timestamp(0);
    if chain.len() > SUCCESSIONS_MAX {
        return None;
    }
    for (serial, link) in (1..).zip(chain) {
        let is_used = link.key.0 == site.0 || chain.iter().filter(|other| other.key == link.key).count() > 1;
        if is_used || link.at < since || !link.holds(site, serial, &old) {
            return None;
        }
        (old, since) = (link.key, link.at);
    }
    Some(old)
}

/// A site's keys, as far as a chain goes. Made only of chains that hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    site: SiteId,
    chain: Vec<Succession>,
}

/// How a chain of a site stands to another of the same site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same.
    Same,
    /// It ends before the other does: a key of before.
    Behind,
    /// It goes on where the other ends.
    Ahead,
    /// They part, or are of two sites.
    Conflict,
}

impl Keys {
    /// A site with its first key.
    #[must_use]
    pub const fn first(site: SiteId) -> Self {
        Self { site, chain: Vec::new() }
    }

    pub(crate) fn checked(site: SiteId, chain: Vec<Succession>) -> Option<Self> {
        last_key(&site, &chain)?;
        Some(Self { site, chain })
    }

    /// Whose.
    #[must_use]
    pub const fn site(&self) -> SiteId {
        self.site
    }

    /// The newest.
    #[must_use]
    pub fn current(&self) -> Key {
        self.chain.last().map_or(Key(self.site.0), |last| last.key)
    }

    /// All that came before the newest.
    #[must_use]
    pub fn before(&self) -> Vec<Key> {
        let all = std::iter::once(Key(self.site.0)).chain(self.chain.iter().map(|link| link.key));
        all.take(self.chain.len()).collect()
    }

    /// The changes, oldest first.
    #[must_use]
    pub fn successions(&self) -> &[Succession] {
        &self.chain
    }

    /// How this chain stands to another.
    #[must_use]
    pub fn relation(&self, other: &Self) -> Relation {
        // Two statements over the same keys that differ in time or in what is void are two as well.
        let meets = self.site == other.site && self.chain.iter().zip(&other.chain).all(|(one, two)| one == two);
        match self.chain.len().cmp(&other.chain.len()) {
            _ if !meets => Relation::Conflict,
            std::cmp::Ordering::Less => Relation::Behind,
            std::cmp::Ordering::Equal => Relation::Same,
            std::cmp::Ordering::Greater => Relation::Ahead,
        }
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = self.site.0.to_vec();
        self.chain.iter().for_each(|link| link.write(&mut bytes));
        serde_bytes::serialize(&bytes, serializer)
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = serde_bytes::deserialize(deserializer)?;
        let read = bytes.split_first_chunk::<32>().and_then(|(site, chain)| Some((SiteId(*site), read_all(chain)?)));
        read.and_then(|(site, chain)| Self::checked(site, chain)).ok_or_else(|| D::Error::custom("keys"))
    }
}

impl Wire for Keys {
    const VERSION: u8 = 1;
    const NAME: &'static str = "keys of a site";
}

/// Two chains of one site's keys that do not go with one another, as somebody knows them who tells the site. Either proves
/// itself; that both were known, and when, is what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The one that the signer knew.
    pub known: Keys,
    /// The one that it was shown. It may only be shorter: then the site has not made what the signer knows.
    pub shown: Keys,
    /// When it was told, by the signer's clock.
    pub at: Timestamp,
}
impl Wire for Fork {
    const VERSION: u8 = 1;
    const NAME: &'static str = "fork of keys";
}
impl Domain for Fork {
    const DOMAIN: &'static str = "confrere/keys-fork/1";
}

/// A site's signing key, with how it came to be the site's.
#[derive(Clone)]
pub struct SiteKey {
    key: SigningKey,
    keys: Keys,
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteKey({}, {:?})", self.keys.site.short(), self.keys.current())
    }
}

impl From<SigningKey> for SiteKey {
    /// A first key.
    fn from(key: SigningKey) -> Self {
        let keys = Keys::first(SiteId(key.verifying_key().to_bytes()));
        Self { key, keys }
    }
}

impl SiteKey {
    /// A key and the chain that ends in it; `None` when it does not.
    #[must_use]
    pub fn of(key: SigningKey, keys: Keys) -> Option<Self> {
        (keys.current().0 == key.verifying_key().to_bytes()).then_some(Self { key, keys })
    }

    /// The site with a new key: signed by the one it has and the new one. `None` when the site has changed its key as often
    /// as it may, the key is not a new one, or the clock stands before the last change.
    #[must_use]
    pub fn succeed(&self, new: SigningKey, at: Timestamp, void_from: Option<Timestamp>) -> Option<Self> {
        let key = Key(new.verifying_key().to_bytes());
        let serial = self.keys.chain.len() + 1;
        let text = text(&self.keys.site, serial, &self.keys.current(), (&key, at, void_from));
        let (by_old, by_new) = (self.key.sign(&text).to_bytes(), new.sign(&text).to_bytes());
        let mut chain = self.keys.chain.clone();
        chain.push(Succession { key, at, void_from, by_old, by_new });
        Some(Self { key: new, keys: Keys::checked(self.keys.site, chain)? })
    }

    /// The site's keys up to this one.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The key itself: for transports.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}

impl Signs for SiteKey {
    fn site(&self) -> SiteId {
        self.keys.site
    }
    fn sign_plain(&self, input: &[u8]) -> [u8; 64] {
        self.key.sign(input).to_bytes()
    }
    fn successions(&self) -> &[Succession] {
        &self.keys.chain
    }
}

#[cfg(test)]
mod tests;

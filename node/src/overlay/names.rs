//! Sites and the keys that speak for them, as the swarm knows them.
//!
//! # Not here
//! Which key is a site's: `trust`.

use libp2p::{PeerId, identity};
use protocol::{Key, SiteId};
use std::collections::{HashMap, HashSet};

/// Keys that may at once show that they are a peer's next one.
const CLAIMS_MAX: usize = 8;

pub(super) fn peer_id(key: &Key) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// A PeerId of an ed25519 key is that key itself, in an identity multihash.
pub(super) fn key_of(peer: &PeerId) -> Option<Key> {
    let hash = peer.as_ref();
    let key = identity::PublicKey::try_decode_protobuf(hash.digest()).ok()?;
    Some(Key(key.try_into_ed25519().ok()?.to_bytes()))
}

/// Who is let in, and as whom. Bounded by the peers, and [`CLAIMS_MAX`].
#[derive(Debug, Default)]
pub(super) struct Names {
    peers: HashMap<SiteId, PeerId>,
    sites: HashMap<PeerId, SiteId>,
    claims: HashMap<PeerId, SiteId>,
    /// Were a site in this run, and are not any more: at most one for each change of a key.
    former: HashSet<PeerId>,
}

impl Names {
    pub(super) fn peer(&self, site: &SiteId) -> Option<PeerId> {
        self.peers.get(site).copied()
    }

    pub(super) fn site(&self, peer: &PeerId) -> Option<SiteId> {
        self.sites.get(peer).copied()
    }

    pub(super) fn all(&self) -> Vec<(SiteId, PeerId)> {
        self.peers.iter().map(|(site, peer)| (*site, *peer)).collect()
    }

    /// From now on a site is this key; the one that it was.
    pub(super) fn is(&mut self, site: SiteId, peer: PeerId) -> Option<PeerId> {
        let before = self.peers.insert(site, peer).filter(|before| *before != peer);
        if let Some(before) = &before {
            self.sites.remove(before);
            self.former.insert(*before);
        }
        self.sites.insert(peer, site);
        before
    }

    pub(super) fn forget(&mut self, site: &SiteId) -> Option<PeerId> {
        let peer = self.peers.remove(site)?;
        self.sites.remove(&peer);
        Some(peer)
    }

    /// A key may show that it is a site's; whether it may.
    pub(super) fn claims(&mut self, site: SiteId, peer: PeerId) -> bool {
        let is_known = self.sites.contains_key(&peer) || self.former.contains(&peer);
        let may = !is_known && self.claims.len() < CLAIMS_MAX && key_of(&peer).is_some();
        may && self.claims.insert(peer, site).is_none()
    }

    pub(super) fn claimant(&self, peer: &PeerId) -> Option<(SiteId, Key)> {
        Some((*self.claims.get(peer)?, key_of(peer)?))
    }

    /// Those that claim to be a site; they do no more.
    pub(super) fn claimants(&mut self, site: &SiteId) -> Vec<PeerId> {
        let gone: Vec<PeerId> = self.claims.iter().filter(|(_, of)| *of == site).map(|(peer, _)| *peer).collect();
        self.claims.retain(|_, of| *of != *site);
        gone
    }

    /// The key, if it claimed anything.
    pub(super) fn unclaim(&mut self, peer: &PeerId) -> Option<PeerId> {
        self.claims.remove(peer).map(|_| *peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(seed: u8) -> PeerId {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
        assert_eq!(peer_id(&Key(key)).as_ref().and_then(key_of), Some(Key(key)));
        peer_id(&Key(key)).unwrap()
    }

    #[test]
    fn a_site_is_one_key_at_a_time() {
        let (site, mut names) = (SiteId([1; 32]), Names::default());
        assert_eq!(names.is(site, peer(1)), None);
        assert_eq!(names.is(site, peer(1)), None);
        assert!(names.claims(site, peer(2)));
        assert!(!names.claims(site, peer(2)), "once is enough");
        assert!(!names.claims(site, peer(1)), "it is somebody");
        assert_eq!(names.claimant(&peer(2)).map(|(of, _)| of), Some(site));
        assert_eq!(names.site(&peer(2)), None, "a claim is not a name");
        assert_eq!(names.unclaim(&peer(2)), Some(peer(2)));
        assert_eq!(names.is(site, peer(2)), Some(peer(1)));
        assert_eq!((names.site(&peer(1)), names.site(&peer(2))), (None, Some(site)));
        assert!(!names.claims(site, peer(1)), "a key of before does not come back");
        assert_eq!(names.forget(&site), Some(peer(2)));
        assert_eq!(names.site(&peer(2)), None);
    }
}

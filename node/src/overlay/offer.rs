//! Offers: a site tells a peer that a study it was told of is meant for it.
//!
//! Judged where it is said, at that moment, by what decides the catalog: what no agreement or grant in force lets the peer
//! be told of is not said. Judged where it is heard: only of a study whose card came from that peer, on a basis in force.
//! An offer gives no right and moves no byte.
//!
//! # At a crash
//! What was heard is recorded before it is answered. What was said and not answered is said again.
//!
//! # Not here
//! Which studies are offered, and what follows from an offer that was heard: `rules`.

use super::{Inner, OverlayEvent, converse::is_lost};
use crate::{
    archive::ArchiveError,
    audit::{Act, Actor, AuditError, Event, Outcome},
    tasks,
    trust::TrustError,
};
use protocol::{
    Digest, Refusal, SiteId, Uid,
    catalog::Offer,
    message::{Answer, Request},
};
use std::sync::Arc;

/// Within this the peer has pulled the card, which an offer waits for.
const PULLED_MS: u32 = 1000;

/// Why an offer is not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OfferError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// How saying it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Of the study with this manifest.
    Heard(Digest),
    /// By us, since it must not be told of the study; or by the peer.
    Refused(Refusal),
    /// The peer does not know what an offer is.
    Unknown,
    /// The study is not here, or not complete.
    NotHere,
    /// The peer has not pulled the study's card yet, or has too much to do.
    NotYet,
    /// The peer cannot be reached.
    Away,
}

impl Inner {
    pub(super) async fn offer(self: &Arc<Self>, peer: SiteId, study: &Uid, actor: Actor) -> Result<Said, OfferError> {
        let Some(row) = self.archive.study(study)? else { return Ok(Said::NotHere) };
        let Some(manifest) = self.archive.manifest(study)?.map(|manifest| manifest.reference.digest) else {
            return Ok(Said::NotHere);
        };
        let event = Event::new(Act::StudyOffered, actor).peer(peer).study(study);
        let Some((basis, _)) = self.trust.may_tell(&peer, &self.archive.facts(&row)?) else {
            self.audit.record(event.outcome(Outcome::Refused(Refusal::NotPermitted))).await?;
            return Ok(Said::Refused(Refusal::NotPermitted));
        };
        if self.trust.require_open().is_err() || !self.contacts.is_connected(&peer) {
            return Ok(Said::Away);
        }
        self.audit.record(event.basis(basis.id())).await?;
        let offer = Offer { to: peer, study: study.clone(), manifest, at: tasks::now() };
        Ok(match self.ask(peer, &Request::Offer(self.identity.seal(&offer))).await {
            Some(Answer::Done) => Said::Heard(manifest),
            Some(Answer::Refused(Refusal::Malformed | Refusal::Version)) => Said::Unknown,
            Some(Answer::Refused(Refusal::Busy(_))) => Said::NotYet,
            answer if is_lost(answer.as_ref()) => Said::Away,
            Some(Answer::Refused(refusal)) => Said::Refused(refusal),
            _ => Said::Unknown,
        })
    }

    pub(super) async fn hear_offer(self: &Arc<Self>, from: SiteId, offer: Offer) -> Result<(), TrustError> {
        if offer.to != self.identity.site() {
            return Err(Refusal::Malformed.into());
        }
        let told = self.directory.of_study(&self.trust, &offer.study).into_iter().find(|told| told.holder == from);
        let Some(told) = told else {
            // Its card may be on its way.
            self.pull(from);
            return Err(Refusal::Busy(PULLED_MS).into());
        };
        self.archive.hear_offer(from, &offer.study, offer.manifest).await.map_err(|fault| {
            tracing::error!(%fault, "an offer could not be recorded; it will be said again");
            Refusal::Busy(PULLED_MS)
        })?;
        let theirs = Actor { site: Some(from), ..Actor::default() };
        let event = Event::new(Act::StudyOffered, theirs).peer(from).basis(told.basis.id());
        self.record(event.study(&offer.study)).await;
        self.tell(OverlayEvent::Directory { holder: from, study: offer.study });
        Ok(())
    }
}

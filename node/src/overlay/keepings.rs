//! What two sites tell one another of a second copy of a backup: offers, the text that both signed, its end, the receipt.
//!
//! # Not here
//! Copying: `spare`, by the pixel plane.

use super::{Inner, Overlay, OverlayError};
use crate::{
    audit::{Act, Actor, Event},
    tasks,
    trust::TrustError,
};
use protocol::{
    Refusal, SiteId,
    ids::Id128,
    keeping::{Erased, KeepingEnd, SignedKeeping},
    message::Request,
};

/// In the evidence, what tells a keeping from an agreement on studies.
pub(crate) const KEEPING: &str = "second copy of a backup";

impl Inner {
    pub(super) async fn keeping_told(&self, from: SiteId, request: Request) -> Result<(), TrustError> {
        let told = |act, id: &Id128| {
            Event::new(act, Actor { site: Some(from), ..Actor::default() }).peer(from).basis(*id).note(KEEPING)
        };
        let event = match request {
            Request::Keeping(signed) => {
                let (keeping, signers) = signed.open()?;
                self.trust.receive_keeping(&from, signed).await?;
                told(if signers.len() == 2 { Act::AgreementAccepted } else { Act::AgreementOffered }, &keeping.id)
            }
            Request::KeepingEnd(signed) => {
                let end = signed.open(&from).map_err(|_| Refusal::Malformed)?;
                match self.trust.end_keeping(&end.keeping, &from).await {
                    Ok(()) => told(Act::AgreementEnded, &end.keeping),
                    // Never known here: nothing stands under it.
                    Err(TrustError::NoAgreement) => return Ok(()),
                    Err(why) => return Err(why),
                }
            }
            Request::KeepingErased(signed) => {
                let erased = signed.open(&from).map_err(|_| Refusal::Malformed)?;
                match self.trust.note_keeping_erased(&from, erased.clone()).await {
                    Ok(()) => told(Act::KeptErased, &erased.keeping).amount(erased.files, erased.bytes),
                    Err(TrustError::NoAgreement) => return Ok(()),
                    Err(why) => return Err(why),
                }
            }
            _ => return Ok(()),
        };
        self.record(event).await;
        Ok(())
    }
}

impl Overlay {
    /// Sends an offer, or the text that both signed; kept until received.
    pub(crate) async fn send_keeping(&self, peer: &SiteId, signed: SignedKeeping) -> Result<(), OverlayError> {
        self.post(peer, Request::Keeping(signed)).await
    }

    pub(crate) async fn send_keeping_end(&self, peer: &SiteId, keeping: &Id128) -> Result<(), OverlayError> {
        let end = KeepingEnd { keeping: *keeping, at: tasks::now() };
        self.post(peer, Request::KeepingEnd(self.inner.identity.seal(&end))).await
    }

    /// The keeper's receipt.
    pub(crate) async fn send_keeping_erased(&self, peer: &SiteId, erased: &Erased) -> Result<(), OverlayError> {
        self.post(peer, Request::KeepingErased(self.inner.identity.seal(erased))).await
    }
}

//! Suspending, resuming and ending agreements in good order: what the parties tell one another of it, and the end itself
//! when it is due.
//!
//! # At a crash
//! What is said is mail: said until it is answered. What is due is looked for again.
//!
//! # Not here
//! What follows for permits: `trust`. What was copied stays while an agreement is suspended; it is erased as at any end.

use super::{Inner, OverlayError, converse::is_lost};
use crate::{
    audit::{Act, Actor, Event},
    tasks,
    trust::TrustError,
};
use protocol::{
    Refusal, SiteId,
    agreement::{Closing, Ending, Suspension},
    message::Request,
    signed::Signed,
};
use std::sync::Arc;

/// A peer whose notices were not heard asks again after this time.
const REPEAT_MS: u32 = 1_000;

impl super::Overlay {
    /// Tells a peer that we suspend or resume an agreement, now or when it is next met.
    pub(crate) async fn send_suspension(&self, peer: &SiteId, said: Signed<Suspension>) -> Result<(), OverlayError> {
        self.post(peer, Request::Suspension(said)).await
    }

    /// Tells a peer that an agreement is about to end, now or when it is next met.
    pub(crate) async fn send_closing(&self, peer: &SiteId, said: Signed<Closing>) -> Result<(), OverlayError> {
        self.post(peer, Request::Closing(said)).await
    }
}

impl Inner {
    pub(super) async fn hear_suspension(&self, from: SiteId, signed: Signed<Suspension>) -> Result<(), TrustError> {
        let by = signed.claimed_signer();
        if let Some(said) = self.trust.hear_suspension(&from, signed).await? {
            let act = if said.suspended { Act::AgreementSuspended } else { Act::AgreementResumed };
            self.record(Event::new(act, self.actor_of(by)).peer(from).basis(said.agreement)).await;
        }
        Ok(())
    }

    pub(super) async fn hear_closing(&self, from: SiteId, signed: Signed<Closing>) -> Result<(), TrustError> {
        let by = signed.claimed_signer();
        if let Some(said) = self.trust.hear_closing(&from, signed).await? {
            self.record(Event::new(Act::AgreementClosing, self.actor_of(by)).peer(from).basis(said.agreement)).await;
        }
        Ok(())
    }

    /// Before a restored peer learns which agreements stand, it hears which of them are suspended or about to end.
    pub(super) async fn repeat_notices(&self, peer: SiteId) -> Result<(), Refusal> {
        for notice in self.trust.notices_with(&peer) {
            if is_lost(self.ask(peer, &notice).await.as_ref()) {
                return Err(Refusal::Busy(REPEAT_MS));
            }
        }
        Ok(())
    }

    fn actor_of(&self, by: SiteId) -> Actor {
        Actor { site: (by != self.identity.site()).then_some(by), ..Actor::default() }
    }

    /// Ends agreements that were to end and have nothing under way any more, or had their time.
    pub(super) async fn end_what_is_over(self: &Arc<Self>) {
        for due in self.trust.due(tasks::now()) {
            let event = Event::new(Act::AgreementEnded, self.actor_of(due.by)).peer(due.peer).basis(due.agreement);
            self.record(event).await;
            if let Err(why) = self.trust.end(&due.agreement, &due.by).await {
                tracing::error!(%why, "an agreement that is over is not ended; it is tried again");
                continue;
            }
            if due.by == self.identity.site() {
                let ending = Ending { agreement: due.agreement, at: tasks::now() };
                let said = self.trust.keep_mail(&due.peer, Request::End(self.identity.seal(&ending))).await;
                match said {
                    Ok(_) => drop(self.send_mail(due.peer)),
                    // The peer ends it at the same time by itself.
                    Err(why) => tracing::warn!(%why, "the end of an agreement is not told"),
                }
            }
        }
    }
}

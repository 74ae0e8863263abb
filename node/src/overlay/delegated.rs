//! Passing a grant on: asked of the holder, who alone decides, kept, and said to the site that it is for; and taking one
//! back from all who have it.
//!
//! # At a crash
//! The holder may have one that nobody else has: nobody asks for it, and it runs out.
//!
//! # Not here
//! Whether it may be passed on: `trust`.

use super::{Inner, Overlay, OverlayError};
use crate::{
    audit::{Act, Actor, Event},
    trust::{Given, Trust, TrustError},
};
use protocol::{
    Refusal, SiteId,
    grant::Grant,
    ids::Id128,
    message::{Answer, Request},
    signed::Signed,
};
use std::sync::Arc;

impl Overlay {
    /// Passes on a grant that we have, narrower, to another site or to ourselves.
    ///
    /// # Errors
    /// [`OverlayError::Unreachable`] where the holder is not there; what trust or the holder says against it.
    pub(crate) async fn pass_on(&self, parent: &Id128, to: &SiteId, given: &Given) -> Result<Grant, OverlayError> {
        let chain = self.inner.trust.narrow(parent, to, given)?;
        let holder = Trust::holder_of_chain(&chain).ok_or(TrustError::NoGrant)?;
        match self.inner.ask(holder, &Request::Delegated(chain.clone())).await {
            Some(Answer::Done) => {}
            Some(Answer::Refused(refusal)) => return Err(TrustError::Refused(refusal).into()),
            _ => return Err(OverlayError::Unreachable),
        }
        let grant = self.inner.trust.keep_narrowed(&chain).await?;
        if *to != self.inner.identity.site() {
            self.post(to, Request::Delegated(chain)).await?;
        }
        Ok(grant)
    }

    /// Takes a grant back, with all that narrow it, and tells all who have one.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub(crate) async fn take_back(&self, grant: &Id128) -> Result<(), OverlayError> {
        let told = self.inner.trust.revoke_grant(grant, &self.inner.identity.site()).await?;
        for (site, grant) in told {
            self.post(&site, Request::GrantRevoked(grant)).await?;
        }
        Ok(())
    }
}

impl Inner {
    pub(super) async fn hear_delegated(&self, from: SiteId, chain: Vec<Signed<Grant>>) -> Result<(), TrustError> {
        let heard = self.trust.receive_narrowed(&from, chain).await;
        let theirs = Actor { site: Some(from), ..Actor::default() };
        match heard {
            Ok(None) => Ok(()),
            Ok(Some(grant)) => {
                let event = Event::new(Act::StudyShared, theirs).peer(from).basis(grant.id).study(&grant.study);
                self.record(event.note(format!("passed on to {}", grant.subject))).await;
                Ok(())
            }
            Err(why) => {
                if let TrustError::Wider(what) = &why {
                    let event = Event::new(Act::StudyShared, theirs).peer(from).note(format!("not passed on: {what}"));
                    self.record(event.outcome(crate::audit::Outcome::Refused(Refusal::NotPermitted))).await;
                }
                Err(why)
            }
        }
    }

    /// Whoever gave it, or what it narrows, takes it back: those who have what narrows it are told at once.
    pub(super) async fn grant_taken_back(self: &Arc<Self>, from: SiteId, grant: Id128) -> Result<(), TrustError> {
        for (site, grant) in self.trust.revoke_grant(&grant, &from).await? {
            self.trust.keep_mail(&site, Request::GrantRevoked(grant)).await?;
            drop(self.send_mail(site));
        }
        Ok(())
    }
}

//! Claims of programs: bound to a transaction, a number that the program draws and shows again whenever it goes on (PS3.4 CC.1.1:
//! the Transaction UID of a procedure step).
//!
//! The binding is of the event that claimed: a claim that was given back, taken over or taken anew is bound to nothing. The
//! number is not kept, only a digest of it, and no other site hears of it.
//!
//! # At a crash
//! A claim may be there without its binding: the same person claims again and is bound.

use super::{CaseError, Cases, Whole, record::Record};
use crate::audit::{Act, Actor, Event as Evidence};
use protocol::{
    Digest,
    case::{event::Step, state::Void},
    ids::Id128,
};
use std::sync::{Arc, PoisonError};

/// Whether a transaction is that of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The claim is bound to none, or there is no claim.
    Unbound,
    Same,
    Other,
}

fn digest(case: &Id128, transaction: &str) -> Digest {
    Digest(blake3::derive_key("confrere transaction of a claim 1", &[&case.0[..], transaction.as_bytes()].concat()))
}

impl Cases {
    /// Claims for a person, bound to a transaction. Durable when it returns.
    ///
    /// # Errors
    /// [`CaseError::Void`], why it would have no effect; [`Void::Claimed`] also where the person has the claim, bound already.
    pub(crate) async fn claim_bound(
        &self,
        name: Id128,
        actor: Actor,
        transaction: &str,
    ) -> Result<Arc<Whole>, CaseError> {
        match self.act(name, actor.clone(), Step::Claimed).await {
            Ok(_) => {}
            Err(CaseError::Void(Void::Claimed { site, person })) if site == self.us() && person == actor.person => {}
            Err(why) => return Err(why),
        }
        let (this, transaction) = (self.clone(), digest(&name, transaction));
        self.finish(async move {
            let _writing = this.inner.writing.lock().await;
            let whole = this.case(&name).filter(|whole| whole.is_claimed_by(&this.us(), &actor.person));
            let whole = whole.ok_or(Void::NotClaimed)?;
            if this.book().bound(&whole).is_some() {
                return Err(Void::Claimed { site: this.us(), person: actor.person }.into());
            }
            let claim = whole.claim_event().ok_or(Void::NotClaimed)?;
            let evidence =
                Evidence::new(Act::CaseChanged, actor).basis(name).note("the claim is bound to a transaction");
            let _ = this.inner.audit.record(evidence).await?;
            let record = Record::Bound { case: name, claim, transaction };
            this.write(&record).await?;
            this.inner.book.write().unwrap_or_else(PoisonError::into_inner).change(record);
            Ok(whole)
        })
        .await
    }

    /// Whether a transaction is that of the claim.
    pub(crate) fn bound(&self, whole: &Whole, transaction: &str) -> Bound {
        match self.book().bound(whole) {
            None => Bound::Unbound,
            Some(bound) if bound == digest(&whole.name(), transaction) => Bound::Same,
            Some(_) => Bound::Other,
        }
    }
}

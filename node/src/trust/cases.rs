//! Whether one site may ask another to read: an agreement in force between the two, with a clause by which the one that is
//! asked reads studies of the one that asks, for a purpose that fits.
//!
//! # Not here
//! Which studies it may then open: [`Trust::authorize`], study by study.

use super::Trust;
use crate::tasks;
use protocol::{Refusal, SiteId, agreement::Purpose, ids::Id128};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseAsk {
    /// A reading.
    Diagnosis,
    /// An opinion.
    Expertise,
}

impl CaseAsk {
    /// Purposes that include it. An agreement that names none is for all.
    const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Diagnosis => &[Purpose::OnCall, Purpose::Care, Purpose::Emergency],
            Self::Expertise => &[Purpose::Expertise, Purpose::Care],
        }
    }
}

impl Trust {
    /// The agreement by which we may ask a peer (`we_ask`), or it may ask us.
    ///
    /// # Errors
    /// [`Refusal`], which link of the chain does not hold.
    pub(crate) fn authorize_case(&self, peer: &SiteId, we_ask: bool, ask: CaseAsk) -> Result<Id128, Refusal> {
        self.require_open()?;
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let (holder, reader) = if we_ask { (us, *peer) } else { (*peer, us) };
        let state = self.state();
        let _ = state.peer(peer).ok_or(Refusal::NotPaired)?;
        let mut why = Refusal::NotPermitted;
        for text in state.active_with(peer, now).filter(|text| text.clause(&holder, &reader).is_some()) {
            if text.purposes.is_empty() || text.purposes.iter().any(|purpose| ask.purposes().contains(purpose)) {
                return Ok(text.id);
            }
            why = Refusal::Purpose;
        }
        Err(why)
    }
}

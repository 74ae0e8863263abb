//! Grants: a standing, signed, narrow permission to one peer for one study.

use crate::{
    agreement::Level,
    ids::{Id128, SiteId, Uid},
    refusal::Refusal,
    signed::Domain,
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// A permission the holder of a study gives to a peer. Bound to the peer's key, which is its transport key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name.
    pub id: Id128,
    /// Who gives it: the holder of the study.
    pub issuer: SiteId,
    /// Who may use it.
    pub subject: SiteId,
    /// The agreement under which it is given.
    pub basis: Id128,
    /// For which study.
    pub study: Uid,
    /// How far.
    pub level: Level,
    /// Usable from.
    pub not_before: Timestamp,
    /// Usable until; at most 24 hours later unless the basis is an open case.
    pub expires: Timestamp,
}

impl Wire for Grant {
    const VERSION: u8 = 1;
    const NAME: &'static str = "grant";
}
impl Domain for Grant {
    const DOMAIN: &'static str = "confrere/grant/1";
}

/// One use that somebody wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use<'a> {
    /// The site that asks.
    pub by: &'a SiteId,
    /// The study asked for.
    pub study: &'a Uid,
    /// How far.
    pub level: Level,
}

impl Grant {
    /// Whether this grant covers a use now.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] for another subject, study or level; [`Refusal::Expired`] outside its time.
    pub fn covers(&self, wanted: &Use<'_>, now: Timestamp) -> Result<(), Refusal> {
        if self.subject != *wanted.by || self.study != *wanted.study || wanted.level > self.level {
            return Err(Refusal::NotPermitted);
        }
        if now < self.not_before || now >= self.expires {
            return Err(Refusal::Expired);
        }
        Ok(())
    }
}

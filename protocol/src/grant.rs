//! Grants: a standing, signed, narrow permission to one peer for one study.
//!
//! A grant may narrow another one, its parent: then the parent's subject gives it, to itself or to a site that the parent
//! names. The chain begins with a grant of the study's holder, and each link may only be equal or narrower.

use crate::{
    agreement::{Level, Purpose},
    digest::Digest,
    ids::{Id128, SiteId, Uid},
    refusal::Refusal,
    signed::Domain,
    time::Timestamp,
    wire::{self, Wire, WireError},
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
    /// How it came about.
    pub kind: GrantKind,
    /// The grant that it narrows; `None`: the holder's own.
    pub parent: Option<Id128>,
    /// For which purpose; `None`: those of the agreement.
    pub purpose: Option<Purpose>,
    /// So many copies are read into; `None`: any number.
    pub copies_max: Option<u32>,
    /// Sites to which it may be passed on, at most [`FORWARD_MAX`]; empty: to nobody.
    pub forward: Vec<SiteId>,
}

/// Sites to which one grant may be passed on.
pub const FORWARD_MAX: usize = 8;
/// How often a grant may be narrowed.
pub const DEPTH_MAX: usize = 3;
/// Grants of a chain: the holder's, and those that narrow it.
pub const CHAIN_MAX: usize = DEPTH_MAX + 1;

/// How a grant came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantKind {
    /// A person of the holder gave it.
    Shared,
    /// A person of the reader broke the glass; the agreement allows that.
    BreakGlass {
        /// [`crate::glass::GlassRequest::digest`].
        request: Digest,
    },
}

/// Grants as they were written before they could be narrowed.
#[derive(Serialize, Deserialize)]
struct Second {
    id: Id128,
    issuer: SiteId,
    subject: SiteId,
    basis: Id128,
    study: Uid,
    level: Level,
    not_before: Timestamp,
    expires: Timestamp,
    kind: GrantKind,
}

/// Grants as they were written before one could break the glass.
#[derive(Serialize, Deserialize)]
struct First {
    id: Id128,
    issuer: SiteId,
    subject: SiteId,
    basis: Id128,
    study: Uid,
    level: Level,
    not_before: Timestamp,
    expires: Timestamp,
}

impl Wire for Grant {
    const VERSION: u8 = 3;
    const NAME: &'static str = "grant";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        let old = match version {
            1 => {
                let First { id, issuer, subject, basis, study, level, not_before, expires } = wire::decode_body(body)?;
                Second { id, issuer, subject, basis, study, level, not_before, expires, kind: GrantKind::Shared }
            }
            2 => wire::decode_body(body)?,
            _ => return Err(WireError::Version { name: Self::NAME, version }),
        };
        let Second { id, issuer, subject, basis, study, level, not_before, expires, kind } = old;
        let (parent, purpose, copies_max, forward) = (None, None, None, Vec::new());
        Ok(Self {
            id,
            issuer,
            subject,
            basis,
            study,
            level,
            not_before,
            expires,
            kind,
            parent,
            purpose,
            copies_max,
            forward,
        })
    }
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
    /// For what; `None`: whatever the grant is for.
    pub purpose: Option<Purpose>,
}

/// One thing that a grant asks of a use. All must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantCheck {
    /// It is for the site that asks.
    Subject,
    /// It is for the study asked for.
    Study,
    /// The level asked for is within the level granted.
    Level,
    /// It is for this purpose.
    Purpose,
    /// Its time has begun …
    Begun,
    /// … and is not over.
    NotOver,
}

impl GrantCheck {
    /// In the order of judging.
    pub const ALL: [Self; 6] = [Self::Subject, Self::Study, Self::Level, Self::Purpose, Self::Begun, Self::NotOver];

    /// The answer to who asks in spite of it.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Begun | Self::NotOver => Refusal::Expired,
            Self::Purpose => Refusal::Purpose,
            _ => Refusal::NotPermitted,
        }
    }
}

/// One thing in which a grant must be equal to, or narrower than, the one that it narrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Narrow {
    /// The parent's subject gives it.
    Issuer,
    /// It is for the same site, or for one that the parent may be passed on to.
    Subject,
    /// The same agreement.
    Basis,
    /// The same study.
    Study,
    /// No higher level.
    Level,
    /// The same purpose, where the parent has one.
    Purpose,
    /// No more copies.
    Copies,
    /// Passed on to no other sites.
    Forward,
    /// Begins no earlier …
    Begins,
    /// … and ends no later.
    Ends,
    /// Neither was given by breaking the glass: who is in danger is not passed on.
    Kind,
}

impl Narrow {
    /// In the order of judging.
    pub const ALL: [Self; 11] = [
        Self::Issuer,
        Self::Subject,
        Self::Basis,
        Self::Study,
        Self::Level,
        Self::Purpose,
        Self::Copies,
        Self::Forward,
        Self::Begins,
        Self::Ends,
        Self::Kind,
    ];
}

impl Grant {
    /// Whether it is equal to its parent in one thing, or narrower. The one place where this is said.
    #[must_use]
    pub fn narrows(&self, what: Narrow, parent: &Self) -> bool {
        match what {
            Narrow::Issuer => self.issuer == parent.subject,
            Narrow::Subject => self.subject == parent.subject || parent.forward.contains(&self.subject),
            Narrow::Basis => self.basis == parent.basis,
            Narrow::Study => self.study == parent.study,
            Narrow::Level => self.level <= parent.level,
            Narrow::Purpose => parent.purpose.is_none() || self.purpose == parent.purpose,
            Narrow::Copies => parent.copies_max.is_none_or(|most| self.copies_max.is_some_and(|own| own <= most)),
            Narrow::Forward => self.forward.iter().all(|site| parent.forward.contains(site)),
            Narrow::Begins => self.not_before >= parent.not_before,
            Narrow::Ends => self.expires <= parent.expires,
            Narrow::Kind => self.kind == GrantKind::Shared && parent.kind == GrantKind::Shared,
        }
    }

    /// Whether its lists are within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.forward.len() <= FORWARD_MAX
    }

    /// Whether the glass was broken for it.
    #[must_use]
    pub const fn is_break_glass(&self) -> bool {
        matches!(self.kind, GrantKind::BreakGlass { .. })
    }

    /// Whether one thing that the grant asks is the case. The one place where grants are interpreted.
    #[must_use]
    pub fn holds(&self, check: GrantCheck, wanted: &Use<'_>, now: Timestamp) -> bool {
        match check {
            GrantCheck::Subject => self.subject == *wanted.by,
            GrantCheck::Study => self.study == *wanted.study,
            GrantCheck::Level => wanted.level <= self.level,
            GrantCheck::Purpose => {
                wanted.purpose.is_none_or(|wanted| self.purpose.is_none_or(|agreed| agreed == wanted))
            }
            GrantCheck::Begun => self.not_before <= now,
            GrantCheck::NotOver => now < self.expires,
        }
    }

    /// Whether this grant covers a use now.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] for another subject, study or level; [`Refusal::Expired`] outside its time.
    pub fn covers(&self, wanted: &Use<'_>, now: Timestamp) -> Result<(), Refusal> {
        match GrantCheck::ALL.into_iter().find(|check| !self.holds(*check, wanted, now)) {
            Some(broken) => Err(broken.refusal()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grant() -> Grant {
        Grant {
            id: Id128([1; 16]),
            issuer: SiteId([1; 32]),
            subject: SiteId([2; 32]),
            basis: Id128([2; 16]),
            study: Uid::parse("1.2.3").unwrap(),
            level: Level::Pixels,
            not_before: Timestamp(1_000),
            expires: Timestamp(2_000),
            kind: GrantKind::Shared,
            parent: None,
            purpose: Some(Purpose::Care),
            copies_max: None,
            forward: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn covers_its_subject_its_study_and_its_time_only(at in 0u64..3_000, other_site: bool, other_study: bool, above: bool) {
            let by = SiteId([if other_site { 3 } else { 2 }; 32]);
            let study = Uid::parse(if other_study { "1.2.4" } else { "1.2.3" }).unwrap();
            let level = if above { Level::Objects } else { Level::Card };
            let said = grant().covers(&Use { by: &by, study: &study, level, purpose: None }, Timestamp(at));
            let expected = if other_site || other_study || above {
                Err(Refusal::NotPermitted)
            } else if (1_000..2_000).contains(&at) {
                Ok(())
            } else {
                Err(Refusal::Expired)
            };
            prop_assert_eq!(said, expected);
            let own = grant();
            let wanted = |purpose| Use { by: &own.subject, study: &own.study, level: Level::Card, purpose };
            let opens = |purpose| own.covers(&wanted(Some(purpose)), Timestamp(1_500));
            prop_assert_eq!(opens(Purpose::Care), Ok(()));
            prop_assert_eq!(opens(Purpose::Quality), Err(Refusal::Purpose));
        }
    }
}

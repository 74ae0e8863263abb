//! Grants: a standing, signed, narrow permission to one peer for one study.

use crate::{
    agreement::Level,
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
}

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
    const VERSION: u8 = 2;
    const NAME: &'static str = "grant";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let First { id, issuer, subject, basis, study, level, not_before, expires } = wire::decode_body(body)?;
        Ok(Self { id, issuer, subject, basis, study, level, not_before, expires, kind: GrantKind::Shared })
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
    /// Its time has begun …
    Begun,
    /// … and is not over.
    NotOver,
}

impl GrantCheck {
    /// In the order of judging.
    pub const ALL: [Self; 5] = [Self::Subject, Self::Study, Self::Level, Self::Begun, Self::NotOver];

    /// The answer to who asks in spite of it.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Begun | Self::NotOver => Refusal::Expired,
            _ => Refusal::NotPermitted,
        }
    }
}

impl Grant {
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
        }
    }

    proptest! {
        #[test]
        fn covers_its_subject_its_study_and_its_time_only(at in 0u64..3_000, other_site: bool, other_study: bool, above: bool) {
            let by = SiteId([if other_site { 3 } else { 2 }; 32]);
            let study = Uid::parse(if other_study { "1.2.4" } else { "1.2.3" }).unwrap();
            let level = if above { Level::Objects } else { Level::Card };
            let said = grant().covers(&Use { by: &by, study: &study, level }, Timestamp(at));
            let expected = if other_site || other_study || above {
                Err(Refusal::NotPermitted)
            } else if (1_000..2_000).contains(&at) {
                Ok(())
            } else {
                Err(Refusal::Expired)
            };
            prop_assert_eq!(said, expected);
        }
    }
}

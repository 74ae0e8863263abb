//! Passes: the custodian of a study lets one site give another what it keeps of the study in a leased copy.
//!
//! Who keeps a copy may not judge who else reads the study: that is the custodian's. So the custodian says it, signed, for
//! one site that gives, one that asks, one reader, one study as of one manifest, and minutes. What the asker is given it
//! believes by the manifest, as it would believe the custodian's own bytes.
//!
//! # Not here
//! Whether a custodian gives one, and whether a holder may give on: `node::trust`. How it is asked for and shown:
//! [`crate::fetch`].

use crate::{
    digest::Digest,
    fetch::Reader,
    ids::{Id128, SiteId, Uid},
    refusal::Refusal,
    signed::{Domain, Signed},
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a pass lasts at most. A custodian that is away cannot take one back: then it ends by itself.
pub const PASS_LASTS: Duration = Duration::from_secs(30 * 60);
/// Passes in one answer: holders that one transfer is spread over beside the custodian.
pub const PASSES_MAX: usize = 4;
/// Sites that one question may name.
pub const PASS_PEERS_MAX: usize = 24;
/// Largest answer with passes, bytes encoded: each carries the chain of the custodian's keys.
pub const PASSES_BYTES_MAX: usize = 16 << 10;

/// That a site may give of its copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Its name, by which it is taken back.
    pub id: Id128,
    /// Whose study it is; who signs.
    pub custodian: SiteId,
    /// Who has a copy and may give of it.
    pub holder: SiteId,
    /// To whom.
    pub subject: SiteId,
    /// Of which study.
    pub study: Uid,
    /// Of nothing but what this manifest names.
    pub manifest: Digest,
    /// For whom there, and into which copy.
    pub reader: Reader,
    /// The agreement by which the holder has its copy, and which lets it be passed on.
    pub agreement: Id128,
    /// When it was signed.
    pub issued: Timestamp,
    /// Until when it may be used; at most [`PASS_LASTS`] after.
    pub expires: Timestamp,
}

impl Wire for Pass {
    const VERSION: u8 = 1;
    const NAME: &'static str = "pass";
}
impl Domain for Pass {
    const DOMAIN: &'static str = "confrere/pass/1";
}

/// The answer to who asks for passes: at most [`PASSES_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passes(pub Vec<Signed<Pass>>);

impl Wire for Passes {
    const VERSION: u8 = 1;
    const NAME: &'static str = "passes";
}

/// A use that somebody wants to make of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassUse<'a> {
    /// Who is asked to give.
    pub holder: &'a SiteId,
    /// Who asks.
    pub subject: &'a SiteId,
    /// Of which study.
    pub study: &'a Uid,
    /// For whom.
    pub reader: &'a Reader,
}

impl Pass {
    /// Whether it covers a use now, by a clock that may differ from the custodian's by so much.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] for another site, study or reader; [`Refusal::Expired`] outside its time, and for one that
    /// claims to last longer than any may.
    pub fn covers(&self, wanted: &PassUse<'_>, now: Timestamp, clocks_differ: Duration) -> Result<(), Refusal> {
        let is_meant = self.holder == *wanted.holder
            && self.subject == *wanted.subject
            && self.study == *wanted.study
            && self.reader == *wanted.reader
            && self.custodian != self.holder
            && self.custodian != self.subject;
        if !is_meant {
            return Err(Refusal::NotPermitted);
        }
        let is_short = self.expires <= self.issued.after(PASS_LASTS);
        let is_now = self.issued <= now.after(clocks_differ) && now < self.expires;
        if is_short && is_now { Ok(()) } else { Err(Refusal::Expired) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::Purpose;
    use proptest::prelude::*;

    fn reader(person: &str) -> Reader {
        Reader { person: person.into(), role: "radiologist".into(), copy: Some(Id128([5; 16])), purpose: Purpose::Care }
    }

    fn pass(issued: u64, lasts: Duration) -> Pass {
        let issued = Timestamp(issued);
        Pass {
            id: Id128([1; 16]),
            custodian: SiteId([1; 32]),
            holder: SiteId([2; 32]),
            subject: SiteId([3; 32]),
            study: Uid::parse("1.2.3").unwrap(),
            manifest: Digest([4; 32]),
            reader: reader("durand"),
            agreement: Id128([6; 16]),
            issued,
            expires: issued.after(lasts),
        }
    }

    proptest! {
        #[test]
        fn it_is_for_what_it_names_and_its_minutes_only(
            at in 0u64..8_000_000, wrong in 0usize..5, minutes in 1u64..60
        ) {
            let lasts = Duration::from_secs(minutes * 60);
            let pass = pass(3_000_000, lasts);
            let (study, other) = (Uid::parse("1.2.4").unwrap(), reader("autre"));
            let mut wanted =
                PassUse { holder: &pass.holder, subject: &pass.subject, study: &pass.study, reader: &pass.reader };
            match wrong {
                1 => wanted.holder = &pass.subject,
                2 => wanted.subject = &pass.custodian,
                3 => wanted.study = &study,
                4 => wanted.reader = &other,
                _ => {}
            }
            let slack = Duration::from_secs(600);
            let expected = if wrong > 0 {
                Err(Refusal::NotPermitted)
            } else if lasts <= PASS_LASTS && at + 600_000 >= 3_000_000 && at < pass.expires.0 {
                Ok(())
            } else {
                Err(Refusal::Expired)
            };
            prop_assert_eq!(pass.covers(&wanted, Timestamp(at), slack), expected);
        }
    }

    #[test]
    fn nobody_passes_on_to_the_custodian_or_signs_for_itself() {
        let fits = |pass: &Pass| {
            let wanted =
                PassUse { holder: &pass.holder, subject: &pass.subject, study: &pass.study, reader: &pass.reader };
            pass.covers(&wanted, Timestamp(1), Duration::ZERO)
        };
        assert_eq!(fits(&pass(0, PASS_LASTS)), Ok(()));
        let own = Pass { custodian: SiteId([2; 32]), ..pass(0, PASS_LASTS) };
        assert_eq!(fits(&own), Err(Refusal::NotPermitted));
        let back = Pass { subject: SiteId([1; 32]), ..pass(0, PASS_LASTS) };
        assert_eq!(fits(&back), Err(Refusal::NotPermitted));
    }
}

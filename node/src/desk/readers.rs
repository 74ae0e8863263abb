//! Who may read a case, and which site may be asked to: the agreement, the rules of the practice, and a person's credentials.
//!
//! A person's credentials are looked at where they take a case, claim it, are handed it, and sign. In an emergency somebody
//! reads beyond them who says why; that is an event of the case, at every site that takes part and in each one's log.
//!
//! # Not here
//! Roles: [`crate::cases::may`]. What an agreement says: `trust`. What may be read from afar at all: `protocol::case`.

use super::{Desk, Inner};
use crate::{
    cases::{Team, Whole, rule_word},
    roster::Papers,
    tasks,
    trust::{CaseAsk, CaseBar},
};
use protocol::{
    SiteId,
    agreement::StudyFacts,
    case::{
        event::{Ask, Particulars, Priority, Skip},
        practice::{self, Rule},
    },
    roster,
};
use std::collections::BTreeSet;

/// Why somebody does not take, claim or sign a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnfitReader {
    #[error("no credential of theirs covers {}", .0.join(", "))]
    NoCredential(Vec<String>),
    #[error("their credential for {} is not valid now", .0.join(", "))]
    CredentialExpired(Vec<String>),
    #[error("it is not read from afar: {}", rule_word(*.0))]
    FromAfar(Rule),
    #[error("their credentials cover it, or it is no emergency: there is nothing to go beyond")]
    NothingToOverride,
    #[error("whoever has it is at work on it: say that you know")]
    AtWork,
    #[error("they are not on duty here now")]
    NotOnDuty,
    #[error("it is asked of a team, one of whose members is there")]
    NotOfTeam,
}

impl UnfitReader {
    /// Its word for programs and translations.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::NoCredential(_) => "no-credential",
            Self::CredentialExpired(_) => "credential-expired",
            Self::FromAfar(rule) => rule_word(*rule),
            Self::NothingToOverride => "nothing-to-override",
            Self::AtWork => "at-work",
            Self::NotOnDuty => "not-on-duty",
            Self::NotOfTeam => "not-of-team",
        }
    }
}

impl Inner {
    /// Modalities of the studies of a case, as far as they are known here.
    fn modalities(&self, ask: &Ask) -> Vec<String> {
        let of = |study| match self.parts.archive.study(study) {
            Ok(Some(row)) => row.modalities,
            _ => self
                .parts
                .overlay
                .holders(study)
                .into_iter()
                .next()
                .map(|told| told.card.modalities)
                .unwrap_or_default(),
        };
        let mut all: Vec<String> = ask.studies.iter().flat_map(of).collect();
        all.push(ask.modality.clone());
        all.retain(|modality| !modality.is_empty());
        all.sort_unstable();
        all.dedup();
        all
    }

    fn facts(&self, ask: &Ask) -> Vec<StudyFacts> {
        let row = |study| self.parts.archive.study(study).ok().flatten();
        ask.studies.iter().filter_map(row).filter_map(|row| self.parts.archive.facts(&row).ok()).collect()
    }

    /// Why a site may not be asked now; [`Skip::Unreachable`] is no bar to asking by hand.
    pub(super) fn bar(&self, site: &SiteId, ask: &Ask, particulars: &Particulars) -> Option<Skip> {
        if *site == self.us() {
            return None;
        }
        if practice::bars(ask, &self.modalities(ask), particulars, true).is_some() {
            return Some(Skip::FromAfar);
        }
        let studies = self.facts(ask);
        let asked = CaseAsk { ask, particulars, studies: &studies };
        match self.parts.trust.authorize_case(site, true, &asked) {
            Err(CaseBar::NotAgreed(_)) => Some(Skip::NotAgreed),
            Err(CaseBar::OutOfScope) => Some(Skip::OutOfScope),
            Err(CaseBar::NotDerogated) => Some(Skip::FromAfar),
            Ok(_) => (!self.parts.overlay.contact(site).connected).then_some(Skip::Unreachable),
        }
    }
}

impl Desk {
    /// Why a site may not be asked now.
    pub(crate) fn bar(&self, site: &SiteId, ask: &Ask, particulars: &Particulars) -> Option<Skip> {
        self.inner.bar(site, ask, particulars)
    }

    /// Modalities of what is asked for, as far as they are known here.
    pub(crate) fn modalities(&self, ask: &Ask) -> Vec<String> {
        self.inner.modalities(ask)
    }

    /// Why what is asked for is not read from afar, whoever is asked.
    pub(crate) fn rule(&self, ask: &Ask, particulars: &Particulars) -> Option<Rule> {
        practice::bars(ask, &self.inner.modalities(ask), particulars, true)
    }

    /// What is recorded of a person for what a case shows.
    pub(crate) fn papers(&self, whole: &Whole, person: &str) -> Papers {
        let (parts, modalities) = (&self.inner.parts, self.inner.modalities(&whole.state.ask));
        parts.roster.papers(person, &modalities, parts.time_zone.as_deref())
    }

    /// Whether a person here may take, claim or sign a case.
    ///
    /// # Errors
    /// [`UnfitReader`].
    pub(crate) fn may_read(&self, whole: &Whole, person: &str) -> Result<(), UnfitReader> {
        if let Papers::Lack { why, modalities } = self.papers(whole, person)
            && !whole.state.is_uncovered(&self.inner.us(), person)
        {
            return Err(match why {
                roster::Skip::CredentialExpired => UnfitReader::CredentialExpired(modalities),
                _ => UnfitReader::NoCredential(modalities),
            });
        }
        Ok(())
    }

    /// Members of a team who sit before a live screen and may take a case: for nobody else is it kept.
    fn live_of(&self, team: &Team, whole: &Whole) -> BTreeSet<String> {
        let parts = &self.inner.parts;
        let readers = parts.roster.readers_of(team.members.iter(), parts.time_zone.as_deref());
        let can = readers.into_iter().map(|(name, _)| name).filter(|name| self.may_read(whole, name).is_ok());
        let able: Vec<String> = can.collect();
        let is_able = |name: &String| able.iter().any(|one| one.eq_ignore_ascii_case(name));
        parts.roster.present().live.into_iter().filter(is_able).collect()
    }

    /// Whether a person here may take or claim a case: as [`Self::may_read`], and of one that is asked of a team, for as long as
    /// that keeps it.
    ///
    /// # Errors
    /// [`UnfitReader`].
    pub(crate) fn may_claim(&self, whole: &Whole, person: &str) -> Result<(), UnfitReader> {
        self.may_read(whole, person)?;
        let (cases, us) = (&self.inner.parts.cases, self.inner.us());
        let Some((whom, until)) = whole.asked_of(&us) else { return Ok(()) };
        if whom.trim().eq_ignore_ascii_case(person) {
            return Ok(());
        }
        let teams = cases.teams();
        let Some(team) = teams.iter().find(|team| team.is_named(whom)) else { return Ok(()) };
        match team.keeps_from(person, (tasks::now(), until), &self.live_of(team, whole)) {
            true => Err(UnfitReader::NotOfTeam),
            false => Ok(()),
        }
    }

    /// Whether this site may take a case of another, as far as the practice and the agreement say.
    ///
    /// # Errors
    /// [`UnfitReader::FromAfar`].
    pub(crate) fn may_take(&self, whole: &Whole) -> Result<(), UnfitReader> {
        let (state, requester) = (&whole.state, whole.state.requester.0);
        if requester == self.inner.us() {
            return Ok(());
        }
        let (ask, particulars) = (&state.ask, &state.particulars);
        let asked = CaseAsk { ask, particulars, studies: &[] };
        let authorized = self.inner.parts.trust.authorize_case(&requester, false, &asked);
        let derogates = authorized != Err(CaseBar::NotDerogated);
        let barred = practice::bars(ask, &self.inner.modalities(ask), particulars, derogates);
        barred.map_or(Ok(()), |rule| Err(UnfitReader::FromAfar(rule)))
    }

    /// Whether a person may go beyond their credentials: only where they do not cover it, in an emergency.
    ///
    /// # Errors
    /// [`UnfitReader::NothingToOverride`].
    pub(crate) fn may_override(&self, whole: &Whole, person: &str) -> Result<(), UnfitReader> {
        let is_emergency = whole.state.ask.priority == Priority::P0;
        if is_emergency && self.may_read(whole, person).is_err() {
            return Ok(());
        }
        Err(UnfitReader::NothingToOverride)
    }
}

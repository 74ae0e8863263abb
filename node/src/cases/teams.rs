//! Teams: people of this site who are asked under one name. Peers that may ask us are told the names, and nobody who is in them.
//!
//! What is asked of a team is kept for its members until the time for an answer is up: the first of them who takes it has it.
//! Where none of them who may read it sits before a screen it is kept for nobody.
//!
//! # At a crash
//! Teams are in the journal of cases.
//!
//! # Not here
//! Telling peers: `overlay`. What a person named by no team and no account means: whoever is on duty, as ever.

use super::{CaseError, Cases, Whole, record::Record};
use crate::audit::{Act, Actor, Event as Evidence};
use protocol::{
    SiteId, Timestamp,
    case::event::{NAME_MAX, Step, TEAMS_MAX, is_team},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// People of one team: a department.
const MEMBERS_MAX: usize = 64;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Team {
    pub(crate) name: String,
    /// Accounts of this site.
    pub(crate) members: Vec<String>,
}

impl Team {
    pub(crate) fn has(&self, person: &str) -> bool {
        self.members.iter().any(|member| member.eq_ignore_ascii_case(person))
    }

    /// Whether it is what was asked for, as somebody may have typed it.
    pub(crate) fn is_named(&self, whom: &str) -> bool {
        self.name.trim().to_lowercase() == whom.trim().to_lowercase()
    }

    /// Whether what is asked of it until then is not this person's to take; `live`: who could take it now.
    pub(crate) fn keeps_from(
        &self,
        person: &str,
        (now, until): (Timestamp, Timestamp),
        live: &BTreeSet<String>,
    ) -> bool {
        let is_there = || live.iter().any(|name| self.has(name));
        now < until && !self.has(person) && is_there()
    }
}

/// Whether these may be a site's teams: each with a name of its own, which is no account's, and somebody in it.
pub(crate) fn are_sound(teams: &[Team], is_account: impl Fn(&str) -> bool) -> bool {
    let is_one = |(at, team): (usize, &Team)| {
        let is_known = teams.iter().take(at).any(|other| other.is_named(&team.name));
        is_team(&team.name)
            && !is_known
            && !is_account(team.name.trim())
            && (1..=MEMBERS_MAX).contains(&team.members.len())
            && team.members.iter().all(|member| !member.is_empty() && member.chars().count() <= NAME_MAX)
    };
    teams.len() <= TEAMS_MAX && teams.iter().enumerate().all(is_one)
}

impl Whole {
    /// Whom of a site the case was asked of last, and until when.
    pub(crate) fn asked_of(&self, site: &SiteId) -> Option<(&str, Timestamp)> {
        let offers = self.in_effect().filter_map(|event| match &event.step {
            Step::Offered { to, whom, until, .. } if to == site => Some((whom.as_str(), *until)),
            _ => None,
        });
        offers.last()
    }
}

impl Cases {
    /// The teams of this site.
    pub(crate) fn teams(&self) -> Arc<Vec<Team>> {
        self.book().teams()
    }

    /// Changes them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn set_teams(&self, teams: Vec<Team>, actor: Actor) -> Result<(), CaseError> {
        let evidence = Evidence::new(Act::CaseSettingsChanged, actor).note("teams");
        self.change(Record::Teams(teams), evidence).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(name: &str, members: &[&str]) -> Team {
        Team { name: name.to_owned(), members: members.iter().map(|member| (*member).to_owned()).collect() }
    }

    #[test]
    fn a_team_has_a_name_that_is_nobody_else_s_and_somebody_in_it() {
        let is_account = |name: &str| name == "leroy";
        let neuro = || team("Neuroradiologie", &["leroy"]);
        assert!(are_sound(&[neuro(), team("Pédiatrie", &["martin", "leroy"])], is_account));
        assert!(are_sound(&[], is_account));
        for wrong in [
            team("", &["leroy"]),
            team("  ", &["leroy"]),
            team("leroy", &["leroy"]),
            team("a\nb", &["leroy"]),
            team(&"x".repeat(NAME_MAX + 1), &["leroy"]),
            team("Thorax", &[]),
            team("Thorax", &[""]),
            team("Thorax", &["leroy"; MEMBERS_MAX + 1]),
            team(" neuroradiologie", &["martin"]),
        ] {
            assert!(!are_sound(&[neuro(), wrong.clone()], is_account), "{wrong:?}");
        }
        let many = |count: usize| (0..count).map(|nth| team(&format!("T{nth}"), &["leroy"])).collect::<Vec<_>>();
        assert!(are_sound(&many(TEAMS_MAX), is_account) && !are_sound(&many(TEAMS_MAX + 1), is_account));
    }

    #[test]
    fn what_is_asked_of_a_team_is_its_members_until_the_time_is_up_or_none_of_them_is_there() {
        let neuro = team("Neuroradiologie", &["leroy", "martin"]);
        let live = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let (before, after) = ((Timestamp(1), Timestamp(2)), (Timestamp(2), Timestamp(2)));
        assert!(neuro.keeps_from("bernard", before, &live(&["martin", "bernard"])));
        assert!(!neuro.keeps_from("leroy", before, &live(&["martin"])), "a member, wherever they sit");
        assert!(!neuro.keeps_from("bernard", after, &live(&["martin"])), "nobody of them answered");
        assert!(!neuro.keeps_from("bernard", before, &live(&["bernard"])), "nobody of them is there");
        assert!(neuro.is_named(" NEURORADIOLOGIE ") && !neuro.is_named("Neuro"));
    }
}

//! Who may ask whether a patient is known (level L0): a clause in force that says so, in either direction; and which studies
//! make a patient known to whom.
//!
//! # Not here
//! What is asked, and how often: `overlay`. Opening anything: [`Trust::authorize`].

use super::{Action, Person, Trust, hours, notices::Notices, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Agreement, Clause, StudyFacts, WeeklyHours},
    ids::Id128,
};

impl State {
    /// The clause by which `reader` may ask `holder` now, with its agreement.
    fn presence(&self, holder: &SiteId, reader: &SiteId, now: Timestamp) -> Result<(&Agreement, &Clause), Refusal> {
        let peer = if *holder == self.us { reader } else { holder };
        self.peer(peer).ok_or(Refusal::NotPaired)?;
        let mut why = Refusal::NotPermitted;
        for (id, kept) in self.agreements.iter().filter(|(_, kept)| kept.peer == *peer) {
            let notices = self.notices.get(id);
            let says = |text: &Agreement| text.clause(holder, reader).is_some_and(|clause| clause.presence);
            let Some(text) = self.active(id, now) else {
                let is_suspended = notices.is_some_and(Notices::is_suspended);
                if is_suspended && kept.active.as_ref().is_some_and(|text| says(&text.agreement)) {
                    why = Refusal::Suspended;
                }
                continue;
            };
            let Some(clause) = text.clause(holder, reader).filter(|clause| clause.presence) else { continue };
            let is_open =
                |h: &WeeklyHours| hours::week_minute(now, &h.time_zone).is_some_and(|minute| h.contains(minute));
            if !notices.is_none_or(|n| n.lets_finish(None, now)) {
                why = Refusal::Closing;
            } else if !clause.hours.as_ref().is_none_or(is_open) {
                why = Refusal::OutsideHours;
            } else if clause.on_duty && !self.is_anybody_on_duty(reader, now) {
                why = Refusal::OffDuty;
            } else {
                return Ok((text, clause));
            }
        }
        Err(why)
    }
}

impl Trust {
    /// Whether a peer may ask us which patients we know; by which agreement.
    ///
    /// # Errors
    /// [`Refusal`], which link of the chain does not hold.
    pub(crate) fn authorize_presence(&self, peer: &SiteId) -> Result<Id128, Refusal> {
        self.require_open()?;
        let (us, now) = (self.us(), tasks::now());
        self.state().presence(&us, peer, now).map(|(text, _)| text.id)
    }

    /// Whether somebody here may ask a peer; by which agreement. `None`: the node itself, which looks ahead.
    ///
    /// # Errors
    /// [`Refusal`], which link of the chain does not hold.
    pub(crate) fn authorize_asking_presence(&self, person: Option<&Person>, peer: &SiteId) -> Result<Id128, Refusal> {
        if person.is_some_and(|person| !person.allows(Action::ReadStudies)) {
            return Err(Refusal::Role);
        }
        let (us, now) = (self.us(), tasks::now());
        self.state().presence(peer, &us, now).map(|(text, _)| text.id)
    }

    /// Those of these studies of ours that make their patient known to a peer: within the scope of a clause by which it may
    /// ask, hours left aside; and neither masked nor withheld by the patient.
    pub(crate) fn known_to<'a, T>(
        &self,
        peer: &SiteId,
        studies: impl Iterator<Item = (T, &'a StudyFacts)>,
    ) -> Vec<(T, &'a StudyFacts)> {
        let (us, now) = (self.us(), tasks::now());
        let state = self.state();
        let clauses: Vec<&Clause> = state
            .active_with(peer, now)
            .filter_map(|text| text.clause(&us, peer).filter(|clause| clause.presence))
            .collect();
        let is_known = |facts: &StudyFacts| {
            let has_case = || state.case_until(&us, peer, &facts.study, now).is_some();
            !facts.withheld.masked
                && !facts.withheld.opposed
                && clauses.iter().any(|clause| clause.in_scope(facts, now) && (!clause.with_case || has_case()))
        };
        studies.filter(|(_, facts)| is_known(facts)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            ClauseTerms, Role, Terms,
            tests::{Site, agree, facts, radiologist, two_peers},
        },
        *,
    };
    use protocol::agreement::{Preset, Withheld};

    fn terms(presence: bool) -> Terms {
        Terms { all: ClauseTerms { presence, ..ClauseTerms::default() }, ..Terms::default() }
    }
    fn known(a: &Site, b: &Site, facts: &StudyFacts) -> bool {
        !a.trust.known_to(&b.site(), [((), facts)].into_iter()).is_empty()
    }

    #[tokio::test]
    async fn nobody_asks_without_a_clause_that_says_so() {
        let (a, b) = two_peers().await;
        let asks = || {
            (a.trust.authorize_presence(&b.site()), b.trust.authorize_asking_presence(Some(&radiologist()), &a.site()))
        };
        assert_eq!(asks(), (Err(Refusal::NotPermitted), Err(Refusal::NotPermitted)));
        let id = agree(&a, &b, Preset::All, &terms(false)).await;
        assert_eq!(asks(), (Err(Refusal::NotPermitted), Err(Refusal::NotPermitted)), "all studies are no presence");
        assert!(!known(&a, &b, &facts("1.2.3", "CT")));
        agree(&a, &b, Preset::All, &Terms { replaces: Some(id), ..terms(true) }).await;
        assert_eq!(asks(), (Ok(id), Ok(id)));
        let auditor = Person::new("dpo".to_owned(), Role::Auditor);
        assert_eq!(b.trust.authorize_asking_presence(Some(&auditor), &a.site()), Err(Refusal::Role));
        a.trust.suspend(&id, true).await.unwrap();
        assert_eq!(a.trust.authorize_presence(&b.site()), Err(Refusal::Suspended));
        assert!(!known(&a, &b, &facts("1.2.3", "CT")));
    }

    #[tokio::test]
    async fn who_is_known_follows_the_scope_and_what_is_held_back() {
        let (a, b) = two_peers().await;
        let all = ClauseTerms { presence: true, modalities: vec!["CT".to_owned()], ..ClauseTerms::default() };
        agree(&a, &b, Preset::CaseOnly, &Terms { all, ..Terms::default() }).await;
        let ct = facts("1.2.3", "CT");
        assert!(known(&a, &b, &ct), "nothing is announced, and yet one may ask");
        assert!(!known(&a, &b, &facts("1.2.4", "MR")));
        for withheld in
            [Withheld { opposed: true, ..Withheld::NOTHING }, Withheld { masked: true, ..Withheld::NOTHING }]
        {
            assert!(!known(&a, &b, &StudyFacts { withheld, ..ct.clone() }), "{withheld:?}");
        }
    }

    #[tokio::test]
    async fn hours_count_for_the_question() {
        let (a, b) = two_peers().await;
        // One minute a week.
        let all = ClauseTerms { presence: true, spans: vec![(0, 1)], ..ClauseTerms::default() };
        agree(&a, &b, Preset::OnCall, &Terms { all, ..Terms::default() }).await;
        assert_eq!(a.trust.authorize_presence(&b.site()), Err(Refusal::OutsideHours));
        assert!(known(&a, &b, &facts("1.2.3", "CT")), "the list is the same at all hours");
    }
}

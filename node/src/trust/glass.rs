//! Broken glass: what an emergency opens, decided by the agreement alone, and the review that falls due at both sites.
//!
//! The holder gives a grant for each study of the patient, of a kind of its own: neither hours, modalities, regions nor
//! the patient's opposition stand against it, masking does. Both sites keep the signed request with the grants, and a
//! review of it stays open until somebody has said what it was.
//!
//! # At a crash
//! Request and grants are one record. A holder whose answer was lost answers the same request with the same grants; a
//! reader that lost it asks anew.
//!
//! # Not here
//! Whose studies they are: `overlay`. Whether the person is who they say: `users`. The judgement: [`super::judge`].

use super::{Record, Trust, TrustError, TrustEvent, changes::CLOCKS_DIFFER, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::Level,
    glass::{GlassRequest, LASTS, Reason, STUDIES_MAX, Whom},
    grant::{Grant, GrantKind},
    ids::Id128,
    signed::Signed,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Requests of one person in an hour: an emergency is one patient, or a few.
const PERSON_MAX: usize = 10;
/// Requests of one site in an hour.
const SITE_MAX: usize = 60;
const HOUR: Duration = Duration::from_secs(3600);
/// Requests remembered over all sites.
const REMEMBERED_MAX: usize = 4096;
/// Characters of a reviewer's note.
pub(crate) const NOTE_CHARS_MAX: usize = 500;

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Justified,
    NotJustified,
    /// It is not over: somebody is asked, or told.
    FollowUp,
}

impl Verdict {
    /// With their words for programs.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Justified, "justified"), (Self::NotJustified, "not-justified"), (Self::FollowUp, "follow-up")];

    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(verdict, _)| *verdict == self).map_or("follow-up", |(_, word)| word)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == text).map(|(verdict, _)| *verdict)
    }
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GlassReview {
    pub(crate) request: Id128,
    pub(crate) verdict: Verdict,
    pub(crate) note: String,
    pub(crate) person: String,
    pub(crate) at: Timestamp,
}

/// As it is recorded at both sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GlassRecord {
    pub(super) request: Signed<GlassRequest>,
    pub(super) grants: Vec<Signed<Grant>>,
    /// When it was opened, by our clock.
    pub(super) at: Timestamp,
    /// When it is reviewed at the latest.
    pub(super) due: Timestamp,
}

/// One breaking of the glass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GlassUse {
    pub(crate) request: GlassRequest,
    /// Of whose person it was.
    pub(crate) reader: SiteId,
    pub(crate) studies: Vec<Uid>,
    pub(crate) at: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) due: Timestamp,
    /// The last one.
    pub(crate) review: Option<GlassReview>,
    /// As it was given, to be given again.
    pub(super) grants: Vec<Signed<Grant>>,
}

impl GlassUse {
    /// The other site.
    pub(crate) fn peer(&self, us: &SiteId) -> SiteId {
        if self.reader == *us { self.request.holder } else { self.reader }
    }

    /// Whether somebody still has to look at it.
    pub(crate) fn is_open(&self) -> bool {
        self.review.as_ref().is_none_or(|review| review.verdict == Verdict::FollowUp)
    }
}

/// What a request is at the holder's.
#[derive(Debug)]
pub(crate) enum GlassAsked {
    /// It was answered before: so it is again.
    Known(Vec<Signed<Grant>>),
    New(GlassRequest),
}

/// Who asked lately.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<VecDeque<(SiteId, String, Timestamp)>>);

impl Attempts {
    /// Counts one.
    fn take(&self, site: &SiteId, person: &str, now: Timestamp) -> Result<(), Refusal> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|(.., at)| now.since(*at) < HOUR);
        let of_site = made.iter().filter(|(by, ..)| by == site).count();
        let of_person = made.iter().filter(|(by, name, _)| by == site && name == person).count();
        if of_site >= SITE_MAX || of_person >= PERSON_MAX || made.len() >= REMEMBERED_MAX {
            return Err(Refusal::Busy(u32::try_from(HOUR.as_millis()).unwrap_or(u32::MAX)));
        }
        made.push_back((*site, person.to_owned(), now));
        Ok(())
    }
}

impl Trust {
    /// What a person here says, signed by this site.
    pub(crate) fn glass_request(
        &self,
        holder: SiteId,
        (person, rpps): (&super::Person, String),
        (reason, text): (Reason, String),
        patient: &Whom,
    ) -> Result<Signed<GlassRequest>, Refusal> {
        let id = tasks::random_id();
        let request = GlassRequest {
            id,
            holder,
            at: tasks::now(),
            person: person.name.clone(),
            role: person.role.word().to_owned(),
            rpps,
            reason,
            text: text.trim().to_owned(),
            patient: patient.digest(&id),
        };
        if !request.is_sound() || !patient.is_sound() {
            return Err(Refusal::Malformed);
        }
        self.may_break_glass(&holder, &self.inner.identity.site())?;
        Ok(self.inner.identity.seal(&request))
    }

    /// Whether an agreement in force lets persons of `reader` break the glass at `holder`.
    ///
    /// # Errors
    /// [`Refusal::NotPaired`], [`Refusal::NotPermitted`].
    pub(crate) fn may_break_glass(&self, holder: &SiteId, reader: &SiteId) -> Result<(), Refusal> {
        let us = self.inner.identity.site();
        let peer = if *holder == us { reader } else { holder };
        let state = self.state();
        state.peer(peer).ok_or(Refusal::NotPaired)?;
        state.glass_terms(holder, reader, tasks::now()).map(|_| ()).ok_or(Refusal::NotPermitted)
    }

    /// The holder's decision: by the agreement, and by how often it was asked. What was answered before is answered so
    /// again, however old it is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn judge_glass(
        &self,
        from: &SiteId,
        signed: &Signed<GlassRequest>,
        patient: &Whom,
    ) -> Result<GlassAsked, Refusal> {
        self.require_open()?;
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let request = signed.open(from).map_err(|_| Refusal::Malformed)?;
        let is_sound = request.is_sound() && patient.is_sound();
        if request.holder != us || !is_sound || request.patient != patient.digest(&request.id) {
            return Err(Refusal::Malformed);
        }
        if let Some(known) = self.state().glass.get(&request.id) {
            let same = known.reader == *from && known.request == request;
            return if same { Ok(GlassAsked::Known(known.grants.clone())) } else { Err(Refusal::Malformed) };
        }
        if !request.is_fresh(now) {
            return Err(Refusal::Expired);
        }
        self.inner.attempts.take(from, &request.person, now)?;
        self.may_break_glass(&us, from)?;
        Ok(GlassAsked::New(request))
    }

    /// Opens these studies of ours to the site of a request that was judged. Both are durable when this returns.
    ///
    /// # Errors
    /// When the agreement is over meanwhile, or it cannot be recorded.
    pub(crate) async fn open_glass(
        &self,
        from: &SiteId,
        signed: Signed<GlassRequest>,
        studies: &[Uid],
    ) -> Result<Vec<Signed<Grant>>, TrustError> {
        let changing = self.changing().await;
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let request = signed.open(from).map_err(|_| Refusal::Malformed)?;
        let terms = {
            let state = self.state();
            // The same request at the same time: the other one was first.
            if let Some(known) = state.glass.get(&request.id) {
                return Ok(known.grants.clone());
            }
            state.glass_terms(&us, from, now).ok_or(Refusal::NotPermitted)?
        };
        let kind = GrantKind::BreakGlass { request: request.digest() };
        let grant = |study: &Uid| Grant {
            id: tasks::random_id(),
            issuer: us,
            subject: *from,
            basis: terms.agreement,
            study: study.clone(),
            level: terms.level,
            not_before: now.before(CLOCKS_DIFFER),
            expires: now.after(LASTS),
            kind,
            parent: None,
            purpose: None,
            copies_max: None,
            forward: Vec::new(),
        };
        let seal = |study| self.inner.identity.seal(&grant(study));
        let grants: Vec<Signed<Grant>> = studies.iter().take(STUDIES_MAX).map(seal).collect();
        let due = now.after(terms.review);
        let record = GlassRecord { request: signed, grants: grants.clone(), at: now, due };
        self.commit(changing, Record::GlassBroken(Box::new(record))).await?;
        Ok(grants)
    }

    /// Keeps what a holder opened to us.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for grants that are not what was asked for.
    pub(crate) async fn keep_glass(
        &self,
        holder: &SiteId,
        signed: Signed<GlassRequest>,
        grants: Vec<Signed<Grant>>,
    ) -> Result<GlassUse, TrustError> {
        let changing = self.changing().await;
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let request = signed.open(&us).map_err(|_| Refusal::Malformed)?;
        let terms = self.state().glass_terms(holder, &us, now).ok_or(Refusal::NotPermitted)?;
        let kind = GrantKind::BreakGlass { request: request.digest() };
        let latest = now.after(LASTS + 2 * CLOCKS_DIFFER);
        let is_it = |signed: &Signed<Grant>| {
            signed.open(holder).is_ok_and(|grant| {
                (grant.issuer, grant.subject, grant.kind) == (*holder, us, kind)
                    && grant.basis == terms.agreement
                    && grant.expires <= latest
            })
        };
        if request.holder != *holder || grants.is_empty() || grants.len() > STUDIES_MAX || !grants.iter().all(is_it) {
            return Err(Refusal::Malformed.into());
        }
        let record = GlassRecord { request: signed, grants, at: now, due: now.after(terms.review) };
        self.commit(changing, Record::GlassBroken(Box::new(record))).await?;
        Ok(self.glass(&request.id).ok_or(Refusal::Malformed)?)
    }

    /// One breaking of the glass, by the number of its request.
    pub(crate) fn glass(&self, request: &Id128) -> Option<GlassUse> {
        self.state().glass.get(request).cloned()
    }

    /// All that ever were, newest first.
    pub(crate) fn glasses(&self) -> Vec<GlassUse> {
        let mut all: Vec<GlassUse> = self.state().glass.values().cloned().collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.at));
        all
    }

    /// By what a holder's study is open here just now, if by broken glass.
    pub(crate) fn glass_on(&self, holder: &SiteId, study: &Uid) -> Option<GlassUse> {
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let state = self.state();
        let on = state.glass.values().filter(|one| one.reader == us && one.request.holder == *holder);
        let on = on.filter(|one| now < one.ends && one.studies.contains(study));
        on.max_by_key(|one| one.ends).cloned()
    }

    /// Somebody looked at it.
    ///
    /// # Errors
    /// [`TrustError::NoAgreement`] for none that is known; when it cannot be recorded.
    pub(crate) async fn review_glass(&self, review: GlassReview) -> Result<(), TrustError> {
        let changing = self.changing().await;
        if !self.state().glass.contains_key(&review.request) {
            return Err(TrustError::NoAgreement);
        }
        let note = review.note.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect();
        self.commit(changing, Record::GlassReviewed(GlassReview { note, ..review })).await
    }

    /// Reviews that should have been made by `now`: how many, and since when the oldest.
    pub(crate) fn reviews_overdue(&self, now: Timestamp) -> Option<(u64, Timestamp)> {
        let state = self.state();
        let due: Vec<Timestamp> =
            state.glass.values().filter(|one| one.review.is_none() && one.due <= now).map(|one| one.due).collect();
        let oldest = due.iter().min().copied()?;
        Some((u64::try_from(due.len()).unwrap_or(u64::MAX), oldest))
    }
}

/// What an agreement says of emergencies.
pub(super) struct GlassTerms {
    agreement: Id128,
    level: Level,
    review: Duration,
}

impl State {
    fn glass_terms(&self, holder: &SiteId, reader: &SiteId, now: Timestamp) -> Option<GlassTerms> {
        let peer = if *holder == self.us { reader } else { holder };
        self.active_with(peer, now).find_map(|agreement| {
            let clause = agreement.clause(holder, reader)?;
            let review = Duration::from_secs(u64::from(clause.break_glass?.review_hours) * 3600);
            Some(GlassTerms { agreement: agreement.id, level: clause.level.max(Level::Pixels), review })
        })
    }

    pub(super) fn break_glass(&mut self, record: GlassRecord) -> Vec<TrustEvent> {
        let reader = record.request.claimed_signer();
        let Ok(request) = record.request.open(&reader) else { return Vec::new() };
        let mut studies = Vec::new();
        let mut ends = record.at;
        for signed in &record.grants {
            let Ok(grant) = signed.open(&request.holder) else { continue };
            studies.push(grant.study.clone());
            ends = ends.max(grant.expires);
            if grant.issuer == self.us {
                self.given.insert(grant.id, signed.clone());
            }
            self.grants.insert(grant.id, grant);
        }
        let GlassRecord { grants, at, due, .. } = record;
        let peer = if reader == self.us { request.holder } else { reader };
        let id = request.id;
        self.glass.insert(id, GlassUse { request, reader, studies, at, ends, due, review: None, grants });
        vec![TrustEvent::GrantChanged { peer }]
    }

    pub(super) fn reviewed(&mut self, review: GlassReview) -> Vec<TrustEvent> {
        if let Some(one) = self.glass.get_mut(&review.request) {
            one.review = Some(review);
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Caller, ClauseTerms, Given, Held, Permit, Terms,
            tests::{Site, agree, facts, radiologist, reads, two_peers},
        },
        *,
    };
    use protocol::agreement::{Field, Preset, StudyFacts, Withheld};

    fn terms(hours: Option<u32>) -> Terms {
        let all = ClauseTerms { break_glass_hours: hours, ..ClauseTerms::default() };
        Terms { all, ..Terms::default() }
    }
    fn whom() -> Whom {
        Whom::Identifier { issuer: "CH Nord".to_owned(), id: "42".to_owned() }
    }
    fn uid(text: &str) -> Uid {
        text.parse().unwrap()
    }
    /// B asks A.
    fn asks(a: &Site, b: &Site) -> Result<Signed<GlassRequest>, Refusal> {
        let why = (Reason::DangerToLife, "polytraumatisé".to_owned());
        b.trust.glass_request(a.site(), (&radiologist(), String::new()), why, &whom())
    }
    fn judged(a: &Site, b: &Site, asked: &Signed<GlassRequest>) -> Result<GlassAsked, Refusal> {
        a.trust.judge_glass(&b.site(), asked, &whom())
    }
    /// B asks A for one study, A opens it, B keeps that.
    async fn broken(a: &Site, b: &Site, study: &str) -> GlassUse {
        let asked = asks(a, b).unwrap();
        assert!(matches!(judged(a, b, &asked), Ok(GlassAsked::New(_))));
        let grants = a.trust.open_glass(&b.site(), asked.clone(), &[uid(study)]).await.unwrap();
        b.trust.keep_glass(&a.site(), asked, grants).await.unwrap()
    }
    fn read_at_b(a: &Site, b: &Site, used: &GlassUse) -> Result<Permit, Refusal> {
        let grant = used.grants[0].open(&a.site()).unwrap();
        let basis = protocol::catalog::Basis::Grant { id: grant.id, agreement: grant.basis, expires: grant.expires };
        assert!(b.trust.in_force(&a.site(), &basis));
        let (person, ct) = (radiologist(), facts("1.2.3", "CT"));
        b.trust.authorize(Caller::Person(&person), &ct, Held::ByPeer(&a.site(), &basis), Level::Pixels)
    }

    #[tokio::test]
    async fn it_opens_outside_hours_and_against_opposition_and_is_told_with_who_it_is() {
        let (a, b) = two_peers().await;
        let (ct, mut other) = (facts("1.2.3", "CT"), facts("1.2.4", "CT"));
        // One minute a week.
        let all = ClauseTerms { spans: vec![(0, 1)], ..terms(Some(72)).all };
        agree(&a, &b, Preset::OnCall, &Terms { all, ..Terms::default() }).await;
        let opposed = Withheld { opposed: true, ..Withheld::NOTHING };
        let ct = StudyFacts { withheld: opposed, ..ct };
        other.withheld = opposed;
        assert!(reads(&a, &b, &ct).is_err() && a.trust.may_tell(&b.site(), &ct).is_none());
        let used = broken(&a, &b, "1.2.3").await;
        let (basis, fields) = a.trust.may_tell(&b.site(), &ct).unwrap();
        assert_eq!(basis.id(), used.grants[0].open(&a.site()).unwrap().id);
        assert!(fields.contains(&Field::PatientName) && fields.contains(&Field::PatientId));
        let permit = reads(&a, &b, &ct).unwrap();
        assert!(read_at_b(&a, &b, &used).is_ok());
        assert!(reads(&a, &b, &other).is_err() && a.trust.may_tell(&b.site(), &other).is_none(), "one patient's alone");
        assert_eq!(b.trust.glass_on(&a.site(), &uid("1.2.3")).map(|one| one.request.id), Some(used.request.id));
        assert!(a.trust.glass_on(&b.site(), &uid("1.2.3")).is_none(), "at the holder's nothing was lent");
        for withheld in [Withheld { masked: true, ..Withheld::NOTHING }, Withheld { no_break_glass: true, ..opposed }] {
            let closed = StudyFacts { withheld, ..ct.clone() };
            assert!(reads(&a, &b, &closed).is_err() && a.trust.may_tell(&b.site(), &closed).is_none(), "{withheld:?}");
        }
        a.trust.facts_changed(&StudyFacts { withheld: Withheld { masked: true, ..opposed }, ..ct.clone() });
        assert_eq!(permit.ended().await, Refusal::Revoked, "what runs is cut");
    }

    #[tokio::test]
    async fn it_is_refused_without_an_agreement_that_says_so_and_over_with_it() {
        let (a, b) = two_peers().await;
        let ct = facts("1.2.3", "CT");
        assert_eq!(asks(&a, &b).unwrap_err(), Refusal::NotPermitted);
        let id = agree(&a, &b, Preset::CaseOnly, &terms(None)).await;
        assert_eq!(asks(&a, &b).unwrap_err(), Refusal::NotPermitted);
        let with = Terms { replaces: Some(id), ..terms(Some(72)) };
        agree(&a, &b, Preset::CaseOnly, &with).await;
        let used = broken(&a, &b, "1.2.3").await;
        let permit = reads(&a, &b, &ct).unwrap();
        let without = Terms { replaces: Some(id), ..terms(None) };
        agree(&a, &b, Preset::CaseOnly, &without).await;
        assert_eq!(permit.ended().await, Refusal::Revoked);
        assert!(reads(&a, &b, &ct).is_err());
        let grant = used.grants[0].open(&a.site()).unwrap();
        let basis = protocol::catalog::Basis::Grant { id: grant.id, agreement: grant.basis, expires: grant.expires };
        assert!(!b.trust.in_force(&a.site(), &basis));
    }

    #[tokio::test]
    async fn a_request_counts_once_for_its_site_its_patient_and_its_words() {
        let (a, b) = two_peers().await;
        agree(&a, &b, Preset::All, &terms(Some(72))).await;
        let asked = asks(&a, &b).unwrap();
        let other = Whom::Identifier { issuer: "CH Nord".to_owned(), id: "43".to_owned() };
        assert_eq!(a.trust.judge_glass(&b.site(), &asked, &other).unwrap_err(), Refusal::Malformed);
        assert_eq!(b.trust.judge_glass(&b.site(), &asked, &whom()).unwrap_err(), Refusal::Malformed, "another holder");
        let opened = a.trust.open_glass(&b.site(), asked.clone(), &[uid("1.2.3")]).await.unwrap();
        let Ok(GlassAsked::Known(again)) = judged(&a, &b, &asked) else { panic!("it is answered as before") };
        assert_eq!(again, opened);
        assert_eq!(a.trust.glasses().len(), 1);
        // A grant for something else is not kept.
        let elsewhere = a.trust.share(&uid("1.2.9"), &b.site(), &Given::hours(1)).await.unwrap();
        assert!(b.trust.keep_glass(&a.site(), asked, vec![elsewhere]).await.is_err());
    }

    #[tokio::test]
    async fn nobody_breaks_it_without_end() {
        let (a, b) = two_peers().await;
        agree(&a, &b, Preset::All, &terms(Some(72))).await;
        for _ in 0..PERSON_MAX {
            assert!(judged(&a, &b, &asks(&a, &b).unwrap()).is_ok());
        }
        assert!(matches!(judged(&a, &b, &asks(&a, &b).unwrap()), Err(Refusal::Busy(_))));
    }

    #[tokio::test]
    async fn both_sites_have_it_to_review_over_a_restart() {
        let (a, b) = two_peers().await;
        agree(&a, &b, Preset::All, &terms(Some(72))).await;
        let used = broken(&a, &b, "1.2.3").await;
        let (a, b) = (a.again(1).await, b.again(2).await);
        for (site, other) in [(&a, &b), (&b, &a)] {
            let known = site.trust.glass(&used.request.id).unwrap();
            assert_eq!((known.studies.clone(), known.is_open()), (used.studies.clone(), true));
            assert_eq!(known.peer(&site.site()), other.site());
        }
        assert!(reads(&a, &b, &facts("1.2.3", "CT")).is_ok());
        let review = |verdict| GlassReview {
            request: used.request.id,
            verdict,
            note: "appelé".to_owned(),
            person: "dpo".to_owned(),
            at: tasks::now(),
        };
        a.trust.review_glass(review(Verdict::FollowUp)).await.unwrap();
        assert!(a.trust.glass(&used.request.id).unwrap().is_open());
        a.trust.review_glass(review(Verdict::Justified)).await.unwrap();
        let a = a.again(1).await;
        assert!(!a.trust.glass(&used.request.id).unwrap().is_open());
        assert_eq!(a.trust.reviews_overdue(used.due), None);
        assert_eq!(b.trust.reviews_overdue(used.due.before(Duration::from_secs(1))), None, "not yet");
        assert_eq!(b.trust.reviews_overdue(used.due), Some((1, used.due)), "each site reviews for itself");
    }
}

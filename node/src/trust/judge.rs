//! The judgement: who may do what with which study now. Pure: state, facts and the time in, a verdict out.
//!
//! The chain for a peer is: paired and not revoked → an agreement signed by both, in its period, not ended → its clause
//! with us as holder and them as reader covers study, level, hour and purpose, with an open case and somebody on duty where
//! it asks for them — or a live grant under such an agreement, or one that narrows such a grant. For somebody here who
//! reads a peer's study it is the same chain seen from the other end, after their role.
//!
//! Every link that is looked at is said to whoever listens: an explanation is the same judgement, overheard. The first
//! link that does not hold ends its ground, so it is the one thing that was wrong with it.

use super::{
    hours,
    notices::Notices,
    presets,
    records::{Kept, State},
};
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Agreement, Check, Clause, Field, Level, Moment, Purpose, StudyFacts, Withheld},
    catalog::Basis,
    grant::{Grant, GrantCheck, Narrow, Use},
    ids::Id128,
    time::WeekMinute,
};

/// A "yes": on what basis, and until when at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) basis: Basis,
    pub(super) until: Option<Timestamp>,
}

/// What is asked: may `reader` go to `level` with this study of `holder`?
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub(super) holder: &'a SiteId,
    pub(super) reader: &'a SiteId,
    pub(super) study: &'a StudyFacts,
    pub(super) level: Level,
    /// The basis the holder told; `None` when we are the holder and any will do.
    pub(super) told: Option<&'a Basis>,
    pub(super) by: By,
}

/// Who reads, for what, and into which copy; what is not said may be any that fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct By {
    pub(crate) person: Option<String>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) copy: Option<Id128>,
}

/// What a link belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ground {
    /// The two sites, whatever they agreed.
    Sites,
    Agreement(Id128),
    Grant(Id128),
}

/// One thing that must be the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// The person's role includes reading.
    Role,
    /// The study is the site's own: what a peer lent is not lent on.
    Own,
    /// This node was not restored, or has learnt since what it forgot.
    Learnt,
    Paired,
    NotRevoked,
    /// Some agreement or grant is there to be looked at.
    Agreed,
    Countersigned,
    NotEnded,
    /// Neither party has suspended it.
    NotSuspended,
    /// It is not about to end, or the study was being read when that was said.
    NotClosing,
    /// The agreement's period has begun …
    Begun,
    /// … and is not over.
    NotOver,
    /// There is a clause in this direction.
    Direction,
    /// The time zone of the hours is known here.
    TimeZone,
    /// No other site may see the study.
    NotMasked,
    /// The patient does not oppose sharing it.
    NotOpposed,
    /// The glass may be broken under the agreement …
    GlassAgreed,
    /// … and for this study.
    GlassOpen,
    Clause(Check),
    Grant(GrantCheck),
    /// It is read for one of the purposes agreed.
    Purpose,
    /// The holder has an open case with the reader on it.
    Case,
    /// The person is on duty.
    OnDuty,
    /// The grant that another narrows is there.
    Parent,
    /// It was not narrowed too often.
    Depth,
    /// A grant is no wider in one thing than the one that it narrows.
    Narrow(Narrow),
    /// The agreement lets studies be passed on.
    Onward,
    /// So many copies may be read into.
    Copies,
}

impl Link {
    const fn refusal(self) -> Refusal {
        match self {
            Self::Role => Refusal::Role,
            Self::Paired | Self::NotRevoked => Refusal::NotPaired,
            Self::NotSuspended => Refusal::Suspended,
            Self::NotClosing => Refusal::Closing,
            Self::Clause(check) => check.refusal(),
            Self::Purpose => Refusal::Purpose,
            Self::Case => Refusal::NoCase,
            Self::OnDuty => Refusal::OffDuty,
            Self::Grant(check) => check.refusal(),
            _ => Refusal::NotPermitted,
        }
    }
}

/// A link that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) ground: Ground,
    pub(crate) link: Link,
    pub(crate) holds: bool,
}

/// Says the links of one ground to a listener; the first that does not hold is an error.
pub(super) struct Chain<'a> {
    pub(super) ground: Ground,
    pub(super) say: &'a mut dyn FnMut(Step),
}

impl Chain<'_> {
    pub(super) fn need(&mut self, link: Link, holds: bool) -> Result<(), Refusal> {
        (self.say)(Step { ground: self.ground, link, holds });
        if holds { Ok(()) } else { Err(link.refusal()) }
    }

    pub(super) fn some<T>(&mut self, link: Link, found: Option<T>) -> Result<T, Refusal> {
        self.need(link, found.is_some())?;
        found.ok_or_else(|| link.refusal())
    }

    /// The text in force of an agreement, its parties left aside.
    fn text<'s>(
        &mut self,
        kept: &'s Kept,
        notices: Option<&Notices>,
        now: Timestamp,
    ) -> Result<&'s Agreement, Refusal> {
        let text = &self.some(Link::Countersigned, kept.active.as_ref())?.agreement;
        self.need(Link::NotEnded, kept.ended.is_none())?;
        self.need(Link::NotSuspended, !notices.is_some_and(Notices::is_suspended))?;
        self.need(Link::Begun, text.has_begun(now))?;
        self.need(Link::NotOver, !text.is_over(now))?;
        Ok(text)
    }

    fn covered(&mut self, clause: &Clause, asked: &Question<'_>, now: Timestamp) -> Result<(), Refusal> {
        let week_minute = match &clause.hours {
            Some(hours) => self.some(Link::TimeZone, hours::week_minute(now, &hours.time_zone))?,
            None => WeekMinute(0),
        };
        let at = Moment { now, week_minute };
        Check::ALL
            .into_iter()
            .try_for_each(|check| self.need(Link::Clause(check), clause.holds(check, asked.study, asked.level, at)))
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// The refusal that helps most: "at other hours" before "expired" before "no".
fn better(a: Refusal, b: Refusal) -> Refusal {
    let rank = |r| match r {
        Refusal::Suspended | Refusal::Closing => 3,
        Refusal::OutsideHours | Refusal::Purpose | Refusal::NoCase | Refusal::OffDuty => 2,
        Refusal::Expired => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// One link outside any agreement.
pub(super) fn need(say: &mut dyn FnMut(Step), link: Link, holds: bool) -> Result<(), Refusal> {
    Chain { ground: Ground::Sites, say }.need(link, holds)
}

/// The text of an agreement that is in force now, its parties left aside.
pub(super) fn text_in_force<'s>(kept: &'s Kept, notices: Option<&Notices>, now: Timestamp) -> Option<&'s Agreement> {
    Chain { ground: Ground::Sites, say: &mut |_| {} }.text(kept, notices, now).ok()
}

impl State {
    /// What one agreement says to the question.
    fn agreed(
        &self,
        chain: &mut Chain<'_>,
        (kept, notices): (&Kept, Option<&Notices>),
        asked: &Question<'_>,
        now: Timestamp,
    ) -> Result<Verdict, Refusal> {
        let text = chain.text(kept, notices, now)?;
        let clause = chain.some(Link::Direction, text.clause(asked.holder, asked.reader))?;
        // What a peer holds back it does not tell.
        if *asked.holder != kept.peer {
            chain.need(Link::NotOpposed, !asked.study.withheld.opposed)?;
        }
        chain.need(Link::Purpose, asked.by.purpose.is_none_or(|purpose| text.is_for(purpose)))?;
        chain.covered(clause, asked, now)?;
        let span_ends = clause.hours.as_ref().and_then(|h| hours::end_of_span(h, now));
        let mut until = earlier(text.not_after, span_ends);
        if clause.with_case {
            let ends = self.case_until(asked.holder, asked.reader, &asked.study.study, now);
            until = earlier(until, Some(chain.some(Link::Case, ends)?));
        }
        if clause.on_duty {
            let ends = self.on_duty_until(asked.reader, asked.by.person.as_deref(), &asked.study.modalities, now);
            until = earlier(until, Some(chain.some(Link::OnDuty, ends)?));
        }
        chain.need(Link::NotClosing, notices.is_none_or(|n| n.lets_finish(Some(&asked.study.study), now)))?;
        Ok(Verdict { basis: Basis::Agreement(text.id), until })
    }

    /// The judgement.
    ///
    /// # Errors
    /// [`Refusal::NotPaired`], [`Refusal::NotPermitted`], [`Refusal::OutsideHours`], [`Refusal::Expired`].
    pub(super) fn judge(&self, asked: &Question<'_>, now: Timestamp) -> Result<Verdict, Refusal> {
        self.judge_aloud(asked, now, &mut |_| {})
    }

    /// The judgement, each link said as it is looked at.
    pub(super) fn judge_aloud(
        &self,
        asked: &Question<'_>,
        now: Timestamp,
        say: &mut dyn FnMut(Step),
    ) -> Result<Verdict, Refusal> {
        let peer = if *asked.holder == self.us { asked.reader } else { asked.holder };
        let mut sites = Chain { ground: Ground::Sites, say };
        // One of whose key two successors are known has to be paired again.
        let known = sites.some(Link::Paired, self.peers.get(peer).filter(|_| !self.is_in_conflict(peer)))?;
        sites.need(Link::NotRevoked, known.revoked.is_none())?;
        let withheld = (*asked.holder == self.us).then_some(asked.study.withheld);
        if let Some(withheld) = withheld {
            sites.need(Link::NotMasked, !withheld.masked)?;
        }
        let (mut refusal, mut any) = (Refusal::NotPermitted, false);
        if !matches!(asked.told, Some(Basis::Grant { .. })) {
            let named = |id: &Id128| asked.told.is_none_or(|basis| basis.agreement() == *id);
            for (id, kept) in self.agreements.iter().filter(|(id, k)| k.peer == *peer && named(id)) {
                any = true;
                let mut chain = Chain { ground: Ground::Agreement(*id), say };
                match self.agreed(&mut chain, (kept, self.notices.get(id)), asked, now) {
                    Ok(verdict) => return Ok(verdict),
                    Err(why) => refusal = better(refusal, why),
                }
            }
        }
        let named = |g: &Grant| match asked.told {
            None => true,
            Some(Basis::Grant { id, .. }) => *id == g.id,
            Some(Basis::Agreement(_)) => false,
        };
        let wanted = Use { by: asked.reader, study: &asked.study.study, level: asked.level, purpose: asked.by.purpose };
        // A grant for somebody or something else is no ground for this.
        let about = |g: &&Grant| {
            let same = [GrantCheck::Subject, GrantCheck::Study].into_iter().all(|check| g.holds(check, &wanted, now));
            // One whose chain is broken is looked at, to say so.
            self.holder_of(g).is_none_or(|holder| holder == *asked.holder) && named(g) && same
        };
        for grant in self.grants.values().filter(about) {
            any = true;
            let mut chain = Chain { ground: Ground::Grant(grant.id), say };
            match self.granted(&mut chain, grant, (&wanted, asked.by.copy.as_ref()), withheld, now) {
                Ok(verdict) => return Ok(verdict),
                Err(why) => refusal = better(refusal, why),
            }
        }
        if !any {
            Chain { ground: Ground::Sites, say }.need(Link::Agreed, false)?;
        }
        Err(refusal)
    }

    fn granted(
        &self,
        chain: &mut Chain<'_>,
        grant: &Grant,
        (wanted, copy): (&Use<'_>, Option<&Id128>),
        withheld: Option<Withheld>,
        now: Timestamp,
    ) -> Result<Verdict, Refusal> {
        for check in GrantCheck::ALL {
            // An emergency is one whatever it is called.
            let is_free = check == GrantCheck::Purpose && grant.is_break_glass();
            chain.need(Link::Grant(check), is_free || grant.holds(check, wanted, now))?;
        }
        let root = self.narrowed(chain, grant, now)?;
        if root.issuer == self.us {
            self.copies_left(chain, grant, copy)?;
        }
        match withheld {
            Some(withheld) if grant.is_break_glass() => chain.need(Link::GlassOpen, !withheld.no_break_glass)?,
            Some(withheld) => chain.need(Link::NotOpposed, !withheld.opposed)?,
            None => {}
        }
        let basis = Basis::Grant { id: grant.id, agreement: grant.basis, expires: grant.expires };
        // What was passed on to us rests on what two others agreed; the holder looks at that.
        if root.issuer != self.us && root.subject != self.us {
            return Ok(Verdict { basis, until: Some(grant.expires) });
        }
        // A grant lives only under an agreement in force between the two.
        let peer = if root.issuer == self.us { &root.subject } else { &root.issuer };
        let under = self.agreements.get(&grant.basis).filter(|kept| kept.peer == *peer);
        let kept = chain.some(Link::Agreed, under)?;
        let mut of_agreement = Chain { ground: Ground::Agreement(grant.basis), say: &mut *chain.say };
        let notices = self.notices.get(&grant.basis);
        let text = of_agreement.text(kept, notices, now)?;
        let clause = text.clause(&root.issuer, &root.subject);
        let clause: &Clause = of_agreement.some(Link::Direction, clause)?;
        if grant.is_break_glass() {
            of_agreement.need(Link::GlassAgreed, clause.break_glass.is_some())?;
        } else {
            of_agreement.need(Link::Purpose, wanted.purpose.is_none_or(|purpose| text.is_for(purpose)))?;
        }
        if grant.subject != root.subject {
            of_agreement.need(Link::Onward, clause.onward)?;
        }
        // What was given one by one before stays given as long as the agreement takes to end.
        of_agreement.need(Link::NotClosing, notices.is_none_or(|n| n.lets_finish(None, now)))?;
        Ok(Verdict { basis, until: earlier(Some(grant.expires), text.not_after) })
    }

    /// Whether a peer is told of a study of ours, hours left aside, and which fields of its card.
    pub(super) fn may_tell(&self, peer: &SiteId, study: &StudyFacts, now: Timestamp) -> Option<(Basis, Vec<Field>)> {
        self.peer(peer)?;
        if study.withheld.masked {
            return None;
        }
        self.told_by_glass(peer, study, now)
            .or_else(|| if study.withheld.opposed { None } else { self.told_as_agreed(peer, study, now) })
    }

    /// Broken glass goes before what is agreed: it opens at all hours, and every view of it says so.
    fn told_by_glass(&self, peer: &SiteId, study: &StudyFacts, now: Timestamp) -> Option<(Basis, Vec<Field>)> {
        let broken = |grant: &Grant| grant.is_break_glass() && grant.study == study.study;
        let open = study.withheld.lets_break_glass() && self.grants.values().any(broken);
        let (grant, verdict) =
            if open { self.live_grants(peer, now).find(|(grant, _)| broken(grant))? } else { return None };
        let clause = self.active(&grant.basis, now)?.clause(&self.us, &grant.subject)?;
        let mut fields = clause.fields.clone();
        // Who asked for one patient must be able to tell that it is that one.
        fields.extend(presets::IDENTITY.iter().filter(|field| !clause.fields.contains(field)));
        Some((verdict.basis, fields))
    }

    fn told_as_agreed(&self, peer: &SiteId, study: &StudyFacts, now: Timestamp) -> Option<(Basis, Vec<Field>)> {
        let announced = self.active_with(peer, now).find_map(|agreement| {
            let clause = agreement.clause(&self.us, peer)?;
            let has_case = || self.case_until(&self.us, peer, &study.study, now).is_some();
            (clause.announce && clause.in_scope(study, now) && (!clause.with_case || has_case()))
                .then(|| (Basis::Agreement(agreement.id), clause.fields.clone()))
        });
        announced.or_else(|| {
            let shared = |grant: &Grant| !grant.is_break_glass() && grant.study == study.study;
            let (grant, verdict) = self.live_grants(peer, now).find(|(grant, _)| shared(grant))?;
            // What was passed on shows what it shows to whom it was given first.
            let clause = self.active(&grant.basis, now)?.clause(&self.us, &self.root(grant)?.subject)?;
            Some((verdict.basis, clause.fields.clone()))
        })
    }

    /// Live grants of ours for one peer.
    pub(super) fn live_grants(&self, peer: &SiteId, now: Timestamp) -> impl Iterator<Item = (&Grant, Verdict)> {
        let given = self.grants.values().filter(move |g| g.subject == *peer && self.holder_of(g) == Some(self.us));
        given.filter_map(move |g| {
            let wanted = Use { by: &g.subject, study: &g.study, level: Level::Card, purpose: None };
            let mut chain = Chain { ground: Ground::Grant(g.id), say: &mut |_| {} };
            // One that was read into as often as it may is told on: it may be read on.
            let copy = self.read_into.get(&g.id).and_then(|read| read.first());
            self.granted(&mut chain, g, (&wanted, copy), None, now).ok().map(|verdict| (g, verdict))
        })
    }

    /// Whether what a peer told us on this basis may still be listed.
    pub(super) fn in_force(&self, holder: &SiteId, basis: &Basis, now: Timestamp) -> bool {
        if let Basis::Grant { id, expires, .. } = basis
            && let Some(grant) = self.grants.get(id).filter(|grant| grant.parent.is_some())
        {
            let is_ours = grant.subject == self.us && self.holder_of(grant) == Some(*holder);
            return is_ours && now < *expires && self.peer(holder).is_some();
        }
        let agreed = self.agreements.get(&basis.agreement()).is_some_and(|k| k.peer == *holder)
            && self.standing(&basis.agreement(), now).is_some_and(|a| a.clause(holder, &self.us).is_some());
        agreed
            && match basis {
                Basis::Agreement(id) => {
                    self.standing(id, now).and_then(|a| a.clause(holder, &self.us)).is_some_and(|c| c.announce)
                }
                Basis::Grant { id, agreement, expires } => {
                    let clause = self.active(agreement, now).and_then(|a| a.clause(holder, &self.us));
                    let is_agreed = |g: &Grant| !g.is_break_glass() || clause.is_some_and(|c| c.break_glass.is_some());
                    now < *expires && self.grants.get(id).is_some_and(is_agreed)
                }
            }
    }

    /// Days a copy may stay by the clause that lets us read.
    pub(super) fn cache_days(&self, basis: &Basis) -> u32 {
        // What others agreed is not known; it ends with the grant.
        if let Basis::Grant { id, .. } = basis
            && self.grants.get(id).is_some_and(|grant| grant.parent.is_some())
        {
            return 1;
        }
        let text =
            self.agreements.get(&basis.agreement()).filter(|k| k.ended.is_none()).and_then(|k| k.active.as_ref());
        text.and_then(|t| t.agreement.clauses.iter().find(|c| c.reader == self.us)).map_or(0, |c| c.cache_days)
    }
}

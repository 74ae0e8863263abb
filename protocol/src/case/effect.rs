//! The effect of each step on the state of a case, or why it has none.
//!
//! # Not here
//! The order of events: [`super::state`].

use super::{
    event::{
        ATTACHMENTS_MAX, Attachment, Class, Counted, Event, Heard, Joined, KeyImage, Particulars, Patient, Report,
        STUDIES_MAX, Standing, Step,
    },
    state::{
        Answer, Asked, Attached, Checked, Claim, Comparison, Identified, Reported, Skipped, Stage, State, Uncovered,
        Void,
    },
};
use crate::{
    digest::Digest,
    ids::{SiteId, Uid},
};

impl State {
    /// Whether the report is known; where it is in the list.
    fn report(&mut self, event: &Digest) -> Result<&mut Reported, Void> {
        self.reports.iter_mut().find(|r| r.event == *event).ok_or(Void::NoReport)
    }

    fn require(holds: bool, why: Void) -> Result<(), Void> {
        if holds { Ok(()) } else { Err(why) }
    }

    /// No report yet, and not over: the time before reading.
    fn require_unread(&self) -> Result<(), Void> {
        Self::require(self.reports.is_empty(), Void::Reported)?;
        Self::require(self.stage.is_open(), Void::TooLate)
    }

    fn require_requester(&self, event: &Event) -> Result<(), Void> {
        Self::require(event.site == self.requester.0, Void::NotYours)
    }

    fn require_reader(&self, event: &Event) -> Result<(), Void> {
        Self::require(self.reader == Some(event.site), Void::NotYours)
    }

    /// The claim is held by the site of the event; by the person, unless the node or a colleague lets go of it.
    fn require_claim(&self, event: &Event, by_person: bool) -> Result<(), Void> {
        match &self.claim {
            Some(claim) if claim.site == event.site && (!by_person || claim.person == event.person) => Ok(()),
            _ => Err(Void::NotClaimed),
        }
    }

    pub(super) fn take(&mut self, digest: &Digest, event: &Event, knew: &dyn Fn(&Digest) -> bool) -> Result<(), Void> {
        Self::require(self.parties.contains(&event.site), Void::NoParty)?;
        match &event.step {
            Step::Requested(_) => Err(Void::Begun),
            Step::Offered { to, whom, rank, until } => {
                let answer = Answer::Waiting { until: *until };
                self.offered(event, Asked { site: *to, whom: whom.clone(), rank: *rank, answer })
            }
            Step::TimedOut { to } => self.timed_out(event, *to),
            Step::Accepted { .. } => self.accepted(event),
            Step::Refused { reason } => self.refused(event, reason),
            Step::Acquired { studies, how } => self.acquired(event, studies, *how),
            Step::Complement { .. } => self.complement(event),
            Step::ImagesReady { studies, count_confirmed } => self.images_ready(event, studies, *count_confirmed),
            Step::Claimed => self.claimed(event),
            Step::Released { .. } => self.released(event),
            Step::HandedOver { to } => self.handed_over(event, to),
            Step::Reading => self.reading(event),
            Step::Reported(report) => {
                self.reported((digest, event), (report, &[]), knew);
                Ok(())
            }
            Step::Illustrated { report, images } => {
                self.reported((digest, event), (report, images), knew);
                Ok(())
            }
            Step::Delivered { report } => self.delivered(event, report),
            Step::Acknowledged { report } => self.acknowledged(event, report, knew),
            Step::Heard { report, how } => self.heard(event, report, how),
            Step::Compared { reports, class, .. } => self.compared(digest, *reports, *class, knew),
            Step::Cancelled { .. } => self.cancelled(event),
            Step::Unserved { .. } => self.unserved(event),
            Step::Closed => self.closed(event),
            Step::Reopened { .. } => self.reopened(),
            Step::InfoAsked { .. } => self.flag(|s| s.info_asked = true),
            Step::InfoGiven { .. } => self.flag(|s| s.info_asked = false),
            Step::OnHold { .. } => self.flag(|s| s.on_hold = true),
            Step::Resumed => self.flag(|s| s.on_hold = false),
            Step::Escalated { .. } => self.flag(|s| s.escalated = true),
            Step::Said { .. } => Ok(()),
            Step::Skipped { rank, whom, why } => {
                self.skipped(event, Skipped { rank: *rank, whom: whom.clone(), why: *why, at: event.at })
            }
            Step::Prioritised { priority, .. } => self.flag(|s| s.ask.priority = *priority),
            Step::Expected { study, instances, by } => self.expected(event, study, *instances, *by),
            Step::Attached(what) => self.attached(event, what),
            Step::Reachable { numbers } => {
                let site = event.site;
                self.flag(|s| _ = s.reachable.insert(site, numbers.clone()))
            }
            Step::Specified(particulars) => self.specified(event, particulars),
            Step::Identified(patient) => self.identified(digest, event, patient),
            Step::Uncovered { reason } => self.uncover(event, reason),
            Step::Regulated { from, to, .. } => self.regulated(event, from, to),
        }
    }

    fn flag(&mut self, set: impl FnOnce(&mut Self)) -> Result<(), Void> {
        Self::require(self.stage.is_open(), Void::TooLate)?;
        set(self);
        Ok(())
    }

    fn skipped(&mut self, event: &Event, skipped: Skipped) -> Result<(), Void> {
        self.require_requester(event)?;
        self.require_unread()?;
        self.skipped.push(skipped);
        Ok(())
    }

    fn expected(&mut self, event: &Event, study: &Uid, instances: u32, by: Counted) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(self.stage.is_open(), Void::TooLate)?;
        self.expected.retain(|(known, _, whose)| (known, whose) != (study, &by));
        self.expected.push((study.clone(), instances, by));
        Ok(())
    }

    /// What is attached twice is there once.
    fn attached(&mut self, event: &Event, what: &Attachment) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(self.stage.is_open(), Void::TooLate)?;
        if self.attachments.iter().any(|known| known.what.digest == what.digest) {
            return Ok(());
        }
        Self::require(self.attachments.len() < ATTACHMENTS_MAX, Void::Full)?;
        self.attachments.push(Attached { what: what.clone(), person: event.person.clone(), at: event.at });
        Ok(())
    }

    fn specified(&mut self, event: &Event, particulars: &Particulars) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(self.stage.is_open(), Void::TooLate)?;
        self.particulars = particulars.clone();
        Ok(())
    }

    /// At any time: what was reported is to be filed with the right patient, and who it was cannot be called off.
    fn identified(&mut self, digest: &Digest, event: &Event, patient: &Patient) -> Result<(), Void> {
        self.require_requester(event)?;
        let (patient, person) = (patient.clone(), event.person.clone());
        // Nobody says who it is without having looked.
        let checked = Checked { person: person.clone(), at: event.at };
        // The same once more is no other identity; the first who looked counts.
        if let Some(known) = self.identities.last_mut().filter(|known| known.patient == patient) {
            let _ = known.checked.get_or_insert(checked);
            return Ok(());
        }
        self.ask.patient = patient.clone();
        self.identities.push(Identified { event: *digest, patient, person, at: event.at, checked: Some(checked) });
        Ok(())
    }

    /// By somebody of a site that is asked or reads.
    fn uncover(&mut self, event: &Event, reason: &str) -> Result<(), Void> {
        Self::require(self.stage.is_open(), Void::TooLate)?;
        let is_asked = self.asked.iter().any(|asked| asked.site == event.site);
        Self::require(is_asked || self.reader == Some(event.site), Void::NotYours)?;
        let (person, reason) = (event.person.clone(), reason.to_owned());
        self.uncovered.push(Uncovered { site: event.site, person, reason, at: event.at });
        Ok(())
    }

    fn offered(&mut self, event: &Event, asked: Asked) -> Result<(), Void> {
        self.require_requester(event)?;
        // Whoever was asked may have acted on it, whatever else happened meanwhile.
        let _ = self.parties.insert(asked.site);
        self.require_unread()?;
        Self::require(self.reader.is_none(), Void::TooLate)?;
        self.stop_waiting();
        self.asked.push(asked);
        self.stage = Stage::Offered;
        Ok(())
    }

    /// The last time that a site was asked.
    fn last_asked(&mut self, site: SiteId) -> Option<&mut Answer> {
        self.asked.iter_mut().rev().find(|asked| asked.site == site).map(|asked| &mut asked.answer)
    }

    fn stop_waiting(&mut self) {
        for asked in self.asked.iter_mut().filter(|asked| matches!(asked.answer, Answer::Waiting { .. })) {
            asked.answer = Answer::TimedOut;
        }
    }

    fn timed_out(&mut self, event: &Event, to: SiteId) -> Result<(), Void> {
        self.require_requester(event)?;
        match self.last_asked(to) {
            Some(answer @ Answer::Waiting { .. }) => *answer = Answer::TimedOut,
            _ => return Err(Void::TooLate),
        }
        self.stage = Stage::Requested;
        Ok(())
    }

    /// A site that was asked takes it, also late, as long as no other did.
    fn accepted(&mut self, event: &Event) -> Result<(), Void> {
        self.require_unread()?;
        Self::require(self.reader.is_none(), Void::TooLate)?;
        match self.last_asked(event.site) {
            Some(answer @ (Answer::Waiting { .. } | Answer::TimedOut)) => *answer = Answer::Accepted,
            _ => return Err(Void::NotYours),
        }
        self.stop_waiting();
        self.reader = Some(event.site);
        self.stage = self.before_reading();
        Ok(())
    }

    /// Not taken, or given back before there is a report.
    fn refused(&mut self, event: &Event, reason: &str) -> Result<(), Void> {
        self.require_unread()?;
        let is_reader = self.reader == Some(event.site);
        match self.last_asked(event.site) {
            Some(answer @ Answer::Waiting { .. }) => *answer = Answer::Refused { reason: reason.to_owned() },
            Some(answer @ Answer::Accepted) if is_reader => *answer = Answer::Refused { reason: reason.to_owned() },
            _ => return Err(Void::NotYours),
        }
        if is_reader {
            self.reader = None;
            self.claim = None;
        }
        if self.reader.is_none() {
            self.stage = Stage::Requested;
        }
        Ok(())
    }

    /// How far a case that is taken is while nobody reads.
    fn before_reading(&self) -> Stage {
        match (self.images.is_empty(), self.complemented) {
            (false, _) => Stage::ImagesReady,
            (true, true) => Stage::Complemented,
            (true, false) => Stage::Accepted,
        }
    }

    fn acquired(&mut self, event: &Event, studies: &[Uid], how: Joined) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(self.stage.is_open(), Void::TooLate)?;
        for study in studies {
            if !self.ask.studies.contains(study) && self.ask.studies.len() < STUDIES_MAX {
                self.ask.studies.push(study.clone());
                self.joined.push((study.clone(), how));
            }
        }
        if self.stage == Stage::Accepted {
            self.stage = Stage::Acquired;
        }
        Ok(())
    }

    fn complement(&mut self, event: &Event) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(self.stage.is_open(), Void::TooLate)?;
        Self::require(self.reader.is_some(), Void::TooEarly)?;
        self.complemented = true;
        if matches!(self.stage, Stage::Accepted | Stage::Acquired) {
            self.stage = Stage::Complemented;
        }
        Ok(())
    }

    fn images_ready(&mut self, event: &Event, studies: &[(Uid, u64)], count_confirmed: bool) -> Result<(), Void> {
        Self::require(event.site == self.requester.0 || self.reader == Some(event.site), Void::NotYours)?;
        // What comes after all was read and closed is told to those who read it.
        Self::require(self.stage.is_open() || self.stage == Stage::Closed, Void::TooLate)?;
        let before = self.images.clone();
        for (study, version) in studies {
            match self.images.iter_mut().find(|(known, _)| known == study) {
                // Islands may tell in any order: the newest manifest counts.
                Some((_, known)) => *known = (*known).max(*version),
                None => self.images.push((study.clone(), *version)),
            }
        }
        self.count_confirmed = count_confirmed;
        self.images_after_report |= !self.reports.is_empty() && self.images != before;
        if matches!(self.stage, Stage::Accepted | Stage::Acquired | Stage::Complemented) {
            self.stage = self.before_reading();
        }
        Ok(())
    }

    fn claimed(&mut self, event: &Event) -> Result<(), Void> {
        Self::require(self.stage.is_open(), Void::TooLate)?;
        Self::require(self.reader.is_some(), Void::TooEarly)?;
        self.require_reader(event)?;
        if let Some(claim) = &self.claim {
            return Err(Void::Claimed { site: claim.site, person: claim.person.clone() });
        }
        self.claim = Some(Claim { site: event.site, person: event.person.clone(), at: event.at });
        Ok(())
    }

    fn released(&mut self, event: &Event) -> Result<(), Void> {
        self.require_claim(event, false)?;
        self.claim = None;
        if self.stage == Stage::Reading {
            self.stage = self.before_reading();
        }
        Ok(())
    }

    fn handed_over(&mut self, event: &Event, to: &str) -> Result<(), Void> {
        self.require_claim(event, false)?;
        self.claim = Some(Claim { site: event.site, person: to.to_owned(), at: event.at });
        Ok(())
    }

    /// From whoever has it and from nobody else: what was decided on a claim that is no more moves nothing. A report that lasts
    /// leaves nothing to move, and a preliminary one is not left without somebody who ends it.
    fn regulated(&mut self, event: &Event, from: &str, to: &str) -> Result<(), Void> {
        Self::require(self.stage.is_open(), Void::TooLate)?;
        Self::require(self.reader.is_some(), Void::TooEarly)?;
        self.require_reader(event)?;
        match &self.claim {
            Some(claim) if claim.person != from => {
                return Err(Void::Claimed { site: claim.site, person: claim.person.clone() });
            }
            None if !from.is_empty() => return Err(Void::NotClaimed),
            _ => {}
        }
        let is_left = to.is_empty() && self.stage == Stage::Preliminary;
        let is_done = matches!(self.stage, Stage::Final | Stage::Delivered | Stage::Acknowledged);
        Self::require(!is_left && !is_done, Void::Reported)?;
        self.claim = (!to.is_empty()).then(|| Claim { site: event.site, person: to.to_owned(), at: event.at });
        // Whoever has it now has not looked yet.
        if self.stage == Stage::Reading {
            self.stage = self.before_reading();
        }
        Ok(())
    }

    fn reading(&mut self, event: &Event) -> Result<(), Void> {
        self.require_claim(event, true)?;
        Self::require(self.stage.is_open(), Void::TooLate)?;
        if self.stage < Stage::Reading {
            self.stage = Stage::Reading;
        }
        Ok(())
    }

    /// Whatever else is the case: it is kept, and the case goes on from there.
    fn reported(
        &mut self,
        (digest, event): (&Digest, &Event),
        (report, images): (&Report, &[KeyImage]),
        knew: &dyn Fn(&Digest) -> bool,
    ) {
        let claimed = self.require_claim(event, true).is_ok();
        let has_final = self.reports.iter().any(|r| r.report.standing == Standing::Final);
        let knew_final = self.reports.iter().any(|r| r.report.standing == Standing::Final && knew(&r.event));
        let is_another =
            |r: &Reported| r.report.standing == Standing::Final && r.person != event.person && knew(&r.event);
        let against_rules = match report.standing {
            Standing::Preliminary | Standing::Final => knew_final,
            Standing::Addendum => !knew_final,
            Standing::SecondReading => !self.reports.iter().any(is_another),
        };
        let owed: Vec<Digest> = match report.standing {
            // Somebody else's final that its author did not know; and the preliminary that it takes the place of.
            Standing::Final => self
                .reports
                .iter()
                .filter(|r| match r.report.standing {
                    Standing::Final => true,
                    Standing::Preliminary => !r.report.says_the_same(report),
                    Standing::Addendum | Standing::SecondReading => false,
                })
                .map(|r| r.event)
                .collect(),
            // One that its author wrote without knowing a final, or another's preliminary.
            Standing::Preliminary => self
                .reports
                .iter()
                .filter(|r| matches!(r.report.standing, Standing::Preliminary | Standing::Final))
                .filter(|r| !knew(&r.event) || against_rules)
                .map(|r| r.event)
                .collect(),
            Standing::SecondReading => {
                self.reports.iter().filter(|r| r.report.standing == Standing::Final).map(|r| r.event).collect()
            }
            Standing::Addendum => Vec::new(),
        };
        for earlier in owed {
            self.comparisons.push(Comparison::owed([earlier, *digest]));
        }
        let stage = match report.standing {
            Standing::Preliminary if !has_final => Stage::Preliminary,
            Standing::Preliminary => self.stage,
            Standing::Final | Standing::Addendum | Standing::SecondReading => Stage::Final,
        };
        // Also where it was signed knowing that there are newer ones, or on an island that had not heard of them.
        self.images_after_report = !self.names_all(report);
        // The request is known to all; what its author did not know of is not what it was signed with.
        let said = self.identities.iter().rev().find(|said| knew(&said.event));
        let patient = said.map_or_else(|| self.ask.patient.clone(), |said| said.patient.clone());
        self.reports.push(Reported {
            event: *digest,
            site: event.site,
            person: event.person.clone(),
            at: event.at,
            report: report.clone(),
            images: images.to_vec(),
            patient,
            claimed,
            delivered: false,
            acknowledged: false,
            unheard: report.critical,
            against_rules,
        });
        self.stage = stage;
        if stage == Stage::Final && claimed {
            self.claim = None;
        }
    }

    /// Whether a report names what was said to be ready, in that version or a newer one.
    pub(super) fn names_all(&self, report: &Report) -> bool {
        let is_named = |(study, there): &(Uid, u64)| report.read.iter().any(|(s, read)| s == study && read >= there);
        self.images.iter().all(is_named)
    }

    fn delivered(&mut self, event: &Event, report: &Digest) -> Result<(), Void> {
        self.require_requester(event)?;
        self.report(report)?.delivered = true;
        self.move_on();
        Ok(())
    }

    /// By a person of the requester's; who has read it has it. Of a difference they have read only if they knew of it.
    fn acknowledged(&mut self, event: &Event, report: &Digest, knew: &dyn Fn(&Digest) -> bool) -> Result<(), Void> {
        self.require_requester(event)?;
        let reported = self.report(report)?;
        (reported.delivered, reported.acknowledged) = (true, true);
        for comparison in self.comparisons.iter_mut().filter(|c| c.reports.contains(report)) {
            comparison.unread &= !comparison.said_by.as_ref().is_some_and(knew);
        }
        self.move_on();
        Ok(())
    }

    /// After the final report: as far as all that replace a preliminary one have come.
    fn move_on(&mut self) {
        if !matches!(self.stage, Stage::Final | Stage::Delivered) {
            return;
        }
        let lasting = || self.reports.iter().filter(|r| r.report.standing != Standing::Preliminary);
        if lasting().all(|r| r.acknowledged) {
            self.stage = Stage::Acknowledged;
        } else if lasting().all(|r| r.delivered) {
            self.stage = Stage::Delivered;
        }
    }

    fn heard(&mut self, event: &Event, report: &Digest, how: &Heard) -> Result<(), Void> {
        match how {
            Heard::Here => self.require_requester(event)?,
            Heard::Call { read_back, .. } => Self::require(*read_back, Void::NotReadBack)?,
        }
        self.report(report)?.unheard = false;
        Ok(())
    }

    /// Who sees it as worse is believed. A difference is to be acknowledged anew, also of a report that was, or a case that is
    /// closed.
    fn compared(
        &mut self,
        digest: &Digest,
        reports: [Digest; 2],
        class: Class,
        knew: &dyn Fn(&Digest) -> bool,
    ) -> Result<(), Void> {
        Self::require(reports.iter().all(knew), Void::NoReport)?;
        for report in &reports {
            let _ = self.report(report)?;
        }
        let same = |c: &Comparison| c.reports == reports || c.reports == [reports[1], reports[0]];
        let at = self.comparisons.iter().position(same).unwrap_or_else(|| {
            self.comparisons.push(Comparison::owed(reports));
            self.comparisons.len() - 1
        });
        let Some(known) = self.comparisons.get_mut(at) else { return Err(Void::NoReport) };
        if known.class.is_none_or(|said| class > said) {
            (known.class, known.said_by) = (Some(class), Some(*digest));
            known.unread = known.differs();
        }
        if known.unread && self.stage == Stage::Closed {
            self.stage = Stage::Acknowledged;
        }
        Ok(())
    }

    fn cancelled(&mut self, event: &Event) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(!self.complemented, Void::Complemented)?;
        self.require_unread()?;
        self.is_called_off = true;
        self.claim = None;
        self.stage = Stage::Cancelled;
        Ok(())
    }

    fn unserved(&mut self, event: &Event) -> Result<(), Void> {
        self.require_requester(event)?;
        self.require_unread()?;
        Self::require(self.reader.is_none(), Void::TooLate)?;
        self.stage = Stage::Unserved;
        Ok(())
    }

    fn closed(&mut self, event: &Event) -> Result<(), Void> {
        self.require_requester(event)?;
        Self::require(self.stage == Stage::Acknowledged, Void::TooEarly)?;
        Self::require(!self.owes(), Void::Owed)?;
        self.stage = Stage::Closed;
        self.claim = None;
        Ok(())
    }

    fn reopened(&mut self) -> Result<(), Void> {
        Self::require(matches!(self.stage, Stage::Closed | Stage::Acknowledged | Stage::Delivered), Void::TooEarly)?;
        self.stage = Stage::Reopened;
        Ok(())
    }
}

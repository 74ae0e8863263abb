//! Which images belong to a case, and which requests and studies have not met.
//!
//! A study joins a case by its Study UID, which the request names, or by accession number and issuer together with equal
//! identity. Whatever less is equal, a person compares and says so; a name alone is never enough.
//!
//! # Not here
//! The step by which it joins: [`super::next`].

use super::{
    Inner,
    next::{Image, Wanted, World},
};
use crate::{
    archive::{SeriesRow, StudyQuery, StudyRow},
    cases::{Settings, Whole},
    reports::{Kind, STATION},
    roster::Question,
    studies::Zoned,
    tasks,
};
use protocol::{
    SiteId, Timestamp, Uid,
    case::{
        event::{Counted, Patient, Skip},
        state::Reported,
    },
    ids::Id128,
    manifest::Completeness,
    roster::{Coverage, Rung},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Studies told that lack a request: those that came last.
const LOOSE_MAX: usize = 500;
/// Requests told that one of them may belong to.
const CANDIDATES_MAX: usize = 8;
/// Studies of one accession number.
const ACCESSION_MAX: usize = 16;
/// What is looked at of a calendar to tell whether a moment is within it.
const MINUTE: Duration = Duration::from_secs(60);

/// A study of a case, as it is known here.
#[derive(Clone, Debug)]
pub(crate) struct StudyHere {
    pub(crate) study: Uid,
    /// Of the manifest here.
    pub(crate) version: Option<u64>,
    pub(crate) instances: u32,
    pub(crate) here: u32,
    pub(crate) date: Option<String>,
    pub(crate) time: Option<String>,
    /// Which clock they were read from.
    pub(crate) zone: Zoned,
    pub(crate) holder: Option<SiteId>,
    /// Bytes were met that are not those signed, now or before, of an image that has not come right since.
    pub(crate) corrupt: bool,
    /// Images that could not be decoded.
    pub(crate) undecoded: u32,
}

/// A study of ours that no request names.
#[derive(Clone, Debug)]
pub(crate) struct Loose {
    pub(crate) row: StudyRow,
    /// It waits for longer than is set.
    pub(crate) is_late: bool,
    /// Cases that it may belong to, and what is equal.
    pub(crate) candidates: Vec<(Id128, &'static str)>,
}

/// A case that waits for images for longer than is set, and of which none was said to be ready.
pub(super) fn is_bare(whole: &Whole, settings: &Settings, now: Timestamp) -> bool {
    let state = &whole.state;
    state.stage.is_open()
        && !state.on_hold
        && state.images.is_empty()
        && state.reports.is_empty()
        && whole.requested.after(settings.images()) <= now
}

/// What a case's patient and a study's have in common is all that tells them apart: equal, and there.
pub(super) fn same_patient(asked: &Patient, row: &StudyRow) -> bool {
    let is =
        |asked: &str, held: Option<&str>| !asked.is_empty() && held.is_some_and(|held| held.trim() == asked.trim());
    let patient = &row.patient;
    !row.patient_conflict
        && is(&asked.name, patient.name.as_deref())
        && is(&asked.birth_date, patient.birth_date.as_deref())
        && is(&asked.id, patient.id.as_deref())
        && is(&asked.issuer, patient.issuer.as_deref())
}

/// Whether a series holds reports that were filed here.
fn is_report(row: &SeriesRow) -> bool {
    row.station.as_deref() == Some(STATION)
}

/// Objects of reports of a case that its requester says to have filed in a study of its own, which a peer's card counts as well.
fn filed_there(whole: &Whole, study: &Uid, holder: &SiteId) -> u32 {
    let state = &whole.state;
    if state.requester.0 != *holder {
        return 0;
    }
    let lies_in = |reported: &&Reported| {
        let read = reported.report.read.iter().map(|(read, _)| read);
        reported.delivered && read.chain(&state.ask.studies).find(|one| state.ask.studies.contains(one)) == Some(study)
    };
    let objects = state.reports.iter().filter(lies_in).count() * Kind::ALL.len();
    u32::try_from(objects).unwrap_or(u32::MAX)
}

/// Whether a series is words about images: a saved measurement is no image that came late.
fn is_document(row: &SeriesRow) -> bool {
    ["SR", "KO", "PR"].contains(&row.modality.as_str())
}

/// Issuers are the site's own word: that of the patient's identifiers, or the site's name.
fn same_accession(whole: &Whole, row: &StudyRow, site_name: &str) -> bool {
    let (number, issuer) = &whole.state.ask.accession;
    let issued_here = |held: Option<&str>| held == Some(issuer.as_str()) || issuer == site_name;
    !number.is_empty()
        && !issuer.is_empty()
        && row.accession.as_deref() == Some(number.as_str())
        && issued_here(row.patient.issuer.as_deref())
}

/// Open requests of ours, by what a study may have in common with them.
#[derive(Debug, Default)]
struct Waiting<'a> {
    by_number: HashMap<&'a str, Vec<Id128>>,
    by_patient: HashMap<(&'a str, &'a str), Vec<Id128>>,
}

impl<'a> Waiting<'a> {
    fn add(&mut self, whole: &'a Whole) {
        let ask = &whole.state.ask;
        let (number, id) = (ask.accession.0.as_str(), ask.patient.id.as_str());
        if !number.is_empty() {
            self.by_number.entry(number).or_default().push(whole.name());
        }
        if !id.is_empty() {
            self.by_patient.entry((id, ask.patient.issuer.as_str())).or_default().push(whole.name());
        }
    }

    /// Those that it may belong to, and what is equal.
    fn candidates(&self, row: &StudyRow) -> Vec<(Id128, &'static str)> {
        let number = row.accession.as_deref().and_then(|number| self.by_number.get(number));
        let patient = row.patient.id.as_deref().zip(row.patient.issuer.as_deref());
        let patient = patient.and_then(|patient| self.by_patient.get(&patient));
        let by_number = number.into_iter().flatten().map(|case| (*case, "accession"));
        let is_other = |case: &&Id128| !number.is_some_and(|known| known.contains(case));
        let by_patient = patient.into_iter().flatten().filter(is_other).map(|case| (*case, "patient-id"));
        by_number.chain(by_patient).take(CANDIDATES_MAX).collect()
    }
}

impl World for Inner {
    fn rungs(&self, wanted: &Wanted<'_>) -> Vec<Rung> {
        let code = |code: &str| if code.is_empty() { Vec::new() } else { vec![code.to_owned()] };
        let (modalities, regions) = (code(wanted.modality), code(wanted.region));
        self.parts.roster.who(&Question { modalities, regions, at: Some(wanted.at), ..Question::default() })
    }

    fn bars(&self, site: &SiteId, whole: &Whole) -> Option<Skip> {
        self.bar(site, &whole.state.ask, &whole.state.particulars)
    }

    fn name(&self, site: &SiteId) -> String {
        if *site == self.us() {
            return self.parts.site_name.clone();
        }
        self.parts.trust.peer(site).map_or_else(|| site.short(), |peer| peer.name)
    }

    fn images(&self, studies: &[Uid]) -> Vec<Image> {
        let row = |study: &Uid| self.parts.archive.study(study).ok().flatten().filter(|_| !self.is_beside(study));
        let image = |row: StudyRow| Image {
            version: (row.completeness == Completeness::Complete).then_some(row.version),
            instances: row.instances.saturating_sub(self.filed(&row.study)),
            study: row.study,
        };
        studies.iter().filter_map(row).map(image).collect()
    }

    fn counted(&self, study: &Uid, by: Counted) -> Option<u32> {
        match by {
            Counted::Modality => self.parts.cases.counted(study),
            Counted::Pacs => self.counts.of(study),
            Counted::Technologist => None,
        }
    }

    fn touched(&self, study: &Uid) -> Timestamp {
        let archive = &self.parts.archive;
        let amended = archive.study(study).ok().flatten().and_then(|row| row.amended).map(|amended| amended.at);
        let series =
            archive.series(study).unwrap_or_default().into_iter().filter(|row| !is_report(row) && !is_document(row));
        let instances = series.flat_map(|row| archive.instances(study, &row.series).unwrap_or_default());
        instances.map(|row| row.received).chain(amended).max().unwrap_or(Timestamp(0))
    }

    fn is_filed(&self, whole: &Whole, reported: &Reported) -> bool {
        Self::is_filed(self, whole, reported)
    }

    fn joins(&self, whole: &Whole) -> Option<Uid> {
        let ask = &whole.state.ask;
        if ask.accession.0.is_empty() {
            return None;
        }
        let query = StudyQuery { accession: Some(ask.accession.0.clone()), ..StudyQuery::default() };
        let rows = self.parts.archive.studies(&query, 0, ACCESSION_MAX).ok()?;
        let joins = |row: &StudyRow| {
            !ask.studies.contains(&row.study)
                && same_accession(whole, row, &self.parts.site_name)
                && same_patient(&ask.patient, row)
        };
        rows.into_iter().find(joins).map(|row| row.study)
    }

    fn is_of_another(&self, whole: &Whole) -> bool {
        Self::is_of_another(self, whole)
    }

    fn active(&self, whole: &Whole) -> Timestamp {
        let person = whole.state.claim.as_ref().map(|claim| claim.person.as_str()).unwrap_or_default();
        let acted = whole.case.events().values().filter(|e| e.person == person && e.site == self.us()).map(|e| e.at);
        acted.max().unwrap_or(Timestamp(0)).max(self.parts.cases.active(&whole.name()))
    }
}

impl Inner {
    /// Whether a study needs a request: one of the modalities that are set. Where none are set, one that came while another
    /// site was to read such for us, or that looks like what an open request waits for.
    fn needs_request(&self, row: &StudyRow, settings: &Settings, coverages: &[Coverage], is_candidate: bool) -> bool {
        if !settings.requested_modalities.is_empty() {
            return row.modalities.iter().any(|code| settings.requested_modalities.contains(code));
        }
        let (us, at) = (self.us(), row.arrived);
        is_candidate
            || coverages.iter().any(|coverage| {
                coverage.is_for(&us)
                    && coverage.readers.iter().any(|reader| reader.party.site != us)
                    && coverage.is_in_force(at)
                    && coverage.is_about(&row.modalities, &row.body_parts)
                    && coverage.calendar.within(at, at.after(MINUTE)).contains(at)
            })
    }

    /// Studies of ours that came lately, need a request, and have none; the last that came first.
    pub(super) fn loose(&self, now: Timestamp) -> Vec<Loose> {
        let rows = self.lately.rows(now);
        if rows.is_empty() {
            return Vec::new();
        }
        let (settings, coverages) = (self.parts.cases.settings(), self.parts.trust.coverages_in_force());
        let all = self.parts.cases.all();
        let named: HashSet<&Uid> = all.iter().flat_map(|whole| &whole.state.ask.studies).collect();
        let mut waiting = Waiting::default();
        for whole in all.iter().filter(|whole| whole.state.requester.0 == self.us() && whole.state.stage.is_open()) {
            waiting.add(whole);
        }
        let is_free = |row: &StudyRow| !named.contains(&row.study) && !self.parts.cases.needs_no_request(&row.study);
        let one = |row: Arc<StudyRow>| {
            let candidates = if is_free(&row) { waiting.candidates(&row) } else { return None };
            let is_late = row.arrived.after(settings.images()) <= now;
            let is_wanted = self.needs_request(&row, &settings, &coverages, !candidates.is_empty());
            is_wanted.then(|| Loose { row: StudyRow::clone(&row), is_late, candidates })
        };
        rows.into_iter().filter_map(one).take(LOOSE_MAX).collect()
    }

    /// Objects of reports that lie in a study of ours: they are none of its images.
    fn filed(&self, study: &Uid) -> u32 {
        let series = self.parts.archive.series(study).unwrap_or_default();
        series.iter().filter(|row| is_report(row)).map(|row| row.instances).sum()
    }

    /// Images of a study that could not be decoded. Of one held here, bytes that others took the place of count no more.
    fn undecoded(&self, study: &Uid, is_here: bool) -> u32 {
        let stands = |digest| !is_here || self.parts.archive.by_digest(study, digest).is_ok_and(|row| row.is_some());
        let count = self.parts.cases.undecoded(study).iter().filter(|(_, digest)| stands(digest)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Whether images of a study were met otherwise than they were signed. One that lies in our own archive is as it was signed.
    fn is_unverified(&self, study: &Uid) -> bool {
        let is_ours = |digest| self.parts.archive.by_digest(study, digest).is_ok_and(|row| row.is_some());
        self.parts.cases.unverified(study).iter().any(|digest| !is_ours(digest))
    }

    /// Whether what lies here of a study are documents alone, saved while a peer's images of it were read: the study is the peer's.
    fn is_beside(&self, study: &Uid) -> bool {
        let series = self.parts.archive.series(study).unwrap_or_default();
        series.iter().all(is_document) && !self.parts.overlay.holders(study).is_empty()
    }

    /// The studies of a case, as far as they are known here.
    pub(super) fn studies_here(&self, whole: &Whole) -> Vec<StudyHere> {
        let transfers = self.parts.studies.transfers();
        let one = |study: &Uid| {
            let of_transfer = transfers.iter().find(|row| row.study == study.as_str());
            let corrupt = of_transfer.is_some_and(|row| row.state == "corrupt") || self.is_unverified(study);
            let own = self.parts.archive.study(study).ok().flatten();
            if let Some(row) = own.filter(|_| !self.is_beside(study)) {
                let version = (row.completeness == Completeness::Complete).then_some(row.version);
                let zone = self.parts.studies.zoned(&row, None);
                let instances = row.instances.saturating_sub(self.filed(study));
                let (date, time) = (row.date, row.time);
                return StudyHere {
                    study: study.clone(),
                    version,
                    instances,
                    here: instances,
                    date,
                    time,
                    zone,
                    holder: None,
                    corrupt,
                    undecoded: self.undecoded(study, true),
                };
            }
            let told = self.parts.overlay.holders(study).into_iter().next();
            let holder = told.as_ref().map(|told| told.holder);
            let zoned = |told| self.parts.studies.zoned(&self.parts.studies.row_of(told), Some(&told.holder));
            let zone = told.as_ref().map(zoned).unwrap_or_default();
            let card = told.map(|told| told.card);
            let filed = holder.map_or(0, |holder| filed_there(whole, study, &holder));
            let instances = card.as_ref().map_or(0, |card| card.instances).saturating_sub(filed);
            StudyHere {
                study: study.clone(),
                version: card.as_ref().filter(|c| c.completeness == Completeness::Complete).map(|card| card.version),
                instances,
                here: of_transfer.map_or(0, |row| row.instances_done.min(instances)),
                date: card.as_ref().and_then(|card| card.date.clone()),
                time: card.and_then(|card| card.time),
                zone,
                holder,
                corrupt,
                undecoded: self.undecoded(study, false),
            }
        };
        whole.state.ask.studies.iter().map(one).collect()
    }
}

impl super::Desk {
    /// See [`Inner::loose`].
    pub(crate) fn loose(&self) -> Vec<Loose> {
        self.inner.loose(tasks::now())
    }

    /// See [`Inner::studies_here`].
    pub(crate) fn studies_of(&self, whole: &Whole) -> Vec<StudyHere> {
        self.inner.studies_here(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{mixed::tests as rows, tests::begun},
        *,
    };
    use protocol::case::event::Step;

    /// The case's patient and number, as images name them: all of it equal.
    fn row() -> StudyRow {
        let mut row = rows::row("DURAND^PAUL", "19500101", "4711");
        row.study = "1.2.9".parse().unwrap();
        (row.patient.sex, row.accession) = (Some("M".to_owned()), Some("A1".to_owned()));
        row
    }

    /// Of the request, with this accession number and its issuer.
    fn asked(number: &str, issuer: &str) -> Whole {
        let mut whole = Whole::of_case(begun());
        whole.state.ask.accession = (number.to_owned(), issuer.to_owned());
        whole
    }

    /// Whether a study joins by itself.
    fn joins(whole: &Whole, row: &StudyRow) -> bool {
        same_accession(whole, row, "CH Nord") && same_patient(&whole.state.ask.patient, row)
    }

    #[test]
    fn a_study_joins_by_number_and_issuer_and_all_of_the_identity() {
        assert!(joins(&asked("A1", "CHN"), &row()));
        assert!(joins(&asked("A1", "CH Nord"), &row()), "of this site's own numbers");
        for (number, issuer) in [("", "CHN"), ("A1", ""), ("A2", "CHN"), ("A1", "CHU"), ("", "")] {
            assert!(!joins(&asked(number, issuer), &row()), "{number:?} of {issuer:?}");
        }
        let changes: [fn(&mut StudyRow); 8] = [
            |row| row.accession = None,
            |row| row.patient.name = Some("DURAND^PAULE".to_owned()),
            |row| row.patient.birth_date = Some("19500102".to_owned()),
            |row| row.patient.birth_date = None,
            |row| row.patient.id = Some("4712".to_owned()),
            |row| row.patient.id = None,
            |row| row.patient.issuer = Some("CHU".to_owned()),
            |row| row.patient_conflict = true,
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            let mut other = row();
            change(&mut other);
            assert!(!joins(&asked("A1", "CHN"), &other), "change {nth}");
        }
        // What neither says is not equal.
        let (mut nameless, mut bare) = (asked("A1", "CHN"), row());
        (nameless.state.ask.patient.birth_date, bare.patient.birth_date) = (String::new(), Some(String::new()));
        assert!(!joins(&nameless, &bare));
    }

    #[test]
    fn a_person_is_told_what_it_may_belong_to_by_number_or_identifier_and_never_by_a_name() {
        let found = |whole: &Whole, row: &StudyRow| {
            let mut waiting = Waiting::default();
            waiting.add(whole);
            waiting.candidates(row).into_iter().map(|(_, why)| why).collect::<Vec<_>>()
        };
        let elsewhere = StudyRow { accession: None, ..row() };
        assert_eq!(found(&asked("A1", "CHN"), &row()), ["accession"], "told once");
        assert_eq!(found(&asked("", ""), &elsewhere), ["patient-id"]);
        let mut namesake = elsewhere.clone();
        namesake.patient.id = Some("9999".to_owned());
        assert_eq!(found(&asked("A1", "CHN"), &namesake), Vec::<&str>::new(), "name, birth date and sex alone");
        let mut other_issuer = elsewhere;
        other_issuer.patient.issuer = Some("CHU".to_owned());
        assert_eq!(
            found(&asked("A1", "CHN"), &other_issuer),
            Vec::<&str>::new(),
            "a number means nothing without issuer"
        );
    }

    #[test]
    fn a_request_without_images_is_told_after_five_minutes_while_it_waits() {
        let (settings, whole) = (Settings::default(), Whole::of_case(begun()));
        assert_eq!(settings.images(), Duration::from_secs(300));
        let at = |seconds: u64| Timestamp(seconds * 1_000);
        assert!(!is_bare(&whole, &settings, at(299)));
        assert!(is_bare(&whole, &settings, at(300)));
        let mut there = Whole::of_case(begun());
        there.state.images = vec![("1.2.3".parse().unwrap(), 1)];
        assert!(!is_bare(&there, &settings, at(10_000)), "they were said to be ready");
        let mut case = begun();
        let by = whole.state.requester.0;
        let reason = "annulé".to_owned();
        let event = case.propose((by, "dr.urgence", "role"), at(1), Step::Cancelled { reason }).unwrap();
        assert_eq!(case.admit(event), Ok(true));
        assert!(!is_bare(&Whole::of_case(case), &settings, at(10_000)), "nobody waits for them");
    }
}

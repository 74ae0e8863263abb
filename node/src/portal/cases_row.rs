//! A row of the list of cases, for whoever looks.

use super::{Door, cases_json::CasePatient, json};
use crate::{
    cases::{Due, Whole, kind_word, priority_word, stage_word, step_word},
    desk::StudyHere,
    tasks,
    trust::Person,
};
use protocol::{
    Digest, SiteId,
    case::{
        event::{Event, Step},
        state::Void,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

/// Who has what somebody else wanted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct HolderJson {
    pub(super) person: String,
    pub(super) site_name: String,
    pub(super) at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimJson {
    site: String,
    site_name: String,
    person: String,
    at: String,
    /// It is the caller's.
    mine: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnerJson {
    site: String,
    site_name: String,
    /// `null`: whoever is on duty there.
    person: Option<String>,
    ours: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DueJson {
    /// `answer`, `preliminary`, `final`, `hear`, `compare`, or `wanted`: the hour that the requester named.
    what: &'static str,
    at: String,
    breached: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImagesJson {
    here: u32,
    /// `null`: nobody said a count.
    expected: Option<u32>,
    ready: bool,
    count_confirmed: bool,
}

/// A row of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseRow {
    case: String,
    kind: &'static str,
    priority: &'static str,
    stage: &'static str,
    tab: &'static str,
    /// `requester`, `reader`, `asked` or `party`: this site's part.
    role: &'static str,
    requester: String,
    requester_name: String,
    requested_by: String,
    reader: Option<String>,
    reader_name: Option<String>,
    patient: CasePatient,
    question: String,
    modality: String,
    region: String,
    studies: Vec<String>,
    /// `YYYYMMDD` of the first study; empty: not known.
    study_date: String,
    accession: String,
    accession_issuer: String,
    telephone: String,
    requested: String,
    changed: String,
    claim: Option<ClaimJson>,
    owner: OwnerJson,
    due: Option<DueJson>,
    /// By when the requester wants an answer; `null`: as the priority says.
    answer_by: Option<String>,
    /// `escalated`, `on-hold`, `info-asked`, `critical-unheard`, `comparison-owed`, `late-images`, `other-patient`, `no-images`,
    /// `count-unconfirmed`, `called-off`, `unreachable`, `breached`.
    flags: Vec<&'static str>,
    images: ImagesJson,
}

/// For whom, with what is needed to tell.
pub(super) struct For<'a> {
    pub(super) door: &'a Door,
    pub(super) person: &'a Person,
}

impl For<'_> {
    pub(super) fn site(&self, site: &SiteId) -> (String, String) {
        (site.to_string(), self.door.site_name(site))
    }

    pub(super) fn is_reached(&self, site: &SiteId) -> bool {
        *site == self.door.identity.site()
            || self.door.overlay.as_ref().is_some_and(|overlay| overlay.contact(site).connected)
    }

    pub(super) fn studies(&self, whole: &Whole) -> Vec<StudyHere> {
        self.door.desk.as_ref().map(|desk| desk.studies_of(whole)).unwrap_or_default()
    }

    pub(super) fn row(&self, whole: &Whole) -> CaseRow {
        self.row_with(whole, &self.studies(whole))
    }

    pub(super) fn row_with(&self, whole: &Whole, studies: &[StudyHere]) -> CaseRow {
        let (us, state, ask) = (self.door.identity.site(), &whole.state, &whole.state.ask);
        let due = whole.due(&self.door.cases.delays());
        let (requester, requester_name) = self.site(&state.requester.0);
        CaseRow {
            case: whole.name().to_string(),
            kind: kind_word(ask.kind),
            priority: priority_word(ask.priority),
            stage: stage_word(state.stage),
            tab: whole.tab(&us).word(),
            role: whole.part(&us).word(),
            requester,
            requester_name,
            requested_by: state.requester.1.clone(),
            reader: state.reader.map(|site| site.to_string()),
            reader_name: state.reader.map(|site| self.door.site_name(&site)),
            patient: CasePatient::of(&ask.patient),
            question: ask.question.clone(),
            modality: ask.modality.clone(),
            region: ask.region.clone(),
            studies: ask.studies.iter().map(ToString::to_string).collect(),
            study_date: studies.iter().find_map(|study| study.date.clone()).unwrap_or_default(),
            accession: ask.accession.0.clone(),
            accession_issuer: ask.accession.1.clone(),
            telephone: ask.telephone.clone(),
            requested: json::rfc3339(whole.requested),
            changed: json::rfc3339(whole.changed),
            claim: self.claim(whole),
            owner: self.owner(whole),
            due: due.map(due_json),
            answer_by: state.particulars.answer_by.map(json::rfc3339),
            flags: self.flags(whole, due),
            images: images(whole, studies),
        }
    }

    /// Who has the claim that somebody did not get.
    pub(super) fn lost_to(&self, whole: &Whole, void: &Void) -> Option<HolderJson> {
        let Void::Claimed { site, person } = void else { return None };
        let claim = |event: &&Event| event.site == *site && event.person == *person && event.step == Step::Claimed;
        let at = whole.in_effect().filter(claim).last().map(|event| json::rfc3339(event.at));
        Some(HolderJson { person: person.clone(), site_name: self.door.site_name(site), at })
    }

    fn claim(&self, whole: &Whole) -> Option<ClaimJson> {
        let us = self.door.identity.site();
        whole.state.claim.as_ref().map(|claim| {
            let (site, site_name) = self.site(&claim.site);
            let mine = whole.is_claimed_by(&us, &self.person.name);
            ClaimJson { site, site_name, person: claim.person.clone(), at: json::rfc3339(claim.at), mine }
        })
    }

    fn owner(&self, whole: &Whole) -> OwnerJson {
        let owner = whole.state.owner();
        let (site, site_name) = self.site(&owner.site);
        OwnerJson { site, site_name, person: owner.person, ours: owner.site == self.door.identity.site() }
    }

    fn flags(&self, whole: &Whole, due: Option<Due>) -> Vec<&'static str> {
        let (state, desk) = (&whole.state, self.door.desk.as_ref());
        let others = [Some(state.requester.0), state.reader];
        let is_away = state.stage.is_open() && others.into_iter().flatten().any(|site| !self.is_reached(&site));
        [
            (state.escalated && state.stage.is_open(), "escalated"),
            (state.on_hold, "on-hold"),
            (state.info_asked, "info-asked"),
            (state.reports.iter().any(|report| report.unheard), "critical-unheard"),
            (state.comparisons.iter().any(|comparison| comparison.class.is_none()), "comparison-owed"),
            (state.images_after_report, "late-images"),
            (whole.is_to_read() && desk.is_some_and(|desk| desk.is_of_another(whole)), "other-patient"),
            (desk.is_some_and(|desk| desk.is_bare(whole)), "no-images"),
            (!state.images.is_empty() && !state.count_confirmed, "count-unconfirmed"),
            (state.is_called_off, "called-off"),
            (is_away, "unreachable"),
            (due.is_some_and(|due| due.at <= tasks::now()), "breached"),
        ]
        .into_iter()
        .filter_map(|(is_set, word)| is_set.then_some(word))
        .collect()
    }
}

fn due_json(due: Due) -> DueJson {
    DueJson { what: due.what.word(), at: json::rfc3339(due.at), breached: due.at <= tasks::now() }
}

fn images(whole: &Whole, studies: &[StudyHere]) -> ImagesJson {
    let state = &whole.state;
    let of = |study: &StudyHere| {
        let counts = state.expected.iter().filter(|(uid, ..)| *uid == study.study).map(|(_, count, _)| *count);
        counts.max()
    };
    let counted: Vec<Option<u32>> = studies.iter().map(of).collect();
    let told: u32 = studies.iter().map(|study| study.instances).sum();
    let is_counted = counted.iter().any(Option::is_some);
    let expected = counted.iter().zip(studies).map(|(count, study)| count.unwrap_or(study.instances)).sum();
    ImagesJson {
        here: studies.iter().map(|study| study.here).sum(),
        expected: match (is_counted, told) {
            (true, _) => Some(expected),
            (false, 0) => None,
            (false, told) => Some(told),
        },
        ready: !state.images.is_empty(),
        count_confirmed: state.count_confirmed,
    }
}

/// Something happened in a case.
#[derive(Debug, Serialize)]
pub(super) struct CaseNotice {
    case: String,
    /// The last step.
    step: &'static str,
    person: String,
    site_name: String,
    priority: &'static str,
    stage: &'static str,
    tab: &'static str,
}

impl CaseNotice {
    /// `None`: nothing that is known happened.
    pub(super) fn of(door: &Door, whole: &Whole, events: &[Digest]) -> Option<Self> {
        let last = events.last().and_then(|digest| whole.case.events().get(digest))?;
        Some(Self {
            case: whole.name().to_string(),
            step: step_word(&last.step),
            person: last.person.clone(),
            site_name: door.site_name(&last.site),
            priority: priority_word(whole.state.ask.priority),
            stage: stage_word(whole.state.stage),
            tab: whole.tab(&door.identity.site()).word(),
        })
    }
}

//! The shapes of cases in the API. Words are those of `cases`; an event, and so a report, is named by 64 hex digits.

use super::{
    cases_row::{CaseRow, For, HolderJson},
    json,
};
use crate::{
    cases::{Tab, Whole, class_word, consent_word, identity_word, skip_word, standing_word, step_word, void_word},
    desk::StudyHere,
};
use protocol::{
    Digest,
    case::{
        event::{Counted, Event, Heard, Joined, KeyImage, Patient, Step},
        state::{Answer, Comparison, Reported},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who it is about, as the requesting site identifies them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CasePatient {
    /// DICOM's form, components separated by `^`; empty: nobody knows.
    pub(super) name: String,
    /// `YYYYMMDD`; empty: nobody knows.
    pub(super) birth_date: String,
    /// `F`, `M`, `O` or empty.
    #[serde(default)]
    pub(super) sex: String,
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) issuer: String,
    /// The national number; only of a qualified identity.
    #[serde(default)]
    pub(super) ins: Option<String>,
    /// `provisional`, `retrieved`, `validated`, `qualified` or `unknown`.
    #[serde(default)]
    pub(super) identity: Option<String>,
}

impl CasePatient {
    pub(super) fn of(patient: &Patient) -> Self {
        Self {
            name: patient.name.clone(),
            birth_date: patient.birth_date.clone(),
            sex: patient.sex.clone(),
            id: patient.id.clone(),
            issuer: patient.issuer.clone(),
            ins: (!patient.national.is_empty()).then(|| patient.national.clone()),
            identity: Some(identity_word(patient.standing).to_owned()),
        }
    }
}

/// An image or series that the question is about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyImageJson {
    pub(super) study: String,
    pub(super) series: String,
    pub(super) instance: Option<String>,
    pub(super) frame: Option<u32>,
    #[serde(default)]
    pub(super) text: String,
}

impl KeyImageJson {
    fn of(image: &KeyImage) -> Self {
        Self {
            study: image.study.to_string(),
            series: image.series.to_string(),
            instance: image.instance.as_ref().map(ToString::to_string),
            frame: image.frame,
            text: image.text.clone(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskedJson {
    site: String,
    site_name: String,
    /// Person or team; empty: whoever is on duty.
    whom: String,
    rank: u16,
    /// `waiting`, `timed-out`, `accepted` or `refused`.
    answer: &'static str,
    reason: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SkippedJson {
    rank: u16,
    whom: String,
    /// `unreachable`, `nobody-on-duty`, `not-competent`, `not-agreed`, `out-of-scope`, `refused` or `timed-out`.
    why: &'static str,
    at: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadJson {
    pub(super) study: String,
    /// Of the manifest.
    pub(super) version: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseReportJson {
    /// The event that reported.
    event: String,
    /// `preliminary`, `final`, `addendum` or `second-reading`.
    standing: &'static str,
    indication: String,
    technique: String,
    findings: String,
    conclusion: String,
    language: String,
    read: Vec<ReadJson>,
    critical: bool,
    despite: String,
    site: String,
    site_name: String,
    person: String,
    at: String,
    claimed: bool,
    delivered: bool,
    acknowledged: bool,
    unheard: bool,
    against_rules: bool,
    /// Until when somebody is to hear of a critical result that nobody heard of yet.
    hear_by: Option<String>,
    /// Who heard of it, or was called, and read it back.
    heard: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ComparisonJson {
    reports: Vec<String>,
    /// `none`, `minor`, `moderate`, `major`, `severe`; `null`: owed.
    class: Option<&'static str>,
    text: Option<String>,
    person: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageJson {
    event: String,
    at: String,
    site_name: String,
    person: String,
    text: String,
    /// `said`, `info-asked` or `info-given`.
    kind: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventJson {
    event: String,
    clock: u64,
    at: String,
    site: String,
    site_name: String,
    /// Empty: the node itself.
    person: String,
    role: String,
    step: &'static str,
    text: String,
    /// Why it has no effect; `null`: it has.
    void: Option<&'static str>,
    lost_to: Option<HolderJson>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseStudyJson {
    study: String,
    /// Of the manifest that was said to be ready.
    version: Option<u64>,
    /// Of the newest one known here.
    version_here: Option<u64>,
    instances: u32,
    here: u32,
    expected: Option<u32>,
    date: String,
    /// `HHMMSS`.
    time: Option<String>,
    /// The time zone of date and time, by its IANA name; `null`: nobody says.
    time_zone: Option<String>,
    /// Minutes that date and time are ahead of UTC; `null`: nobody says.
    utc_offset_min: Option<i16>,
    holder: Option<String>,
    holder_name: String,
    /// No bytes were met that are not those signed.
    verified: bool,
    /// `request`, `accession` or `confirmed`.
    joined_by: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EscalationJson {
    telephones: Vec<String>,
    since: Option<String>,
    /// Words: `nobody-answers`, `preliminary-due`, `final-due`, `critical-unheard`, or what a person wrote.
    reasons: Vec<String>,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseJson {
    #[serde(flatten)]
    row: CaseRow,
    context: String,
    contraindications: String,
    priors: String,
    justification: String,
    /// `informed`, `unable` or `open`.
    consent: &'static str,
    key_images: Vec<KeyImageJson>,
    /// `technologist`, `mpps` or `pacs`.
    count_confirmed_by: Option<&'static str>,
    asked: Vec<AskedJson>,
    skipped: Vec<SkippedJson>,
    protocol: Option<String>,
    complement: Option<String>,
    reports: Vec<CaseReportJson>,
    comparisons: Vec<ComparisonJson>,
    thread: Vec<MessageJson>,
    events: Vec<EventJson>,
    study_list: Vec<CaseStudyJson>,
    escalation: EscalationJson,
    /// Words of what the caller may do now.
    actions: Vec<&'static str>,
}

impl For<'_> {
    pub(super) fn case(&self, whole: &Whole, actions: Vec<&'static str>) -> CaseJson {
        let (state, ask) = (&whole.state, &whole.state.ask);
        let studies = self.studies(whole);
        let said = |pick: fn(&Step) -> Option<&String>| whole.in_effect().filter_map(|e| pick(&e.step)).last().cloned();
        CaseJson {
            row: self.row_with(whole, &studies),
            context: ask.context.clone(),
            contraindications: ask.contraindications.clone(),
            priors: ask.priors.clone(),
            justification: ask.justification.clone(),
            consent: consent_word(ask.consent),
            key_images: ask.key_images.iter().map(KeyImageJson::of).collect(),
            count_confirmed_by: state.expected.last().filter(|_| state.count_confirmed).map(|(.., by)| counted(*by)),
            asked: state.asked.iter().map(|asked| self.asked(asked)).collect(),
            skipped: state.skipped.iter().map(skipped).collect(),
            protocol: said(|step| match step {
                Step::Accepted { protocol } => Some(protocol),
                _ => None,
            }),
            complement: said(|step| match step {
                Step::Complement { text } => Some(text),
                _ => None,
            }),
            reports: state.reports.iter().map(|report| self.report(whole, report)).collect(),
            comparisons: state.comparisons.iter().map(|comparison| compared(whole, comparison)).collect(),
            thread: whole.in_order().into_iter().filter_map(|(digest, event)| self.message(digest, event)).collect(),
            events: whole.in_order().into_iter().map(|(digest, event)| self.event(whole, digest, event)).collect(),
            study_list: studies.iter().map(|study| self.study(whole, study)).collect(),
            escalation: self.escalation(whole),
            actions,
        }
    }

    fn asked(&self, asked: &protocol::case::state::Asked) -> AskedJson {
        let (site, site_name) = self.site(&asked.site);
        let (answer, reason, until) = match &asked.answer {
            Answer::Waiting { until } => ("waiting", None, Some(json::rfc3339(*until))),
            Answer::TimedOut => ("timed-out", None, None),
            Answer::Accepted => ("accepted", None, None),
            Answer::Refused { reason } => ("refused", Some(reason.clone()), None),
        };
        AskedJson { site, site_name, whom: asked.whom.clone(), rank: asked.rank, answer, reason, until }
    }

    fn report(&self, whole: &Whole, reported: &Reported) -> CaseReportJson {
        let report = &reported.report;
        let (site, site_name) = self.site(&reported.site);
        let heard = |event: &Event| match &event.step {
            Step::Heard { report, how } if *report == reported.event => Some(match how {
                Heard::Here => event.person.clone(),
                Heard::Call { who, .. } => who.clone(),
            }),
            _ => None,
        };
        let hear_by = reported.unheard.then(|| json::rfc3339(reported.at.after(self.door.cases.settings().hear())));
        CaseReportJson {
            event: reported.event.to_string(),
            standing: standing_word(report.standing),
            indication: report.indication.clone(),
            technique: report.technique.clone(),
            findings: report.findings.clone(),
            conclusion: report.conclusion.clone(),
            language: report.language.clone(),
            read: report.read.iter().map(|(s, v)| ReadJson { study: s.to_string(), version: *v }).collect(),
            critical: report.critical,
            despite: report.despite.clone(),
            site,
            site_name,
            person: reported.person.clone(),
            at: json::rfc3339(reported.at),
            claimed: reported.claimed,
            delivered: reported.delivered,
            acknowledged: reported.acknowledged,
            unheard: reported.unheard,
            against_rules: reported.against_rules,
            hear_by,
            heard: whole.in_effect().find_map(heard),
        }
    }

    fn message(&self, digest: &Digest, event: &Event) -> Option<MessageJson> {
        let text = match &event.step {
            Step::Said { text } | Step::InfoAsked { text } | Step::InfoGiven { text } => text.clone(),
            _ => return None,
        };
        Some(MessageJson {
            event: digest.to_string(),
            at: json::rfc3339(event.at),
            site_name: self.door.site_name(&event.site),
            person: event.person.clone(),
            text,
            kind: step_word(&event.step),
        })
    }

    fn event(&self, whole: &Whole, digest: &Digest, event: &Event) -> EventJson {
        let void = whole.state.void.get(digest);
        let (site, site_name) = self.site(&event.site);
        EventJson {
            event: digest.to_string(),
            clock: event.clock,
            at: json::rfc3339(event.at),
            site,
            site_name,
            person: event.person.clone(),
            role: event.role.clone(),
            step: step_word(&event.step),
            text: self.text(&event.step),
            void: void.map(void_word),
            lost_to: void.and_then(|void| self.lost_to(whole, void)),
        }
    }

    /// What a step says, in words of people or names.
    fn text(&self, step: &Step) -> String {
        match step {
            Step::Refused { reason }
            | Step::Released { reason }
            | Step::OnHold { reason }
            | Step::Cancelled { reason }
            | Step::Unserved { reason }
            | Step::Reopened { reason }
            | Step::Prioritised { reason, .. } => reason.clone(),
            Step::Accepted { protocol: text }
            | Step::Complement { text }
            | Step::InfoAsked { text }
            | Step::InfoGiven { text }
            | Step::Escalated { text }
            | Step::Said { text }
            | Step::Compared { text, .. } => text.clone(),
            Step::Offered { to, whom, .. } if whom.is_empty() => self.door.site_name(to),
            Step::Offered { to, whom, .. } => format!("{}, {whom}", self.door.site_name(to)),
            Step::TimedOut { to } => self.door.site_name(to),
            Step::HandedOver { to } => to.clone(),
            Step::Skipped { whom, why, .. } => format!("{whom}: {}", skip_word(*why)),
            Step::Expected { instances, .. } => instances.to_string(),
            Step::Reported(report) => standing_word(report.standing).to_owned(),
            Step::Heard { how: Heard::Call { who, .. }, .. } => who.clone(),
            _ => String::new(),
        }
    }

    fn study(&self, whole: &Whole, study: &StudyHere) -> CaseStudyJson {
        let state = &whole.state;
        let joined = state.joined.iter().find(|(uid, _)| *uid == study.study).map(|(_, how)| *how);
        let counts = state.expected.iter().filter(|(uid, ..)| *uid == study.study).map(|(_, count, _)| *count);
        CaseStudyJson {
            study: study.study.to_string(),
            version: state.images.iter().find(|(uid, _)| *uid == study.study).map(|(_, version)| *version),
            version_here: study.version,
            instances: study.instances,
            here: study.here,
            expected: counts.max(),
            date: study.date.clone().unwrap_or_default(),
            time: study.time.clone(),
            time_zone: study.zone.name.clone(),
            utc_offset_min: study.zone.offset_min,
            holder: study.holder.map(|site| site.to_string()),
            holder_name: self.door.site_name(&study.holder.unwrap_or_else(|| self.door.identity.site())),
            verified: !study.corrupt,
            joined_by: match joined {
                None => "request",
                Some(Joined::Accession) => "accession",
                Some(Joined::Confirmed) => "confirmed",
            },
        }
    }

    fn escalation(&self, whole: &Whole) -> EscalationJson {
        let escalated = || {
            whole.in_effect().filter_map(|e| match &e.step {
                Step::Escalated { text } => Some((e.at, text.clone())),
                _ => None,
            })
        };
        let settings = self.door.cases.settings();
        EscalationJson {
            telephones: settings.telephones.iter().map(|to| format!("{} {}", to.name, to.number)).collect(),
            since: escalated().next().map(|(at, _)| json::rfc3339(at)),
            reasons: escalated().map(|(_, text)| text).collect(),
        }
    }
}

fn counted(by: Counted) -> &'static str {
    match by {
        Counted::Technologist => "technologist",
        Counted::Modality => "mpps",
        Counted::Pacs => "pacs",
    }
}

fn skipped(skipped: &protocol::case::state::Skipped) -> SkippedJson {
    let (rank, whom, why) = (skipped.rank, skipped.whom.clone(), skip_word(skipped.why));
    SkippedJson { rank, whom, why, at: json::rfc3339(skipped.at) }
}

fn compared(whole: &Whole, comparison: &Comparison) -> ComparisonJson {
    let [one, other] = comparison.reports;
    let by = |event: &Event| match &event.step {
        Step::Compared { reports, text, .. } if *reports == [one, other] || *reports == [other, one] => {
            Some((text.clone(), event.person.clone()))
        }
        _ => None,
    };
    let said = whole.in_effect().filter_map(by).last();
    ComparisonJson {
        reports: comparison.reports.iter().map(ToString::to_string).collect(),
        class: comparison.class.map(class_word),
        text: said.as_ref().map(|(text, _)| text.clone()),
        person: said.map(|(_, person)| person),
    }
}

/// How many rows each tab has.
pub(super) fn tabs(page: &crate::cases::Page) -> std::collections::BTreeMap<String, usize> {
    Tab::ALL.iter().map(|(tab, word)| ((*word).to_owned(), page.tabs.get(tab).copied().unwrap_or(0))).collect()
}

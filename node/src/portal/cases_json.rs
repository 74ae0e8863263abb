//! The shapes of cases in the API. Words are those of `cases`; an event, and so a report, is named by 64 hex digits.

use super::{
    cases_discordance::InHandJson,
    cases_readers::{CredentialsJson, IdentifiedJson, UncoveredJson},
    cases_row::{CaseRow, For, HolderJson},
    json,
};
use crate::{
    cases::{
        Tab, Told, Whole, class_word, consent_word, examination_word, identity_word, skip_word, standing_word,
        step_word, void_word,
    },
    desk::{Number, StudyHere},
    tasks,
    trust::Action,
};
use protocol::{
    Digest,
    case::{
        event::{Counted, Event, Heard, Joined, KeyImage, Patient, Step},
        state::{Answer, Attached, Comparison, Reported},
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

/// An image or series that the question is about, or that a report points at.
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
    pub(super) fn of(image: &KeyImage) -> Self {
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
    /// `unreachable`, `nobody-on-duty`, `not-competent`, `not-agreed`, `out-of-scope`, `refused`, `timed-out` or
    /// `from-afar`.
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
    /// Images that its author points at, with what was measured there.
    key_images: Vec<KeyImageJson>,
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
    /// Of whom, as its author knew the patient.
    patient: CasePatient,
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
    /// The event that said so; `null`: owed.
    event: Option<String>,
    /// They differ, and nobody at the requesting site has acknowledged either report since it knows that.
    unread: bool,
    /// The caller had one of them in hand before they were found to differ, and has not said yet that they know.
    mine: bool,
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
    /// Images that could not be decoded, here or in a viewer of this site.
    undecoded: u32,
    /// `request`, `accession` or `confirmed`.
    joined_by: &'static str,
}

/// What goes with the request beside its images.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttachmentJson {
    /// Its digest, by which it is opened.
    attachment: String,
    name: String,
    /// `application/pdf`, `image/jpeg` or `image/png`, by its content.
    media: &'static str,
    bytes: u32,
    person: String,
    at: String,
    /// Its bytes are here, and not still on their way.
    here: bool,
}

/// A number at which somebody is rung up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NumberJson {
    site: String,
    site_name: String,
    /// `request` (the scanner room or the requester), `shift` (the person on duty), `coverage` or `site` (its list).
    of: &'static str,
    name: String,
    number: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EscalationJson {
    /// The other sites' before ours.
    telephones: Vec<NumberJson>,
    /// Why the caller's site is to ring up somebody now, and whom: `not-reached` (the readers') or `critical-unheard` (the
    /// requester's).
    call: Option<&'static str>,
    since: Option<String>,
    /// Words: `nobody-answers`, `preliminary-due`, `final-due`, `wanted-due`, `comparison-due`, `critical-unheard`, or what a person
    /// wrote.
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
    attachments: Vec<AttachmentJson>,
    /// `technologist`, `mpps` or `pacs`.
    count_confirmed_by: Option<&'static str>,
    asked: Vec<AskedJson>,
    skipped: Vec<SkippedJson>,
    protocol: Option<String>,
    complement: Option<String>,
    reports: Vec<CaseReportJson>,
    comparisons: Vec<ComparisonJson>,
    /// Who here had a report in hand that was found to differ since; empty for whoever may not administer.
    told: Vec<InHandJson>,
    thread: Vec<MessageJson>,
    events: Vec<EventJson>,
    study_list: Vec<CaseStudyJson>,
    escalation: EscalationJson,
    /// `clinical`, `screening-first` or `screening-second`; empty: not said.
    examination: &'static str,
    /// Nuclear medicine physician who is with the patient; empty: nobody named.
    on_site_physician: String,
    /// Who the patient is, as it was said from the request on.
    identities: Vec<IdentifiedJson>,
    /// As the images name the patient, where they are ours.
    patient_of_images: Option<CasePatient>,
    /// What is recorded here of what the caller may read.
    credentials: CredentialsJson,
    /// Who reads it beyond their credentials, and why.
    uncovered: Vec<UncoveredJson>,
    /// Words of what the caller may do now.
    actions: Vec<&'static str>,
}

impl For<'_> {
    pub(super) fn case(&self, whole: &Whole, actions: Vec<&'static str>) -> CaseJson {
        let (state, ask) = (&whole.state, &whole.state.ask);
        let studies = self.studies(whole);
        let told = self.door.cases.told(whole);
        let said = |pick: fn(&Step) -> Option<&String>| whole.in_effect().filter_map(|e| pick(&e.step)).last().cloned();
        CaseJson {
            row: self.row_with(whole, &studies),
            context: ask.context.clone(),
            contraindications: ask.contraindications.clone(),
            priors: ask.priors.clone(),
            justification: ask.justification.clone(),
            consent: consent_word(ask.consent),
            key_images: whole.key_images().map(KeyImageJson::of).collect(),
            attachments: state.attachments.iter().map(|attached| self.attachment(attached)).collect(),
            count_confirmed_by: confirmed_by(whole),
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
            comparisons: state.comparisons.iter().map(|comparison| self.compared(whole, &told, comparison)).collect(),
            told: if self.person.allows(Action::Administer) {
                told.iter().cloned().map(InHandJson::of).collect()
            } else {
                Vec::new()
            },
            thread: whole.in_order().into_iter().filter_map(|(digest, event)| self.message(digest, event)).collect(),
            events: whole.in_order().into_iter().map(|(digest, event)| self.event(whole, digest, event)).collect(),
            study_list: studies.iter().map(|study| self.study(whole, study)).collect(),
            escalation: self.escalation(whole),
            examination: examination_word(state.particulars.examination),
            on_site_physician: state.particulars.on_site.clone(),
            identities: state.identities.iter().map(IdentifiedJson::of).collect(),
            patient_of_images: self.patient_of_images(whole),
            credentials: CredentialsJson::of(self, whole),
            uncovered: state.uncovered.iter().map(|said| UncoveredJson::of(self, said)).collect(),
            actions,
        }
    }

    fn attachment(&self, attached: &Attached) -> AttachmentJson {
        let what = &attached.what;
        AttachmentJson {
            attachment: what.digest.to_string(),
            name: what.name.clone(),
            media: what.media.name(),
            bytes: what.bytes,
            person: attached.person.clone(),
            at: json::rfc3339(attached.at),
            here: self.door.cases.has_attachment(&what.digest),
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
            key_images: whole.key_images_of(reported).map(KeyImageJson::of).collect(),
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
            patient: CasePatient::of(&reported.patient),
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
            | Step::Uncovered { reason }
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
            Step::Regulated { from, to, reason } => format!("{from} → {to} · {reason}").trim().to_owned(),
            Step::Attached(what) => what.name.clone(),
            Step::Reachable { numbers } => {
                let one = |(name, number): &(String, String)| format!("{name} {number}").trim().to_owned();
                numbers.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Step::Specified(said) => said.on_site.clone(),
            Step::Skipped { whom, why, .. } => format!("{whom}: {}", skip_word(*why)),
            Step::Expected { instances, .. } => instances.to_string(),
            Step::Reported(report) | Step::Illustrated { report, .. } => standing_word(report.standing).to_owned(),
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
            undecoded: study.undecoded,
            joined_by: match joined {
                None => "request",
                Some(Joined::Accession) => "accession",
                Some(Joined::Confirmed) => "confirmed",
            },
        }
    }

    /// Whether nobody is reached by screens, so that a telephone has to do it.
    fn call(&self, whole: &Whole) -> Option<&'static str> {
        let (us, now, state) = (self.door.identity.site(), tasks::now(), &whole.state);
        let heard_by = |report: &Reported| report.at.after(self.door.cases.settings().hear());
        if state.reports.iter().any(|report| report.unheard && report.site == us && heard_by(report) <= now) {
            return Some("critical-unheard");
        }
        let waits = state.requester.0 == us && state.stage.is_open() && state.reports.is_empty();
        let asked = state.asked.last().filter(|asked| asked.site != us);
        let is_away =
            state.reader.or_else(|| asked.map(|asked| asked.site)).is_some_and(|site| !self.is_reached(&site));
        let nobody_left =
            state.reader.is_none() && state.escalated && !state.asked.iter().any(|a| whole.is_asked(&a.site));
        let silent = state.reader.is_none() && asked.is_some_and(|asked| asked.answer == Answer::TimedOut);
        (waits && (is_away || nobody_left || silent)).then_some("not-reached")
    }

    fn compared(&self, whole: &Whole, told: &[Told], comparison: &Comparison) -> ComparisonJson {
        let said = comparison.said_by.and_then(|said| whole.case.events().get(&said));
        let text = said.and_then(|event| match &event.step {
            Step::Compared { text, .. } => Some(text.clone()),
            _ => None,
        });
        let is_mine = |told: &Told| {
            Some(told.said_by) == comparison.said_by && told.person == self.person.name && told.noted.is_none()
        };
        ComparisonJson {
            reports: comparison.reports.iter().map(ToString::to_string).collect(),
            class: comparison.class.map(class_word),
            text,
            person: said.map(|event| event.person.clone()),
            event: comparison.said_by.map(|event| event.to_string()),
            unread: comparison.unread,
            mine: told.iter().any(is_mine),
        }
    }

    fn escalation(&self, whole: &Whole) -> EscalationJson {
        let escalated = || {
            whole.in_effect().filter_map(|e| match &e.step {
                Step::Escalated { text } => Some((e.at, text.clone())),
                _ => None,
            })
        };
        let number = |one: Number| {
            let (site, site_name) = self.site(&one.site);
            NumberJson { site, site_name, of: one.of.word(), name: one.name, number: one.number }
        };
        let numbers = self.door.desk.as_ref().map(|desk| desk.numbers(whole)).unwrap_or_default();
        EscalationJson {
            telephones: numbers.into_iter().map(number).collect(),
            call: self.call(whole),
            since: escalated().next().map(|(at, _)| json::rfc3339(at)),
            reasons: escalated().map(|(_, text)| text).collect(),
        }
    }
}

/// Whose count confirms the images: the last of which no other of that study is greater.
fn confirmed_by(whole: &Whole) -> Option<&'static str> {
    let expected = &whole.state.expected;
    let mut last_first = expected.iter().rev().filter(|_| whole.state.count_confirmed);
    let by = last_first
        .find(|(study, count, _)| expected.iter().all(|(other, greater, _)| other != study || greater <= count));
    by.map(|(.., by)| counted(*by))
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

/// How many rows each tab has.
pub(super) fn tabs(page: &crate::cases::Page) -> std::collections::BTreeMap<String, usize> {
    Tab::ALL.iter().map(|(tab, word)| ((*word).to_owned(), page.tabs.get(tab).copied().unwrap_or(0))).collect()
}

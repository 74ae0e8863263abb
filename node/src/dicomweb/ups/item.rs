//! The attributes of a workitem (PS3.4 CC.2.5, PS3.3 B.26): what of a case each is made of.
//!
//! What has no place of its own in the standard stands in Scheduled Processing Parameters Sequence (0074,1210), as text items under
//! codes of scheme 99CONFRERE. The Transaction UID is never told: it is the lock.
//!
//! # Not here
//! How far a workitem is: [`super::turn`].

use super::{
    super::asker::Asker,
    set::Set,
    site_name,
    turn::{self, StepState, Turn},
};
use crate::{
    cases::{Whole, consent_word, kind_word, priority_word, stage_word},
    reports::Kind as Written,
};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use protocol::{
    SiteId, Timestamp,
    case::event::{Priority, Standing},
};

/// UPS Push: the class that every workitem has, whichever class it is reached by (PS3.4 CC.3.1).
pub(super) const CLASS: &str = "1.2.840.10008.5.1.4.34.6.1";
/// The scheme of our codes.
pub(super) const SCHEME: &str = "99CONFRERE";

type Code = (&'static str, &'static str, &'static str);
/// PS3.16 CID 9231.
const INTERPRETATION: Code = ("110005", "DCM", "Interpretation");

fn code((value, scheme, meaning): Code) -> Set {
    Set::of(&[(tags::CODE_VALUE, value), (tags::CODING_SCHEME_DESIGNATOR, scheme), (tags::CODE_MEANING, meaning)])
}

/// A text under a code of ours.
fn parameter(name: &'static str, value: &str) -> Set {
    let mut item = Set::of(&[(tags::VALUE_TYPE, "TEXT")]);
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code((name, SCHEME, name))]);
    item.put(tags::TEXT_VALUE, value);
    item
}

/// In UTC, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(String::new, |at| at.strftime("%Y%m%d%H%M%S+0000").to_string())
}

pub(super) const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 | Priority::P1 => "HIGH",
        Priority::P2 => "MEDIUM",
        Priority::P3 => "LOW",
    }
}

/// Whoever asks, and what they see it as.
pub(super) struct View<'a> {
    pub(super) asker: &'a Asker,
    pub(super) us: SiteId,
}

impl View<'_> {
    /// All attributes.
    pub(super) fn item(&self, whole: &Whole, turn: &Turn) -> Set {
        let (state, ask) = (&whole.state, &whole.state.ask);
        let name = whole.name();
        let patient = &ask.patient;
        let due = whole.due(&self.asker.desk.door.cases.delays());
        let label = [kind_word(ask.kind), &ask.modality, &ask.region].join(" ");
        let mut set = Set::of(&[
            (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"),
            (tags::SOP_CLASS_UID, CLASS),
            (tags::SOP_INSTANCE_UID, &turn::uid(&name, turn.number)),
            (tags::TIMEZONE_OFFSET_FROM_UTC, "+0000"),
            (tags::PATIENT_NAME, &patient.name),
            (tags::PATIENT_ID, &patient.id),
            (tags::ISSUER_OF_PATIENT_ID, &patient.issuer),
            (tags::PATIENT_BIRTH_DATE, &patient.birth_date),
            (tags::PATIENT_SEX, &patient.sex),
            (tags::ADMISSION_ID, ""),
            (tags::PROCEDURE_STEP_STATE, turn.progress.word()),
            (tags::INPUT_READINESS_STATE, turn::readiness(whole, &self.us)),
            (tags::SCHEDULED_PROCEDURE_STEP_PRIORITY, priority(ask.priority)),
            (tags::WORKLIST_LABEL, &site_name(self.asker, &state.requester.0)),
            (tags::PROCEDURE_STEP_LABEL, label.trim()),
            (tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME, &moment(turn.since)),
            (tags::SCHEDULED_PROCEDURE_STEP_MODIFICATION_DATE_TIME, &moment(whole.changed)),
            (tags::EXPECTED_COMPLETION_DATE_TIME, &due.map(|due| moment(due.at)).unwrap_or_default()),
            (tags::COMMENTS_ON_THE_SCHEDULED_PROCEDURE_STEP, &ask.context),
        ]);
        for empty in [
            tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE,
            tags::SCHEDULED_STATION_CLASS_CODE_SEQUENCE,
            tags::SCHEDULED_STATION_GEOGRAPHIC_LOCATION_CODE_SEQUENCE,
        ] {
            set.put_items(empty, Vec::new());
        }
        set.put_items(tags::SCHEDULED_WORKITEM_CODE_SEQUENCE, vec![code(INTERPRETATION)]);
        set.put_items(tags::REFERENCED_REQUEST_SEQUENCE, vec![self.request(whole)]);
        set.put_items(tags::INPUT_INFORMATION_SEQUENCE, self.input(whole));
        set.put_items(tags::SCHEDULED_HUMAN_PERFORMERS_SEQUENCE, self.scheduled(whole, turn));
        set.put_items(tags::SCHEDULED_PROCESSING_PARAMETERS_SEQUENCE, parameters(whole));
        set.put_items(tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE, vec![progress(whole, turn)]);
        set.put_items(tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE, self.performed(whole, turn));
        if let Some(before) = turn.number.checked_sub(1) {
            let replaced = turn::uid(&name, before);
            let replaced =
                Set::of(&[(tags::REFERENCED_SOP_CLASS_UID, CLASS), (tags::REFERENCED_SOP_INSTANCE_UID, &replaced)]);
            set.put_items(tags::REPLACED_PROCEDURE_STEP_SEQUENCE, vec![replaced]);
        }
        set
    }

    fn request(&self, whole: &Whole) -> Set {
        let (state, ask) = (&whole.state, &whole.state.ask);
        let study = ask.studies.first().map(ToString::to_string).unwrap_or_default();
        // As much as the attributes hold; the whole stands among the parameters.
        let short: String = ask.question.chars().map(|c| if c.is_control() { ' ' } else { c }).take(64).collect();
        let mut request = Set::of(&[
            (tags::STUDY_INSTANCE_UID, &study),
            (tags::ACCESSION_NUMBER, &ask.accession.0),
            (tags::REQUESTING_PHYSICIAN, &state.requester.1),
            (tags::REQUESTING_SERVICE, &site_name(self.asker, &state.requester.0)),
            (tags::REQUESTED_PROCEDURE_ID, &whole.name().to_string().chars().take(16).collect::<String>()),
            (tags::REQUESTED_PROCEDURE_DESCRIPTION, &short),
            (tags::REASON_FOR_THE_REQUESTED_PROCEDURE, &short),
        ]);
        request.put_items(tags::REFERENCED_STUDY_SEQUENCE, Vec::new());
        request.put_items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, Vec::new());
        let issuer =
            (!ask.accession.1.is_empty()).then(|| Set::of(&[(tags::LOCAL_NAMESPACE_ENTITY_ID, &ask.accession.1)]));
        request.put_items(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, issuer.into_iter().collect());
        request
    }

    fn input(&self, whole: &Whole) -> Vec<Set> {
        let study = |study: &protocol::Uid| {
            let mut item = Set::of(&[(tags::TYPE_OF_INSTANCES, "DICOM"), (tags::STUDY_INSTANCE_UID, study.as_str())]);
            item.put_items(tags::REFERENCED_SOP_SEQUENCE, Vec::new());
            let url = format!("{}/studies/{study}", self.asker.root);
            item.put_items(tags::WADORS_RETRIEVAL_SEQUENCE, vec![Set::of(&[(tags::RETRIEVE_URL, &url)])]);
            item
        };
        whole.state.ask.studies.iter().map(study).collect()
    }

    fn performer(&self, site: &SiteId, person: &str) -> Set {
        Set::of(&[
            (tags::HUMAN_PERFORMER_NAME, person),
            (tags::HUMAN_PERFORMER_ORGANIZATION, &site_name(self.asker, site)),
        ])
    }

    /// Who has it; before, who was asked by name, where this site is asked.
    fn scheduled(&self, whole: &Whole, turn: &Turn) -> Vec<Set> {
        if let Some((_, site, person)) = &turn.taken {
            return vec![self.performer(site, person)];
        }
        let asked = whole.state.asked.last().filter(|asked| !asked.whom.is_empty());
        asked.map(|asked| self.performer(&asked.site, &asked.whom)).into_iter().collect()
    }

    fn performed(&self, whole: &Whole, turn: &Turn) -> Vec<Set> {
        let Some((at, site, person)) = &turn.taken else { return Vec::new() };
        let mut set = Set::of(&[
            (tags::PERFORMED_PROCEDURE_STEP_START_DATE_TIME, &moment(*at)),
            (tags::PERFORMED_PROCEDURE_STEP_END_DATE_TIME, &turn.ended.map(moment).unwrap_or_default()),
        ]);
        set.put_items(tags::ACTUAL_HUMAN_PERFORMERS_SEQUENCE, vec![self.performer(site, person)]);
        set.put_items(tags::PERFORMED_STATION_NAME_CODE_SEQUENCE, Vec::new());
        set.put_items(tags::PERFORMED_WORKITEM_CODE_SEQUENCE, vec![code(INTERPRETATION)]);
        set.put_items(tags::OUTPUT_INFORMATION_SEQUENCE, output(whole, turn));
        vec![set]
    }
}

/// The objects of the reports, where the asking site has filed them.
fn output(whole: &Whole, turn: &Turn) -> Vec<Set> {
    if turn.progress != StepState::Completed {
        return Vec::new();
    }
    let finals = whole.state.reports.iter().filter(|one| one.report.standing == Standing::Final && one.delivered);
    let objects = finals.flat_map(|reported| {
        let read = reported.report.read.iter().map(|(study, _)| study);
        let study = read.chain(&whole.state.ask.studies).next().map(ToString::to_string);
        Written::ALL.into_iter().filter_map(move |kind| {
            let class = match kind {
                Written::Sr => uids::BASIC_TEXT_SR_STORAGE,
                Written::Pdf => uids::ENCAPSULATED_PDF_STORAGE,
            };
            let mut item = Set::of(&[
                (tags::TYPE_OF_INSTANCES, "DICOM"),
                (tags::STUDY_INSTANCE_UID, study.as_deref()?),
                (tags::SERIES_INSTANCE_UID, kind.series(&whole.name()).as_str()),
            ]);
            let instance = kind.instance(&reported.event);
            let object = Set::of(&[
                (tags::REFERENCED_SOP_CLASS_UID, class),
                (tags::REFERENCED_SOP_INSTANCE_UID, instance.as_str()),
            ]);
            item.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![object]);
            Some(item)
        })
    });
    objects.collect()
}

fn progress(whole: &Whole, turn: &Turn) -> Set {
    let mut set = Set::of(&[(tags::PROCEDURE_STEP_PROGRESS_DESCRIPTION, stage_word(whole.state.stage))]);
    if turn.progress == StepState::Canceled {
        let at = turn.ended.map(moment).unwrap_or_default();
        let texts: [(Tag, &str); 2] =
            [(tags::PROCEDURE_STEP_CANCELLATION_DATE_TIME, &at), (tags::REASON_FOR_CANCELLATION, &turn.reason)];
        texts.into_iter().for_each(|(tag, value)| set.put(tag, value));
        let why = ("110513", "DCM", "Discontinued for unspecified reason");
        set.put_items(tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE, vec![code(why)]);
    }
    set
}

fn parameters(whole: &Whole) -> Vec<Set> {
    let ask = &whole.state.ask;
    let checked = whole.state.identities.last().and_then(|said| said.checked.as_ref());
    let texts = [
        ("case", whole.name().to_string()),
        ("kind", kind_word(ask.kind).to_owned()),
        ("priority", priority_word(ask.priority).to_owned()),
        ("question", ask.question.clone()),
        ("modality", ask.modality.clone()),
        ("region", ask.region.clone()),
        ("contraindications", ask.contraindications.clone()),
        ("priors", ask.priors.clone()),
        ("justification", ask.justification.clone()),
        ("consent", consent_word(ask.consent).to_owned()),
        ("telephone", ask.telephone.clone()),
        ("identity-checked-by", checked.map(|checked| checked.person.clone()).unwrap_or_default()),
    ];
    // What there is to read, and by which manifest: to be repeated in the report as what was read.
    let images = whole.state.images.iter().map(|(study, version)| ("images", format!("{study} {version}")));
    let told = texts.into_iter().chain(images).filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| parameter(name, &value)).collect()
}

//! One event as a DICOM audit message (PS3.15 A.5.1 schema, A.5.3 messages).
//!
//! # Not here
//! Names of patients: events and messages never hold them.

use crate::audit::{Act, Event, Origin, Outcome};
use protocol::Timestamp;
use std::fmt::Write;

/// Who reports.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) site: &'a str,
    pub(crate) key: &'a str,
}

/// What is known here of the study an event is about.
#[derive(Debug)]
pub(crate) struct Study {
    pub(super) patient_id: Option<String>,
    pub(super) accession: Option<String>,
    /// SOP classes and how many instances of each.
    pub(super) classes: Vec<(String, u64)>,
}

/// A code and its meaning, of DCM (PS3.16 Annex D).
pub(super) type Code = (&'static str, &'static str);

const APPLICATION_ACTIVITY: Code = ("110100", "Application Activity");
const LOG_USED: Code = ("110101", "Audit Log Used");
const BEGIN_TRANSFERRING: Code = ("110102", "Begin Transferring DICOM Instances");
const ACCESSED: Code = ("110103", "DICOM Instances Accessed");
const TRANSFERRED: Code = ("110104", "DICOM Instances Transferred");
const DELETED: Code = ("110105", "DICOM Study Deleted");
const EXPORT: Code = ("110106", "Export");
const IMPORT: Code = ("110107", "Import");
const QUERY: Code = ("110112", "Query");
const ALERT: Code = ("110113", "Security Alert");
const AUTHENTICATION: Code = ("110114", "User Authentication");
const ORDER: Code = ("110109", "Order Record");
const PATIENT_RECORD: Code = ("110110", "Patient Record");

/// Event, action (C, R, U, D, E), and the kind of event where the standard has one.
pub(super) fn kind(act: Act) -> (Code, char, Option<Code>) {
    match act {
        Act::NodeStarted => (APPLICATION_ACTIVITY, 'E', Some(("110120", "Application Start"))),
        Act::NodeStopped => (APPLICATION_ACTIVITY, 'E', Some(("110121", "Application Stop"))),
        Act::SignIn => (AUTHENTICATION, 'E', Some(("110122", "Login"))),
        Act::SignOut => (AUTHENTICATION, 'E', Some(("110123", "Logout"))),
        Act::UserChanged | Act::TokenChanged | Act::ReaderGone => {
            (ALERT, 'E', Some(("110137", "User Security Attributes Changed")))
        }
        Act::AeChanged | Act::SourceChanged => (ALERT, 'E', Some(("110128", "Network Configuration"))),
        Act::PeerInvited
        | Act::PeerPaired
        | Act::PeerRevoked
        | Act::PeerRelearned
        | Act::AgreementOffered
        | Act::AgreementAccepted
        | Act::AgreementEnded
        | Act::AgreementSuspended
        | Act::AgreementResumed
        | Act::AgreementClosing
        | Act::DutyStated
        | Act::KeyChanged
        | Act::RuleChanged
        | Act::MigrationChanged
        | Act::TransferSteered
        | Act::CaseSettingsChanged
        | Act::RestoreConfirmed => (ALERT, 'E', Some(("110129", "Security Configuration"))),
        Act::PairingFailed => (ALERT, 'E', Some(("110126", "Node Authentication"))),
        Act::GlassBroken => (ALERT, 'E', Some(("110127", "Emergency Override Started"))),
        Act::SecurityAlert => (ALERT, 'E', Some(("110132", "Use of Restricted Function"))),
        Act::LogRead | Act::LogExported | Act::LedgerSettled | Act::GlassReviewed => (LOG_USED, 'R', None),
        Act::StudiesQueried | Act::PresenceAsked | Act::HistoryAsked | Act::HistoryTold => (QUERY, 'E', None),
        Act::StudyReceived | Act::InstanceRefused | Act::StorageCommitted => (TRANSFERRED, 'C', None),
        Act::StudyRecalled | Act::StudyFetched => (BEGIN_TRANSFERRING, 'E', None),
        Act::StudyServed | Act::ObjectReturned | Act::CopyLent => (TRANSFERRED, 'R', None),
        Act::StudyOpened => (ACCESSED, 'R', None),
        Act::StudyShared
        | Act::PassGiven
        | Act::StudyOffered
        | Act::RuleFired
        | Act::StudyLabelled
        | Act::ConflictResolved
        | Act::RetentionChanged
        | Act::ObjectRepaired
        | Act::StudyReinstated
        | Act::StudyWithheld
        | Act::StudyReleased => (ACCESSED, 'U', None),
        Act::StudyRejected => (ACCESSED, 'D', None),
        // "Order Record": somebody asked, took, read, reported (DCM 110109).
        Act::CaseChanged | Act::DiscordanceAcknowledged => (ORDER, 'U', None),
        Act::AttachmentOpened | Act::AlertHeard | Act::ReportOpened => (ORDER, 'R', None),
        Act::StudyCorrected | Act::CorrectionUndone | Act::PatientLinked => (PATIENT_RECORD, 'U', None),
        Act::StudyErased | Act::CacheErased | Act::KeptErased | Act::CopyErased => (DELETED, 'D', None),
        Act::StudyExported | Act::BackupTaken | Act::BackupServed | Act::KeptExported | Act::AttachmentServed => {
            (EXPORT, 'R', None)
        }
        Act::BackupKept | Act::AttachmentFetched => (IMPORT, 'C', None),
        Act::BackupProved | Act::LinkTried | Act::RoadRelayed => (APPLICATION_ACTIVITY, 'E', None),
    }
}

/// RFC 3339 in UTC with milliseconds: what both syslog and the schema's `xsd:dateTime` take.
pub(super) fn time(at: Timestamp) -> String {
    let at_ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    let when = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{when:.3}")
}

/// As the value of an attribute or the text of an element; what XML cannot hold is left out.
fn quoted(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

fn coded(element: &str, (code, meaning): (&str, &str), system: &str) -> String {
    format!(r#"<{element} csd-code="{code}" codeSystemName="{system}" originalText="{}"/>"#, quoted(meaning))
}

fn encoded(kind: &str, value: &str) -> String {
    let value = data_encoding::BASE64.encode(value.as_bytes());
    format!(r#"<ParticipantObjectDetail type="{kind}" value="{value}"/>"#)
}

/// The message. Its number lets the collector see that it has one twice, or lacks one.
pub(super) fn xml(source: &Source<'_>, number: u64, event: &Event, study: Option<&Study>) -> String {
    let mut xml = String::from(r#"<?xml version="1.0" encoding="UTF-8"?><AuditMessage>"#);
    identification(&mut xml, event);
    participants(&mut xml, source, event);
    let (site, key) = (quoted(source.site), quoted(source.key));
    _ = write!(xml, r#"<AuditSourceIdentification AuditEnterpriseSiteID="{site}" AuditSourceID="{key}">"#);
    xml.push_str(r#"<AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>"#);
    objects(&mut xml, source, number, event, study);
    xml.push_str("</AuditMessage>");
    xml
}

fn identification(xml: &mut String, event: &Event) {
    let (code, action, detail) = kind(event.act);
    let outcome = match event.outcome {
        Outcome::Done => 0,
        Outcome::Refused(_) => 4,
        Outcome::Failed => 8,
    };
    let at = time(event.at);
    _ = write!(
        xml,
        r#"<EventIdentification EventActionCode="{action}" EventDateTime="{at}" EventOutcomeIndicator="{outcome}">"#
    );
    xml.push_str(&coded("EventID", code, "DCM"));
    if let Some(detail) = detail {
        xml.push_str(&coded("EventTypeCode", detail, "DCM"));
    }
    // Our own word tells apart what the standard's codes do not.
    xml.push_str(&coded("EventTypeCode", (event.act.word(), event.act.word()), "99CONFRERE"));
    let why = event.outcome.reason().unwrap_or_else(|| event.outcome.word());
    _ = write!(xml, "<EventOutcomeDescription>{}</EventOutcomeDescription></EventIdentification>", quoted(why));
}

/// Who acted, the node, and the other site where there is one.
fn participants(xml: &mut String, source: &Source<'_>, event: &Event) {
    let actor = &event.actor;
    let person = if actor.person.is_empty() { "unknown" } else { actor.person.as_str() };
    let (role, destination) = (("110153", "Source Role ID"), ("110152", "Destination Role ID"));
    let mut participant = |id: &str, requests: bool, from: Option<&Origin>, codes: &[String]| {
        _ = write!(xml, r#"<ActiveParticipant UserID="{}""#, quoted(id));
        if let Some(Origin { title, .. }) = from.filter(|from| !from.title.is_empty()) {
            _ = write!(xml, r#" AlternativeUserID="AETITLES={}""#, quoted(title));
        }
        _ = write!(xml, r#" UserIsRequestor="{requests}""#);
        if let Some(Origin { address, .. }) = from {
            // 2: an IP address (PS3.15 A.5.2.4).
            _ = write!(xml, r#" NetworkAccessPointTypeCode="2" NetworkAccessPointID="{address}""#);
        }
        if codes.is_empty() {
            xml.push_str("/>");
        } else {
            _ = write!(xml, ">{}</ActiveParticipant>", codes.concat());
        }
    };
    let who = match actor.site {
        Some(site) => format!("{person}@{site}"),
        None => person.to_owned(),
    };
    let own_role =
        (!actor.role.is_empty()).then(|| coded("RoleIDCode", (actor.role.as_str(), actor.role.as_str()), "99CONFRERE"));
    participant(&who, true, actor.from.as_ref(), own_role.as_slice());
    let (code, ..) = kind(event.act);
    let node = match code {
        APPLICATION_ACTIVITY => coded("RoleIDCode", ("110150", "Application"), "DCM"),
        TRANSFERRED | IMPORT if !matches!(event.act, Act::StudyServed | Act::CopyLent) => {
            coded("RoleIDCode", destination, "DCM")
        }
        _ => coded("RoleIDCode", role, "DCM"),
    };
    participant(source.key, false, None, &[node]);
    if let Some(peer) = event.peer.filter(|peer| Some(*peer) != actor.site) {
        participant(&peer.to_string(), false, None, &[coded("RoleIDCode", destination, "DCM")]);
    }
}

fn objects(xml: &mut String, source: &Source<'_>, number: u64, event: &Event, study: Option<&Study>) {
    if let Some(uid) = &event.study {
        _ = write!(
            xml,
            r#"<ParticipantObjectIdentification ParticipantObjectID="{uid}" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3">"#
        );
        xml.push_str(&coded("ParticipantObjectIDTypeCode", ("110180", "Study Instance UID"), "DCM"));
        _ = write!(xml, "<ParticipantObjectName>{uid}</ParticipantObjectName>");
        xml.push_str("<ParticipantObjectDescription>");
        if let Some(accession) = study.and_then(|study| study.accession.as_deref()) {
            _ = write!(xml, r#"<Accession Number="{}"/>"#, quoted(accession));
        }
        for (class, count) in study.map(|study| study.classes.as_slice()).unwrap_or_default() {
            _ = write!(xml, r#"<SOPClass UID="{}" NumberOfInstances="{count}"/>"#, quoted(class));
        }
        _ = write!(xml, r#"<ParticipantObjectContainsStudy><StudyIDs UID="{uid}"/></ParticipantObjectContainsStudy>"#);
        xml.push_str("</ParticipantObjectDescription></ParticipantObjectIdentification>");
        let patient = study.and_then(|study| study.patient_id.as_deref()).unwrap_or("unknown");
        _ = write!(
            xml,
            r#"<ParticipantObjectIdentification ParticipantObjectID="{}" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">"#,
            quoted(patient)
        );
        xml.push_str(&coded("ParticipantObjectIDTypeCode", ("2", "Patient Number"), "RFC-3881"));
        // The schema wants a name or a query here; a name of a patient never leaves.
        xml.push_str("<ParticipantObjectName>-</ParticipantObjectName></ParticipantObjectIdentification>");
    }
    // The entry of the log itself: a security resource (13), a system object (2).
    let id = format!("{}/{number}", quoted(source.key));
    _ = write!(
        xml,
        r#"<ParticipantObjectIdentification ParticipantObjectID="{id}" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="13">"#
    );
    xml.push_str(&coded("ParticipantObjectIDTypeCode", ("log-entry", "Log entry"), "99CONFRERE"));
    match event.act {
        Act::StudiesQueried => {
            let query = data_encoding::BASE64.encode(event.note.as_bytes());
            _ = write!(xml, "<ParticipantObjectQuery>{query}</ParticipantObjectQuery>");
        }
        Act::LogRead => xml.push_str("<ParticipantObjectName>Security Audit Log</ParticipantObjectName>"),
        _ => xml.push_str("<ParticipantObjectName>Event</ParticipantObjectName>"),
    }
    for (kind, value) in [
        ("note", event.note.clone()),
        ("basis", event.basis.map(|basis| basis.to_string()).unwrap_or_default()),
        ("instances", event.instances.to_string()),
        ("bytes", event.bytes.to_string()),
    ] {
        if !value.is_empty() && value != "0" {
            xml.push_str(&encoded(kind, &value));
        }
    }
    xml.push_str("</ParticipantObjectIdentification>");
}

//! The shapes of the API. Times are RFC 3339 in UTC, sites are base32 keys, studies are Study Instance UIDs.

use super::{amendments_json::AmendedStudy, glass::Broken, transfers::Transfer, withheld::Withheld};
use crate::{
    archive::RejectRecord,
    audit, overlay,
    studies::{Availability, FoundStudy},
    trust::{Action, Person, Role},
    users::{AeRights, AeSecurity, KnownAe, Reach},
    words,
};
use protocol::{SiteId, Timestamp, manifest::Completeness};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::ToSchema;

/// RFC 3339 in UTC.
pub(super) fn rfc3339(at: Timestamp) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(String::new, |t| t.to_string())
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SiteFacts {
    pub(super) name: String,
    pub(super) site_id: String,
    pub(super) language: String,
    pub(super) version: String,
    pub(super) ae_title: String,
    pub(super) portal_built: bool,
    /// What people call the identity provider by which they may sign in.
    pub(super) identity_provider: Option<String>,
}

/// Where to sign out at the identity provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Leave {
    pub(super) url: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonJson {
    pub(super) name: String,
    #[schema(value_type = String)]
    pub(super) role: Role,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    pub(super) person: PersonJson,
    /// Actions the role allows: `list-studies`, `read-studies`, …
    pub(super) actions: Vec<String>,
    /// What the person must do before anything else: `password` (choose another) or `second-factor` (set one up).
    pub(super) must: Option<&'static str>,
}

fn words_of(person: &Person) -> Vec<String> {
    Action::ALL.iter().filter(|(a, _)| person.allows(*a)).map(|(_, word)| (*word).to_owned()).collect()
}

impl Session {
    pub(super) fn of(person: &Person) -> Self {
        Self {
            person: PersonJson { name: person.name.clone(), role: person.role },
            actions: words_of(person),
            must: None,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Patient {
    pub(super) name: Option<String>,
    pub(super) birth_date: Option<String>,
    pub(super) sex: Option<String>,
    pub(super) id: Option<String>,
    pub(super) issuer: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Study {
    pub(super) study: String,
    pub(super) patient: Patient,
    /// `YYYYMMDD`.
    pub(super) date: Option<String>,
    /// `HHMMSS`.
    pub(super) time: Option<String>,
    /// The time zone of date and time, by its IANA name; `null`: nobody says.
    pub(super) time_zone: Option<String>,
    /// Minutes that date and time are ahead of UTC; `null`: nobody says.
    pub(super) utc_offset_min: Option<i16>,
    pub(super) modalities: Vec<String>,
    pub(super) body_parts: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) accession: Option<String>,
    pub(super) referrer: Option<String>,
    pub(super) series: u32,
    pub(super) instances: u32,
    pub(super) bytes: u64,
    pub(super) arrived: String,
    /// `arriving` or `complete`.
    pub(super) completeness: &'static str,
    /// `null`: ours.
    pub(super) holder: Option<String>,
    pub(super) site_name: String,
    /// `online`, `nearline` (in the cold tier, of the holder where there is one, or in the PACS beside this node: then
    /// `source` says in which), `remote`, `unreachable` or `closed` (the
    /// agreement is suspended or about to end).
    pub(super) availability: &'static str,
    pub(super) instances_here: u32,
    pub(super) patient_conflict: bool,
    /// `verified`: a signed manifest names every byte, and what is shown is compared with it; `failed`: bytes were met that
    /// are not those signed, which are not shown; `not-covered`: nothing is signed yet, as while a study arrives.
    pub(super) provenance: &'static str,
    /// This site's own marks.
    pub(super) labels: Vec<String>,
    /// What was amended last; `null`: it is as it was received.
    pub(super) amended: Option<AmendedStudy>,
    pub(super) custodian_name: String,
    /// The PACS beside this node that has instances which are not here.
    pub(super) source: Option<String>,
    /// How many instances that PACS has.
    pub(super) source_instances: Option<u32>,
    /// In the cold tier: seconds that bringing it back may take; `null`: not measured yet, or not there.
    pub(super) recall_s: Option<u64>,
    /// The agreement by which it is read ends then at the latest; it may be read until it does.
    pub(super) ends: Option<String>,
    /// What is held back of it from other sites, where it is ours.
    pub(super) withheld: Vec<Withheld>,
    /// It is open by broken glass.
    pub(super) break_glass: Option<Broken>,
}

impl Study {
    /// A row of a list. `failed`: studies of which bytes were met that are not those signed.
    pub(super) fn of(found: FoundStudy, failed: &HashSet<String>) -> Self {
        let study = Self::from(found);
        let provenance = if failed.contains(&study.study) { "failed" } else { study.provenance };
        Self { provenance, ..study }
    }
}

/// Whether a signed manifest names all of it. What only a PACS has is not signed by anybody.
fn is_covered(found: &FoundStudy) -> bool {
    let is_whole = found.at_source.is_none() || found.instances_here >= found.row.instances;
    found.row.completeness == Completeness::Complete && is_whole
}

impl From<FoundStudy> for Study {
    fn from(found: FoundStudy) -> Self {
        let provenance = if is_covered(&found) { "verified" } else { "not-covered" };
        let row = found.row;
        Self {
            provenance,
            study: row.study.to_string(),
            patient: Patient {
                name: row.patient.name,
                birth_date: row.patient.birth_date,
                sex: row.patient.sex,
                id: row.patient.id,
                issuer: row.patient.issuer,
            },
            date: row.date,
            time: row.time,
            time_zone: found.zone.name,
            utc_offset_min: found.zone.offset_min,
            modalities: row.modalities,
            body_parts: row.body_parts,
            description: row.description,
            accession: row.accession,
            referrer: row.referrer,
            series: row.series,
            instances: row.instances,
            bytes: row.bytes,
            arrived: rfc3339(row.arrived),
            completeness: match row.completeness {
                Completeness::Arriving => "arriving",
                Completeness::Complete => "complete",
            },
            holder: found.holder.map(|site| site.to_string()),
            custodian_name: found.site_name.clone(),
            site_name: found.site_name,
            availability: match found.availability {
                Availability::Online => "online",
                Availability::Nearline => "nearline",
                Availability::Remote => "remote",
                Availability::Unreachable => "unreachable",
                Availability::Closed => "closed",
            },
            instances_here: found.instances_here,
            patient_conflict: row.patient_conflict,
            labels: row.labels,
            amended: row.amended.as_ref().map(AmendedStudy::of),
            source_instances: found.at_source.as_ref().map(|(_, instances)| *instances),
            source: found.at_source.map(|(source, _)| source),
            recall_s: found.recall_s,
            ends: found.ends.map(rfc3339),
            withheld: Vec::new(),
            break_glass: None,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StudyPage {
    pub(super) studies: Vec<Study>,
    pub(super) offset: usize,
    pub(super) more: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reading {
    pub(super) id: String,
    pub(super) dicomweb_root: String,
    pub(super) viewer: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Peer {
    pub(super) site: String,
    pub(super) name: String,
    pub(super) paired: String,
    pub(super) revoked: Option<String>,
    pub(super) connected: bool,
    pub(super) last_contact: Option<String>,
    /// `quic` or `tcp`; by way of the pixel plane `direct`, `punched`, `tcp` or `relay`.
    pub(super) road: Option<String>,
    /// Their clock minus ours.
    pub(super) clock_offset_ms: Option<i64>,
    /// Studies they told us of.
    pub(super) studies_told: usize,
    pub(super) addresses: Vec<String>,
    /// Bytes of theirs that we keep.
    pub(super) held_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    pub(super) id: String,
    /// The text to send.
    pub(super) invitation: String,
    /// The code to speak.
    pub(super) code: String,
    pub(super) expires: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pairing {
    pub(super) id: String,
    pub(super) inviter: bool,
    /// `waiting`, `compare`, `done` or `failed`.
    pub(super) state: &'static str,
    pub(super) tries_left: Option<u8>,
    pub(super) peer_name: Option<String>,
    pub(super) peer: Option<String>,
    /// Six digits to compare, as `123 456`.
    pub(super) digits: Option<String>,
    pub(super) confirmed_here: bool,
    pub(super) confirmed_there: bool,
    pub(super) reason: Option<&'static str>,
    pub(super) expires: String,
}

impl From<overlay::Pairing> for Pairing {
    fn from(pairing: overlay::Pairing) -> Self {
        use overlay::PairingState as P;
        let mut json = Self {
            id: pairing.id.to_string(),
            inviter: pairing.inviter,
            state: "waiting",
            tries_left: None,
            peer_name: None,
            peer: None,
            digits: None,
            confirmed_here: false,
            confirmed_there: false,
            reason: None,
            expires: rfc3339(pairing.expires),
        };
        match pairing.state {
            P::Waiting { tries_left } => json.tries_left = Some(tries_left),
            P::Compare { peer_name, peer, digits, confirmed_here, confirmed_there } => {
                json.state = "compare";
                json.peer_name = Some(peer_name);
                json.peer = Some(peer.to_string());
                json.digits = Some(digits);
                json.confirmed_here = confirmed_here;
                json.confirmed_there = confirmed_there;
            }
            P::Done { peer_name, peer } => {
                json.state = "done";
                json.peer_name = Some(peer_name);
                json.peer = Some(peer.to_string());
                json.confirmed_here = true;
                json.confirmed_there = true;
            }
            P::Failed { reason } => {
                json.state = "failed";
                json.reason = Some(super::error::pairing_code(reason));
            }
        }
        json
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    pub(super) number: u64,
    pub(super) at: String,
    /// Kebab-case of the act, for example `study-opened`.
    pub(super) act: &'static str,
    /// `done`, `refused` or `failed`.
    pub(super) outcome: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) person: String,
    pub(super) role: String,
    /// The network address from which it was done, where a door saw it.
    pub(super) address: Option<String>,
    /// The AE title that was called by.
    pub(super) ae: Option<String>,
    pub(super) site: Option<String>,
    pub(super) site_name: Option<String>,
    pub(super) study: Option<String>,
    pub(super) peer: Option<String>,
    pub(super) peer_name: Option<String>,
    pub(super) basis: Option<String>,
    pub(super) instances: u64,
    pub(super) bytes: u64,
    /// The remark as it was written: English, names, numbers.
    pub(super) note: String,
    /// The same in French, as far as it is a sentence of the node's.
    pub(super) note_fr: String,
}

impl AuditEntry {
    pub(super) fn of(number: u64, event: audit::Event, name: impl Fn(&SiteId) -> String) -> Self {
        let from = event.actor.from;
        Self {
            number,
            at: rfc3339(event.at),
            address: from.as_ref().map(|from| from.address.to_string()),
            ae: from.map(|from| from.title).filter(|title| !title.is_empty()),
            act: event.act.word(),
            outcome: event.outcome.word(),
            reason: event.outcome.reason(),
            person: event.actor.person,
            role: event.actor.role,
            site_name: event.actor.site.as_ref().map(&name),
            site: event.actor.site.map(|s| s.to_string()),
            study: event.study.map(|s| s.to_string()),
            peer_name: event.peer.as_ref().map(&name),
            peer: event.peer.map(|s| s.to_string()),
            basis: event.basis.map(|b| b.to_string()),
            instances: event.instances,
            bytes: event.bytes,
            note_fr: words::french_note(&event.note),
            note: event.note,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditPage {
    pub(super) entries: Vec<AuditEntry>,
    pub(super) more: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    pub(super) site: String,
    pub(super) site_id: String,
    pub(super) version: String,
    pub(super) uptime_s: u64,
    pub(super) portal: String,
    pub(super) dimse: String,
    pub(super) overlay: String,
    pub(super) pixels: String,
    pub(super) studies: u64,
    pub(super) instances: u64,
    pub(super) bytes: u64,
    pub(super) cache_bytes: u64,
    pub(super) free_bytes: u64,
    pub(super) rss_bytes: u64,
    pub(super) peers: Vec<Peer>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) associations: usize,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewUser {
    pub(super) name: String,
    #[schema(value_type = String)]
    pub(super) role: Role,
    /// Generated when absent.
    pub(super) password: Option<String>,
    /// The person must choose another at the first sign-in.
    #[serde(default)]
    pub(super) must_change: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AddedUser {
    pub(super) name: String,
    #[schema(value_type = String)]
    pub(super) role: Role,
    /// The generated password, shown this once.
    pub(super) password: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewToken {
    pub(super) name: String,
    #[schema(value_type = String)]
    pub(super) role: Role,
    /// Days it lives, 1 to 366; 366 where absent.
    pub(super) days: Option<u32>,
    /// Some of the role's actions; all where absent.
    pub(super) actions: Option<Vec<String>>,
}

/// A new password for a user, generated when absent.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewPassword {
    pub(super) password: Option<String>,
    /// The person must choose another at the next sign-in: so where it is generated, unless said.
    pub(super) must_change: Option<bool>,
}

/// A new role for a user.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewRole {
    #[schema(value_type = String)]
    pub(super) role: Role,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    /// Shown this once.
    pub(super) token: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Ae {
    pub(super) title: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether its C-ECHO is answered.
    #[serde(default = "granted")]
    pub(super) echo: bool,
    /// Whether it may store.
    #[serde(default = "granted")]
    pub(super) store: bool,
    /// Whether studies may be moved to it.
    #[serde(default = "granted")]
    pub(super) destination: bool,
    /// Which studies it may find and retrieve; none where not given.
    #[serde(default)]
    #[schema(value_type = String)]
    pub(super) query: Reach,
    /// Whether it is told of each study that is complete.
    #[serde(default)]
    pub(super) notify: bool,
    /// Whether its rejection notes are obeyed (IHE RAD IOCM).
    #[serde(default)]
    pub(super) reject: bool,
    /// Whether it is spoken with by TLS only, both ways.
    #[serde(default)]
    pub(super) tls: bool,
    /// SHA-256 of the one certificate it shows, in hex; any of the authority's where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<String>,
    /// When it last called or answered, since the node started.
    #[serde(skip_deserializing)]
    pub(super) heard: Option<String>,
}

const fn granted() -> bool {
    true
}

impl From<KnownAe> for Ae {
    fn from(ae: KnownAe) -> Self {
        let AeRights { echo, store, destination, query, notify, reject } = ae.rights;
        let AeSecurity { tls, certificate } = ae.security;
        let certificate = certificate.map(|certificate| certificate.to_string());
        let (title, host, port) = (ae.title.to_string(), ae.host, ae.port);
        Self { title, host, port, echo, store, destination, query, notify, reject, tls, certificate, heard: None }
    }
}

impl Ae {
    /// The AE, or what is wrong with it.
    pub(super) fn known(&self) -> Result<KnownAe, &'static str> {
        let rights = AeRights {
            echo: self.echo,
            store: self.store,
            destination: self.destination,
            query: self.query,
            notify: self.notify,
            reject: self.reject,
        };
        let certificate = self.certificate.as_deref().filter(|text| !text.trim().is_empty()).map(str::parse);
        let certificate =
            certificate.transpose().map_err(|()| "a certificate is named by its SHA-256, 64 digits of hex")?;
        if certificate.is_some() && !self.tls {
            return Err("a certificate is shown by TLS only");
        }
        let title = self.title.parse().map_err(|_| "AE titles have 1 to 16 printable characters")?;
        let security = AeSecurity { tls: self.tls, certificate };
        Ok(KnownAe { title, host: self.host.clone(), port: self.port, rights, security })
    }
}

/// A rejection that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rejection {
    pub(super) id: u64,
    pub(super) study: String,
    /// Code value of PS3.16 CID 7011.
    pub(super) reason: String,
    pub(super) note: String,
    pub(super) instances: usize,
    pub(super) bytes: u64,
    pub(super) person: String,
    pub(super) at: String,
}

impl Rejection {
    pub(super) fn of(record: &RejectRecord) -> Self {
        Self {
            id: record.id,
            study: record.study.to_string(),
            reason: record.reason.code().to_owned(),
            note: record.note.clone(),
            instances: record.instances.len(),
            bytes: record.instances.iter().map(|named| named.bytes).sum(),
            person: record.person.clone(),
            at: rfc3339(record.at),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grant {
    pub(super) grant: String,
    pub(super) expires: String,
}

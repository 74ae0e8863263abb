//! Agreements as the API speaks of them: rows, sentences, what changed, and the terms of a draft.

use super::{Door, error::ApiError, json};
use crate::trust::{
    AgreementRow, AgreementState, ClauseTerms, Direction, Language, Terms, Under, Wrong, changes, sentences,
};
use protocol::{
    SiteId, Timestamp,
    agreement::{About, Agreement, Clause, Field, Level, Preset, Purpose},
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hours {
    /// IANA time zone.
    time_zone: String,
    /// Minutes of the week, Monday 00:00 is 0; half-open.
    spans: Vec<(u16, u16)>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClauseJson {
    holder: String,
    reader: String,
    announce: bool,
    level: &'static str,
    modalities: Vec<String>,
    modalities_excluded: Vec<String>,
    /// Body parts examined (0018,0015).
    regions: Vec<String>,
    regions_excluded: Vec<String>,
    since_days: Option<u32>,
    hours: Option<Hours>,
    fields: Vec<&'static str>,
    cache_days: u32,
    /// Whether the reader may pass studies on.
    onward: bool,
    kbits_max: Option<u32>,
    /// The glass may be broken; each use is reviewed within so many hours.
    break_glass_hours: Option<u32>,
    /// Only while the holder has a case open on the study with the reader.
    with_case: bool,
    /// Only who is on duty at the reader's site.
    on_duty: bool,
    /// The reader may ask whether the holder knows a patient.
    presence: bool,
}

/// The same, as people read it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sentences {
    fr: Vec<String>,
    en: Vec<String>,
}

/// What a version says otherwise than the one in force.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangesJson {
    /// The version in force.
    version: u32,
    removed: Sentences,
    added: Sentences,
}

/// One site of an agreement.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PartyJson {
    site: String,
    name: String,
    /// In the national register of institutions (FINESS); empty: not said.
    national_id: String,
    /// Of the data protection officer; empty: not said.
    privacy_contact: String,
}

/// Who suspended it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuspendedJson {
    site: String,
    name: String,
    /// We did, and may resume it.
    ours: bool,
    since: String,
}

/// Who ends it when what is being read has been read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClosingJson {
    site: String,
    name: String,
    /// At the latest.
    until: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgreementJson {
    id: String,
    version: u32,
    peer: String,
    peer_name: String,
    /// `all`, `on-call`, `case-only` or `custom`.
    preset: &'static str,
    /// `offered`, `received`, `active`, `suspended`, `closing` or `ended`.
    state: &'static str,
    drafted: String,
    not_before: String,
    not_after: Option<String>,
    /// The drafting one first.
    parties: Vec<PartyJson>,
    legal_reference: String,
    /// `care`, `on-call`, `expertise`, `emergency`, `quality` or `screening`; empty: not limited.
    purposes: Vec<&'static str>,
    clauses: Vec<ClauseJson>,
    sentences: Sentences,
    /// Of one that waits, against the version in force.
    changes: Option<ChangesJson>,
    suspended: Vec<SuspendedJson>,
    closing: Option<ClosingJson>,
}

/// One term that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WrongJson {
    /// The name of the term: `regions`, `since_days`, …
    term: &'static str,
    fr: &'static str,
    en: &'static str,
}

/// A draft as it would read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewJson {
    /// `null`: something is wrong.
    sentences: Option<Sentences>,
    /// Against the version in force, where it is the next one.
    changes: Option<ChangesJson>,
    wrong: Vec<WrongJson>,
}

/// What the end of an agreement would cut.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnderJson {
    reading: Vec<ReadingJson>,
    /// Studies shared one by one under it.
    grants: Vec<UnderGrant>,
    /// Open cases between the two sites.
    cases: Vec<UnderCase>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnderCase {
    case: String,
    studies: Vec<String>,
    owner: String,
    /// This site opened it.
    ours: bool,
    until: String,
}

/// A study that somebody reads, or was reading a moment ago.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadingJson {
    study: String,
    holder_name: String,
    /// It is ours, and they read it.
    ours: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnderGrant {
    grant: String,
    study: String,
    /// We gave it.
    ours: bool,
    expires: String,
}

/// Terms of a clause.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClauseOffer {
    level: Option<String>,
    time_zone: Option<String>,
    spans: Vec<(u16, u16)>,
    modalities: Vec<String>,
    modalities_excluded: Vec<String>,
    regions: Vec<String>,
    regions_excluded: Vec<String>,
    since_days: Option<u32>,
    fields: Option<Vec<String>>,
    cache_days: Option<u32>,
    onward: bool,
    kbits_max: Option<u32>,
    break_glass_hours: Option<u32>,
    /// Only while the holder has a case open on the study with the reader.
    with_case: bool,
    /// Only who is on duty at the reader's site.
    on_duty: bool,
    /// The reader may ask whether the holder knows a patient.
    presence: bool,
}

/// A draft from a preset.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    /// Key, short key or name of the peer.
    pub(super) site: String,
    /// `all`, `on-call` or `case-only`.
    preset: String,
    /// `both` (default), `ours` (they read ours) or `theirs`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    direction: Direction,
    /// `card`, `manifest`, `headers`, `pixels` or `objects` (default).
    level: Option<String>,
    /// IANA time zone of the hours, default Europe/Paris.
    time_zone: Option<String>,
    /// Minutes of the week; default for `on-call`: nights and week-ends.
    #[serde(default)]
    spans: Vec<(u16, u16)>,
    /// Only these modalities.
    #[serde(default)]
    modalities: Vec<String>,
    /// Never these modalities.
    #[serde(default)]
    modalities_excluded: Vec<String>,
    /// Only studies of these body parts.
    #[serde(default)]
    regions: Vec<String>,
    /// Never studies of these body parts.
    #[serde(default)]
    regions_excluded: Vec<String>,
    since_days: Option<u32>,
    /// Fields of the list that are told: `patient-name`, `birth-date`, `sex`, `patient-id`, `description`, `accession`,
    /// `referrer`. Default: all, or for `case-only` those that tell whose study it is.
    fields: Option<Vec<String>>,
    cache_days: Option<u32>,
    /// The reader may pass studies on to third parties.
    #[serde(default)]
    onward: bool,
    /// The reader takes no more than so much, kbit/s.
    kbits_max: Option<u32>,
    /// The glass may be broken; each use is reviewed within so many hours.
    break_glass_hours: Option<u32>,
    /// Only while the holder has a case open on the study with the reader.
    #[serde(default)]
    with_case: bool,
    /// Only who is on duty at the reader's site.
    #[serde(default)]
    on_duty: bool,
    /// The reader may ask whether the holder knows a patient, by the qualified national identity, without saying which.
    #[serde(default)]
    presence: bool,
    /// Terms of the clause by which they read ours, in place of all those above.
    ours: Option<ClauseOffer>,
    /// Terms of the clause by which we read theirs, in place of all those above.
    theirs: Option<ClauseOffer>,
    #[serde(default)]
    our_national_id: String,
    #[serde(default)]
    our_privacy_contact: String,
    #[serde(default)]
    their_national_id: String,
    #[serde(default)]
    their_privacy_contact: String,
    #[serde(default)]
    legal_reference: String,
    /// `care`, `on-call`, `expertise`, `emergency`, `quality`, `screening`; empty: not limited.
    #[serde(default)]
    purposes: Vec<String>,
    /// RFC 3339; default: now.
    not_before: Option<String>,
    /// RFC 3339; default: until it is ended.
    not_after: Option<String>,
    /// The agreement this is the next version of.
    replaces: Option<String>,
}

/// Within how many hours an agreement ends at the latest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseWithin {
    /// 1 to 168.
    pub(super) hours: u32,
}

const LEVELS: [(&str, Level); 5] = [
    ("card", Level::Card),
    ("manifest", Level::Manifest),
    ("headers", Level::Headers),
    ("pixels", Level::Pixels),
    ("objects", Level::Objects),
];
const FIELDS: [(&str, Field); 7] = [
    ("patient-name", Field::PatientName),
    ("birth-date", Field::BirthDate),
    ("sex", Field::Sex),
    ("patient-id", Field::PatientId),
    ("description", Field::Description),
    ("accession", Field::Accession),
    ("referrer", Field::Referrer),
];
const PURPOSES: [(&str, Purpose); 6] = [
    ("care", Purpose::Care),
    ("on-call", Purpose::OnCall),
    ("expertise", Purpose::Expertise),
    ("emergency", Purpose::Emergency),
    ("quality", Purpose::Quality),
    ("screening", Purpose::Screening),
];
const PRESETS: [(&str, Preset); 4] =
    [("all", Preset::All), ("on-call", Preset::OnCall), ("case-only", Preset::CaseOnly), ("custom", Preset::Custom)];

fn word<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, known)| known == value).map_or("", |(word, _)| *word)
}

fn value<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

pub(super) fn state(state: AgreementState) -> &'static str {
    match state {
        AgreementState::Offered => "offered",
        AgreementState::Received => "received",
        AgreementState::Active => "active",
        AgreementState::Ended => "ended",
        AgreementState::Suspended => "suspended",
        AgreementState::Closing => "closing",
    }
}

impl From<&Clause> for ClauseJson {
    fn from(clause: &Clause) -> Self {
        Self {
            holder: clause.holder.to_string(),
            reader: clause.reader.to_string(),
            announce: clause.announce,
            level: word(&LEVELS, &clause.level),
            modalities: clause.modalities.clone(),
            modalities_excluded: clause.modalities_excluded.clone(),
            regions: clause.regions.clone(),
            regions_excluded: clause.regions_excluded.clone(),
            since_days: clause.since_days,
            hours: clause.hours.as_ref().map(|h| Hours {
                time_zone: h.time_zone.clone(),
                spans: h.spans.iter().map(|(from, to)| (from.0, to.0)).collect(),
            }),
            fields: clause.fields.iter().map(|field| word(&FIELDS, field)).collect(),
            cache_days: clause.cache_days,
            onward: clause.onward,
            kbits_max: clause.kbits_max,
            break_glass_hours: clause.break_glass.map(|glass| glass.review_hours),
            with_case: clause.with_case,
            on_duty: clause.on_duty,
            presence: clause.presence,
        }
    }
}

impl From<&Agreement> for Sentences {
    fn from(text: &Agreement) -> Self {
        Self { fr: sentences(text, Language::French), en: sentences(text, Language::English) }
    }
}

impl From<Wrong> for WrongJson {
    fn from(wrong: Wrong) -> Self {
        Self { term: wrong.term, fr: wrong.french, en: wrong.english }
    }
}

fn changed(old: &Agreement, new: &Agreement) -> ChangesJson {
    let (fr, en) = (changes(old, new, Language::French), changes(old, new, Language::English));
    ChangesJson {
        version: old.version,
        removed: Sentences { fr: fr.removed, en: en.removed },
        added: Sentences { fr: fr.added, en: en.added },
    }
}

/// What a text changes of the version in force.
fn changes_of(rows: &[AgreementRow], text: &Agreement) -> Option<ChangesJson> {
    let in_force = rows.iter().find(|r| r.agreement.id == text.id && r.state.stands())?;
    Some(changed(&in_force.agreement, text))
}

pub(super) fn preview(door: &Door, drafted: Result<Agreement, Vec<Wrong>>) -> PreviewJson {
    match drafted {
        Ok(text) => PreviewJson {
            sentences: Some((&text).into()),
            changes: changes_of(&door.trust.agreements(), &text),
            wrong: Vec::new(),
        },
        Err(wrong) => {
            PreviewJson { sentences: None, changes: None, wrong: wrong.into_iter().map(Into::into).collect() }
        }
    }
}

pub(super) fn under(door: &Door, under: Under) -> UnderJson {
    let us = door.identity.site();
    let reading = under.reading.into_iter().map(|reading| ReadingJson {
        study: reading.study.to_string(),
        holder_name: door.site_name(&reading.holder),
        ours: reading.holder == us,
    });
    let grants = under.grants.into_iter().map(|grant| UnderGrant {
        grant: grant.id.to_string(),
        study: grant.study.to_string(),
        ours: grant.issuer == us,
        expires: json::rfc3339(grant.expires),
    });
    let cases = under.cases.into_iter().filter_map(|(by, duty)| match duty.what {
        protocol::duty::What::Case(case) => Some(UnderCase {
            case: duty.id.to_string(),
            studies: case.studies.iter().map(ToString::to_string).collect(),
            owner: case.owner,
            ours: by == us,
            until: json::rfc3339(case.until),
        }),
        protocol::duty::What::Shift(_) => None,
    });
    UnderJson { reading: reading.collect(), grants: grants.collect(), cases: cases.collect() }
}

pub(super) fn row(door: &Door, rows: &[AgreementRow], row: &AgreementRow) -> AgreementJson {
    let (agreement, us) = (&row.agreement, door.identity.site());
    let waits = matches!(row.state, AgreementState::Offered | AgreementState::Received);
    let parties = agreement.parties.iter().zip(&agreement.about).map(|(party, about)| PartyJson {
        site: party.site.to_string(),
        name: party.name.clone(),
        national_id: about.national_id.clone(),
        privacy_contact: about.privacy_contact.clone(),
    });
    let suspended = row.standing.suspended.iter().map(|(site, since)| SuspendedJson {
        site: site.to_string(),
        name: door.site_name(site),
        ours: *site == us,
        since: json::rfc3339(*since),
    });
    AgreementJson {
        id: agreement.id.to_string(),
        version: agreement.version,
        peer: row.peer.to_string(),
        peer_name: door.site_name(&row.peer),
        preset: word(&PRESETS, &agreement.preset),
        state: state(row.state),
        drafted: json::rfc3339(agreement.drafted),
        not_before: json::rfc3339(agreement.not_before),
        not_after: agreement.not_after.map(json::rfc3339),
        parties: parties.collect(),
        legal_reference: agreement.legal_reference.clone(),
        purposes: agreement.purposes.iter().map(|purpose| word(&PURPOSES, purpose)).collect(),
        clauses: agreement.clauses.iter().map(Into::into).collect(),
        sentences: agreement.into(),
        changes: if waits { changes_of(rows, agreement) } else { None },
        suspended: suspended.collect(),
        closing: row.standing.closing.map(|(site, until)| ClosingJson {
            site: site.to_string(),
            name: door.site_name(&site),
            until: json::rfc3339(until),
        }),
    }
}

pub(super) fn parse_id(text: &str) -> Result<Id128, ApiError> {
    text.parse().map_err(|_| ApiError::Bad("not an agreement"))
}

fn moment(text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let bad = || ApiError::Bad("the time is not RFC 3339, for example 2026-01-05T20:00:00Z");
    let Some(text) = text else { return Ok(None) };
    let at = text.parse::<jiff::Timestamp>().map_err(|_| bad())?;
    u64::try_from(at.as_millisecond()).map(|at| Some(Timestamp(at))).map_err(|_| bad())
}

pub(super) fn level_of(text: &str) -> Result<Level, ApiError> {
    value(&LEVELS, text).ok_or(ApiError::Bad("level is card, manifest, headers, pixels or objects"))
}

pub(super) fn level_word(level: Level) -> &'static str {
    word(&LEVELS, &level)
}

pub(super) fn purpose_of(text: &str) -> Result<Purpose, ApiError> {
    value(&PURPOSES, text)
        .ok_or(ApiError::Bad("a purpose is care, on-call, expertise, emergency, quality or screening"))
}

pub(super) fn purpose_word(purpose: Purpose) -> &'static str {
    word(&PURPOSES, &purpose)
}

impl ClauseOffer {
    fn terms(self) -> Result<ClauseTerms, ApiError> {
        let level = self.level.as_deref().map(level_of);
        let field = |text: String| {
            value(&FIELDS, &text).ok_or(ApiError::Bad(
                "a field is patient-name, birth-date, sex, patient-id, description, accession or referrer",
            ))
        };
        let fields = self.fields.map(|list| list.into_iter().map(field).collect::<Result<Vec<_>, _>>());
        Ok(ClauseTerms {
            level: level.transpose()?,
            time_zone: self.time_zone,
            spans: self.spans,
            modalities: self.modalities,
            modalities_excluded: self.modalities_excluded,
            regions: self.regions,
            regions_excluded: self.regions_excluded,
            since_days: self.since_days,
            fields: fields.transpose()?,
            cache_days: self.cache_days,
            onward: self.onward,
            kbits_max: self.kbits_max,
            break_glass_hours: self.break_glass_hours,
            with_case: self.with_case,
            on_duty: self.on_duty,
            presence: self.presence,
        })
    }
}

impl Offer {
    /// Preset and terms.
    pub(super) fn terms(self) -> Result<(Preset, Terms), ApiError> {
        let preset = value(&PRESETS, &self.preset).filter(|preset| *preset != Preset::Custom);
        let preset = preset.ok_or(ApiError::Bad("preset is all, on-call or case-only"))?;
        let all = ClauseOffer {
            level: self.level,
            time_zone: self.time_zone,
            spans: self.spans,
            modalities: self.modalities,
            modalities_excluded: self.modalities_excluded,
            regions: self.regions,
            regions_excluded: self.regions_excluded,
            since_days: self.since_days,
            fields: self.fields,
            cache_days: self.cache_days,
            onward: self.onward,
            kbits_max: self.kbits_max,
            break_glass_hours: self.break_glass_hours,
            with_case: self.with_case,
            on_duty: self.on_duty,
            presence: self.presence,
        };
        let ours = About { national_id: self.our_national_id, privacy_contact: self.our_privacy_contact };
        let theirs = About { national_id: self.their_national_id, privacy_contact: self.their_privacy_contact };
        let terms = Terms {
            direction: self.direction,
            all: all.terms()?,
            ours: self.ours.map(ClauseOffer::terms).transpose()?,
            theirs: self.theirs.map(ClauseOffer::terms).transpose()?,
            about: [ours, theirs],
            legal_reference: self.legal_reference,
            purposes: self.purposes.iter().map(|text| purpose_of(text)).collect::<Result<_, _>>()?,
            not_before: moment(self.not_before.as_deref())?,
            not_after: moment(self.not_after.as_deref())?,
            replaces: self.replaces.as_deref().map(parse_id).transpose()?,
        };
        Ok((preset, terms))
    }
}

/// The newest row of an agreement.
pub(super) fn newest(door: &Door, id: &Id128) -> Result<AgreementJson, ApiError> {
    let rows = door.trust.agreements();
    let found = rows.iter().filter(|r| r.agreement.id == *id).max_by_key(|r| r.agreement.version);
    found.map(|r| row(door, &rows, r)).ok_or(ApiError::NotFound)
}

/// Our name and key, as texts have them.
pub(super) fn us(door: &Door) -> (SiteId, &str) {
    (door.identity.site(), door.config.site.name.as_str())
}

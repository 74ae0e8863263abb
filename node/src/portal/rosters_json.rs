//! Coverages, weeks and shifts as JSON.

use super::{Door, agreements_json, error::ApiError, insight::moment, json::rfc3339, signin::Caller};
use crate::{
    roster::{CaseRow, NewShift},
    tasks,
    trust::{Action, CoverageRow, DutyRow},
};
use protocol::{
    SiteId, Timestamp,
    agreement::{Party, WeeklyHours},
    duty::{Presence, Shift, ShiftState, What},
    ids::Id128,
    roster::{Calendar, Coverage, Hole, Holidays, Reader, Rung, Target, Tier, date_of, day_of, default_targets},
    time::WeekMinute,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A site of a coverage.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CoverageParty {
    site: String,
    name: String,
    /// Of a reading site: `own`, `group`, `department`, `region` or `company`, asked in this order.
    tier: Option<&'static str>,
    /// Whether it has signed.
    signed: bool,
}

/// The delays of a priority, minutes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TargetJson {
    /// Until somebody has acknowledged.
    acknowledge: u32,
    /// Until there is a preliminary report.
    report: u32,
}

/// Who reads for whom.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CoverageJson {
    pub(super) id: String,
    version: u32,
    name: String,
    /// `offered` (by us), `received`, `active` or `ended`.
    state: &'static str,
    beneficiaries: Vec<CoverageParty>,
    readers: Vec<CoverageParty>,
    /// Empty: all.
    modalities: Vec<String>,
    /// Body parts; empty: all.
    regions: Vec<String>,
    time_zone: String,
    /// Minutes of the week, Monday 00:00 being 0; empty: always.
    spans: Vec<(u16, u16)>,
    /// `none`, `france` or `alsace-moselle`: the whole day on these.
    holidays: &'static str,
    /// Other days that count as such.
    extra_days: Vec<String>,
    /// P0 to P3.
    targets: Vec<TargetJson>,
    telephone: String,
    from: String,
    until: Option<String>,
    ended: Option<String>,
    /// This site reads under it.
    reads_here: bool,
    /// Studies of this site are read under it.
    asks_here: bool,
}

impl CoverageJson {
    pub(super) fn of(door: &Door, row: &CoverageRow) -> Self {
        let Coverage { calendar, .. } = &row.coverage;
        let party = |party: &Party, tier: Option<Tier>| CoverageParty {
            site: party.site.to_string(),
            name: door.site_name(&party.site),
            tier: tier.map(Tier::word),
            signed: row.signers.contains(&party.site),
        };
        let us = door.identity.site();
        Self {
            id: row.coverage.id.to_string(),
            version: row.coverage.version,
            name: row.coverage.name.clone(),
            state: agreements_json::state(row.state),
            beneficiaries: row.coverage.beneficiaries.iter().map(|one| party(one, None)).collect(),
            readers: row.coverage.readers.iter().map(|one| party(&one.party, Some(one.tier))).collect(),
            modalities: row.coverage.modalities.clone(),
            regions: row.coverage.regions.clone(),
            time_zone: calendar.week.time_zone.clone(),
            spans: calendar.week.spans.iter().map(|(from, to)| (from.0, to.0)).collect(),
            holidays: calendar.holidays.word(),
            extra_days: calendar.extra_days.iter().filter_map(|day| date_of(*day)).map(|d| d.to_string()).collect(),
            targets: row.coverage.targets.map(|t| TargetJson { acknowledge: t.acknowledge, report: t.report }).into(),
            telephone: row.coverage.telephone.clone(),
            from: rfc3339(row.coverage.from),
            until: row.coverage.until.map(rfc3339),
            ended: row.ended.map(|(at, _)| rfc3339(at)),
            reads_here: row.coverage.reads(&us),
            asks_here: row.coverage.is_for(&us),
        }
    }
}

/// A reading site of a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReader {
    /// Name or key; `here`: this site.
    site: String,
    /// `own`, `group` (default), `department`, `region` or `company`.
    tier: Option<String>,
}

/// A coverage to be offered to its other sites.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCoverage {
    /// That of which it is the next version.
    pub(super) id: Option<String>,
    name: String,
    /// Names or keys; `here`: this site.
    beneficiaries: Vec<String>,
    readers: Vec<NewReader>,
    #[serde(default)]
    modalities: Vec<String>,
    #[serde(default)]
    regions: Vec<String>,
    /// IANA, for example `Europe/Paris`.
    time_zone: String,
    /// Minutes of the week; empty: always.
    #[serde(default)]
    spans: Vec<(u16, u16)>,
    /// `none` (default), `france` or `alsace-moselle`.
    holidays: Option<String>,
    #[serde(default)]
    extra_days: Vec<String>,
    /// P0 to P3; default: 2/15, 5/30, 30/240 and 1,440/1,440 minutes.
    targets: Option<Vec<TargetJson>>,
    #[serde(default)]
    telephone: String,
    /// RFC 3339; default: now.
    from: Option<String>,
    until: Option<String>,
}

impl NewCoverage {
    pub(super) fn text(self, door: &Door) -> Result<Coverage, ApiError> {
        let id = self.id.as_deref().map(coverage_id).transpose()?.unwrap_or_else(tasks::random_id);
        let party = |text: &str| {
            let site = site_of(door, text)?;
            Ok(Party { site, name: door.site_name(&site) })
        };
        let reader = |new: &NewReader| {
            let word = new.tier.as_deref().unwrap_or("group");
            let tier = Tier::ALL.iter().find(|(_, known)| *known == word).map(|(tier, _)| *tier);
            let tier = tier.ok_or(ApiError::Bad("a tier is own, group, department, region or company"))?;
            Ok(Reader { party: party(&new.site)?, tier })
        };
        let word = self.holidays.as_deref().unwrap_or("none");
        let holidays = Holidays::ALL.iter().find(|(_, known)| *known == word).map(|(holidays, _)| *holidays);
        let day = |text: &String| {
            let date = text.parse::<jiff::civil::Date>();
            date.map(day_of).map_err(|_| ApiError::Bad("a day is written as 2026-12-24"))
        };
        let targets = match self.targets {
            None => default_targets(),
            Some(told) => <[TargetJson; 4]>::try_from(told)
                .map(|told| told.map(|t| Target { acknowledge: t.acknowledge, report: t.report }))
                .map_err(|_| ApiError::Bad("there are four priorities"))?,
        };
        let week = WeeklyHours {
            time_zone: self.time_zone,
            spans: self.spans.into_iter().map(|(from, to)| (WeekMinute(from), WeekMinute(to))).collect(),
        };
        let now = tasks::now();
        Ok(Coverage {
            id,
            version: door.trust.next_version(&id),
            name: self.name.trim().to_owned(),
            beneficiaries: self.beneficiaries.iter().map(|text| party(text)).collect::<Result<_, ApiError>>()?,
            readers: self.readers.iter().map(reader).collect::<Result<_, ApiError>>()?,
            modalities: self.modalities,
            regions: self.regions,
            calendar: Calendar {
                week,
                holidays: holidays.ok_or(ApiError::Bad("holidays are none, france or alsace-moselle"))?,
                extra_days: self.extra_days.iter().map(day).collect::<Result<_, _>>()?,
            },
            targets,
            telephone: self.telephone.trim().to_owned(),
            from: self.from.as_deref().map_or(Ok(now), |text| moment(Some(text)))?,
            until: self.until.as_deref().map(|text| moment(Some(text))).transpose()?,
            drafted: now,
        })
    }
}

/// This site or a peer, by name or key.
pub(super) fn site_of(door: &Door, text: &str) -> Result<SiteId, ApiError> {
    let us = door.identity.site();
    if text == "here" || text == us.to_string() || text.eq_ignore_ascii_case(&door.config.site.name) {
        return Ok(us);
    }
    door.trust.find_peer(text).map(|peer| peer.site).ok_or(ApiError::NotFound)
}

pub(super) fn coverage_id(text: &str) -> Result<Id128, ApiError> {
    text.parse().map_err(|_| ApiError::Bad("not a coverage"))
}

/// What a shift's papers let read.
#[derive(Debug, Serialize, ToSchema)]
struct LicenceJson {
    /// Empty: all.
    modalities: Vec<String>,
    from: Option<String>,
    until: Option<String>,
}

/// What was tried when a shift was taken.
#[derive(Debug, Serialize, ToSchema)]
struct TakenJson {
    at: String,
    /// `worked`, `not-noticed`, `refused`, `absent` or `not-tried`.
    sound: &'static str,
    notifications: &'static str,
    /// Whether the page hears at once what happens at its node.
    link: &'static str,
    /// Covered sites that answered, and that did not.
    answered: u8,
    unanswered: u8,
}

/// The other shift of a hand-over.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OtherJson {
    site: String,
    site_name: String,
    shift: String,
    /// When it was offered, or acknowledged.
    at: String,
    /// Open cases that go with it.
    cases: Option<u16>,
}

/// A shift, as its site states it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShiftJson {
    id: String,
    site: String,
    site_name: String,
    /// Of this site.
    ours: bool,
    /// Of whoever asks.
    mine: bool,
    coverage: Option<String>,
    coverage_name: Option<String>,
    person: String,
    role: String,
    /// Modalities that the person is there for; empty: all.
    competences: Vec<String>,
    start: String,
    end: String,
    /// `planned`, `confirmed`, `active`, `handed-over` or `ended`.
    state: &'static str,
    /// `garde` or `astreinte`.
    presence: &'static str,
    rank: u8,
    telephone: String,
    licences: Vec<LicenceJson>,
    taken: Option<TakenJson>,
    /// Since when no screen is live that should be.
    silent: Option<String>,
    relief: Option<OtherJson>,
    relieves: Option<OtherJson>,
    stated: String,
    /// The person is on duty now by it.
    counts: bool,
}

impl ShiftJson {
    pub(super) fn of(door: &Door, caller: &Caller, row: &DutyRow) -> Option<Self> {
        let What::Shift(shift) = &row.duty.what else { return None };
        let other = |site: &SiteId, id: &Id128, at: Timestamp, cases| OtherJson {
            site: site.to_string(),
            site_name: door.site_name(site),
            shift: id.to_string(),
            at: rfc3339(at),
            cases,
        };
        let ours = row.site == door.identity.site();
        let Shift { person, role, competences, telephone, .. } = shift.clone();
        let name = shift.coverage.and_then(|id| door.trust.coverage(&id)).map(|coverage| coverage.name);
        Some(Self {
            id: row.duty.id.to_string(),
            site: row.site.to_string(),
            site_name: door.site_name(&row.site),
            ours,
            mine: ours && person == caller.0.name,
            coverage: shift.coverage.map(|id| id.to_string()),
            coverage_name: name,
            person,
            role,
            competences,
            start: rfc3339(shift.start),
            end: rfc3339(shift.end),
            state: state_word(shift.state),
            presence: shift.presence.word(),
            rank: shift.rank,
            telephone,
            licences: shift
                .licences
                .iter()
                .map(|paper| LicenceJson {
                    modalities: paper.modalities.clone(),
                    from: paper.from.map(rfc3339),
                    until: paper.until.map(rfc3339),
                })
                .collect(),
            taken: shift.taken.map(|taken| TakenJson {
                at: rfc3339(taken.at),
                sound: taken.sound.word(),
                notifications: taken.notifications.word(),
                link: taken.link.word(),
                answered: taken.answered,
                unanswered: taken.unanswered,
            }),
            silent: shift.silent.map(rfc3339),
            relief: shift.relief.map(|r| other(&r.site, &r.shift, r.at, Some(r.cases))),
            relieves: shift.relieves.map(|r| other(&r.site, &r.shift, r.at, None)),
            stated: rfc3339(row.duty.at),
            counts: shift.state.counts() && shift.is_time(tasks::now()),
        })
    }
}

fn state_word(state: ShiftState) -> &'static str {
    ShiftState::ALL.iter().find(|(known, _)| *known == state).map_or("", |(_, word)| *word)
}

/// A shift of somebody of this site.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewShiftJson {
    /// Account name; default: whoever asks.
    person: Option<String>,
    /// Modalities; empty: all.
    #[serde(default)]
    competences: Vec<String>,
    /// RFC 3339; default: now.
    start: Option<String>,
    end: String,
    /// `None`: the site's own needs.
    coverage: Option<String>,
    /// `garde` (default) or `astreinte`.
    presence: Option<String>,
    /// 1 (default) is called first, then 2, to 9.
    rank: Option<u8>,
    #[serde(default)]
    telephone: String,
    /// The person has said yes. Of one's own: default true; of somebody else's: false.
    confirmed: Option<bool>,
}

impl NewShiftJson {
    pub(super) fn plan(self, caller: &Caller) -> Result<NewShift, ApiError> {
        let word = self.presence.as_deref().unwrap_or("garde");
        let presence = Presence::ALL.iter().find(|(_, known)| *known == word).map(|(presence, _)| *presence);
        let person = self.person.unwrap_or_else(|| caller.0.name.clone());
        Ok(NewShift {
            confirmed: self.confirmed.unwrap_or(person == caller.0.name),
            person,
            competences: self.competences,
            start: moment(self.start.as_deref())?,
            end: moment(Some(&self.end))?,
            coverage: self.coverage.as_deref().map(coverage_id).transpose()?,
            presence: presence.ok_or(ApiError::Bad("a shift is a garde or an astreinte"))?,
            rank: self.rank.unwrap_or(1),
            telephone: self.telephone,
        })
    }
}

/// Minutes in which nobody is on duty.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoleJson {
    from: String,
    until: String,
    minutes: u64,
    /// For which modalities; empty: for all.
    modalities: Vec<String>,
}

impl From<&Hole> for HoleJson {
    fn from(hole: &Hole) -> Self {
        Self {
            from: rfc3339(hole.from),
            until: rfc3339(hole.until),
            minutes: hole.until.since(hole.from).as_secs().div_ceil(60),
            modalities: hole.modalities.clone(),
        }
    }
}

/// A place in the order of asking.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RungJson {
    tier: &'static str,
    coverage: Option<String>,
    site: String,
    site_name: String,
    shift: Option<String>,
    person: Option<String>,
    presence: Option<&'static str>,
    telephone: Option<String>,
    rank: u8,
    /// Why this one is not asked: `not-in-force`, `outside-scope`, `not-on-duty`, `not-confirmed`, `other-competence`,
    /// `no-credential`, `credential-expired`, `silent`, `unreached` or `refused`. `null`: this one may be.
    skip: Option<&'static str>,
}

impl RungJson {
    pub(super) fn of(door: &Door, rung: Rung, shifts: &[protocol::roster::Stated]) -> Self {
        let stated = rung.shift.and_then(|id| shifts.iter().find(|other| other.site == rung.site && other.id == id));
        Self {
            tier: rung.tier.word(),
            coverage: rung.coverage.map(|id| id.to_string()),
            site: rung.site.to_string(),
            site_name: door.site_name(&rung.site),
            shift: rung.shift.map(|id| id.to_string()),
            person: rung.person,
            presence: stated.map(|stated| stated.shift.presence.word()),
            telephone: stated.map(|stated| stated.shift.telephone.clone()),
            rank: rung.rank,
            skip: rung.skip.map(protocol::roster::Skip::word),
        }
    }
}

/// An open case of whoever hands over.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenCaseJson {
    case: String,
    studies: Vec<String>,
    sites: Vec<String>,
    since: String,
}

impl OpenCaseJson {
    pub(super) fn of(door: &Door, row: CaseRow) -> Self {
        Self {
            case: row.id.to_string(),
            studies: row.studies.iter().map(ToString::to_string).collect(),
            sites: row.sites.iter().map(|site| door.site_name(site)).collect(),
            since: rfc3339(row.since),
        }
    }
}

/// Whether whoever asks plans for all.
pub(super) fn plans(caller: &Caller) -> bool {
    caller.0.allows(Action::Administer)
}

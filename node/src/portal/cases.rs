//! Cases: the one list, and the steps that people take in them.

use super::{
    Door,
    cases_json::{CaseJson, CasePatient, tabs},
    cases_request::{particulars, patient},
    cases_row::{CaseRow, For, HolderJson},
    cases_sign::Shown,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
    worklist::{form, uid},
};
use crate::{
    cases::{CaseError, Doing, Filter, Tab, Way, Whole, class_of, kind_of, may, priority_of, takes_part},
    desk::{Repeated, contradictions},
    tasks,
    trust::{Action, Person},
};
use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use protocol::{
    Digest, SiteId, Uid,
    case::{
        event::{Counted, Heard, Joined, Skip, Step},
        state::Void,
    },
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// Rows in one page at most.
const PAGE_MAX: usize = 500;

/// A hospital for which something is read, or that reads for us.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CoveredSite {
    site: String,
    site_name: String,
    ours: bool,
    connected: bool,
    last_contact: Option<String>,
    /// Nothing was heard of it for longer than is set.
    silent: bool,
    open_cases: usize,
    /// Of its rooms and people, as its cases, its coverages and its shifts say.
    telephones: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CasePage {
    rows: Vec<CaseRow>,
    /// For `after`; `null`: this is the last page.
    next: Option<String>,
    total: usize,
    /// Rows of each tab, after the other filters.
    tabs: BTreeMap<String, usize>,
    sites: Vec<CoveredSite>,
    now: String,
}

fn parse(raw: Option<&str>, person: &Person) -> Result<Filter, ApiError> {
    let mut filter = Filter { limit: 100, ..Filter::default() };
    for (key, value) in form(raw.unwrap_or_default())?.into_iter().filter(|(_, value)| !value.is_empty()) {
        match key.as_str() {
            "tab" => {
                let tab = Tab::ALL.iter().find(|(_, word)| *word == value).map(|(tab, _)| *tab);
                filter.tab = Some(tab.ok_or(ApiError::Bad("tab"))?);
            }
            "priority" => {
                let all = value.split(',').map(priority_of).collect::<Option<Vec<_>>>();
                filter.priorities = all.ok_or(ApiError::Bad("priority"))?;
            }
            "site" => filter.site = Some(value.parse().map_err(|_| ApiError::Bad("site"))?),
            "modality" => filter.modality = Some(value),
            "kind" => filter.kind = Some(kind_of(&value).ok_or(ApiError::Bad("kind"))?),
            "mine" => filter.claimed_by = (value == "true").then(|| person.name.clone()),
            "q" => filter.text = Some(value),
            "limit" => filter.limit = value.parse().map_err(|_| ApiError::Bad("limit"))?,
            "after" => filter.after = Some(value.parse().map_err(|()| ApiError::Bad("after"))?),
            _ => return Err(ApiError::Bad("unknown parameter")),
        }
    }
    filter.limit = filter.limit.clamp(1, PAGE_MAX);
    Ok(filter)
}

fn sites(door: &Door, open: &BTreeMap<SiteId, usize>) -> Vec<CoveredSite> {
    let (us, now) = (door.identity.site(), tasks::now());
    let silent = door.cases.settings().silent();
    let peers: Vec<_> = door.trust.peers().into_iter().filter(|peer| peer.revoked.is_none()).collect();
    let known: Vec<SiteId> = std::iter::once(us).chain(peers.iter().map(|peer| peer.site)).collect();
    let mut numbers = door.desk.as_ref().map(|desk| desk.site_numbers(&known)).unwrap_or_default();
    let mut row = |site: SiteId, name: String| {
        let contact = door.overlay.as_ref().map(|overlay| overlay.contact(&site));
        let connected = site == us || contact.as_ref().is_some_and(|contact| contact.connected);
        let last = if site == us { Some(now) } else { contact.and_then(|contact| contact.last) };
        CoveredSite {
            site: site.to_string(),
            site_name: name,
            ours: site == us,
            connected,
            last_contact: last.map(json::rfc3339),
            silent: site != us && (!connected || last.is_none_or(|last| last.after(silent) < now)),
            open_cases: open.get(&site).copied().unwrap_or(0),
            telephones: numbers.remove(&site).into_iter().flatten().map(|one| one.number).collect(),
        }
    };
    let ours = row(us, door.config.site.name.clone());
    std::iter::once(ours).chain(peers.into_iter().map(|peer| row(peer.site, peer.name))).collect()
}

#[utoipa::path(get, path = "/api/cases", operation_id = "list_cases",
    params(("tab" = Option<String>, Query), ("priority" = Option<String>, Query, description = "`P0,P1`"),
        ("site" = Option<String>, Query, description = "key of the requesting site"), ("modality" = Option<String>, Query),
        ("kind" = Option<String>, Query), ("mine" = Option<bool>, Query), ("q" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = CasePage), (status = 400, body = ErrorBody)))]
pub(super) async fn list(
    State(door): State<Door>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Result<Json<CasePage>, ApiError> {
    caller.may(Action::ListStudies)?;
    let filter = parse(raw.as_deref(), &caller.0)?;
    let page = door.cases.list(&filter);
    let told = For { door: &door, person: &caller.0 };
    std::future::ready(Ok(Json(CasePage {
        rows: page.rows.iter().map(|whole| told.row(whole)).collect(),
        next: page.next.map(|place| place.to_string()),
        total: page.total,
        tabs: tabs(&page),
        sites: sites(&door, &page.open_by_site),
        now: json::rfc3339(tasks::now()),
    })))
    .await
}

pub(super) fn named(door: &Door, text: &str) -> Result<(Id128, Arc<Whole>), ApiError> {
    let name: Id128 = text.parse().map_err(|_| ApiError::NotFound)?;
    let whole = door.cases.case(&name).ok_or(ApiError::NotFound)?;
    Ok((name, whole))
}

/// A case as it is shown to the caller, its reports with it: that they had them in hand is written first.
pub(super) async fn told(door: &Door, caller: &Caller, whole: &Whole) -> Result<Json<CaseJson>, ApiError> {
    let shown: Vec<Digest> = whole.state.reports.iter().map(|report| report.event).collect();
    door.cases.opened(whole, &shown, Way::Screen, caller.0.actor()).await?;
    let actions = super::cases_may::actions(door, &caller.0, whole);
    Ok(Json(For { door, person: &caller.0 }.case(whole, actions)))
}

#[utoipa::path(get, path = "/api/cases/{case}", operation_id = "show_case", params(("case" = String, Path)),
    responses((status = 200, body = CaseJson), (status = 404, body = ErrorBody)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
) -> Result<Json<CaseJson>, ApiError> {
    caller.may(Action::ListStudies)?;
    let (_, whole) = named(&door, &case)?;
    door.cases.touch(&whole, &caller.0.name);
    told(&door, &caller, &whole).await
}

pub(super) fn find_site(door: &Door, text: &str) -> Result<SiteId, ApiError> {
    let us = door.identity.site();
    if text.trim() == us.to_string() || text.trim().eq_ignore_ascii_case(&door.config.site.name) {
        return Ok(us);
    }
    door.trust.find_peer(text).map(|peer| peer.site).ok_or(ApiError::NotFound)
}

/// A step, by its word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum NewStep {
    /// The next to be asked, at once.
    Offer {
        to: String,
        #[serde(default)]
        whom: String,
    },
    Accept {
        #[serde(default)]
        protocol: String,
    },
    Refuse {
        #[serde(default)]
        reason: String,
        /// Though somebody else here is at work on it.
        #[serde(default)]
        confirmed: bool,
    },
    Acquired {
        studies: Vec<String>,
    },
    Complement {
        #[serde(default)]
        text: String,
    },
    /// By hand, where the node cannot see it.
    ImagesReady {
        #[serde(default)]
        confirm_count: bool,
    },
    /// The technologist's count.
    Expect {
        study: String,
        instances: u32,
    },
    Claim,
    Release {
        #[serde(default)]
        reason: String,
    },
    HandOver {
        to: String,
    },
    /// At the site that reads: from who has it to a colleague who is on duty, or to whoever is.
    Regulate {
        /// Account of who has it, as the caller's screen shows it; empty: nobody.
        #[serde(default)]
        from: String,
        /// Account of the colleague; empty: nobody, so whoever is on duty.
        #[serde(default)]
        to: String,
        #[serde(default)]
        reason: String,
        /// Though who has it is at work on it.
        #[serde(default)]
        confirmed: bool,
    },
    Read,
    /// Refused as `difference-not-shown` where a difference of this report from another is not among those that the caller's
    /// screen shows: nobody acknowledges what they have not seen.
    Acknowledge {
        report: String,
        /// Events of `comparisons` that are shown.
        #[serde(default)]
        differences: Vec<String>,
    },
    /// Without `who`: the caller knows of it. With `who`: they were called, and read it back.
    Hear {
        report: String,
        who: Option<String>,
        #[serde(default)]
        read_back: bool,
    },
    Compare {
        reports: [String; 2],
        class: String,
        #[serde(default)]
        text: String,
    },
    Ask {
        #[serde(default)]
        text: String,
    },
    Answer {
        #[serde(default)]
        text: String,
    },
    Hold {
        #[serde(default)]
        reason: String,
    },
    Resume,
    Escalate {
        #[serde(default)]
        text: String,
    },
    Cancel {
        #[serde(default)]
        reason: String,
    },
    /// Nobody takes it; this site helps itself.
    Unserved {
        #[serde(default)]
        reason: String,
    },
    Close,
    Reopen {
        #[serde(default)]
        reason: String,
    },
    Say {
        #[serde(default)]
        text: String,
    },
    Prioritise {
        priority: String,
        #[serde(default)]
        reason: String,
    },
    /// What more there is to say of the request; what is left out is said no more.
    Specify {
        /// `clinical`, `screening-first` or `screening-second`; empty: not said.
        #[serde(default)]
        examination: String,
        /// Nuclear medicine physician who is with the patient.
        #[serde(default)]
        on_site_physician: String,
        /// By when an answer is wanted, RFC 3339; `null`: as the priority says.
        #[serde(default)]
        answer_by: Option<String>,
    },
    /// Who the patient is, for somebody who has looked at them and at their papers.
    Identify {
        patient: CasePatient,
        /// Whom the caller's screen shows until now.
        shown: Shown,
        #[serde(default)]
        checked: bool,
    },
    /// The caller reads in an emergency what their credentials do not cover.
    Uncover {
        #[serde(default)]
        reason: String,
    },
}

pub(super) fn event(text: &str) -> Result<Digest, ApiError> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().and_then(|b| b.try_into().ok());
    bytes.map(Digest).ok_or(ApiError::Bad("report"))
}

fn says(text: String, field: &'static str) -> Result<String, ApiError> {
    if text.trim().is_empty() { Err(ApiError::Missing(vec![field])) } else { Ok(text) }
}

/// The step, as the case takes it.
fn step(door: &Door, whole: &Whole, new: NewStep) -> Result<Step, ApiError> {
    let text = |text| says(text, "text");
    let reason = |reason| says(reason, "reason");
    Ok(match new {
        NewStep::Offer { to, whom } => offer(door, whole, find_site(door, &to)?, whom),
        NewStep::Accept { protocol } => Step::Accepted { protocol },
        NewStep::Refuse { reason: why, .. } => Step::Refused { reason: reason(why)? },
        NewStep::Acquired { studies } => {
            let studies = studies.iter().map(|study| uid(study)).collect::<Result<Vec<_>, _>>()?;
            by_uid(door, whole, &studies)?;
            Step::Acquired { studies, how: Joined::Confirmed }
        }
        NewStep::Complement { text } => Step::Complement { text },
        NewStep::ImagesReady { confirm_count } => images_ready(door, whole, confirm_count)?,
        NewStep::Expect { study, instances } => {
            Step::Expected { study: uid(&study)?, instances, by: Counted::Technologist }
        }
        NewStep::Claim => Step::Claimed,
        NewStep::Release { reason } => {
            Step::Released { reason: if reason.trim().is_empty() { "by-choice".to_owned() } else { reason } }
        }
        NewStep::HandOver { to } => Step::HandedOver { to: colleague(door, &to)? },
        NewStep::Regulate { from, to, reason: why, .. } => regulated(door, (from, to), reason(why)?)?,
        NewStep::Read => Step::Reading,
        NewStep::Acknowledge { report, .. } => Step::Acknowledged { report: event(&report)? },
        NewStep::Hear { report, who, read_back } => {
            let how = who.map_or(Heard::Here, |who| Heard::Call { who: who.trim().to_owned(), read_back });
            Step::Heard { report: event(&report)?, how }
        }
        NewStep::Compare { reports: [one, other], class, text } => Step::Compared {
            reports: [event(&one)?, event(&other)?],
            class: class_of(&class).ok_or(ApiError::Bad("class"))?,
            text,
        },
        NewStep::Ask { text: said } => Step::InfoAsked { text: text(said)? },
        NewStep::Answer { text: said } => Step::InfoGiven { text: text(said)? },
        NewStep::Hold { reason: why } => Step::OnHold { reason: reason(why)? },
        NewStep::Resume => Step::Resumed,
        NewStep::Escalate { text: said } => Step::Escalated { text: text(said)? },
        NewStep::Cancel { reason: why } => Step::Cancelled { reason: reason(why)? },
        NewStep::Unserved { reason: why } => Step::Unserved { reason: reason(why)? },
        NewStep::Close => Step::Closed,
        NewStep::Reopen { reason: why } => Step::Reopened { reason: reason(why)? },
        NewStep::Say { text: said } => Step::Said { text: text(said)? },
        NewStep::Prioritise { priority, reason: why } => Step::Prioritised {
            priority: priority_of(&priority).ok_or(ApiError::Bad("priority"))?,
            reason: reason(why)?,
        },
        NewStep::Specify { examination, on_site_physician, answer_by } => {
            Step::Specified(particulars(&examination, &on_site_physician, answer_by.as_deref())?)
        }
        NewStep::Identify { patient, shown, checked } => identified(whole, &patient, &shown, checked)?,
        NewStep::Uncover { reason: why } => Step::Uncovered { reason: reason(why)? },
    })
}

/// By a UID alone nothing is compared. What lies here and is somebody else's is refused; what could be, is joined by who repeats the
/// patient ([`super::cases_desk::join`]). Of what does not lie here yet there is nothing to compare.
fn by_uid(door: &Door, whole: &Whole, studies: &[Uid]) -> Result<(), ApiError> {
    for study in studies {
        let Some(row) = door.archive.study(study)? else { continue };
        let differs = contradictions(&whole.state.ask.patient, &row);
        if !differs.is_empty() {
            return Err(ApiError::WrongPatient(differs));
        }
        if Repeated::is_needed(whole, &row) {
            return Err(ApiError::Missing(vec!["patient"]));
        }
    }
    Ok(())
}

/// Of the case that the caller sees, somebody who is named.
fn identified(whole: &Whole, new: &CasePatient, shown: &Shown, checked: bool) -> Result<Step, ApiError> {
    let before = &whole.state.ask.patient;
    let differs: Vec<&'static str> =
        [(shown.name == before.name, "name"), (shown.birth_date == before.birth_date, "birth_date")]
            .into_iter()
            .filter_map(|(same, what)| (!same).then_some(what))
            .collect();
    if !differs.is_empty() {
        return Err(ApiError::WrongPatient(differs));
    }
    let patient = patient(new)?;
    let missing: Vec<&'static str> =
        [(patient.is_named(), "patient"), (patient.standing.is_some(), "identity"), (checked, "checked")]
            .into_iter()
            .filter_map(|(is_said, field)| (!is_said).then_some(field))
            .collect();
    if missing.is_empty() { Ok(Step::Identified(Box::new(patient))) } else { Err(ApiError::Missing(missing)) }
}

/// Whether the practice, the agreement and the person's credentials let it be done.
pub(super) fn fits(door: &Door, person: &Person, whole: &Whole, new: &NewStep) -> Result<(), ApiError> {
    let Some(desk) = &door.desk else { return Ok(()) };
    match new {
        NewStep::Accept { .. } => {
            desk.may_take(whole)?;
            desk.may_claim(whole, &person.name)?;
        }
        NewStep::Claim => desk.may_claim(whole, &person.name)?,
        NewStep::HandOver { to } if !to.is_empty() => desk.may_read(whole, to)?,
        NewStep::Regulate { to, confirmed, .. } => {
            desk.may_take_from(whole, *confirmed)?;
            if !to.trim().is_empty() {
                desk.may_be_given(whole, to.trim())?;
            }
        }
        NewStep::Refuse { confirmed, .. } if !whole.is_claimed_by(&door.identity.site(), &person.name) => {
            desk.may_take_from(whole, *confirmed)?;
        }
        NewStep::Uncover { .. } => desk.may_override(whole, &person.name)?,
        NewStep::Offer { to, .. } if !to.is_empty() => {
            let (state, to) = (&whole.state, find_site(door, to)?);
            let bar = desk.bar(&to, &state.ask, &state.particulars).filter(|bar| *bar != Skip::Unreachable);
            return bar.map_or(Ok(()), |bar| Err(ApiError::Barred(bar)));
        }
        _ => {}
    }
    Ok(())
}

/// By hand: behind all that were asked or passed over.
fn offer(door: &Door, whole: &Whole, to: SiteId, whom: String) -> Step {
    let until = door.cases.delays().answer_until(whole, &to, tasks::now());
    Step::Offered { to, whom, rank: whole.next_rank(), until }
}

fn images_ready(door: &Door, whole: &Whole, count_confirmed: bool) -> Result<Step, ApiError> {
    let studies = door.desk()?.studies_of(whole);
    let there: Vec<(Uid, u64)> = studies.into_iter().filter_map(|study| Some((study.study, study.version?))).collect();
    if there.is_empty() {
        return Err(ApiError::Missing(vec!["studies"]));
    }
    Ok(Step::ImagesReady { studies: there, count_confirmed })
}

/// Somebody here who may read.
fn colleague(door: &Door, name: &str) -> Result<String, ApiError> {
    let account = door.users.account(name).filter(|account| !account.is_disabled).ok_or(ApiError::NotFound)?;
    if account.person.allows(Action::ReportCases) { Ok(account.person.name) } else { Err(ApiError::Bad("to")) }
}

fn regulated(door: &Door, (from, to): (String, String), reason: String) -> Result<Step, ApiError> {
    let to = to.trim();
    if from.is_empty() && to.is_empty() {
        return Err(ApiError::Missing(vec!["to"]));
    }
    let to = if to.is_empty() { String::new() } else { colleague(door, to)? };
    Ok(Step::Regulated { from, to, reason })
}

impl NewStep {
    pub(super) const fn doing(&self) -> Doing {
        match self {
            Self::Accept { .. }
            | Self::Refuse { .. }
            | Self::Claim
            | Self::Read
            | Self::Compare { .. }
            | Self::Uncover { .. } => Doing::Reading,
            Self::Release { .. } | Self::HandOver { .. } => Doing::LettingGo,
            Self::Regulate { .. } => Doing::Regulating,
            Self::Offer { .. } => Doing::Routing,
            Self::Acquired { .. } | Self::Complement { .. } | Self::ImagesReady { .. } | Self::Expect { .. } => {
                Doing::Preparing
            }
            Self::Acknowledge { .. } | Self::Hear { who: None, .. } => Doing::Acting,
            Self::Hear { .. } => Doing::Telling,
            Self::Reopen { .. } => Doing::Reopening,
            Self::Cancel { .. } | Self::Unserved { .. } | Self::Prioritise { .. } | Self::Specify { .. } => {
                Doing::Asking
            }
            Self::Identify { .. } => Doing::Identifying,
            Self::Close => Doing::Closing,
            Self::Ask { .. }
            | Self::Answer { .. }
            | Self::Hold { .. }
            | Self::Resume
            | Self::Escalate { .. }
            | Self::Say { .. } => Doing::Speaking,
        }
    }
}

#[utoipa::path(post, path = "/api/cases/{case}/steps", operation_id = "step_in_case", params(("case" = String, Path)),
    request_body = NewStep, responses((status = 200, body = CaseJson), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn take_step(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Json(new): Json<NewStep>,
) -> Result<Json<CaseJson>, ApiError> {
    if !takes_part(&caller.0) {
        return Err(ApiError::Refused(protocol::Refusal::Role));
    }
    let (name, whole) = named(&door, &case)?;
    if !may(&caller.0, &whole, &door.identity.site(), new.doing()) {
        return Err(ApiError::Refused(protocol::Refusal::Role));
    }
    fits(&door, &caller.0, &whole, &new)?;
    let shown = match &new {
        NewStep::Acknowledge { differences, .. } => {
            differences.iter().map(|one| event(one)).collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    };
    let step = step(&door, &whole, new)?;
    let acknowledged = if let Step::Acknowledged { report } = &step { Some(*report) } else { None };
    let seen = shown.clone();
    let judged = move |whole: &Whole| match differences(whole, acknowledged).all(|one| seen.contains(&one)) {
        true => Ok(step),
        false => Err(ApiError::DifferenceNotShown),
    };
    match door.cases.act_if(name, caller.0.actor(), judged).await {
        Ok(whole) => {
            // For the site, and so for themselves.
            for said_by in differences(&whole, acknowledged).filter(|one| shown.contains(one)) {
                let _ = door.cases.noted(&whole, said_by, caller.0.actor()).await?;
            }
            door.cases.touch(&whole, &caller.0.name);
            told(&door, &caller, &whole).await
        }
        Err(ApiError::Case(why)) => Err(lost(&door, &caller.0, &name, why)),
        Err(why) => Err(why),
    }
}

/// What was found to differ from a report, by the events that said so.
fn differences(whole: &Whole, report: Option<Digest>) -> impl Iterator<Item = Digest> {
    let about = whole.state.comparisons.iter().filter(move |one| report.is_some_and(|r| one.reports.contains(&r)));
    about.filter(|one| one.differs()).filter_map(|one| one.said_by)
}

/// With who has it, where a claim was lost.
pub(super) fn lost(door: &Door, person: &Person, name: &Id128, why: CaseError) -> ApiError {
    let CaseError::Void(void @ Void::Claimed { .. }) = &why else { return why.into() };
    let by: Option<HolderJson> = door.cases.case(name).and_then(|whole| For { door, person }.lost_to(&whole, void));
    match by {
        Some(by) => ApiError::Claimed(by),
        None => why.into(),
    }
}

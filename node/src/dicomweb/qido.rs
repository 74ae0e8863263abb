//! Searches (QIDO-RS, PS3.18 §10.6) at the levels of studies, series and instances.
//!
//! Study answers come from rows and cards alone, for peers' studies too: nothing is opened. Below a study, answers come
//! from its headers. An empty result is `200 []`, which every client reads; 204 is not understood by some.
//!
//! A search for studies that names one patient by an ID with its issuer asks peers, too, unless `live=false` or the site's
//! settings say otherwise; outside a reading context, which is fixed. Peers that did not answer are named in a warning.
//!
//! # Not here
//! Which studies the caller may list: `studies`. Matching: `archive::StudyQuery`, [`super::matching`].

use super::{
    asker::{Asker, Desk},
    dataset::{DataSet, Syntax, readable},
    error::Problem,
    json::{self, Attributes, Encoder, charset_of},
    matching,
    metadata::instance_url,
    query::{self, Condition, LIMIT_MAX, Search},
    text::Charset,
};
use crate::studies::{Availability, FoundStudy, Live, OpenStudy, SeriesView, Silent, StudyError};
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::Response,
};
use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use futures::{StreamExt, TryStreamExt, stream};
use protocol::{Uid, identity::names, manifest::InstanceEntry};
use std::sync::Arc;

/// Studies looked into by one search below study level that names no study: each is opened, with evidence.
const STUDIES_OPENED_MAX: usize = 25;
/// Series of a study whose first header is read at once.
const HEADERS_AT_ONCE: usize = 4;
/// Peers named in a warning: a header is short.
const NAMED_MAX: usize = 20;

/// Series attributes answered always or for `includefield=all`, as far as the first header has them.
const SERIES_DEFAULT: [Tag; 6] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::SERIES_DESCRIPTION,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
];
const SERIES_ALL: [Tag; 10] = [
    tags::SERIES_DATE,
    tags::SERIES_TIME,
    tags::MANUFACTURER,
    tags::INSTITUTION_NAME,
    tags::STATION_NAME,
    tags::BODY_PART_EXAMINED,
    tags::PROTOCOL_NAME,
    tags::PATIENT_POSITION,
    tags::LATERALITY,
    tags::FRAME_OF_REFERENCE_UID,
];
const INSTANCE_DEFAULT: [Tag; 7] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::INSTANCE_NUMBER,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::NUMBER_OF_FRAMES,
];

/// Results, and whether there are more.
#[derive(Default)]
struct Results {
    rows: Vec<Attributes>,
    partial: bool,
    /// What else whoever asks must hear.
    warning: Option<String>,
}

impl Results {
    fn page(mut self, search: &Search) -> Self {
        let limit = search.limit();
        self.rows = self.rows.into_iter().skip(search.offset).collect();
        self.partial |= search.limit.is_none_or(|l| l > LIMIT_MAX) && self.rows.len() > limit;
        self.rows.truncate(limit);
        self
    }

    fn answer(self, asker: &Asker, media: &'static str) -> Response {
        let mut body = String::from("[");
        for (i, row) in self.rows.iter().enumerate() {
            if i > 0 {
                body.push(',');
            }
            json::write_object(&mut body, row);
        }
        body.push(']');
        let mut response = asker.answer(media, Bytes::from(body), None);
        if self.partial {
            let more = HeaderValue::from_static("299 confrere \"There are more results that can be requested\"");
            response.headers_mut().append(HeaderName::from_static("warning"), more);
        }
        let warning = self.warning.map(|text| format!("299 confrere \"{text}\""));
        if let Some(Ok(warning)) = warning.map(|text| HeaderValue::from_str(&text)) {
            response.headers_mut().append(HeaderName::from_static("warning"), warning);
        }
        response
    }
}

pub(super) async fn studies(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let search = Search::parse(&asker.query)?;
    let (study_query, rest) = search.split()?;
    if let Some((path, _)) = rest.first() {
        let tag = path.first().copied().unwrap_or(Tag(0, 0));
        return Err(Problem::bad(format!("studies cannot be searched by {:04X}{:04X}", tag.0, tag.1)));
    }
    asker.write_queried(search.shape()).await?;
    let limit = search.limit();
    let (mut found, mut warning) = (Vec::new(), None);
    if limit > 0 {
        let (studies, person, offset) = (&desk.door.studies, &asker.person, search.offset);
        let is_live = search.live.unwrap_or(desk.door.ask_peers) && asker.within.is_none() && !asker.head_only;
        if is_live {
            let (now, live) = studies.find_live(person, &study_query, offset, limit + 1).await?;
            (found, warning) = (now, unanswered(&live));
        } else {
            found = studies.find(person, &study_query, asker.within.as_deref(), offset, limit + 1).await?;
        }
    }
    let partial = found.len() > limit && search.limit.is_none_or(|l| l > LIMIT_MAX);
    found.truncate(limit);
    let rows = found.iter().map(|study| study_row(&asker, study, &search)).collect();
    Ok(Results { rows, partial, warning }.answer(&asker, media))
}

/// Which peers did not answer, for a header: in ASCII, and never a word of the patient.
fn unanswered(live: &Live) -> Option<String> {
    if live.is_too_often() {
        return Some("Peers were not asked: too many searches at once".to_owned());
    }
    let silent = live.silent();
    let name = |one: &Silent| {
        let plain: String = match one.name.is_ascii() {
            true => one.name.clone(),
            false => names::words(&one.name).join(" "),
        };
        let plain: String = plain.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect();
        format!("{} ({})", plain.replace(['"', '\\'], "'"), one.why)
    };
    let mut named: Vec<String> = silent.iter().take(NAMED_MAX).map(name).collect();
    if silent.len() > NAMED_MAX {
        named.push(format!("and {} more", silent.len() - NAMED_MAX));
    }
    (!silent.is_empty()).then(|| format!("Not answered: {}", named.join(", ")))
}

const fn availability(of: Availability) -> &'static str {
    match of {
        Availability::Online => "ONLINE",
        Availability::Nearline | Availability::Remote => "NEARLINE",
        Availability::Unreachable | Availability::Closed => "OFFLINE",
    }
}

/// The attributes of a study, from its row alone. Those asked for that no row has are answered empty.
fn study_row(asker: &Asker, found: &FoundStudy, search: &Search) -> Attributes {
    let row = &found.row;
    let text = |vr, value: &Option<String>| json::string(vr, value.as_deref());
    let mut out = Attributes::from([
        (tags::SPECIFIC_CHARACTER_SET, json::string("CS", Some("ISO_IR 192"))),
        (tags::STUDY_DATE, text("DA", &row.date)),
        (tags::STUDY_TIME, text("TM", &row.time)),
        (tags::ACCESSION_NUMBER, text("SH", &row.accession)),
        (tags::INSTANCE_AVAILABILITY, json::string("CS", Some(availability(found.availability)))),
        (tags::REFERRING_PHYSICIAN_NAME, json::name(row.referrer.as_deref())),
        (tags::STUDY_DESCRIPTION, text("LO", &row.description)),
        (tags::RETRIEVE_URL, json::string("UR", Some(&format!("{}/studies/{}", asker.root, row.study)))),
        (tags::PATIENT_NAME, json::name(row.patient.name.as_deref())),
        (tags::PATIENT_ID, text("LO", &row.patient.id)),
        (tags::ISSUER_OF_PATIENT_ID, text("LO", &row.patient.issuer)),
        (tags::PATIENT_BIRTH_DATE, text("DA", &row.patient.birth_date)),
        (tags::PATIENT_SEX, text("CS", &row.patient.sex)),
        (tags::STUDY_INSTANCE_UID, json::string("UI", Some(row.study.as_str()))),
        (tags::STUDY_ID, text("SH", &row.study_id)),
        (tags::NUMBER_OF_STUDY_RELATED_SERIES, json::number("IS", row.series)),
        (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, json::number("IS", row.instances)),
    ]);
    if let Some(minutes) = row.utc_offset_min {
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        let offset = format!("{sign}{hours:02}{minutes:02}");
        out.insert(tags::TIMEZONE_OFFSET_FROM_UTC, json::string("SH", Some(&offset)));
    }
    let modalities: Vec<&str> = row.modalities.iter().map(String::as_str).filter(|m| !m.is_empty()).collect();
    // Present without a value it breaks viewers' study lists.
    if !modalities.is_empty() {
        out.insert(tags::MODALITIES_IN_STUDY, json::strings("CS", &modalities));
    }
    if search.include_all && !row.body_parts.is_empty() {
        out.insert(tags::BODY_PART_EXAMINED, json::strings("CS", &row.body_parts));
    }
    for tag in &search.include {
        if *tag != tags::MODALITIES_IN_STUDY && *tag != tags::MODALITY {
            out.entry(*tag).or_insert_with(|| json::string(query::vr_of(*tag), None));
        }
    }
    out
}

pub(super) async fn study_series(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let search = Search::parse(&asker.query)?;
    let (asked, rest) = search.split()?;
    let study = asker.open().await?;
    let mut rows = Vec::new();
    if asked.matches(&study.found().row) {
        rows = series_of(&asker, &study, &rest, &search, false).await?;
    }
    Ok(Results { rows, ..Results::default() }.page(&search).answer(&asker, media))
}

pub(super) async fn study_instances(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    below(asker, None).await
}

pub(super) async fn series_instances(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let series = asker.series()?;
    below(asker, Some(series)).await
}

async fn below(asker: Asker, series: Option<Uid>) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let search = Search::parse(&asker.query)?;
    let (asked, rest) = search.split()?;
    let study = asker.open().await?;
    let mut rows = instances_of(&asker, &study, series.as_ref(), &rest, &search, false).await?;
    if !asked.matches(&study.found().row) {
        rows.clear();
    }
    Ok(Results { rows, ..Results::default() }.page(&search).answer(&asker, media))
}

pub(super) async fn all_series(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    relational(&desk, &asker, false).await
}

pub(super) async fn all_instances(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    relational(&desk, &asker, true).await
}

/// Series or instances of all studies that match, as far as a search may open studies.
async fn relational(desk: &Desk, asker: &Asker, instances: bool) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let search = Search::parse(&asker.query)?;
    let (mut study_query, rest) = search.split()?;
    let named = |tag: Tag| match rest.iter().find(|(path, _)| path.as_slice() == [tag]) {
        Some((_, value)) => query::uids(value),
        None => Ok(Vec::new()),
    };
    let (wanted, instances_wanted) = (named(tags::SERIES_INSTANCE_UID)?, named(tags::SOP_INSTANCE_UID)?);
    let series = <[Uid; 1]>::try_from(wanted.clone()).ok().map(|[one]| one);
    asker.write_queried(search.shape()).await?;
    if study_query.study.is_empty() && !(wanted.is_empty() && instances_wanted.is_empty()) {
        // Of what is held here it is known in which studies it is: not only the newest are looked into.
        let held = desk.door.archive.studies_with(wanted, instances_wanted).await;
        study_query.study = held.map_err(|error| Problem::Internal(error.to_string()))?;
    }
    let studies = &desk.door.studies;
    let mut found =
        studies.find(&asker.person, &study_query, asker.within.as_deref(), 0, STUDIES_OPENED_MAX + 1).await?;
    let mut results = Results { partial: found.len() > STUDIES_OPENED_MAX, ..Results::default() };
    found.truncate(STUDIES_OPENED_MAX);
    for candidate in found {
        if results.rows.len() > search.offset.saturating_add(search.limit()) {
            break;
        }
        let rows = async {
            let study = studies.open(&asker.person, &candidate.row.study).await?;
            if instances {
                instances_of(asker, &study, series.as_ref(), &rest, &search, true).await
            } else {
                series_of(asker, &study, &rest, &search, true).await
            }
        };
        match rows.await {
            Ok(rows) => results.rows.extend(rows),
            // One study that is out of reach does not hide the others.
            Err(Problem::NotFound) => {}
            Err(Problem::Busy { .. } | Problem::Refused(_)) => results.partial = true,
            Err(other) => return Err(other),
        }
    }
    Ok(results.page(&search).answer(asker, media))
}

/// Copies attributes of a header into an answer, in the header's own words.
fn copy(out: &mut Attributes, header: &Parsed<'_>, wanted: impl Iterator<Item = Tag>, bulk_root: &str) {
    let charset = charset_of(&header.set, &Charset::default());
    for tag in wanted {
        if let Some(element) = header.set.element(tag) {
            let mut encoder = Encoder::new(header.syntax, bulk_root);
            encoder.element(element, &charset);
            out.entry(tag).or_insert(encoder.out);
        }
    }
}

struct Parsed<'a> {
    set: DataSet<'a>,
    syntax: Syntax,
}

/// Calls with the parsed header; with an empty one where it cannot be read.
fn with_header<T>(entry: &InstanceEntry, header: &[u8], then: impl FnOnce(&Parsed<'_>) -> T) -> T {
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    let whole = readable(header, syntax).unwrap_or_default();
    then(&Parsed { set: DataSet::parse(&whole, syntax).unwrap_or_default(), syntax })
}

async fn series_of(
    asker: &Asker,
    study: &Arc<OpenStudy>,
    conditions: &[&Condition],
    search: &Search,
    relational: bool,
) -> Result<Vec<Attributes>, Problem> {
    let all = study.series().await?;
    let found = study.found();
    let headers: Vec<_> = all.iter().map(|view| first_header(study, view)).collect();
    let headers: Vec<Option<Bytes>> = stream::iter(headers).buffered(HEADERS_AT_ONCE).try_collect().await?;
    let mut rows = Vec::new();
    for (view, header) in all.iter().zip(headers) {
        let Some(first) = view.instances.first() else { continue };
        if header.is_none() && !conditions.is_empty() {
            return Err(StudyError::Waiting { retry_s: 1 }.into());
        }
        let row = with_header(first, &header.unwrap_or_default(), |header| {
            matching::matches(&header.set, header.syntax, conditions, search.fuzzy)
                .then(|| series_row(asker, &found, view, header, search, relational))
        });
        rows.extend(row);
    }
    Ok(rows)
}

/// The header of a series' first instance; `None` where it cannot be had now: what the manifest says of the series is
/// better than no list at all.
async fn first_header(study: &Arc<OpenStudy>, view: &SeriesView) -> Result<Option<Bytes>, StudyError> {
    let Some(first) = view.instances.first() else { return Ok(None) };
    match study.shown_header(&view.series, &first.instance).await {
        Err(StudyError::Unreachable { .. } | StudyError::Waiting { .. }) => Ok(None),
        other => other.map(Some),
    }
}

fn series_row(
    asker: &Asker,
    found: &FoundStudy,
    view: &SeriesView,
    header: &Parsed<'_>,
    search: &Search,
    relational: bool,
) -> Attributes {
    let study = &found.row.study;
    let url = format!("{}/studies/{study}/series/{}", asker.root, view.series);
    let mut out = if relational { study_row(asker, found, search) } else { Attributes::new() };
    out.extend([
        (tags::SPECIFIC_CHARACTER_SET, json::string("CS", Some("ISO_IR 192"))),
        (tags::INSTANCE_AVAILABILITY, json::string("CS", Some(availability(found.availability)))),
        (tags::MODALITY, json::string("CS", Some(&view.modality))),
        (tags::RETRIEVE_URL, json::string("UR", Some(&url))),
        (tags::STUDY_INSTANCE_UID, json::string("UI", Some(study.as_str()))),
        (tags::SERIES_INSTANCE_UID, json::string("UI", Some(view.series.as_str()))),
        (tags::NUMBER_OF_SERIES_RELATED_INSTANCES, json::number("IS", view.instances.len())),
    ]);
    let number = view.number.map_or_else(|| json::string("IS", None), |n| json::number("IS", n));
    out.insert(tags::SERIES_NUMBER, number);
    let all = SERIES_ALL.iter().filter(|_| search.include_all);
    let wanted = SERIES_DEFAULT.iter().chain(all).chain(&search.include).copied();
    copy(&mut out, header, wanted, &url);
    out
}

async fn instances_of(
    asker: &Asker,
    study: &Arc<OpenStudy>,
    series: Option<&Uid>,
    conditions: &[&Condition],
    search: &Search,
    relational: bool,
) -> Result<Vec<Attributes>, Problem> {
    let all = study.series().await?;
    let found = study.found();
    let mut rows = Vec::new();
    for view in all.iter().filter(|v| series.is_none_or(|s| *s == v.series)) {
        for (entry, header) in study.shown_headers(&view.series).await? {
            let row = with_header(&entry, &header, |header| {
                matching::matches(&header.set, header.syntax, conditions, search.fuzzy)
                    .then(|| instance_row(asker, &found, view, &entry, header, search))
            });
            let Some(row) = row else { continue };
            let mut out = if relational { study_row(asker, &found, search) } else { Attributes::new() };
            out.extend(row);
            rows.push(out);
        }
    }
    if rows.is_empty() && series.is_some_and(|s| !relational && all.iter().all(|v| v.series != *s)) {
        return Err(Problem::NotFound);
    }
    Ok(rows)
}

fn instance_row(
    asker: &Asker,
    found: &FoundStudy,
    view: &SeriesView,
    entry: &InstanceEntry,
    header: &Parsed<'_>,
    search: &Search,
) -> Attributes {
    let study = &found.row.study;
    let url = instance_url(&asker.root, study, &view.series, &entry.instance);
    let uid = |uid: &Uid| json::string("UI", Some(uid.as_str()));
    let mut out = Attributes::from([
        (tags::SPECIFIC_CHARACTER_SET, json::string("CS", Some("ISO_IR 192"))),
        (tags::SOP_CLASS_UID, uid(&entry.sop_class)),
        (tags::SOP_INSTANCE_UID, uid(&entry.instance)),
        (tags::INSTANCE_AVAILABILITY, json::string("CS", Some(availability(found.availability)))),
        (tags::MODALITY, json::string("CS", Some(&view.modality))),
        (tags::RETRIEVE_URL, json::string("UR", Some(&url))),
        (tags::AVAILABLE_TRANSFER_SYNTAX_UID, uid(&entry.transfer_syntax)),
        (tags::STUDY_INSTANCE_UID, uid(study)),
        (tags::SERIES_INSTANCE_UID, uid(&view.series)),
    ]);
    let bulk_root = format!("{url}/bulkdata");
    copy(&mut out, header, INSTANCE_DEFAULT.iter().chain(&search.include).copied(), &bulk_root);
    if search.include_all {
        let every = header.set.elements.iter().map(|e| e.tag).filter(|t| t.1 != 0 && t.0 > 2 && *t != tags::PIXEL_DATA);
        copy(&mut out, header, every, &bulk_root);
    }
    out
}

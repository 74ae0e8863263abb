//! C-FIND as provider (PS3.4 C.4.1): patient root and study root, at every level, over own and peers' studies.
//!
//! Studies and patients are answered from the list alone. Series and instances come from the headers of an opened study,
//! so any attribute of theirs can be asked for and matched; opening is evidence. A key that cannot be matched is taken as
//! universal and said so (FF01). Where relational queries were agreed on, the levels above need not be named. A question for
//! studies that names one patient by an ID with its issuer is asked of peers, too.
//!
//! # Not here
//! Matching inside sequences: a sequence asked for is answered empty.

use super::{
    association::Association,
    identifier::{self, Identifier},
    link::LinkError,
    message::Command,
    negotiate::Context,
    question::{self, Asker, Level},
    refusals::Operation,
    status::Status,
};
use crate::{
    archive::value_matches,
    studies::{Availability, FoundStudy, OpenStudy, SeriesView, StudyError},
    users::Reach,
};
use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use protocol::{AeTitle, manifest::InstanceEntry};
use std::collections::BTreeMap;

/// An identifier has some thirty short keys, and at most a long list of UIDs.
pub(super) const IDENTIFIER_BYTES_MAX: usize = 256 * 1024;
/// Studies opened by one question below study level.
const OPENED_MAX: usize = 100;

type Attributes = BTreeMap<Tag, String>;

/// Answers one question.
pub(super) async fn find(
    association: &mut Association,
    asker: &mut Asker,
    title: &AeTitle,
    context: &Context,
    request: &Command,
) -> Result<(), LinkError> {
    let bytes = association.whole(context, IDENTIFIER_BYTES_MAX).await?;
    let syntax = context.transfer_syntax.as_str();
    let identifier = Identifier::decode(&bytes, syntax);
    // Also what is cancelled at once was asked.
    let answers = match asked(asker, context, &identifier).await {
        Err(status) => Err(status),
        Ok(asked) => tokio::select! {
            biased;
            cancelled = association.cancelled(request.id()) => {
                // Questions to peers end with it.
                cancelled?;
                return association.send(context.id, &Command::answer(request, Status::CANCELLED)).await;
            }
            answers = answers(asker, context, &identifier, asked) => answers,
        },
    };
    let answers = match answers {
        Ok(answers) => answers,
        Err(status) => {
            let status = asker.in_vain(Operation::Find, status, &identifier).await;
            return association.send(context.id, &Command::answer(request, status)).await;
        }
    };
    for answer in answers {
        if association.is_cancelled(request.id())? {
            return association.send(context.id, &Command::answer(request, Status::CANCELLED)).await;
        }
        let (shown, status) = shown(answer, &identifier, title);
        let data = identifier::encode(&shown, syntax, identifier.is_latin_1());
        association.send_with(context.id, &Command::answer_with_data(request, status), data).await?;
    }
    association.send(context.id, &Command::answer(request, Status::SUCCESS)).await
}

/// Of what is known the attributes asked for, those not known empty.
fn shown(mut known: Attributes, identifier: &Identifier, title: &AeTitle) -> (Attributes, Status) {
    let mut out = Attributes::from([(tags::RETRIEVE_AE_TITLE, title.to_string())]);
    let mut status = Status::PENDING;
    for tag in identifier.tags().filter(|tag| tag.1 != 0) {
        let value = known.remove(&tag);
        let is_known = value.is_some() || tag == tags::SPECIFIC_CHARACTER_SET || tag == tags::RETRIEVE_AE_TITLE;
        if !is_known && identifier.text(tag).is_some() {
            status = Status::PENDING_UNMATCHED;
        }
        out.entry(tag).or_insert_with(|| value.unwrap_or_default());
    }
    (out, status)
}

/// Whether it may be asked, and at which level; it is written down.
async fn asked(asker: &mut Asker, context: &Context, identifier: &Identifier) -> Result<(Level, Reach), Status> {
    let reach = asker.caller.reach(Operation::Find, question::one_study(identifier).as_ref()).await?;
    let level = Level::of(identifier, &context.abstract_syntax).ok_or(Status::BAD_IDENTIFIER)?;
    question::check_times(identifier)?;
    asker.write_queried(level, identifier).await?;
    Ok((level, reach))
}

async fn answers(
    asker: &mut Asker,
    context: &Context,
    identifier: &Identifier,
    (level, reach): (Level, Reach),
) -> Result<Vec<Attributes>, Status> {
    let mut query = question::study_query(identifier, context.options)?;
    let named = |tag| question::uids(identifier, tag).map(|uids| !uids.is_empty());
    let is_below = level > Level::Study;
    let is_relational = context.options.relational;
    if is_below && is_relational && !asker.narrow(&mut query, identifier).await? {
        return Ok(Vec::new());
    }
    // Hierarchical queries name the level above (PS3.4 C.4.1.2.1).
    let has_study = !is_below || named(tags::STUDY_INSTANCE_UID)?;
    let has_series = level < Level::Image || named(tags::SERIES_INSTANCE_UID)?;
    let is_placed = is_relational || has_study && has_series;
    if !is_placed {
        return Err(Status::BAD_IDENTIFIER);
    }
    if query.study.len() > OPENED_MAX && is_below {
        return Err(Status::TOO_MANY);
    }
    // Of a study that is below, headers are read: what peers tell of is opened by then.
    let found = if is_below { asker.found(&query, reach).await? } else { asker.found_live(&query, reach).await? };
    if found.len() > OPENED_MAX && is_below {
        return Err(Status::TOO_MANY);
    }
    if level == Level::Patient {
        return Ok(patients(&found).into_iter().filter(|row| is_asked(row, row, identifier)).collect());
    }
    if level == Level::Study {
        return Ok(found.iter().map(study_attributes).filter(|row| is_asked(row, row, identifier)).collect());
    }
    let mut answers = Vec::new();
    for found in found {
        let below = below(asker, &found, level, identifier).await;
        match below {
            Ok(rows) => answers.extend(rows),
            // Gone or forbidden meanwhile: it is not among the matches.
            Err(StudyError::NotFound | StudyError::Refused(_)) => {}
            Err(error) => return Err(question::status_of(&error)),
        }
    }
    Ok(answers)
}

/// Series or instances of a study that match.
async fn below(
    asker: &Asker,
    found: &FoundStudy,
    level: Level,
    identifier: &Identifier,
) -> Result<Vec<Attributes>, StudyError> {
    let study = asker.studies.open(&asker.person, &found.row.study).await?;
    let above = study_attributes(found);
    let wanted = question::uids(identifier, tags::SERIES_INSTANCE_UID).unwrap_or_default();
    let mut rows = Vec::new();
    for view in study.series().await?.iter().filter(|v| wanted.is_empty() || wanted.contains(&v.series)) {
        if level == Level::Series {
            rows.push(series_attributes(&study, view, &above, identifier).await?);
            continue;
        }
        for (entry, header) in study.shown_headers(&view.series).await? {
            let mut row = of_header(&entry, &header, &above, identifier);
            row.extend(own_series(view));
            row.extend([
                (tags::QUERY_RETRIEVE_LEVEL, Level::Image.word().to_owned()),
                (tags::SOP_INSTANCE_UID, entry.instance.to_string()),
                (tags::SOP_CLASS_UID, entry.sop_class.to_string()),
                (tags::INSTANCE_NUMBER, entry.number.map(|n| n.to_string()).unwrap_or_default()),
            ]);
            rows.push(row);
        }
    }
    rows.retain(|row| is_asked(row, &above, identifier));
    Ok(rows)
}

async fn series_attributes(
    study: &OpenStudy,
    view: &SeriesView,
    above: &Attributes,
    identifier: &Identifier,
) -> Result<Attributes, StudyError> {
    let mut row = above.clone();
    if let Some(first) = view.instances.first() {
        match study.shown_header(&view.series, &first.instance).await {
            Ok(header) => row = of_header(first, &header, above, identifier),
            // What the manifest says is better than no answer.
            Err(StudyError::Unreachable { .. } | StudyError::Waiting { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    row.extend(own_series(view));
    row.insert(tags::QUERY_RETRIEVE_LEVEL, Level::Series.word().to_owned());
    Ok(row)
}

/// What the study says, and of the header what was asked for: text that it lacks is empty, and matches nothing asked.
fn of_header(entry: &InstanceEntry, header: &Bytes, above: &Attributes, identifier: &Identifier) -> Attributes {
    let header = Identifier::decode(header, entry.transfer_syntax.as_str());
    let mut row = above.clone();
    let is_read = header.tags().next().is_some();
    for tag in identifier.tags() {
        let text =
            header.text(tag).or_else(|| (is_read && identifier::is_text(identifier::vr_of(tag))).then(String::new));
        if let Some(text) = text {
            row.entry(tag).or_insert(text);
        }
    }
    row
}

fn own_series(view: &SeriesView) -> [(Tag, String); 4] {
    [
        (tags::SERIES_INSTANCE_UID, view.series.to_string()),
        (tags::MODALITY, view.modality.clone()),
        (tags::SERIES_NUMBER, view.number.map(|n| n.to_string()).unwrap_or_default()),
        (tags::NUMBER_OF_SERIES_RELATED_INSTANCES, view.instances.len().to_string()),
    ]
}

/// Whether a row has what was asked. What the search for studies has judged already is not judged again.
fn is_asked(row: &Attributes, above: &Attributes, identifier: &Identifier) -> bool {
    const JUDGED: [Tag; 14] = [
        tags::STUDY_INSTANCE_UID,
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::ISSUER_OF_PATIENT_ID,
        tags::PATIENT_BIRTH_DATE,
        tags::PATIENT_SEX,
        tags::NUMBER_OF_STUDY_RELATED_SERIES,
        tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
        tags::ACCESSION_NUMBER,
        tags::STUDY_DESCRIPTION,
        tags::REFERRING_PHYSICIAN_NAME,
        tags::STUDY_ID,
        tags::STUDY_DATE,
        tags::STUDY_TIME,
    ];
    const TOLD: [Tag; 4] =
        [tags::QUERY_RETRIEVE_LEVEL, tags::SPECIFIC_CHARACTER_SET, tags::RETRIEVE_AE_TITLE, tags::MODALITIES_IN_STUDY];
    let is_free = |tag: &Tag| !(TOLD.contains(tag) || JUDGED.contains(tag) && above.contains_key(tag));
    identifier.tags().filter(is_free).all(|tag| match (identifier.text(tag), row.get(&tag)) {
        (Some(pattern), Some(value)) => value_matches(identifier::vr_of(tag), &pattern, value),
        _ => true,
    })
}

fn study_attributes(found: &FoundStudy) -> Attributes {
    let row = &found.row;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let availability = match found.availability {
        Availability::Online => "ONLINE",
        Availability::Nearline | Availability::Remote => "NEARLINE",
        Availability::Unreachable | Availability::Closed => "OFFLINE",
    };
    Attributes::from([
        (tags::QUERY_RETRIEVE_LEVEL, Level::Study.word().to_owned()),
        (tags::INSTANCE_AVAILABILITY, availability.to_owned()),
        (tags::STUDY_DATE, text(&row.date)),
        (tags::STUDY_TIME, text(&row.time)),
        (tags::ACCESSION_NUMBER, text(&row.accession)),
        (tags::REFERRING_PHYSICIAN_NAME, text(&row.referrer)),
        (tags::STUDY_DESCRIPTION, text(&row.description)),
        (tags::MODALITIES_IN_STUDY, row.modalities.join("\\")),
        (tags::PATIENT_NAME, text(&row.patient.name)),
        (tags::PATIENT_ID, text(&row.patient.id)),
        (tags::ISSUER_OF_PATIENT_ID, text(&row.patient.issuer)),
        (tags::PATIENT_BIRTH_DATE, text(&row.patient.birth_date)),
        (tags::PATIENT_SEX, text(&row.patient.sex)),
        (tags::STUDY_INSTANCE_UID, row.study.to_string()),
        (tags::STUDY_ID, text(&row.study_id)),
        (tags::NUMBER_OF_STUDY_RELATED_SERIES, row.series.to_string()),
        (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, row.instances.to_string()),
    ])
}

/// One row per patient ID and issuer; studies without an ID are no patient that could be named again.
fn patients(found: &[FoundStudy]) -> Vec<Attributes> {
    let mut by_id: BTreeMap<(String, String), Vec<&FoundStudy>> = BTreeMap::new();
    for study in found {
        let patient = &study.row.patient;
        if let Some(id) = patient.id.clone() {
            by_id.entry((id, patient.issuer.clone().unwrap_or_default())).or_default().push(study);
        }
    }
    let row = |((id, issuer), studies): ((String, String), Vec<&FoundStudy>)| {
        let patient = studies.first().map(|study| study.row.patient.clone()).unwrap_or_default();
        let sum = |of: fn(&FoundStudy) -> u32| studies.iter().map(|s| u64::from(of(s))).sum::<u64>().to_string();
        Attributes::from([
            (tags::QUERY_RETRIEVE_LEVEL, Level::Patient.word().to_owned()),
            (tags::PATIENT_ID, id),
            (tags::ISSUER_OF_PATIENT_ID, issuer),
            (tags::PATIENT_NAME, patient.name.unwrap_or_default()),
            (tags::PATIENT_BIRTH_DATE, patient.birth_date.unwrap_or_default()),
            (tags::PATIENT_SEX, patient.sex.unwrap_or_default()),
            (tags::NUMBER_OF_PATIENT_RELATED_STUDIES, studies.len().to_string()),
            (tags::NUMBER_OF_PATIENT_RELATED_SERIES, sum(|study| study.row.series)),
            (tags::NUMBER_OF_PATIENT_RELATED_INSTANCES, sum(|study| study.row.instances)),
        ])
    };
    by_id.into_iter().map(row).collect()
}

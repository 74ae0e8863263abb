//! Asking a source: which studies, and what is in one.
//!
//! Studies of long spans are asked for in pieces, halved where a source has more than it or we give at once. What it
//! answers outside what was asked is left out.

use super::{Access, Answer, Inner, Level, Secret, Source, SourceError, web};
use crate::archive::StudyRow;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use jiff::{ToSpan, civil::Date};
use protocol::{
    Uid,
    manifest::{Completeness, Patient},
};

/// Rows of one question.
const ROWS_MAX: usize = 5_000;
/// Instances of one study.
const INSTANCES_MAX: usize = 100_000;
/// Rows of all pieces of one span.
const ROWS_OF_SPAN_MAX: usize = 500_000;

const STUDY_WISHES: [Tag; 16] = [
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::MODALITIES_IN_STUDY,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DESCRIPTION,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_ID,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
    tags::SPECIFIC_CHARACTER_SET,
];

/// A series as a source lists it.
#[derive(Clone, Debug)]
pub(super) struct ListedSeries {
    pub(super) series: Uid,
    /// Instance and its class, where told.
    pub(super) instances: Vec<(Uid, Option<Uid>)>,
}

/// Today's date here, `YYYYMMDD`.
pub(super) fn today() -> String {
    shown(jiff::Zoned::now().date())
}

pub(super) fn shown(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

pub(super) fn date_of(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year = text.get(0..4)?.parse().ok()?;
    Date::new(year, text.get(4..6)?.parse().ok()?, text.get(6..8)?.parse().ok()?).ok()
}

impl Inner {
    /// Asks a source for rows.
    pub(super) async fn ask(
        &self,
        source: &Source,
        level: Level,
        keys: &Answer,
        most: usize,
    ) -> Result<Vec<Answer>, SourceError> {
        let asking = async {
            match &source.access {
                Access::Dimse(to) => self.dimse()?.find(to, level, keys, most).await,
                Access::Dicomweb(to) => {
                    let secret = Secret::read(&self.dir, &source.name);
                    web::find(to, secret.as_ref(), level, keys, most).await
                }
            }
        };
        let answer = tokio::select! {
            answer = asking => answer,
            () = self.tasks.stopping() => Err(SourceError::Stopping),
        };
        self.note(&source.name, &answer);
        answer
    }

    /// Studies that match.
    pub(super) async fn studies_like(&self, source: &Source, keys: &Answer) -> Result<Vec<StudyRow>, SourceError> {
        let mut asked: Answer = STUDY_WISHES.iter().map(|tag| (*tag, String::new())).collect();
        asked.extend(keys.iter().map(|(tag, value)| (*tag, value.clone())));
        let answers = self.ask(source, Level::Study, &asked, ROWS_MAX).await?;
        Ok(answers.iter().filter_map(|answer| study_row(answer, &source.issuer)).collect())
    }

    /// Studies between two dates, inclusive. Where both are open: all, with those that have no date if the source gives
    /// all at once.
    pub(super) async fn studies_between(
        &self,
        source: &Source,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Vec<StudyRow>, SourceError> {
        if from.is_none() && to.is_none() {
            match self.studies_like(source, &Answer::new()).await {
                Err(SourceError::TooMany) => {}
                answer => return answer,
            }
        }
        let wrong = || SourceError::Unfit("a date is YYYYMMDD");
        let first = from.map_or(Some(Date::constant(1970, 1, 1)), date_of).ok_or_else(wrong)?;
        let last = to.map_or_else(|| Some(jiff::Zoned::now().date()), date_of).ok_or_else(wrong)?;
        let mut spans = years(first, last);
        let mut rows: Vec<StudyRow> = Vec::new();
        while let Some((first, last)) = spans.pop() {
            let span = format!("{}-{}", shown(first), shown(last));
            match self.studies_like(source, &Answer::from([(tags::STUDY_DATE, span)])).await {
                Ok(found) => {
                    let (first, last) = (shown(first), shown(last));
                    let is_in = |date: &String| (&first..=&last).contains(&date);
                    rows.extend(found.into_iter().filter(|row| row.date.as_ref().is_some_and(is_in)));
                }
                Err(SourceError::TooMany) if first < last => spans.extend(halves(first, last)),
                Err(error) => return Err(error),
            }
            if rows.len() > ROWS_OF_SPAN_MAX {
                return Err(SourceError::TooMany);
            }
        }
        rows.sort_by(|a, b| (&a.date, &a.study).cmp(&(&b.date, &b.study)));
        rows.dedup_by(|a, b| a.study == b.study);
        Ok(rows)
    }

    /// The instances that a source lists of a study.
    pub(super) async fn contents(&self, source: &Source, study: &Uid) -> Result<Vec<ListedSeries>, SourceError> {
        let study_key = (tags::STUDY_INSTANCE_UID, study.to_string());
        let keys = Answer::from([study_key.clone(), (tags::SERIES_INSTANCE_UID, String::new())]);
        let mut listed = Vec::new();
        let mut count = 0;
        for series in uids(&self.ask(source, Level::Series, &keys, INSTANCES_MAX).await?, tags::SERIES_INSTANCE_UID) {
            let keys = Answer::from([
                study_key.clone(),
                (tags::SERIES_INSTANCE_UID, series.to_string()),
                (tags::SOP_INSTANCE_UID, String::new()),
                (tags::SOP_CLASS_UID, String::new()),
            ]);
            let answers = self.ask(source, Level::Image, &keys, INSTANCES_MAX).await?;
            let uid = |answer: &Answer, tag| answer.get(&tag).and_then(|text| Uid::parse(text).ok());
            let mut instances: Vec<(Uid, Option<Uid>)> = answers
                .iter()
                .filter_map(|answer| Some((uid(answer, tags::SOP_INSTANCE_UID)?, uid(answer, tags::SOP_CLASS_UID))))
                .collect();
            instances.sort();
            instances.dedup_by(|a, b| a.0 == b.0);
            count += instances.len();
            if count > INSTANCES_MAX {
                return Err(SourceError::TooMany);
            }
            listed.push(ListedSeries { series, instances });
        }
        Ok(listed)
    }
}

fn uids(answers: &[Answer], tag: Tag) -> Vec<Uid> {
    let mut all: Vec<Uid> = answers.iter().filter_map(|a| Uid::parse(a.get(&tag)?).ok()).collect();
    all.sort();
    all.dedup();
    all
}

/// The years of a span, the last first: those at the end of the list are asked for first.
fn years(first: Date, last: Date) -> Vec<(Date, Date)> {
    let mut spans = Vec::new();
    let mut from = first;
    while from <= last {
        let to = Date::new(from.year(), 12, 31).unwrap_or(last).min(last);
        spans.push((from, to));
        let Ok(next) = to.tomorrow() else { break };
        from = next;
    }
    spans
}

fn halves(first: Date, last: Date) -> [(Date, Date); 2] {
    let days = last.since(first).map_or(1, |span| span.get_days());
    let middle = first.checked_add((days / 2).days()).unwrap_or(first);
    [(first, middle), (middle.tomorrow().unwrap_or(last), last)]
}

/// A study as a source tells it; `None`: it names none.
fn study_row(answer: &Answer, issuer: &str) -> Option<StudyRow> {
    let text = |tag: Tag| {
        let value: String = answer.get(&tag)?.chars().filter(|c| !c.is_control()).take(256).collect();
        let value = value.trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    let list = |tag: Tag| {
        let mut all: Vec<String> =
            text(tag).iter().flat_map(|all| all.split('\\')).map(|one| one.trim().to_owned()).collect();
        all.retain(|one| !one.is_empty());
        all.sort();
        all.dedup();
        all.truncate(64);
        all
    };
    let number = |tag| text(tag).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let now = crate::tasks::now();
    Some(StudyRow {
        study: Uid::parse(answer.get(&tags::STUDY_INSTANCE_UID)?.trim()).ok()?,
        patient: Patient {
            name: text(tags::PATIENT_NAME),
            birth_date: text(tags::PATIENT_BIRTH_DATE),
            sex: text(tags::PATIENT_SEX),
            id: text(tags::PATIENT_ID),
            issuer: Some(text(tags::ISSUER_OF_PATIENT_ID).unwrap_or_else(|| issuer.to_owned())),
        },
        date: text(tags::STUDY_DATE).filter(|date| date_of(date).is_some()),
        time: text(tags::STUDY_TIME).map(|time| time.split('.').next().unwrap_or_default().to_owned()),
        utc_offset_min: None,
        national: None,
        modalities: list(tags::MODALITIES_IN_STUDY),
        body_parts: Vec::new(),
        description: text(tags::STUDY_DESCRIPTION),
        accession: text(tags::ACCESSION_NUMBER),
        referrer: text(tags::REFERRING_PHYSICIAN_NAME),
        study_id: text(tags::STUDY_ID),
        series: number(tags::NUMBER_OF_STUDY_RELATED_SERIES),
        instances: number(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
        bytes: 0,
        arrived: now,
        changed: now,
        completeness: Completeness::Arriving,
        version: 0,
        patient_conflict: false,
        amended: None,
        labels: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        date_of(text).unwrap()
    }

    #[test]
    fn spans_are_cut_without_gap_or_overlap() {
        let spans = years(date("20221105"), date("20240203"));
        let shown: Vec<_> = spans.iter().map(|(a, b)| (shown(*a), shown(*b))).collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(shown, [pair("20221105", "20221231"), pair("20230101", "20231231"), pair("20240101", "20240203")]);
        let (mut todo, mut days) = (vec![(date("20240101"), date("20240331"))], Vec::new());
        while let Some((first, last)) = todo.pop() {
            if first == last { days.push(first) } else { todo.extend(halves(first, last)) }
        }
        days.sort();
        days.dedup();
        assert_eq!(days.len(), 91, "31 + 29 + 31 days, each once");
    }

    #[test]
    fn a_row_has_the_issuer_of_its_source_unless_it_names_one() {
        let mut answer = Answer::from([
            (tags::STUDY_INSTANCE_UID, "1.2.3".to_owned()),
            (tags::PATIENT_ID, "42".to_owned()),
            (tags::MODALITIES_IN_STUDY, "SR\\CT".to_owned()),
            (tags::STUDY_DATE, "2024".to_owned()),
            (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, "x".to_owned()),
        ]);
        let row = study_row(&answer, "CH").unwrap();
        assert_eq!((row.patient.issuer.as_deref(), row.date, row.instances), (Some("CH"), None, 0));
        assert_eq!(row.modalities, ["CT", "SR"]);
        answer.insert(tags::ISSUER_OF_PATIENT_ID, "OTHER".to_owned());
        assert_eq!(study_row(&answer, "CH").unwrap().patient.issuer.as_deref(), Some("OTHER"));
        answer.insert(tags::STUDY_INSTANCE_UID, "no".to_owned());
        assert!(study_row(&answer, "CH").is_none());
    }
}

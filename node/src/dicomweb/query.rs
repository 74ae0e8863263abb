//! Reads the query of a search (PS3.18 §8.3.4): which attributes must match what, which are wanted back, which page.
//!
//! Attributes are named by keyword or tag, nested ones joined by dots. A name no dictionary knows is an error, not
//! something to be ignored: a filter that is silently dropped shows other patients' studies.
//!
//! # Not here
//! Matching: [`super::matching`] for headers, `archive::StudyQuery` for studies.

use super::{dataset, error::Problem};
use crate::archive::StudyQuery;
use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use protocol::Uid;

/// Longest query read, bytes: a UID list of 100 studies fits.
const QUERY_BYTES_MAX: usize = 8 * 1024;
/// Results in one answer at most, so that no answer grows without bound.
pub(super) const LIMIT_MAX: usize = 1000;

/// A condition on an attribute: the path to it and the text to match.
pub(super) type Condition = (Vec<Tag>, String);

/// A search as asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) conditions: Vec<Condition>,
    pub(super) include: Vec<Tag>,
    pub(super) include_all: bool,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) fuzzy: bool,
    /// Whether peers are asked now; `None`: as the site has it set.
    pub(super) live: Option<bool>,
}

/// The decoded name-value pairs of a query.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(Problem::bad("the query is too long"));
    }
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Undoes percent-encoding; `+` is a space, as forms write it.
fn decode(text: &str) -> Result<String, Problem> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit =
                    |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
                match (digit(bytes.next()), digit(bytes.next())) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(Problem::bad("the query is not percent-encoded rightly")),
                }
            }
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| Problem::bad("the query is not UTF-8"))
}

impl Search {
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let mut search = Self::default();
        for (name, value) in pairs(query)? {
            let number = || value.trim().parse::<usize>().map_err(|_| Problem::bad(format!("{name} is not a number")));
            match name.to_ascii_lowercase().as_str() {
                "limit" => search.limit = Some(number()?),
                "offset" => search.offset = number()?,
                "fuzzymatching" => search.fuzzy = switch(&name, &value)?.unwrap_or_default(),
                // Ours: no attribute is called so.
                "live" => search.live = switch(&name, &value)?,
                "includefield" | "includefields" => {
                    for field in value.split(',').map(str::trim).filter(|f| !f.is_empty()) {
                        if field.eq_ignore_ascii_case("all") {
                            search.include_all = true;
                        } else {
                            search.include.extend(path(field)?.first());
                        }
                    }
                }
                "accept" | "charset" | "orderby" | "emptyvaluematching" | "multiplevaluematching" => {}
                _ => {
                    let path = path(&name)?;
                    let value = value.trim();
                    // What is asked of an attribute also asks for it (PS3.18 §10.6.3.3).
                    search.include.extend(path.first());
                    if !value.is_empty() && value != "*" {
                        search.conditions.push((path, value.to_owned()));
                    }
                }
            }
        }
        Ok(search)
    }

    /// How many results to give at most.
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT_MAX).min(LIMIT_MAX)
    }

    /// The attributes asked by, without what was asked: for the log.
    pub(super) fn shape(&self) -> String {
        let mut names: Vec<String> = self
            .conditions
            .iter()
            .flat_map(|(path, _)| path.first())
            .map(|t| format!("{:04X}{:04X}", t.0, t.1))
            .collect();
        names.sort();
        names.dedup();
        names.truncate(16);
        if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
    }

    /// Splits off what is asked of the study; the rest is asked of series or instances.
    pub(super) fn split(&self) -> Result<(StudyQuery, Vec<&Condition>), Problem> {
        let mut study = StudyQuery { fuzzy: self.fuzzy, ..StudyQuery::default() };
        let mut rest = Vec::new();
        for condition in &self.conditions {
            if !ask_study(&mut study, condition)? {
                check(condition)?;
                rest.push(condition);
            }
        }
        Ok((study, rest))
    }
}

fn switch(name: &str, value: &str) -> Result<Option<bool>, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        "" => Ok(None),
        _ => Err(Problem::bad(format!("{name} is true or false"))),
    }
}

/// An attribute by keyword or tag; nested ones joined by dots.
pub(super) fn path(name: &str) -> Result<Vec<Tag>, Problem> {
    let unknown = || Problem::bad(format!("unknown attribute {}", name.chars().take(64).collect::<String>()));
    let steps: Vec<Tag> =
        name.split('.').take(9).map(|step| attribute(step).ok_or_else(unknown)).collect::<Result<_, _>>()?;
    if steps.len() > 8 { Err(unknown()) } else { Ok(steps) }
}

fn attribute(name: &str) -> Option<Tag> {
    if let Some(entry) = StandardDataDictionary.by_name(name) {
        return Some(entry.tag());
    }
    if name.len() != 8 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let tag = Tag(u16::from_str_radix(name.get(..4)?, 16).ok()?, u16::from_str_radix(name.get(4..)?, 16).ok()?);
    let known = tag.0 % 2 == 1 || StandardDataDictionary.by_tag(tag).is_some();
    known.then_some(tag)
}

/// Takes a condition on the study; `false` when it is not one.
fn ask_study(query: &mut StudyQuery, (path, value): &Condition) -> Result<bool, Problem> {
    let [tag] = path.as_slice() else { return Ok(false) };
    let text = Some(value.clone());
    match *tag {
        tags::STUDY_INSTANCE_UID => query.study = uids(value)?,
        tags::PATIENT_NAME => query.patient_name = text,
        tags::PATIENT_ID => query.patient_id = text,
        tags::ISSUER_OF_PATIENT_ID => query.issuer = text,
        tags::PATIENT_BIRTH_DATE => {
            range(value, VR::DA)?;
            query.birth_date = text;
        }
        tags::PATIENT_SEX => query.sex = list(value).map(str::to_owned).collect(),
        tags::NUMBER_OF_STUDY_RELATED_SERIES => query.series = text,
        tags::NUMBER_OF_STUDY_RELATED_INSTANCES => query.instances = text,
        tags::ACCESSION_NUMBER => query.accession = text,
        tags::STUDY_DESCRIPTION => query.description = text,
        tags::REFERRING_PHYSICIAN_NAME => query.referrer = text,
        tags::STUDY_ID => query.study_id = text,
        tags::STUDY_DATE => (query.date_from, query.date_to) = range(value, VR::DA)?,
        tags::STUDY_TIME => (query.time_from, query.time_to) = range(value, VR::TM)?,
        tags::MODALITIES_IN_STUDY => {
            query.modalities = list(value).map(str::to_owned).collect();
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether what is asked of a date or time can be one: nothing would be found, and nobody told why.
fn check((path, value): &Condition) -> Result<(), Problem> {
    let vr = path.last().map_or(VR::LO, |tag| dataset::dictionary_vr(*tag, false));
    match vr {
        VR::DA | VR::TM => range(value, vr).map(|_| ()),
        VR::DT => {
            let legal = value.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b));
            let told = value.bytes().filter(u8::is_ascii_digit).count() >= 4;
            if legal && told { Ok(()) } else { Err(Problem::bad("not a date and time or range of them")) }
        }
        _ => Ok(()),
    }
}

/// Values of a list, joined by comma or backslash.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', '\\']).map(str::trim).filter(|v| !v.is_empty())
}

pub(super) fn uids(value: &str) -> Result<Vec<Uid>, Problem> {
    list(value).map(|v| Uid::parse(v).map_err(|_| Problem::bad("not a UID"))).collect()
}

/// The two ends of a range of dates or times, either of them open, or of one value alone.
pub(super) fn range(value: &str, vr: VR) -> Result<(Option<String>, Option<String>), Problem> {
    let (from, to) = value.split_once('-').unwrap_or((value, value));
    let side = |text: &str| -> Result<Option<String>, Problem> {
        let text = text.trim();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let legal = match vr {
            VR::DA => text.len() == digits && digits == 8,
            _ => text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b':') && (2..=20).contains(&digits),
        };
        match text {
            "" => Ok(None),
            _ if legal => Ok(Some(text.to_owned())),
            _ => Err(Problem::bad("not a date, time or range of them")),
        }
    };
    Ok((side(from)?, side(to)?))
}

/// The VR of an attribute for answers that have no value for it.
pub(super) fn vr_of(tag: Tag) -> &'static str {
    dataset::dictionary_vr(tag, false).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewer_s_study_search_is_read() {
        let search = Search::parse(
            "limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060,00080090&PatientName=*M%C3%BCl%2A&\
             StudyDate=20200101-20201231&00080061=CT%5CMR&StudyInstanceUID=1.2.3,1.2.4",
        )
        .unwrap();
        assert_eq!((search.limit(), search.offset), (101, 0));
        assert_eq!(search.include.len(), 7, "what is asked for, and what is asked of");
        let (study, rest) = search.split().unwrap();
        assert!(rest.is_empty());
        assert_eq!(study.patient_name.as_deref(), Some("*Mül*"));
        assert_eq!((study.date_from.as_deref(), study.date_to.as_deref()), (Some("20200101"), Some("20201231")));
        assert_eq!(study.modalities, ["CT", "MR"]);
        assert_eq!(study.study.len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "PatientNam=x",
            "00109999=x",
            "limit=-1",
            "limit=x",
            "offset=99999999999999999999999",
            "StudyDate=2020",
            "StudyDate=20200101-2020",
            "SeriesDate=yesterday",
            "AcquisitionDateTime=noon",
            "RequestAttributesSequence.00400002=2020",
            "PatientName=%zz",
            "PatientName=%ff",
            "PatientName=%f",
            "fuzzymatching=perhaps",
            "live=perhaps",
            "includefield=Nonsense",
            "StudyInstanceUID=../etc",
        ] {
            let split = Search::parse(wrong).and_then(|s| s.split().map(|_| ()));
            assert!(matches!(split, Err(Problem::BadRequest(_))), "{wrong}");
        }
    }

    #[test]
    fn universal_matching_asks_nothing() {
        let search = Search::parse("PatientName=&PatientID=*&&=").unwrap_err();
        assert!(matches!(search, Problem::BadRequest(_)));
        assert!(Search::parse("PatientName=&PatientID=*").unwrap().conditions.is_empty());
        assert_eq!(Search::parse("StudyDate=-20200101").unwrap().split().unwrap().0.date_from, None);
        assert_eq!(
            Search::parse("RequestAttributesSequence.ScheduledProcedureStepID=7").unwrap().conditions[0].0.len(),
            2
        );
    }
}

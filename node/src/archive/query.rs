//! Which studies a search means: matching after PS3.4 C.2.2.2, the same for our rows and peers' cards.
//!
//! # Not here
//! Matching one value: [`super::matching`]. Finding candidates quickly: [`super::index`]. Translating a door's parameters: the doors.

use super::{
    matching::{asked, code, fold, is_between, name_matches, range, value_matches, wild},
    rows::StudyRow,
};
use dicom_core::VR;
use protocol::Uid;

/// What a study search asks. All given conditions must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct StudyQuery {
    pub(crate) study: Vec<Uid>,
    /// Matched per PS3.4 C.2.2.2: wildcards, case- and accent-insensitive.
    pub(crate) patient_name: Option<String>,
    pub(crate) patient_id: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) birth_date: Option<String>,
    /// Any of these; wildcards.
    pub(crate) sex: Vec<String>,
    pub(crate) accession: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) referrer: Option<String>,
    pub(crate) study_id: Option<String>,
    /// Inclusive, `YYYYMMDD`; either side open.
    pub(crate) date_from: Option<String>,
    pub(crate) date_to: Option<String>,
    pub(crate) time_from: Option<String>,
    pub(crate) time_to: Option<String>,
    /// How many series and instances it has.
    pub(crate) series: Option<String>,
    pub(crate) instances: Option<String>,
    /// Any of these.
    pub(crate) modalities: Vec<String>,
    /// All of these, as they are written.
    pub(crate) labels: Vec<String>,
    /// Free text over name, ID, accession, description, labels (the portal's search box).
    pub(crate) text: Option<String>,
    pub(crate) fuzzy: bool,
    /// Dates and times are the ends of one range, not two (PS3.4 C.2.2.2.5).
    pub(crate) date_time: bool,
}

impl StudyQuery {
    /// Whether a study with these attributes matches; the same rule for local rows and peers' cards.
    pub(crate) fn matches(&self, row: &StudyRow) -> bool {
        (self.study.is_empty() || self.study.contains(&row.study))
            && self.matches_codes(row)
            && self.matches_names(row)
            && self.matches_times(row)
            && self.labels.iter().all(|label| row.labels.contains(label))
            && self.text.as_deref().is_none_or(|text| has_words(row, text))
    }

    /// Whether it asks more than name, words, modalities and whole dates.
    pub(super) fn asks_more(&self) -> bool {
        let is_partial = |date: &Option<String>| {
            date.as_deref().is_some_and(|d| d.len() != 8 || !d.bytes().all(|b| b.is_ascii_digit()))
        };
        let others = [
            &self.patient_id,
            &self.issuer,
            &self.birth_date,
            &self.accession,
            &self.description,
            &self.referrer,
            &self.study_id,
            &self.time_from,
            &self.time_to,
            &self.series,
            &self.instances,
        ];
        !self.study.is_empty()
            || !self.sex.is_empty()
            || !self.labels.is_empty()
            || others.into_iter().any(|other| asked(other.as_deref()).is_some())
            || is_partial(&self.date_from)
            || is_partial(&self.date_to)
    }

    fn matches_codes(&self, row: &StudyRow) -> bool {
        code(self.patient_id.as_deref(), row.patient.id.as_deref())
            && code(self.issuer.as_deref(), row.patient.issuer.as_deref())
            && code(self.accession.as_deref(), row.accession.as_deref())
            && code(self.study_id.as_deref(), row.study_id.as_deref())
            && count(self.series.as_deref(), row.series)
            && count(self.instances.as_deref(), row.instances)
            && any_code(&self.sex, row.patient.sex.as_deref())
            && (self.modalities.is_empty()
                || self.modalities.iter().any(|asked| row.modalities.iter().any(|m| wild(asked, m))))
    }

    fn matches_names(&self, row: &StudyRow) -> bool {
        let name = |asked: &Option<String>, value: &Option<String>| {
            asked.as_deref().is_none_or(|asked| name_matches(asked, value.as_deref(), self.fuzzy))
        };
        name(&self.patient_name, &row.patient.name)
            && name(&self.referrer, &row.referrer)
            && asked(self.description.as_deref()).is_none_or(|pattern| {
                row.description.as_deref().is_some_and(|value| wild(&fold(pattern), &fold(value)))
            })
    }

    fn matches_times(&self, row: &StudyRow) -> bool {
        range(self.date_from.as_deref(), self.date_to.as_deref(), row.date.as_deref())
            && self.matches_time(row)
            && asked(self.birth_date.as_deref()).is_none_or(|asked| {
                let (from, to) = asked.split_once('-').unwrap_or((asked, asked));
                range(Some(from), Some(to), row.patient.birth_date.as_deref())
            })
    }
}

impl StudyQuery {
    fn matches_time(&self, row: &StudyRow) -> bool {
        let (from, to) = (self.time_from.as_deref(), self.time_to.as_deref());
        let is_dated = self.date_from.is_some() || self.date_to.is_some();
        if !self.date_time || !is_dated || (from.is_none() && to.is_none()) {
            return range(from, to, row.time.as_deref());
        }
        let end = |date: &Option<String>, time: Option<&str>| {
            date.as_ref().map(|date| format!("{date}{}", time.unwrap_or_default()))
        };
        let value = row.date.as_ref().map(|date| format!("{date}{}", row.time.as_deref().unwrap_or_default()));
        let (from, to) = (end(&self.date_from, from), end(&self.date_to, to));
        range(from.as_deref(), to.as_deref(), value.as_deref())
    }
}

/// Whether one of these codes is meant, if any is asked for.
fn any_code(patterns: &[String], value: Option<&str>) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| code(Some(pattern), value))
}

fn count(pattern: Option<&str>, value: u32) -> bool {
    pattern.is_none_or(|pattern| value_matches(VR::IS, pattern, &value.to_string()))
}

fn has_words(row: &StudyRow, text: &str) -> bool {
    let fields = [&row.patient.name, &row.patient.id, &row.accession, &row.description];
    let fields = fields.into_iter().flatten().chain(&row.labels);
    let hay = fold(&fields.map(String::as_str).collect::<Vec<_>>().join("\n"));
    words_of(text).iter().all(|word| hay.contains(word.as_str()))
}

/// The words of a search box, folded.
pub(super) fn words_of(text: &str) -> Vec<String> {
    fold(text).split(is_between).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{
        Timestamp,
        manifest::{Completeness, Patient},
    };

    fn row() -> StudyRow {
        StudyRow {
            study: Uid::parse("1.2.3").unwrap(),
            patient: Patient {
                name: Some("Lefèvre^Éloïse Marie^^Mme=山田^太郎".into()),
                birth_date: Some("19520229".into()),
                sex: Some("F".into()),
                id: Some("IPP-0042".into()),
                issuer: None,
            },
            date: Some("20240115".into()),
            time: Some("143005".into()),
            utc_offset_min: None,
            national: None,
            modalities: vec!["CT".into(), "SR".into()],
            body_parts: vec![],
            description: Some("TDM Cérébral".into()),
            accession: Some("A77".into()),
            referrer: None,
            study_id: None,
            series: 1,
            instances: 1,
            bytes: 1,
            arrived: Timestamp(0),
            changed: Timestamp(0),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    fn found(edit: impl FnOnce(&mut StudyQuery)) -> bool {
        let mut query = StudyQuery::default();
        edit(&mut query);
        query.matches(&row())
    }

    #[test]
    fn dates_and_times_are_two_ranges_or_the_ends_of_one() {
        // The study is of 2024-01-15, 14:30:05.
        let between = |from: (&str, &str), to: (&str, &str), date_time: bool| {
            found(|query| {
                let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
                (query.date_from, query.time_from) = (text(from.0), text(from.1));
                (query.date_to, query.time_to) = (text(to.0), text(to.1));
                query.date_time = date_time;
            })
        };
        let night = (("20240114", "2200"), ("20240116", "0600"));
        assert!(!between(night.0, night.1, false), "nothing is after 22:00 and before 06:00");
        assert!(between(night.0, night.1, true));
        assert!(!between(("20240114", "2200"), ("20240115", "1429"), true));
        assert!(between(("20240115", "1430"), ("20240115", "1430"), true));
        assert!(!between(("20240115", "1431"), ("", ""), true));
        assert!(between(("", "1400"), ("", "1500"), true), "times alone stay times");
    }

    #[test]
    fn a_name_is_found_without_its_accents_and_case() {
        for pattern in
            ["LEFEVRE*", "lefèvre", "lefevre^eloise marie", "Lef?vre^E*", "*", "", "山田*", "lefe\u{301}vre^*"]
        {
            assert!(found(|q| q.patient_name = Some(pattern.into())), "{pattern}");
        }
        for pattern in ["lefev", "eloise", "lefevre^e", "durand*"] {
            assert!(!found(|q| q.patient_name = Some(pattern.into())), "{pattern}");
        }
        assert!(found(|q| (q.patient_name, q.fuzzy) = (Some("eloi lefe".into()), true)));
        assert!(!found(|q| q.referrer = Some("X*".into())));
    }

    #[test]
    fn codes_keep_their_case_and_take_wildcards() {
        assert!(found(|q| q.patient_id = Some("IPP-*".into())));
        assert!(!found(|q| q.patient_id = Some("ipp-0042".into())));
        assert!(found(|q| q.accession = Some("A7?".into())));
        assert!(found(|q| q.sex = vec!["M".into(), "F".into()]) && found(|q| q.sex = vec!["?".into()]));
        assert!(!found(|q| q.sex = vec!["f".into()]) && !found(|q| q.sex = vec!["M".into()]));
        assert!(found(|q| q.series = Some("01".into())) && !found(|q| q.instances = Some("2".into())));
        assert!(found(|q| q.description = Some("*cerebral".into())));
        assert!(found(|q| q.modalities = vec!["MR".into(), "SR".into()]));
        assert!(!found(|q| q.modalities = vec!["MR".into()]));
        assert!(!found(|q| q.study = vec![Uid::parse("1.2").unwrap()]));
    }

    #[test]
    fn ranges_are_inclusive_and_open_where_not_given() {
        assert!(found(|q| (q.date_from, q.date_to) = (Some("20240115".into()), Some("20240115".into()))));
        assert!(found(|q| q.date_to = Some("20240115".into())));
        assert!(!found(|q| q.date_from = Some("20240116".into())));
        assert!(found(|q| (q.time_from, q.time_to) = (Some("1430".into()), Some("1430".into()))));
        assert!(!found(|q| q.time_to = Some("142959".into())));
        assert!(found(|q| q.birth_date = Some("19520229".into())));
        assert!(found(|q| q.birth_date = Some("1952-1953".into())));
    }

    #[test]
    fn the_search_box_looks_for_words_anywhere() {
        assert!(found(|q| q.text = Some("eloise cerebral 0042".into())));
        assert!(!found(|q| q.text = Some("eloise abdomen".into())));
    }
}

//! Records of arrivals in their first version, which did not tell the institution of a series, in their second, which did not
//! tell the time zone of a study, and in their third, which did not tell a national number.
//!
//! # Not here
//! What they mean: today's shapes, in [`super`].

use super::{AsideRecord, Conditions, IngestRecord, ReinstateRecord, ResolveRecord, SeriesSays, StudySays, Swap};
use protocol::{
    Uid,
    manifest::Patient,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

/// What an instance says of its series, without its institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct FirstSays {
    series: Uid,
    modality: String,
    number: Option<i32>,
    description: Option<String>,
    body_part: Option<String>,
    date: Option<String>,
    time: Option<String>,
    station: Option<String>,
}

/// What an instance says of its study, without its time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct SecondSays {
    study: Uid,
    patient: Patient,
    date: Option<String>,
    time: Option<String>,
    description: Option<String>,
    accession: Option<String>,
    referrer: Option<String>,
    study_id: Option<String>,
}

/// What an instance says of its study, without a national number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct ThirdSays {
    study: Uid,
    patient: Patient,
    date: Option<String>,
    time: Option<String>,
    utc_offset_min: Option<i16>,
    description: Option<String>,
    accession: Option<String>,
    referrer: Option<String>,
    study_id: Option<String>,
}

type FirstIngest = IngestRecord<FirstSays, SecondSays>;
type SecondIngest = IngestRecord<SeriesSays, SecondSays>;
type ThirdIngest = IngestRecord<SeriesSays, ThirdSays>;

impl From<ThirdIngest> for IngestRecord {
    fn from(third: ThirdIngest) -> Self {
        let IngestRecord { study: says, series, instance, person } = third;
        let study = StudySays {
            study: says.study,
            patient: says.patient,
            date: says.date,
            time: says.time,
            utc_offset_min: says.utc_offset_min,
            national: None,
            description: says.description,
            accession: says.accession,
            referrer: says.referrer,
            study_id: says.study_id,
        };
        Self { study, series, instance, person }
    }
}

impl From<SecondIngest> for IngestRecord {
    fn from(second: SecondIngest) -> Self {
        let IngestRecord { study: says, series, instance, person } = second;
        let study = ThirdSays {
            study: says.study,
            patient: says.patient,
            date: says.date,
            time: says.time,
            utc_offset_min: None,
            description: says.description,
            accession: says.accession,
            referrer: says.referrer,
            study_id: says.study_id,
        };
        ThirdIngest { study, series, instance, person }.into()
    }
}

impl From<FirstIngest> for IngestRecord {
    fn from(first: FirstIngest) -> Self {
        let IngestRecord { study, series: says, instance, person } = first;
        let series = SeriesSays {
            series: says.series,
            modality: says.modality,
            number: says.number,
            description: says.description,
            body_part: says.body_part,
            date: says.date,
            time: says.time,
            station: says.station,
            institution: None,
        };
        SecondIngest { study, series, instance, person }.into()
    }
}

/// Conditions of a rule, without institutions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FirstConditions {
    modalities: Vec<String>,
    stations: Vec<String>,
    series_descriptions: Vec<String>,
    body_parts: Vec<String>,
    descriptions: Vec<String>,
    referrers: Vec<String>,
    senders: Vec<String>,
    age_from: Option<u16>,
    age_to: Option<u16>,
    hours: Option<String>,
}

impl From<FirstConditions> for Conditions {
    fn from(first: FirstConditions) -> Self {
        Self {
            modalities: first.modalities,
            stations: first.stations,
            series_descriptions: first.series_descriptions,
            body_parts: first.body_parts,
            descriptions: first.descriptions,
            referrers: first.referrers,
            senders: first.senders,
            age_from: first.age_from,
            age_to: first.age_to,
            hours: first.hours,
            institutions: Vec::new(),
        }
    }
}

macro_rules! fourth {
    ($($type:ident, $name:literal, $from:expr;)+) => {$(
        impl Wire for $type {
            const VERSION: u8 = 4;
            const NAME: &'static str = $name;

            fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
                match version {
                    1 => wire::decode_body::<$type<FirstIngest>>(body).map($from),
                    2 => wire::decode_body::<$type<SecondIngest>>(body).map($from),
                    3 => wire::decode_body::<$type<ThirdIngest>>(body).map($from),
                    _ => Err(WireError::Version { name: Self::NAME, version }),
                }
            }
        }
    )+};
}
fourth! {
    ReinstateRecord, "reinstate record", reinstate;
    AsideRecord, "aside record", aside;
    ResolveRecord, "resolve record", resolve;
}

impl Wire for IngestRecord {
    const VERSION: u8 = 4;
    const NAME: &'static str = "ingest record";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        match version {
            1 => wire::decode_body::<FirstIngest>(body).map(Self::from),
            2 => wire::decode_body::<SecondIngest>(body).map(Self::from),
            3 => wire::decode_body::<ThirdIngest>(body).map(Self::from),
            _ => Err(WireError::Version { name: Self::NAME, version }),
        }
    }
}

fn reinstate<I: Into<IngestRecord>>(before: ReinstateRecord<I>) -> ReinstateRecord {
    let ReinstateRecord { id, at, person, instances } = before;
    ReinstateRecord { id, at, person, instances: instances.into_iter().map(Into::into).collect() }
}

fn aside<I: Into<IngestRecord>>(before: AsideRecord<I>) -> AsideRecord {
    let AsideRecord { id, at, held, ingest } = before;
    AsideRecord { id, at, held, ingest: ingest.into() }
}

fn resolve<I: Into<IngestRecord>>(before: ResolveRecord<I>) -> ResolveRecord {
    let ResolveRecord { id, at, person, note, state, swap } = before;
    let swap = swap.map(|Swap { out, into }| Swap { out, into: Box::new((*into).into()) });
    ResolveRecord { id, at, person, note, state, swap }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::rows::{InstanceRow, StoredInstance};
    use protocol::{
        Digest, Timestamp,
        manifest::{InstanceEntry, Patient},
    };

    fn first() -> FirstIngest {
        let uid = |text: &str| Uid::parse(text).unwrap();
        let digest = Digest([7; 32]);
        let entry = InstanceEntry {
            instance: uid("1.2.3"),
            sop_class: uid("1.2.4"),
            transfer_syntax: uid("1.2.5"),
            number: None,
            frames: 1,
            bytes: 9,
            digest,
            header_bytes: 5,
            header_digest: digest,
        };
        let row = InstanceRow { entry, rows: 1, columns: 2, meta_bytes: 3, received: Timestamp(4) };
        IngestRecord {
            study: SecondSays {
                study: uid("1.2"),
                patient: Patient::default(),
                date: None,
                time: None,
                description: None,
                accession: None,
                referrer: None,
                study_id: None,
            },
            series: FirstSays {
                series: uid("1.3"),
                modality: "CT".into(),
                number: None,
                description: None,
                body_part: None,
                date: None,
                time: None,
                station: Some("S1".into()),
            },
            instance: StoredInstance { row, meta_digest: digest },
            person: "amy".into(),
        }
    }

    fn bytes_of<T: Serialize>(first: &T) -> Vec<u8> {
        postcard::to_extend(first, vec![1]).unwrap()
    }

    #[test]
    fn what_was_written_before_is_read() {
        let today = IngestRecord::from(first());
        let written = bytes_of(&first());
        let series = [&b"\x031.3\x02CT"[..], &[0, 0, 0, 0, 0, 1], b"\x02S1"].concat();
        assert!(written.windows(series.len()).any(|window| window == series));
        assert_eq!(wire::decode::<IngestRecord>(&written).unwrap(), today);
        assert_eq!((today.series.station.as_deref(), today.series.institution.as_deref()), (Some("S1"), None));
        let (id, at, person) = (1, Timestamp(2), "amy".to_owned());
        let back = ReinstateRecord { id, at, person: person.clone(), instances: vec![first()] };
        assert_eq!(wire::decode::<ReinstateRecord>(&bytes_of(&back)).unwrap().instances, std::slice::from_ref(&today));
        let aside = AsideRecord { id, at, held: Digest([1; 32]), ingest: first() };
        assert_eq!(wire::decode::<AsideRecord>(&bytes_of(&aside)).unwrap().ingest, today);
        let swap = Some(Swap { out: Digest([1; 32]), into: Box::new(first()) });
        let state = crate::archive::ConflictState::Taken;
        let resolve = ResolveRecord { id, at, person, note: String::new(), state, swap };
        let read = wire::decode::<ResolveRecord>(&bytes_of(&resolve)).unwrap();
        assert_eq!(read.swap.map(|swap| *swap.into), Some(today.clone()));
        let IngestRecord { study, instance, person, .. } = first();
        let series = SeriesSays { institution: Some("CH".into()), ..today.series.clone() };
        let second = SecondIngest { study, series: series.clone(), instance: instance.clone(), person: person.clone() };
        let written = postcard::to_extend(&second, vec![2]).unwrap();
        let mut told = wire::decode::<IngestRecord>(&written).unwrap();
        assert_eq!((told.series.institution.as_deref(), told.study.utc_offset_min), (Some("CH"), None));
        let SecondSays { study, patient, .. } = first().study;
        let (date, description, accession, referrer, study_id) = (None, None, None, None, None);
        let (time, utc_offset_min) = (Some("143005".into()), Some(-210));
        let study =
            ThirdSays { study, patient, date, time, utc_offset_min, description, accession, referrer, study_id };
        let third = ThirdIngest { study, series, instance, person };
        let written = postcard::to_extend(&third, vec![3]).unwrap();
        let read = wire::decode::<IngestRecord>(&written).unwrap();
        assert_eq!((read.study.utc_offset_min, &read.study.national), (Some(-210), &None));
        told.study.national = protocol::identity::Identifier::national("1.2.250.1.213.1.4.8", "255081416802538");
        assert!(told.study.national.is_some());
        assert_eq!(wire::decode::<IngestRecord>(&wire::encode(&told)).unwrap(), told);
    }

    #[test]
    fn rules_written_before_ask_no_institution() {
        let bytes = [&[1, 1, 2, 3, 3][..], b"amy", &[1, 1], b"n", &[1, 1, 2], b"CT", &[0; 9], &[0, 0, 0, 0]].concat();
        let read = wire::decode::<crate::archive::RuleRecord>(&bytes).unwrap().rule.unwrap();
        assert_eq!((read.conditions.modalities, read.conditions.institutions), (vec!["CT".to_owned()], vec![]));
    }
}

//! Whose images a medium brings: what a person decided of each patient on it, and what may be taken in without asking.
//!
//! An ID is of whoever gave it: a medium's `4711` is not ours. Where a patient of ours has the same ID and another name,
//! birth date or sex, nothing of theirs is taken in before somebody decided: *external*, their ID is of the issuer that is
//! named for the medium; *linked*, they are shown as a patient of ours; or *left out*. What was decided is a correction
//! (`archive::correct`) that is recorded before the first object comes, so that a study is never shown under somebody else;
//! it can be taken back as any other, and the received bytes stay as they are.
//!
//! # At a crash
//! A correction may stand of a study that did not come. The same import again goes on.
//!
//! # Not here
//! Who may decide: the door asks.

use crate::{
    archive::{Archive, ArchiveError, CorrectError, Correction, Peeked, StudyQuery, identity_of, same_name, tag},
    audit::Actor,
};
use protocol::{
    Uid,
    manifest::{Edit, Patient},
};
use std::collections::{BTreeMap, HashMap};

/// Rows looked through for patients of ours.
const ROWS_MAX: usize = 200;
/// Patients and studies whose verdict is kept; beyond, the index is asked again.
const KEPT_MAX: usize = 10_000;

/// What a person decided of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// A patient of elsewhere, whose ID this issuer gave.
    External(String),
    /// The patient of this study of ours.
    Linked(Uid),
    LeftOut,
}

/// A decision: of all patients that have the ID, and the name and birth date where they are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) birth_date: Option<String>,
    pub(crate) decided: Decided,
}

impl Decision {
    fn is_of(&self, patient: &Patient) -> bool {
        let fits = |asked: &Option<String>, value: &Option<String>| {
            asked.as_deref().is_none_or(|asked| asked == value.as_deref().unwrap_or_default())
        };
        self.id == patient.id.as_deref().unwrap_or_default()
            && fits(&self.name, &patient.name)
            && fits(&self.birth_date, &patient.birth_date)
    }
}

/// What is wanted of a medium.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// Patient IDs; empty: all.
    pub(crate) only: Vec<String>,
    /// The first that is of a patient holds.
    pub(crate) decisions: Vec<Decision>,
    /// The medium is of this house: the same ID is the same patient.
    pub(crate) own_ids: bool,
}

impl Choice {
    /// Whether objects of this patient are wanted.
    pub(crate) fn takes(&self, patient: &Patient) -> bool {
        let id = patient.id.as_deref().unwrap_or_default();
        let is_left_out = self.of(patient).is_some_and(|decision| decision.decided == Decided::LeftOut);
        (self.only.is_empty() || self.only.iter().any(|one| one == id)) && !is_left_out
    }

    /// Whether everything is.
    pub(crate) fn is_all(&self) -> bool {
        self.only.is_empty() && self.decisions.iter().all(|decision| decision.decided != Decided::LeftOut)
    }

    fn of(&self, patient: &Patient) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.is_of(patient))
    }
}

/// Why a patient of ours might be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The same ID and issuer, and no fact that differs.
    Id,
    /// The same name, birth date and sex.
    Traits,
    /// The same ID, of the same or an unknown issuer, and another name, birth date or sex.
    IdAlone,
}

impl By {
    /// The word of the interface.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Traits => "traits",
            Self::IdAlone => "id-alone",
        }
    }
}

/// A patient of ours who might be meant, or must not be mistaken for.
#[derive(Clone, Debug)]
pub(crate) struct Rival {
    pub(crate) patient: Patient,
    /// A study of theirs.
    pub(crate) study: Uid,
    pub(crate) by: By,
}

impl Rival {
    /// Whether a person must decide.
    pub(crate) fn clashes(&self) -> bool {
        self.by == By::IdAlone
    }
}

/// By ID, and by name, birth date and sex.
///
/// # Errors
/// When the index cannot be read.
pub(crate) fn rivals(archive: &Archive, patient: &Patient) -> Result<Vec<Rival>, ArchiveError> {
    let mut found: BTreeMap<[Option<String>; 5], Rival> = BTreeMap::new();
    let mut add = |patient: Patient, study: Uid, by: By| {
        let Patient { name, birth_date, sex, id, issuer } = patient.clone();
        found.entry([id, issuer, name, birth_date, sex]).or_insert(Rival { patient, study, by });
    };
    if let Some(id) = &patient.id {
        let query = StudyQuery { patient_id: Some(exact(id)), ..StudyQuery::default() };
        for row in archive.studies(&query, 0, ROWS_MAX)? {
            let may_be = match (&row.patient.issuer, &patient.issuer) {
                (Some(ours), Some(theirs)) => ours == theirs,
                _ => true,
            };
            if row.patient.id == patient.id && may_be {
                let by = if is_other(&row.patient, patient) { By::IdAlone } else { By::Id };
                add(row.patient, row.study, by);
            }
        }
    }
    if let (Some(name), Some(birth), Some(sex)) = (&patient.name, &patient.birth_date, &patient.sex) {
        let family = name.split(['^', '=']).next().unwrap_or_default();
        let (patient_name, birth_date) = (Some(exact(family)), Some(birth.clone()));
        let query = StudyQuery { patient_name, birth_date, ..StudyQuery::default() };
        for row in archive.studies(&query, 0, ROWS_MAX)? {
            let is_name = row.patient.name.as_deref().is_some_and(|ours| same_name(ours, name));
            if is_name && row.patient.sex.as_ref() == Some(sex) {
                add(row.patient, row.study, By::Traits);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Whether two who have one ID are two persons as far as is told.
fn is_other(ours: &Patient, theirs: &Patient) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| matches!((one, other), (Some(a), Some(b)) if a != b);
    let (one, other) = (ours.name.as_deref().unwrap_or_default(), theirs.name.as_deref().unwrap_or_default());
    !same_name(one, other) || differ(&ours.birth_date, &theirs.birth_date) || differ(&ours.sex, &theirs.sex)
}

/// A value that is no pattern: a wildcard in it stands for any one character, and what was found is compared again.
fn exact(value: &str) -> String {
    value.replace('*', "?")
}

/// What is to be done with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Take,
    LeaveOut,
    /// A patient of ours has the same ID and is somebody else, as far as is told.
    Undecided,
    /// A study that names two patients who were decided differently.
    Divided,
}

/// Judges object after object of one import.
#[derive(Debug)]
pub(crate) struct Whose {
    archive: Archive,
    choice: Choice,
    actor: Actor,
    /// Whether somebody else of ours has the ID.
    clashes: HashMap<[Option<String>; 5], bool>,
    /// Studies whose patient is decided, and how.
    settled: HashMap<Uid, Option<Decided>>,
}

impl Whose {
    pub(crate) fn new(archive: Archive, choice: Choice, actor: Actor) -> Self {
        Self { archive, choice, actor, clashes: HashMap::new(), settled: HashMap::new() }
    }

    pub(crate) fn choice(&self) -> &Choice {
        &self.choice
    }

    /// What is to be done with an object. What was decided of its study is recorded when this returns.
    ///
    /// # Errors
    /// When the index cannot be read or the decision not be recorded.
    pub(crate) async fn judge(&mut self, peeked: &Peeked) -> Result<Verdict, CorrectError> {
        if !self.choice.takes(&peeked.patient) {
            return Ok(Verdict::LeaveOut);
        }
        let decided = self.choice.of(&peeked.patient).map(|decision| decision.decided.clone());
        if let Some(before) = self.settled.get(&peeked.study) {
            return Ok(if *before == decided { Verdict::Take } else { Verdict::Divided });
        }
        match &decided {
            Some(decided) => self.record(&peeked.study, &peeked.patient, decided).await?,
            None if self.is_undecided(peeked)? => return Ok(Verdict::Undecided),
            None => {}
        }
        if self.settled.len() < KEPT_MAX {
            self.settled.insert(peeked.study.clone(), decided);
        }
        Ok(Verdict::Take)
    }

    fn is_undecided(&mut self, peeked: &Peeked) -> Result<bool, ArchiveError> {
        // Whose a study is that is here already was decided when it came.
        if self.choice.own_ids || self.archive.study(&peeked.study)?.is_some() {
            return Ok(false);
        }
        let Patient { name, birth_date, sex, id, issuer } = peeked.patient.clone();
        let key = [id, issuer, name, birth_date, sex];
        if let Some(known) = self.clashes.get(&key) {
            return Ok(*known);
        }
        let clashes = rivals(&self.archive, &peeked.patient)?.iter().any(Rival::clashes);
        if self.clashes.len() < KEPT_MAX {
            self.clashes.insert(key, clashes);
        }
        Ok(clashes)
    }

    async fn record(&self, study: &Uid, patient: &Patient, decided: &Decided) -> Result<(), CorrectError> {
        let edits = match decided {
            Decided::LeftOut => return Ok(()),
            // Without an ID there is nothing that an issuer gave.
            Decided::External(_) if patient.id.is_none() => return Ok(()),
            Decided::External(issuer) => vec![Edit { tag: tag::ISSUER, value: Some(issuer.clone()) }],
            Decided::Linked(like) => identity_of(&self.archive.study(like)?.ok_or(CorrectError::NotHeld)?.patient),
        };
        let ahead = Correction::Ahead { study: study.clone(), edits };
        match self.archive.correct(ahead, "import", self.actor.clone()).await {
            Ok(_) | Err(CorrectError::Nothing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

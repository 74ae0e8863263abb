//! Drafts of reports: sealed files, one a case, with what each person wrote last.
//!
//! # At a crash
//! A file is written beside the one before and takes its place when it is on disk: either the one or the other is there.
//!
//! # Not here
//! Who has the claim, by which a draft that was left behind can be gone on with: [`super`].

use super::{CaseError, Cases};
use crate::{identity::Identity, seal::Key};
use protocol::{
    Timestamp, Uid,
    case::event::{REPORT_BYTES_MAX, STUDIES_MAX, Standing},
    ids::Id128,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// People whose drafts are kept of one case; beyond, the oldest goes.
const PERSONS_MAX: usize = 8;
/// What their keys are derived for.
const PURPOSE: &str = "confrere 2026-11 drafts of reports";

/// A draft that is not there, or cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    #[error("a newer draft is kept already, from another window")]
    Stale,
    #[error("the draft is too long")]
    TooLong,
    #[error("drafts: {0}")]
    Io(#[from] io::Error),
}

/// What somebody has written so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Whose.
    pub(crate) person: String,
    /// Rises with each that one person keeps.
    pub(crate) serial: u64,
    pub(crate) at: Timestamp,
    pub(crate) standing: Standing,
    pub(crate) indication: String,
    pub(crate) technique: String,
    pub(crate) findings: String,
    pub(crate) conclusion: String,
    pub(crate) language: String,
    pub(crate) critical: bool,
    /// What was read for it, where its editor said so with it.
    pub(crate) read: Vec<(Uid, u64)>,
}

/// A draft, and whose it was said to be when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) draft: Draft,
    /// Name and birth date, as a workstation repeated them that brought all of the text; `None`: it was written in the portal.
    pub(crate) patient: Option<(String, String)>,
}

impl Kept {
    const fn written(draft: Draft) -> Self {
        Self { draft, patient: None }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct OfCase(Vec<Kept>);

impl Wire for OfCase {
    const VERSION: u8 = 3;
    const NAME: &'static str = "drafts of a case";

    /// Before 3 nobody kept whether a draft was brought: none counts as such. Before 2 none said what was read.
    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        let drafts: Vec<Draft> = match version {
            1 => wire::decode_body::<Vec<BeforeDraft>>(body)?.into_iter().map(Draft::from).collect(),
            2 => wire::decode_body(body)?,
            _ => return Err(WireError::Version { name: Self::NAME, version }),
        };
        Ok(Self(drafts.into_iter().map(Kept::written).collect()))
    }
}

/// As drafts were before they said what was read.
#[derive(Debug, Serialize, Deserialize)]
struct BeforeDraft {
    person: String,
    serial: u64,
    at: Timestamp,
    standing: Standing,
    indication: String,
    technique: String,
    findings: String,
    conclusion: String,
    language: String,
    critical: bool,
}

impl From<BeforeDraft> for Draft {
    fn from(before: BeforeDraft) -> Self {
        let BeforeDraft {
            person,
            serial,
            at,
            standing,
            indication,
            technique,
            findings,
            conclusion,
            language,
            critical,
        } = before;
        let read = Vec::new();
        Self { person, serial, at, standing, indication, technique, findings, conclusion, language, critical, read }
    }
}

#[derive(Debug)]
pub(super) struct Drafts {
    folder: PathBuf,
    identity: Arc<Identity>,
    /// One change at a time: drafts are small, and few write at once.
    changing: Mutex<()>,
}

impl Drafts {
    pub(super) fn new(dir: &Path, identity: Arc<Identity>) -> Self {
        Self { folder: dir.join("drafts"), identity, changing: Mutex::default() }
    }

    fn path(&self, key: &Key, case: &Id128) -> (PathBuf, String) {
        let name = key.name("draft", &case.0);
        (self.folder.join(&name), name)
    }

    /// Seals anew what is sealed under the root before (blocking).
    pub(super) fn reseal(&self, cases: &[Id128]) -> Result<(), DraftError> {
        for case in cases {
            let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            let before = self.identity.sealing(PURPOSE).before;
            if before.is_some_and(|key| self.path(&key, case).0.exists()) {
                self.write(case, &self.read(case)?)?;
            }
        }
        Ok(())
    }

    fn read(&self, case: &Id128) -> Result<OfCase, DraftError> {
        for key in self.identity.sealing(PURPOSE).all() {
            let (path, name) = self.path(key, case);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
                Err(why) => return Err(why.into()),
            };
            let mut plain = Vec::new();
            let bytes_max = (PERSONS_MAX * (REPORT_BYTES_MAX + STUDIES_MAX * 80 + 1_024)) as u64;
            let _ = key.opener(&name, file)?.take(bytes_max).read_to_end(&mut plain)?;
            return wire::decode(&plain).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why).into());
        }
        Ok(OfCase::default())
    }

    fn write(&self, case: &Id128, drafts: &OfCase) -> Result<(), DraftError> {
        let sealing = self.identity.sealing(PURPOSE);
        let (path, name) = self.path(&sealing.now, case);
        let before = sealing.before.as_ref().map(|key| self.path(key, case).0);
        if drafts.0.is_empty() {
            return before.iter().chain([&path]).try_for_each(|path| remove(path));
        }
        fs::create_dir_all(&self.folder)?;
        let beside = path.with_extension("new");
        let mut sealer = sealing.now.sealer(&name, File::create(&beside)?)?;
        sealer.write_all(&wire::encode(drafts))?;
        sealer.finish()?.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.folder)?.sync_all()?;
        // Only when the new one is on disk.
        before.iter().try_for_each(|path| remove(path))
    }

    /// Their own; else, for who has the claim, the newest that was left behind.
    pub(super) fn of(&self, case: &Id128, person: &str, has_claim: bool) -> Result<Option<Draft>, DraftError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let OfCase(drafts) = self.read(case)?;
        let newest = drafts.iter().filter(|_| has_claim).max_by_key(|kept| kept.draft.at);
        let own = drafts.iter().find(|kept| kept.draft.person == person);
        Ok(own.or(newest).map(|kept| kept.draft.clone()))
    }

    fn own(&self, case: &Id128, person: &str) -> Result<Option<Kept>, DraftError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let OfCase(drafts) = self.read(case)?;
        Ok(drafts.into_iter().find(|kept| kept.draft.person == person))
    }

    pub(super) fn keep(&self, case: &Id128, draft: Draft) -> Result<(), DraftError> {
        self.put(case, Kept::written(draft))
    }

    fn put(&self, case: &Id128, kept: Kept) -> Result<(), DraftError> {
        let draft = &kept.draft;
        let parts = [&draft.indication, &draft.technique, &draft.findings, &draft.conclusion];
        if parts.into_iter().map(String::len).sum::<usize>() > REPORT_BYTES_MAX || draft.language.len() > 8 {
            return Err(DraftError::TooLong);
        }
        if draft.read.len() > STUDIES_MAX {
            return Err(DraftError::TooLong);
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let OfCase(mut drafts) = self.read(case)?;
        let is_theirs = |known: &Kept| known.draft.person == draft.person;
        if drafts.iter().any(|known| is_theirs(known) && known.draft.serial >= draft.serial) {
            return Err(DraftError::Stale);
        }
        drafts.retain(|known| !is_theirs(known));
        drafts.push(kept);
        if drafts.len() > PERSONS_MAX {
            let _ = drafts.remove(0);
        }
        self.write(case, &OfCase(drafts))
    }

    pub(super) fn drop_of(&self, case: &Id128, person: Option<&str>) -> Result<(), DraftError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let OfCase(mut drafts) = self.read(case)?;
        drafts.retain(|kept| person.is_some_and(|person| kept.draft.person != person));
        self.write(case, &OfCase(drafts))
    }
}

impl Cases {
    /// Somebody's own draft, and whether a workstation brought it.
    ///
    /// # Errors
    /// [`DraftError`].
    pub(crate) async fn own_draft(&self, case: Id128, person: String) -> Result<Option<Kept>, CaseError> {
        let this = self.clone();
        self.blocking(move || this.inner.drafts.own(&case, &person)).await
    }

    /// As [`Self::keep_draft`], of what a workstation brought; `patient`: name and birth date as it repeated them, where all of
    /// the text is its own.
    ///
    /// # Errors
    /// See there.
    pub(crate) async fn keep_brought(
        &self,
        case: Id128,
        draft: Draft,
        patient: Option<(String, String)>,
    ) -> Result<(), CaseError> {
        let _ = self.case(&case).ok_or(CaseError::NoCase)?;
        let this = self.clone();
        self.blocking(move || this.inner.drafts.put(&case, Kept { draft, patient })).await
    }
}

fn remove(path: &Path) -> Result<(), DraftError> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_of_before_are_read() {
        let draft = BeforeDraft {
            person: "dr.garde".to_owned(),
            serial: 7,
            at: Timestamp(9),
            standing: Standing::Final,
            indication: String::new(),
            technique: String::new(),
            findings: "sans particularité".to_owned(),
            conclusion: String::new(),
            language: "fr".to_owned(),
            critical: true,
        };
        let body = wire::encode_body(1, &vec![draft]).unwrap();
        let OfCase(read) = wire::decode(&body).unwrap();
        let mut draft = read.into_iter().next().unwrap().draft;
        assert_eq!((draft.serial, draft.critical, draft.read.len()), (7, true, 0));
        assert_eq!((draft.findings.as_str(), draft.language.as_str()), ("sans particularité", "fr"));
        draft.read = vec![("1.2.3".parse().unwrap(), 4)];
        let body = wire::encode_body(2, &vec![draft.clone()]).unwrap();
        assert_eq!(wire::decode::<OfCase>(&body).unwrap().0, [Kept::written(draft.clone())]);
        let patient = Some(("ROUX^ANNE".to_owned(), "19700203".to_owned()));
        let kept = Kept { draft, patient };
        assert_eq!(wire::decode::<OfCase>(&wire::encode(&OfCase(vec![kept.clone()]))).unwrap().0, [kept]);
        for wrong in [&[2, 255, 255][..], &[3, 255, 255], &[4, 0], &[]] {
            assert!(wire::decode::<OfCase>(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! How long studies are kept, what people recorded about that, and the only way in which bytes are erased.
//!
//! The rules are `protocol`'s ([`protocol::retention`]); here are the facts: what the objects say, and what people
//! recorded with a reason – a death, a last visit, a litigation hold. Nothing is erased by itself: somebody proposes a
//! study whose time is past, or a rejection; somebody else approves; and the decision is made again then, so that a
//! hold or a visit in between stops it.
//!
//! Erasing: evidence; a journal record that names the instances with their digests, by which they leave all rows, and
//! which stays; then files, cold copies, the manifest and what the journal still has of small objects go, unless
//! another instance has the same digest; then a record says so. The same instance sent again is a new arrival.
//!
//! # At a crash
//! Before the record nothing happened. After it the next start goes on erasing.
//!
//! # Not here
//! What the journal says of an instance that is gone (names, dates): records are not taken back. `objects/rotten/` and
//! backups: whoever keeps them empties them.

use super::{
    Archive, ArchiveError, ArchiveEvent, Inner, StudyQuery, StudyRow, closing,
    index::Applied,
    lock, rebuild,
    reject::{NOTE_CHARS_MAX, bring},
    rows::{
        Claim, ClaimRecord, EraseRecord, ErasedRecord, PatientKey, Proposal, RejectedInstance, StoredErase, Target,
        WithdrawRecord, kind,
    },
};
use crate::{
    audit::{Act, Actor, AuditError, Event},
    journal::Append,
};
use protocol::{
    Digest, Timestamp, Uid,
    manifest::Patient,
    retention::{self, Day, Facts, Kept, Visit},
    wire,
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    sync::{Arc, PoisonError},
};

const DAY_MS: u64 = 86_400_000;
/// No rules let a study go sooner.
const YEARS_MIN: i64 = 5;
/// Instances erased by one record.
const INSTANCES_MAX: usize = 50_000;
/// How often erasing that could not be ended is tried again.
const RESUME_EVERY: std::time::Duration = std::time::Duration::from_secs(600);

/// Why nothing is recorded, proposed or erased.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RetainError {
    #[error("no such study, rejection, hold or proposal")]
    NotFound,
    #[error("a reason is to be given")]
    NoReason,
    #[error("that day is not past")]
    Future,
    #[error("it is still to be kept")]
    Kept,
    #[error("it is proposed already")]
    Proposed,
    #[error("who proposed it cannot approve it")]
    SamePerson,
    #[error("it has more than {INSTANCES_MAX} instances")]
    TooMany,
    #[error("its files cannot be read, so that nobody knows whether a hold is on it")]
    FileLost,
    #[error("other bytes are kept aside under one of its UIDs: it cannot be erased whole")]
    Contested,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<io::Error> for RetainError {
    fn from(error: io::Error) -> Self {
        Self::Archive(error.into())
    }
}

impl Archive {
    /// Until when a study of ours is kept, and why; `None`: no such study.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn kept(&self, study: &Uid) -> Result<Option<Kept>, ArchiveError> {
        let (inner, study) = (self.inner.clone(), study.clone());
        let decided = self.inner.tasks.spawn_blocking("kept", move || kept(&inner, &study));
        decided.await.map_err(io::Error::other)?
    }

    /// Studies old enough that their time may be past, newest first, so many from an offset.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn old(&self, offset: usize, limit: usize) -> Result<Vec<(StudyRow, Kept)>, ArchiveError> {
        let inner = self.inner.clone();
        let decided = self.inner.tasks.spawn_blocking("kept", move || old(&inner, offset, limit));
        decided.await.map_err(io::Error::other)?
    }

    /// What was recorded of a study of ours and its patient, without what was taken back.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn claims(&self, study: &Uid) -> Result<Vec<ClaimRecord>, ArchiveError> {
        let row = self.inner.index.study(study)?;
        claims(&self.inner, study, row.and_then(|row| PatientKey::of(&row.patient)).as_ref())
    }

    /// Records a fact about a study's patient that the objects do not give.
    ///
    /// # Errors
    /// See [`RetainError`]; so with all that follow.
    pub(crate) async fn claim(
        &self,
        study: Uid,
        claim: Claim,
        reason: &str,
        actor: Actor,
    ) -> Result<ClaimRecord, RetainError> {
        record_claim(self.inner.clone(), study, claim, reason, actor).await
    }

    /// Proposes to erase; nothing is erased before somebody else approves.
    pub(crate) async fn propose(&self, target: Target, reason: &str, actor: Actor) -> Result<Proposal, RetainError> {
        propose(self.inner.clone(), target, reason, actor).await
    }

    /// Takes a proposal back.
    pub(crate) async fn withdraw(&self, id: u64, actor: Actor) -> Result<(), RetainError> {
        withdraw(self.inner.clone(), id, actor).await
    }

    /// Erases what somebody else proposed, if its time is still past.
    pub(crate) async fn erase(&self, id: u64, actor: Actor) -> Result<EraseRecord, RetainError> {
        approve(self.inner.clone(), id, actor).await
    }

    /// Proposals that stand, oldest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn proposals(&self) -> Result<Vec<Proposal>, ArchiveError> {
        self.inner.index.proposals()
    }

    /// What was erased, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn erasures(&self, offset: usize, limit: usize) -> Result<Vec<StoredErase>, ArchiveError> {
        self.inner.index.erasures(offset, limit)
    }
}

fn day(at: Timestamp) -> Day {
    Day(i64::try_from(at.0 / DAY_MS).unwrap_or(i64::MAX))
}

fn today() -> Day {
    day(crate::tasks::now())
}

impl PatientKey {
    /// Whether it may be the same patient: an issuer that is not told may be any.
    fn may_be(&self, other: &Self) -> bool {
        let is_issuer = self.issuer.is_none() || other.issuer.is_none() || self.issuer == other.issuer;
        self.id == other.id && is_issuer
    }
}

/// What was recorded about a study or its patient, oldest first, without what was taken back.
fn claims(inner: &Inner, study: &Uid, patient: Option<&PatientKey>) -> Result<Vec<ClaimRecord>, ArchiveError> {
    let mut found = inner.index.claims_of_study(study)?;
    if let Some(patient) = patient {
        let others = inner.index.claims_of_patient(&patient.id)?.into_iter();
        found.extend(others.filter(|claim| claim.patient.as_ref().is_some_and(|other| other.may_be(patient))));
    }
    found.sort_by_key(|claim| claim.id);
    found.dedup_by_key(|claim| claim.id);
    let released: BTreeSet<u64> = found.iter().filter_map(ClaimRecord::releases).collect();
    found.retain(|claim| !released.contains(&claim.id) && claim.releases().is_none());
    Ok(found)
}

/// Until when a study of ours is kept, and why (blocking).
fn kept(inner: &Inner, study: &Uid) -> Result<Option<Kept>, ArchiveError> {
    let Some(row) = inner.index.study(study)? else { return Ok(None) };
    let patient = PatientKey::of(&row.patient);
    let mut rows = vec![row.clone()];
    if let Some(patient) = &patient {
        let query = StudyQuery { patient_id: Some(patient.id.clone()), ..StudyQuery::default() };
        let others = inner.index.studies(&query, 0, usize::MAX)?.into_iter();
        rows.extend(others.filter(|other| PatientKey::of(&other.patient).is_some_and(|other| other.may_be(patient))));
    }
    let births: BTreeSet<Day> = rows.iter().filter_map(|row| Day::parse(row.patient.birth_date.as_deref()?)).collect();
    let mut facts = Facts {
        study: row.date.as_deref().and_then(Day::parse),
        studies: rows.iter().map(studied).collect(),
        is_identified: patient.is_some(),
        is_contradicted: births.len() > 1 || rows.iter().any(|row| row.patient_conflict),
        birth: births.into_iter().next_back(),
        ..Facts::default()
    };
    for claim in claims(inner, study, patient.as_ref())? {
        match claim.claim {
            Claim::Death(day) => facts.death = Some(day),
            Claim::Visit(last) => facts.visit = Some(Visit { last, asserted: day(claim.at) }),
            Claim::Hold => facts.holds += 1,
            Claim::Release(_) => {}
        }
    }
    Ok(Some(retention::decide(inner.config.retention, &facts)))
}

/// When a study was made; where it does not say, when it arrived.
fn studied(row: &StudyRow) -> Day {
    row.date.as_deref().and_then(Day::parse).unwrap_or_else(|| day(row.arrived))
}

/// Studies old enough that their time may be past, so many from an offset, with what is decided of them.
fn old(inner: &Inner, offset: usize, limit: usize) -> Result<Vec<(StudyRow, Kept)>, ArchiveError> {
    let (year, month, day) = today().civil();
    let date_to = format!("{:04}{month:02}{day:02}", year - YEARS_MIN);
    let query = StudyQuery { date_to: Some(date_to), ..StudyQuery::default() };
    let mut found = Vec::new();
    for row in inner.index.studies(&query, offset, limit)? {
        if let Some(kept) = kept(inner, &row.study)? {
            found.push((row, kept));
        }
    }
    Ok(found)
}

/// Records a fact that the objects do not give.
async fn record_claim(
    inner: Arc<Inner>,
    study: Uid,
    claim: Claim,
    reason: &str,
    actor: Actor,
) -> Result<ClaimRecord, RetainError> {
    let _one = inner.rejecting.lock().await;
    let reason = note(reason)?;
    let row = inner.index.study(&study)?.ok_or(RetainError::NotFound)?;
    let patient = PatientKey::of(&row.patient);
    match claim {
        Claim::Death(day) | Claim::Visit(day) if day > today() => return Err(RetainError::Future),
        Claim::Release(id) if !claims(&inner, &study, patient.as_ref())?.iter().any(|one| one.id == id) => {
            return Err(RetainError::NotFound);
        }
        _ => {}
    }
    let at = crate::tasks::now();
    let id = at.0.max(inner.index.number()?.saturating_add(1));
    let record = ClaimRecord { id, at, person: actor.person.clone(), study, patient, claim, reason };
    let event = Event::new(Act::RetentionChanged, actor).study(&record.study);
    inner.audit.record(event.note(format!("{}: {}", record.id, record.word()))).await?;
    submit(&inner, kind::CLAIM, wire::encode(&record), Applied::Claim(record.clone())).await?;
    Ok(record)
}

fn note(text: &str) -> Result<String, RetainError> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect();
    if text.is_empty() { Err(RetainError::NoReason) } else { Ok(text) }
}

/// Proposes a study whose time is past, or a rejection, for erasing.
async fn propose(inner: Arc<Inner>, target: Target, reason: &str, actor: Actor) -> Result<Proposal, RetainError> {
    let _one = inner.rejecting.lock().await;
    let reason = note(reason)?;
    if inner.index.proposals()?.iter().any(|other| other.target == target) {
        return Err(RetainError::Proposed);
    }
    let (shared, wanted) = (inner.clone(), target.clone());
    let named = inner.tasks.spawn_blocking("propose", move || may_go(&shared, &wanted)).await;
    let (study, instances) = named.map_err(io::Error::other)??;
    let at = crate::tasks::now();
    let id = at.0.max(inner.index.number()?.saturating_add(1));
    let proposal = Proposal { id, at, person: actor.person.clone(), target, study, reason };
    let bytes = instances.iter().map(|named| named.bytes).sum();
    let count = u64::try_from(instances.len()).unwrap_or(u64::MAX);
    let event = Event::new(Act::RetentionChanged, actor).study(&proposal.study).amount(count, bytes);
    inner.audit.record(event.note(format!("{id}: proposed for erasing"))).await?;
    submit(&inner, kind::PROPOSE, wire::encode(&proposal), Applied::Propose(proposal.clone())).await?;
    Ok(proposal)
}

/// Takes a proposal back.
async fn withdraw(inner: Arc<Inner>, id: u64, actor: Actor) -> Result<(), RetainError> {
    let _one = inner.rejecting.lock().await;
    let proposal = inner.index.proposal(id)?.ok_or(RetainError::NotFound)?;
    let record = WithdrawRecord { id, at: crate::tasks::now(), person: actor.person.clone() };
    let event = Event::new(Act::RetentionChanged, actor).study(&proposal.study);
    inner.audit.record(event.note(format!("{id}: not to be erased"))).await?;
    submit(&inner, kind::WITHDRAW, wire::encode(&record), Applied::Withdraw(record)).await?;
    Ok(())
}

/// Approves a proposal of somebody else's, and erases.
async fn approve(inner: Arc<Inner>, id: u64, actor: Actor) -> Result<EraseRecord, RetainError> {
    let _one = inner.rejecting.lock().await;
    let proposal = inner.index.proposal(id)?.ok_or(RetainError::NotFound)?;
    if proposal.person == actor.person {
        return Err(RetainError::SamePerson);
    }
    let (shared, approver) = (inner.clone(), actor.clone());
    let record = inner.tasks.spawn_blocking("approve", move || record(&shared, proposal, &approver)).await;
    let record = record.map_err(io::Error::other)??;
    let bytes = record.instances.iter().map(|named| named.bytes).sum();
    let count = u64::try_from(record.instances.len()).unwrap_or(u64::MAX);
    let event = Event::new(Act::StudyErased, actor).study(&record.study).amount(count, bytes);
    inner.audit.record(event.note(format!("{id}, proposed by {}", record.proposer))).await?;
    let (shared, erase) = (inner.clone(), record.clone());
    let erased = inner.tasks.spawn_blocking("erase", move || {
        let applied = Applied::Erase(erase.clone());
        shared.write_down(Append { kind: kind::ERASE, body: wire::encode(&erase), ..Append::default() }, applied)?;
        shared.arrivals.settle_now(&erase.study);
        let _ = shared.events.send(ArchiveEvent::Growing(erase.study.clone()));
        // The record stands: what is left over is erased later.
        if let Err(error) = finish(&shared, &erase) {
            tracing::error!(%error, id, "not all bytes of an erased study could be removed yet");
        }
        Ok::<_, ArchiveError>(())
    });
    erased.await.map_err(io::Error::other)??;
    Ok(record)
}

/// What approving a proposal now would write down (blocking).
pub(super) fn record(inner: &Inner, proposal: Proposal, actor: &Actor) -> Result<EraseRecord, RetainError> {
    let (study, instances) = may_go(inner, &proposal.target)?;
    Ok(EraseRecord {
        id: proposal.id,
        at: crate::tasks::now(),
        proposer: proposal.person,
        approver: actor.person.clone(),
        reason: proposal.reason,
        study,
        rejection: match proposal.target {
            Target::Rejection(rejection) => Some(rejection),
            Target::Study(_) => None,
        },
        instances,
    })
}

/// The instances that erasing would take, if their time is past and nothing holds them (blocking).
fn may_go(inner: &Inner, target: &Target) -> Result<(Uid, Vec<RejectedInstance>), RetainError> {
    let (study, instances) = match target {
        Target::Study(study) => {
            let kept = kept(inner, study)?.ok_or(RetainError::NotFound)?;
            if !kept.is_free(today()) {
                return Err(RetainError::Kept);
            }
            (study.clone(), all_of(inner, study)?)
        }
        Target::Rejection(id) => {
            let record = inner.index.rejection(*id)?.ok_or(RetainError::NotFound)?;
            // A hold on the patient is on what was rejected, too; the rows are gone, a file tells who it is.
            let patient = record.instances.first().map(|named| patient_of(inner, named)).transpose()?.flatten();
            let claims = claims(inner, &record.study, patient.as_ref())?;
            if claims.iter().any(|claim| matches!(claim.claim, Claim::Hold)) {
                return Err(RetainError::Kept);
            }
            (record.study, record.instances)
        }
    };
    if instances.len() > INSTANCES_MAX {
        return Err(RetainError::TooMany);
    }
    // What stands in a conflict is spared, for whoever takes a decision back: no bytes are called gone that are not.
    for named in &instances {
        if inner.index.is_contested(&named.instance)? {
            return Err(RetainError::Contested);
        }
    }
    Ok((study, instances))
}

fn patient_of(inner: &Inner, named: &RejectedInstance) -> Result<Option<PatientKey>, RetainError> {
    bring(inner, &named.digest).map_err(|_| RetainError::FileLost)?;
    let path = inner.blobs.path(&named.digest);
    let read = rebuild::record_of(&path, &named.digest, std::time::SystemTime::now());
    let patient = read.map_err(|_| RetainError::FileLost)?.study.patient;
    Ok(patient.id.map(|id| PatientKey { id, issuer: patient.issuer }))
}

fn all_of(inner: &Inner, study: &Uid) -> Result<Vec<RejectedInstance>, ArchiveError> {
    let mut found = Vec::new();
    for row in inner.index.series(study)? {
        for held in inner.index.instances(study, &row.series)? {
            let (series, entry) = (row.series.clone(), held.row.entry);
            let (instance, digest, bytes) = (entry.instance, entry.digest, entry.bytes);
            found.push(RejectedInstance { series, instance, digest, bytes });
        }
    }
    Ok(found)
}

async fn submit(inner: &Arc<Inner>, kind: u8, body: Vec<u8>, applied: Applied) -> Result<(), ArchiveError> {
    let shared = inner.clone();
    let then = move |_, next| shared.apply(&applied, next);
    inner.journal.submit(Append { kind, body, then: Some(Box::new(then)), ..Append::default() }).await?;
    Ok(())
}

/// Until the node stops: goes on with what a stop, the disk, or a cold tier that was away interrupted.
pub(super) async fn run(inner: Arc<Inner>) {
    loop {
        resume(inner.clone()).await;
        closing::resume(inner.clone()).await;
        tokio::select! {
            () = inner.tasks.stopping() => return,
            () = tokio::time::sleep(RESUME_EVERY) => {}
        }
    }
}

/// Goes on with erasing, where it is not at its end.
pub(super) async fn resume(inner: Arc<Inner>) {
    if inner.index.unfinished_erasures().is_ok_and(|unfinished| unfinished.is_empty()) {
        return;
    }
    let _one = inner.rejecting.lock().await;
    let shared = inner.clone();
    let resumed = inner.tasks.spawn_blocking("archive erase", move || {
        for erase in shared.index.unfinished_erasures()? {
            finish(&shared, &erase)?;
        }
        Ok::<_, ArchiveError>(())
    });
    if let Ok(Err(error)) = resumed.await {
        tracing::error!(%error, "not all erased bytes could be removed yet");
    }
}

/// Removes the bytes of what is erased (blocking).
fn finish(inner: &Arc<Inner>, erase: &EraseRecord) -> Result<(), ArchiveError> {
    let digests: Vec<Digest> = erase.instances.iter().map(|named| named.digest).collect();
    // What is on its way between the tiers ends first; nothing of it begins, the rows are gone.
    inner.moves.copying.wait(&digests);
    // Nobody writes files of small objects from the journal meanwhile.
    let _files = lock(&inner.forgetting);
    let gone = remove(inner, digests.into_iter())?;
    if inner.index.study(&erase.study)?.is_none() {
        lock(&inner.sealed).clear();
        match fs::remove_file(inner.manifests.join(erase.study.as_str())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        File::open(&inner.manifests)?.sync_all()?;
    }
    inner.journal.close_segment()?;
    inner.forget_alone(inner.journal.closed(), usize::MAX)?;
    let record = ErasedRecord { id: erase.id, gone };
    let append = Append { kind: kind::ERASED, body: wire::encode(&record), ..Append::default() };
    inner.write_down(append, Applied::Erased(record))
}

/// Removes the bytes of objects that neither a row nor a rejection nor an open conflict names, and says of which. The
/// caller holds `forgetting` (blocking).
pub(super) fn remove(inner: &Inner, digests: impl Iterator<Item = Digest>) -> Result<Vec<Digest>, ArchiveError> {
    let (mut gone, mut folders) = (Vec::new(), BTreeSet::new());
    let spared = inner.index.spared_digests()?;
    for digest in digests {
        // Nobody takes an object in meanwhile that leans on this file.
        let _alone = inner.erasing.write().unwrap_or_else(PoisonError::into_inner);
        if inner.index.any_by_digest(&digest)?.is_some() || spared.contains(&digest) {
            continue;
        }
        inner.groups().pop(&digest);
        match fs::remove_file(inner.blobs.path(&digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        // A move that a stop cut off may have left a copy that no record names.
        if inner.cold.is_configured() || inner.index.has_copy(&digest)? {
            inner.cold.remove(&digest)?;
        }
        folders.insert(inner.blobs.folder(&digest));
        gone.push(digest);
    }
    for folder in folders {
        File::open(folder)?.sync_all()?;
    }
    Ok(gone)
}

/// Whether a hold is on a study or a patient (blocking).
pub(super) fn is_on_hold(inner: &Inner, study: &Uid, patient: &Patient) -> Result<bool, ArchiveError> {
    let claims = claims(inner, study, PatientKey::of(patient).as_ref())?;
    Ok(claims.iter().any(|claim| matches!(claim.claim, Claim::Hold)))
}

//! Import: what lies on the node's machine (of an administrator) or was uploaded is looked at, decided on and taken in. Its
//! progress is told line by line as JSON (NDJSON).
//!
//! # Not here
//! What a medium is, whose images are on it: `media`. What came from a browser: [`super::uploads`].

use super::{
    Door,
    error::ApiError,
    fault::FaultJson,
    local::{LINES_WAITING, Lines, ndjson},
    signin::Caller,
};
use crate::{
    archive::{self, Form, Source},
    audit::{Act, Event},
    media::{self, Choice, Decided, Decision, Found, Item, Sighted, Verdict, Whose},
    trust::Action,
    words::{Code, Fault},
};
use axum::{Json, body::Bytes, extract::State, response::Response};
use protocol::Uid;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// Objects that may be rejection notes, heard together.
const NOTES_MAX: usize = 1000;
/// Bytes read from an imported file at once; the first piece also tells whose it is.
const READ_BYTES: u64 = 512 * 1024;

/// What was decided of patients on a medium: those with this ID, and this name and birth date where they are given.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct PatientDecision {
    /// Patient ID; empty: those without.
    id: String,
    name: Option<String>,
    birth_date: Option<String>,
    /// `external`: kept as a patient of elsewhere; `link`: shown as a patient of ours; `leave-out`.
    decision: String,
    /// Of `external`: who gave the ID, such as the institution that made the medium.
    issuer: Option<String>,
    /// Of `link`: Study Instance UID of a study of the patient of ours.
    like: Option<String>,
}

/// Files, folders, zips and images on the node's machine, or what was uploaded.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Import {
    /// Of an administrator alone.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    paths: Vec<PathBuf>,
    /// An upload of whoever asks.
    upload: Option<String>,
    /// Only say what is there; nothing is taken in.
    #[serde(default)]
    scan: bool,
    /// Only what has one of these Patient IDs; empty: all.
    #[serde(default)]
    patients: Vec<String>,
    #[serde(default)]
    decisions: Vec<PatientDecision>,
    /// The medium is of this house: the same ID is the same patient.
    #[serde(default)]
    own_ids: bool,
}

impl Import {
    fn choice(&mut self) -> Result<Choice, ApiError> {
        let decisions = std::mem::take(&mut self.decisions).into_iter().map(PatientDecision::parse);
        Ok(Choice {
            only: std::mem::take(&mut self.patients),
            decisions: decisions.collect::<Result<_, _>>()?,
            own_ids: self.own_ids,
        })
    }
}

impl PatientDecision {
    fn parse(self) -> Result<Decision, ApiError> {
        let decided = match (self.decision.as_str(), self.issuer, self.like) {
            ("external", Some(issuer), None) => {
                let edit = archive::by_tag(archive::tag::ISSUER).and_then(|attribute| attribute.edit(&issuer));
                let issuer = edit.and_then(|edit| edit.value);
                Decided::External(issuer.ok_or(ApiError::Bad("the issuer is none of 1 to 64 characters"))?)
            }
            ("link", None, Some(like)) => Decided::Linked(Uid::parse(&like).map_err(|_| ApiError::Bad("not a UID"))?),
            ("leave-out", None, None) => Decided::LeftOut,
            _ => return Err(ApiError::Bad("external with an issuer, link with a study, or leave-out")),
        };
        Ok(Decision { id: self.id, name: self.name, birth_date: self.birth_date, decided })
    }
}

#[derive(Default)]
struct ImportTotal {
    stored: u64,
    known: u64,
    refused: u64,
    left_out: u64,
    undecided: u64,
    bytes: u64,
}

/// What is still to be looked at.
enum Waiting {
    Path(PathBuf),
    Item(Item),
}

#[utoipa::path(post, path = "/api/import", request_body = Import,
    responses((status = 200, content_type = "application/x-ndjson")))]
pub(super) async fn import(
    State(door): State<Door>,
    Caller(person): Caller,
    Json(mut import): Json<Import>,
) -> Result<Response, ApiError> {
    let caller = Caller(person.clone());
    let choice = import.choice()?;
    if choice.decisions.iter().any(|decision| decision.decided != Decided::LeftOut) {
        caller.may(Action::RejectStudies)?;
    }
    for decision in &choice.decisions {
        if let Decided::Linked(like) = &decision.decided {
            door.archive.study(like)?.ok_or(ApiError::NotFound)?;
        }
    }
    match import.upload.take() {
        Some(upload) if import.paths.is_empty() => {
            caller.may(Action::StoreStudies)?;
            import.paths.push(door.uploads.folder(&upload, &person.name).ok_or(ApiError::NotFound)?);
        }
        // Whoever names paths of the node's machine is its administrator.
        None => caller.may(Action::Administer)?,
        Some(_) => return Err(ApiError::Bad("either paths or an upload is given")),
    }
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    if !import.scan {
        door.audit.record(Event::new(Act::StudyReceived, person.actor()).note("import begun")).await?;
    }
    let tasks = door.tasks.clone();
    tasks.spawn("import", async move {
        let importing = Importing {
            notes: Vec::new(),
            may_reject: person.allows(Action::RejectStudies),
            source: Source { actor: person.actor() },
            whose: Whose::new(door.archive.clone(), choice, person.actor()),
            total: ImportTotal::default(),
            sighted: import.scan.then(Sighted::default),
            door,
            lines,
        };
        importing.run(import.paths).await;
    });
    Ok(ndjson(receiver))
}

/// An import, or a look at what one would bring.
struct Importing {
    door: Door,
    lines: Lines,
    source: Source,
    whose: Whose,
    total: ImportTotal,
    /// `None`: what is chosen is taken in.
    sighted: Option<Sighted>,
    /// What may be a rejection note: heard after what it came with.
    notes: Vec<Uid>,
    may_reject: bool,
}

impl Importing {
    async fn run(mut self, paths: Vec<PathBuf>) {
        let mut waiting: VecDeque<Waiting> = paths.into_iter().map(Waiting::Path).collect();
        while let Some(next) = waiting.pop_front() {
            let line = match next {
                Waiting::Path(path) => match self.look(&path, &mut waiting).await {
                    Ok(()) => continue,
                    Err(fault) => self.refused(&path.display().to_string(), fault),
                },
                Waiting::Item(item) => self.one(item).await,
            };
            if self.lines.send(line).await.is_err() {
                break;
            }
        }
        self.end().await;
    }

    /// Puts what a path holds in front, sorted, so that the walk goes depth first and needs no recursion.
    async fn look(&self, path: &Path, waiting: &mut VecDeque<Waiting>) -> Result<(), Fault> {
        let looked = path.to_owned();
        let found = self.door.tasks.spawn_blocking("import look", move || media::look(&looked)).await;
        match found.map_err(here)?.map_err(|error| Fault::new(Code::NoFile, error))? {
            Found::Items(items) => {
                for item in items.into_iter().rev() {
                    waiting.push_front(Waiting::Item(item));
                }
            }
            Found::Folder => folder_into(path, waiting).await,
        }
        Ok(())
    }

    fn refused(&mut self, name: &str, fault: Fault) -> Value {
        self.total.refused += 1;
        json!({ "path": name, "fault": FaultJson::from(fault) })
    }

    async fn one(&mut self, item: Item) -> Value {
        let name = item.name.clone();
        let (front, rest) = match self.begin(item).await {
            Ok(begun) => begun,
            Err(fault) => return self.refused(&name, fault),
        };
        let peeked = archive::peek(&front);
        if let Some(sighted) = &mut self.sighted {
            return match peeked {
                Ok(peeked) => {
                    let instance = peeked.instance.as_ref();
                    let is_held = instance.is_some_and(|i| self.door.archive.has_instance(i).unwrap_or(false));
                    let is_chosen = self.whose.choice().takes(&peeked.patient);
                    sighted.add(peeked, is_held, is_chosen);
                    json!({ "path": name })
                }
                Err(reason) => self.refused(&name, Fault::new(Code::NoObject, reason)),
            };
        }
        let verdict = match &peeked {
            Ok(peeked) => self.whose.judge(peeked).await.map_err(here),
            // What does not say whose it is comes only where everything comes.
            Err(_) if self.whose.choice().is_all() => Ok(Verdict::Take),
            Err(_) => Ok(Verdict::LeaveOut),
        };
        match verdict {
            Ok(Verdict::Take) => {}
            Ok(Verdict::LeaveOut) => {
                self.total.left_out += 1;
                return json!({ "path": name, "left_out": true });
            }
            Ok(Verdict::Undecided) => {
                self.total.undecided += 1;
                return json!({ "path": name, "undecided": true });
            }
            Ok(Verdict::Divided) => return self.refused(&name, Code::Divided.into()),
            Err(fault) => return self.refused(&name, fault),
        }
        self.take(&name, front, rest).await
    }

    async fn take(&mut self, name: &str, front: Bytes, rest: Reader) -> Value {
        let taken = read_in(&self.door, front, rest, &self.source).await;
        if let Some(note) = taken.as_ref().ok().filter(|ingested| ingested.may_be_note()) {
            self.notes.push(note.instance.clone());
            if self.notes.len() >= NOTES_MAX {
                self.heed().await;
            }
        }
        match taken {
            Ok(ingested) if ingested.known => {
                self.total.known += 1;
                json!({ "path": name, "known": ingested.instance.to_string() })
            }
            Ok(ingested) => {
                self.total.stored += 1;
                self.total.bytes += ingested.bytes;
                json!({ "path": name, "stored": ingested.instance.to_string() })
            }
            Err(fault) => self.refused(name, fault),
        }
    }

    /// Opens a file and reads its front.
    async fn begin(&self, item: Item) -> Result<(Bytes, Reader), Fault> {
        let reading = self.door.tasks.spawn_blocking("import read", move || {
            let mut file = item.open()?;
            let front = piece(&mut file)?;
            Ok::<_, std::io::Error>((front, file))
        });
        reading.await.map_err(here)?.map_err(|error| Fault::new(Code::NoFile, error))
    }

    /// Rejection notes are obeyed, or it is written down why not.
    async fn heed(&mut self) {
        for note in std::mem::take(&mut self.notes) {
            let heeded = self.door.archive.heed(&note, self.may_reject, self.source.actor.clone()).await;
            let line = match heeded {
                Ok(None) => continue,
                Ok(Some(record)) => json!({ "note": note.to_string(), "done": record.heeded.word() }),
                Err(error) => self.refused(note.as_str(), Fault::new(Code::Here, error)),
            };
            // The reader may be gone.
            let _ = self.lines.send(line).await;
        }
    }

    async fn end(mut self) {
        self.heed().await;
        let ImportTotal { stored, known, refused, left_out, undecided, bytes } = self.total;
        let mut total = json!({ "stored": stored, "known": known, "refused": refused, "left_out": left_out,
            "undecided": undecided, "bytes": bytes });
        match self.sighted {
            Some(sighted) => {
                let (archive, tasks) = (self.door.archive.clone(), &self.door.tasks);
                let seen = tasks.spawn_blocking("import candidates", move || media::sight(&archive, sighted)).await;
                total["patients"] = seen.ok().and_then(Result::ok).unwrap_or_default();
            }
            None => {
                let event = Event::new(Act::StudyReceived, self.source.actor).amount(stored, bytes).note(format!(
                    "import ended: {known} known, {refused} refused, {left_out} left out, {undecided} undecided"
                ));
                if let Err(error) = self.door.audit.record(event).await {
                    tracing::error!(%error, "import: evidence");
                }
            }
        }
        // The reader may be gone; the import itself is done and in evidence.
        let _ = self.lines.send(json!({ "total": total })).await;
    }
}

async fn folder_into(path: &Path, waiting: &mut VecDeque<Waiting>) {
    let mut entries = Vec::new();
    if let Ok(mut dir) = tokio::fs::read_dir(path).await {
        while let Ok(Some(entry)) = dir.next_entry().await {
            entries.push(entry.path());
        }
    }
    entries.sort();
    for entry in entries.into_iter().rev() {
        waiting.push_front(Waiting::Path(entry));
    }
}

type Reader = Box<dyn std::io::Read + Send>;

/// The next bytes: as many as there are, up to a bound.
fn piece(file: &mut Reader) -> std::io::Result<Bytes> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.take(READ_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// A fault of this node's own.
fn here(error: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Here, error)
}

async fn read_in(door: &Door, front: Bytes, mut rest: Reader, source: &Source) -> Result<archive::Ingested, Fault> {
    let mut spool = door.archive.spool(Form::File).await?;
    let mut next = front;
    while !next.is_empty() {
        spool.write(next).await?;
        let reading = door.tasks.spawn_blocking("import read", move || piece(&mut rest).map(|bytes| (bytes, rest)));
        (next, rest) = reading.await.map_err(here)?.map_err(|error| Fault::new(Code::NoFile, error))?;
    }
    Ok(door.archive.ingest(spool, source).await?)
}

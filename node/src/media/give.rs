//! An export as it goes: study by study, each in the log first, each object verified before its file begins.
//!
//! # At a crash
//! Nothing is kept here.
//!
//! # Not here
//! What becomes of the files: [`super::pack`].

use super::{
    INSTANCES_MAX, Layout, Media, MediaError, PURPOSE_MAX, STUDIES_MAX,
    dicomdir::{self, Directory, Place},
    names::{self, Numbers},
    pages::{self, Shown},
    piece::{Held, Piece, Said},
    preview,
    record::File,
};
use crate::{
    archive::{self, InstanceRow, Object, SeriesRow, StudyRow},
    audit::{Act, Event},
    pixels::{Plain, Transcoded, dataset::EXPLICIT_LE, source::Source},
    trust::{Caller, Held as HeldAt, Permit, Person},
};
use bytes::Bytes;
use protocol::{Uid, agreement::Level, limits::RANGE_BYTES_MAX, manifest::Amended};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces waiting for a slow packer before the reading waits: some megabytes.
const PIECES_WAITING: usize = 8;
/// Pictures in the index page of a medium.
const PREVIEWS_MAX: usize = 200;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) studies: Vec<Uid>,
    pub(crate) layout: Layout,
    /// Objects are made Explicit VR Little Endian, as the general-purpose profiles want (PS3.11 D).
    pub(crate) plain: bool,
    /// Why they leave the house, for the log.
    pub(crate) purpose: String,
}

/// Why it does not go on. Where the packer has gone there is nobody to tell.
enum Stop {
    Gone,
    Fault(String),
}

impl<T> From<mpsc::error::SendError<T>> for Stop {
    fn from(_: mpsc::error::SendError<T>) -> Self {
        Self::Gone
    }
}

/// Begins an export. Its pieces end with [`Said::Done`] or [`Said::Broken`].
///
/// # Errors
/// See [`MediaError`]: nothing has left then, and nothing is in the log.
pub(crate) fn export(media: &Media, person: &Person, wanted: Wanted) -> Result<mpsc::Receiver<Piece>, MediaError> {
    let purpose = wanted.purpose.trim();
    let fit = (1..=PURPOSE_MAX).contains(&purpose.chars().count()) && !purpose.chars().any(char::is_control);
    if !fit {
        return Err(MediaError::Purpose);
    }
    if wanted.studies.len() > STUDIES_MAX {
        return Err(MediaError::TooMany);
    }
    let mut rows = Vec::with_capacity(wanted.studies.len());
    for study in &wanted.studies {
        rows.push(media.archive.study(study)?.ok_or(MediaError::NoStudy)?);
    }
    let instances = rows.iter().map(|row| u64::from(row.instances)).sum();
    if rows.is_empty() {
        return Err(MediaError::NoStudy);
    }
    if wanted.layout == Layout::Pdi && instances > INSTANCES_MAX {
        return Err(MediaError::TooMany);
    }
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let giving = Giving {
        media: media.clone(),
        person: person.clone(),
        wanted,
        out: sender.clone(),
        numbers: Numbers::default(),
        directory: Directory::default(),
        shown: Vec::new(),
        previews: 0,
        total: Total::default(),
    };
    media.tasks.spawn("export", async move {
        if let Err(Stop::Fault(reason)) = giving.run(rows, instances).await {
            tracing::error!(reason, "an export broke off");
            _ = sender.send(Piece::Said(Said::Broken { reason })).await;
        }
    });
    Ok(receiver)
}

#[derive(Default)]
struct Total {
    instances: u64,
    bytes: u64,
    left_out: u64,
}

struct Giving {
    media: Media,
    person: Person,
    wanted: Wanted,
    out: mpsc::Sender<Piece>,
    numbers: Numbers,
    directory: Directory,
    shown: Vec<Shown>,
    previews: usize,
    total: Total,
}

impl Giving {
    async fn run(mut self, rows: Vec<StudyRow>, instances: u64) -> Result<(), Stop> {
        let bytes = rows.iter().map(|row| row.bytes).sum();
        self.say(Said::Begin { studies: rows.len() as u64, instances, bytes }).await?;
        for row in &rows {
            let before = self.total.instances;
            self.study(row).await?;
            let instances = self.total.instances - before;
            self.say(Said::StudyEnded { study: row.study.to_string(), instances }).await?;
        }
        if self.wanted.layout == Layout::Pdi {
            self.pages().await?;
        }
        let Total { instances, bytes, left_out } = self.total;
        self.say(Said::Done { instances, bytes, left_out }).await
    }

    async fn say(&self, said: Said) -> Result<(), Stop> {
        Ok(self.out.send(Piece::Said(said)).await?)
    }

    async fn study(&mut self, row: &StudyRow) -> Result<(), Stop> {
        let facts = self.media.archive.facts(row).map_err(|error| Stop::Fault(error.to_string()))?;
        let allowed = self.media.trust.authorize(Caller::Person(&self.person), &facts, HeldAt::Here, Level::Pixels);
        let permit = allowed.map_err(|refusal| Stop::Fault(refusal.to_string()))?;
        let form = if self.wanted.layout == Layout::Pdi { "medium" } else { "files" };
        let event = Event::new(Act::StudyExported, self.person.actor())
            .study(&row.study)
            .amount(u64::from(row.instances), row.bytes)
            .note(format!("{form}: {}", self.wanted.purpose.trim()));
        self.media.audit.record(event).await.map_err(|error| Stop::Fault(error.to_string()))?;
        let (patient, study) = (self.numbers.patient(row), self.numbers.study());
        let fault = |error: archive::ArchiveError| Stop::Fault(error.to_string());
        let mut shown = Shown::of(row, patient);
        for series in self.media.archive.series(&row.study).map_err(fault)? {
            let number = self.numbers.series();
            let instances = self.media.archive.instances(&row.study, &series.series).map_err(fault)?;
            let images: Vec<_> = instances.iter().filter(|i| i.entry.frames > 0).map(|i| i.entry.digest).collect();
            let key = images.get(images.len() / 2).copied();
            let mut picture = None;
            for instance in &instances {
                let place = Place { patient, study, series: number, image: self.numbers.image() };
                let object = self.instance(&permit, row, &series, instance, place).await?;
                if let Some(object) = object.filter(|_| key == Some(instance.entry.digest)) {
                    picture = self.preview(&permit, instance, object, number).await?;
                }
            }
            shown.series.push(pages::ShownSeries::of(&series, picture));
        }
        self.shown.push(shown);
        Ok(())
    }

    /// One object into a file of its own; `None` where it cannot be read.
    async fn instance(
        &mut self,
        permit: &Permit,
        study: &StudyRow,
        series: &SeriesRow,
        row: &InstanceRow,
        place: Place,
    ) -> Result<Option<Object>, Stop> {
        let (object, meta, header) = match self.read(permit, row).await {
            Ok(read) => read,
            Err(reason) => {
                self.total.left_out += 1;
                self.say(Said::LeftOut { instance: row.entry.instance.to_string(), reason }).await?;
                return Ok(None);
            }
        };
        let path = match self.wanted.layout {
            Layout::Files => format!("{}{}", names::folder(study, series), names::file(row)),
            Layout::Pdi => {
                let Place { patient, study, series, image } = place;
                format!("DICOM/PAT{patient:05}/STU{study:05}/SER{series:05}/{image:08}")
            }
        };
        let corrections = self.corrections(study);
        let mut made = self.made(row, &object, &header, corrections.clone()).await?;
        let front = made.as_ref().map_or(meta, Transcoded::front);
        let corrected = corrections.map(|by| corrected(&header, row, &by)).transpose()?;
        let as_stored = || match &corrected {
            Some(corrected) => object.bytes() - header.len() as u64 + corrected.len() as u64,
            None => object.bytes(),
        };
        let bytes = front.len() as u64 + made.as_ref().map_or_else(as_stored, Transcoded::bytes);
        let written = if made.is_some() { EXPLICIT_LE } else { row.entry.transfer_syntax.as_str() };
        if self.wanted.layout == Layout::Pdi {
            let (class, instance) = (row.entry.sop_class.as_str(), row.entry.instance.as_str());
            let (study, series, modality) = (study.study.as_str(), series.series.as_str(), series.modality.as_str());
            let (path, transfer_syntax) = (path.as_str(), written);
            let file = File { study, series, modality, path, sop_class: class, instance, transfer_syntax };
            self.directory.add(
                place,
                corrected.as_ref().unwrap_or(&header),
                dicomdir::syntax(&row.entry.transfer_syntax),
                &file,
            );
        }
        let held = Held {
            study: study.study.to_string(),
            series: series.series.to_string(),
            instance: row.entry.instance.to_string(),
            digest: (made.is_none() && corrected.is_none()).then(|| row.entry.digest.to_string()),
            meta_bytes: front.len() as u64,
        };
        self.say(Said::File { path, bytes, held: Some(held) }).await?;
        let mut hasher = blake3::Hasher::new();
        self.send(&mut hasher, front).await?;
        let mut at = 0;
        if let (None, Some(corrected)) = (&made, corrected) {
            at = header.len() as u64;
            self.send(&mut hasher, corrected).await?;
        }
        loop {
            let next = match &mut made {
                Some(made) => made.next().await.map_err(|fault| Stop::Fault(fault.to_string()))?,
                None if at >= object.bytes() => None,
                None => Some(object.range(at, RANGE_BYTES_MAX).await.map_err(|error| Stop::Fault(error.to_string()))?),
            };
            let Some(next) = next else { break };
            at += next.len() as u64;
            self.send(&mut hasher, next).await?;
        }
        self.say(Said::Ended { blake3: hasher.finalize().to_hex().to_string() }).await?;
        self.total.instances += 1;
        self.total.bytes += bytes;
        Ok(Some(object))
    }

    async fn send(&self, hasher: &mut blake3::Hasher, bytes: Bytes) -> Result<(), Stop> {
        hasher.update(&bytes);
        // A frame that was made plain comes whole.
        let mut rest = bytes;
        let most = usize::try_from(RANGE_BYTES_MAX).unwrap_or(usize::MAX);
        while !rest.is_empty() {
            let piece = rest.split_to(most.min(rest.len()));
            self.out.send(Piece::Bytes(piece)).await?;
        }
        Ok(())
    }

    async fn read(&self, permit: &Permit, row: &InstanceRow) -> Result<(Object, Bytes, Bytes), String> {
        let object = self.media.archive.read_for(permit, row).await.map_err(|error| error.to_string())?;
        let meta = object.meta().await.map_err(|error| error.to_string())?;
        let header = self.media.archive.header_for(permit, row).await.map_err(|error| error.to_string())?;
        Ok((object, meta, header))
    }

    /// What was corrected of a study, and the site that did.
    fn corrections(&self, study: &StudyRow) -> Option<Arc<(Amended, String)>> {
        let amended = study.amended.clone().filter(|amended| !amended.edits.is_empty())?;
        Some(Arc::new((amended, self.media.site_name.clone())))
    }

    /// The object in a plain transfer syntax, where that is wanted and can be had.
    async fn made(
        &self,
        row: &InstanceRow,
        object: &Object,
        header: &[u8],
        corrections: Option<Arc<(Amended, String)>>,
    ) -> Result<Option<Transcoded>, Stop> {
        let syntax = row.entry.transfer_syntax.as_str();
        if !self.wanted.plain || syntax == EXPLICIT_LE {
            return Ok(None);
        }
        let source = Source::Object(object.clone(), corrections);
        let begun = Transcoded::begin(&self.media.decoders, source, row.entry.clone(), header, Plain::Explicit).await;
        match begun {
            Ok(made) => Ok(Some(made)),
            Err(fault) => {
                tracing::info!(%fault, "an instance is exported as it is stored");
                self.say(Said::AsStored { instance: row.entry.instance.to_string() }).await?;
                Ok(None)
            }
        }
    }

    /// A picture of a series for the index page. None is no fault.
    async fn preview(
        &mut self,
        permit: &Permit,
        row: &InstanceRow,
        object: Object,
        series: u32,
    ) -> Result<Option<String>, Stop> {
        if self.wanted.layout != Layout::Pdi || self.previews >= PREVIEWS_MAX {
            return Ok(None);
        }
        let Ok(header) = self.media.archive.header_for(permit, row).await else { return Ok(None) };
        let made = preview::jpeg_of(&self.media, object, row.entry.clone(), &header).await.ok();
        let Some(picture) = made else { return Ok(None) };
        self.previews += 1;
        let path = format!("PREVIEW/{series:08}.JPG");
        self.file(&path, picture.into()).await?;
        Ok(Some(path))
    }

    async fn file(&self, path: &str, bytes: Bytes) -> Result<(), Stop> {
        self.say(Said::File { path: path.to_owned(), bytes: bytes.len() as u64, held: None }).await?;
        let mut hasher = blake3::Hasher::new();
        self.send(&mut hasher, bytes).await?;
        self.say(Said::Ended { blake3: hasher.finalize().to_hex().to_string() }).await
    }

    /// What lies in the root of a medium.
    async fn pages(&mut self) -> Result<(), Stop> {
        let directory = std::mem::take(&mut self.directory).finish("CONFRERE");
        self.file("DICOMDIR", directory.into()).await?;
        let page = pages::index(&self.media.site_name, &self.media.language, &self.shown);
        self.file("INDEX.HTM", page.into()).await?;
        self.file("README.TXT", pages::readme(&self.media.site_name).into()).await
    }
}

/// A header as it leaves: with what was corrected.
fn corrected(header: &[u8], row: &InstanceRow, by: &(Amended, String)) -> Result<Bytes, Stop> {
    let made = archive::amended_header(header, &row.entry.transfer_syntax, &by.0, &by.1);
    made.map(Bytes::from).ok_or_else(|| Stop::Fault("a correction cannot be written into a header".to_owned()))
}

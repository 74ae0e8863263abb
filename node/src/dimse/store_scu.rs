//! C-STORE as user: sends files to a DICOM peer, their data sets unchanged and in their own transfer syntax where the
//! peer takes it, else in a plain one.
//!
//! An instance for which neither can be done is reported as not sent. Files are streamed; of each only one fragment, or
//! one decoded frame, is in memory. Where the peer takes several requests at once (PS3.7 D.3.3.3), files follow one
//! another without waiting for each answer: over a long line, or at a peer that sees to it that they are on disk, most of
//! the time is waiting.

use super::{
    Destination, DimseError,
    association::{Association, Incoming, Wanted},
    files::{DicomFile, Skipped},
    link::{LinkError, Patience},
    message::{C_STORE_RSP, Command},
    negotiate::Context,
    pdu::{Abort, associate::CONTEXTS_MAX},
    status,
};
use crate::{
    archive,
    pixels::{Decoders, Plain, Transcoded, source::Source},
    tasks::Tasks,
};
use bytes::BytesMut;
use protocol::{AeTitle, Digest, Uid, manifest::InstanceEntry};
use std::{
    collections::VecDeque,
    io::SeekFrom,
    time::{Duration, Instant},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

/// A peer may take its time to store a large object before it answers.
pub(super) const ANSWER: Duration = Duration::from_secs(180);
/// Files under way at once, where the peer takes so many.
const INVOKED: u16 = 8;

/// What became of one file.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) file: &'a DicomFile,
    /// Files dealt with so far.
    pub(crate) done: usize,
    /// Why it was not stored at the peer.
    pub(crate) fault: Option<&'a str>,
}

/// What became of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct SendReport {
    pub(crate) sent: usize,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
    pub(crate) failed: Vec<Skipped>,
}

/// Sends files to a peer; `progress` hears of each. Fails as a whole only when no association comes about at all.
pub(crate) async fn send(
    files: &[DicomFile],
    to: &Destination,
    calling: &AeTitle,
    progress: &mut (dyn FnMut(Sent<'_>) + Send),
) -> Result<SendReport, DimseError> {
    let begun = Instant::now();
    let mut run = Run {
        to,
        calling,
        decoders: Decoders::new(Tasks::default()),
        done: 0,
        report: SendReport::default(),
        progress,
    };
    for (pairs, batch) in batches(files) {
        run.send_batch(&pairs, &batch).await?;
    }
    run.report.took = begun.elapsed();
    Ok(run.report)
}

/// A file that was sent, and the peer's answer or why it was not sent.
struct UnderWay<'a> {
    id: u16,
    file: &'a DicomFile,
    answer: Option<Result<(), String>>,
}

const UNASKED: &str = "an answer to nothing that was asked";

struct Run<'a> {
    to: &'a Destination,
    calling: &'a AeTitle,
    decoders: Decoders,
    done: usize,
    report: SendReport,
    progress: &'a mut (dyn FnMut(Sent<'_>) + Send),
}

impl Run<'_> {
    /// Sends what fits one association. One that breaks is requested again: an instance at which it broke twice is passed
    /// over, and after two of those in a row the rest is given up.
    async fn send_batch(&mut self, pairs: &[(Uid, Uid)], batch: &[&DicomFile]) -> Result<(), DimseError> {
        let mut rest = batch;
        let mut stuck = 0;
        loop {
            // After a break one at a time, so that it is seen which one breaks it.
            let invoked = if stuck == 0 { INVOKED } else { 0 };
            let wanted = Wanted { pairs, invoked, ..Wanted::default() };
            let mut association = super::connect_for(self.to, self.calling, wanted, Patience::default()).await?;
            let before = rest.len();
            let Err(error) = self.send_over(&mut association, &mut rest).await else {
                // All are answered; how the association ends changes nothing.
                if let Err(error) = association.release().await {
                    tracing::debug!(%error, "the association was not released in order");
                }
                return Ok(());
            };
            association.abort(Abort::USER).await;
            stuck = if rest.len() == before { stuck + 1 } else { 0 };
            let given_up = match stuck {
                0 => 0,
                1 => 1,
                _ => rest.len(),
            };
            let reason = error.to_string();
            let (lost, later) = rest.split_at(given_up.min(rest.len()));
            lost.iter().for_each(|file| self.note(file, Some(&reason)));
            rest = later;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn send_over(&mut self, association: &mut Association, rest: &mut &[&DicomFile]) -> Result<(), LinkError> {
        let (mut under_way, mut unsent, mut id) = (VecDeque::<UnderWay<'_>>::new(), *rest, 0u16);
        while !rest.is_empty() {
            match unsent.split_first() {
                Some((file, later)) if under_way.len() < association.invoked_max() => {
                    id = id.wrapping_add(1);
                    let begun = self.begin(association, file, id).await?;
                    under_way.push_back(UnderWay { id, file, answer: begun.err().map(Err) });
                    unsent = later;
                }
                _ => {
                    let (answered, answer) = next_answer(association).await?;
                    let of = under_way.iter_mut().find(|u| u.id == answered && u.answer.is_none());
                    of.ok_or(LinkError::Unexpected(UNASKED))?.answer = Some(answer.map(|_| ()));
                }
            }
            while let Some(answer) = under_way.front_mut().and_then(|first| first.answer.take()) {
                if let Some(UnderWay { file, .. }) = under_way.pop_front() {
                    self.note(file, answer.err().as_deref());
                }
                *rest = rest.get(1..).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// Sends one file; the inner error says why it is not sent.
    async fn begin(
        &self,
        association: &mut Association,
        file: &DicomFile,
        id: u16,
    ) -> Result<Result<(), String>, LinkError> {
        let context = |syntax: &str| association.context_for(file.sop_class.as_str(), Some(syntax)).cloned();
        if let Some(context) = context(file.transfer_syntax.as_str()) {
            return store(association, &context, file, id).await;
        }
        let plain = Plain::ALL.into_iter().find_map(|plain| Some((plain, context(plain.uid())?)));
        match plain.filter(|_| Transcoded::is_possible(file.transfer_syntax.as_str())) {
            None => Ok(Err("the peer does not take this SOP class in this transfer syntax".to_owned())),
            Some((plain, context)) => match transcoded(&self.decoders, file, plain).await {
                Err(reason) => Ok(Err(format!("the peer takes it only uncompressed: {reason}"))),
                Ok(made) => store_made(association, &context, file, made, id).await.map(Ok),
            },
        }
    }

    fn note(&mut self, file: &DicomFile, fault: Option<&str>) {
        self.done += 1;
        match fault {
            None => {
                self.report.sent += 1;
                self.report.bytes = self.report.bytes.saturating_add(file.data_set_bytes);
            }
            Some(reason) => {
                self.report.failed.push(Skipped { path: file.path.clone(), reason: reason.to_owned() });
            }
        }
        (self.progress)(Sent { file, done: self.done, fault });
    }
}

/// Sends one file; the inner error is the file's, the outer the link's.
async fn store(
    association: &mut Association,
    context: &Context,
    file: &DicomFile,
    id: u16,
) -> Result<Result<(), String>, LinkError> {
    let mut data_set = match open(file).await {
        Ok(data_set) => data_set,
        Err(e) => return Ok(Err(e.to_string())),
    };
    association.queue(context.id, &Command::store_request(id, &file.sop_class, &file.sop_instance)).await?;
    let mut left = file.data_set_bytes;
    loop {
        let most = left.min(association.fragment_bytes() as u64);
        let mut bytes = BytesMut::with_capacity(usize::try_from(most).unwrap_or_default());
        let mut piece = (&mut data_set).take(most);
        // A file that shrinks while it is sent cannot be completed: the message is cut off rather than ended as if whole.
        while (bytes.len() as u64) < most {
            if piece.read_buf(&mut bytes).await? == 0 {
                return Err(LinkError::Unexpected("the file became shorter while it was sent"));
            }
        }
        left -= most;
        association.send_fragment(context.id, bytes.freeze(), left == 0).await?;
        if left == 0 {
            return Ok(Ok(()));
        }
    }
}

/// Begins to make a file plain.
async fn transcoded(decoders: &Decoders, file: &DicomFile, plain: Plain) -> Result<Transcoded, String> {
    let (start, bytes) = (file.data_set_offset, file.data_set_bytes);
    let opened = std::fs::File::open(&file.path).map_err(|e| e.to_string())?;
    let header_bytes = archive::header_bytes(&opened, start, bytes, &file.transfer_syntax)?;
    let source = Source::File { file: opened.into(), start };
    // Nobody looks at the digests: the bytes come from the file itself.
    let entry = InstanceEntry {
        instance: file.sop_instance.clone(),
        sop_class: file.sop_class.clone(),
        transfer_syntax: file.transfer_syntax.clone(),
        number: None,
        frames: 1,
        bytes,
        digest: Digest::of(&[]),
        header_bytes,
        header_digest: Digest::of(&[]),
    };
    let header = source.whole(&entry, 0, header_bytes.into()).await.map_err(|e| e.to_string())?;
    Transcoded::begin(decoders, source, entry, &header, plain).await.map_err(|e| e.to_string())
}

/// As [`store`], for what is made on its way.
async fn store_made(
    association: &mut Association,
    context: &Context,
    file: &DicomFile,
    mut made: Transcoded,
    id: u16,
) -> Result<(), LinkError> {
    association.queue(context.id, &Command::store_request(id, &file.sop_class, &file.sop_instance)).await?;
    let mut left = made.bytes();
    let most = association.fragment_bytes();
    while left > 0 {
        let next = made.next().await.ok().flatten();
        let mut piece = next.ok_or(LinkError::Unexpected("the file could not be decoded to its end"))?;
        left = left.saturating_sub(piece.len() as u64);
        while !piece.is_empty() {
            let fragment = piece.split_to(piece.len().min(most));
            association.send_fragment(context.id, fragment, left == 0 && piece.is_empty()).await?;
        }
    }
    Ok(())
}

async fn open(file: &DicomFile) -> std::io::Result<File> {
    let mut data_set = File::open(&file.path).await?;
    data_set.seek(SeekFrom::Start(file.data_set_offset)).await?;
    Ok(data_set)
}

/// The answer to the C-STORE request `id`; the inner error is the peer's refusal.
pub(super) async fn answer(association: &mut Association, id: u16) -> Result<Result<(), String>, LinkError> {
    Ok(stored_status(association, id).await?.map(|_| ()))
}

/// As [`answer`], with the status: success, or a warning.
pub(super) async fn stored_status(association: &mut Association, id: u16) -> Result<Result<u16, String>, LinkError> {
    let (answered, answer) = next_answer(association).await?;
    if answered == id { Ok(answer) } else { Err(LinkError::Unexpected(UNASKED)) }
}

/// The next answer to a C-STORE request, and to which.
async fn next_answer(association: &mut Association) -> Result<(u16, Result<u16, String>), LinkError> {
    let answer = match association.next_within(ANSWER).await? {
        Incoming::Command(_, answer) if answer.field() == Some(C_STORE_RSP) => answer,
        Incoming::Command(..) => return Err(LinkError::Unexpected(UNASKED)),
        Incoming::ReleaseAsked => return Err(LinkError::Unexpected("a release before the answer")),
    };
    let id = answer.answered_id().ok_or(LinkError::Unexpected(UNASKED))?;
    let code = answer.status().ok_or(LinkError::Unexpected("an answer without a status"))?;
    if status::is_stored(code) {
        return Ok((id, Ok(code)));
    }
    let comment = answer.comment().map(|c| format!(": {c}")).unwrap_or_default();
    Ok((id, Err(format!("{} ({code:04X}{comment})", status::sentence(code)))))
}

/// Files that fit one association, with the pairs of class and syntax they need.
type Batch<'a> = (Vec<(Uid, Uid)>, Vec<&'a DicomFile>);

/// The contexts an object is proposed in: its own transfer syntax, and the plain ones.
pub(super) fn wanted(sop_class: &Uid, transfer_syntax: &Uid) -> Vec<(Uid, Uid)> {
    let plain = Plain::ALL.iter().filter_map(|plain| Uid::parse(plain.uid()).ok());
    let plain = plain.filter(|uid| uid != transfer_syntax && Transcoded::is_possible(transfer_syntax.as_str()));
    std::iter::once(transfer_syntax.clone()).chain(plain).map(|syntax| (sop_class.clone(), syntax)).collect()
}

/// Files in order, cut where an association would need more contexts than there are.
fn batches(files: &[DicomFile]) -> Vec<Batch<'_>> {
    let mut all: Vec<Batch<'_>> = Vec::new();
    for file in files {
        let wanted = wanted(&file.sop_class, &file.transfer_syntax);
        match all.last_mut() {
            Some((pairs, batch)) => {
                let new: Vec<_> = wanted.iter().filter(|pair| !pairs.contains(pair)).cloned().collect();
                if pairs.len() + new.len() <= CONTEXTS_MAX {
                    pairs.extend(new);
                    batch.push(file);
                    continue;
                }
                all.push((wanted, vec![file]));
            }
            None => all.push((wanted, vec![file])),
        }
    }
    all
}

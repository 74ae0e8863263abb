//! C-STORE as provider (PS3.4 Annex B): data set bytes straight into the archive.
//!
//! The bytes are never looked at here; what a rejection note asks for, the archive reads. An answer goes out only after
//! the archive has, or has refused, the instance, and after the first instance of a study in this association is in the
//! audit log.
//!
//! # At a crash
//! See [`super`]; the closing counts of the association are missing from the log, the first event of each study is not.

use super::{
    association::Association,
    caller::Caller,
    link::LinkError,
    message::{AFFECTED_CLASS, AFFECTED_INSTANCE, Command},
    negotiate::Context,
    status::Status,
};
use crate::{
    archive::{Archive, Form, IngestError, Ingested, Source, Spool},
    audit::{Act, Audit, Event},
};
use protocol::Uid;
use std::collections::BTreeMap;

/// After a refusal the rest of the message is read so that the answer can be given, but not without end.
const PASSED_OVER_BYTES_MAX: u64 = 1 << 30;
/// Studies whose counts are kept open in one association; more than an import of a whole disk has at once.
const STUDIES_MAX: usize = 1024;

/// What one association stores.
#[derive(Debug)]
pub(super) struct StoreScp {
    archive: Archive,
    audit: Audit,
    source: Source,
    caller: Caller,
    studies: BTreeMap<Uid, Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    instances: u64,
    bytes: u64,
}

impl StoreScp {
    pub(super) fn new(archive: Archive, audit: Audit, caller: &Caller) -> Self {
        let (actor, caller) = (caller.actor(), caller.clone());
        Self { archive, audit, source: Source { actor }, caller, studies: BTreeMap::new() }
    }

    /// Takes one instance and answers.
    pub(super) async fn store(
        &mut self,
        association: &mut Association,
        context: &Context,
        request: &Command,
    ) -> Result<(), LinkError> {
        if !request.has_data_set() {
            return association.send(context.id, &Command::answer(request, Status::MISTYPED)).await;
        }
        let spooled = self.receive(association, context, request).await?;
        let status = match spooled {
            Ok(spool) => self.ingest(spool).await,
            Err(status) => status,
        };
        association.send(context.id, &Command::answer(request, status)).await
    }

    /// Reads the data set to its end, into a spool as long as there is one.
    async fn receive(
        &self,
        association: &mut Association,
        context: &Context,
        request: &Command,
    ) -> Result<Result<Spool, Status>, LinkError> {
        let mut spool = match self.spool(context, request).await {
            Ok(spool) => spool,
            Err(status) => return pass_over(association, context).await.map(|()| Err(status)),
        };
        loop {
            let fragment = association.next_fragment(context).await?;
            if let Err(error) = spool.write(fragment.bytes).await {
                drop(spool);
                tracing::warn!(%error, "an instance was refused while it came in");
                if !fragment.last {
                    pass_over(association, context).await?;
                }
                return Ok(Err(Status::of(&error)));
            }
            if fragment.last {
                return Ok(Ok(spool));
            }
        }
    }

    async fn spool(&self, context: &Context, request: &Command) -> Result<Spool, Status> {
        let sop_class = request.uid(AFFECTED_CLASS).ok_or(Status::MISTYPED)?;
        let sop_instance = request.uid(AFFECTED_INSTANCE).ok_or(Status::MISTYPED)?;
        let transfer_syntax = context.transfer_syntax.clone();
        let source = Some(self.caller.title().clone());
        let form = Form::DataSet { transfer_syntax, sop_class, sop_instance, source };
        self.archive.spool(form).await.map_err(|error| {
            tracing::warn!(%error, "an instance cannot be taken in");
            Status::of(&error)
        })
    }

    async fn ingest(&mut self, spool: Spool) -> Status {
        match self.archive.ingest(spool, &self.source).await {
            Ok(ingested) => match self.count(&ingested).await {
                Status::SUCCESS => self.heed(&ingested).await,
                status => status,
            },
            Err(error) => {
                match &error {
                    IngestError::Storage(_) => tracing::error!(%error, "an instance could not be stored"),
                    _ => tracing::warn!(%error, "an instance was refused"),
                }
                Status::of(&error)
            }
        }
    }

    /// A rejection note is obeyed, or it is written down why not, before it is answered.
    async fn heed(&self, ingested: &Ingested) -> Status {
        if !ingested.may_be_note() {
            return Status::SUCCESS;
        }
        match self.archive.heed(&ingested.instance, self.caller.may_reject(), self.source.actor.clone()).await {
            Ok(None) => Status::SUCCESS,
            Ok(Some(note)) => {
                tracing::info!(note = %note.note, ae = %self.caller.title(), done = note.heeded.word(), "a rejection note");
                Status::SUCCESS
            }
            Err(error) => {
                tracing::error!(%error, note = %ingested.instance, "a rejection note could not be heeded");
                Status::FAILURE
            }
        }
    }

    /// Counts an instance; the first of a study is evidence before it is answered.
    async fn count(&mut self, ingested: &Ingested) -> Status {
        if !self.studies.contains_key(&ingested.study) {
            if self.studies.len() >= STUDIES_MAX {
                self.close().await;
            }
            let event = Event::new(Act::StudyReceived, self.source.actor.clone())
                .study(&ingested.study)
                .amount(1, ingested.bytes)
                .note("first instance of an association");
            if let Err(error) = self.audit.record(event).await {
                tracing::error!(%error, "an instance is not acknowledged: it cannot be logged");
                return Status::FAILURE;
            }
        }
        let count = self.studies.entry(ingested.study.clone()).or_default();
        count.instances += 1;
        count.bytes = count.bytes.saturating_add(ingested.bytes);
        Status::SUCCESS
    }

    /// Logs what the association stored in all.
    pub(super) async fn close(&mut self) {
        for (study, count) in std::mem::take(&mut self.studies) {
            let event = Event::new(Act::StudyReceived, self.source.actor.clone())
                .study(&study)
                .amount(count.instances, count.bytes)
                .note("association ended");
            if let Err(error) = self.audit.record(event).await {
                tracing::error!(%error, "the counts of an association cannot be logged");
            }
        }
    }
}

/// Reads over a data set that nobody wants, up to a bound.
pub(super) async fn pass_over(association: &mut Association, context: &Context) -> Result<(), LinkError> {
    let mut passed = 0u64;
    loop {
        let fragment = association.next_fragment(context).await?;
        passed = passed.saturating_add(fragment.bytes.len() as u64);
        if fragment.last {
            return Ok(());
        }
        if passed > PASSED_OVER_BYTES_MAX {
            return Err(LinkError::Unexpected("a refused data set without end"));
        }
    }
}

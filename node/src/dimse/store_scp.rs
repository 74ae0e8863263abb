//! C-STORE as provider (PS3.4 Annex B): data set bytes straight into the archive.
//!
//! The bytes are never looked at here; what a rejection note asks for, the archive reads. An answer goes out only after
//! the archive has, or has refused, the instance, and after the first instance of a study in this association is in the
//! audit log. Where the peer may have several requests under way, instances are taken in side by side, and answered in the
//! order in which they came.
//!
//! # At a crash
//! See [`super`]; the closing counts of the association are missing from the log, the first event of each study is not.

use super::{
    association::Association,
    caller::Caller,
    link::LinkError,
    message::{AFFECTED_CLASS, AFFECTED_INSTANCE, Command},
    negotiate::Context,
    refusals::Operation,
    status::Status,
};
use crate::{
    archive::{Archive, Form, IngestError, Ingested, Source, Spool},
    audit::{Act, Audit, Event},
    tasks::Tasks,
};
use protocol::Uid;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

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
    tasks: Tasks,
    /// Shared by all associations.
    ahead: Arc<Semaphore>,
    under_way: VecDeque<UnderWay>,
}

/// An instance that has come in and is not answered yet.
#[derive(Debug)]
struct UnderWay {
    context: u8,
    request: Command,
    state: State,
    _turn: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum State {
    Running(JoinHandle<Result<Ingested, IngestError>>),
    Ended(Result<Ingested, IngestError>),
    Refused(Status),
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    instances: u64,
    bytes: u64,
}

impl StoreScp {
    pub(super) fn new(
        archive: Archive,
        audit: Audit,
        (tasks, ahead): (Tasks, Arc<Semaphore>),
        caller: &Caller,
    ) -> Self {
        let (actor, caller) = (caller.actor(), caller.clone());
        let (studies, under_way) = (BTreeMap::new(), VecDeque::new());
        Self { archive, audit, source: Source { actor }, caller, studies, tasks, ahead, under_way }
    }

    /// Whether one more may come in before one is answered.
    pub(super) fn has_room(&self, association: &Association) -> bool {
        self.under_way.is_empty() || self.under_way.len() < association.invoked_max()
    }

    /// Waits until the first instance under way is stored or refused; for ever where there is none. May be dropped.
    pub(super) async fn ended(&mut self) {
        let Some(first) = self.under_way.front_mut() else { return std::future::pending().await };
        if let State::Running(running) = &mut first.state {
            let ended = running.await;
            first.state = State::Ended(ended.unwrap_or(Err(IngestError::Stopping)));
        }
    }

    /// Answers the first instance under way, once it has [`ended`](Self::ended).
    pub(super) async fn answer_first(&mut self, association: &mut Association) -> Result<(), LinkError> {
        self.ended().await;
        let Some(first) = self.under_way.pop_front() else { return Ok(()) };
        let status = self.conclude(first.state).await;
        association.send(first.context, &Command::answer(&first.request, status)).await
    }

    /// Answers all that is under way.
    pub(super) async fn answer_all(&mut self, association: &mut Association) -> Result<(), LinkError> {
        while !self.under_way.is_empty() {
            self.answer_first(association).await?;
        }
        Ok(())
    }

    async fn conclude(&mut self, state: State) -> Status {
        match state {
            State::Refused(status) => status,
            State::Ended(ended) => self.ingested(ended).await,
            State::Running(running) => self.ingested(running.await.unwrap_or(Err(IngestError::Stopping))).await,
        }
    }

    /// Takes one instance; answers it, unless others may come before.
    pub(super) async fn store(
        &mut self,
        association: &mut Association,
        context: &Context,
        request: &Command,
    ) -> Result<(), LinkError> {
        if !request.has_data_set() {
            self.answer_all(association).await?;
            let status = self.caller.in_vain(Operation::Store, Status::MISTYPED, None).await;
            return association.send(context.id, &Command::answer(request, status)).await;
        }
        let spooled = self.receive(association, context, request).await?;
        if association.invoked_max() > 1 {
            // Of two under one UID the first one sent is the first one taken.
            let instance = request.uid(AFFECTED_INSTANCE);
            if self.under_way.iter().any(|earlier| earlier.request.uid(AFFECTED_INSTANCE) == instance) {
                self.answer_all(association).await?;
            }
            if let Ok(turn) = self.ahead.clone().try_acquire_owned() {
                let state = match spooled {
                    Ok(spool) => {
                        let (archive, source) = (self.archive.clone(), self.source.clone());
                        let ingest = async move { archive.ingest(spool, &source).await };
                        State::Running(self.tasks.spawn("dimse store", ingest))
                    }
                    Err(status) => State::Refused(status),
                };
                let (context, request) = (context.id, request.clone());
                self.under_way.push_back(UnderWay { context, request, state, _turn: turn });
                return Ok(());
            }
            // The node has enough on its way: this one is answered before the next is read.
            self.answer_all(association).await?;
        }
        let status = match spooled {
            Ok(spool) => {
                let ended = self.archive.ingest(spool, &self.source).await;
                self.ingested(ended).await
            }
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
            Err(status) => {
                let status = self.caller.in_vain(Operation::Store, status, None).await;
                return pass_over(association, context).await.map(|()| Err(status));
            }
        };
        loop {
            let fragment = association.next_fragment(context).await?;
            if let Err(error) = spool.write(fragment.bytes).await {
                drop(spool);
                tracing::warn!(%error, "an instance was refused while it came in");
                if !fragment.last {
                    pass_over(association, context).await?;
                }
                return Ok(Err(self.caller.in_vain(Operation::Store, Status::of(&error), None).await));
            }
            if fragment.last {
                return Ok(Ok(spool));
            }
        }
    }

    async fn spool(&self, context: &Context, request: &Command) -> Result<Spool, Status> {
        let sop_class = request.uid(AFFECTED_CLASS).ok_or(Status::MISTYPED)?;
        let sop_instance = request.uid(AFFECTED_INSTANCE).ok_or(Status::MISTYPED)?;
        // The class is what the context was agreed on for (PS3.7 §9.3.1.1, PS3.4 B.2.2).
        if sop_class != context.abstract_syntax {
            tracing::warn!(%sop_class, context = %context.abstract_syntax, "an instance is not of the class of its context");
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        let transfer_syntax = context.transfer_syntax.clone();
        let source = Some(self.caller.title().clone());
        let form = Form::DataSet { transfer_syntax, sop_class, sop_instance, source };
        self.archive.spool(form).await.map_err(|error| {
            tracing::warn!(%error, "an instance cannot be taken in");
            Status::of(&error)
        })
    }

    async fn ingested(&mut self, ended: Result<Ingested, IngestError>) -> Status {
        match ended {
            Ok(ingested) => match self.count(&ingested).await {
                Status::SUCCESS => self.heed(&ingested).await,
                status => status,
            },
            Err(error) => {
                match &error {
                    IngestError::Storage(_) => tracing::error!(%error, "an instance could not be stored"),
                    _ => tracing::warn!(%error, "an instance was refused"),
                }
                match error {
                    // Written by the archive, with the study.
                    IngestError::Conflict { .. } => Status::of(&error),
                    _ => self.caller.in_vain(Operation::Store, Status::of(&error), None).await,
                }
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
                self.log_counts().await;
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

    /// Logs what the association stored in all, also what can be answered no more.
    pub(super) async fn close(&mut self) {
        while let Some(UnderWay { state, .. }) = self.under_way.pop_front() {
            self.conclude(state).await;
        }
        self.log_counts().await;
    }

    async fn log_counts(&mut self) {
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

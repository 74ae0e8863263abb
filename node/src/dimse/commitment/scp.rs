//! The questions of one association, and their answers as long as it is open.

use super::{
    DATA_BYTES_MAX, PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST,
    items::{Transaction, Unfit},
    queue::{Held, Job},
    report::{self, Reporter},
};
use crate::{
    dimse::{
        association::Association,
        caller::Caller,
        link::LinkError,
        message::{ACTION_TYPE, Command, REQUESTED_CLASS, REQUESTED_INSTANCE},
        negotiate::Context,
        refusals::Operation,
        status::Status,
    },
    tasks,
};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Answers ready at once on one association; more wait.
const READY_MAX: usize = 8;
/// Reports whose answer is awaited at once; beyond it they go to the address of the AE.
const SENT_MAX: usize = 64;

/// What one association asks.
#[derive(Debug)]
pub(in crate::dimse) struct CommitmentScp {
    reporter: Reporter,
    caller: Caller,
    tell: mpsc::Sender<Held>,
    ready: mpsc::Receiver<Held>,
    sent: BTreeMap<u16, Held>,
    next_id: u16,
}

impl CommitmentScp {
    pub(in crate::dimse) fn new(reporter: Reporter, caller: Caller) -> Self {
        let (tell, ready) = mpsc::channel(READY_MAX);
        Self { reporter, caller, tell, ready, sent: BTreeMap::new(), next_id: 1 }
    }

    /// Answers N-ACTION: the question is on disk before it is said to be taken.
    pub(in crate::dimse) async fn action(
        &mut self,
        association: &mut Association,
        context: &Context,
        request: &Command,
    ) -> Result<(), LinkError> {
        if !request.has_data_set() {
            let status = self.caller.in_vain(Operation::Commit, Status::MISTYPED, None).await;
            return association.send(context.id, &Command::normalized_answer(request, status)).await;
        }
        let bytes = association.whole(context, DATA_BYTES_MAX).await?;
        let status = match Transaction::decode(&bytes, context.transfer_syntax.as_str()) {
            Ok(transaction) => self.ask(request, transaction).await,
            Err(Unfit::TooMany) => Status::LIMITED,
            Err(Unfit::Incomplete) => Status::INVALID_ARGUMENT,
        };
        let status = match status {
            // Written already, or by its verdict.
            Status::NOT_AUTHORIZED | Status::SUCCESS => status,
            _ => self.caller.in_vain(Operation::Commit, status, None).await,
        };
        association.send(context.id, &Command::normalized_answer(request, status)).await
    }

    async fn ask(&mut self, request: &Command, transaction: Transaction) -> Status {
        if let Err(status) = self.caller.may_commit().await {
            return status;
        }
        let is = |element, uid: &str| request.uid(element).is_some_and(|named| named.as_str() == uid);
        if !is(REQUESTED_CLASS, PUSH_MODEL) {
            return Status::CLASS_NOT_SUPPORTED;
        }
        if !is(REQUESTED_INSTANCE, PUSH_MODEL_INSTANCE) {
            return Status::NO_SUCH_INSTANCE;
        }
        if request.number(ACTION_TYPE) != Some(REQUEST) {
            return Status::NO_SUCH_ACTION;
        }
        if transaction.named.is_empty() {
            return Status::INVALID_ARGUMENT;
        }
        let Transaction { uid, named, .. } = transaction;
        let (calling, by) = (self.caller.title().clone(), Some(self.caller.actor()));
        let job = Job { calling, transaction: uid, named, asked: tasks::now(), by };
        match self.reporter.ask(job, self.tell.clone()).await {
            Ok(()) => Status::SUCCESS,
            Err(error) => {
                tracing::error!(%error, "a storage commitment is not taken");
                Status::LIMITED
            }
        }
    }

    /// Waits for an answer that can be given; may be dropped.
    pub(in crate::dimse) async fn ready(&mut self) -> Option<Held> {
        self.ready.recv().await
    }

    /// Gives an answer.
    pub(in crate::dimse) async fn report(
        &mut self,
        association: &mut Association,
        held: Held,
    ) -> Result<(), LinkError> {
        let context = association.context_for(PUSH_MODEL, None).cloned();
        let (Some(context), Some(verdict)) = (context, held.verdict.clone()) else { return Ok(()) };
        if self.sent.len() >= SENT_MAX {
            return Ok(());
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.sent.insert(id, held);
        self.reporter.send(association, &context, id, &verdict).await
    }

    /// The peer took an answer, or did not: then it goes to the address of the AE.
    pub(in crate::dimse) async fn answered(&mut self, answer: &Command) -> Result<(), LinkError> {
        let held = answer.answered_id().and_then(|id| self.sent.remove(&id));
        let held = held.ok_or(LinkError::Unexpected("an answer to nothing that was asked"))?;
        if answer.status() == Some(Status::SUCCESS.code) {
            report::done(held).await;
        }
        Ok(())
    }
}

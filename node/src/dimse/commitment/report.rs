//! What is found of what was asked, and getting it to whoever asked (N-EVENT-REPORT as provider).
//!
//! An answer that could not be given over the association of its question goes to the known address of the AE, which is
//! tried again at growing intervals. Few are looked at and few are delivered at once, so that neither the disk nor a
//! dead scanner holds up others for long.

use super::{
    ALL_COMMITTED, PUSH_MODEL, PUSH_MODEL_INSTANCE, SOME_FAILED,
    items::{Named, Transaction},
    queue::{Held, Job, Queue, QueueError},
};
use crate::{
    archive::Archive,
    audit::{Act, Actor, Audit, Event, Outcome},
    dimse::{
        Calling, Destination, DimseError, DimseParts,
        association::{Association, Incoming, Wanted},
        link::{LinkError, Patience},
        message::{Command, N_EVENT_REPORT_RSP},
        negotiate::{Context, EXPLICIT_LE, IMPLICIT_LE},
        pdu::{Abort, Role},
    },
    tasks::{self, Tasks},
    users::Users,
};
use protocol::{AeTitle, Uid};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Questions looked at at once: each reads the disk as fast as it gives.
const JUDGED_MAX: usize = 2;
/// Answers on their way at once.
const DELIVERED_MAX: usize = 8;
/// Longest wait between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(3600);
/// After so long nobody waits for an answer any more, milliseconds.
const GIVEN_UP_MS: u64 = 7 * 86_400_000;

/// Failure Reasons (PS3.4 J.3.3.1, PS3.3 C.14).
const PROCESSING_FAILURE: u16 = 0x0110;
const NO_SUCH_INSTANCE: u16 = 0x0112;
const CLASS_CONFLICT: u16 = 0x0119;

#[derive(Debug)]
struct Shared {
    title: AeTitle,
    calling: Option<Calling>,
    patience: Patience,
    archive: Archive,
    audit: Audit,
    users: Users,
    tasks: Tasks,
    queue: Queue,
    judging: Semaphore,
    delivering: Arc<Semaphore>,
}

/// Judges and answers. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::dimse) struct Reporter(Arc<Shared>);

impl Reporter {
    /// Our own title, and how AEs are called by TLS.
    pub(in crate::dimse) fn open(
        (title, calling): (AeTitle, Option<Calling>),
        patience: Patience,
        parts: &DimseParts,
    ) -> io::Result<Self> {
        let DimseParts { archive, audit, users, tasks, dir, .. } = parts.clone();
        let queue = Queue::open(&dir, &tasks)?;
        let (judging, delivering) = (Semaphore::new(JUDGED_MAX), Arc::new(Semaphore::new(DELIVERED_MAX)));
        Ok(Self(Arc::new(Shared {
            title,
            calling,
            patience,
            archive,
            audit,
            users,
            tasks,
            queue,
            judging,
            delivering,
        })))
    }

    /// Takes a question, durably, and looks at it; what comes out is told to `asker`, as long as it listens.
    pub(super) async fn ask(&self, job: Job, asker: mpsc::Sender<Held>) -> Result<(), QueueError> {
        let held = self.0.queue.put(job).await?;
        let reporter = self.clone();
        self.0.tasks.spawn("commitment verdict", async move {
            let tasks = reporter.0.tasks.clone();
            let judged = tokio::select! {
                () = tasks.stopping() => None,
                judged = reporter.judged(held) => judged,
            };
            if let Some(held) = judged
                && let Err(unheard) = asker.send(held).await
            {
                // The association is over: it goes to the address of the AE.
                drop(unheard);
            }
        });
        Ok(())
    }

    /// Answers what is due, until the node stops.
    pub(in crate::dimse) async fn run(self) {
        let shared = self.0.clone();
        loop {
            let next = async {
                let permit = shared.delivering.clone().acquire_owned().await.ok()?;
                Some((permit, shared.queue.due().await))
            };
            let next = tokio::select! {
                () = shared.tasks.stopping() => return,
                next = next => next,
            };
            let Some((permit, held)) = next else { return };
            shared.tasks.spawn("commitment report", self.clone().deliver(held, permit));
        }
    }

    async fn deliver(self, held: Held, _permit: OwnedSemaphorePermit) {
        let stopping = self.0.tasks.clone();
        let delivered = async {
            let held = self.judged(held).await?;
            self.delivered(held).await;
            Some(())
        };
        tokio::select! {
            () = stopping.stopping() => {}
            _ = delivered => {}
        }
    }

    async fn delivered(&self, held: Held) {
        let job = held.job.clone();
        let is_old = tasks::now().0.saturating_sub(job.asked.0) > GIVEN_UP_MS;
        let known = self.0.users.ae(&job.calling).filter(|ae| ae.rights.store);
        let (false, Some(ae), Some(verdict)) = (is_old, known, held.verdict.clone()) else {
            let why = if is_old { "not taken for a week" } else { "no AE of that title is known that may store" };
            let note = format!("commitment {} given up: {why}", job.transaction);
            self.write(Event::new(Act::StorageCommitted, actor(&job)).outcome(Outcome::Failed).note(note)).await;
            return done(held).await;
        };
        let to = Destination::of(ae, self.0.calling.as_ref());
        let called = async {
            let to = to.ok_or(DimseError::Refused("this AE is called by TLS, which is not set up here"))?;
            self.call(&to, &verdict).await
        };
        match called.await {
            Ok(()) => done(held).await,
            Err(error) => {
                tracing::warn!(%error, ae = %job.calling, attempts = held.attempts, "a commitment is not delivered");
                let grown = self.0.patience.retry.saturating_mul(1 << held.attempts.min(16));
                held.later(grown.min(RETRY_MAX));
            }
        }
    }

    /// Gives the answer over an association of our own, in the role of the provider.
    async fn call(&self, to: &Destination, verdict: &Transaction) -> Result<(), DimseError> {
        let class = Uid::parse(PUSH_MODEL).map_err(|_| DimseError::Refused("not a UID"))?;
        let syntax = |text| Uid::parse(text).map_err(|_| DimseError::Refused("not a UID"));
        let pairs = [(class.clone(), syntax(IMPLICIT_LE)?), (class, syntax(EXPLICIT_LE)?)];
        let roles = vec![Role { sop_class: PUSH_MODEL.to_owned(), scu: false, scp: true }];
        let wanted = Wanted { pairs: &pairs, roles, invoked: 0 };
        let mut there = crate::dimse::connect_for(to, &self.0.title, wanted, self.0.patience).await?;
        let Some(context) = there.context_for(PUSH_MODEL, None).cloned() else {
            there.abort(Abort::USER).await;
            return Err(DimseError::Refused("the peer does not take storage commitment reports"));
        };
        self.send(&mut there, &context, 1, verdict).await?;
        match there.next_within(self.0.patience.unit).await? {
            Incoming::Command(_, answer)
                if answer.field() == Some(N_EVENT_REPORT_RSP) && answer.status() == Some(0) => {}
            _ => {
                there.abort(Abort::USER).await;
                return Err(DimseError::Refused("the peer did not take the storage commitment report"));
            }
        }
        if let Err(error) = there.release().await {
            tracing::debug!(%error, "the association was not released in order");
        }
        Ok(())
    }

    /// Sends the report as message `id`.
    pub(super) async fn send(
        &self,
        association: &mut Association,
        context: &Context,
        id: u16,
        verdict: &Transaction,
    ) -> Result<(), LinkError> {
        let event = if verdict.failed.is_empty() { ALL_COMMITTED } else { SOME_FAILED };
        let command = Command::event_report(id, PUSH_MODEL, PUSH_MODEL_INSTANCE, event);
        let data = verdict.encode(context.transfer_syntax.as_str(), Some(self.0.title.as_str()));
        association.send_with(context.id, &command, data).await
    }

    /// With its verdict, which is in the log; `None`: not now, it is due again.
    async fn judged(&self, mut held: Held) -> Option<Held> {
        if held.verdict.is_some() {
            return Some(held);
        }
        let _permit = self.0.judging.acquire().await.ok()?;
        let job = held.job.clone();
        let mut verdict = Transaction { uid: job.transaction.clone(), named: Vec::new(), failed: Vec::new() };
        let mut found: BTreeMap<Option<Uid>, Count> = BTreeMap::new();
        for named in &job.named {
            let (study, judged) = self.judge(named, &job).await;
            let count = found.entry(study).or_default();
            match judged {
                Ok(size) => {
                    count.kept += 1;
                    count.bytes = count.bytes.saturating_add(size);
                    verdict.named.push(named.clone());
                }
                Err(reason) => {
                    count.failed += 1;
                    verdict.failed.push((named.clone(), reason));
                }
            }
        }
        for (study, Count { kept, failed, bytes }) in found {
            let outcome = if failed == 0 { Outcome::Done } else { Outcome::Failed };
            let note = format!("commitment {}: {kept} safe, {failed} not", job.transaction);
            let mut event = Event::new(Act::StorageCommitted, actor(&job)).outcome(outcome).note(note);
            event.study = study;
            if !self.write(event.amount(kept, bytes)).await {
                held.later(self.0.patience.retry);
                return None;
            }
        }
        held.verdict = Some(Arc::new(verdict));
        Some(held)
    }

    /// The study of an instance, where it is known; and its bytes where it is safe, or the reason why it is not.
    async fn judge(&self, named: &Named, job: &Job) -> (Option<Uid>, Result<u64, u16>) {
        let held = match self.0.archive.vouch(&named.sop_instance).await {
            Ok(Some(held)) => held,
            Ok(None) => return (None, Err(NO_SUCH_INSTANCE)),
            Err(error) => {
                tracing::error!(%error, "an instance cannot be looked at");
                return (None, Err(PROCESSING_FAILURE));
            }
        };
        let study = Some(held.study.clone());
        if held.sop_class != named.sop_class {
            return (study, Err(CLASS_CONFLICT));
        }
        let Some(fault) = held.fault else { return (study, Ok(held.bytes)) };
        let note = format!("not committed: {fault}, {}", named.sop_instance);
        let alert = Event::new(Act::SecurityAlert, actor(job)).study(&held.study);
        self.write(alert.outcome(Outcome::Failed).note(note)).await;
        (study, Err(PROCESSING_FAILURE))
    }

    async fn write(&self, event: Event) -> bool {
        let written = self.0.audit.record(event).await;
        if let Err(error) = &written {
            tracing::error!(%error, "a storage commitment cannot be logged");
        }
        written.is_ok()
    }
}

/// Of one study.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    kept: u64,
    failed: u64,
    bytes: u64,
}

fn actor(job: &Job) -> Actor {
    job.by.clone().unwrap_or_else(|| Actor::ae(job.calling.as_str()))
}

/// Forgets a question. One whose file stays is answered again after a restart, which harms nobody.
pub(super) async fn done(held: Held) {
    if let Err(error) = held.done().await {
        tracing::warn!(%error, "an answered commitment is not forgotten");
    }
}

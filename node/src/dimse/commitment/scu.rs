//! Asking a peer whether what was sent to it is safe (N-ACTION as user).
//!
//! Peers answer over the association of the question or over one of their own; for the latter one may listen.

use super::{
    DATA_BYTES_MAX, INSTANCES_MAX, PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST,
    items::{Named, Transaction},
};
use crate::{
    dimse::{
        Destination, DimseError,
        association::{self, Association, Incoming},
        link::{self, Link, LinkError},
        message::{C_ECHO_RQ, Command, N_ACTION_RSP, N_EVENT_REPORT_RQ},
        negotiate::{self, Context, EXPLICIT_LE, IMPLICIT_LE, Serves},
        pdu::Abort,
        status::Status,
    },
    tasks,
};
use protocol::{AeTitle, Uid};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{net::TcpListener, time::Instant};

/// How and how long the answer is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) within: Duration,
    /// Where the peer may call; its own affair where not given.
    pub(crate) listen: Option<std::net::SocketAddr>,
}

/// What the peer answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) kept: usize,
    /// With the Failure Reason; 0 where the peer said nothing of an instance.
    pub(crate) failed: Vec<(Uid, u16)>,
}

/// What a Failure Reason means to a person (PS3.3 C.14.1.1).
pub(crate) const fn failure(reason: u16) -> &'static str {
    match reason {
        0x0000 => "the peer says nothing of it",
        0x0110 => "processing failure",
        0x0112 => "the peer does not have it",
        0x0119 => "the peer has it under another SOP class",
        0x0122 => "SOP class not supported",
        0x0131 => "the transaction is known already",
        0x0213 => "the peer is out of resources",
        _ => "not safe there",
    }
}

/// Asks for these instances (class, UID) and waits for the answer.
pub(crate) async fn commit(
    instances: &[(Uid, Uid)],
    to: &Destination,
    calling: &AeTitle,
    patience: Patience,
) -> Result<Committed, DimseError> {
    let socket = match patience.listen {
        Some(address) => Some(TcpListener::bind(address).await.map_err(|e| DimseError::Listen(address, e))?),
        None => None,
    };
    let mut all = Committed::default();
    for some in instances.chunks(INSTANCES_MAX) {
        let transaction = transaction(some)?;
        let asked = Asked { transaction, calling, within: patience.within, socket: socket.as_ref() };
        let answer = asked.put(to).await?;
        let (kept, failed) = compared(&asked.transaction, &answer);
        all.kept += kept;
        all.failed.extend(failed);
    }
    Ok(all)
}

fn transaction(instances: &[(Uid, Uid)]) -> Result<Transaction, DimseError> {
    let number = u128::from_be_bytes(tasks::random_id().0);
    let one = |(class, instance): &(Uid, Uid)| Named { sop_class: class.clone(), sop_instance: instance.clone() };
    // The form of PS3.5 B.2; nobody else can guess it, so that nobody else's report is taken for the peer's.
    Ok(Transaction {
        uid: uid(&format!("2.25.{number}"))?,
        named: instances.iter().map(one).collect(),
        failed: Vec::new(),
    })
}

fn uid(text: &str) -> Result<Uid, DimseError> {
    Uid::parse(text).map_err(|_| DimseError::Refused("not a UID"))
}

/// A question on its way.
struct Asked<'a> {
    transaction: Transaction,
    calling: &'a AeTitle,
    within: Duration,
    socket: Option<&'a TcpListener>,
}

impl Asked<'_> {
    async fn put(&self, to: &Destination) -> Result<Transaction, DimseError> {
        let until = Instant::now() + self.within;
        let mut association = self.request(to).await?;
        let here = self.hear(&mut association, until);
        let heard = match self.socket {
            None => here.await?,
            Some(socket) => tokio::select! {
                there = self.hear_at(socket, until) => there?,
                heard = here => match heard? {
                    None => self.hear_at(socket, until).await?,
                    heard => heard,
                },
            },
        };
        // How the association ends changes nothing.
        if let Err(error) = association.release().await {
            tracing::debug!(%error, "the association was not released in order");
        }
        heard.ok_or(DimseError::Refused("the peer took the question and gave no answer in time"))
    }

    async fn request(&self, to: &Destination) -> Result<Association, DimseError> {
        let class = uid(PUSH_MODEL)?;
        let pairs = [(class.clone(), uid(IMPLICIT_LE)?), (class, uid(EXPLICIT_LE)?)];
        let patience = link::Patience::default();
        let mut association = crate::dimse::connect(to, self.calling, &pairs, patience).await?;
        let Some(context) = association.context_for(PUSH_MODEL, None).cloned() else {
            association.abort(Abort::USER).await;
            return Err(DimseError::Refused("the peer does not offer storage commitment"));
        };
        let command = Command::action_request(1, PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST);
        let data = self.transaction.encode(context.transfer_syntax.as_str(), None);
        association.send_with(context.id, &command, data).await?;
        Ok(association)
    }

    /// Waits for the report on an association; `None`: it ended, or the time did.
    async fn hear(&self, association: &mut Association, until: Instant) -> Result<Option<Transaction>, DimseError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match association.next_within(left).await {
                Ok(Incoming::Command(context, command)) => match self.take(association, &context, &command).await? {
                    None => {}
                    heard => return Ok(heard),
                },
                Ok(Incoming::ReleaseAsked) | Err(LinkError::Silent | LinkError::Closed) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A report may overtake the answer to the question, so either is taken as it comes.
    async fn take(
        &self,
        association: &mut Association,
        context: &Context,
        command: &Command,
    ) -> Result<Option<Transaction>, DimseError> {
        if command.field() == Some(N_ACTION_RSP) {
            return match command.status() {
                Some(0) => Ok(None),
                _ => Err(DimseError::Refused("the peer did not take the question for storage commitment")),
            };
        }
        if command.field() == Some(C_ECHO_RQ) {
            association.send(context.id, &Command::answer(command, Status::SUCCESS)).await?;
            return Ok(None);
        }
        if command.field() != Some(N_EVENT_REPORT_RQ) || !command.has_data_set() {
            return Err(LinkError::Unexpected("neither an answer nor a report").into());
        }
        let bytes = association.whole(context, DATA_BYTES_MAX).await?;
        let report = Transaction::decode(&bytes, context.transfer_syntax.as_str()).ok();
        let ours = report.filter(|report| report.uid == self.transaction.uid);
        let status = if ours.is_some() { Status::SUCCESS } else { Status::INVALID_ARGUMENT };
        association.send(context.id, &Command::normalized_answer(command, status)).await?;
        Ok(ours)
    }

    /// Waits for the peer to call.
    async fn hear_at(&self, socket: &TcpListener, until: Instant) -> Result<Option<Transaction>, DimseError> {
        while let Ok(accepted) = tokio::time::timeout_at(until, socket.accept()).await {
            let Ok((stream, from)) = accepted else { continue };
            match self.called(Link::new(stream, link::Patience::default())?, until).await {
                Ok(None) => {}
                Ok(heard) => return Ok(heard),
                Err(error) => tracing::warn!(%error, %from, "a call that was no report"),
            }
        }
        Ok(None)
    }

    async fn called(&self, mut link: Link, until: Instant) -> Result<Option<Transaction>, DimseError> {
        let proposal = association::proposal(&mut link).await?;
        let (acceptance, agreed) = match negotiate::judge(&proposal, self.calling, Serves::Reports) {
            Ok(judged) => judged,
            Err(rejection) => {
                association::reject(link, rejection).await;
                return Ok(None);
            }
        };
        let mut association = association::accept(link, acceptance, agreed).await?;
        let heard = self.hear(&mut association, until).await?;
        if heard.is_some()
            && let Ok(Incoming::ReleaseAsked) = association.next().await
        {
            association.released().await;
        }
        Ok(heard)
    }
}

/// What of a question the peer says is safe. What it does not name is not.
fn compared(asked: &Transaction, answer: &Transaction) -> (usize, Vec<(Uid, u16)>) {
    let mut kept: BTreeSet<&Uid> = answer.named.iter().map(|named| &named.sop_instance).collect();
    let reasons: BTreeMap<&Uid, u16> =
        answer.failed.iter().map(|(named, reason)| (&named.sop_instance, *reason)).collect();
    kept.retain(|instance| !reasons.contains_key(instance));
    let (safe, not): (Vec<&Named>, Vec<&Named>) = asked.named.iter().partition(|n| kept.contains(&n.sop_instance));
    let reason = |named: &Named| reasons.get(&named.sop_instance).copied().unwrap_or_default();
    (safe.len(), not.into_iter().map(|named| (named.sop_instance.clone(), reason(named))).collect())
}

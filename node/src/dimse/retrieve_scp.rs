//! C-GET and C-MOVE as provider (PS3.4 C.4.2, C.4.3), over own and peers' studies.
//!
//! Objects leave as they are held, byte for byte, where the receiver accepted their transfer syntax; else in a plain one
//! that it did accept. One for which neither can be done is counted as failed and named. Of a peer's study each instance
//! is passed on when it has arrived and was verified. A C-MOVE goes to known AEs only. Each instance leaves only while an
//! admin still allows it.
//!
//! # At a crash
//! The receiver has what it acknowledged, and asks again.
//!
//! # Not here
//! How an object is made plain: [`crate::pixels`].

use super::{
    Destination,
    association::{Association, Incoming},
    caller::Caller,
    evidence,
    find_scp::IDENTIFIER_BYTES_MAX,
    identifier::{self, Identifier},
    link::{LinkError, Patience},
    message::{C_CANCEL_RQ, C_MOVE_RQ, C_STORE_RSP, Command, Counts},
    negotiate::Context,
    pdu::{Abort, associate::CONTEXTS_MAX},
    question::{self, Asker, Level},
    refusals::Operation,
    status::{self, Status},
    store_scu,
};
use crate::{
    archive::StudyQuery,
    pixels::{Decoders, Fault, Plain, Transcoded, source::Source},
    studies::{OpenStudy, StudyError},
};
use bytes::Bytes;
use dicom_dictionary_std::tags;
use protocol::{AeTitle, Uid, fetch::Priority, manifest::InstanceEntry};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Sub-operations are counted in 16 bits (PS3.7 E.1).
const INSTANCES_MAX: usize = u16::MAX as usize;
/// Bytes of an object in memory at once.
const PIECE_BYTES: u64 = 4 << 20;

/// An instance to send.
pub(super) struct Item {
    pub(super) study: Arc<OpenStudy>,
    pub(super) series: Uid,
    pub(super) entry: InstanceEntry,
}

/// What became of one sub-operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Stored,
    /// Stored, with a warning.
    Warned,
    Failed,
}

impl Outcome {
    /// By what the receiver answered.
    const fn of(code: u16) -> Self {
        match code {
            0 => Self::Stored,
            code if status::is_stored(code) => Self::Warned,
            _ => Self::Failed,
        }
    }
}

/// What became of all.
struct Run<'a> {
    decoders: &'a Decoders,
    context: &'a Context,
    request: &'a Command,
    caller: &'a Caller,
    counts: Counts,
    failed: Vec<Uid>,
    /// Instances that arrived, by study.
    arrived: BTreeMap<Uid, u64>,
    cancelled: bool,
    /// The right to it was taken away while it ran.
    withdrawn: bool,
}

/// Serves one retrieval; `own` is our AE title.
pub(super) async fn retrieve(
    association: &mut Association,
    (asker, decoders): (&mut Asker, &Decoders),
    own: &AeTitle,
    context: &Context,
    request: &Command,
) -> Result<(), LinkError> {
    let bytes = association.whole(context, IDENTIFIER_BYTES_MAX).await?;
    let identifier = Identifier::decode(&bytes, context.transfer_syntax.as_str());
    let moves = request.field() == Some(C_MOVE_RQ);
    let prepared = async {
        // Whoever may retrieve nothing is not told who could be moved to.
        asker.caller.reach(Operation::Retrieve, question::one_study(&identifier).as_ref()).await?;
        let to = if moves { Some(destination(asker, request)?) } else { None };
        let items = items(asker, context, &identifier).await?;
        evidence::write_sent(asker, &items, to.as_ref()).await?;
        Ok((to, items))
    };
    let (to, items) = match prepared.await {
        Ok(prepared) => prepared,
        Err(status) => {
            let status = asker.in_vain(Operation::Retrieve, status, &identifier).await;
            return association.send(context.id, &Command::answer(request, status)).await;
        }
    };
    let remaining = u16::try_from(items.len()).unwrap_or(u16::MAX);
    let counts = Counts { remaining, ..Counts::default() };
    let caller = &asker.caller;
    let mut run = Run {
        decoders,
        context,
        request,
        caller,
        counts,
        failed: Vec::new(),
        arrived: BTreeMap::new(),
        cancelled: false,
        withdrawn: false,
    };
    let ended = match &to {
        None => run.give_back(association, &items).await,
        Some(to) => run.move_all(association, &items, to, own).await,
    };
    evidence::write_short(asker, &items, to.as_ref(), (&run.arrived, run.cancelled)).await;
    ended?;
    run.end(association).await
}

fn destination(asker: &Asker, request: &Command) -> Result<Destination, Status> {
    let title = request.destination().ok_or(Status::NO_DESTINATION)?;
    asker.caller.destination(&title).ok_or(Status::NO_DESTINATION)
}

/// The instances meant, in the order of their studies and series.
async fn items(asker: &mut Asker, context: &Context, identifier: &Identifier) -> Result<Vec<Item>, Status> {
    let reach = asker.caller.reach(Operation::Retrieve, question::one_study(identifier).as_ref()).await?;
    let level = Level::of(identifier, &context.abstract_syntax).ok_or(Status::BAD_IDENTIFIER)?;
    let named = |tag, at: Level| -> Result<Vec<Uid>, Status> {
        let uids = if level >= at { question::uids(identifier, tag)? } else { Vec::new() };
        let is_needed = if context.options.relational { level == at } else { level >= at };
        if uids.is_empty() && is_needed { Err(Status::BAD_IDENTIFIER) } else { Ok(uids) }
    };
    let study = named(tags::STUDY_INSTANCE_UID, Level::Study)?;
    let series = named(tags::SERIES_INSTANCE_UID, Level::Series)?;
    let instances = named(tags::SOP_INSTANCE_UID, Level::Image)?;
    let mut query = StudyQuery { study, ..StudyQuery::default() };
    if level == Level::Patient {
        query.patient_id = Some(identifier.text(tags::PATIENT_ID).ok_or(Status::BAD_IDENTIFIER)?);
        query.issuer = identifier.text(tags::ISSUER_OF_PATIENT_ID);
    }
    if level > Level::Study && !asker.narrow(&mut query, identifier).await? {
        return Ok(Vec::new());
    }
    let mut found = asker.found(&query, reach).await?;
    if let Some(id) = query.patient_id.as_deref() {
        // One patient is meant: what has a wildcard is no ID, unless it is one letter by letter.
        found.retain(|found| found.row.patient.id.as_deref() == Some(id.trim()));
        if found.is_empty() && id.contains(['*', '?']) {
            return Err(Status::BAD_IDENTIFIER);
        }
    }
    let patients: BTreeSet<_> = found.iter().map(|f| (&f.row.patient.id, &f.row.patient.issuer)).collect();
    if level == Level::Patient && patients.len() > 1 {
        return Err(Status::BAD_IDENTIFIER);
    }
    let mut items = Vec::new();
    for found in &found {
        let study = match asker.studies.open(&asker.person, &found.row.study).await {
            Ok(study) => study,
            Err(StudyError::NotFound) => continue,
            Err(error) => return Err(question::status_of(&error)),
        };
        let all = study.series().await.map_err(|error| question::status_of(&error))?;
        let views = all.iter().filter(|view| series.is_empty() || series.contains(&view.series));
        let entries = views.flat_map(|view| view.instances.iter().map(|entry| (&view.series, entry)));
        let entries = entries.filter(|(_, entry)| instances.is_empty() || instances.contains(&entry.instance));
        let item = |(series, entry): (&Uid, &InstanceEntry)| Item {
            study: study.clone(),
            series: series.clone(),
            entry: entry.clone(),
        };
        items.extend(entries.map(item));
        if items.len() > INSTANCES_MAX {
            return Err(Status::TOO_MANY);
        }
    }
    Ok(items)
}

/// On which contexts an instance can be sent: as it is stored, or made plain.
pub(super) struct Contexts {
    stored: Option<Context>,
    plain: Option<(Plain, Context)>,
}

impl Contexts {
    fn of(entry: &InstanceEntry, context: impl Fn(&str) -> Option<Context>) -> Self {
        let stored = context(entry.transfer_syntax.as_str());
        let is_possible = stored.is_none() && Transcoded::is_possible(entry.transfer_syntax.as_str());
        let mut plain = Plain::ALL.into_iter().filter(|_| is_possible);
        Self { stored, plain: plain.find_map(|plain| Some((plain, context(plain.uid())?))) }
    }

    fn back(association: &Association, item: &Item) -> Self {
        Self::of(&item.entry, |syntax| association.context_back(&item.entry.sop_class, syntax).cloned())
    }

    pub(super) fn there(association: &Association, item: &Item) -> Self {
        let class = item.entry.sop_class.as_str();
        Self::of(&item.entry, |syntax| association.context_for(class, Some(syntax)).cloned())
    }
}

/// The context on which an instance can be sent, and its first bytes; `None` where it cannot be had, or not in a
/// transfer syntax that was accepted.
pub(super) async fn way(decoders: &Decoders, item: &Item, contexts: Contexts) -> Option<(Context, Body)> {
    let entry = &item.entry;
    if let Some(context) = contexts.stored {
        let front = match item.study.front(&item.series, entry).await {
            Ok(front) => front,
            Err(error) => {
                tracing::warn!(%error, instance = %entry.instance, "a corrected instance cannot be sent");
                return None;
            }
        };
        let at = if front.is_some() { u64::from(entry.header_bytes) } else { 0 };
        let stored = Stored { study: item.study.clone(), entry: entry.clone(), front, at };
        return Some((context, Body::begin(Way::Stored(stored)).await?));
    }
    let (plain, context) = contexts.plain?;
    let made = async {
        let header = item.study.header(&item.series, &entry.instance).await?;
        let source = Source::of(&item.study, Priority::Screen);
        Transcoded::begin(decoders, source, entry.clone(), &header, plain).await
    };
    match made.await {
        Ok(made) => Some((context, Body::begin(Way::Made(Box::new(made))).await?)),
        Err(error) => {
            tracing::warn!(%error, instance = %entry.instance, "an instance cannot be sent in a plain syntax");
            None
        }
    }
}

/// The way of the next instance, made while the one before it is sent and answered.
pub(super) type Ahead = Option<Option<(Context, Body)>>;

pub(super) async fn ahead(decoders: &Decoders, next: Option<(&Item, Contexts)>) -> Ahead {
    let (item, contexts) = next?;
    Some(way(decoders, item, contexts).await)
}

impl Run<'_> {
    /// Over the association of the request itself.
    async fn give_back(&mut self, association: &mut Association, items: &[Item]) -> Result<(), LinkError> {
        let (decoders, mut ready): (_, Ahead) = (self.decoders, None);
        for (number, item) in items.iter().enumerate() {
            let id = u16::try_from(number + 1).unwrap_or(u16::MAX);
            let made = match (self.may_leave(item, None), ready.take()) {
                (false, _) => None,
                (true, Some(made)) => made,
                (true, None) => way(decoders, item, Contexts::back(association, item)).await,
            };
            let stored = match made {
                None => Outcome::Failed,
                Some((context, body)) => {
                    let next = items.get(number + 1).map(|next| (next, Contexts::back(association, next)));
                    let command = Command::store_request(id, &item.entry.sop_class, &item.entry.instance);
                    let sending = async {
                        send(association, &context, &command, body).await?;
                        self.answered(association, id).await
                    };
                    let (stored, following) = tokio::join!(sending, ahead(decoders, next));
                    ready = following;
                    stored?
                }
            };
            if self.counted(association, item, stored).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether it may still be sent: what an admin takes away ends what runs.
    fn may_leave(&mut self, item: &Item, to: Option<&Destination>) -> bool {
        let is_own = item.study.found().holder.is_none();
        let is_there = |to: &Destination| self.caller.destination(&to.title).is_some_and(|now| to.is_same(&now));
        self.withdrawn |= !(self.caller.may_have(is_own) && to.is_none_or(is_there));
        !self.withdrawn
    }

    /// Waits for the answer to a sub-operation; a cancellation may come before it.
    async fn answered(&mut self, association: &mut Association, id: u16) -> Result<Outcome, LinkError> {
        loop {
            match association.next_within(store_scu::ANSWER).await? {
                Incoming::Command(_, answer) if answer.field() == Some(C_CANCEL_RQ) => {
                    self.cancelled |= answer.answered_id() == Some(self.request.id());
                }
                Incoming::Command(_, answer)
                    if answer.field() == Some(C_STORE_RSP) && answer.answered_id() == Some(id) =>
                {
                    return Ok(answer.status().map_or(Outcome::Failed, Outcome::of));
                }
                Incoming::Command(..) => return Err(LinkError::Unexpected("an answer to nothing that was asked")),
                Incoming::ReleaseAsked => return Err(LinkError::Unexpected("a release before the answer")),
            }
        }
    }

    /// To another AE. A link to it that breaks fails what it was to carry, not the request.
    async fn move_all(
        &mut self,
        association: &mut Association,
        items: &[Item],
        to: &Destination,
        own: &AeTitle,
    ) -> Result<(), LinkError> {
        let mut rest = items;
        while !rest.is_empty() && !self.cancelled {
            let (pairs, batch, later) = batch(rest);
            rest = later;
            let mut there = match super::connect(to, own, &pairs, Patience::default()).await {
                Ok(there) => Some(there),
                Err(error) => {
                    tracing::warn!(%error, destination = %to.title, "a move destination cannot be reached");
                    None
                }
            };
            let mut ready = None;
            for (number, item) in batch.iter().enumerate() {
                let id = u16::try_from(number + 1).unwrap_or(u16::MAX);
                let sent = match there.as_mut().filter(|_| self.may_leave(item, Some(to))) {
                    None => Ok(Outcome::Failed),
                    Some(there) => {
                        let named = (item, batch.get(number + 1), id);
                        self.send_there(there, named, association.calling(), &mut ready).await
                    }
                };
                let stored = match (sent, there.take()) {
                    (Ok(stored), back) => {
                        there = back;
                        stored
                    }
                    (Err(error), broken) => {
                        tracing::warn!(%error, destination = %to.title, "a move broke off");
                        if let Some(broken) = broken {
                            broken.abort(Abort::USER).await;
                        }
                        Outcome::Failed
                    }
                };
                if self.counted(association, item, stored).await? {
                    break;
                }
            }
            if let Some(there) = there
                && let Err(error) = there.release().await
            {
                tracing::debug!(%error, "the association was not released in order");
            }
        }
        Ok(())
    }

    /// Sends an instance to another AE for `mover`, and makes the next one's way meanwhile.
    async fn send_there(
        &self,
        there: &mut Association,
        (item, next, id): (&Item, Option<&Item>, u16),
        mover: &AeTitle,
        ready: &mut Ahead,
    ) -> Result<Outcome, LinkError> {
        let entry = &item.entry;
        let made = match ready.take() {
            Some(made) => made,
            None => way(self.decoders, item, Contexts::there(there, item)).await,
        };
        let Some((context, body)) = made else { return Ok(Outcome::Failed) };
        let next = next.map(|next| (next, Contexts::there(there, next)));
        let command = Command::store_request(id, &entry.sop_class, &entry.instance);
        let command = command.moved_for(mover, self.request.id());
        let sending = async {
            send(there, &context, &command, body).await?;
            store_scu::stored_status(there, id).await
        };
        let (stored, following) = tokio::join!(sending, ahead(self.decoders, next));
        *ready = following;
        Ok(stored?.map_or(Outcome::Failed, Outcome::of))
    }

    /// Counts a sub-operation and tells how far it is; whether the peer has cancelled.
    async fn counted(
        &mut self,
        association: &mut Association,
        item: &Item,
        outcome: Outcome,
    ) -> Result<bool, LinkError> {
        self.counts.remaining = self.counts.remaining.saturating_sub(1);
        let arrived = self.arrived.entry(item.study.study().clone()).or_default();
        *arrived += u64::from(outcome != Outcome::Failed);
        match outcome {
            Outcome::Stored => self.counts.completed += 1,
            Outcome::Warned => self.counts.warned += 1,
            Outcome::Failed => {
                self.counts.failed += 1;
                self.failed.push(item.entry.instance.clone());
            }
        }
        self.cancelled |= association.is_cancelled(self.request.id())?;
        if !self.cancelled && self.counts.remaining > 0 {
            let pending = Command::answer(self.request, Status::PENDING).with_counts(self.counts, false);
            association.send(self.context.id, &pending).await?;
        }
        Ok(self.cancelled)
    }

    /// The last answer, with the instances that failed.
    async fn end(self, association: &mut Association) -> Result<(), LinkError> {
        let is_last = !self.cancelled;
        let Counts { completed, failed, warned, .. } = self.counts;
        let status = match (self.cancelled, completed, failed, warned) {
            (true, ..) => Status::CANCELLED,
            _ if self.withdrawn => self.caller.withdrawn().await,
            (false, _, 0, 0) => Status::SUCCESS,
            (false, _, 0, _) => Status::SOME_WARNED,
            (false, 0, _, 0) => Status::NONE_SENT,
            (false, ..) => Status::SOME_FAILED,
        };
        if self.failed.is_empty() {
            let answer = Command::answer(self.request, status).with_counts(self.counts, is_last);
            return association.send(self.context.id, &answer).await;
        }
        let list = list_of(&self.failed);
        let failed = BTreeMap::from([(tags::FAILED_SOP_INSTANCE_UID_LIST, list)]);
        let data = identifier::encode(&failed, self.context.transfer_syntax.as_str(), false);
        let answer = Command::answer_with_data(self.request, status).with_counts(self.counts, is_last);
        association.send_with(self.context.id, &answer, data).await
    }
}

/// UIDs as one value: as many whole ones as it can hold.
fn list_of(uids: &[Uid]) -> String {
    let mut list = String::new();
    for uid in uids {
        if list.len() + 1 + uid.as_str().len() > identifier::VALUE_BYTES_MAX {
            break;
        }
        if !list.is_empty() {
            list.push('\\');
        }
        list.push_str(uid.as_str());
    }
    list
}

/// Instances that fit one association, with the pairs of class and syntax they need, and the rest. Of each class the
/// plain syntaxes are proposed too, for a receiver that takes nothing else.
pub(super) fn batch(items: &[Item]) -> (Vec<(Uid, Uid)>, &[Item], &[Item]) {
    let mut pairs: Vec<(Uid, Uid)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let new = store_scu::wanted(&item.entry.sop_class, &item.entry.transfer_syntax);
        let new: Vec<_> = new.into_iter().filter(|pair| !pairs.contains(pair)).collect();
        if pairs.len() + new.len() > CONTEXTS_MAX {
            let (now, later) = items.split_at(at);
            return (pairs, now, later);
        }
        pairs.extend(new);
    }
    (pairs, items, &[])
}

/// The bytes of an instance on their way.
pub(super) struct Body {
    first: Bytes,
    way: Way,
}

enum Way {
    Stored(Stored),
    Made(Box<Transcoded>),
}

/// Verified bytes from here on.
struct Stored {
    study: Arc<OpenStudy>,
    entry: InstanceEntry,
    /// Where it was corrected: its header as it leaves.
    front: Option<Bytes>,
    at: u64,
}

impl Body {
    /// With its first bytes here; `None` where they cannot be had.
    async fn begin(mut way: Way) -> Option<Self> {
        match way.next().await {
            Ok(Some(first)) => Some(Self { first, way }),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(%error, "an instance cannot be sent");
                None
            }
        }
    }
}

impl Way {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::Made(made) => made.next().await,
            Self::Stored(stored) => {
                if let Some(front) = stored.front.take().filter(|front| !front.is_empty()) {
                    return Ok(Some(front));
                }
                let len = stored.entry.bytes.saturating_sub(stored.at).min(PIECE_BYTES);
                if len == 0 {
                    return Ok(None);
                }
                let bytes = stored.study.range(&stored.entry, stored.at, len, Priority::Screen).await?;
                stored.at += bytes.len() as u64;
                if bytes.is_empty() { Err(Fault::NotFound) } else { Ok(Some(bytes)) }
            }
        }
    }
}

/// Sends one instance.
pub(super) async fn send(
    association: &mut Association,
    context: &Context,
    command: &Command,
    body: Body,
) -> Result<(), LinkError> {
    let Body { first, mut way } = body;
    association.queue(context.id, command).await?;
    let most = association.fragment_bytes();
    let mut piece = first;
    loop {
        // A message that was begun cannot be ended as if it were whole.
        let next = way.next().await.map_err(|error| {
            tracing::warn!(%error, "an instance broke off");
            LinkError::Unexpected("the object broke off at its holder")
        })?;
        while !piece.is_empty() {
            let fragment = piece.split_to(piece.len().min(most));
            association.send_fragment(context.id, fragment, next.is_none() && piece.is_empty()).await?;
        }
        match next {
            Some(next) => piece = next,
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_ends_with_a_whole_uid() {
        let uids: Vec<Uid> =
            (0..3000).map(|n| Uid::parse(&format!("2.25.1234567890123456789012345678{n}")).unwrap()).collect();
        let list = list_of(&uids);
        assert!(list.len() <= identifier::VALUE_BYTES_MAX);
        let kept: Vec<&str> = list.split('\\').collect();
        assert!(kept.len() > 1000);
        assert!(kept.iter().zip(&uids).all(|(kept, uid)| *kept == uid.as_str()));
        assert_eq!(list_of(&[]), "");
    }
}

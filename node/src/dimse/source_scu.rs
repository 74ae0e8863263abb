//! C-FIND, C-GET and C-MOVE as user (PS3.4 Annex C, study root): what is asked of the PACS beside this node.
//!
//! Instances that come by C-GET go into the archive as they come, on the association that asked for them. For C-MOVE the
//! source calls this node as any other AE does, and must be known to it as one that may store.
//!
//! # Not here
//! What is asked and why: `sources`.

use super::{
    Calling, Destination, DimseError,
    association::{Association, Incoming, Wanted},
    identifier::{self, Identifier},
    link::{LinkError, Patience},
    message::{AFFECTED_CLASS, AFFECTED_INSTANCE, C_FIND_RQ, C_GET_RQ, C_MOVE_RQ, C_STORE_RQ, Command, RESPONSE},
    negotiate::{Context, EXPLICIT_LE, IMPLICIT_LE},
    pdu::{Abort, Role, associate::CONTEXTS_MAX},
    status::{self, Status},
    store_scp::pass_over,
};
use crate::{
    archive::Form,
    sources::{Answer, Dimse, DimseAccess, Level, Sink, SourceError},
    users::{AeRights, AeSecurity, KnownAe},
};
use dicom_dictionary_std::tags;
use futures::{FutureExt, future::BoxFuture};
use protocol::{AeTitle, Uid};
use std::time::Duration;

const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";

/// Longest answer of a query, bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// A source may fetch from its own tape before it says anything.
const SILENT_MAX: Duration = Duration::from_secs(600);

/// Transfer syntaxes in which an instance is taken, those that PACS store first: what does not fit the contexts of one
/// association is left out from the end.
const SYNTAXES: [&str; 14] = [
    EXPLICIT_LE,
    IMPLICIT_LE,
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
];

/// Classes proposed where a source does not tell those of its instances: CT, MR, enhanced ones, CR, DX, MG, US, XA, RF, NM,
/// PET, secondary capture, presentation states, reports, key objects, encapsulated PDF, segmentation.
const USUAL: [&str; 24] = [
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.4.1",
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.12.2",
    "1.2.840.10008.5.1.4.1.1.20",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.7.4",
    "1.2.840.10008.5.1.4.1.1.11.1",
    "1.2.840.10008.5.1.4.1.1.88.11",
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.67",
    "1.2.840.10008.5.1.4.1.1.88.59",
    "1.2.840.10008.5.1.4.1.1.104.1",
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.13.1.3",
];

/// Speaks DIMSE with sources in this node's name.
#[derive(Clone, Debug)]
pub(super) struct SourceScu {
    pub(super) title: AeTitle,
    pub(super) calling: Option<Calling>,
    pub(super) patience: Patience,
}

impl Dimse for SourceScu {
    fn echo<'a>(&'a self, to: &'a DimseAccess) -> BoxFuture<'a, Result<(), SourceError>> {
        async move {
            let destination = self.destination(to)?;
            super::echo(&destination, &self.title).await.map(|_| ()).map_err(reached)
        }
        .boxed()
    }

    fn find<'a>(
        &'a self,
        to: &'a DimseAccess,
        level: Level,
        keys: &'a Answer,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Answer>, SourceError>> {
        self.found(to, level, keys, most).boxed()
    }

    fn get<'a>(
        &'a self,
        to: &'a DimseAccess,
        wanted: (Level, &'a Answer),
        classes: &'a [Uid],
        sink: &'a Sink<'a>,
    ) -> BoxFuture<'a, Result<(), SourceError>> {
        self.got(to, wanted, classes, sink).boxed()
    }

    fn move_here<'a>(
        &'a self,
        to: &'a DimseAccess,
        wanted: (Level, &'a Answer),
    ) -> BoxFuture<'a, Result<(), SourceError>> {
        self.moved(to, wanted).boxed()
    }
}

impl SourceScu {
    fn destination(&self, to: &DimseAccess) -> Result<Destination, SourceError> {
        let known = KnownAe {
            title: to.title.clone(),
            host: to.host.clone(),
            port: to.port,
            rights: AeRights::NONE,
            security: AeSecurity { tls: to.tls, certificate: to.certificate },
        };
        Destination::of(known, self.calling.as_ref())
            .ok_or(SourceError::Unfit("this source is called by TLS, and dimse.tls_listen is not set"))
    }

    async fn associate(
        &self,
        to: &DimseAccess,
        pairs: &[(Uid, Uid)],
        roles: Vec<Role>,
    ) -> Result<Association, SourceError> {
        let destination = self.destination(to)?;
        let wanted = Wanted { pairs, roles, invoked: 0 };
        super::connect_for(&destination, &self.title, wanted, self.patience).await.map_err(reached)
    }

    async fn found(
        &self,
        to: &DimseAccess,
        level: Level,
        keys: &Answer,
        most: usize,
    ) -> Result<Vec<Answer>, SourceError> {
        let pairs = [(uid(FIND)?, uid(EXPLICIT_LE)?), (uid(FIND)?, uid(IMPLICIT_LE)?)];
        let mut association = self.associate(to, &pairs, Vec::new()).await?;
        let Some(context) = association.context_for(FIND, None).cloned() else {
            association.abort(Abort::USER).await;
            return Err(SourceError::Refused("it does not offer queries".to_owned()));
        };
        let found = ask_rows(&mut association, &context, level, keys, most).await;
        end(association, found).await
    }

    async fn got(
        &self,
        to: &DimseAccess,
        wanted: (Level, &Answer),
        classes: &[Uid],
        sink: &Sink<'_>,
    ) -> Result<(), SourceError> {
        let (pairs, roles) = proposed(classes)?;
        let mut association = self.associate(to, &pairs, roles).await?;
        let Some(context) = association.context_for(GET, None).cloned() else {
            association.abort(Abort::USER).await;
            return Err(SourceError::Refused("it does not offer retrieval by C-GET".to_owned()));
        };
        let command = Command::question(C_GET_RQ, 1, GET);
        let got = take_objects(&mut association, &context, &command, wanted, (to, sink)).await;
        end(association, got).await
    }

    async fn moved(&self, to: &DimseAccess, wanted: (Level, &Answer)) -> Result<(), SourceError> {
        let pairs = [(uid(MOVE)?, uid(EXPLICIT_LE)?), (uid(MOVE)?, uid(IMPLICIT_LE)?)];
        let mut association = self.associate(to, &pairs, Vec::new()).await?;
        let Some(context) = association.context_for(MOVE, None).cloned() else {
            association.abort(Abort::USER).await;
            return Err(SourceError::Refused("it does not offer retrieval by C-MOVE".to_owned()));
        };
        let command = Command::question(C_MOVE_RQ, 1, MOVE).moved_to(&self.title);
        let moved = wait_for_end(&mut association, &context, &command, wanted).await;
        end(association, moved).await
    }
}

/// Before an association stands the source is away, also where it rejects: many do while they are busy. After that it
/// breaks off.
fn reached(error: DimseError) -> SourceError {
    SourceError::Unreachable(error.to_string())
}

fn broken(error: LinkError) -> SourceError {
    SourceError::Broken(error.to_string())
}

/// Ends the association, in order where all went well.
async fn end<T>(association: Association, outcome: Result<T, SourceError>) -> Result<T, SourceError> {
    if outcome.is_err() {
        association.abort(Abort::USER).await;
    } else if let Err(error) = association.release().await {
        tracing::debug!(%error, "the association was not released in order");
    }
    outcome
}

fn uid(text: &str) -> Result<Uid, SourceError> {
    Uid::parse(text).map_err(|_| SourceError::Unfit("not a UID"))
}

/// Pairs of abstract and transfer syntax, and roles.
type Proposal = (Vec<(Uid, Uid)>, Vec<Role>);

/// The contexts of a C-GET: of each class as many transfer syntaxes as fit, and the role of a storage provider.
fn proposed(classes: &[Uid]) -> Result<Proposal, SourceError> {
    let mut pairs = vec![(uid(GET)?, uid(EXPLICIT_LE)?), (uid(GET)?, uid(IMPLICIT_LE)?)];
    let usual: Vec<Uid> = USUAL.iter().map(|class| uid(class)).collect::<Result<_, _>>()?;
    let room = CONTEXTS_MAX.saturating_sub(pairs.len());
    let classes = if classes.is_empty() { &usual } else { classes };
    let classes: Vec<&Uid> = classes.iter().take(room).collect();
    let each = (room / classes.len().max(1)).clamp(1, SYNTAXES.len());
    for class in &classes {
        for syntax in SYNTAXES.iter().take(each) {
            pairs.push(((*class).clone(), uid(syntax)?));
        }
    }
    let role = |class: &&Uid| Role { sop_class: class.to_string(), scu: false, scp: true };
    Ok((pairs, classes.iter().map(role).collect()))
}

fn identifier_of(level: Level, keys: &Answer, context: &Context) -> bytes::Bytes {
    let level = match level {
        Level::Study => "STUDY",
        Level::Series => "SERIES",
        Level::Image => "IMAGE",
    };
    let mut all = keys.clone();
    all.insert(tags::QUERY_RETRIEVE_LEVEL, level.to_owned());
    identifier::encode(&all, context.transfer_syntax.as_str(), false)
}

async fn ask_rows(
    association: &mut Association,
    context: &Context,
    level: Level,
    keys: &Answer,
    most: usize,
) -> Result<Vec<Answer>, SourceError> {
    let command = Command::question(C_FIND_RQ, 1, FIND);
    association.send_with(context.id, &command, identifier_of(level, keys, context)).await.map_err(broken)?;
    let mut answers = Vec::new();
    loop {
        let (context, command) = next(association).await?;
        if command.field() != Some(C_FIND_RQ | RESPONSE) {
            return Err(SourceError::Garbage("neither an answer nor the end".to_owned()));
        }
        if command.has_data_set() {
            let bytes = association.whole(&context, ANSWER_BYTES_MAX).await.map_err(broken)?;
            let read = Identifier::decode(&bytes, context.transfer_syntax.as_str());
            let attributes: Answer = read.tags().filter_map(|tag| Some((tag, read.text(tag)?))).collect();
            if answers.len() >= most {
                return Err(SourceError::TooMany);
            }
            answers.push(attributes);
        }
        match command.status() {
            Some(0xFF00 | 0xFF01) => {}
            Some(0) => return Ok(answers),
            // Out of resources: too many matches.
            Some(0xA700) => return Err(SourceError::TooMany),
            status => return Err(refused(status, &command)),
        }
    }
}

async fn next(association: &mut Association) -> Result<(Context, Command), SourceError> {
    match association.next_within(SILENT_MAX).await.map_err(broken)? {
        Incoming::Command(context, command) => Ok((context, command)),
        Incoming::ReleaseAsked => Err(SourceError::Broken("it ended the association".to_owned())),
    }
}

fn refused(status: Option<u16>, command: &Command) -> SourceError {
    let comment = command.comment().map(|comment| format!(": {comment}")).unwrap_or_default();
    SourceError::Refused(format!("status {:04X}{comment}", status.unwrap_or(0xFFFF)))
}

/// Whether a retrieval is over, and how. What some sub-operations lacked shows in the comparison.
fn is_over(command: &Command) -> Result<bool, SourceError> {
    match command.status() {
        Some(0xFF00 | 0xFF01) => Ok(false),
        Some(0 | 0xB000) => {
            if command.failures() > 0 {
                tracing::warn!(failed = command.failures(), "a source could not send some instances");
            }
            Ok(true)
        }
        status => Err(refused(status, command)),
    }
}

async fn wait_for_end(
    association: &mut Association,
    context: &Context,
    command: &Command,
    (level, keys): (Level, &Answer),
) -> Result<(), SourceError> {
    association.send_with(context.id, command, identifier_of(level, keys, context)).await.map_err(broken)?;
    loop {
        let (context, answer) = next(association).await?;
        if answer.has_data_set() {
            association.whole(&context, ANSWER_BYTES_MAX).await.map_err(broken)?;
        }
        if answer.field() != Some(C_MOVE_RQ | RESPONSE) {
            return Err(SourceError::Garbage("neither an answer nor the end".to_owned()));
        }
        if is_over(&answer)? {
            return Ok(());
        }
    }
}

async fn take_objects(
    association: &mut Association,
    context: &Context,
    command: &Command,
    (level, keys): (Level, &Answer),
    (from, sink): (&DimseAccess, &Sink<'_>),
) -> Result<(), SourceError> {
    association.send_with(context.id, command, identifier_of(level, keys, context)).await.map_err(broken)?;
    loop {
        let (context, command) = next(association).await?;
        match command.field() {
            Some(C_STORE_RQ) if command.has_data_set() => {
                let status = take_object(association, &context, &command, (from, sink)).await?;
                association.send(context.id, &Command::answer(&command, status)).await.map_err(broken)?;
            }
            Some(field) if field == C_GET_RQ | RESPONSE => {
                if command.has_data_set() {
                    association.whole(&context, ANSWER_BYTES_MAX).await.map_err(broken)?;
                }
                if is_over(&command)? {
                    return Ok(());
                }
            }
            _ => return Err(SourceError::Garbage("neither an object nor an answer".to_owned())),
        }
    }
}

async fn take_object(
    association: &mut Association,
    context: &Context,
    request: &Command,
    (from, sink): (&DimseAccess, &Sink<'_>),
) -> Result<Status, SourceError> {
    let named = request.uid(AFFECTED_CLASS).zip(request.uid(AFFECTED_INSTANCE));
    let Some((sop_class, sop_instance)) = named else {
        pass_over(association, context).await.map_err(broken)?;
        return Ok(Status::MISTYPED);
    };
    let form = Form::DataSet {
        transfer_syntax: context.transfer_syntax.clone(),
        sop_class,
        sop_instance: sop_instance.clone(),
        source: Some(from.title.clone()),
    };
    let mut spool = sink.spool(form).await?;
    loop {
        let fragment = association.next_fragment(context).await.map_err(broken)?;
        if let Err(error) = spool.write(fragment.bytes).await {
            sink.refuse(&error, Some(&sop_instance));
            if Sink::is_final(&error) {
                return Err(error.into());
            }
            if !fragment.last {
                pass_over(association, context).await.map_err(broken)?;
            }
            return Ok(Status::of(&error));
        }
        if fragment.last {
            break;
        }
    }
    match sink.take(spool, Some(&sop_instance)).await {
        Ok(_) => Ok(Status::SUCCESS),
        Err(error) if Sink::is_final(&error) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, said = status::sentence(Status::of(&error).code), "a source's instance was refused");
            Ok(Status::of(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contexts_fit_one_association_whatever_is_to_come() {
        let class = |n: usize| Uid::parse(&format!("1.2.840.10008.5.1.4.1.1.{n}")).unwrap();
        for count in [0, 1, 9, 24, 100, 400] {
            let classes: Vec<Uid> = (1..=count).map(class).collect();
            let (pairs, roles) = proposed(&classes).unwrap();
            assert!(pairs.len() <= CONTEXTS_MAX, "{count}");
            assert!(roles.iter().all(|role| pairs.iter().any(|(c, _)| c.as_str() == role.sop_class)));
        }
        assert_eq!(proposed(&[class(2)]).unwrap().0.len(), 2 + SYNTAXES.len());
    }
}

//! Accepts connections and gives each association its own task.
//!
//! Three bounds, so that no crowd keeps a scanner or an echo out: connections that have not proposed anything yet,
//! associations, and a few places apart for associations that only verify, which are granted even when all others are
//! taken.

use super::{
    Calling, Decoders, DimseParts,
    association::{self, Association, Incoming},
    caller::{Caller, Known, Over},
    commitment::{CommitmentScp, Held, PUSH_MODEL, Reporter},
    echo, find_scp,
    link::{Link, LinkError, Patience},
    message::{
        C_CANCEL_RQ, C_ECHO_RQ, C_FIND_RQ, C_GET_RQ, C_MOVE_RQ, C_STORE_RQ, Command, N_ACTION_RQ, N_CREATE_RQ,
        N_EVENT_REPORT_RSP, N_SET_RQ, RESPONSE,
    },
    negotiate::{self, Agreed, Context, QUERY_RETRIEVE, Serves, VERIFICATION},
    pdu::{Abort, Acceptance, Proposal, Rejection},
    performed::{self, PERFORMED},
    question::Asker,
    refusals::{Operation, Refusals, Why},
    retrieve_scp,
    status::Status,
    store_scp::StoreScp,
    tls::{self, Taking},
};
use crate::cases::Cases;
use bytes::Bytes;
use protocol::AeTitle;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Connections that have not proposed an association: each costs a descriptor and 16 KiB until ARTIM runs out.
const UNPROPOSED_MAX: usize = 256;
/// Places for associations that only verify.
const VERIFYING_MAX: usize = 16;

/// Instances of all associations together that have come in and are not answered while the next one is read: each may
/// hold memory and a descriptor.
pub(super) const AHEAD_MAX: usize = 64;

/// What accepts. Clones share its bounds, but for that on connections that have not proposed anything yet.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    shared: Arc<Shared>,
}

/// What the node says of itself, and its bounds.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) title: AeTitle,
    pub(super) associations_max: usize,
    pub(super) ask_peers: bool,
    pub(super) patience: Patience,
    pub(super) calling: Option<Calling>,
}

#[derive(Debug)]
struct Shared {
    own: Own,
    parts: DimseParts,
    reporter: Reporter,
    places: Arc<Semaphore>,
    verifying: Arc<Semaphore>,
    ahead: Arc<Semaphore>,
    associations: Arc<AtomicUsize>,
    known: Known,
}

/// A place among the associations, counted as long as it is held.
#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
    associations: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.associations.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Listener {
    pub(super) fn new(own: Own, parts: DimseParts, reporter: Reporter, associations: Arc<AtomicUsize>) -> Self {
        let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let refusals = Refusals::new(parts.audit.clone());
        parts.tasks.spawn("dimse refusals", refusals.clone().run(parts.tasks.clone()));
        let known =
            Known { users: parts.users.clone(), audit: parts.audit.clone(), refusals, calling: own.calling.clone() };
        let shared = Shared {
            parts,
            reporter,
            places: semaphore(own.associations_max),
            own,
            verifying: semaphore(VERIFYING_MAX),
            ahead: semaphore(AHEAD_MAX),
            associations,
            known,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The places of what is under way ahead of its answer.
    #[cfg(test)]
    pub(super) fn ahead(&self) -> Arc<Semaphore> {
        self.shared.ahead.clone()
    }

    /// Accepts until the node stops; by TLS where `taking`.
    pub(super) async fn run(self, socket: TcpListener, taking: Option<Taking>) {
        let tasks = self.shared.parts.tasks.clone();
        let unproposed = Arc::new(Semaphore::new(UNPROPOSED_MAX));
        loop {
            let accepted = tokio::select! {
                () = tasks.stopping() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, from)) => {
                    // Over the bound the connection is closed at once: its sender tries again.
                    let Ok(permit) = unproposed.clone().try_acquire_owned() else { continue };
                    let connected = Connected { stream, from, taking: taking.clone(), unproposed: permit };
                    tasks.spawn("dimse association", serve(self.shared.clone(), connected));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a DICOM connection");
                    // Out of descriptors, mostly: without a pause this loop would take the whole processor.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// Whoever connected, before anything is said.
struct Connected {
    stream: TcpStream,
    from: SocketAddr,
    taking: Option<Taking>,
    unproposed: OwnedSemaphorePermit,
}

impl Connected {
    /// Shakes hands where the listener is by TLS.
    async fn link(self, known: &Known, patience: Patience) -> Option<(Link, Over, OwnedSemaphorePermit)> {
        let Self { stream, from, taking, unproposed } = self;
        let over = Over { from: from.ip(), tls: taking.is_some(), certificate: None };
        let Some(taking) = taking else { return Some((Link::new(stream, patience).ok()?, over, unproposed)) };
        match taking.take(stream, patience.artim).await {
            Ok(stream) => {
                let over = Over { certificate: tls::shown(&stream), ..over };
                Some((Link::new(stream, patience).ok()?, over, unproposed))
            }
            Err(error) => {
                tracing::warn!(%error, %from, "a TLS handshake failed");
                known.nameless(from.ip(), Operation::Secure, Why::Unfit("no certificate that is believed here")).await;
                None
            }
        }
    }
}

async fn serve(shared: Arc<Shared>, connected: Connected) {
    let from = connected.from;
    let established = async {
        let (link, over, unproposed) = connected.link(&shared.known, shared.own.patience).await?;
        let established = establish(&shared, link, over).await;
        drop(unproposed);
        established
    };
    let proposed = tokio::select! {
        () = shared.parts.tasks.stopping() => return,
        proposed = established => proposed,
    };
    let Some(Established { association, caller, place }) = proposed else { return };
    let calling = association.calling().clone();
    tracing::info!(%calling, %from, "association established");
    Box::pin(converse(&shared, association, caller)).await;
    drop(place);
    tracing::info!(%calling, "association ended");
}

/// From connected to associated.
async fn establish(shared: &Shared, mut link: Link, over: Over) -> Option<Established> {
    let proposal = match association::proposal(&mut link).await {
        Ok(proposal) => proposal,
        Err(error) => {
            tracing::debug!(%error, "no association was proposed");
            if let Some(abort) = error.abort() {
                shared
                    .known
                    .nameless(over.from, Operation::Associate, Why::Unfit("no proposal of an association"))
                    .await;
                link.abort(abort).await;
            }
            return None;
        }
    };
    match shared.judge(&proposal, over).await {
        Ok((acceptance, agreed, caller, place)) => match association::accept(link, acceptance, agreed).await {
            Ok(association) => Some(Established { association, caller, place }),
            Err(error) => {
                tracing::debug!(%error, "an accepted association was not taken up");
                None
            }
        },
        Err(rejection) => {
            tracing::warn!(reason = rejection.sentence(), "an association was rejected");
            association::reject(link, rejection).await;
            None
        }
    }
}

/// An association that stands, who called, and its place.
struct Established {
    association: Association,
    caller: Caller,
    place: Place,
}

impl Shared {
    /// From this machine anybody may call; from elsewhere only AEs that an admin made known, since nothing beyond
    /// loopback is open to strangers; and nobody who may do nothing here.
    async fn judge(&self, proposal: &Proposal, over: Over) -> Result<(Acceptance, Agreed, Caller, Place), Rejection> {
        let judged = negotiate::judge(proposal, &self.own.title, Serves::Node);
        let (mut acceptance, agreed) = match judged {
            Ok(judged) => judged,
            Err(rejection) => return Err(self.rejected(proposal, over, rejection).await),
        };
        let Some(mut caller) = Caller::admit(&self.known, &agreed.calling, over) else {
            self.known.refused(&agreed.calling, over.from, Operation::Associate, Why::Right).await;
            return Err(Rejection::CALLING_TITLE);
        };
        if let Some(identity) = &proposal.user.identity
            && caller.identify(identity).await?
            && identity.answer_wanted
        {
            acceptance.user.identified = Some(Bytes::new());
        }
        let verifies_only = proposal.contexts.iter().all(|context| context.abstract_syntax == VERIFICATION);
        match self.place(verifies_only) {
            Ok(place) => Ok((acceptance, agreed, caller, place)),
            Err(rejection) => Err(self.rejected(proposal, over, rejection).await),
        }
    }

    /// Writes down what no right had to do with.
    async fn rejected(&self, proposal: &Proposal, over: Over, rejection: Rejection) -> Rejection {
        let why = Why::Unfit(rejection.told());
        match negotiate::title(&proposal.calling) {
            None => self.known.nameless(over.from, Operation::Associate, why).await,
            Some(calling) => drop(self.known.refused(&calling, over.from, Operation::Associate, why).await),
        }
        rejection
    }

    fn place(&self, verifies_only: bool) -> Result<Place, Rejection> {
        let taken = self.places.clone().try_acquire_owned();
        let taken =
            taken.or_else(|full| if verifies_only { self.verifying.clone().try_acquire_owned() } else { Err(full) });
        let permit = taken.map_err(|_| Rejection::LOCAL_LIMIT)?;
        self.associations.fetch_add(1, Ordering::Relaxed);
        Ok(Place { _permit: permit, associations: self.associations.clone() })
    }
}

/// Answers commands until the peer releases, breaks off or the node stops.
async fn converse(shared: &Shared, mut association: Association, caller: Caller) {
    let DimseParts { archive, studies, audit, cases, decoders, tasks, .. } = &shared.parts;
    let mut served = Served {
        title: shared.own.title.clone(),
        store: StoreScp::new(archive.clone(), audit.clone(), (tasks.clone(), shared.ahead.clone()), &caller),
        asker: Asker::new(archive.clone(), studies.clone(), audit.clone(), caller.clone(), shared.own.ask_peers),
        commitment: CommitmentScp::new(shared.reporter.clone(), caller),
        decoders: decoders.clone(),
        cases: cases.clone(),
    };
    let ended = loop {
        // Only waiting is cut off: a message begun is answered.
        let has_room = served.store.has_room(&association);
        let news = tokio::select! {
            () = shared.parts.tasks.stopping() => match served.store.answer_all(&mut association).await {
                Ok(()) => break Some(Abort::UNSPECIFIED),
                Err(error) => News::Arrived(Err(error)),
            },
            () = served.store.ended() => News::Stored,
            arrived = association.arrived(), if has_room => News::Arrived(arrived),
            held = served.commitment.ready() => News::Committed(held),
        };
        let answered = match news {
            News::Stored => served.store.answer_first(&mut association).await,
            News::Committed(None) => Ok(()),
            News::Committed(Some(held)) => served.commitment.report(&mut association, held).await,
            News::Arrived(Err(error)) => Err(error),
            News::Arrived(Ok(())) => match association.next().await {
                Ok(Incoming::Command(context, command)) => {
                    answer(&mut association, &mut served, &context, &command).await
                }
                Ok(Incoming::ReleaseAsked) => match served.store.answer_all(&mut association).await {
                    Ok(()) => break None,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            },
        };
        if let Err(error) = answered {
            tracing::info!(%error, "an association ended early");
            let Some(abort) = error.abort() else {
                served.store.close().await;
                return;
            };
            break Some(abort);
        }
    };
    served.store.close().await;
    match ended {
        Some(abort) => association.abort(abort).await,
        None => association.released().await,
    }
}

/// What an association may have to do next.
enum News {
    Arrived(Result<(), LinkError>),
    /// An instance under way is stored or refused.
    Stored,
    Committed(Option<Held>),
}

/// What an association does.
struct Served {
    title: AeTitle,
    store: StoreScp,
    asker: Asker,
    decoders: Decoders,
    commitment: CommitmentScp,
    cases: Cases,
}

/// The class of a query or retrieval ends with the number of its operation.
fn is_of(context: &Context, field: u16) -> bool {
    let operation = match field {
        C_FIND_RQ => ".1",
        C_MOVE_RQ => ".2",
        C_GET_RQ => ".3",
        _ => return false,
    };
    let class = context.abstract_syntax.as_str();
    QUERY_RETRIEVE.contains(&class) && class.ends_with(operation)
}

async fn answer(
    association: &mut Association,
    served: &mut Served,
    context: &Context,
    command: &Command,
) -> Result<(), LinkError> {
    let class = context.abstract_syntax.as_str();
    if command.field() != Some(C_STORE_RQ) {
        // What is asked now may ask for what is on its way.
        served.store.answer_all(association).await?;
    }
    match command.field() {
        Some(C_ECHO_RQ) => match served.asker.caller.may_echo().await {
            Ok(()) => echo::answer(association, context, command).await,
            Err(status) => refuse(association, context, command, status).await,
        },
        Some(C_STORE_RQ) if negotiate::is_storage(class) => match served.asker.caller.may_store().await {
            Ok(()) => served.store.store(association, context, command).await,
            Err(status) => {
                served.store.answer_all(association).await?;
                refuse(association, context, command, status).await
            }
        },
        Some(C_FIND_RQ) if is_of(context, C_FIND_RQ) && command.has_data_set() => {
            find_scp::find(association, &mut served.asker, &served.title, context, command).await
        }
        Some(field @ (C_GET_RQ | C_MOVE_RQ)) if is_of(context, field) && command.has_data_set() => {
            let Served { title, asker, decoders, .. } = served;
            retrieve_scp::retrieve(association, (asker, decoders), title, context, command).await
        }
        Some(N_ACTION_RQ) if class == PUSH_MODEL => served.commitment.action(association, context, command).await,
        Some(N_CREATE_RQ | N_SET_RQ) if class == PERFORMED => {
            performed::answer(association, (&served.cases, &served.asker.caller), context, command).await
        }
        Some(N_EVENT_REPORT_RSP) => served.commitment.answered(command).await,
        // What it was to cancel has been answered.
        Some(C_CANCEL_RQ) => Ok(()),
        Some(field) if field & RESPONSE == 0 => {
            let (status, operation) = match field {
                C_STORE_RQ => (Status::CLASS_NOT_SUPPORTED, Operation::Store),
                _ => (Status::UNRECOGNIZED, Operation::Other),
            };
            let status = served.asker.caller.in_vain(operation, status, None).await;
            refuse(association, context, command, status).await
        }
        _ => Err(LinkError::Unexpected("an answer to nothing that was asked")),
    }
}

/// Answers a request that is not served, after what came with it.
async fn refuse(
    association: &mut Association,
    context: &Context,
    command: &Command,
    status: Status,
) -> Result<(), LinkError> {
    if command.has_data_set() {
        super::store_scp::pass_over(association, context).await?;
    }
    association.send(context.id, &Command::answer(command, status)).await
}

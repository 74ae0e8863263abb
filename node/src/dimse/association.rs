//! An association in the shape of PS3.8 §9.2, as acceptor and as requestor.
//!
//! [`Association`] is the state "established" (Sta6): the states before it are the functions [`accept`] and [`request`],
//! those after it the methods that consume it. So nothing can be sent on an association that is not there.
//!
//! # Not here
//! What a proposal is answered ([`super::negotiate`]); what a message does ([`super::store_scp`], [`super::echo`]).

use super::{
    link::{Link, LinkError, fragment_bytes, fragments},
    message::{C_CANCEL_RQ, COMMAND_BYTES_MAX, Command},
    negotiate::{self, Agreed, Context, Options},
    pdu::{Abort, Pdu, Pdv, Proposal, Proposed, Rejection, Role, UserItems, associate},
};
use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use protocol::{AeTitle, Uid};
use std::collections::VecDeque;

/// Fragments read ahead while looking for a cancellation.
const WAITING_MAX: usize = 16;

/// An established association.
#[derive(Debug)]
pub(crate) struct Association {
    link: Link,
    agreed: Agreed,
    waiting: VecDeque<Pdv>,
    release_asked: bool,
}

/// What a requestor proposes: pairs of abstract and transfer syntax, one context each, at most 128; and its roles.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) pairs: &'a [(Uid, Uid)],
    pub(crate) roles: Vec<Role>,
    /// Requests to have under way at once; 0: one, and nothing is said of it.
    pub(crate) invoked: u16,
}

/// What comes next on an association.
#[derive(Debug)]
pub(crate) enum Incoming {
    Command(Context, Command),
    ReleaseAsked,
}

/// A piece of a data set.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(crate) bytes: Bytes,
    pub(crate) last: bool,
}

/// Why a request for an association failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("the association was rejected: {}", .0.sentence())]
    Rejected(Rejection),
    #[error("the peer takes units too short to work with")]
    UnitTooShort,
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// Reads the proposal of whoever connected, within ARTIM.
pub(crate) async fn proposal(link: &mut Link) -> Result<Proposal, LinkError> {
    match link.read(link.patience.artim).await? {
        Pdu::AssociateRq(proposal) => Ok(proposal),
        Pdu::Abort(abort) => Err(LinkError::Aborted(abort)),
        _ => Err(LinkError::Unexpected("an association must be requested first")),
    }
}

/// Accepts: the answer goes out and the association stands.
pub(crate) async fn accept(
    mut link: Link,
    acceptance: associate::Acceptance,
    agreed: Agreed,
) -> Result<Association, LinkError> {
    link.write(&Pdu::AssociateAc(acceptance)).await?;
    Ok(Association { link, agreed, waiting: VecDeque::new(), release_asked: false })
}

/// Rejects and closes.
pub(crate) async fn reject(mut link: Link, rejection: Rejection) {
    if link.write(&Pdu::AssociateRj(rejection)).await.is_ok() {
        link.close().await;
    }
}

/// Requests an association.
pub(crate) async fn request(
    mut link: Link,
    calling: &AeTitle,
    called: &AeTitle,
    wanted: Wanted<'_>,
) -> Result<Association, RequestError> {
    let ids = (1..=255u8).step_by(2);
    let contexts = ids.zip(wanted.pairs).map(|(id, (class, syntax))| Proposed {
        id,
        abstract_syntax: class.to_string(),
        transfer_syntaxes: vec![syntax.to_string()],
    });
    let proposal = Proposal {
        version: 1,
        called: negotiate::title_field(called),
        calling: negotiate::title_field(calling),
        application_context: associate::APPLICATION_CONTEXT.to_owned(),
        contexts: contexts.collect(),
        user: UserItems {
            roles: wanted.roles,
            operations: (wanted.invoked > 0).then_some((wanted.invoked, 1)),
            ..negotiate::own_items()
        },
    };
    link.write(&Pdu::AssociateRq(proposal.clone())).await?;
    let acceptance = match link.read(link.patience.artim).await? {
        Pdu::AssociateAc(acceptance) => acceptance,
        Pdu::AssociateRj(rejection) => return Err(RequestError::Rejected(rejection)),
        Pdu::Abort(abort) => return Err(LinkError::Aborted(abort).into()),
        _ => return Err(LinkError::Unexpected("neither accepted nor rejected").into()),
    };
    let Some(peer_pdu_max) = negotiate::peer_pdu_max(&acceptance.user) else {
        link.abort(Abort::USER).await;
        return Err(RequestError::UnitTooShort);
    };
    let contexts = agreed_contexts(&proposal, &acceptance);
    // What the peer does not answer is as if nobody had asked (PS3.7 D.3.3.3.2).
    let invoked = match acceptance.user.operations {
        Some((0, _)) => wanted.invoked,
        Some((theirs, _)) => theirs.min(wanted.invoked),
        None => 1,
    };
    let invoked = invoked.max(1);
    let agreed = Agreed { calling: calling.clone(), contexts, peer_pdu_max, invoked, taken_back: Vec::new() };
    Ok(Association { link, agreed, waiting: VecDeque::new(), release_asked: false })
}

/// The contexts accepted, and only in the syntax that was proposed.
fn agreed_contexts(proposal: &Proposal, acceptance: &associate::Acceptance) -> Vec<Context> {
    let answered = acceptance.answers.iter().filter(|answer| answer.result == 0);
    let agreed = answered.filter_map(|answer| {
        let proposed = proposal.contexts.iter().find(|context| context.id == answer.id)?;
        proposed.transfer_syntaxes.contains(&answer.transfer_syntax).then_some(())?;
        Some(Context {
            id: answer.id,
            abstract_syntax: Uid::parse(&proposed.abstract_syntax).ok()?,
            transfer_syntax: Uid::parse(&answer.transfer_syntax).ok()?,
            options: Options::default(),
        })
    });
    agreed.collect()
}

impl Association {
    pub(crate) fn calling(&self) -> &AeTitle {
        &self.agreed.calling
    }

    /// Requests that the requestor may have under way at once.
    pub(crate) fn invoked_max(&self) -> usize {
        self.agreed.invoked.into()
    }

    /// The context agreed on for a class in a transfer syntax.
    pub(crate) fn context_for(&self, class: &str, syntax: Option<&str>) -> Option<&Context> {
        self.agreed.contexts.iter().find(|context| {
            context.abstract_syntax.as_str() == class && syntax.is_none_or(|s| context.transfer_syntax.as_str() == s)
        })
    }

    /// The context on which the requestor takes objects of a class in a transfer syntax (C-GET).
    pub(crate) fn context_back(&self, class: &Uid, syntax: &str) -> Option<&Context> {
        if !self.agreed.taken_back.contains(class) {
            return None;
        }
        self.context_for(class.as_str(), Some(syntax))
    }

    /// Whether the peer cancels the operation `id`, by what has arrived so far; waits for nothing.
    pub(crate) fn is_cancelled(&mut self, id: u16) -> Result<bool, LinkError> {
        while self.waiting.len() < WAITING_MAX {
            let Some(read) = self.link.read(self.link.patience.unit).now_or_never() else { break };
            match read? {
                Pdu::Data(all) => self.waiting.extend(all),
                Pdu::Abort(abort) => return Err(LinkError::Aborted(abort)),
                _ => return Err(LinkError::Unexpected("a unit that has no place inside an operation")),
            }
        }
        // Where several operations were asked for at once, it stands behind those that wait.
        let cancels = |pdv: &Pdv| {
            let command = Some(pdv).filter(|pdv| pdv.command && pdv.last).map(|pdv| Command::decode(pdv.bytes.clone()));
            command.is_some_and(|command| {
                command.is_ok_and(|c| c.field() == Some(C_CANCEL_RQ) && c.answered_id() == Some(id))
            })
        };
        let found = self.waiting.iter().position(cancels);
        Ok(found.is_some_and(|at| self.waiting.remove(at).is_some()))
    }

    /// Waits until the peer cancels the operation `id`, or goes. May be dropped.
    pub(crate) async fn cancelled(&mut self, id: u16) -> Result<(), LinkError> {
        while !self.is_cancelled(id)? {
            if self.waiting.len() >= WAITING_MAX {
                return std::future::pending().await;
            }
            // An operation may last longer than silence between two.
            self.fill(std::time::Duration::MAX).await?;
            if self.release_asked {
                return Err(LinkError::Unexpected("a release inside an operation"));
            }
        }
        Ok(())
    }

    /// Reads the whole data set of a short message.
    pub(crate) async fn whole(&mut self, context: &Context, bytes_max: usize) -> Result<Bytes, LinkError> {
        let mut whole = BytesMut::new();
        loop {
            let fragment = self.next_fragment(context).await?;
            if whole.len() + fragment.bytes.len() > bytes_max {
                return Err(LinkError::Unexpected("an identifier over the bound"));
            }
            whole.extend_from_slice(&fragment.bytes);
            if fragment.last {
                return Ok(whole.freeze());
            }
        }
    }

    /// Sends a command with its data set.
    pub(crate) async fn send_with(&mut self, context: u8, command: &Command, data: Bytes) -> Result<(), LinkError> {
        self.queue(context, command).await?;
        for pdv in fragments(context, false, data, self.fragment_bytes()) {
            self.link.write_fragment(pdv).await?;
        }
        self.link.flush().await
    }

    /// Waits until something of the peer's is there, as long as an idle association may last. May be dropped.
    pub(crate) async fn arrived(&mut self) -> Result<(), LinkError> {
        if self.waiting.is_empty() && !self.release_asked {
            self.fill(self.link.patience.idle).await?;
        }
        Ok(())
    }

    /// Waits for the next command or the peer's wish to end, as long as an idle association may last.
    pub(crate) async fn next(&mut self) -> Result<Incoming, LinkError> {
        self.next_within(self.link.patience.idle).await
    }

    /// [`Association::next`] with a time of the caller's.
    pub(crate) async fn next_within(&mut self, within: std::time::Duration) -> Result<Incoming, LinkError> {
        let Some(first) = self.fragment(within).await? else { return Ok(Incoming::ReleaseAsked) };
        let context = self.agreed.contexts.iter().find(|context| context.id == first.context).cloned();
        let context = context.ok_or(LinkError::Unexpected("a context that was not accepted"))?;
        let mut bytes = BytesMut::new();
        let mut fragment = first;
        loop {
            if fragment.context != context.id || !fragment.command {
                return Err(LinkError::Unexpected("a data set without its command"));
            }
            if bytes.len() + fragment.bytes.len() > COMMAND_BYTES_MAX {
                return Err(LinkError::Unexpected("a command over the bound"));
            }
            bytes.extend_from_slice(&fragment.bytes);
            if fragment.last {
                break;
            }
            fragment = self.fragment_of_message().await?;
        }
        let command = Command::decode(bytes.freeze()).map_err(|e| LinkError::Unexpected(e.0))?;
        Ok(Incoming::Command(context, command))
    }

    /// The next piece of the data set that follows the command just read.
    pub(crate) async fn next_fragment(&mut self, context: &Context) -> Result<Fragment, LinkError> {
        let pdv = self.fragment_of_message().await?;
        if pdv.context != context.id || pdv.command {
            return Err(LinkError::Unexpected("a command inside a data set"));
        }
        Ok(Fragment { bytes: pdv.bytes, last: pdv.last })
    }

    async fn fragment_of_message(&mut self) -> Result<Pdv, LinkError> {
        let within = self.link.patience.unit;
        self.fragment(within).await?.ok_or(LinkError::Unexpected("a release inside a message"))
    }

    /// The next fragment; `None` when the peer asks for release instead.
    async fn fragment(&mut self, within: std::time::Duration) -> Result<Option<Pdv>, LinkError> {
        loop {
            if let Some(pdv) = self.waiting.pop_front() {
                return Ok(Some(pdv));
            }
            if self.release_asked {
                return Ok(None);
            }
            self.fill(within).await?;
        }
    }

    /// Reads one unit.
    async fn fill(&mut self, within: std::time::Duration) -> Result<(), LinkError> {
        match self.link.read(within).await? {
            Pdu::Data(all) => self.waiting.extend(all),
            Pdu::ReleaseRq => self.release_asked = true,
            Pdu::Abort(abort) => return Err(LinkError::Aborted(abort)),
            _ => return Err(LinkError::Unexpected("a unit that has no place here")),
        }
        Ok(())
    }

    /// Bytes of the longest fragment the peer takes.
    pub(crate) fn fragment_bytes(&self) -> usize {
        fragment_bytes(self.agreed.peer_pdu_max)
    }

    /// Sends a command that ends its message.
    pub(crate) async fn send(&mut self, context: u8, command: &Command) -> Result<(), LinkError> {
        self.queue(context, command).await?;
        self.link.flush().await
    }

    /// Queues a command whose data set follows.
    pub(crate) async fn queue(&mut self, context: u8, command: &Command) -> Result<(), LinkError> {
        for pdv in fragments(context, true, command.encode(), self.fragment_bytes()) {
            self.link.write_fragment(pdv).await?;
        }
        Ok(())
    }

    /// Sends one fragment of a data set; flushed with the last.
    pub(crate) async fn send_fragment(&mut self, context: u8, bytes: Bytes, last: bool) -> Result<(), LinkError> {
        self.link.write_fragment(Pdv { context, command: false, last, bytes }).await?;
        if last { self.link.flush().await } else { Ok(()) }
    }

    /// Answers the peer's wish to end.
    pub(crate) async fn released(mut self) {
        if self.link.write(&Pdu::ReleaseRp).await.is_ok() {
            self.link.close().await;
        }
    }

    /// Ends in order: asks for release and waits for the answer (a collision is answered too, PS3.8 §9.2.2).
    pub(crate) async fn release(mut self) -> Result<(), LinkError> {
        self.link.write(&Pdu::ReleaseRq).await?;
        let within = self.link.patience.artim;
        loop {
            match self.link.read(within).await {
                Ok(Pdu::ReleaseRp) => return Ok(()),
                Ok(Pdu::ReleaseRq) => self.link.write(&Pdu::ReleaseRp).await?,
                Ok(_) => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Ends at once.
    pub(crate) async fn abort(self, abort: Abort) {
        self.link.abort(abort).await;
    }
}

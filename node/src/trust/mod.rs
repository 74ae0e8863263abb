//! Who may do what: peers, agreements, grants, and the one judgement that turns them into a permit.
//!
//! All of it is a fold of the site journal ([`records`]). A change is durable before it takes effect; a *withdrawal*
//! (revoking a peer, ending an agreement, taking a grant back) takes effect first, cuts the permits in use, and is then
//! recorded: both before the method returns.
//!
//! # At a crash
//! A change that was not answered may or may not have been recorded; what is recorded holds from the next start on. A
//! withdrawal that was not answered may be lost with the process, and with it everything that ran under it.
//!
//! # Not here
//! Telling peers: `overlay`. Erasing copies: `overlay` hears of it here and tells the cache. Who somebody is: `users`.

mod cases;
mod chain;
mod changes;
mod copies;
mod coverages;
mod duty;
mod explain;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod glass;
mod history;
mod hours;
mod judge;
mod keepings;
mod keys;
mod mail;
mod notices;
mod passes;
mod permit;
mod presence;
mod presets;
mod records;
mod relearn;
mod roles;
mod sentences;
#[cfg(test)]
mod tests;

pub(crate) use cases::{CaseAsk, CaseBar};
pub(crate) use chain::GrantRow;
pub(crate) use changes::Given;
pub(crate) use copies::{CopyRow, READING, Served};
pub(crate) use coverages::CoverageRow;
pub(crate) use duty::DutyRow;
pub(crate) use explain::ExplainedStep;
pub(crate) use glass::{GlassAsked, GlassReview, GlassUse, Verdict as ReviewVerdict};
pub(crate) use judge::{By, Ground};
pub(crate) use keepings::KeepingRow;
pub(crate) use keys::{Heard, KeyRow};
pub(crate) use notices::{Standing, Under};
pub(crate) use passes::Lender;
pub(crate) use permit::Permit;
pub(crate) use presets::{ClauseTerms, Direction, Terms, Wrong, draft};
pub(crate) use records::Mail;
pub(crate) use roles::{Action, Person, Role, Scope};
pub(crate) use sentences::{Language, changes, sentences};

use crate::{
    identity::Identity,
    journal::{Journal, JournalError},
    tasks::{self, Tasks},
};
use judge::{Link, Question, Step, need};
use permit::Watch;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Agreement, Field, Level, Purpose, StudyFacts},
    catalog::Basis,
    fetch::Reader,
    ids::Id128,
    message::SiteRecord,
    signed::Signed,
};
use records::{Record, State};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, atomic::AtomicBool};
use tokio::sync::{Mutex, broadcast};
use tokio_util::sync::CancellationToken;

/// News kept for a slow listener. One that falls further behind reads everything anew.
const EVENTS_KEPT: usize = 1024;

/// Whoever asks for a permit.
#[derive(Clone, Debug)]
pub(crate) enum Caller<'a> {
    /// Somebody here.
    Person(&'a Person),
    /// A peer's node, on a connection bound to its key.
    Peer(&'a SiteId),
    /// Somebody here who says for what.
    For(&'a Person, Purpose),
    /// Somebody of a peer's, as its node says.
    Reader(&'a SiteId, &'a Reader),
    /// A peer's node, for whoever may be meant.
    As(&'a SiteId, By),
}

/// Whose copy of the study is meant.
#[derive(Clone, Debug)]
pub(crate) enum Held<'a> {
    /// Ours.
    Here,
    /// A peer's, told to us on this basis (also when bytes come from our cache).
    ByPeer(&'a SiteId, &'a Basis),
}

/// A paired site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Peer {
    pub(crate) site: SiteId,
    pub(crate) name: String,
    pub(crate) record: Signed<SiteRecord>,
    pub(crate) paired: Timestamp,
    pub(crate) revoked: Option<Timestamp>,
}

/// Where an agreement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AgreementState {
    /// Signed by us, waiting for the peer.
    Offered,
    /// Signed by the peer, waiting for us.
    Received,
    Active,
    Ended,
    /// By one of the parties, until it says otherwise: nothing is told or opened.
    Suspended,
    /// It ends when what is being read has been read.
    Closing,
}

impl AgreementState {
    /// Signed by both and not over, whether or not anything may be opened now.
    pub(crate) const fn stands(self) -> bool {
        matches!(self, Self::Active | Self::Suspended | Self::Closing)
    }
}

/// An agreement with its state.
#[derive(Clone, Debug)]
pub(crate) struct AgreementRow {
    pub(crate) agreement: Agreement,
    pub(crate) state: AgreementState,
    pub(crate) peer: SiteId,
    /// What either party said of it beside its text.
    pub(crate) standing: Standing,
}

/// What changed, for those above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrustEvent {
    PeerAdded(SiteId),
    PeerChanged(SiteId),
    PeerRevoked(SiteId),
    AgreementChanged {
        peer: SiteId,
        agreement: Id128,
    },
    AgreementEnded {
        peer: SiteId,
        agreement: Id128,
    },
    GrantChanged {
        peer: SiteId,
    },
    GrantRevoked {
        peer: SiteId,
        grant: Id128,
    },
    KeepingChanged {
        peer: SiteId,
    },
    /// Who is on duty, or which cases are open, between us and a peer.
    DutyChanged {
        peer: SiteId,
    },
    /// There is something of rosters that a site of a coverage has not heard.
    RosterTold {
        peer: SiteId,
    },
    /// A shift or a coverage is other than it was, here or elsewhere.
    RosterChanged,
    /// A site has a new key: a peer, or we.
    KeysChanged(SiteId),
    /// Two successors of one key of a site are known: it is not trusted until it is paired again.
    KeysPart(SiteId),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error("no such peer")]
    NoPeer,
    #[error("no such agreement")]
    NoAgreement,
    #[error("no such grant")]
    NoGrant,
    #[error("no such shift or case of this site")]
    NoDuty,
    #[error("no such coverage")]
    NoCoverage,
    /// Whoever would not hear what another site of it states would see holes that are none.
    #[error("this site is not paired with all sites of the coverage")]
    NotPairedWithAll,
    /// What a grant would let beyond the one that it narrows, or beyond what is agreed.
    #[error("the grant would be wider than what it rests on: {0}")]
    Wider(&'static str),
    #[error("the agreement is not in a state that allows this")]
    State,
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A record of the journal is not readable: written by a newer program, perhaps.
    #[error(transparent)]
    Record(#[from] protocol::wire::WireError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Trust's records, folded from the site journal, and the judgement. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    identity: Arc<Identity>,
    journal: Journal,
    tasks: Tasks,
    state: RwLock<State>,
    watch: Watch,
    /// Held from the check of a change to its effect: changes come one after the other.
    changing: Arc<Mutex<()>>,
    events: broadcast::Sender<TrustEvent>,
    /// People of peers that read no more.
    gone: broadcast::Sender<(SiteId, String)>,
    /// A restored node judges no peer before it has learnt what it forgot.
    is_shut: AtomicBool,
    /// Who broke the glass lately, or tried.
    attempts: glass::Attempts,
}

impl Trust {
    /// Folds the records of the site journal. `kinds` of records used here: 1..=31.
    pub(crate) fn open(journal: Journal, identity: Arc<Identity>, tasks: &Tasks) -> Result<Self, TrustError> {
        let mut state = State::new(identity.site());
        let mut unreadable = None;
        journal.replay(crate::journal::Position(0), &mut |record| {
            if Record::KINDS.contains(&record.kind) {
                match protocol::wire::decode::<Record>(record.body) {
                    Ok(record) => drop(state.apply(record)),
                    Err(why) => unreadable = Some(why),
                }
            }
            Ok(())
        })?;
        // Trust that is only half understood is no trust: a missed revocation would be a breach.
        if let Some(why) = unreadable {
            return Err(why.into());
        }
        let inner = Inner {
            identity,
            journal,
            tasks: tasks.clone(),
            state: RwLock::new(state),
            watch: Watch::new(),
            changing: Arc::new(Mutex::new(())),
            events: broadcast::channel(EVENTS_KEPT).0,
            gone: broadcast::channel(EVENTS_KEPT).0,
            is_shut: AtomicBool::new(false),
            attempts: glass::Attempts::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<TrustEvent> {
        self.inner.events.subscribe()
    }

    /// People of peers, by name, whose site says that they read no more: what runs for them is cut.
    pub(crate) fn readers_gone(&self) -> broadcast::Receiver<(SiteId, String)> {
        self.inner.gone.subscribe()
    }

    /// A peer says that somebody there reads no more.
    pub(crate) fn reader_gone(&self, peer: &SiteId, person: &str) {
        // Nobody may be listening.
        let _ = self.inner.gone.send((*peer, person.to_owned()));
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.inner.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that ever were, revoked ones too.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.state().peers.values().cloned().collect()
    }

    /// This site.
    pub(crate) fn us(&self) -> SiteId {
        self.inner.identity.site()
    }

    /// A peer that is not revoked.
    pub(crate) fn peer(&self, site: &SiteId) -> Option<Peer> {
        self.state().peer(site).cloned()
    }

    /// By key, short key, or name (case-insensitive, unique). Revoked ones are not found.
    pub(crate) fn find_peer(&self, text: &str) -> Option<Peer> {
        let text = text.trim();
        let state = self.state();
        if let Some(peer) = text.parse().ok().and_then(|site| state.peer(&site)) {
            return Some(peer.clone());
        }
        let wanted = text.to_lowercase();
        let fits = |p: &&Peer| {
            p.name.to_lowercase() == wanted || (wanted.len() >= 8 && p.site.to_string().starts_with(&wanted))
        };
        let mut found = state.peers.values().filter(|p| p.revoked.is_none()).filter(fits);
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one.clone()),
            _ => None,
        }
    }

    pub(crate) fn agreements(&self) -> Vec<AgreementRow> {
        self.state().rows()
    }

    /// Whether the peer is told of this study of ours, on which basis, and which card fields (catalog slice). Hours are
    /// left aside: a study stays listed outside them.
    pub(crate) fn may_tell(&self, peer: &SiteId, study: &StudyFacts) -> Option<(Basis, Vec<Field>)> {
        self.state().may_tell(peer, study, tasks::now())
    }

    /// Whether a basis a peer told us by is in force as far as we know (agreement active, grant unexpired, peer trusted).
    pub(crate) fn in_force(&self, holder: &SiteId, basis: &Basis) -> bool {
        self.state().in_force(holder, basis, tasks::now())
    }

    /// Days a copy may stay, by the agreement of the basis.
    pub(crate) fn cache_days(&self, basis: &Basis) -> u32 {
        self.state().cache_days(basis)
    }

    /// What is held back of a study of ours is other than it was: permits in use that no longer hold are cut.
    pub(crate) fn facts_changed(&self, facts: &StudyFacts) {
        self.inner.watch.facts_changed(&self.state(), facts, tasks::now());
    }

    /// The one way to permission. Why it was given or refused: [`Trust::explain`], which overhears the same judgement.
    pub(crate) fn authorize(
        &self,
        caller: Caller<'_>,
        study: &StudyFacts,
        held: Held<'_>,
        level: Level,
    ) -> Result<Permit, Refusal> {
        let mut say = |_: Step| {};
        let us = self.inner.identity.site();
        let Some(asked) = self.question(&us, &caller, (study, level), &held, &mut say)? else {
            return Ok(own(study, level));
        };
        let state = self.state();
        let verdict = state.judge_aloud(&asked, tasks::now(), &mut say)?;
        Ok(self.inner.watch.permit(&asked, verdict))
    }

    /// What must be the case before any agreement is looked at; `None`: nothing of a peer's is asked for.
    fn question<'a>(
        &self,
        us: &'a SiteId,
        caller: &Caller<'a>,
        (study, level): (&'a StudyFacts, Level),
        held: &Held<'a>,
        say: &mut dyn FnMut(Step),
    ) -> Result<Option<Question<'a>>, Refusal> {
        let (holder, reader, told) = match (caller, held) {
            (Caller::Person(person) | Caller::For(person, _), held) => {
                need(say, Link::Role, person.allows(Action::ReadStudies))?;
                match held {
                    Held::Here => {
                        // Masked is masked; who may correct must be able to look.
                        let is_open = !study.withheld.masked || person.allows(Action::RejectStudies);
                        need(say, Link::NotMasked, is_open)?;
                        return Ok(None);
                    }
                    Held::ByPeer(holder, basis) => (*holder, us, Some(*basis)),
                }
            }
            (Caller::Peer(reader) | Caller::Reader(reader, _) | Caller::As(reader, _), held) => {
                let open = self.require_open();
                // Who must wait is told for how long.
                need(say, Link::Learnt, open.is_ok()).or(open)?;
                need(say, Link::Own, matches!(held, Held::Here))?;
                (us, *reader, None)
            }
        };
        Ok(Some(Question { holder, reader, study, level, told, by: caller.by() }))
    }

    /// For what somebody here reads a peer's study who does not say so: of what its basis lets, the most usual.
    pub(crate) fn purposes(&self, basis: &Basis) -> Vec<Purpose> {
        self.state().purposes(basis)
    }

    /// Kilobits a second of ours that a peer takes by this basis at most.
    pub(crate) fn kbits_max(&self, peer: &SiteId, basis: &Basis) -> Option<u32> {
        let state = self.state();
        let text = state.standing(&basis.agreement(), tasks::now())?;
        // What was passed on counts for whom it was given first.
        text.clause(&state.us, peer).or_else(|| text.clauses.iter().find(|c| c.holder == state.us))?.kbits_max
    }
}

impl Caller<'_> {
    /// Who it is, as far as it was said.
    fn by(&self) -> By {
        let named = |person: &Person, purpose| By { person: Some(person.name.clone()), purpose, copy: None };
        match self {
            Self::Person(person) => named(person, None),
            Self::For(person, purpose) => named(person, Some(*purpose)),
            Self::Peer(_) => By::default(),
            Self::Reader(_, reader) => {
                By { person: Some(reader.person.clone()), purpose: Some(reader.purpose), copy: reader.copy }
            }
            Self::As(_, by) => by.clone(),
        }
    }
}

impl State {
    fn purposes(&self, basis: &Basis) -> Vec<Purpose> {
        let grant = match basis {
            Basis::Grant { id, .. } => self.grants.get(id),
            Basis::Agreement(_) => None,
        };
        if let Some(purpose) = grant.and_then(|grant| grant.purpose) {
            return vec![purpose];
        }
        if grant.is_some_and(protocol::grant::Grant::is_break_glass) {
            return vec![Purpose::Emergency];
        }
        let text = self.agreements.get(&basis.agreement()).and_then(|kept| kept.active.as_ref());
        match text.map(|text| text.agreement.purposes.as_slice()) {
            None | Some([]) => vec![Purpose::Care],
            Some(agreed) => agreed.to_vec(),
        }
    }
}

/// The role decided; nothing of a peer's stands behind it that could be withdrawn.
fn own(study: &StudyFacts, level: Level) -> Permit {
    let study = study.study.clone();
    let (basis, expires, used) = (None, None, permit::Used::default());
    Permit { study, level, basis, expires, withdrawn: CancellationToken::new(), used }
}

//! Who may do what: peers, agreements, grants, and the one judgement that turns them into a permit (stub).
use crate::{
    audit::Actor,
    identity::Identity,
    journal::{Journal, JournalError},
    tasks::Tasks,
};
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::{Agreement, Level, SignedAgreement, StudyFacts},
    catalog::Basis,
    grant::Grant,
    ids::Id128,
    message::SiteRecord,
    signed::Signed,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Roles of people and machine clients at this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Admin,
    Radiologist,
    Referrer,
    Technologist,
    Auditor,
}

/// What a role may include.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// List studies, own and peers'.
    ListStudies,
    /// Open and read images, own and peers'.
    ReadStudies,
    /// Store (STOW, import).
    StoreStudies,
    /// Share a study by a grant.
    ShareStudies,
    /// Peers, agreements, users, tokens, AEs, settings.
    Administer,
    /// Read the access log.
    ReadLog,
}

impl Role {
    pub(crate) const ALL: [Self; 5] =
        [Self::Admin, Self::Radiologist, Self::Referrer, Self::Technologist, Self::Auditor];
    /// The one table of roles and actions (shown in docs/security.md).
    pub(crate) fn allows(self, action: Action) -> bool {
        use Action::{ListStudies, ReadLog, ReadStudies, ShareStudies, StoreStudies};
        match self {
            Self::Admin => true,
            Self::Radiologist => matches!(action, ListStudies | ReadStudies | StoreStudies | ShareStudies),
            Self::Referrer => matches!(action, ListStudies | ReadStudies),
            Self::Technologist => matches!(action, ListStudies | ReadStudies | StoreStudies),
            Self::Auditor => matches!(action, ReadLog),
        }
    }
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Radiologist => "radiologist",
            Self::Referrer => "referrer",
            Self::Technologist => "technologist",
            Self::Auditor => "auditor",
        }
    }
}

/// A person or machine at this site whose identity was checked by `users` (or who holds the control socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
}

impl Person {
    pub(crate) fn actor(&self) -> Actor {
        Actor { person: self.name.clone(), role: self.role.word().to_owned(), site: None }
    }
}

/// Whoever asks for a permit.
#[derive(Clone, Debug)]
pub(crate) enum Caller<'a> {
    /// Somebody here.
    Person(&'a Person),
    /// A peer's node, on a connection bound to its key.
    Peer(&'a SiteId),
}

/// Whose copy of the study is meant.
#[derive(Clone, Debug)]
pub(crate) enum Held<'a> {
    /// Ours.
    Here,
    /// A peer's, told to us on this basis (also when bytes come from our cache).
    ByPeer(&'a SiteId, &'a Basis),
}

/// One checked use of a right. Only [`Trust::authorize`] makes one. Whoever serves under it also waits on
/// [`Permit::ended`].
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    pub(crate) study: Uid,
    pub(crate) level: Level,
    pub(crate) basis: Option<Basis>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) withdrawn: CancellationToken,
}

impl Permit {
    /// Whether it allows this now.
    pub(crate) fn allows(&self, _study: &Uid, _level: Level) -> Result<(), Refusal> {
        todo!()
    }
    /// Resolves when it was withdrawn or has expired, with the refusal to give.
    pub(crate) async fn ended(&self) -> Refusal {
        todo!()
    }
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
}

/// An agreement with its state.
#[derive(Clone, Debug)]
pub(crate) struct AgreementRow {
    pub(crate) agreement: Agreement,
    pub(crate) signed: SignedAgreement,
    pub(crate) state: AgreementState,
    pub(crate) peer: SiteId,
    /// When an active version exists and another waits for signature, both rows are listed.
    pub(crate) supersedes_active: bool,
}

/// What changed, for those above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrustEvent {
    PeerAdded(SiteId),
    PeerChanged(SiteId),
    PeerRevoked(SiteId),
    AgreementChanged { peer: SiteId, agreement: Id128 },
    AgreementEnded { peer: SiteId, agreement: Id128 },
    GrantChanged { peer: SiteId },
    GrantRevoked { peer: SiteId, grant: Id128 },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error("no such peer")]
    NoPeer,
    #[error("no such agreement")]
    NoAgreement,
    #[error("the agreement is not in a state that allows this")]
    State,
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Trust's records, folded from the site journal, and the judgement. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Trust;

impl Trust {
    /// Folds the records of the site journal. `kinds` of records used here: 1..=31.
    pub(crate) fn open(_journal: Journal, _identity: Arc<Identity>, _tasks: &Tasks) -> Result<Self, TrustError> {
        todo!()
    }
    pub(crate) fn events(&self) -> broadcast::Receiver<TrustEvent> {
        todo!()
    }
    pub(crate) fn peers(&self) -> Vec<Peer> {
        todo!()
    }
    /// A peer that is not revoked.
    pub(crate) fn peer(&self, _site: &SiteId) -> Option<Peer> {
        todo!()
    }
    /// By key, short key, or name (case-insensitive, unique).
    pub(crate) fn find_peer(&self, _text: &str) -> Option<Peer> {
        todo!()
    }
    pub(crate) async fn add_peer(&self, _peer: Peer) -> Result<(), TrustError> {
        todo!()
    }
    /// A newer site record of a peer (signature checked here).
    pub(crate) async fn note_record(&self, _site: &SiteId, _record: Signed<SiteRecord>) -> Result<(), TrustError> {
        todo!()
    }
    /// Everything with that site is over: agreements and grants end, permits are withdrawn before this returns.
    pub(crate) async fn revoke_peer(&self, _site: &SiteId) -> Result<(), TrustError> {
        todo!()
    }
    pub(crate) fn agreements(&self) -> Vec<AgreementRow> {
        todo!()
    }
    /// A draft of ours, signed by us. A draft with the id of an active agreement is its next version.
    pub(crate) async fn offer(&self, _agreement: Agreement) -> Result<SignedAgreement, TrustError> {
        todo!()
    }
    /// What a peer sent: an offer (kept as Received) or the countersigned text of our offer (becomes Active).
    pub(crate) async fn receive(&self, _from: &SiteId, _signed: SignedAgreement) -> Result<(), TrustError> {
        todo!()
    }
    /// Countersigns what was received; gives the text to send back.
    pub(crate) async fn accept(&self, _id: &Id128) -> Result<SignedAgreement, TrustError> {
        todo!()
    }
    /// Ends an agreement; by us (`from` ours) or as told by the peer. Permits are withdrawn before this returns.
    pub(crate) async fn end(&self, _id: &Id128, _from: &SiteId) -> Result<(), TrustError> {
        todo!()
    }
    /// Gives a grant for one of our studies under the active agreement with that peer.
    pub(crate) async fn share(&self, _study: &Uid, _peer: &SiteId, _hours: u32) -> Result<Signed<Grant>, TrustError> {
        todo!()
    }
    /// Keeps a grant a peer gave us.
    pub(crate) async fn receive_grant(&self, _from: &SiteId, _grant: Signed<Grant>) -> Result<(), TrustError> {
        todo!()
    }
    pub(crate) async fn revoke_grant(&self, _id: &Id128, _from: &SiteId) -> Result<(), TrustError> {
        todo!()
    }
    /// Studies of ours that live grants name for this peer.
    pub(crate) fn granted(&self, _peer: &SiteId) -> Vec<(Uid, Basis)> {
        todo!()
    }
    /// Whether the peer is told of this study of ours, on which basis, and which card fields (catalog slice).
    pub(crate) fn may_tell(
        &self,
        _peer: &SiteId,
        _study: &StudyFacts,
    ) -> Option<(Basis, Vec<protocol::agreement::Field>)> {
        todo!()
    }
    /// Whether a basis a peer told us by is in force as far as we know (agreement active, grant unexpired, peer trusted).
    pub(crate) fn in_force(&self, _holder: &SiteId, _basis: &Basis) -> bool {
        todo!()
    }
    /// Days a copy may stay, by the agreement of the basis.
    pub(crate) fn cache_days(&self, _basis: &Basis) -> u32 {
        todo!()
    }
    /// The one way to permission.
    pub(crate) fn authorize(
        &self,
        _caller: Caller<'_>,
        _study: &StudyFacts,
        _held: Held<'_>,
        _level: Level,
    ) -> Result<Permit, Refusal> {
        todo!()
    }
}

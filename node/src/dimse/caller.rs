//! Who calls over an association, and what it may, as an admin says at that moment.
//!
//! Rights are asked again at every operation and at every sub-operation of a retrieval: taken away, they end what runs.
//! An AE title is no credential; from elsewhere than this machine it must come from its known address. An AE of which an
//! admin says so is heard by TLS only, and with its pinned certificate only, from this machine too.

use super::{
    Calling, Destination,
    refusals::{Operation, Refusals},
    status::Status,
};
use crate::users::{AeRights, Fingerprint, Reach, Users};
use protocol::AeTitle;
use std::net::IpAddr;

/// The connection that somebody calls over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    pub(super) from: IpAddr,
    pub(super) tls: bool,
    /// The certificate shown, verified to be of our authority.
    pub(super) certificate: Option<Fingerprint>,
}

/// What every caller is judged by.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) users: Users,
    pub(super) refusals: Refusals,
    /// How AEs are called by TLS, where that is set up.
    pub(super) calling: Option<Calling>,
}

/// The requestor of an association.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    known: Known,
    title: AeTitle,
    is_here: bool,
}

impl Caller {
    /// `None`: whoever calls itself so over that has no right at all.
    pub(super) fn admit(known: &Known, title: &AeTitle, over: Over) -> Option<Self> {
        let from = over.from.to_canonical();
        let is_here = from.is_loopback();
        let is_its_own = match known.users.ae(title) {
            None => is_here,
            Some(ae) => {
                let fits = ae.host.parse::<IpAddr>().map_or(true, |address| address.to_canonical() == from);
                let security = ae.security;
                let is_pinned = security.certificate.is_none_or(|pin| over.certificate == Some(pin));
                (is_here || fits) && (over.tls || !security.tls) && is_pinned
            }
        };
        let caller = Self { known: known.clone(), title: title.clone(), is_here };
        (is_its_own && caller.rights().may_call()).then_some(caller)
    }

    pub(super) fn title(&self) -> &AeTitle {
        &self.title
    }

    fn rights(&self) -> AeRights {
        self.known.users.rights_of(&self.title, self.is_here)
    }

    pub(super) async fn may_echo(&self) -> Result<(), Status> {
        self.allow(self.rights().echo, Operation::Echo).await
    }

    pub(super) async fn may_store(&self) -> Result<(), Status> {
        self.allow(self.rights().store, Operation::Store).await
    }

    /// What it may look for; never [`Reach::None`].
    pub(super) async fn reach(&self, operation: Operation) -> Result<Reach, Status> {
        let reach = self.rights().query;
        self.allow(reach != Reach::None, operation).await?;
        Ok(reach)
    }

    /// Whether it may still have an instance, of a study held here or not.
    pub(super) fn may_have(&self, is_own: bool) -> bool {
        match self.rights().query {
            Reach::None => false,
            Reach::Own => is_own,
            Reach::All => true,
        }
    }

    /// The AE of that title, where studies may be moved to it.
    pub(super) fn destination(&self, title: &AeTitle) -> Option<Destination> {
        let ae = self.known.users.ae(title).filter(|ae| ae.rights.destination)?;
        Destination::of(ae, self.known.calling.as_ref())
    }

    /// Writes down that a right was taken away while it was used.
    pub(super) async fn withdrawn(&self) -> Status {
        self.known.refusals.note(&self.title, Operation::Retrieve).await
    }

    async fn allow(&self, is_allowed: bool, operation: Operation) -> Result<(), Status> {
        if is_allowed { Ok(()) } else { Err(self.known.refusals.note(&self.title, operation).await) }
    }
}

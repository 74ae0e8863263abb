//! Who calls over an association, and what it may, as an admin says at that moment.
//!
//! Rights are asked again at every operation and at every sub-operation of a retrieval: taken away, they end what runs.
//! An AE title is no credential; from elsewhere than this machine it must come from its known address.

use super::{
    refusals::{Operation, Refusals},
    status::Status,
};
use crate::users::{AeRights, KnownAe, Reach, Users};
use protocol::AeTitle;
use std::net::IpAddr;

/// The requestor of an association.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    users: Users,
    refusals: Refusals,
    title: AeTitle,
    is_here: bool,
}

impl Caller {
    /// `None`: whoever calls itself so from there has no right at all.
    pub(super) fn admit(users: &Users, refusals: &Refusals, title: &AeTitle, from: IpAddr) -> Option<Self> {
        let from = from.to_canonical();
        let is_here = from.is_loopback();
        let fits = |host: &str| host.parse::<IpAddr>().map_or(true, |address| address.to_canonical() == from);
        let is_known = || users.ae(title).is_some_and(|ae| fits(&ae.host));
        let caller = Self { users: users.clone(), refusals: refusals.clone(), title: title.clone(), is_here };
        ((is_here || is_known()) && caller.rights().may_call()).then_some(caller)
    }

    pub(super) fn title(&self) -> &AeTitle {
        &self.title
    }

    fn rights(&self) -> AeRights {
        self.users.rights_of(&self.title, self.is_here)
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
    pub(super) fn destination(&self, title: &AeTitle) -> Option<KnownAe> {
        self.users.ae(title).filter(|ae| ae.rights.destination)
    }

    /// Writes down that a right was taken away while it was used.
    pub(super) async fn withdrawn(&self) -> Status {
        self.refusals.note(&self.title, Operation::Retrieve).await
    }

    async fn allow(&self, is_allowed: bool, operation: Operation) -> Result<(), Status> {
        if is_allowed { Ok(()) } else { Err(self.refusals.note(&self.title, operation).await) }
    }
}

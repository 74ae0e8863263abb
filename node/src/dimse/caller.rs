//! Who calls over an association, and what it may, as an admin says at that moment.
//!
//! Rights are asked again at every operation and at every sub-operation of a retrieval: taken away, they end what runs.
//! An AE title is no credential; from elsewhere than this machine it must come from its known address. An AE of which an
//! admin says so is heard by TLS only, and with its pinned certificate only, from this machine too.

use super::{
    Calling, Destination,
    pdu::{Identity, Rejection},
    refusals::{Note, Operation, Refusals, Why},
    status::Status,
};
use crate::{
    audit::{Act, Actor, Audit, Event, Origin},
    trust::{Action, Person, Role},
    users::{AeRights, Fingerprint, Reach, Users},
};
use bytes::Bytes;
use protocol::{AeTitle, Uid};
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
    pub(super) audit: Audit,
    pub(super) refusals: Refusals,
    /// How AEs are called by TLS, where that is set up.
    pub(super) calling: Option<Calling>,
}

impl Known {
    /// Writes down that an AE from there was refused something, or asked it in vain.
    pub(super) async fn refused(&self, title: &AeTitle, from: IpAddr, operation: Operation, why: Why) -> bool {
        let actor = Actor::ae(title.as_str()).from(Some(Origin::new(from, title.as_str())));
        let is_known = self.users.ae(title).is_some();
        self.refusals.note(Note { actor, is_known, operation, why, study: None }).await
    }

    /// Writes down what somebody did who said no title, or none that is one.
    pub(super) async fn nameless(&self, from: IpAddr, operation: Operation, why: Why) {
        let actor = Actor::ae("").from(Some(Origin::new(from, "")));
        let actor = Actor { person: from.to_canonical().to_string(), ..actor };
        self.refusals.note(Note { actor, is_known: false, operation, why, study: None }).await;
    }
}

/// The requestor of an association.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    known: Known,
    title: AeTitle,
    over: Over,
    is_here: bool,
    /// Who sits at it, where an identity was given and found right.
    user: Option<Person>,
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
        let caller = Self { known: known.clone(), title: title.clone(), over, is_here, user: None };
        let admitted = (is_its_own && caller.rights().may_call()).then_some(caller)?;
        known.users.hear_ae(title);
        Some(admitted)
    }

    /// Checks an identity (PS3.7 D.3.3.7): a name with its passcode is that of an account, and is heard from this machine
    /// or by TLS, since what is said in the clear proves nothing; a name alone is believed only from an AE that showed
    /// the certificate pinned for it. What of other kinds is given is neither checked nor confirmed. Gives whether there
    /// was anything to check.
    pub(super) async fn identify(&mut self, identity: &Identity) -> Result<bool, Rejection> {
        let users = &self.known.users;
        let text = |bytes: &Bytes| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let person = match identity.kind {
            1 => text(&identity.primary).filter(|_| self.is_pinned()).and_then(|name| users.person(&name)),
            2 if !(self.is_here || self.over.tls) => None,
            2 => match text(&identity.primary).zip(text(&identity.secondary)) {
                Some((name, passcode)) => users.identify(&name, &passcode, self.over.from).await.ok(),
                None => None,
            },
            _ => return Ok(false),
        };
        let Some(person) = person else {
            self.noted(Operation::Identify, Why::Right, None).await;
            return Err(Rejection::IDENTITY);
        };
        let actor = person.actor().from(Some(self.origin()));
        let event = Event::new(Act::SignIn, actor).note(format!("DIMSE, at {}", self.title));
        if let Err(error) = self.known.audit.record(event).await {
            tracing::error!(%error, "nobody comes in: it cannot be logged");
            return Err(Rejection::LOCAL_LIMIT);
        }
        self.user = Some(person);
        Ok(true)
    }

    fn is_pinned(&self) -> bool {
        self.known.users.ae(&self.title).is_some_and(|ae| ae.security.certificate.is_some())
    }

    /// In whose name it asks: the user's, or else its own, as a referrer.
    pub(super) fn person(&self) -> Person {
        let own = || Person::new(self.title.to_string(), Role::Referrer);
        Person { from: Some(self.origin()), ..self.user.clone().unwrap_or_else(own) }
    }

    fn origin(&self) -> Origin {
        Origin::new(self.over.from, self.title.as_str())
    }

    /// Who stores: the user, or else the AE.
    pub(super) fn actor(&self) -> Actor {
        let own = || Actor::ae(self.title.as_str());
        self.user.as_ref().map_or_else(own, Person::actor).from(Some(self.origin()))
    }

    /// Whether the role of the user, where there is one, includes an action.
    fn user_may(&self, action: Action) -> bool {
        self.user.as_ref().is_none_or(|user| user.allows(action))
    }

    pub(super) fn title(&self) -> &AeTitle {
        &self.title
    }

    fn rights(&self) -> AeRights {
        self.known.users.rights_of(&self.title, self.is_here)
    }

    pub(super) async fn may_echo(&self) -> Result<(), Status> {
        self.allow(self.rights().echo, Operation::Echo, None).await
    }

    pub(super) async fn may_store(&self) -> Result<(), Status> {
        self.allow(self.rights().store && self.user_may(Action::StoreStudies), Operation::Store, None).await
    }

    /// Whether it may ask what is safe here.
    pub(super) async fn may_commit(&self) -> Result<(), Status> {
        self.allow(self.rights().store && self.user_may(Action::StoreStudies), Operation::Commit, None).await
    }

    /// Whether it may say what it made.
    pub(super) async fn may_perform(&self) -> Result<(), Status> {
        self.allow(self.rights().store && self.user_may(Action::StoreStudies), Operation::Perform, None).await
    }

    /// Whether its rejection notes are obeyed.
    pub(super) fn may_reject(&self) -> bool {
        self.rights().reject && self.user_may(Action::RejectStudies)
    }

    /// What it may look for; never [`Reach::None`]. A refusal names the one study that was asked for.
    pub(super) async fn reach(&self, operation: Operation, study: Option<&Uid>) -> Result<Reach, Status> {
        let reach = self.rights().query;
        let may =
            self.user_may(Action::ListStudies) && (operation == Operation::Find || self.user_may(Action::ReadStudies));
        self.allow(may && reach != Reach::None, operation, study).await?;
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
        self.noted(Operation::Retrieve, Why::Right, None).await
    }

    /// Writes down that it asked what cannot be done; gives the status to answer.
    pub(super) async fn in_vain(&self, operation: Operation, status: Status, study: Option<&Uid>) -> Status {
        match self.noted(operation, Why::Unfit(status.comment), study).await {
            Status::NOT_AUTHORIZED => status,
            failure => failure,
        }
    }

    async fn noted(&self, operation: Operation, why: Why, study: Option<&Uid>) -> Status {
        let is_known = self.known.users.ae(&self.title).is_some();
        let is_written = self.known.refusals.note(Note { actor: self.actor(), is_known, operation, why, study }).await;
        if is_written { Status::NOT_AUTHORIZED } else { Status::FAILURE }
    }

    async fn allow(&self, is_allowed: bool, operation: Operation, study: Option<&Uid>) -> Result<(), Status> {
        if is_allowed { Ok(()) } else { Err(self.noted(operation, Why::Right, study).await) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dimse::tests::open_parts,
        users::{AeSecurity, KnownAe},
    };

    const HERE: &str = "127.0.0.1";
    const THERE: &str = "10.1.2.3";

    async fn known(folder: &std::path::Path) -> Known {
        let parts = open_parts(folder).await;
        let refusals = Refusals::new(parts.audit.clone());
        Known { users: parts.users, audit: parts.audit, refusals, calling: None }
    }

    fn over(from: &str, tls: bool, certificate: Option<Fingerprint>) -> Over {
        Over { from: from.parse().unwrap(), tls, certificate }
    }

    fn title() -> AeTitle {
        AeTitle::parse("CT1").unwrap()
    }

    async fn learn(known: &Known, security: AeSecurity) {
        let ae = KnownAe { title: title(), host: THERE.to_owned(), port: 104, rights: AeRights::SCANNER, security };
        known.users.add_ae(ae).await.unwrap();
    }

    #[tokio::test]
    async fn who_is_let_in_depends_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let known = known(folder.path()).await;
        let (own, other) = (Some(Fingerprint::of(b"own")), Some(Fingerprint::of(b"other")));
        let comes = |from, tls, certificate| Caller::admit(&known, &title(), over(from, tls, certificate)).is_some();
        assert!(comes(HERE, false, None) && !comes(THERE, false, None) && !comes(THERE, true, own), "a stranger");
        learn(&known, AeSecurity::default()).await;
        assert!(comes(THERE, false, None) && !comes("10.1.2.4", false, None));
        learn(&known, AeSecurity { tls: true, certificate: None }).await;
        assert!(comes(THERE, true, other) && !comes(THERE, false, None) && !comes(HERE, false, None));
        learn(&known, AeSecurity { tls: true, certificate: own }).await;
        assert!(comes(THERE, true, own) && !comes(THERE, true, other) && !comes(THERE, true, None));
    }

    #[tokio::test]
    async fn a_name_needs_a_proof() {
        let folder = tempfile::tempdir().unwrap();
        let known = known(folder.path()).await;
        let password = "Correct-horse-battery-9";
        known.users.add_user("durand", Role::Radiologist, password, false).await.unwrap();
        let own = Fingerprint::of(b"own");
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        let named = |kind, secondary| Identity { kind, answer_wanted: false, primary: bytes("durand"), secondary };
        let comes = async |tls, identity: Identity| {
            let over = over(THERE, tls, tls.then_some(own));
            Caller::admit(&known, &title(), over).unwrap().identify(&identity).await
        };
        learn(&known, AeSecurity::default()).await;
        let (name, passcode) = (|| named(1, Bytes::new()), || named(2, bytes(password)));
        assert_eq!(comes(true, name()).await, Err(Rejection::IDENTITY), "nothing is pinned");
        assert_eq!(comes(false, passcode()).await, Err(Rejection::IDENTITY), "in the clear");
        assert_eq!(comes(true, passcode()).await, Ok(true));
        assert_eq!(comes(true, named(3, Bytes::new())).await, Ok(false), "not checked");
        learn(&known, AeSecurity { tls: true, certificate: Some(own) }).await;
        assert_eq!(comes(true, name()).await, Ok(true), "a certificate vouches for it");
    }
}

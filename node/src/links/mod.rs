//! Links between two records of one patient: what persons here decided about records that look alike, and what the strict rule
//! asserts of qualified ones.
//!
//! A link is this site's own signed word about a pair of identifiers, each with who issued it, and binds nobody else. Records are
//! never merged by it. A pair that looks alike is a candidate until a person compares; only a confirmed pair lets studies stand
//! beside one another; one that was rejected is not proposed again; one that is revoked says what had been opened by it.
//!
//! # At a crash
//! What is answered is in the journal of the site. A decision that was not answered may be there or not, and the log may name
//! one that is not there.
//!
//! # Not here
//! Whether two records look alike, and the strict rule: `protocol::identity`. What stands beside what: `studies`. Who may decide: the doors.

mod record;

use crate::{
    audit::{Act, Actor, Audit, AuditError, Event},
    identity::Identity,
    journal::{Journal, JournalError, Position},
    tasks::{self, Tasks},
};
use protocol::{
    SiteId, Timestamp, Uid,
    identity::{Identifier, Link, LinkState, Method},
    ids::Id128,
    wire,
};
use record::{KIND, Record};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};
use tokio::sync::Mutex;

/// Links kept. Beyond, candidates are no longer noted; decisions are.
const CANDIDATES_MAX: usize = 100_000;
/// Openings remembered of one link; the oldest go.
const OPENED_MAX: usize = 1_000;

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("no such link")]
    NoLink,
    #[error("the link does not stand so that this could be decided")]
    State,
    #[error("both records need an identifier, and not the same")]
    NoPair,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("a link cannot be read: {0}")]
    Record(#[from] wire::WireError),
    #[error("the node is stopping")]
    Stopping,
}

/// Two records that may be of one patient.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) ours: Identifier,
    pub(crate) theirs: Identifier,
    /// Who told us of the second.
    pub(crate) peer: SiteId,
}

/// Something that was opened by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) study: Uid,
    pub(crate) person: String,
    pub(crate) at: Timestamp,
}

/// A link with what was opened by it, newest last.
#[derive(Clone, Debug)]
pub(crate) struct LinkRow {
    pub(crate) link: Link,
    pub(crate) opened: Vec<Opened>,
}

/// What all records so far say.
#[derive(Debug, Default)]
struct Book {
    links: BTreeMap<Id128, LinkRow>,
    by_pair: HashMap<(Identifier, Identifier), Id128>,
}

/// Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    identity: Arc<Identity>,
    journal: Journal,
    audit: Audit,
    tasks: Tasks,
    book: RwLock<Book>,
    /// Held from what a decision is about to its place in the view.
    writing: Mutex<()>,
}

/// The same for both orders: a link has no direction.
fn key(one: &Identifier, other: &Identifier) -> (Identifier, Identifier) {
    if one <= other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}

impl Book {
    fn take(&mut self, record: Record) {
        match record {
            Record::Asserted(link, _) => {
                let link = *link;
                self.by_pair.insert(key(&link.ours, &link.theirs), link.id);
                match self.links.get_mut(&link.id) {
                    Some(row) if row.link.serial < link.serial => row.link = link,
                    Some(_) => {}
                    None => drop(self.links.insert(link.id, LinkRow { link, opened: Vec::new() })),
                }
            }
            Record::Opened { link, study, person, at } => {
                if let Some(row) = self.links.get_mut(&link) {
                    if row.opened.len() >= OPENED_MAX {
                        row.opened.remove(0);
                    }
                    row.opened.push(Opened { study, person, at });
                }
            }
        }
    }

    fn between(&self, one: &Identifier, other: &Identifier) -> Option<&LinkRow> {
        self.links.get(self.by_pair.get(&key(one, other))?)
    }
}

impl Links {
    /// Folds its records of the site's journal.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn open(
        journal: Journal,
        identity: Arc<Identity>,
        audit: Audit,
        tasks: &Tasks,
    ) -> Result<Self, LinkError> {
        let (mut book, mut unreadable) = (Book::default(), None);
        journal.replay(Position::default(), &mut |record| {
            if record.kind == KIND {
                match wire::decode::<Record>(record.body) {
                    Ok(record) => book.take(record),
                    Err(why) => unreadable = Some(why),
                }
            }
            Ok(())
        })?;
        // A rejection that is not understood would let somebody's images beside another's.
        if let Some(why) = unreadable {
            return Err(why.into());
        }
        let (book, writing) = (RwLock::new(book), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { identity, journal, audit, tasks: tasks.clone(), book, writing }) })
    }

    fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.inner.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is said of two records, in whichever order.
    pub(crate) fn between(&self, one: &Identifier, other: &Identifier) -> Option<Link> {
        self.book().between(one, other).map(|row| row.link.clone())
    }

    /// Records that are confirmed to be of the same patient as this one.
    pub(crate) fn confirmed(&self, of: &Identifier) -> Vec<Identifier> {
        let book = self.book();
        let confirmed = book.links.values().map(|row| &row.link).filter(|link| link.state == LinkState::Confirmed);
        let other = |link: &Link| match (link.ours == *of, link.theirs == *of) {
            (true, _) => Some(link.theirs.clone()),
            (_, true) => Some(link.ours.clone()),
            _ => None,
        };
        confirmed.filter_map(other).collect()
    }

    /// One of them.
    pub(crate) fn link(&self, id: &Id128) -> Option<LinkRow> {
        self.book().links.get(id).cloned()
    }

    /// All, the last that were changed first.
    pub(crate) fn all(&self) -> Vec<LinkRow> {
        let mut all: Vec<LinkRow> = self.book().links.values().cloned().collect();
        all.sort_by_key(|row| (std::cmp::Reverse(row.link.at), row.link.id));
        all
    }

    /// Keeps pairs that look alike and of which nothing was said so far.
    ///
    /// # Errors
    /// When they cannot be recorded.
    pub(crate) async fn note(&self, pairs: Vec<Pair>) -> Result<(), LinkError> {
        let _writing = self.inner.writing.lock().await;
        for pair in pairs {
            let is_known = {
                let book = self.book();
                book.between(&pair.ours, &pair.theirs).is_some() || book.links.len() >= CANDIDATES_MAX
            };
            if !is_known && pair.ours != pair.theirs {
                self.keep(link(pair, (LinkState::Candidate, Method::Likeness), "")).await?;
            }
        }
        Ok(())
    }

    /// A person decided. Durable when it returns; what is decided already changes nothing.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub(crate) async fn decide(&self, actor: Actor, pair: Pair, state: LinkState) -> Result<Link, LinkError> {
        self.state(actor, pair, state, Method::Person).await
    }

    /// The strict rule holds of a pair: confirmed, unless a person decided otherwise before. Durable when it returns.
    ///
    /// # Errors
    /// See [`LinkError`]; [`LinkError::State`] where a person decided otherwise.
    pub(crate) async fn assert(&self, pair: Pair) -> Result<Link, LinkError> {
        self.state(Actor::default(), pair, LinkState::Confirmed, Method::Strict).await
    }

    async fn state(&self, actor: Actor, pair: Pair, state: LinkState, method: Method) -> Result<Link, LinkError> {
        if pair.ours == pair.theirs {
            return Err(LinkError::NoPair);
        }
        let this = self.clone();
        let done = self.inner.tasks.spawn("link", async move {
            let _writing = this.inner.writing.lock().await;
            let known = this.between(&pair.ours, &pair.theirs);
            if let Some(known) = known.as_ref().filter(|known| known.state == state) {
                return Ok(known.clone());
            }
            let before = known.as_ref().map_or(LinkState::Candidate, |known| known.state);
            if !before.may_become(state, method) {
                return Err(LinkError::State);
            }
            let made = link(pair, (state, method), &actor.person);
            let made = match known {
                // The pair stays as it was first said.
                Some(known) => Link {
                    serial: known.serial.saturating_add(1),
                    id: known.id,
                    ours: known.ours,
                    theirs: known.theirs,
                    peer: known.peer,
                    ..made
                },
                None => Link { serial: 1, ..made },
            };
            let note = match method {
                Method::Strict => "confirmed by the strict rule",
                Method::Person | Method::Likeness => word(state),
            };
            let event = Event::new(Act::PatientLinked, actor).peer(made.peer).basis(made.id).note(note);
            this.inner.audit.record(event).await?;
            this.keep(made.clone()).await?;
            Ok(made)
        });
        done.await.unwrap_or(Err(LinkError::Stopping))
    }

    /// A person opened a study by a link.
    ///
    /// # Errors
    /// When it cannot be recorded: then it must not be opened.
    pub(crate) async fn opened(&self, link: Id128, study: &Uid, person: &str) -> Result<(), LinkError> {
        let (study, person) = (study.clone(), person.to_owned());
        self.write(Record::Opened { link, study, person, at: tasks::now() }).await
    }

    async fn keep(&self, link: Link) -> Result<(), LinkError> {
        let signature = self.inner.identity.seal(&link).signature();
        self.write(Record::Asserted(Box::new(link), signature)).await
    }

    async fn write(&self, record: Record) -> Result<(), LinkError> {
        let _ = self.inner.journal.append(KIND, wire::encode(&record)).await?;
        self.inner.book.write().unwrap_or_else(PoisonError::into_inner).take(record);
        Ok(())
    }
}

fn link(pair: Pair, (state, method): (LinkState, Method), person: &str) -> Link {
    let Pair { ours, theirs, peer } = pair;
    let (id, at, person) = (tasks::random_id(), tasks::now(), person.to_owned());
    Link { id, ours, peer, theirs, method, state, serial: 0, person, at }
}

/// The word of a method, for programs.
pub(crate) const fn method_word(method: Method) -> &'static str {
    match method {
        Method::Strict => "strict",
        Method::Person => "person",
        Method::Likeness => "likeness",
    }
}

/// The word of a state, for programs and for the log.
pub(crate) const fn word(state: LinkState) -> &'static str {
    match state {
        LinkState::Candidate => "candidate",
        LinkState::Confirmed => "confirmed",
        LinkState::Rejected => "rejected",
        LinkState::Revoked => "revoked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &std::path::Path, tasks: &Tasks) -> Links {
        let identity = Arc::new(Identity::from_seed(&[1; 32]));
        let audit = Audit::open(folder, tasks).unwrap();
        let journal = Journal::open(&folder.join("journal").join("site"), tasks).unwrap();
        Links::open(journal, identity, audit, tasks).unwrap()
    }

    fn identifier(issuer: &str, id: &str) -> Identifier {
        Identifier { issuer: issuer.to_owned(), id: id.to_owned() }
    }

    fn pair() -> Pair {
        Pair { ours: identifier("CH Nord", "42"), theirs: identifier("CHU Sud", "77"), peer: SiteId([2; 32]) }
    }

    fn durand() -> Actor {
        Actor { person: "durand".to_owned(), role: "radiologist".to_owned(), ..Actor::default() }
    }

    #[tokio::test]
    async fn what_was_decided_is_there_after_a_restart_and_is_not_proposed_again() {
        let (folder, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
        let links = open(folder.path(), &tasks);
        links.note(vec![pair()]).await.unwrap();
        let candidate = links.between(&pair().theirs, &pair().ours).unwrap();
        assert_eq!((candidate.state, candidate.method), (LinkState::Candidate, Method::Likeness));
        assert!(links.confirmed(&pair().ours).is_empty(), "a candidate opens nothing");
        let confirmed = links.decide(durand(), pair(), LinkState::Confirmed).await.unwrap();
        assert_eq!((confirmed.id, confirmed.serial), (candidate.id, 1));
        assert_eq!(links.confirmed(&pair().theirs), [pair().ours]);
        links.opened(confirmed.id, &Uid::parse("1.2.3").unwrap(), "durand").await.unwrap();
        drop(links);
        assert_eq!(tasks.stop(std::time::Duration::from_secs(20)).await, Vec::<&str>::new());

        let links = open(folder.path(), &Tasks::default());
        links.note(vec![pair()]).await.unwrap();
        let row = links.link(&confirmed.id).unwrap();
        assert_eq!((row.link.state, row.opened.len()), (LinkState::Confirmed, 1));
        let revoked = links.decide(durand(), pair(), LinkState::Revoked).await.unwrap();
        assert!(links.confirmed(&pair().ours).is_empty());
        assert_eq!(
            links.link(&revoked.id).unwrap().opened[0].study.as_str(),
            "1.2.3",
            "what was opened by it is known"
        );
        assert_eq!(links.all().len(), 1);
    }

    #[tokio::test]
    async fn the_strict_rule_confirms_by_itself_and_never_against_a_person() {
        let (folder, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
        let links = open(folder.path(), &tasks);
        links.note(vec![pair()]).await.unwrap();
        let made = links.assert(pair()).await.unwrap();
        assert_eq!((made.state, made.method, made.person.as_str()), (LinkState::Confirmed, Method::Strict, ""));
        assert_eq!(links.assert(pair()).await.unwrap(), made, "said once");
        assert_eq!(links.confirmed(&pair().ours), [pair().theirs]);
        links.decide(durand(), pair(), LinkState::Revoked).await.unwrap();
        assert!(matches!(links.assert(pair()).await, Err(LinkError::State)));
        drop(links);
        assert_eq!(tasks.stop(std::time::Duration::from_secs(20)).await, Vec::<&str>::new());
        let links = open(folder.path(), &Tasks::default());
        assert!(links.confirmed(&pair().ours).is_empty(), "also after a restart");
        links.decide(durand(), pair(), LinkState::Rejected).await.unwrap();
        assert!(matches!(links.assert(pair()).await, Err(LinkError::State)));
    }

    #[tokio::test]
    async fn a_rejection_stands_until_a_person_confirms_and_only_what_was_confirmed_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let links = open(folder.path(), &Tasks::default());
        assert!(matches!(links.decide(durand(), pair(), LinkState::Revoked).await, Err(LinkError::State)));
        links.decide(durand(), pair(), LinkState::Rejected).await.unwrap();
        links.note(vec![pair()]).await.unwrap();
        assert_eq!(links.between(&pair().ours, &pair().theirs).unwrap().state, LinkState::Rejected);
        links.decide(durand(), pair(), LinkState::Confirmed).await.unwrap();
        let with_itself = Pair { theirs: pair().ours, ..pair() };
        assert!(matches!(links.decide(durand(), with_itself, LinkState::Confirmed).await, Err(LinkError::NoPair)));
    }
}

//! Heads of our log and of peers', proofs, findings, and how all of it stands.
//!
//! # Not here
//! Looking for what is wrong with our own log: [`super::check`]. With a peer's: `overlay`.

use super::{
    Act, Actor, Audit, AuditError, Event, Outcome,
    book::{Book, Kept},
    records::{self, Began, Cosigned, Finding, HeldHead, Settled, Wrong},
    tree::Nodes,
};
use crate::{journal::JournalError, tasks};
use protocol::{
    SiteId, Timestamp,
    ledger::{Hash, Head, Seen, tree},
    signed::Signed,
};

/// How the ledger stands with one peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerState {
    /// Size and time of the newest head of ours that it cosigned, and whether it knows no break.
    pub(crate) cosigned: Option<(u64, Timestamp, bool)>,
    /// Size and time of its newest head that we hold, and whether we know no break.
    pub(crate) held: Option<(u64, Timestamp, bool)>,
    /// Events of ours that it has not countersigned.
    pub(crate) missing: u64,
    /// The oldest of them: its place and number, and since when.
    pub(crate) oldest: Option<(u64, u64, Timestamp)>,
}

/// How the ledger stands.
#[derive(Clone, Debug)]
pub(crate) struct LedgerState {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// Since when records are in the ledger as they are made.
    pub(crate) since: Timestamp,
    /// Records that were there before.
    pub(crate) before: u64,
    /// Newest last, with whether they were taken note of.
    pub(crate) findings: Vec<(Finding, bool)>,
}

impl Audit {
    pub(crate) fn ledger_state(&self) -> LedgerState {
        let book = self.book();
        let began = book.began.unwrap_or(Began { at: Timestamp(0), before: 0 });
        let (size, root) = (book.tree.size(), book.tree.root());
        LedgerState { size, root, since: began.at, before: began.before, findings: book.findings.clone() }
    }

    pub(crate) fn peer_state(&self, peer: &SiteId) -> PeerState {
        let book = self.book();
        let mut waiting = book.pending.iter().filter(|(_, pending)| pending.peer == *peer);
        let oldest = waiting.next().map(|(place, pending)| (*place, pending.number, pending.since));
        let missing = u64::try_from(waiting.count()).unwrap_or(u64::MAX) + u64::from(oldest.is_some());
        PeerState {
            cosigned: book.cosigned_by(peer).map(|c| (c.size, c.at, c.unbroken)),
            held: book.held.get(peer).map(|held| (held.head.size, held.at, held.unbroken)),
            missing,
            oldest,
        }
    }

    /// Our head as of now.
    pub(crate) fn head(&self, site: SiteId) -> Head {
        let book = self.book();
        Head { site, size: book.tree.size(), root: book.tree.root(), at: tasks::now() }
    }

    /// Size of the newest head of ours that a peer cosigned.
    pub(crate) fn cosigned_size(&self, peer: &SiteId) -> Option<u64> {
        self.book().cosigned_by(peer).map(|cosigned| cosigned.size)
    }

    /// The newest head of a peer.
    pub(crate) fn held(&self, peer: &SiteId) -> Option<HeldHead> {
        self.book().held.get(peer).cloned()
    }

    /// All heads of peers.
    pub(crate) fn all_held(&self) -> Vec<HeldHead> {
        self.book().held.values().cloned().collect()
    }

    fn nodes(&self) -> Nodes<'_, Book> {
        Nodes::new(&self.journal, &self.book, |book| &book.tree)
    }

    /// The root over the first so many records (blocking).
    pub(crate) fn root_at(&self, size: u64) -> Result<Hash, JournalError> {
        let mut nodes = self.nodes();
        tree::root(0, size, &mut |level, index| nodes.complete(level, index))
    }

    /// See [`tree::consistency`] (blocking).
    pub(crate) fn consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, JournalError> {
        let mut nodes = self.nodes();
        tree::consistency(old, size, &mut |level, index| nodes.complete(level, index))
    }

    /// See [`tree::inclusion`] (blocking).
    pub(crate) fn inclusion(&self, place: u64, size: u64) -> Result<Vec<Hash>, JournalError> {
        let mut nodes = self.nodes();
        tree::inclusion(place, size, &mut |level, index| nodes.complete(level, index))
    }

    /// A peer cosigned our head; the caller verified both.
    pub(crate) async fn keep_cosigned(
        &self,
        peer: SiteId,
        head: Signed<Head>,
        (seen, signed): (Seen, Signed<Seen>),
    ) -> Result<(), AuditError> {
        let Seen { head: Head { size, root, .. }, unbroken, at } = seen;
        let cosigned = Cosigned { peer, size, root, at, unbroken, head, seen: signed };
        self.keep(records::COSIGNED, &cosigned, Kept::Cosigned(Box::new(cosigned.clone()))).await
    }

    /// Holds a peer's head; the caller judged it.
    pub(crate) async fn keep_held(&self, head: Head, signed: Signed<Head>, unbroken: bool) -> Result<(), AuditError> {
        let held = HeldHead { head, signed, at: tasks::now(), unbroken };
        self.keep(records::HELD, &held, Kept::Held(Box::new(held.clone()))).await
    }

    /// Writes down something that is wrong with a log: once, and as a security alert.
    pub(crate) async fn found(&self, finding: Finding) -> Result<(), AuditError> {
        // That a record waits is said once; that a log is wrong, again after somebody took note of it.
        let once = finding.wrong == Wrong::Unwitnessed;
        if self.book().findings.iter().any(|(known, settled)| (once || !settled) && known.is_same(&finding)) {
            return Ok(());
        }
        tracing::error!(site = %finding.site.short(), what = finding.note(), "a ledger is not what was signed");
        let mut event = Event::new(Act::SecurityAlert, Actor::default()).outcome(Outcome::Failed).note(finding.note());
        event.peer = Some(finding.site);
        self.record(event).await?;
        self.keep(records::FINDING, &finding, Kept::Finding(Box::new(finding.clone()))).await
    }

    /// An administrator has looked at all findings.
    pub(crate) async fn settle(&self, actor: Actor) -> Result<u64, AuditError> {
        let open = self.book().findings.iter().filter(|(_, settled)| !settled).count();
        let settled = Settled { at: tasks::now(), findings: u64::try_from(open).unwrap_or(u64::MAX) };
        self.record(Event::new(Act::LedgerSettled, actor).note(format!("{open} findings"))).await?;
        self.keep(records::SETTLED, &settled, Kept::Settled).await?;
        Ok(settled.findings)
    }
}

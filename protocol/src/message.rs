//! The control plane's requests and answers: small, versioned, bounded by [`crate::limits::MESSAGE_BYTES_MAX`].

use crate::{
    agreement::{Closing, Ending, SignedAgreement, Suspension},
    case::event::Event,
    catalog::{Cursor, Identified, Nearline, Offer, Page, Zones},
    copies::{CopyErased, CopyHeld},
    digest::Digest,
    duty::Duty,
    glass::{GlassRequest, Whom},
    grant::Grant,
    history::{HistoryAsked, HistoryTold},
    ids::{Id128, Uid},
    keeping::{Erased, KeepingEnd, SignedKeeping},
    ledger::{Crossing, Hash, Head, Receipt, Seen},
    manifest::StudyCard,
    presence::{Element, Evaluated, SetPage},
    refusal::Refusal,
    relearn::Known,
    roster::{CoverageEnd, SignedCoverage},
    signed::{Domain, Signed},
    succession::{Fork, Keys},
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// Name of the libp2p protocol.
pub const PROTOCOL: &str = "/confrere/control/1";

/// Where a site is found, signed by it and newer ones replacing older.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// Its name.
    pub name: String,
    /// `host:port` of its control plane (UDP for QUIC, TCP for the fallback), in order of preference, at most 8.
    pub overlay: Vec<String>,
    /// `host:port` of its pixel plane, at most 8.
    pub pixels: Vec<String>,
    /// Rises with every change.
    pub issued: Timestamp,
}
impl SiteRecord {
    /// Whether it may be kept and shown: a name that [`crate::limits::is_site_name`] takes, addresses within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let bounded = |list: &[String]| list.len() <= 8 && list.iter().all(|address| address.len() <= 260);
        crate::limits::is_site_name(&self.name) && bounded(&self.overlay) && bounded(&self.pixels)
    }
}
impl Wire for SiteRecord {
    const VERSION: u8 = 1;
    const NAME: &'static str = "site record";
}
impl Domain for SiteRecord {
    const DOMAIN: &'static str = "confrere/site-record/1";
}

/// A question or notice from one paired site to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Said on every new connection, both ways.
    Hello {
        /// Where the sender is found.
        record: Signed<SiteRecord>,
        /// The sender's clock.
        now: Timestamp,
    },
    /// The next page of the feed.
    Pull(Cursor),
    /// There is news in the feed the receiver pulls from the sender.
    Nudge,
    /// An agreement signed by the sender: an offer, or the countersigned text.
    Agreement(SignedAgreement),
    /// The sender ends an agreement.
    End(Signed<Ending>),
    /// The sender gives a grant.
    Grant(Signed<Grant>),
    /// The sender takes a grant back.
    GrantRevoked(Id128),
    /// The sender no longer trusts the receiver: everything between them is over.
    Goodbye,
    /// The sender was restored from a backup: what does the receiver know of it? A site that does not know the question
    /// answers that it is malformed.
    Relearn {
        /// Studies behind this one are wanted; `None`: from the first.
        after: Option<Uid>,
    },
    /// A study that the receiver was told of is meant for it. A site that does not know the notice answers that it is
    /// malformed; one that has not pulled the study's card yet answers that it is busy.
    Offer(Signed<Offer>),
    /// Which of these studies that the receiver told are not at hand at once? At most [`crate::limits::WHERE_MAX`]. A site
    /// that does not know the question answers that it is malformed.
    Where(Vec<Uid>),
    /// Who keeps whose backup, signed by the sender: an offer, or the countersigned text.
    Keeping(SignedKeeping),
    /// The sender ends a keeping.
    KeepingEnd(Signed<KeepingEnd>),
    /// What the sender kept for the receiver is erased.
    KeepingErased(Signed<Erased>),
    /// The sender was restored: the newest card that it signed itself of a study of its own.
    CardBack {
        /// Which.
        study: Uid,
    },
    /// Events of the sender's log that concern the receiver, to be countersigned: at most
    /// [`crate::ledger::CROSSINGS_MAX`]. A site that does not know the question answers that it is malformed.
    Witness(Vec<Signed<Crossing>>),
    /// The head of the sender's log, to be cosigned.
    LedgerHead {
        /// Signed by the sender.
        head: Signed<Head>,
        /// Size of the sender's log at which the proof starts.
        from: u64,
        /// That the log only grew from there.
        proof: Vec<Hash>,
    },
    /// Of the receiver's log: proofs that the records at these places, at most [`crate::ledger::PLACES_MAX`], are in its
    /// first `size` records.
    LedgerProve {
        /// Records of the head that is meant.
        size: u64,
        /// Which records.
        places: Vec<u64>,
        /// And that it is what the first so many records became; answered last.
        old: Option<u64>,
    },
    /// Which of these sites, by [`crate::ledger::alias`], does the receiver hold a head of? At most
    /// [`crate::ledger::OTHERS_MAX`].
    LedgerOthers(Vec<Hash>),
    /// A person of the sender breaks the glass. Said again in the same words, it is answered with the same grants.
    BreakGlass {
        /// Signed by the sender.
        request: Signed<GlassRequest>,
        /// Who is meant: what the request holds the digest of.
        patient: Whom,
    },
    /// Copies of the receiver's studies that the sender erased: at most [`crate::copies::COPIES_MAX`]. Taken also from a
    /// site that was revoked.
    CopiesErased(Vec<Signed<CopyErased>>),
    /// Does the receiver still have these copies of the sender's studies? At most [`crate::copies::COPIES_MAX`]. A site
    /// that does not know the question answers that it is malformed.
    CopiesAsked(Vec<(Uid, Id128)>),
    /// Which copies of the sender's studies does the receiver have? Asked by a site that was restored.
    CopiesHeld {
        /// Copies behind this one are wanted; `None`: from the first.
        after: Option<(Uid, Id128)>,
    },
    /// Somebody at the sender's site no longer reads: the account was disabled, or has another role. What runs for this
    /// person is cut.
    ReaderGone {
        /// As in [`crate::fetch::Reader::person`].
        person: String,
    },
    /// The sender suspends an agreement, or resumes it; or repeats what either party said to one that was restored. A site
    /// that does not know the notice answers that it is malformed.
    Suspension(Signed<Suspension>),
    /// The sender ends an agreement when what is being read has been read.
    Closing(Signed<Closing>),
    /// A grant that narrows one of another site's, with all that it narrows, the narrowest first; at most
    /// [`crate::grant::CHAIN_MAX`]. To the holder, and to the site that it is for.
    Delegated(Vec<Signed<Grant>>),
    /// Who is on duty at the sender's site, or a case that it opened or closed with the receiver.
    Duty(Signed<Duty>),
    /// Keys of the receiver, which the sender knows and which part from those that the receiver showed. Taken, and no longer
    /// sent: [`Self::KeysFork`].
    KeysPart(Keys),
    /// Two chains of the receiver's keys that do not go with one another: one of the two is not the receiver's. Sent to
    /// whoever shows either. A site that does not know the notice answers that it is malformed.
    KeysFork(Box<Signed<Fork>>),
    /// The last events that the sender has of cases in which both take part: what does the receiver lack? At most 128 cases. A
    /// site that does not know the question answers that it is malformed.
    CaseHeads(Vec<(Id128, Vec<Digest>)>),
    /// Events of cases in which both take part, each signed by its own site, and each after all that it follows that is in the
    /// message; at most 256.
    CaseEvents(Vec<Signed<Event>>),
    /// Who reads for whom, signed by the sender: an offer, or the text with more signatures.
    Coverage(SignedCoverage),
    /// The sender ends a coverage.
    CoverageEnd(Signed<CoverageEnd>),
    /// In which time zone are the receiver's dates and times, and those of these studies that it told? At most
    /// [`crate::limits::WHERE_MAX`]. A site that does not know the question answers that it is malformed.
    Zones(Vec<Uid>),
    /// Does the receiver know a patient, hidden as in [`crate::presence`]? Only of a site whose agreement lets the sender ask.
    Presence(Element),
    /// A page of the list into which the answer to that is looked up.
    PresenceSet {
        /// Of the one that was begun; `None`: of the one of now.
        set: Option<Id128>,
        /// Which, from 0.
        page: u32,
    },
    /// Which studies of one patient does the receiver have that whoever asks may open? A site that does not know the question
    /// answers that it is malformed.
    History(HistoryAsked),
    /// How sure is the receiver of whose these studies are that it told? At most [`crate::limits::WHERE_MAX`]. A site that does
    /// not know the question answers that it is malformed.
    Identified(Vec<Uid>),
    /// Names of the sender's teams that the receiver may ask in a case, all of them; at most
    /// [`crate::case::event::TEAMS_MAX`]. A site that does not know the notice answers that it is malformed.
    Teams(Vec<String>),
}
impl Wire for Request {
    const VERSION: u8 = 1;
    const NAME: &'static str = "control request";
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To `Hello`.
    Hello {
        /// Where the answering site is found.
        record: Signed<SiteRecord>,
        /// Its clock.
        now: Timestamp,
    },
    /// To `Pull`.
    Page(Page),
    /// Received and kept.
    Done,
    /// Refused.
    Refused(Refusal),
    /// To `Relearn`.
    Known(Box<Known>),
    /// To `Where`; what is not named is at hand.
    Nearline(Vec<Nearline>),
    /// To `CardBack`.
    Card(Box<Signed<StudyCard>>),
    /// To `Witness`: a receipt for each, in their order.
    Witnessed(Vec<Signed<Receipt>>),
    /// To `LedgerHead`: it follows from what was seen before.
    LedgerSeen(Signed<Seen>),
    /// To `LedgerHead`: the newest head of the asker that is held here; prove from there.
    LedgerHeld(Signed<Head>),
    /// To `LedgerProve`: a proof for each place, in their order, and the one of growth.
    LedgerProofs(Vec<Vec<Hash>>),
    /// To `LedgerOthers`: the heads as those sites signed them.
    LedgerHeads(Vec<Signed<Head>>),
    /// To `BreakGlass`: a grant for each study, at most [`crate::glass::STUDIES_MAX`].
    Glass(Vec<Signed<Grant>>),
    /// To `CopiesAsked`: a receipt for each that is not there. To `CopiesHeld`: a page, ordered by study and copy; an
    /// empty one is the last.
    Copies {
        /// These are there.
        held: Vec<CopyHeld>,
        /// These are not.
        erased: Vec<Signed<CopyErased>>,
    },
    /// To `Goodbye`: as `Done`, with receipts for what was erased by it; at most [`crate::copies::COPIES_MAX`].
    Parted(Vec<Signed<CopyErased>>),
    /// To `CaseHeads`: of these cases something is lacking; with the last events that are there.
    CaseHeads(Vec<(Id128, Vec<Digest>)>),
    /// To `CaseEvents`: kept, but for these cases, of which nothing is.
    CasesHeard(Vec<(Id128, Refusal)>),
    /// To `Zones`.
    Zones(Zones),
    /// To `Presence`.
    Presence(Box<Evaluated>),
    /// To `PresenceSet`.
    PresenceSet(Box<SetPage>),
    /// To `History`.
    History(HistoryTold),
    /// To `Identified`; of what is not named it is not known.
    Identified(Vec<Identified>),
}
impl Wire for Answer {
    const VERSION: u8 = 1;
    const NAME: &'static str = "control answer";
}

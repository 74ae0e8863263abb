//! Trust's records in the site journal, and what they fold to. Pure: no clock, no disk.
//!
//! # Not here
//! Judgement ([`super::judge`]) and the order of durable and effective ([`super::Trust`]).

use super::{
    AgreementRow, AgreementState, Peer, TrustEvent,
    copies::{Copies, Delivery},
    duty::Fact,
    glass::{GlassRecord, GlassReview, GlassUse},
    notices::Notices,
};
use protocol::{
    Keys, SiteId, Timestamp,
    agreement::{Agreement, Closing, SignedAgreement, Suspension},
    copies::CopyErased,
    duty::Duty,
    grant::Grant,
    ids::Id128,
    keeping::{Erased, SignedKeeping},
    message::{Request, SiteRecord},
    roster::{CoverageEnd, SignedCoverage},
    signed::Signed,
    wire::Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One record. The journal's kind is [`Record::kind`]; the body says the same again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Record {
    PeerAdded(Peer),
    PeerMoved {
        site: SiteId,
        name: String,
        record: Signed<SiteRecord>,
    },
    PeerRevoked {
        site: SiteId,
        at: Timestamp,
    },
    /// An offer of ours, a peer's, or a text that both signed: the signatures say which.
    Agreement {
        peer: SiteId,
        signed: SignedAgreement,
    },
    AgreementEnded {
        agreement: Id128,
        by: SiteId,
        at: Timestamp,
    },
    /// Given by us or by a peer: the issuer says which.
    Grant(Signed<Grant>),
    GrantRevoked {
        grant: Id128,
        by: SiteId,
    },
    MailKept(Mail),
    MailDone(Id128),
    /// An offer of a keeping, or its text that both signed.
    Keeping {
        peer: SiteId,
        signed: SignedKeeping,
    },
    KeepingEnded {
        keeping: Id128,
        by: SiteId,
        at: Timestamp,
    },
    /// The keeper's receipt.
    KeepingErased(Erased),
    /// By its signer, ours or a peer's.
    AgreementSuspended(Signed<Suspension>),
    /// What was being read here when it was recorded is in `reading`, beside what the notice names.
    AgreementClosing {
        signed: Signed<Closing>,
        reading: Vec<protocol::Uid>,
    },
    /// The glass was broken, here or at a peer: the request's signer says which.
    GlassBroken(Box<GlassRecord>),
    GlassReviewed(GlassReview),
    /// A study of ours was let out into a copy at a peer's, or such a copy stays longer than we knew.
    Delivered(Delivery),
    /// A peer's receipts.
    CopiesErased {
        from: SiteId,
        receipts: Vec<Signed<CopyErased>>,
    },
    /// Stated here or by a peer: the signer says which.
    Duty {
        signed: Signed<Duty>,
        at: Timestamp,
    },
    /// A grant that was passed on to us, the narrowest first.
    Chain(Vec<Signed<Grant>>),
    /// A copy was read into under a grant that lets no more than some.
    ReadInto {
        grant: Id128,
        copy: Id128,
    },
    /// A site has a new key, signed by the one before: a peer, or we.
    Succeeded {
        keys: Keys,
        at: Timestamp,
    },
    /// Keys of a site were shown that part from those known here.
    KeysPart {
        keys: Keys,
        at: Timestamp,
    },
    /// Who reads for whom: an offer, or the text with more signatures.
    Coverage {
        signed: SignedCoverage,
        at: Timestamp,
    },
    CoverageEnded {
        end: CoverageEnd,
        by: SiteId,
    },
}

/// Something to be said to a peer until it answers that it has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) id: Id128,
    pub(crate) to: SiteId,
    pub(crate) request: Request,
}

impl Wire for Record {
    const VERSION: u8 = 1;
    const NAME: &'static str = "trust record";
}

impl Record {
    pub(super) const KINDS: std::ops::RangeInclusive<u8> = 1..=31;

    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::PeerAdded(_) => 1,
            Self::PeerMoved { .. } => 2,
            Self::PeerRevoked { .. } => 3,
            Self::Agreement { .. } => 4,
            Self::AgreementEnded { .. } => 5,
            Self::Grant(_) => 6,
            Self::GrantRevoked { .. } => 7,
            Self::Keeping { .. } => 8,
            Self::KeepingEnded { .. } => 9,
            Self::KeepingErased(_) => 10,
            Self::AgreementSuspended(_) => 11,
            Self::AgreementClosing { .. } => 12,
            Self::Delivered(_) => 13,
            Self::CopiesErased { .. } => 14,
            Self::Succeeded { .. } => 15,
            Self::GlassBroken(_) => 16,
            Self::GlassReviewed(_) => 17,
            Self::KeysPart { .. } => 18,
            Self::Coverage { .. } => 19,
            Self::CoverageEnded { .. } => 20,
            Self::MailKept(_) => 24,
            Self::MailDone(_) => 25,
            Self::Duty { .. } => 29,
            Self::Chain(_) => 30,
            Self::ReadInto { .. } => 31,
        }
    }
}

/// The name of the goodbye that a revocation leaves behind: one per peer, so no record of its own is needed.
pub(super) fn farewell(site: &SiteId) -> Id128 {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(blake3::derive_key("confrere trust 1 farewell", &site.0)) {
        *to = from;
    }
    Id128(id)
}

/// An agreement over all its versions.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) peer: SiteId,
    pub(super) active: Option<Text>,
    pub(super) pending: Option<Text>,
    /// When and by whom; the last text stays for people to read.
    pub(super) ended: Option<(Timestamp, SiteId)>,
}

/// One version's text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) agreement: Agreement,
    pub(super) signed: SignedAgreement,
    pub(super) ours: bool,
}

/// What all records so far say.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) us: SiteId,
    pub(super) peers: BTreeMap<SiteId, Peer>,
    pub(super) agreements: BTreeMap<Id128, Kept>,
    /// As they were signed: given by us, or narrowed or to be narrowed by us.
    pub(super) given: BTreeMap<Id128, Signed<Grant>>,
    /// The same, opened.
    pub(super) grants: BTreeMap<Id128, Grant>,
    /// To be said to peers, oldest first.
    pub(super) mail: Vec<Mail>,
    /// Who keeps whose backup.
    pub(super) keepings: BTreeMap<Id128, super::keepings::Kept>,
    /// Broken glass, by the request.
    pub(super) glass: BTreeMap<Id128, GlassUse>,
    /// Who holds copies of our studies.
    pub(super) copies: Copies,
    /// What parties said of agreements beside their texts.
    pub(super) notices: BTreeMap<Id128, Notices>,
    /// Who is on duty and which cases are open, by who states it.
    pub(super) duties: BTreeMap<(SiteId, Id128), Fact>,
    /// Copies that were read into, by the grant that counts them.
    pub(super) read_into: BTreeMap<Id128, BTreeSet<Id128>>,
    /// Keys of sites whose first is not all that is known of them.
    pub(super) keys: BTreeMap<SiteId, super::keys::Known>,
    /// Who reads for whom.
    pub(super) coverages: BTreeMap<Id128, super::coverages::Kept>,
}

impl State {
    pub(super) fn new(us: SiteId) -> Self {
        Self {
            us,
            peers: BTreeMap::new(),
            agreements: BTreeMap::new(),
            given: BTreeMap::new(),
            grants: BTreeMap::new(),
            mail: Vec::new(),
            keepings: BTreeMap::new(),
            glass: BTreeMap::new(),
            copies: Copies::default(),
            notices: BTreeMap::new(),
            duties: BTreeMap::new(),
            read_into: BTreeMap::new(),
            keys: BTreeMap::new(),
            coverages: BTreeMap::new(),
        }
    }

    /// Takes one record. What does not fit (an agreement whose signatures do not hold) changes nothing.
    pub(super) fn apply(&mut self, record: Record) -> Vec<TrustEvent> {
        match record {
            Record::PeerAdded(peer) => {
                self.mail.retain(|m| m.to != peer.site);
                let event = TrustEvent::PeerAdded(peer.site);
                self.pair_keys(&peer);
                self.peers.insert(peer.site, peer);
                vec![event]
            }
            Record::PeerMoved { site, name, record } => match self.peers.get_mut(&site) {
                Some(peer) => {
                    (peer.name, peer.record) = (name, record);
                    vec![TrustEvent::PeerChanged(site)]
                }
                None => Vec::new(),
            },
            Record::PeerRevoked { site, at } => self.revoke(&site, at),
            Record::Agreement { peer, signed } => self.keep(peer, signed),
            Record::AgreementEnded { agreement, by, at } => self.end(&agreement, by, at),
            Record::Grant(signed) => self.grant(signed),
            Record::GrantRevoked { grant, .. } => self.forget_grant(&grant),
            Record::Chain(chain) => chain.into_iter().rev().flat_map(|signed| self.grant(signed)).collect(),
            Record::ReadInto { grant, copy } => {
                self.note_read_into(&grant, copy);
                Vec::new()
            }
            Record::Duty { signed, at } => self.note_duty(signed, at),
            Record::Coverage { signed, at } => self.keep_coverage(signed, at),
            Record::CoverageEnded { end, by } => self.end_coverage(&end.coverage, by, end.at),
            Record::Keeping { peer, signed } => self.keep_keeping(peer, signed),
            Record::KeepingEnded { keeping, by, at } => self.end_keeping(&keeping, by, at),
            Record::KeepingErased(erased) => self.keeping_erased(erased),
            Record::GlassBroken(record) => self.break_glass(*record),
            Record::GlassReviewed(review) => self.reviewed(review),
            Record::Delivered(delivery) => {
                self.copies.delivered(&delivery);
                Vec::new()
            }
            Record::CopiesErased { from, receipts } => {
                self.copies.erased(&from, &receipts);
                Vec::new()
            }
            Record::Succeeded { keys, at } => self.succeeded(keys, at),
            Record::KeysPart { keys, at } => self.keys_part(&keys, at),
            Record::AgreementSuspended(signed) => self.note_suspension(signed),
            Record::AgreementClosing { signed, reading } => self.note_closing(signed, reading),
            Record::MailKept(mail) => {
                self.mail.push(mail);
                Vec::new()
            }
            Record::MailDone(id) => {
                self.mail.retain(|m| m.id != id);
                Vec::new()
            }
        }
    }

    fn revoke(&mut self, site: &SiteId, at: Timestamp) -> Vec<TrustEvent> {
        let Some(peer) = self.peers.get_mut(site) else { return Vec::new() };
        if peer.revoked.is_some() {
            return Vec::new();
        }
        peer.revoked = Some(at);
        self.mail.retain(|m| m.to != *site);
        self.mail.push(Mail { id: farewell(site), to: *site, request: Request::Goodbye });
        let with_it: Vec<Id128> =
            self.agreements.iter().filter(|(_, k)| k.peer == *site && k.ended.is_none()).map(|(id, _)| *id).collect();
        self.end_keepings_of(site, at);
        let covered = self.end_coverages_of(site, at);
        let us = self.us;
        let mut events = vec![TrustEvent::PeerRevoked(*site)];
        events.extend(with_it.iter().flat_map(|id| self.end(id, us, at)));
        events.extend(covered);
        events
    }

    fn end(&mut self, id: &Id128, by: SiteId, at: Timestamp) -> Vec<TrustEvent> {
        let Some(kept) = self.agreements.get_mut(id).filter(|k| k.ended.is_none()) else { return Vec::new() };
        kept.ended = Some((at, by));
        let peer = kept.peer;
        self.grants.retain(|_, g| g.basis != *id);
        let grants = &self.grants;
        self.given.retain(|g, _| grants.contains_key(g));
        self.read_into.retain(|g, _| grants.contains_key(g));
        vec![TrustEvent::AgreementEnded { peer, agreement: *id }]
    }

    fn keep(&mut self, peer: SiteId, signed: SignedAgreement) -> Vec<TrustEvent> {
        let Ok((agreement, signers)) = signed.open() else { return Vec::new() };
        let id = agreement.id;
        let both = agreement.parties.iter().all(|p| signers.contains(&p.site));
        let text = Text { ours: signers.contains(&self.us), agreement, signed };
        let kept = self.agreements.entry(id).or_insert_with(|| Kept { peer, active: None, pending: None, ended: None });
        if both {
            kept.active = Some(text);
            kept.pending = None;
        } else {
            kept.pending = Some(text);
        }
        vec![TrustEvent::AgreementChanged { peer, agreement: id }]
    }

    fn grant(&mut self, signed: Signed<Grant>) -> Vec<TrustEvent> {
        let by = signed.claimed_signer();
        let Some(grant) = signed.open(&by).ok().filter(|grant| grant.issuer == by) else { return Vec::new() };
        self.given.insert(grant.id, signed);
        let peer = self.other_of(&grant);
        self.grants.insert(grant.id, grant);
        vec![TrustEvent::GrantChanged { peer }]
    }

    /// One that is taken back, and all that narrow it.
    fn forget_grant(&mut self, id: &Id128) -> Vec<TrustEvent> {
        let gone = self.with_children(id);
        let peers: Vec<_> = gone.iter().filter_map(|id| Some((self.other_of(self.grants.get(id)?), *id))).collect();
        for grant in gone {
            self.given.remove(&grant);
            self.grants.remove(&grant);
            self.read_into.remove(&grant);
        }
        peers.into_iter().map(|(peer, grant)| TrustEvent::GrantRevoked { peer, grant }).collect()
    }

    /// A peer that is trusted now.
    pub(super) fn peer(&self, site: &SiteId) -> Option<&Peer> {
        self.peers.get(site).filter(|p| p.revoked.is_none() && !self.is_in_conflict(site))
    }

    /// The text in force of an agreement with a trusted peer.
    pub(super) fn active(&self, id: &Id128, now: Timestamp) -> Option<&Agreement> {
        let kept = self.agreements.get(id)?;
        self.peer(&kept.peer)?;
        super::judge::text_in_force(kept, self.notices.get(id), now)
    }

    /// As [`Self::active`], though one party suspended it: what was told and copied stays.
    pub(super) fn standing(&self, id: &Id128, now: Timestamp) -> Option<&Agreement> {
        let kept = self.agreements.get(id)?;
        self.peer(&kept.peer)?;
        super::judge::text_in_force(kept, None, now)
    }

    /// All texts in force with one trusted peer.
    pub(super) fn active_with(&self, peer: &SiteId, now: Timestamp) -> impl Iterator<Item = &Agreement> {
        let ids = self.agreements.iter().filter(move |(_, k)| k.peer == *peer).map(|(id, _)| id);
        ids.filter_map(move |id| self.active(id, now))
    }

    /// As lists show it: an active text and one that waits stand in two rows.
    pub(super) fn rows(&self) -> Vec<AgreementRow> {
        self.agreements.iter().flat_map(|(id, kept)| kept.rows(self.notices.get(id))).collect()
    }
}

impl Kept {
    fn rows(&self, notices: Option<&Notices>) -> Vec<AgreementRow> {
        let standing = notices.map(Notices::standing).unwrap_or_default();
        let row = |text: &Text, state| AgreementRow {
            agreement: text.agreement.clone(),
            state,
            peer: self.peer,
            standing: standing.clone(),
        };
        if self.ended.is_some() {
            return self
                .active
                .as_ref()
                .or(self.pending.as_ref())
                .map(|t| row(t, AgreementState::Ended))
                .into_iter()
                .collect();
        }
        let active = self.active.as_ref().map(|t| row(t, standing.state()));
        let pending = self.pending.as_ref().map(|t| {
            let state = if t.ours { AgreementState::Offered } else { AgreementState::Received };
            row(t, state)
        });
        active.into_iter().chain(pending).collect()
    }
}

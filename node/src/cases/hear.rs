//! What other sites say in cases, and what they lack.
//!
//! Nothing is believed of whoever brings an event: its own site's signature counts. It is taken where this site and the one
//! that brings it take part, and after all that it follows. A case that is new here is taken from its requester under an
//! agreement that lets that site ask, and under no other.
//!
//! # At a crash
//! What was answered is durable; what was not is said again.
//!
//! # Not here
//! Messages: `overlay`, which also writes down as a security alert what is called alarming here.

use super::{CaseError, Cases, News, Whole, record::Record};
use crate::{
    audit::{Act, Actor, Event as Evidence},
    trust::{CaseAsk, CaseBar},
};
use protocol::{
    Digest, Refusal, SiteId,
    case::{
        Case, Refused,
        event::{EVENT_BYTES_MAX, Event},
    },
    ids::Id128,
    signed::{SignatureBytes, Signed},
    wire,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Cases of which heads are told in one message.
pub(crate) const HEADS_PAGE_MAX: usize = 128;
/// Events in one message.
const EVENTS_PAGE_MAX: usize = 256;
/// Their bytes, so that a message stays below its bound; one event alone is always within.
const EVENTS_PAGE_BYTES: usize = 512 << 10;
/// Bytes of the events of one case.
const CASE_BYTES_MAX: usize = 16 << 20;
/// Open cases that one site asks at a time: far more than it has patients in a day.
const OPEN_BY_SITE_MAX: usize = 2_000;

/// The last events of cases, by their digests.
pub(crate) type Heads = Vec<(Id128, Vec<Digest>)>;

/// What came of a message.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Cases of which nothing was taken, and why.
    pub(crate) refused: Vec<(Id128, Refusal)>,
    /// What no honest site sends.
    pub(crate) alarming: Option<&'static str>,
}

/// An event that its site signed, with the signature.
struct Opened {
    event: Event,
    signature: SignatureBytes,
}

impl Cases {
    /// Cases in which a site takes part.
    pub(crate) fn shared_with(&self, peer: &SiteId) -> Vec<Id128> {
        let book = self.book();
        book.all().filter(|whole| whole.state.parties.contains(peer)).map(|whole| whole.name()).collect()
    }

    /// Where a case stands here, for a site that takes part in it.
    pub(crate) fn heads(&self, name: &Id128, peer: &SiteId) -> Option<Vec<Digest>> {
        let whole = self.case(name).filter(|whole| whole.state.parties.contains(peer))?;
        Some(whole.case.heads().iter().copied().collect())
    }

    /// Of the cases whose heads a peer tells, those of which something is lacking here, with the heads that are here. What is
    /// not the peer's is as if it were not here.
    pub(crate) fn lacking_here(&self, peer: &SiteId, told: &Heads) -> Heads {
        let lacks = |(name, heads): &(Id128, Vec<Digest>)| {
            let Some(whole) = self.case(name).filter(|whole| whole.state.parties.contains(peer)) else {
                return Some((*name, Vec::new()));
            };
            let has_all = heads.iter().all(|head| whole.case.events().contains_key(head));
            (!has_all).then(|| (*name, whole.case.heads().iter().copied().collect()))
        };
        told.iter().take(HEADS_PAGE_MAX).filter_map(lacks).collect()
    }

    /// Whether a peer with these heads surely lacks something that is here. Heads that are not known here leave it open: the
    /// peer brings what they follow, and is answered then.
    pub(crate) fn is_ahead_of(&self, peer: &SiteId, name: &Id128, heads: &[Digest]) -> bool {
        let Some(whole) = self.case(name).filter(|whole| whole.state.parties.contains(peer)) else { return false };
        let is_known = |head: &Digest| whole.case.events().contains_key(head);
        heads.iter().all(is_known) && whole.case.heads().iter().any(|head| !heads.contains(head))
    }

    /// Events that a peer with these heads lacks, in messages within their bounds.
    pub(crate) fn pages(&self, peer: &SiteId, cases: &Heads) -> Vec<Vec<Signed<Event>>> {
        let (mut pages, mut page, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (name, heads) in cases {
            let Some(whole) = self.case(name).filter(|whole| whole.state.parties.contains(peer)) else { continue };
            for signed in whole.lacking(&heads.iter().copied().collect::<BTreeSet<_>>()) {
                let size = signed.bytes_len();
                if !page.is_empty() && (page.len() >= EVENTS_PAGE_MAX || bytes + size > EVENTS_PAGE_BYTES) {
                    pages.push(std::mem::take(&mut page));
                    bytes = 0;
                }
                bytes += size;
                page.push(signed);
            }
        }
        if !page.is_empty() {
            pages.push(page);
        }
        pages
    }

    /// Takes what a peer brings. What is taken is durable when this returns.
    ///
    /// # Errors
    /// When it cannot be recorded: the peer says it again.
    pub(crate) async fn hear(&self, from: SiteId, page: Vec<Signed<Event>>) -> Result<Heard, CaseError> {
        if page.len() > EVENTS_PAGE_MAX {
            return Ok(Heard::nothing("too many events of cases in one message"));
        }
        let this = self.clone();
        self.finish(async move {
            // Signatures are checked where nobody waits for it.
            let opener = this.clone();
            let opened = this.inner.tasks.spawn_blocking("case", move || opener.open_all(page)).await;
            let Some(by_case) = opened.map_err(|_| CaseError::Stopping)? else {
                return Ok(Heard::nothing("an event of a case that its site did not sign, or that is malformed"));
            };
            let _writing = this.inner.writing.lock().await;
            let mut heard = Heard::default();
            let (mut taken, mut wholes) = (Vec::new(), Vec::new());
            for (name, events) in by_case {
                match this.judge(&from, &name, events) {
                    Ok(Some((whole, new))) => {
                        taken.extend(new);
                        wholes.push(whole);
                    }
                    Ok(None) => {}
                    Err((why, alarming)) => {
                        heard.refused.push((name, why));
                        heard.alarming = heard.alarming.or(alarming);
                    }
                }
            }
            this.take(&from, taken, wholes).await?;
            Ok(heard)
        })
        .await
    }

    /// By case, in the order in which they came. `None`: one is not what it should be.
    fn open_all(&self, page: Vec<Signed<Event>>) -> Option<BTreeMap<Id128, Vec<Opened>>> {
        let mut by_case: BTreeMap<Id128, Vec<Opened>> = BTreeMap::new();
        for signed in page {
            let site = signed.claimed_signer();
            let event = signed.open(&site).ok().filter(|event| event.site == site && event.is_sound())?;
            self.inner.trust.vouch(&site, &signed, event.at).ok()?;
            let signature = signed.signature();
            // Bytes that read back as others could not be told on.
            let is_plain = Signed::again(&event, site, signature.clone()) == signed;
            if !is_plain || wire::encode(&event).len() > EVENT_BYTES_MAX {
                return None;
            }
            by_case.entry(event.case).or_default().push(Opened { event, signature });
        }
        Some(by_case)
    }

    /// What a case is with these events, if they may come and there is anything new among them.
    #[expect(clippy::type_complexity, reason = "used once")]
    fn judge(
        &self,
        from: &SiteId,
        name: &Id128,
        events: Vec<Opened>,
    ) -> Result<Option<(Arc<Whole>, Vec<(Event, SignatureBytes)>)>, (Refusal, Option<&'static str>)> {
        const MALFORMED: (Refusal, Option<&str>) =
            (Refusal::Malformed, Some("an event of a case that does not follow from what it says it follows"));
        const OTHERS: (Refusal, Option<&str>) = (Refusal::NotPermitted, Some("an event of a case of others"));
        let known = self.case(name);
        let (mut case, mut signatures) = match &known {
            Some(whole) => (Some(whole.case.clone()), whole.signatures.clone()),
            None => (None, BTreeMap::new()),
        };
        let mut new = Vec::new();
        for Opened { event, signature } in events {
            let digest = event.digest();
            let admitted = match &mut case {
                Some(case) => case.admit(event.clone()),
                None => Case::begin(event.clone()).map(|begun| {
                    case = Some(begun);
                    true
                }),
            };
            match admitted {
                Ok(true) => {
                    let _ = signatures.insert(digest, signature.clone());
                    new.push((event, signature));
                }
                Ok(false) => {}
                // What comes first is said first by who knows what is here; it did not know.
                Err(Refused::Missing(_)) => return Err((Refusal::NotHeld, None)),
                Err(Refused::Malformed) if known.is_none() && case.is_none() && !event.after.is_empty() => {
                    return Err((Refusal::NotHeld, None));
                }
                Err(Refused::Malformed) => return Err(MALFORMED),
                Err(Refused::Full) => return Err((Refusal::Busy(60_000), Some("a case with too many events"))),
            }
        }
        let Some(case) = case.filter(|_| !new.is_empty()) else { return Ok(None) };
        let whole = Whole::of(case, signatures);
        let parties = &whole.state.parties;
        if ![from, &self.us()].into_iter().chain(new.iter().map(|(event, _)| &event.site)).all(|s| parties.contains(s))
        {
            return Err(OTHERS);
        }
        if whole.bytes > CASE_BYTES_MAX {
            return Err((Refusal::Busy(60_000), Some("a case with too many bytes")));
        }
        if known.is_none() {
            self.may_be_asked(&whole).map_err(|why| (why, None))?;
        }
        Ok(Some((Arc::new(whole), new)))
    }

    /// Whether a case that is new here may be asked of us.
    fn may_be_asked(&self, whole: &Whole) -> Result<(), Refusal> {
        let requester = whole.state.requester.0;
        let book = self.book();
        let theirs = |known: &&Arc<Whole>| known.state.requester.0 == requester && known.state.stage.is_open();
        if book.len() >= super::CASES_MAX || book.all().filter(theirs).count() >= OPEN_BY_SITE_MAX {
            return Err(Refusal::Busy(60_000));
        }
        drop(book);
        // A case of ours that a restored node gets back.
        if requester == self.us() {
            return Ok(());
        }
        let (ask, particulars) = (&whole.state.ask, &whole.state.particulars);
        let asked = self.inner.trust.authorize_case(&requester, false, &CaseAsk { ask, particulars, studies: &[] });
        asked.map(|_| ()).map_err(|bar| match bar {
            CaseBar::NotAgreed(why) => why,
            CaseBar::OutOfScope | CaseBar::NotDerogated => Refusal::NotPermitted,
        })
    }

    async fn take(
        &self,
        from: &SiteId,
        taken: Vec<(Event, SignatureBytes)>,
        wholes: Vec<Arc<Whole>>,
    ) -> Result<(), CaseError> {
        if taken.is_empty() {
            return Ok(());
        }
        let mut news: BTreeMap<Id128, Vec<Digest>> = BTreeMap::new();
        for (event, _) in &taken {
            news.entry(event.case).or_default().push(event.digest());
        }
        let evidence = taken.iter().map(|(event, _)| self.inner.audit.record(self.theirs(from, event)));
        for recorded in futures::future::join_all(evidence).await {
            let _ = recorded?;
        }
        self.write(&Record::Events(taken)).await?;
        for whole in wholes {
            self.show(whole);
        }
        for (case, events) in news {
            self.tell(News::Case { case, events, from: Some(*from) });
        }
        Ok(())
    }

    /// Evidence of what another site did; that site countersigns it, or the one that brought it.
    fn theirs(&self, from: &SiteId, event: &Event) -> Evidence {
        let (person, role) = (event.person.clone(), event.role.clone());
        let actor = Actor { person, role, site: Some(event.site), from: None };
        let peer = if self.inner.trust.peer(&event.site).is_some() { event.site } else { *from };
        let digest: String = event.digest().to_string().chars().take(12).collect();
        let note = super::noted(event, &digest);
        Evidence::new(Act::CaseChanged, actor).peer(peer).basis(event.case).note(note)
    }
}

impl Heard {
    fn nothing(why: &'static str) -> Self {
        Self { refused: Vec::new(), alarming: Some(why) }
    }

    /// Whether the message as a whole was refused.
    pub(crate) fn is_nothing(&self) -> bool {
        self.refused.is_empty() && self.alarming.is_some()
    }
}

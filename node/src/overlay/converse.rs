//! What is said on a connection: greetings, mail until it is answered, and answers to what a peer asks.
//!
//! Only a paired peer is answered with anything but "not paired"; everything else is judged by `trust` with the
//! connection's key as the asker. A site that we revoked is let in once more to be told goodbye, and nothing else.
//!
//! # Not here
//! The feed's pages and what they bring about: [`super::catalog`].

use super::{
    Inner, OverlayEvent, history,
    news::{Channel, News},
};
use crate::{
    audit::{Act, Actor, Event},
    pace::Pace,
    tasks,
    trust::TrustError,
};
use protocol::{
    Key, Refusal, SiteId, Timestamp, Uid,
    agreement::{Ending, SignedAgreement},
    message::{Answer, Request, SiteRecord},
    signed::Signed,
    wire::{self, WireError},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Unanswered goodbyes over a live connection after which a site counts as told.
const GOODBYES_MAX: u8 = 5;
/// Long enough for a live link, short enough that a revoked site's connection ends within the second.
const GOODBYE_WAIT: Duration = Duration::from_millis(600);
/// How long the answer to a goodbye has to get out before the connection is closed.
pub(super) const ANSWER_LEAVES: Duration = Duration::from_millis(200);
/// How long a question too many waits for its "come again".
const TOO_MANY_WAIT: Duration = Duration::from_secs(1);
/// A stranger is written down at most so often; in between they are counted.
const STRANGER_EVERY: Duration = Duration::from_secs(60);

/// What one site may ask, and what it asks beyond.
#[derive(Debug)]
pub(super) struct Questions {
    each: Pace<SiteId>,
    beyond: Pace<SiteId>,
    /// Those about one patient.
    pub(super) patients: Pace<SiteId>,
}

impl Default for Questions {
    /// A week of news after an outage at once, then a hundred a second: pages of two hundred entries. Beyond that an honest
    /// peer waits as it is told, and keeps a few questions waiting.
    fn default() -> Self {
        let (each, beyond) = (Pace::new(500, Duration::from_millis(10)), Pace::new(300, Duration::from_secs(1)));
        Self { each, beyond, patients: history::pace() }
    }
}

impl Inner {
    /// Asks a peer; `None` when it cannot be reached or says what cannot be read.
    pub(super) async fn ask(&self, peer: SiteId, request: &Request) -> Option<Answer> {
        let answer = self.link.ask(peer, wire::encode(request)).await?;
        self.contacts.heard(&peer);
        wire::decode(&answer).ok()
    }

    pub(super) async fn allow(&self, site: &SiteId) {
        if let Some(record) = self.trust.peer(site).and_then(|p| p.record.open(site).ok()) {
            self.link.allow(*site, self.trust.key_of(site), record.overlay).await;
        }
    }

    /// Lets in peers, and those that are still to be told goodbye.
    pub(super) async fn allow_all(&self) {
        for peer in self.trusted() {
            self.allow(&peer).await;
        }
        for site in self.trust.farewells() {
            if let Some(record) = self.revoked_record(&site) {
                self.link.allow(site, self.trust.key_of(&site), record.overlay).await;
            }
        }
    }

    /// The loop that hears the swarm. It never waits for anything but the swarm.
    pub(super) async fn listen(self: Arc<Self>, mut news: mpsc::Receiver<News>) {
        let mut strangers = Strangers::default();
        while let Some(news) = news.recv().await {
            match news {
                News::Road(site, road) => {
                    self.contacts.road(&site, road);
                    self.tell(OverlayEvent::Contact(site));
                }
                News::Connected(site) => {
                    self.contacts.connected(&site, true);
                    self.contacts.heard(&site);
                    self.tell(OverlayEvent::Contact(site));
                    self.greet(site);
                }
                News::Disconnected(site) => {
                    self.contacts.connected(&site, false);
                    self.tell(OverlayEvent::Contact(site));
                }
                News::Asked { site, bytes, channel } => self.asked(site, bytes, channel),
                // A site that we parted from, and that has not given up yet, is no stranger.
                News::Stranger { key: Some(key), .. } if self.was_parted_from(&key) => {
                    tracing::debug!(site = %key.as_site().short(), "a revoked site was refused");
                }
                News::Stranger { key, from } => {
                    if let Some(note) = strangers.knocked(&from) {
                        let inner = self.clone();
                        self.tasks.spawn("stranger", async move { inner.knocked(key, note).await });
                    }
                }
                News::Visitor(key) => self.visited(key),
                News::Heard { key, bytes, channel } => self.heard(key, &bytes, channel),
                News::Claims(site, key) => self.claimed(site, key),
            }
        }
    }

    /// Whether it is the key of a site that is revoked.
    fn was_parted_from(&self, key: &Key) -> bool {
        let is_it = |peer: crate::trust::Peer| peer.revoked.is_some() && self.trust.key_of(&peer.site) == *key;
        self.trust.peers().into_iter().any(is_it)
    }

    pub(super) fn asked(self: &Arc<Self>, site: SiteId, bytes: Vec<u8>, channel: Channel) {
        if self.questions.each.take(&site, Instant::now()).is_err() {
            // Unread, and slow: it waits for itself, in one of its own streams.
            let inner = self.clone();
            self.tasks.spawn("answer.later", async move {
                if inner.questions.beyond.take(&site, Instant::now()).is_err() {
                    inner.alerts.security("more questions than anybody has", site, None).await;
                }
                inner.tasks.pause(TOO_MANY_WAIT).await;
                inner.link.answer(channel, wire::encode(&Answer::Refused(Refusal::Busy(1000)))).await;
            });
            return;
        }
        let turn = self.answering.begin(site);
        let inner = self.clone();
        self.tasks.spawn("answer", async move {
            let answer = match turn {
                Some(_turn) => inner.answer(site, &bytes).await,
                None => Answer::Refused(Refusal::Busy(500)),
            };
            inner.link.answer(channel, wire::encode(&answer)).await;
        });
    }

    /// Greets a site over whatever connection is new: what was said over those before may be lost.
    fn greet(self: &Arc<Self>, site: SiteId) {
        self.once("greet", |inner| &inner.greets, site, move |inner| async move { inner.hello(site).await });
    }

    pub(super) fn greet_again(self: &Arc<Self>, site: SiteId) {
        if self.contacts.is_connected(&site) {
            self.greet(site);
        }
    }

    /// Whether the greeting is over.
    async fn hello(self: &Arc<Self>, site: SiteId) -> bool {
        if self.trust.peer(&site).is_none() {
            self.say_goodbye(site).await;
            return true;
        }
        let asked = tasks::now();
        match self.ask(site, &Request::Hello { record: self.record_now(), now: asked }).await {
            Some(Answer::Hello { record, now }) => {
                let half = tasks::now().since(asked) / 2;
                self.contacts.clock(&site, now, asked.after(half));
                self.link.settled(site).await;
                if let Err(why) = self.hear_keys(&record).await {
                    tracing::warn!(peer = %site.short(), %why, "its keys are not those known here");
                    return true;
                }
                if let Err(why) = self.trust.note_record(&site, record).await {
                    tracing::warn!(peer = %site.short(), %why, "its site record is not taken");
                }
                self.tell(OverlayEvent::Contact(site));
            }
            answer if is_lost(answer.as_ref()) => return false,
            // A restored node does not remember that they parted.
            Some(Answer::Refused(Refusal::NotPaired)) if self.trust.require_open().is_err() => {
                return self.relearn_parting(site).await;
            }
            answer => {
                tracing::info!(peer = %site.short(), ?answer, "greeting refused");
                return true;
            }
        }
        if self.trust.require_open().is_err() && !self.relearning.has(&site) && !self.relearn(site).await {
            return false;
        }
        self.pull(site);
        self.nudge(site);
        self.send_mail(site);
        self.duties_heard.forget(&site);
        self.tell_duty(site);
        self.tell_all_cases(site);
        self.tell_teams(site);
        self.tell_ledger(site);
        self.pay(site);
        self.ask_after_copies(site);
        self.presence_ahead(site);
        true
    }

    /// Sends what is kept for a peer, oldest first, until it has answered all. `None`: it is being sent.
    pub(super) fn send_mail(self: &Arc<Self>, peer: SiteId) -> Option<JoinHandle<()>> {
        self.once("mail", |inner| &inner.mails, peer, move |inner| async move { inner.mail(peer).await })
    }

    async fn mail(&self, peer: SiteId) -> bool {
        for mail in self.trust.mail_for(&peer) {
            let answer = self.ask(peer, &mail.request).await;
            if is_lost(answer.as_ref()) {
                return false;
            }
            if let Some(Answer::Refused(why)) = answer {
                tracing::warn!(peer = %peer.short(), %why, "what was sent is refused there");
            }
            if let Err(why) = self.trust.mail_done(&mail.id).await {
                tracing::warn!(%why, "mail is sent again later");
                return false;
            }
        }
        true
    }

    /// After a revocation: everything was cut already; the site is told, and its connections go.
    pub(super) fn part_from(self: &Arc<Self>, site: SiteId) {
        let inner = self.clone();
        self.tasks.spawn("goodbye", async move { inner.say_goodbye(site).await });
    }

    pub(super) async fn say_goodbye(self: &Arc<Self>, site: SiteId) {
        let is_nobody_sure = self.trust.is_in_conflict(&site) && !self.trust.farewells().contains(&site);
        if self.trust.peer(&site).is_some() || is_nobody_sure || !self.partings.begin(site) {
            return;
        }
        let connected = self.contacts.is_connected(&site);
        let said = tokio::time::timeout(GOODBYE_WAIT, self.parting_words(site)).await;
        let told = matches!(said, Ok(Some(Answer::Done | Answer::Parted(_) | Answer::Refused(Refusal::NotPaired))))
            || (connected && self.unheard.enough(&site));
        if let Ok(Some(Answer::Parted(receipts))) = said
            && let Err(why) = self.copies_erased(site, receipts).await
        {
            tracing::warn!(peer = %site.short(), %why, "the receipts of a site that we part from are not taken");
        }
        self.part(site, told).await;
    }

    /// What we had of it is erased, and it is told.
    async fn parting_words(&self, site: SiteId) -> Option<Answer> {
        self.erase_of(site).await;
        if self.contacts.is_connected(&site) {
            self.pay_all(site).await;
        }
        self.ask(site, &Request::Goodbye).await
    }

    /// Its connections go. If it does not know yet, its key is let in again, but only to hear it.
    async fn part(&self, site: SiteId, told: bool) {
        self.link.disallow(site).await;
        // Whoever else asked for it meant this one.
        while self.partings.again(&site) {}
        if told {
            self.unheard.forget(&site);
            let _ = self.trust.farewell_done(&site).await;
            self.contacts.forget(&site);
        } else if let Some(record) = self.revoked_record(&site).filter(|_| self.trust.peer(&site).is_none()) {
            self.link.allow(site, self.trust.key_of(&site), record.overlay).await;
        }
        // It may have been paired anew meanwhile.
        self.allow(&site).await;
        self.tell(OverlayEvent::Contact(site));
    }

    pub(super) fn revoked_record(&self, site: &SiteId) -> Option<SiteRecord> {
        self.trust.peers().into_iter().find(|p| p.site == *site)?.record.open(site).ok()
    }

    async fn answer(self: &Arc<Self>, from: SiteId, bytes: &[u8]) -> Answer {
        let request: Request = match wire::decode(bytes) {
            Ok(request) => request,
            Err(WireError::Version { .. }) => return Answer::Refused(Refusal::Version),
            Err(_) => {
                self.alerts.security("messages that cannot be read", from, None).await;
                return Answer::Refused(Refusal::Malformed);
            }
        };
        if self.trust.peer(&from).is_none() {
            return self.answer_parted(from, request).await;
        }
        self.contacts.heard(&from);
        match self.judged(from, request).await {
            Ok(answer) => answer,
            Err(why) => {
                tracing::info!(peer = %from.short(), %why, "refused");
                if is_alarming(&why) {
                    self.alerts.security("messages that are not what they should be", from, None).await;
                }
                Answer::Refused(refusal(&why))
            }
        }
    }

    /// One that is no peer says goodbye, or, if it was one, gives receipts; nothing else.
    async fn answer_parted(&self, from: SiteId, request: Request) -> Answer {
        match request {
            Request::Goodbye => self.parted(&from),
            Request::CopiesErased(receipts) => match self.copies_erased(from, receipts).await {
                Ok(()) => Answer::Done,
                Err(why) => Answer::Refused(refusal(&why)),
            },
            _ => Answer::Refused(Refusal::NotPaired),
        }
    }

    fn parted(&self, from: &SiteId) -> Answer {
        let receipts = self.last_receipts(from);
        if receipts.is_empty() { Answer::Done } else { Answer::Parted(receipts) }
    }

    async fn greeted(
        self: &Arc<Self>,
        from: SiteId,
        record: Signed<SiteRecord>,
        now: Timestamp,
    ) -> Result<Answer, TrustError> {
        let ours = tasks::now();
        record.open(&from).map_err(|_| Refusal::Malformed)?;
        self.hear_keys(&record).await?;
        self.trust.note_record(&from, record).await?;
        self.teams.forget(&from);
        if self.contacts.of(&from).clock_offset_ms.is_none() {
            self.contacts.clock(&from, now, ours);
        }
        self.link.settled(from).await;
        Ok(Answer::Hello { record: self.record_now(), now: ours })
    }

    /// Somebody over there reads no more.
    async fn reader_gone(&self, from: SiteId, person: String) -> Result<(), TrustError> {
        if !protocol::fetch::is_person(&person) {
            return Err(Refusal::Malformed.into());
        }
        self.trust.reader_gone(&from, &person);
        self.alerts.reader_gone(from, person).await;
        Ok(())
    }

    fn card_back(&self, from: &SiteId, study: &Uid) -> Result<Answer, Refusal> {
        let card = self.directory.signed_card(from, study).ok_or(Refusal::NotHeld)?;
        Ok(Answer::Card(Box::new(card)))
    }

    async fn judged(self: &Arc<Self>, from: SiteId, request: Request) -> Result<Answer, TrustError> {
        let theirs = || Actor { site: Some(from), ..Actor::default() };
        match request {
            Request::Hello { record, now } => return self.greeted(from, record, now).await,
            Request::Pull(cursor) => {
                self.trust.require_open()?;
                self.trust.require_going_on(&from)?;
                return Ok(self.page(from, cursor).await);
            }
            Request::Where(studies) => {
                self.trust.require_open()?;
                return Ok(self.where_they_lie(from, studies).await);
            }
            Request::Zones(studies) => return self.zones(from, studies).await,
            Request::Identified(studies) => return self.identified(from, studies).await,
            Request::Presence(_) | Request::PresenceSet { .. } => return self.presence_asked(from, request).await,
            Request::Relearn { after } => {
                if after.is_none() {
                    self.repeat_notices(from).await?;
                }
                return Ok(self.known_of(from, after.as_ref()));
            }
            Request::CardBack { study } => return Ok(self.card_back(&from, &study)?),
            Request::Witness(told) => return Ok(self.witness(from, told).await?),
            Request::LedgerHead { head, from: start, proof } => {
                return Ok(self.hear_head(from, head, start, proof).await?);
            }
            Request::LedgerProve { size, places, old } => return Ok(self.prove(size, places, old).await?),
            Request::LedgerOthers(aliases) => return Ok(self.heads_of(&from, &aliases)?),
            Request::BreakGlass { request, patient } => return self.hear_glass(from, request, patient).await,
            Request::History(asked) => return self.hear_history(from, asked).await,
            Request::Nudge => self.pull(from),
            Request::Teams(names) => self.hear_teams(from, names)?,
            Request::Offer(signed) => {
                let offer = signed.open(&from).map_err(|_| Refusal::Malformed)?;
                self.hear_offer(from, offer).await?;
            }
            Request::Agreement(signed) => self.agreement_told(from, signed).await?,
            Request::End(signed) => self.ended(from, signed).await?,
            Request::Suspension(signed) => self.hear_suspension(from, signed).await?,
            Request::Closing(signed) => self.hear_closing(from, signed).await?,
            Request::Grant(signed) => {
                let grant = signed.open(&from).map_err(|_| Refusal::Malformed)?;
                self.trust.receive_grant(&from, signed).await?;
                self.record(Event::new(Act::StudyShared, theirs()).peer(from).basis(grant.id).study(&grant.study))
                    .await;
            }
            Request::Keeping(_) | Request::KeepingEnd(_) | Request::KeepingErased(_) => {
                self.keeping_told(from, request).await?;
            }
            Request::GrantRevoked(id) => self.grant_taken_back(from, id).await?,
            Request::Delegated(chain) => self.hear_delegated(from, chain).await?,
            Request::Duty(signed) => self.hear_duty(from, signed).await?,
            Request::Coverage(signed) => self.hear_coverage(from, signed).await?,
            Request::CoverageEnd(signed) => self.hear_coverage_end(from, signed).await?,
            Request::CopiesErased(receipts) => self.copies_erased(from, receipts).await?,
            Request::CopiesAsked(asked) => return Ok(self.answer_copies(from, &asked).await),
            Request::CopiesHeld { after } => return Ok(self.held_copies(&from, after.as_ref())),
            Request::ReaderGone { person } => self.reader_gone(from, person).await?,
            Request::CaseHeads(_) | Request::CaseEvents(_) => return self.told_of_cases(from, request).await,
            Request::KeysPart(keys) => self.hear_that_keys_part(from, &keys).await?,
            Request::KeysFork(signed) => self.hear_fork(from, &signed).await?,
            Request::Goodbye => {
                self.left(from).await?;
                return Ok(self.parted(&from));
            }
        }
        Ok(Answer::Done)
    }

    async fn presence_asked(self: &Arc<Self>, from: SiteId, request: Request) -> Result<Answer, TrustError> {
        match request {
            Request::Presence(blinded) => self.answer_presence(from, blinded).await,
            Request::PresenceSet { set, page } => self.presence_page(from, set, page).await,
            _ => Err(Refusal::Malformed.into()),
        }
    }

    /// The peer offers an agreement, or has accepted one.
    async fn agreement_told(&self, from: SiteId, signed: SignedAgreement) -> Result<(), TrustError> {
        let (text, signers) = signed.open()?;
        let accepted = signers.len() == 2;
        self.trust.receive(&from, signed).await?;
        let act = if accepted { Act::AgreementAccepted } else { Act::AgreementOffered };
        let theirs = Actor { site: Some(from), ..Actor::default() };
        self.record(Event::new(act, theirs).peer(from).basis(text.id)).await;
        Ok(())
    }

    /// The peer ended an agreement.
    async fn ended(&self, from: SiteId, signed: Signed<Ending>) -> Result<(), TrustError> {
        let ending = signed.open(&from).map_err(|_| Refusal::Malformed)?;
        self.trust.vouch(&from, &signed, ending.at)?;
        match self.trust.end(&ending.agreement, &from).await {
            Ok(()) => {
                let theirs = Actor { site: Some(from), ..Actor::default() };
                self.record(Event::new(Act::AgreementEnded, theirs).peer(from).basis(ending.agreement)).await;
                Ok(())
            }
            // Never known here: nothing stands under it.
            Err(TrustError::NoAgreement) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// The peer wants nothing more to do with us.
    async fn left(self: &Arc<Self>, from: SiteId) -> Result<(), TrustError> {
        // From here on this is the parting: trust's news of it starts no other, which would close the
        // connection under the answer.
        let ours = self.partings.begin(from);
        let revoked = self.trust.revoke_peer(&from).await;
        let theirs = Actor { site: Some(from), ..Actor::default() };
        self.record(Event::new(Act::PeerRevoked, theirs).peer(from)).await;
        self.erase_of(from).await;
        if ours {
            let inner = self.clone();
            self.tasks.spawn("goodbye", async move {
                tokio::time::sleep(ANSWER_LEAVES).await;
                inner.part(from, true).await;
            });
        }
        revoked
    }
}

/// Nothing came back, or nothing that the same question would not change.
pub(super) fn is_lost(answer: Option<&Answer>) -> bool {
    matches!(answer, None | Some(Answer::Refused(Refusal::Busy(_) | Refusal::Internal)))
}

pub(super) fn refusal(why: &TrustError) -> Refusal {
    match why {
        TrustError::NoPeer => Refusal::NotPaired,
        TrustError::NoAgreement | TrustError::NoGrant | TrustError::NoDuty | TrustError::NoCoverage => Refusal::NotHeld,
        TrustError::State | TrustError::Wider(_) | TrustError::NotPairedWithAll => Refusal::NotPermitted,
        TrustError::Refused(refusal) => *refusal,
        TrustError::Record(_) | TrustError::Journal(_) => Refusal::Internal,
    }
}

/// No honest peer sends it: a signature that does not hold, another site's name, a text over its bounds.
fn is_alarming(why: &TrustError) -> bool {
    matches!(why, TrustError::Refused(Refusal::Malformed | Refusal::Corrupt) | TrustError::Record(_))
}

/// Goodbyes that a connected site did not answer. It may have revoked us as well, and then never will.
#[derive(Debug, Default)]
pub(super) struct Unheard(Mutex<HashMap<SiteId, u8>>);

impl Unheard {
    /// Counts one; whether it was the last that is tried.
    fn enough(&self, site: &SiteId) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(*site).or_insert(0);
        *count = count.saturating_add(1);
        *count >= GOODBYES_MAX
    }
    fn forget(&self, site: &SiteId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(site);
    }
}

/// Who knocked: one line a minute, with the number of those in between.
#[derive(Debug, Default)]
struct Strangers {
    last: Option<Instant>,
    unsaid: u64,
}

impl Strangers {
    fn knocked(&mut self, from: &str) -> Option<String> {
        if self.last.is_some_and(|at| at.elapsed() < STRANGER_EVERY) {
            self.unsaid += 1;
            return None;
        }
        let others = std::mem::take(&mut self.unsaid);
        self.last = Some(Instant::now());
        Some(format!("a key that is not a peer's, from {}; {others} more since the last note", short(from)))
    }
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

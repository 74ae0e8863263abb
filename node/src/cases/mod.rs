//! Cases that this site asks or reads: their events kept, and what they come to.
//!
//! `protocol::case` decides what an event does; here it is signed, kept and told. An event counts when it is durable: first
//! the evidence, then the journal, then the view and the news, and only then whoever made it is answered. Events of
//! other sites are taken as they come, each by its own site's signature, and only in cases in which this site takes part.
//!
//! # At a crash
//! The journal (`journal/cases`) is the truth; what it holds is read back at the start. Who was not answered may find the
//! event there or not; the log may name one that is not there, never the other way round.
//!
//! # Not here
//! The way to other sites: `overlay`. What has to be done by itself, when time passes or images come: `desk`. Who may do
//! what here: the doors, by `trust`'s table.

mod alerts;
#[cfg(test)]
mod alerts_tests;
mod attachments;
mod book;
mod bound;
mod draft;
mod due;
mod filings;
mod hear;
mod list;
mod may;
mod opened;
mod performed;
mod record;
mod statistics;
mod subscribed;
mod teams;
#[cfg(test)]
mod tests;
mod undecoded;
mod unverified;
mod words;

pub(crate) use alerts::{Alert, AlertKind, Fit, NOBODY_ANSWERS, OTHER_PATIENT, Present};
pub(crate) use attachments::AttachError;
pub(crate) use book::Whole;
pub(crate) use bound::Bound;
pub(crate) use draft::{Draft, DraftError};
pub(crate) use due::{Delays, Due, DueKind, Tab};
pub(crate) use hear::{HEADS_PAGE_MAX, Heads};
pub(crate) use list::{Filter, Page};
pub(crate) use may::{Doing, may, takes_part};
pub(crate) use opened::{Told, Way};
pub(crate) use performed::{Made, Performed};
pub(crate) use record::{Rank, Settings, SettingsWrong, Telephone};
pub(crate) use statistics::{Delay, Statistics, Together, night_of};
pub(crate) use subscribed::{SUBSCRIBED_ITEMS_MAX, SubscribeError, Subscribing, Subscription, Wanted};
pub(crate) use teams::{Team, are_sound};
pub(crate) use undecoded::{TriedBy, TriedFrame};
pub(crate) use unverified::SignedImage;
pub(crate) use words::{
    class_of, class_word, consent_of, consent_word, examination_of, examination_word, identity_of, identity_word,
    kind_of, kind_word, priority_of, priority_word, rule_word, skip_word, stage_word, standing_of, standing_word,
    step_word, void_word,
};

use crate::{
    audit::{Act, Actor, Audit, AuditError, Event as Evidence},
    identity::Identity,
    journal::{Journal, JournalError, Position},
    tasks::{self, Tasks},
    trust::Trust,
};
use attachments::Attachments;
use book::Book;
use draft::Drafts;
use futures::future::join_all;
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    case::{
        Case,
        event::{Ask, Event, Particulars, Step, case_name},
        state::Void,
    },
    ids::Id128,
    wire,
};
use record::{KIND, Record};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex as StdMutex, PoisonError, RwLock, RwLockReadGuard},
};
use tokio::sync::{Mutex, broadcast};

/// News kept for a slow listener, who otherwise reads the list anew.
const NEWS_KEPT: usize = 1024;
/// Cases kept: at a hundred a day some three years. Beyond, none is begun and none is taken until old ones are put away.
const CASES_MAX: usize = 100_000;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaseError {
    #[error("no such case")]
    NoCase,
    #[error(transparent)]
    Void(#[from] Void),
    #[error("there are too many cases")]
    TooMany,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the cases cannot be read: {0}")]
    Record(#[from] wire::WireError),
    #[error(transparent)]
    Draft(#[from] DraftError),
    #[error("the node is stopping")]
    Stopping,
}

/// What is said with a request, beside what is asked.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) particulars: Particulars,
    /// Whoever asks has compared whom the request names with the patient.
    pub(crate) identity_checked: bool,
}

impl From<Particulars> for Beside {
    fn from(particulars: Particulars) -> Self {
        Self { particulars, identity_checked: false }
    }
}

/// Something happened in a case.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// These events came, from here or from a peer.
    Case { case: Id128, events: Vec<Digest>, from: Option<SiteId> },
    /// Settings, or what needs no request, are other than they were.
    Settings,
    /// Somebody has heard what they were called for.
    Heard { person: String },
}

/// Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Cases {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    identity: Arc<Identity>,
    trust: Trust,
    audit: Audit,
    journal: Journal,
    tasks: Tasks,
    book: RwLock<Book>,
    drafts: Drafts,
    attachments: Attachments,
    /// When whoever has the claim wrote or looked last. Bounded by the cases there are.
    active: StdMutex<HashMap<Id128, Timestamp>>,
    /// Held from what an event follows to its place in the view.
    writing: Mutex<()>,
    news: broadcast::Sender<News>,
}

impl Cases {
    /// Reads `dir/journal/cases`, a journal of its own.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub(crate) fn open(
        dir: &Path,
        identity: Arc<Identity>,
        trust: Trust,
        audit: Audit,
        tasks: &Tasks,
    ) -> Result<Self, CaseError> {
        let journal = Journal::open(&dir.join("journal").join("cases"), tasks)?;
        let mut read = book::Reading::default();
        let mut unreadable = None;
        journal.replay(Position::default(), &mut |record| {
            if record.kind == KIND {
                match wire::decode::<Record>(record.body) {
                    Ok(record) => read.take(record),
                    Err(why) => unreadable = Some(why),
                }
            }
            Ok(())
        })?;
        if let Some(why) = unreadable {
            return Err(why.into());
        }
        let drafts = Drafts::new(dir, identity.clone());
        let attachments = Attachments::new(dir, identity.clone());
        let inner = Inner {
            identity,
            trust,
            audit,
            journal,
            tasks: tasks.clone(),
            book: RwLock::new(read.done()),
            drafts,
            attachments,
            active: StdMutex::default(),
            writing: Mutex::default(),
            news: broadcast::channel(NEWS_KEPT).0,
        };
        let this = Self { inner: Arc::new(inner) };
        this.sweep_attachments();
        Ok(this)
    }

    /// News from now on.
    pub(crate) fn news(&self) -> broadcast::Receiver<News> {
        self.inner.news.subscribe()
    }

    fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.inner.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// This site.
    pub(crate) fn us(&self) -> SiteId {
        self.inner.identity.site()
    }

    /// One case.
    pub(crate) fn case(&self, name: &Id128) -> Option<Arc<Whole>> {
        self.book().case(name)
    }

    /// All, in no order that means anything.
    pub(crate) fn all(&self) -> Vec<Arc<Whole>> {
        self.book().all().cloned().collect()
    }

    /// What is set.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.book().settings()
    }

    /// How long things may take.
    pub(crate) fn delays(&self) -> Delays {
        Delays::new(self.settings(), self.inner.trust.coverages_in_force())
    }

    /// A page of the list.
    pub(crate) fn list(&self, filter: &Filter) -> Page {
        let delays = self.delays();
        let book = self.book();
        list::page(book.all(), filter, &delays, self.us())
    }

    /// Whether somebody said that a study needs no request.
    pub(crate) fn needs_no_request(&self, study: &Uid) -> bool {
        self.book().dismissed(study)
    }

    /// Begins a case. Durable when it returns.
    ///
    /// # Errors
    /// See [`CaseError`].
    pub(crate) async fn begin(
        &self,
        actor: Actor,
        ask: Ask,
        beside: impl Into<Beside>,
    ) -> Result<Arc<Whole>, CaseError> {
        let (this, Beside { particulars, identity_checked }) = (self.clone(), beside.into());
        self.finish(async move {
            let _writing = this.inner.writing.lock().await;
            if this.book().len() >= CASES_MAX {
                return Err(CaseError::TooMany);
            }
            let (us, named) = (this.us(), ask.patient.clone());
            let event = Event {
                case: case_name(&us, &ask.nonce),
                site: us,
                person: actor.person.clone(),
                role: actor.role.clone(),
                clock: 0,
                at: tasks::now(),
                after: Vec::new(),
                step: Step::Requested(Box::new(ask)),
            };
            let mut case = Case::begin(event.clone()).map_err(|_| Void::Malformed)?;
            let specified = particulars.says().then_some(Step::Specified(particulars));
            // Of images that name nobody there was nothing to compare.
            let checked = (identity_checked && named.is_named()).then(|| Step::Identified(Box::new(named)));
            let mut events = vec![event];
            for step in specified.into_iter().chain(checked) {
                let who = (us, actor.person.as_str(), actor.role.as_str());
                let said = case.propose(who, tasks::now(), step)?;
                let _ = case.admit(said.clone()).map_err(|_| Void::Malformed)?;
                events.push(said);
            }
            this.keep(case, events, &actor).await
        })
        .await
    }

    /// Does a step at this site, in somebody's name or, with an empty name, the node's own. Durable when it returns.
    ///
    /// # Errors
    /// [`CaseError::Void`], why it would have no effect.
    pub(crate) async fn act(&self, name: Id128, actor: Actor, step: Step) -> Result<Arc<Whole>, CaseError> {
        self.act_if(name, actor, |_| Ok(step)).await
    }

    /// As [`Self::act`], with a step made of what the case is when nothing else can come between.
    ///
    /// # Errors
    /// As [`Self::act`], and what `step` says.
    pub(crate) async fn act_if<E: From<CaseError> + Send + 'static>(
        &self,
        name: Id128,
        actor: Actor,
        step: impl FnOnce(&Whole) -> Result<Step, E> + Send + 'static,
    ) -> Result<Arc<Whole>, E> {
        let this = self.clone();
        let done = self.inner.tasks.spawn("case", async move {
            let _writing = this.inner.writing.lock().await;
            let whole = this.case(&name).ok_or(CaseError::NoCase)?;
            let step = step(&whole)?;
            let who = (this.us(), actor.person.as_str(), actor.role.as_str());
            let event = whole.case.propose(who, tasks::now(), step).map_err(CaseError::from)?;
            let mut case = whole.case.clone();
            case.admit(event.clone()).map_err(|_| CaseError::Void(Void::Malformed))?;
            Ok(this.keep(case, vec![event], &actor).await?)
        });
        done.await.unwrap_or_else(|_| Err(CaseError::Stopping.into()))
    }

    /// What began is finished though who asked has gone.
    async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, CaseError>> + Send + 'static,
    ) -> Result<T, CaseError> {
        self.inner.tasks.spawn("case", work).await.unwrap_or(Err(CaseError::Stopping))
    }

    /// Evidence, journal, view, news. All of the events are there after a crash, or none.
    async fn keep(&self, case: Case, events: Vec<Event>, actor: &Actor) -> Result<Arc<Whole>, CaseError> {
        let name = case.name();
        let mut signatures = self.case(&name).map(|whole| whole.signatures.clone()).unwrap_or_default();
        let mut signed = Vec::with_capacity(events.len());
        for event in events {
            let signature = self.inner.identity.seal(&event).signature();
            let _ = signatures.insert(event.digest(), signature.clone());
            signed.push((event, signature));
        }
        let whole = Arc::new(Whole::of(case, signatures));
        // Whoever is no peer of ours cannot countersign.
        let peers = || whole.state.parties.iter().filter(|site| self.inner.trust.peer(site).is_some());
        let all: Vec<Evidence> = signed.iter().flat_map(|(event, _)| evidence(event, actor, peers())).collect();
        // Side by side: they are durable together, and whoever waits for the claim waits for one write.
        for recorded in join_all(all.into_iter().map(|evidence| self.inner.audit.record(evidence))).await {
            let _ = recorded?;
        }
        let digests = signed.iter().map(|(event, _)| event.digest()).collect();
        self.write(&Record::Events(signed)).await?;
        self.show(whole.clone());
        self.tell(News::Case { case: name, events: digests, from: None });
        Ok(whole)
    }

    async fn write(&self, record: &Record) -> Result<(), CaseError> {
        let _ = self.inner.journal.append(KIND, wire::encode(record)).await?;
        Ok(())
    }

    fn show(&self, whole: Arc<Whole>) {
        self.inner.book.write().unwrap_or_else(PoisonError::into_inner).put(whole);
    }

    fn tell(&self, news: News) {
        // Nobody may be listening.
        let _ = self.inner.news.send(news);
    }

    /// Changes what is set.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn set(&self, settings: Settings, actor: Actor) -> Result<(), CaseError> {
        let evidence = Evidence::new(Act::CaseSettingsChanged, actor);
        self.change(Record::Settings(Box::new(settings)), evidence).await
    }

    /// A study of ours needs no request.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn dismiss(&self, study: Uid, reason: &str, actor: Actor) -> Result<(), CaseError> {
        let evidence = Evidence::new(Act::CaseChanged, actor).study(&study).note("this study needs no request");
        self.change(Record::Dismissed { study, reason: reason.to_owned(), at: tasks::now() }, evidence).await
    }

    async fn change(&self, record: Record, evidence: Evidence) -> Result<(), CaseError> {
        self.remember(record, evidence).await?;
        self.tell(News::Settings);
        Ok(())
    }

    /// As [`Self::change`], of what is no news to anybody.
    async fn remember(&self, record: Record, evidence: Evidence) -> Result<(), CaseError> {
        let this = self.clone();
        self.finish(async move {
            let _writing = this.inner.writing.lock().await;
            let _ = this.inner.audit.record(evidence).await?;
            this.write(&record).await?;
            this.inner.book.write().unwrap_or_else(PoisonError::into_inner).change(record);
            Ok(())
        })
        .await
    }

    /// Somebody who has the claim looked at it, or wrote.
    pub(crate) fn touch(&self, whole: &Whole, person: &str) {
        if whole.is_claimed_by(&self.us(), person) {
            let mut active = self.inner.active.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = active.insert(whole.name(), tasks::now());
        }
    }

    /// When that was, as far as was seen since the start.
    pub(crate) fn active(&self, case: &Id128) -> Timestamp {
        let active = self.inner.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.get(case).copied().unwrap_or(Timestamp(0))
    }

    /// The draft that somebody may go on with: their own, or, for who has the claim, what was left behind.
    ///
    /// # Errors
    /// [`DraftError`].
    pub(crate) async fn draft(&self, case: Id128, person: String) -> Result<Option<Draft>, CaseError> {
        let whole = self.case(&case).ok_or(CaseError::NoCase)?;
        let has_claim = whole.is_claimed_by(&self.us(), &person);
        let this = self.clone();
        self.blocking(move || this.inner.drafts.of(&case, &person, has_claim)).await
    }

    /// Keeps a draft, sealed. Durable when it returns.
    ///
    /// # Errors
    /// [`DraftError::Stale`] when a newer one of the same person is kept.
    pub(crate) async fn keep_draft(&self, case: Id128, draft: Draft) -> Result<(), CaseError> {
        let _ = self.case(&case).ok_or(CaseError::NoCase)?;
        let this = self.clone();
        self.blocking(move || this.inner.drafts.keep(&case, draft)).await
    }

    /// Forgets somebody's draft; of `None`, all of the case.
    ///
    /// # Errors
    /// [`DraftError`].
    pub(crate) async fn drop_draft(&self, case: Id128, person: Option<String>) -> Result<(), CaseError> {
        let this = self.clone();
        self.blocking(move || this.inner.drafts.drop_of(&case, person.as_deref())).await
    }

    /// Seals drafts anew that are sealed under the root before.
    ///
    /// # Errors
    /// [`DraftError`].
    pub(crate) async fn reseal_drafts(&self) -> Result<(), CaseError> {
        let cases: Vec<Id128> = self.book().all().map(|whole| whole.name()).collect();
        let this = self.clone();
        self.blocking(move || this.inner.drafts.reseal(&cases)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, DraftError> + Send + 'static,
    ) -> Result<T, CaseError> {
        let done = self.inner.tasks.spawn_blocking("draft", work).await.map_err(|_| CaseError::Stopping)?;
        Ok(done?)
    }
}

/// What of an event is written down, once for each other site: whoever it is told to countersigns it.
fn evidence<'a>(event: &Event, actor: &Actor, others: impl Iterator<Item = &'a SiteId>) -> Vec<Evidence> {
    let digest: String = event.digest().to_string().chars().take(12).collect();
    let note = noted(event, &digest);
    let one = Evidence::new(Act::CaseChanged, actor.clone()).basis(event.case).note(note);
    let told: Vec<Evidence> = others.map(|site| one.clone().peer(*site)).collect();
    if told.is_empty() { vec![one] } else { told }
}

/// What a log says of an event: its word and what names it; of what goes beyond a person's credentials, and of a case that is
/// moved, the reason as well.
fn noted(event: &Event, digest: &str) -> String {
    match &event.step {
        Step::Uncovered { reason } => format!("{}: {digest}: {reason}", step_word(&event.step)),
        Step::Regulated { from, to, reason } => {
            format!("{}: {digest}: {from} → {to}: {reason}", step_word(&event.step))
        }
        step => format!("{}: {digest}", step_word(step)),
    }
}

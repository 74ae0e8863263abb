//! One patient's studies everywhere: ours, those that peers told us of, and what peers answer when they are asked now.
//!
//! What is known here is told at once; each peer's answer as it comes. A study that several sites have is one row. A peer that
//! does not answer within two seconds is named, and so is one that may not be asked. Whoever stops listening stops the
//! questions. Priors are those rows that are of the patient for certain ([`same`]).
//!
//! # At a crash
//! Nothing is kept but candidates and links by the strict rule, which `links` has.
//!
//! # Not here
//! Opening what was found: [`super::Studies::open`]. The question between sites: `overlay`.

mod ahead;
mod live;
mod same;

pub(crate) use ahead::AheadFigures;
pub(crate) use live::{Live, Silent};
pub(crate) use same::{Is, Whose};

use super::{FoundStudy, Shared, Studies, StudyError, find};
use crate::{
    archive::{StudyQuery, StudyRow},
    links::Pair,
    overlay::{HistoryAnswer, RemoteStudy},
    sources::Nearline,
    trust::{Action, Person},
};
use ahead::Brought;
use futures::StreamExt;
use live::{Asked, Searches};
use protocol::{
    Refusal, SiteId, Uid,
    history::IDENTIFIERS_MAX,
    identity::{Identifier, Standing},
    ids::Id128,
    manifest::Patient,
    priors::{self, Looked},
};
use same::Vouched;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};
use tokio::sync::mpsc;

/// Rows of one history: several times what any patient has.
const ROWS_MAX: usize = 1_000;
/// Own studies looked at for one identifier.
const LOOKED_AT_MAX: usize = 10_000;
/// Peers asked at once.
const PEERS_MAX: usize = 512;
/// Candidates noted of one history: more look alike only where nothing is told but a name that many bear.
const CANDIDATES_MAX: usize = 20;
/// Characters of an identifier that is asked for, of who issued it.
const LINE_MAX: usize = 256;
/// Lines waiting for a slow reader before the questions themselves wait.
const LINES_WAITING: usize = 64;

/// What is remembered for histories.
#[derive(Debug)]
pub(super) struct Memory {
    vouched: Vouched,
    pub(super) brought: Brought,
    searches: Searches,
    /// How sure this site is of whom the national number in its images means.
    national_identity: Option<Standing>,
}

impl Memory {
    pub(super) fn of(national_identity: Option<Standing>) -> Self {
        let (vouched, brought, searches) = (Vouched::default(), Brought::default(), Searches::default());
        Self { vouched, brought, searches, national_identity }
    }
}

/// Whose history, and what is being read.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) whose: Whose,
    /// By what the others are ranked.
    pub(crate) current: Option<StudyRow>,
}

/// A study of the history.
#[derive(Clone, Debug)]
pub(crate) struct HistoryRow {
    pub(crate) found: FoundStudy,
    /// Who has it, we first; `None`: we.
    pub(crate) holders: Vec<(Option<SiteId>, String)>,
    pub(crate) is: Is,
    /// The identifier by which it could be linked.
    pub(crate) identifier: Option<Identifier>,
    /// How much it helps to read the current one.
    pub(crate) relevance: u8,
}

/// How a site answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteState {
    Answered,
    Refused(Refusal),
    /// Not connected, or silent for too long.
    Away,
    /// It does not know the question: what it has is in the list as far as it told.
    Unknown,
}

/// What is told of a history.
#[derive(Clone, Debug)]
pub(crate) enum HistoryLine {
    /// Sites that are asked.
    Asking(Vec<(SiteId, String)>),
    /// A row, or a newer state of it.
    Study(Box<HistoryRow>),
    /// A site; `None`: we, with all that is known here.
    Site { site: Option<SiteId>, name: String, state: SiteState, studies: usize, after_ms: u64 },
    /// All that will come has come. Whether there is more than was told.
    End { more: bool },
}

type Lines = mpsc::Sender<HistoryLine>;

/// A study as far as it is known.
#[derive(Clone, Debug, Default)]
struct Entry {
    own: Option<StudyRow>,
    /// In the PACS beside us.
    nearline: Option<Nearline>,
    told: Vec<RemoteStudy>,
}

impl Entry {
    fn ours(&self) -> Option<&StudyRow> {
        self.own.as_ref().or_else(|| self.nearline.as_ref().map(|nearline| &nearline.row))
    }
}

/// What is known, by study.
#[derive(Debug, Default)]
struct Known {
    entries: BTreeMap<Uid, Entry>,
    more: bool,
}

impl Known {
    fn room_for(&mut self, study: &Uid) -> bool {
        let has = self.entries.len() < ROWS_MAX || self.entries.contains_key(study);
        self.more |= !has;
        has
    }
}

/// Days since 1970-01-01 of a Study Date.
fn day(row: &StudyRow) -> Option<i64> {
    let date: jiff::civil::Date = jiff::civil::Date::strptime("%Y%m%d", row.date.as_deref()?).ok()?;
    Some(i64::from((date - jiff::civil::date(1970, 1, 1)).get_days()))
}

fn looked(row: &StudyRow) -> Looked<'_> {
    let (modalities, regions) = (&row.modalities, &row.body_parts);
    Looked { modalities, regions, description: row.description.as_deref(), day: day(row) }
}

impl Shared {
    fn whose_own(&self, row: &StudyRow) -> Whose {
        let national = row.national();
        let standing = self.history.national_identity.filter(|_| national.is_some());
        Whose::of(&row.patient, &self.site_name, None).identified(standing, national)
    }

    fn whose_told(&self, told: &RemoteStudy, holder_name: &str) -> Whose {
        // Said of the card as it was before, it may be somebody else's.
        let said = told.identified.as_ref().filter(|said| said.version == told.card.version);
        let whose = Whose::of(&told.card.patient, holder_name, Some(told.holder));
        let mut whose = whose.identified(said.map(|said| said.standing), said.and_then(|said| said.national.clone()));
        if whose.identifiers.is_empty() {
            whose.identifiers.extend(self.history.vouched.of(told.holder, &told.card.study, told.card.version));
        }
        whose
    }

    fn sides(&self, entry: &Entry) -> Vec<Whose> {
        let own = entry.ours().map(|row| self.whose_own(row));
        let told = entry.told.iter().map(|told| self.whose_told(told, &self.site_name_of(&told.holder)));
        own.into_iter().chain(told).collect()
    }

    fn is_to(&self, meant: &Whose, entry: &Entry) -> Is {
        let uncertain = entry.ours().is_some_and(|row| row.patient_conflict);
        match same::compare(meant, &self.sides(entry), &self.links) {
            // It came under two identities.
            is if uncertain && (is.is_prior() || matches!(is, Is::Strict(_))) => {
                Is::Candidate { differs: Vec::new(), link: None, state: None }
            }
            is => is,
        }
    }

    fn history_row(&self, subject: &Subject, entry: &Entry) -> Option<HistoryRow> {
        let is = self.is_to(&subject.whose, entry);
        if is == Is::Other {
            return None;
        }
        let is_near = |told: &&RemoteStudy| {
            self.overlay.contact(&told.holder).connected || self.transfer.is_connected(&told.holder)
        };
        let best = entry.told.iter().find(is_near).or_else(|| entry.told.first());
        let found = match (&entry.nearline, best) {
            (Some(nearline), None) if entry.own.is_none() => self.nearline(nearline.clone()),
            _ => self.found(entry.own.clone(), best)?,
        };
        let own = entry.ours().into_iter().map(|_| (None, self.site_name.clone()));
        let told = entry.told.iter().map(|told| (Some(told.holder), self.site_name_of(&told.holder)));
        let current = subject.current.as_ref();
        let relevance = current.map_or(0, |current| priors::relevance(&looked(current), &looked(&found.row)));
        let identifier = self.sides(entry).into_iter().find_map(|side| side.identifiers.into_iter().next());
        Some(HistoryRow { holders: own.chain(told).collect(), found, is, identifier, relevance })
    }

    /// All that is known here of a patient. Blocks on the index.
    fn known_of(&self, meant: &Whose) -> Result<Known, StudyError> {
        let mut known = Known::default();
        let linked = meant.identifiers.iter().flat_map(|one| self.links.confirmed(one));
        let identifiers: BTreeSet<Identifier> = meant.identifiers.iter().cloned().chain(linked).collect();
        for identifier in &identifiers {
            let query = StudyQuery { patient_id: Some(identifier.id.clone()), ..StudyQuery::default() };
            let is_it = |row: &StudyRow| self.whose_own(row).identifiers.contains(identifier);
            let rows = self.archive.studies(&query, 0, LOOKED_AT_MAX).map_err(StudyError::internal)?;
            for row in rows.into_iter().filter(is_it) {
                if known.room_for(&row.study) {
                    let entry = known.entries.entry(row.study.clone()).or_default();
                    entry.own = Some(row);
                }
            }
            for nearline in self.sources.nearline(&query, false).into_iter().filter(|nearline| is_it(&nearline.row)) {
                if known.room_for(&nearline.row.study) {
                    let entry = known.entries.entry(nearline.row.study.clone()).or_default();
                    entry.nearline = Some(nearline);
                }
            }
        }
        // Of peers' studies those count that are the patient's or look alike.
        let mut names: HashMap<SiteId, String> = HashMap::new();
        for told in self.overlay.remote_studies() {
            let name = names.entry(told.holder).or_insert_with(|| self.site_name_of(&told.holder));
            let study = told.card.study.clone();
            let is_known = known.entries.contains_key(&study);
            let is = || same::compare(meant, &[self.whose_told(&told, name)], &self.links);
            if is_known || (is() != Is::Other && known.room_for(&study)) {
                let entry = known.entries.entry(study.clone()).or_default();
                if entry.own.is_none() {
                    entry.own = self.archive.study(&study).map_err(StudyError::internal)?;
                }
                entry.told.push(told);
            }
        }
        Ok(known)
    }
}

impl Studies {
    /// Whose a study is, to ask for the history of; ours before a peer's.
    ///
    /// # Errors
    /// [`StudyError::NotFound`].
    pub(crate) fn subject(&self, study: &Uid) -> Result<Subject, StudyError> {
        let shared = &self.shared;
        let own = shared.archive.study(study).map_err(StudyError::internal)?;
        if let Some(row) = own {
            return Ok(Subject { whose: shared.whose_own(&row), current: Some(row) });
        }
        if let Some(told) = shared.told_best(study) {
            let row = find::row_of(&told, &shared.site_name_of(&told.holder));
            let whose = shared.whose_told(&told, &shared.site_name_of(&told.holder));
            return Ok(Subject { whose, current: Some(row) });
        }
        let nearline = shared.sources.nearline_study(study, false).ok_or(StudyError::NotFound)?;
        Ok(Subject { whose: shared.whose_own(&nearline.row), current: Some(nearline.row) })
    }

    /// A patient by what is known of them beside any study. `more`: identifiers beside that of the patient.
    pub(crate) fn subject_of(&self, patient: &Patient, more: Vec<Identifier>, site: Option<SiteId>) -> Subject {
        let mut whose = Whose::of(patient, &self.shared.site_name, site);
        whose.identifiers.extend(more.into_iter().filter(|one| !one.id.is_empty() && !one.issuer.is_empty()));
        Subject { whose, current: None }
    }

    /// Tells a patient's history, as it becomes known. `is_live`: peers are asked, too.
    ///
    /// # Errors
    /// [`StudyError::Refused`] when the role does not read studies.
    pub(crate) fn history(
        &self,
        person: &Person,
        subject: Subject,
        is_live: bool,
    ) -> Result<mpsc::Receiver<HistoryLine>, StudyError> {
        if !person.allows(Action::ReadStudies) {
            return Err(StudyError::Refused(Refusal::Role));
        }
        let (lines, told) = mpsc::channel(LINES_WAITING);
        let (this, person) = (self.clone(), person.clone());
        self.shared.tasks.spawn("history", async move {
            let gone = lines.clone();
            let telling = Box::pin(this.tell_history(&person, &subject, is_live, &lines));
            tokio::select! {
                () = gone.closed() => {}
                () = this.shared.tasks.stopping() => {}
                // Whoever listens no more hears of nothing.
                _ = telling => {}
            }
        });
        Ok(told)
    }

    async fn tell_history(&self, person: &Person, subject: &Subject, is_live: bool, lines: &Lines) -> Option<()> {
        let (shared, began) = (&self.shared, Instant::now());
        let (looking, meant) = (shared.clone(), subject.whose.clone());
        let looked = shared.tasks.spawn_blocking("history", move || looking.known_of(&meant)).await;
        let mut known = match looked {
            Ok(Ok(known)) => known,
            Ok(Err(why)) => {
                tracing::error!(%why, "what is known of a patient cannot be read");
                Known { more: true, ..Known::default() }
            }
            Err(_) => return None,
        };
        let mut rows: Vec<HistoryRow> =
            known.entries.values().filter_map(|entry| shared.history_row(subject, entry)).collect();
        self.assert_links(subject, &known, &mut rows).await;
        self.note_candidates(&subject.whose, &rows).await;
        let studies = rows.len();
        for row in rows {
            lines.send(HistoryLine::Study(Box::new(row))).await.ok()?;
        }
        let name = shared.site_name.clone();
        let after_ms = millis(began);
        let here = HistoryLine::Site { site: None, name, state: SiteState::Answered, studies, after_ms };
        lines.send(here).await.ok()?;
        if is_live && !subject.whose.identifiers.is_empty() {
            self.ask_all(person, subject, &mut known, lines).await?;
        }
        lines.send(HistoryLine::End { more: known.more }).await.ok()
    }

    /// Links that the strict rule holds of come by themselves; their rows are told as linked.
    async fn assert_links(&self, subject: &Subject, known: &Known, rows: &mut [HistoryRow]) {
        for row in rows {
            let Is::Strict(pair) = &row.is else { continue };
            if let Err(why) = self.shared.links.assert((**pair).clone()).await {
                tracing::warn!(%why, "a link by the strict rule is not asserted");
            }
            if let Some(entry) = known.entries.get(&row.found.row.study) {
                row.is = self.shared.is_to(&subject.whose, entry);
            }
        }
    }

    /// Pairs that look alike wait for somebody who compares them.
    async fn note_candidates(&self, meant: &Whose, rows: &[HistoryRow]) {
        let Some(ours) = meant.identifiers.first() else { return };
        let pair = |row: &HistoryRow| {
            let peer = row.holders.iter().find_map(|(site, _)| *site)?;
            let is_new = matches!(row.is, Is::Candidate { link: None, .. });
            let theirs = row.identifier.clone().filter(|theirs| is_new && !meant.identifiers.contains(theirs))?;
            Some(Pair { ours: ours.clone(), theirs, peer })
        };
        let pairs: Vec<Pair> = rows.iter().filter_map(pair).take(CANDIDATES_MAX).collect();
        if let Err(why) = self.shared.links.note(pairs).await {
            tracing::warn!(%why, "candidates are not noted");
        }
    }

    /// Asks all peers side by side.
    async fn ask_all(&self, person: &Person, subject: &Subject, known: &mut Known, lines: &Lines) -> Option<()> {
        let (shared, peers) = (&self.shared, self.peers());
        lines.send(HistoryLine::Asking(peers.clone())).await.ok()?;
        let own = subject.whose.identifiers.iter();
        let linked = own.clone().flat_map(|one| shared.links.confirmed(one));
        let mut patient: Vec<Identifier> = own.cloned().chain(linked).collect();
        patient.truncate(IDENTIFIERS_MAX);
        let mut answers = self.ask(person, peers, &patient);
        while let Some(Asked { site, name, answer, began }) = answers.next().await {
            let (state, studies) = match answer {
                HistoryAnswer::Told(told, more) => {
                    known.more |= more;
                    let count = told.len();
                    let mut rows = self.take_answer(subject, known, &patient, told);
                    self.assert_links(subject, known, &mut rows).await;
                    for row in rows {
                        lines.send(HistoryLine::Study(Box::new(row))).await.ok()?;
                    }
                    (SiteState::Answered, count)
                }
                HistoryAnswer::Refused(refusal) => (SiteState::Refused(refusal), 0),
                HistoryAnswer::Away => (SiteState::Away, 0),
                HistoryAnswer::Unknown => (SiteState::Unknown, 0),
            };
            let line = HistoryLine::Site { site: Some(site), name, state, studies, after_ms: millis(began) };
            lines.send(line).await.ok()?;
        }
        Some(())
    }

    /// Rows that are other than they were told before.
    fn take_answer(
        &self,
        subject: &Subject,
        known: &mut Known,
        asked: &[Identifier],
        told: Vec<(usize, RemoteStudy)>,
    ) -> Vec<HistoryRow> {
        let (shared, mut rows) = (&self.shared, Vec::new());
        for (of, remote) in told {
            let Some(identifier) = asked.get(of) else { continue };
            let (study, holder) = (remote.card.study.clone(), remote.holder);
            if !shared.vouch(&remote, identifier) || !known.room_for(&study) {
                continue;
            }
            let entry = known.entries.entry(study.clone()).or_default();
            if entry.told.iter().any(|known| known.holder == holder) {
                continue;
            }
            if entry.own.is_none() {
                entry.own = shared.archive.study(&study).ok().flatten();
            }
            entry.told.push(remote);
            rows.extend(shared.history_row(subject, entry));
        }
        rows
    }

    /// Whether `other` may stand beside `first` in a reading context, and by which link.
    ///
    /// # Errors
    /// What is not equal, in words for programs.
    pub(crate) fn stands_beside(&self, first: &Uid, other: &Uid) -> Result<Option<Id128>, Vec<&'static str>> {
        let meant = self.subject(first).map_err(|_| vec!["study"])?;
        let shared = &self.shared;
        let own = shared.archive.study(other).ok().flatten();
        let nearline = shared.sources.nearline_study(other, false);
        let entry = Entry { own, nearline, told: shared.overlay.holders(other) };
        match shared.is_to(&meant.whose, &entry) {
            Is::Same => Ok(None),
            Is::Linked(link) => Ok(Some(link)),
            Is::Candidate { differs, .. } if !differs.is_empty() => Err(differs.into_iter().map(word).collect()),
            Is::Strict(_) | Is::Candidate { .. } | Is::Other => Err(vec!["identifier"]),
        }
    }

    /// The link is no longer: what was put together by it falls apart.
    pub(crate) fn part(&self, link: &Id128) {
        self.contexts.part(link);
    }
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The word of a trait, for programs.
pub(crate) const fn word(of: protocol::identity::Trait) -> &'static str {
    use protocol::identity::Trait as T;
    match of {
        T::National => "national",
        T::Identifier => "identifier",
        T::Name => "name",
        T::FirstName => "first-name",
        T::NamesSwapped => "names-swapped",
        T::BirthDate => "birth-date",
        T::Sex => "sex",
        T::Birthplace => "birthplace",
    }
}

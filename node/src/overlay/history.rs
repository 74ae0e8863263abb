//! One patient's studies, asked of a peer and told to one.
//!
//! The holder finds whom the identifiers mean and tells of those studies that whoever asks could open now, and of nothing
//! else: not that there are others, nor why they are not told. What is asked and told is in both logs; whose studies it was is
//! in neither.
//!
//! # At a crash
//! The evidence is durable before a question or an answer leaves. Nothing else is kept.
//!
//! # Not here
//! Which identifiers are asked, and what is made of the answers: `studies`. Whether a study may be told: `trust`.

use super::{Inner, Overlay, RemoteStudy};
use crate::{
    archive::ArchiveError,
    audit::{Act, Actor, AuditError, Event, Outcome},
    pace::Pace,
    tasks,
    trust::{Caller, Held, TrustError},
};
use protocol::{
    Refusal, SiteId,
    agreement::Level,
    fetch::Reader,
    glass::Whom,
    history::{HistoryAsked, HistoryStudy, HistoryTold, STUDIES_MAX},
    limits::MESSAGE_BYTES_MAX,
    message::{Answer, Request},
    wire,
};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// A peer that has not answered by then is away: whoever reads is told so within two seconds.
const ANSWER_WAIT: Duration = Duration::from_millis(1_800);
/// A site's questions at once: the patients of a night's list …
const BURST: u32 = 200;
/// … and one more in so long: several people who look patients up by hand.
const EACH: Duration = Duration::from_millis(500);
/// Leaves room for the message around the studies of an answer.
const ANSWER_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 64 * 1024;

/// How often a peer may ask.
pub(super) fn pace() -> Pace<SiteId> {
    Pace::new(BURST, EACH)
}

/// What became of a question.
#[derive(Debug)]
pub(crate) enum HistoryAnswer {
    /// Studies, each with the place of its identifier in the question; and whether there are more.
    Told(Vec<(usize, RemoteStudy)>, bool),
    Refused(Refusal),
    /// It cannot be reached, or says nothing.
    Away,
    /// It does not know the question.
    Unknown,
}

impl Inner {
    /// A peer asks which studies of a patient its reader may open here.
    pub(super) async fn hear_history(
        self: &Arc<Self>,
        from: SiteId,
        asked: HistoryAsked,
    ) -> Result<Answer, TrustError> {
        if !asked.is_sound() {
            return Err(Refusal::Malformed.into());
        }
        if let Err(wait) = self.questions.patients.take(&from, Instant::now()) {
            self.alerts.security("more questions about patients than anybody has", from, None).await;
            return Err(Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)).into());
        }
        let actor =
            Actor { person: asked.person.clone(), role: asked.role.clone(), site: Some(from), ..Actor::default() };
        let event = Event::new(Act::HistoryTold, actor).peer(from);
        let basis = match self.trust.may_ask(&self.identity.site(), &from) {
            Ok(basis) => basis,
            Err(refusal) => {
                self.evidence(event.outcome(Outcome::Refused(refusal))).await?;
                return Err(refusal.into());
            }
        };
        let inner = self.clone();
        let told = match self.tasks.spawn_blocking("history", move || inner.history_for(&from, &asked)).await {
            Ok(Ok(told)) => told,
            Ok(Err(why)) => {
                tracing::error!(%why, "studies of a patient that a peer asks for cannot be looked up");
                return Err(Refusal::Internal.into());
            }
            Err(_) => return Err(Refusal::Busy(1000).into()),
        };
        self.evidence(event.basis(basis).note(format!("studies: {}", told.studies.len()))).await?;
        Ok(Answer::History(told))
    }

    async fn evidence(&self, event: Event) -> Result<(), TrustError> {
        self.audit.record(event).await.map(|_| ()).map_err(|why| {
            tracing::error!(%why, "no evidence, no answer");
            TrustError::from(Refusal::Internal)
        })
    }

    /// Blocks on the index.
    fn history_for(&self, from: &SiteId, asked: &HistoryAsked) -> Result<HistoryTold, ArchiveError> {
        let reader =
            Reader { person: asked.person.clone(), role: asked.role.clone(), copy: None, purpose: asked.purpose };
        let (mut told, mut known, mut bytes) = (HistoryTold::default(), HashSet::new(), 0);
        for (of, identifier) in (0u8..).zip(&asked.patient) {
            let whom = Whom::Identifier { issuer: identifier.issuer.clone(), id: identifier.id.clone() };
            for row in self.rows_of(&whom)? {
                let facts = self.archive.facts(&row)?;
                let caller = Caller::Reader(from, &reader);
                if !known.insert(row.study.clone())
                    || self.trust.would_authorize(&caller, &facts, &Held::Here, Level::Headers).is_err()
                {
                    continue;
                }
                let Some((card, basis, _)) = self.known().told(from, &row)? else { continue };
                let study = HistoryStudy { of, card: self.identity.seal(&card), basis };
                bytes +=
                    wire::encode(&Answer::History(HistoryTold { studies: vec![study.clone()], more: false })).len();
                if told.studies.len() >= STUDIES_MAX || bytes > ANSWER_BYTES_MAX {
                    told.more = true;
                    return Ok(told);
                }
                told.studies.push(study);
            }
        }
        Ok(told)
    }

    /// What a peer told, as far as it is its own and in force.
    fn believed(self: &Arc<Self>, holder: SiteId, asked: &HistoryAsked, told: HistoryTold) -> HistoryAnswer {
        if told.studies.len() > STUDIES_MAX {
            return HistoryAnswer::Refused(Refusal::Malformed);
        }
        let (mut studies, mut is_news) = (Vec::with_capacity(told.studies.len()), false);
        for HistoryStudy { of, card: signed, basis } in told.studies {
            let Ok(card) = signed.open(&holder) else { return HistoryAnswer::Refused(Refusal::Corrupt) };
            let of = usize::from(of);
            if card.custodian != holder || of >= asked.patient.len() {
                return HistoryAnswer::Refused(Refusal::Malformed);
            }
            if !self.trust.in_force(&holder, &basis) {
                continue;
            }
            let listed = self.directory.of_study(&self.trust, &card.study).into_iter().find(|row| row.holder == holder);
            is_news |= listed.is_none();
            // What is listed says where it lies, too.
            let remote = listed.unwrap_or_else(|| RemoteStudy {
                holder,
                card,
                basis,
                told: tasks::now(),
                nearline: None,
                utc_offset_min: None,
                identified: None,
                signature: signed.signature(),
            });
            studies.push((of, remote));
        }
        if is_news {
            self.pull(holder);
        }
        HistoryAnswer::Told(studies, told.more)
    }
}

impl Overlay {
    /// Asks a peer which studies of a patient may be opened there. `actor`: for whom, as it is written down.
    ///
    /// # Errors
    /// When the evidence cannot be written: nothing is asked then.
    pub(crate) async fn ask_history(
        &self,
        holder: SiteId,
        asked: &HistoryAsked,
        actor: Actor,
    ) -> Result<HistoryAnswer, AuditError> {
        let inner = &self.inner;
        let event = Event::new(Act::HistoryAsked, actor).peer(holder);
        let basis = match inner.trust.may_ask(&holder, &inner.identity.site()) {
            Ok(basis) => basis,
            // Nothing leaves.
            Err(refusal) => return Ok(HistoryAnswer::Refused(refusal)),
        };
        inner.audit.record(event.basis(basis)).await?;
        let request = Request::History(asked.clone());
        let answer = tokio::time::timeout(ANSWER_WAIT, inner.ask(holder, &request)).await.ok().flatten();
        Ok(match answer {
            Some(Answer::History(told)) => inner.believed(holder, asked, told),
            Some(Answer::Refused(Refusal::Malformed | Refusal::Version)) => HistoryAnswer::Unknown,
            Some(Answer::Refused(refusal)) => HistoryAnswer::Refused(refusal),
            Some(_) => HistoryAnswer::Unknown,
            None => HistoryAnswer::Away,
        })
    }
}

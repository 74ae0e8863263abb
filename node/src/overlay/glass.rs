//! Breaking the glass between sites: the holder finds the patient and opens by the agreement, with nobody awake; the reader
//! keeps what was opened.
//!
//! # At a crash
//! The holder's evidence is durable before it opens anything, and what it opened before it answers.
//!
//! # Not here
//! Whether it is allowed, and the review: `trust`. Whether the person is who they say: the door.

use super::{Inner, Overlay, OverlayError};
use crate::{
    archive::{ArchiveError, StudyQuery, StudyRow, same_name},
    audit::{Act, Actor, Event, Outcome},
    trust::{GlassAsked, GlassUse, TrustError},
};
use protocol::{
    Refusal, SiteId, Uid,
    glass::{GlassRequest, STUDIES_MAX, Whom},
    grant::Grant,
    message::{Answer, Request},
    signed::Signed,
};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

/// Studies looked at for one patient.
const LOOKED_AT_MAX: usize = 10_000;

impl Inner {
    /// A peer's person breaks the glass here.
    pub(super) async fn hear_glass(
        self: &Arc<Self>,
        from: SiteId,
        signed: Signed<GlassRequest>,
        patient: Whom,
    ) -> Result<Answer, TrustError> {
        // Whoever is named in what is not signed as it should be is not written down.
        let said = signed.open(&from).ok();
        let event = || {
            let (person, role) =
                said.as_ref().map_or_else(Default::default, |request| (request.person.clone(), request.role.clone()));
            let event = Event::new(Act::GlassBroken, Actor { person, role, site: Some(from), ..Actor::default() });
            let event = event.peer(from).note(said.as_ref().map_or("", |request| request.reason.word()));
            match &said {
                Some(request) => event.basis(request.id),
                None => event,
            }
        };
        let request = match self.trust.judge_glass(&from, &signed, &patient) {
            Ok(GlassAsked::Known(grants)) => return Ok(Answer::Glass(grants)),
            Ok(GlassAsked::New(request)) => request,
            Err(refusal) => return self.refuse_glass(from, event(), refusal).await,
        };
        let inner = self.clone();
        let looking = self.tasks.spawn_blocking("glass", move || inner.studies_of(&patient));
        let studies = match looking.await {
            Ok(Ok(studies)) => studies,
            Ok(Err(why)) => {
                tracing::error!(%why, "the patient of an emergency could not be looked for");
                return Err(Refusal::Internal.into());
            }
            Err(_) => return Err(Refusal::Busy(1000).into()),
        };
        if studies.is_empty() {
            return self.refuse_glass(from, event(), Refusal::NotHeld).await;
        }
        let count = u64::try_from(studies.len()).unwrap_or(u64::MAX);
        let note = format!("{}, studies: {count}", request.reason.word());
        self.audit.record(event().note(note)).await.map_err(|why| {
            tracing::error!(%why, "no evidence, no emergency");
            Refusal::Internal
        })?;
        let grants = self.trust.open_glass(&from, signed, &studies).await?;
        tracing::warn!(peer = %from.short(), person = %request.person, studies = count, "the glass was broken");
        // Told at once; trust's own news goes through all studies.
        self.feed_work(move |inner| {
            let mut news = BTreeSet::new();
            for study in &studies {
                news.extend(inner.feeds.study_changed(study, inner.known())?);
            }
            Ok(news.into_iter().collect())
        })
        .await;
        Ok(Answer::Glass(grants))
    }

    /// What was asked within bounds is written down one by one; beyond them, and what is no request, within shares.
    async fn refuse_glass(&self, from: SiteId, event: Event, refusal: Refusal) -> Result<Answer, TrustError> {
        match refusal {
            Refusal::NotPermitted | Refusal::NotHeld => self.record(event.outcome(Outcome::Refused(refusal))).await,
            Refusal::Busy(_) => self.alerts.security("more emergencies than there can be", from, None).await,
            _ => {}
        }
        Err(refusal.into())
    }

    /// All studies of whom is meant, newest first, here and in the PACS beside us as far as peers may be told of it; not those of
    /// which it is not certain whose they are. Blocks on the index.
    pub(super) fn rows_of(&self, whom: &Whom) -> Result<Vec<StudyRow>, ArchiveError> {
        let query = match whom {
            Whom::Identifier { id, .. } => {
                StudyQuery { patient_id: Some(id.trim().to_owned()), ..StudyQuery::default() }
            }
            Whom::Traits { birth_date, .. } => {
                StudyQuery { birth_date: Some(birth_date.clone()), ..StudyQuery::default() }
            }
        };
        let mut rows = self.archive.studies(&query, 0, LOOKED_AT_MAX)?;
        let known: HashSet<Uid> = rows.iter().map(|row| row.study.clone()).collect();
        let beside = self.sources.nearline(&query, true).into_iter().map(|nearline| nearline.row);
        rows.extend(beside.filter(|row| !known.contains(&row.study)));
        // Of a study that came under two identities it is not certain whose it is.
        rows.retain(|row| !row.patient_conflict && is_of(row, whom, &self.config.site.name));
        Ok(rows)
    }

    /// Studies of one patient that an emergency may open, newest first; none where it is not certain who is meant. Blocks
    /// on the index.
    fn studies_of(&self, whom: &Whom) -> Result<Vec<Uid>, ArchiveError> {
        let rows = self.rows_of(whom)?;
        let patients: BTreeSet<_> =
            rows.iter().map(|row| (row.patient.id.clone(), row.patient.issuer.clone())).collect();
        if patients.len() > 1 {
            return Ok(Vec::new());
        }
        let mut studies = Vec::new();
        for row in rows.into_iter().take(STUDIES_MAX) {
            if self.archive.facts(&row)?.withheld.lets_break_glass() {
                studies.push(row.study);
            }
        }
        Ok(studies)
    }
}

fn is_of(row: &StudyRow, whom: &Whom, site_name: &str) -> bool {
    let patient = &row.patient;
    match whom {
        Whom::Identifier { issuer, id } => {
            let of_row = patient.issuer.as_deref().unwrap_or(site_name);
            of_row == issuer.trim() && patient.id.as_deref() == Some(id.trim())
        }
        Whom::Traits { name, birth_date, sex } => {
            patient.name.as_deref().is_some_and(|known| same_name(known, name.trim()))
                && patient.birth_date.as_ref() == Some(birth_date)
                && patient.sex.as_ref() == Some(sex)
        }
    }
}

impl Overlay {
    /// Says to a holder that a person here breaks the glass. What it opens counts once it is kept.
    ///
    /// # Errors
    /// [`OverlayError::Trust`] with the holder's refusal; [`OverlayError::Unreachable`].
    pub(crate) async fn ask_glass(
        &self,
        holder: SiteId,
        signed: Signed<GlassRequest>,
        patient: Whom,
    ) -> Result<Vec<Signed<Grant>>, OverlayError> {
        match self.inner.ask(holder, &Request::BreakGlass { request: signed, patient }).await {
            Some(Answer::Glass(grants)) => Ok(grants),
            Some(Answer::Refused(refusal)) => Err(TrustError::from(refusal).into()),
            Some(_) => Err(TrustError::from(Refusal::Malformed).into()),
            None => Err(OverlayError::Unreachable),
        }
    }

    /// Keeps what a holder opened. Its cards are pulled at once.
    ///
    /// # Errors
    /// When it is not what was asked for, or cannot be recorded.
    pub(crate) async fn keep_glass(
        &self,
        holder: SiteId,
        signed: Signed<GlassRequest>,
        grants: Vec<Signed<Grant>>,
    ) -> Result<GlassUse, OverlayError> {
        let used = self.inner.trust.keep_glass(&holder, signed, grants).await?;
        self.inner.pull(holder);
        Ok(used)
    }

    /// What is held back of studies of ours is other than it was: all that peers are told is looked at again.
    pub(crate) fn look_again(&self) {
        self.inner.look_again();
    }
}

//! Watching over the second copy that a peer keeps of ours.
//!
//! # Not here
//! Giving it the files: `transfer`, by its own asking.

use super::{Inner, Spare, SpareError, Turn, node_event};
use crate::{
    audit::{Act, Outcome},
    backup::Proved,
    tasks,
    transfer::TransferError,
};
use protocol::{
    Digest, Refusal, SiteId,
    keeping::{Ask, Keeping},
};
use std::sync::Arc;

/// Files asked for once a day.
const PROVED_DAILY: usize = 16;
/// Files asked for at once by an administrator, at most.
const PROVED_MAX: usize = 1024;
/// A larger file is not asked for: to read it takes longer than an answer may. It was compared when it came.
const PROVED_BYTES_MAX: u64 = 256 << 20;
const DAY_MS: u64 = 86_400_000;

/// Why a file is not proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unproved {
    /// The keeper says that it is not there, or was not what it should be. It fetches it again.
    Missing,
    /// The keeper's answer is wrong: it does not have the bytes, and did not say so.
    Wrong,
}

impl Inner {
    /// Lists what is new of the backup, and has keepers prove once a day that they have it.
    pub(super) fn own(self: Arc<Self>) {
        let keepers: Vec<(SiteId, Keeping)> = self
            .trust
            .peers()
            .into_iter()
            .filter_map(|peer| Some((peer.site, self.trust.keeping(&peer.site, false)?)))
            .collect();
        let us = self.identity.site();
        let Some(turn) = self.begin(us).filter(|_| !keepers.is_empty()) else { return };
        let tasks = self.tasks.clone();
        tasks.spawn("spare.own", async move {
            let second = self.second.clone();
            if let Err(error) = self.blocking("spare list", move || second.publish()).await {
                tracing::warn!(%error, "the folder of the backup is not there: the second copy is not brought up to date");
            }
            for (keeper, keeping) in keepers {
                let told = self.second.told(&keeper);
                let is_whole = told.standing.is_some_and(|(standing, _)| standing.whole.is_some());
                let is_due =
                    told.proved.is_none_or(|proved| tasks::now().0 >= proved.at.0.saturating_add(DAY_MS));
                if is_whole
                    && is_due
                    && self.transfer.is_connected(&keeper)
                    && let Err(error) = self.prove(&keeper, &keeping, PROVED_DAILY).await
                {
                    tracing::info!(peer = %keeper.short(), %error, "the second copy was not proved");
                }
            }
            drop::<Turn>(turn);
        });
    }

    async fn prove(&self, keeper: &SiteId, keeping: &Keeping, files: usize) -> Result<Proved, SpareError> {
        let second = self.second.clone();
        let sample = self.blocking("spare sample", move || Ok(second.sample(files.min(PROVED_MAX)))).await?;
        if sample.is_empty() {
            return Err(SpareError::NoList);
        }
        let mut proved = Proved { at: tasks::now(), files: 0, bad: 0 };
        let mut wrong = 0;
        for (page, place, file) in sample.into_iter().filter(|(_, _, file)| file.bytes <= PROVED_BYTES_MAX) {
            let key = Digest(rand::random());
            let (second, ours) = (self.second.clone(), file.clone());
            let Some(expected) = self.blocking("spare expect", move || Ok(second.expected(&ours, &key))).await? else {
                // Our own file is not there: the disk of the backup was taken away, or it is hurt.
                continue;
            };
            let answer = match self.transfer.ask_kept(keeper, keeping, Ask::Prove { page, place, key }).await {
                Ok(answer) if *answer == expected.0 => None,
                Ok(_) => Some(Unproved::Wrong),
                Err(TransferError::Refused(Refusal::NotHeld | Refusal::Corrupt)) => Some(Unproved::Missing),
                Err(error) => return Err(error.into()),
            };
            proved.files += 1;
            proved.bad += u64::from(answer.is_some());
            wrong += u64::from(answer == Some(Unproved::Wrong));
        }
        let (second, of) = (self.second.clone(), *keeper);
        self.blocking("spare proved", move || {
            second.note_proved(&of, proved);
            Ok(())
        })
        .await?;
        let note = format!(
            "{} of {} files drawn at random are there, as they were signed",
            proved.files - proved.bad,
            proved.files
        );
        let outcome = if proved.bad == 0 { Outcome::Done } else { Outcome::Failed };
        self.record(node_event(Act::BackupProved, *keeper).basis(keeping.id).outcome(outcome).note(note)).await;
        if wrong > 0 {
            let note = format!("the keeper of the second copy answered {wrong} times for bytes that it does not have");
            self.record(node_event(Act::SecurityAlert, *keeper).outcome(Outcome::Failed).note(note)).await;
        }
        Ok(proved)
    }
}

impl Spare {
    /// Has a keeper prove that it has so many files of our backup, drawn at random.
    ///
    /// # Errors
    /// [`SpareError::NoKeeping`], [`SpareError::NoList`]; when it cannot be reached.
    pub(crate) async fn prove(&self, keeper: &SiteId, files: usize) -> Result<Proved, SpareError> {
        let keeping = self.inner.trust.keeping(keeper, false).ok_or(SpareError::NoKeeping)?;
        self.inner.prove(keeper, &keeping, files).await
    }
}

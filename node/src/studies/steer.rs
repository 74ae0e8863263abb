//! Transfers from peers held up, let go on, called off; and told of before they begin.
//!
//! What somebody looks at comes in any case: nobody waits for an image because an administrator needed the link.
//!
//! # At a crash
//! A transfer that was paused is not under way after a start: it goes on with the next who reads it.
//!
//! # Not here
//! The queue: `transfer`. What was measured of the peers: there too.

use super::{FoundStudy, Studies, StudyError};
use crate::{
    audit::{Act, Event},
    studies::{GivenTotal, LinkRow, OutgoingRow},
    transfer::Trial,
    trust::Person,
};
use protocol::{SiteId, Uid, roads::RoadKind};

/// What is done with a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steering {
    Pause,
    Resume,
    Cancel,
}

impl Steering {
    const fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }
}

/// What opening a study will take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Forecast {
    pub(crate) holder: SiteId,
    pub(crate) site_name: String,
    pub(crate) instances: u32,
    pub(crate) bytes: u64,
    /// Of these here already, about.
    pub(crate) bytes_here: u64,
    pub(crate) is_connected: bool,
    /// The word of the road; `none`: there is none now.
    pub(crate) road: &'static str,
    /// `None`: nothing is known of the link.
    pub(crate) first_s: Option<f64>,
    /// Of one that is coming, by the rate at which it comes.
    pub(crate) whole_s: Option<f64>,
}

impl Studies {
    /// Steers the transfer of a peer's study that somebody has open.
    ///
    /// # Errors
    /// [`StudyError::NotFound`] where none is under way; [`StudyError::Internal`] when it cannot be written down.
    pub(crate) async fn steer(
        &self,
        person: &Person,
        (holder, study): (&SiteId, &Uid),
        steering: Steering,
    ) -> Result<(), StudyError> {
        let copies = self.kept.copies();
        let copy = copies.into_iter().find(|copy| copy.holder == *holder && copy.study == *study);
        let copy = copy.ok_or(StudyError::NotFound)?;
        let event = Event::new(Act::TransferSteered, person.actor()).study(study).peer(*holder).note(steering.word());
        self.shared.audit.record(event).await.map_err(StudyError::internal)?;
        match steering {
            Steering::Pause => copy.errand.pause(),
            Steering::Resume => copy.errand.resume(),
            Steering::Cancel => copy.call_off(),
        }
        self.shared.tell_progress(&copy);
        Ok(())
    }

    /// What opening a study as found will take; `None` of one that is here.
    pub(crate) fn foresee(&self, found: &FoundStudy) -> Option<Forecast> {
        let shared = &self.shared;
        let told = shared.told_best(&found.row.study)?;
        let card = &told.card;
        let here = shared.cache.kept(&told.holder, &card.study);
        // Sealed chunks are a little larger than what they hold.
        let bytes_here = here.bytes.min(card.bytes);
        let image = card.bytes / u64::from(card.instances.max(1));
        let left = card.bytes.saturating_sub(bytes_here);
        let foresight = shared.transfer.foresee(&told.holder, (image.min(left), left));
        let copies = self.kept.copies();
        let coming = copies.iter().find(|copy| copy.holder == told.holder && copy.study == card.study);
        let measured = coming.and_then(|copy| shared.seconds_left(copy));
        Some(Forecast {
            holder: told.holder,
            site_name: shared.site_name_of(&told.holder),
            instances: card.instances,
            bytes: card.bytes,
            bytes_here,
            is_connected: shared.transfer.is_connected(&told.holder),
            road: shared.transfer.link(&told.holder).and_then(|link| link.road).map_or("none", RoadKind::word),
            first_s: foresight.map(|f| f.first_s),
            whole_s: measured.or_else(|| foresight.map(|f| f.whole_s)),
        })
    }

    /// The lines to the peers, by name.
    pub(crate) fn links(&self) -> Vec<(String, LinkRow)> {
        let links = self.shared.transfer.links().into_iter();
        links.map(|link| (self.shared.site_name_of(&link.peer), link)).collect()
    }

    /// What peers are being given, by their names.
    pub(crate) fn outgoing(&self) -> Vec<(String, OutgoingRow)> {
        let rows = self.shared.transfer.outgoing().into_iter();
        rows.map(|row| (self.shared.site_name_of(&row.peer), row)).collect()
    }

    /// What each peer was given since the start, by its name.
    pub(crate) fn given(&self) -> Vec<(String, SiteId, GivenTotal)> {
        let totals = self.shared.transfer.given().into_iter();
        totals.map(|(peer, total)| (self.shared.site_name_of(&peer), peer, total)).collect()
    }

    /// The name of a peer.
    pub(crate) fn peer_name(&self, site: &SiteId) -> String {
        self.shared.site_name_of(site)
    }

    /// Tries the link to a peer; both sites write down what they found.
    ///
    /// # Errors
    /// As of a fetch.
    pub(crate) async fn try_link(&self, person: &Person, peer: &SiteId) -> Result<Trial, StudyError> {
        Ok(self.shared.transfer.try_link(peer, person.actor()).await?)
    }
}

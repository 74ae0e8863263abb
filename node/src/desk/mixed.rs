//! Whether the images of a case are there, and are its patient's: what is looked at again and again while it is open.
//!
//! A request may name a study before there is one. What comes then under that name is compared with the request as any study is that
//! a person joins; where the two contradict each other both sites see it, whoever is called for the case is called for that as well, and nobody signs
//! without having seen it.
//!
//! # At a crash
//! Nothing is kept here that is not found again at the next look.
//!
//! # Not here
//! Joining by a person: [`super::join`].

use super::{Desk, Inner, file::contradicts, images::is_bare, next::World};
use crate::{cases::Whole, tasks};
use protocol::Timestamp;
use std::sync::PoisonError;

impl Inner {
    /// Whether a study of the case, here or as its holder tells of it, says another patient.
    pub(super) fn is_of_another(&self, whole: &Whole) -> bool {
        whole.state.ask.studies.iter().any(|study| {
            let own = self.parts.archive.study(study).ok().flatten();
            if own.as_ref().is_some_and(|row| contradicts(whole, row)) {
                return true;
            }
            let told = self.parts.overlay.holders(study);
            told.iter().any(|told| contradicts(whole, &self.parts.studies.row_of(told)))
        })
    }

    /// Whether it waits for images for longer than is set, and has none.
    fn is_bare(&self, whole: &Whole, now: Timestamp) -> bool {
        is_bare(whole, &self.parts.cases.settings(), now)
            && self.images(&whole.state.ask.studies).iter().all(|image| image.instances == 0)
    }

    /// Remembers whether a case of ours has no images, for whoever raises the alarm.
    pub(super) fn see_images(&self, whole: &Whole, now: Timestamp) {
        let us = self.us();
        let is_ours = whole.state.owner().site == us || whole.state.requester.0 == us;
        let is_bare = is_ours && self.is_bare(whole, now);
        let mut bare = self.bare.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = if is_bare { bare.insert(whole.name()) } else { bare.remove(&whole.name()) };
    }
}

impl Desk {
    /// Whether it waits for images for longer than is set, and has none.
    pub(crate) fn is_bare(&self, whole: &Whole) -> bool {
        self.inner.is_bare(whole, tasks::now())
    }

    /// See [`Inner::is_of_another`].
    pub(crate) fn is_of_another(&self, whole: &Whole) -> bool {
        self.inner.is_of_another(whole)
    }
}

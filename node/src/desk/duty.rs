//! Open cases stated as facts, so that clauses that ask for a case open: the site whose studies they are states them, to
//! those that are asked or read, until the case is over.
//!
//! # At a crash
//! Facts are in trust's journal; the next look states what is missing and ends what is over.

use super::Inner;
use crate::{cases::Whole, tasks};
use protocol::{
    SiteId, Uid,
    case::state::Answer,
    duty::{OpenCase, PARTIES_MAX, What},
};
use std::time::Duration;

/// Stated for so long, and anew when half of it is over.
const STATED: Duration = Duration::from_secs(86_400);

impl Inner {
    /// Whom the studies of ours in a case are open to; nobody where it is over.
    fn readers(&self, whole: &Whole) -> Vec<SiteId> {
        let state = &whole.state;
        if !state.stage.is_open() {
            return Vec::new();
        }
        let waiting = state.asked.iter().filter(|asked| matches!(asked.answer, Answer::Waiting { .. }));
        let mut sites: Vec<SiteId> = waiting.map(|asked| asked.site).chain(state.reader).collect();
        sites.retain(|site| *site != self.us() && self.parts.trust.peer(site).is_some());
        sites.sort_unstable();
        sites.dedup();
        sites.truncate(PARTIES_MAX);
        sites
    }

    /// States what is not stated yet of a case of ours, or is stated otherwise.
    pub(super) async fn state_duty(&self, whole: &Whole) {
        if whole.state.requester.0 != self.us() {
            return;
        }
        let (name, now) = (whole.name(), tasks::now());
        let known = self.parts.trust.own_duty(&name).and_then(|duty| match duty.what {
            What::Case(case) => Some(case),
            What::Shift(_) => None,
        });
        let parties = self.readers(whole);
        let studies: Vec<Uid> = whole.state.ask.studies.clone();
        let what = if parties.is_empty() || studies.is_empty() {
            match known {
                Some(case) if case.is_open(now) => OpenCase { open: false, ..case },
                _ => return,
            }
        } else {
            let is_stated = known.is_some_and(|case| {
                case.is_open(now)
                    && (&case.parties, &case.studies) == (&parties, &studies)
                    && case.until.since(now) > STATED / 2
            });
            if is_stated {
                return;
            }
            let owner: String = whole.state.requester.1.clone();
            OpenCase { studies, owner, parties, until: now.after(STATED), open: true }
        };
        if let Err(error) = self.parts.trust.state_duty_as(name, What::Case(what)).await {
            tracing::warn!(case = %name, %error, "the open case could not be stated");
        }
    }
}

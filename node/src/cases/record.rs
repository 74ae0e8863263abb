//! What the journal of cases holds, and what is set for them.

use super::{
    alerts::AlertKind,
    filings::Filing,
    opened::{Noted, Opened},
    performed::Performed,
    subscribed::Subscribed,
    teams::Team,
    undecoded::Tried,
    unverified::Compared,
};
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    case::event::{Event, Priority},
    ids::Id128,
    signed::SignatureBytes,
    wire::Wire,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The one kind of record in this journal.
pub(super) const KIND: u8 = 1;
/// Names and numbers that are called; ranks that are asked.
const LIST_MAX: usize = 64;
/// Characters of a name or number.
const LINE_MAX: usize = 64;
/// The longest delay.
const DELAY_MAX_S: u32 = 90 * 86_400;

/// A record. Variants are added at the end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// Events with their sites' signatures, each after all that it follows; they count together.
    Events(Vec<(Event, SignatureBytes)>),
    /// What is set from now on.
    Settings(Box<Settings>),
    /// A study needs no request.
    Dismissed { study: Uid, reason: String, at: Timestamp },
    /// Who goes on under a claim by a program shows the same transaction; `claim`: the event that claimed.
    Bound { case: Id128, claim: Digest, transaction: Digest },
    /// How far a performed procedure step is.
    Performed(Performed),
    /// A frame was tried to be decoded, and that was news.
    Tried(Tried),
    /// Somebody listens to other cases than before.
    Subscribed(Subscribed),
    /// Somebody has heard what a case called them for.
    AlertsHeard { case: Id128, person: String, alerts: Vec<(AlertKind, Digest)>, at: Timestamp },
    /// Reports came into somebody's hands.
    Opened(Opened),
    /// Somebody knows that reports differ.
    Noted(Noted),
    /// An image was compared with what was signed, and that was news.
    Compared(Compared),
    /// A report's object is about to be filed.
    Filing(Filing),
    /// Who is asked under one name from now on: all of them.
    Teams(Vec<Team>),
}

impl Wire for Record {
    const VERSION: u8 = 1;
    const NAME: &'static str = "record of cases";
}

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Telephone {
    pub(crate) name: String,
    pub(crate) number: String,
}

/// Whom to ask, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rank {
    pub(crate) site: SiteId,
    /// Person or team there; empty: whoever is on duty.
    pub(crate) whom: String,
}

/// Delays in seconds, by priority from P0; whom to ask and to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// From the offer to an answer.
    pub(crate) answer_s: [u32; 4],
    /// From the request to a preliminary report.
    pub(crate) preliminary_s: [u32; 4],
    /// From the preliminary report to the final one.
    pub(crate) final_s: [u32; 4],
    /// From a critical result to somebody who knows of it.
    pub(crate) hear_s: u32,
    /// A request without images, or a study without a request, for so long is told.
    pub(crate) images_s: u32,
    /// Who has the claim and does nothing for so long gives it back.
    pub(crate) idle_s: u32,
    /// A site of which nothing was heard for so long is silent.
    pub(crate) silent_s: u32,
    /// Called when nobody answers.
    pub(crate) telephones: Vec<Telephone>,
    /// Asked in turn, where no roster says otherwise.
    pub(crate) ranks: Vec<Rank>,
    /// Studies of these modalities need a request; empty: those that another site is to read for us when they come, and those that
    /// look like what an open request waits for.
    pub(crate) requested_modalities: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            answer_s: [120, 300, 1_800, 86_400],
            preliminary_s: [900, 1_800, 14_400, 86_400],
            final_s: [43_200, 43_200, 86_400, 86_400],
            hear_s: 900,
            images_s: 300,
            idle_s: 1_800,
            silent_s: 60,
            telephones: Vec::new(),
            ranks: Vec::new(),
            requested_modalities: Vec::new(),
        }
    }
}

/// Which setting is out of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SettingsWrong(pub(crate) &'static str);

fn by(priority: Priority, of: [u32; 4]) -> Duration {
    let [p0, p1, p2, p3] = of;
    let seconds = match priority {
        Priority::P0 => p0,
        Priority::P1 => p1,
        Priority::P2 => p2,
        Priority::P3 => p3,
    };
    Duration::from_secs(u64::from(seconds))
}

impl Settings {
    pub(crate) fn answer(&self, priority: Priority) -> Duration {
        by(priority, self.answer_s)
    }
    pub(crate) fn preliminary(&self, priority: Priority) -> Duration {
        by(priority, self.preliminary_s)
    }
    pub(crate) fn last(&self, priority: Priority) -> Duration {
        by(priority, self.final_s)
    }
    pub(crate) fn hear(&self) -> Duration {
        Duration::from_secs(u64::from(self.hear_s))
    }
    pub(crate) fn images(&self) -> Duration {
        Duration::from_secs(u64::from(self.images_s))
    }
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.idle_s))
    }
    pub(crate) fn silent(&self) -> Duration {
        Duration::from_secs(u64::from(self.silent_s))
    }

    /// # Errors
    /// The first that is out of its bounds.
    pub(crate) fn check(&self) -> Result<(), SettingsWrong> {
        let is_delay = |s: &u32| (1..=DELAY_MAX_S).contains(s);
        let is_line = |text: &str| text.chars().count() <= LINE_MAX && !text.chars().any(char::is_control);
        let checks = [
            (self.answer_s.iter().all(is_delay), "answer_s"),
            (self.preliminary_s.iter().all(is_delay), "preliminary_s"),
            (self.final_s.iter().all(is_delay), "final_s"),
            (is_delay(&self.hear_s), "hear_s"),
            (is_delay(&self.images_s), "images_s"),
            (is_delay(&self.idle_s), "idle_s"),
            (is_delay(&self.silent_s), "silent_s"),
            (
                self.telephones.len() <= LIST_MAX
                    && self.telephones.iter().all(|t| is_line(&t.name) && is_line(&t.number) && !t.number.is_empty()),
                "telephones",
            ),
            (self.ranks.len() <= LIST_MAX && self.ranks.iter().all(|rank| is_line(&rank.whom)), "ranks"),
            (
                self.requested_modalities.len() <= LIST_MAX
                    && self.requested_modalities.iter().all(|code| (1..=16).contains(&code.len()) && code.is_ascii()),
                "requested_modalities",
            ),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, name)| Err(SettingsWrong(name)))
    }
}

//! Notices on their way out by every way that is set. Each way tells by itself: one that fails, or does not answer, holds up
//! no other, and a notice that fails holds up no other notice ([`super::queue`]).
//!
//! # At a crash
//! A notice that had not gone out is lost; its condition still stands in the portal. So it is at a stop, for which what may be
//! sent by then has [`GRACE`].
//!
//! # Not here
//! The ways: [`super::mail`], [`super::webhook`].

use super::{
    Alarms, Inner, Notice, mail,
    queue::{Queue, Waiting},
    webhook,
};
use crate::{
    config::AlarmsConfig,
    tasks::Tasks,
    words::{Code, Fault},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// One way has so long.
pub(super) const TIME_MAX: Duration = Duration::from_secs(30);
/// What may be sent when the node stops has so long, all together.
const GRACE: Duration = Duration::from_secs(2);

/// Why a notice did not go out. The cause is a library's or the other side's words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("no way is set: see [alarms] in confrere.toml")]
    NoWay,
    #[error("mail: {0}")]
    Mail(String),
    #[error("webhook: {0}")]
    Webhook(String),
}

impl From<&SendError> for Fault {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::NoWay => Code::NoWay.into(),
            SendError::Mail(why) => Self::new(Code::Mail, why),
            SendError::Webhook(why) => Self::new(Code::Webhook, why),
        }
    }
}

/// By which ways a notice went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) mail: bool,
    pub(crate) webhook: bool,
}

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Mail,
    Webhook,
}

#[derive(Debug, Default)]
struct Outgoing {
    queue: Queue,
    fault: Option<Fault>,
}

/// A way that is set, and what waits for it.
#[derive(Debug)]
pub(super) struct Line {
    way: Way,
    outgoing: Mutex<Outgoing>,
    news: Notify,
}

impl Line {
    /// One for each way that is set.
    pub(super) fn all(config: &AlarmsConfig) -> Vec<Arc<Self>> {
        let ways = [(Way::Mail, config.mail.is_some()), (Way::Webhook, config.webhook.is_some())];
        let line = |(way, _)| Arc::new(Self { way, outgoing: Mutex::default(), news: Notify::new() });
        ways.into_iter().filter(|(_, is_set)| *is_set).map(line).collect()
    }

    /// The name of its task.
    pub(super) const fn task(&self) -> &'static str {
        match self.way {
            Way::Mail => "alarms by mail",
            Way::Webhook => "alarms by webhook",
        }
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something new to tell.
    pub(super) fn push(&self, notice: &Notice) {
        self.outgoing().queue.push(notice.clone(), Instant::now());
        self.news.notify_one();
    }

    /// What is to be sent first of what may be sent now.
    pub(super) fn take(&self) -> Option<Waiting> {
        self.outgoing().queue.take(Instant::now())
    }

    /// Why the last notice did not go out this way, until one does.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.outgoing().fault.clone()
    }

    /// Resolves when something that waits may be sent; never where nothing waits.
    async fn due(&self) {
        let due = self.outgoing().queue.due();
        match due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    fn failed(&self, waiting: Waiting, error: &SendError) {
        let kind = waiting.notice.alarm.kind.word();
        let mut outgoing = self.outgoing();
        outgoing.fault = Some(error.into());
        if outgoing.queue.again(waiting, Instant::now()) {
            tracing::warn!(%error, kind, "an alarm did not go out; it is tried again");
        } else {
            tracing::error!(%error, kind, "an alarm was given up");
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.outgoing().queue.len()
    }
}

/// Sends by every way that is set, whatever waits.
pub(super) async fn send(inner: &Inner, tasks: &Tasks, notice: &Notice) -> Result<Told, SendError> {
    let (mut told, mut fault) = (Told::default(), None);
    for line in &inner.lines {
        match by(line.way, inner, tasks, notice).await {
            Ok(()) if line.way == Way::Mail => told.mail = true,
            Ok(()) => told.webhook = true,
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    match fault {
        Some(error) => Err(error),
        None if inner.lines.is_empty() => Err(SendError::NoWay),
        None => Ok(told),
    }
}

/// Sends one notice by one way.
async fn by(way: Way, inner: &Inner, tasks: &Tasks, notice: &Notice) -> Result<(), SendError> {
    let late = |_| "no answer in time".to_owned();
    match (way, &inner.config.mail, &inner.config.webhook) {
        (Way::Mail, Some(to), _) => {
            let sent = tokio::time::timeout(TIME_MAX, mail::send(inner, to, notice)).await;
            sent.map_err(late).and_then(|sent| sent).map_err(SendError::Mail)
        }
        (Way::Webhook, _, Some(to)) => {
            let sent = tokio::time::timeout(TIME_MAX, webhook::send(inner, tasks, to, notice)).await;
            sent.map_err(late).and_then(|sent| sent).map_err(SendError::Webhook)
        }
        _ => Err(SendError::NoWay),
    }
}

/// Notices by one way, until the node stops.
pub(super) async fn run(alarms: Alarms, line: Arc<Line>, tasks: Tasks) {
    let stop = tasks.stop_token();
    let cut_off = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::pin!(cut_off);
    loop {
        let Some(waiting) = line.take() else {
            tokio::select! {
                () = stop.cancelled() => return,
                () = line.news.notified() => {}
                () = line.due() => {}
            }
            continue;
        };
        let sent = tokio::select! {
            sent = by(line.way, &alarms.inner, &tasks, &waiting.notice) => sent,
            () = &mut cut_off => return,
        };
        match sent {
            Ok(()) => {
                line.outgoing().fault = None;
                alarms.told(&waiting.notice);
            }
            Err(error) => line.failed(waiting, &error),
        }
    }
}

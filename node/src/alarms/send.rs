//! Notices on their way out: by every way that is set, tried again with growing pauses, given up after some hours.
//!
//! # At a crash
//! A notice that had not gone out is lost; its condition still stands in the portal.
//!
//! # Not here
//! The ways: [`super::mail`], [`super::webhook`].

use super::{Alarms, Inner, Notice, mail, webhook};
use crate::{
    tasks::Tasks,
    words::{Code, Fault},
};
use std::time::Duration;

/// Pauses between tries: some six hours in all.
const PAUSES_S: [u64; 6] = [10, 60, 300, 1_800, 7_200, 14_400];
/// One way has so long.
pub(super) const TIME_MAX: Duration = Duration::from_secs(30);

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

/// Sends by every way that is set.
pub(super) async fn send(inner: &Inner, tasks: &Tasks, notice: &Notice) -> Result<Told, SendError> {
    let mut told = Told::default();
    rest(inner, tasks, notice, &mut told).await?;
    if told == Told::default() { Err(SendError::NoWay) } else { Ok(told) }
}

/// Sends by the ways it has not gone yet.
async fn rest(inner: &Inner, tasks: &Tasks, notice: &Notice, told: &mut Told) -> Result<(), SendError> {
    let late = |_| "no answer in time".to_owned();
    let mut fault = None;
    if let (Some(to), false) = (&inner.config.mail, told.mail) {
        let sent = tokio::time::timeout(TIME_MAX, mail::send(inner, to, notice)).await;
        match sent.map_err(late).and_then(|sent| sent) {
            Ok(()) => told.mail = true,
            Err(error) => fault = Some(SendError::Mail(error)),
        }
    }
    if let (Some(to), false) = (&inner.config.webhook, told.webhook) {
        let sent = tokio::time::timeout(TIME_MAX, webhook::send(inner, tasks, to, notice)).await;
        match sent.map_err(late).and_then(|sent| sent) {
            Ok(()) => told.webhook = true,
            Err(error) => fault = Some(SendError::Webhook(error)),
        }
    }
    fault.map_or(Ok(()), Err)
}

/// One notice after another, until the node stops.
pub(super) async fn run(alarms: Alarms, tasks: Tasks) {
    let config = &alarms.inner.config;
    if config.mail.is_none() && config.webhook.is_none() {
        return;
    }
    loop {
        while let Some(notice) = alarms.next() {
            if !tell(&alarms, &tasks, &notice).await {
                return;
            }
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = alarms.inner.news.notified() => {}
        }
    }
}

/// `false`: the node stops.
async fn tell(alarms: &Alarms, tasks: &Tasks, notice: &Notice) -> bool {
    let mut told = Told::default();
    for pause in PAUSES_S {
        let Err(error) = rest(&alarms.inner, tasks, notice, &mut told).await else {
            alarms.told(notice);
            return true;
        };
        tracing::warn!(%error, "an alarm did not go out; it is tried again");
        alarms.state().fault = Some((&error).into());
        tokio::select! {
            () = tasks.stopping() => return false,
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
        }
    }
    tracing::error!("an alarm was given up");
    true
}

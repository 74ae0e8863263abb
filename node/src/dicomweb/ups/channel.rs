//! The channel by which a subscriber hears of workitems: a WebSocket (PS3.18 §8.10), and on it UPS State Reports (PS3.4 CC.2.4) as DICOM JSON.
//!
//! At the beginning, and when a subscription is new, each workitem that is subscribed to is told as it is; of a whole worklist those
//! that are not over. After that each change of state or readiness, once. What happened while no channel was open is not told
//! later: how things stand is.
//!
//! A channel names no patient. It ends after an hour, so that nobody goes on listening whose right has ended; the client opens
//! another, and shows who it is.

use super::{
    super::{asker::Asker, error::Problem},
    item::View,
    may,
    set::Set,
    subscribe::{Subscriber, name},
    turn::{self, StepState, Turn},
};
use crate::{
    cases::{News, Whole},
    trust::Action,
};
use axum::{
    extract::ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    http::header,
    response::Response,
};
use dicom_dictionary_std::tags;
use protocol::Refusal;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, broadcast},
    time::{Instant, interval, sleep_until, timeout},
};

/// Channels at once, over all persons.
const CHANNELS_MAX: usize = 64;
/// A channel ends after this.
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// How often a listener is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// A listener that takes nothing for so long is gone.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a message from a listener: nothing is asked of them.
const HEARD_BYTES_MAX: usize = 4 * 1024;
/// UPS Event (PS3.6).
const EVENT_CLASS: &str = "1.2.840.10008.5.1.4.34.6.4";
/// Event Type ID of a UPS State Report.
const STATE_REPORT: u32 = 1;

/// A turn at a channel.
pub(in crate::dicomweb) fn turns() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(CHANNELS_MAX))
}

pub(in crate::dicomweb) async fn open(
    asker: Asker,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    // A page of another origin must not listen by a browser's session.
    let text = |name| asker.headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    if let Some(origin) = text(header::ORIGIN)
        && asker.headers.contains_key(header::COOKIE)
        && origin.split_once("://").map(|(_, place)| place) != text(header::HOST)
    {
        return Err(Problem::Refused(Refusal::NotPermitted));
    }
    let name = name(&asker)?;
    let upgrade = upgrade.map_err(|_| Problem::bad("a channel is opened as a WebSocket"))?;
    let _ = Subscriber::of(&asker, &name).ok_or(Problem::NotFound)?;
    let busy = Problem::Busy { code: "busy", message: "too many channels", retry_s: 60 };
    let turn = asker.desk.channels.clone().try_acquire_owned().map_err(|_| busy)?;
    let upgrade = upgrade.max_message_size(HEARD_BYTES_MAX);
    std::future::ready(Ok(upgrade.on_upgrade(move |socket| async move {
        let news = asker.desk.door.cases.news();
        asker.desk.door.cases.note_listening(&name);
        let mut channel = Channel { asker, name, told: HashMap::new(), number: 0, socket };
        channel.run(news).await;
        drop(turn);
    })))
    .await
}

/// The workitems that are not over, with their attributes.
pub(super) fn open_items(asker: &Asker) -> Vec<(String, Set)> {
    let cases = &asker.desk.door.cases;
    let view = View { asker, us: cases.us() };
    let one = |whole: &Arc<Whole>| {
        let turn = turn::turns(whole).pop().filter(|turn| !turn.progress.is_over())?;
        Some((turn::uid(&whole.name(), turn.number), view.item(whole, &turn)))
    };
    cases.all().iter().filter_map(one).collect()
}

struct Channel {
    asker: Asker,
    name: String,
    /// What was told last of each. Bounded by the cases there are.
    told: HashMap<String, (StepState, &'static str)>,
    /// Of the message.
    number: u16,
    socket: WebSocket,
}

/// Nobody listens any more.
struct Gone;

impl Channel {
    fn subscriber(&self) -> Result<Subscriber, Gone> {
        Subscriber::of(&self.asker, &self.name).ok_or(Gone)
    }

    async fn run(&mut self, mut news: broadcast::Receiver<News>) {
        let (tasks, ends) = (self.asker.desk.door.tasks.clone(), Instant::now() + AGE_MAX);
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut gone = self.tell_all().await;
        while gone.is_ok() {
            let Ok(subscriber) = self.subscriber() else { break };
            gone = tokio::select! {
                news = news.recv() => match news {
                    Ok(News::Case { case, .. }) => match self.asker.desk.door.cases.case(&case) {
                        Some(whole) => self.tell(&whole, &subscriber, false).await,
                        None => Ok(()),
                    },
                    Ok(News::Settings | News::Heard { .. }) => Ok(()),
                    Err(broadcast::error::RecvError::Lagged(_)) => self.tell_all().await,
                    Err(broadcast::error::RecvError::Closed) => Err(Gone),
                },
                () = subscriber.changed.notified() => self.tell_all().await,
                _ = pings.tick() => self.send(Message::Ping(bytes::Bytes::new())).await,
                heard = self.socket.recv() => match heard {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Gone),
                    Some(Ok(_)) => Ok(()),
                },
                () = sleep_until(ends) => Err(Gone),
                () = tasks.stopping() => Err(Gone),
            };
        }
        // Whoever is gone hears no farewell.
        let _ = self.send(Message::Close(None)).await;
    }

    /// How everything that is subscribed to stands, as far as it was not told.
    async fn tell_all(&mut self) -> Result<(), Gone> {
        let subscriber = self.subscriber()?;
        for whole in self.asker.desk.door.cases.all() {
            self.tell(&whole, &subscriber, true).await?;
        }
        Ok(())
    }

    /// What is new of a case's workitems; at first, of those that are over only what was asked for by name.
    async fn tell(&mut self, whole: &Whole, subscriber: &Subscriber, at_first: bool) -> Result<(), Gone> {
        let us = self.asker.desk.door.cases.us();
        for turn in turn::turns(whole) {
            let uid = turn::uid(&whole.name(), turn.number);
            let now = (turn.progress, turn::readiness(whole, &us));
            let last = self.told.get(&uid).copied();
            // Of what is over nothing changes any more.
            if last == Some(now) || last.is_some_and(|(progress, _)| progress.is_over()) {
                continue;
            }
            if at_first && turn.progress.is_over() && !subscriber.hears_by_name(&uid) {
                continue;
            }
            if !subscriber.hears(&uid, || View { asker: &self.asker, us }.item(whole, &turn)) {
                continue;
            }
            let message = self.report(&uid, &turn, now.1);
            self.send(Message::Text(message.into())).await?;
            let _ = self.told.insert(uid, now);
        }
        Ok(())
    }

    fn report(&mut self, uid: &str, turn: &Turn, readiness: &str) -> String {
        self.number = self.number.wrapping_add(1);
        let mut set = Set::of(&[
            (tags::AFFECTED_SOP_CLASS_UID, EVENT_CLASS),
            (tags::AFFECTED_SOP_INSTANCE_UID, uid),
            (tags::INPUT_READINESS_STATE, readiness),
            (tags::PROCEDURE_STEP_STATE, turn.progress.word()),
        ]);
        set.put_number(tags::MESSAGE_ID, u32::from(self.number));
        set.put_number(tags::EVENT_TYPE_ID, STATE_REPORT);
        set.into_json().to_string()
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(SEND_WITHIN, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

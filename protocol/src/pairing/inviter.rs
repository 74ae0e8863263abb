//! The inviting side: one invitation, one attempt at a time.

use super::{
    COMPARE, Code, Event, Failure, Invitation, Message, TRIES, Violation,
    keys::{Entropy, Exchange, Session, Side, commitment},
    message::Reason,
    open_record,
};
use crate::{ids::SiteId, message::SiteRecord, signed::Signed, succession::SiteKey, time::Timestamp, wire};
use std::collections::VecDeque;

/// The inviting side. An attempt is one connection: [`Inviter::begin`], messages, and [`Inviter::lost`] when the
/// connection goes.
#[derive(Debug)]
pub struct Inviter {
    key: SiteKey,
    record: Signed<SiteRecord>,
    invitation: Invitation,
    code: Option<Code>,
    tries_left: u8,
    state: State,
    messages: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

enum State {
    /// Nobody is connected.
    Idle,
    /// Connected; `Open` is next.
    Listening { entropy: Entropy },
    /// `Prove` is next.
    Replied(Box<Replied>),
    /// Both people compare.
    Compare(Box<Compare>),
    /// Over.
    Closed,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Listening { .. } => "Listening",
            Self::Replied(_) => "Replied",
            Self::Compare(_) => "Compare",
            Self::Closed => "Closed",
        })
    }
}

struct Replied {
    peer: SiteId,
    name: String,
    record: Signed<SiteRecord>,
    commitment: [u8; 32],
    key: zeroize::Zeroizing<Vec<u8>>,
    open: Vec<u8>,
    reply: Vec<u8>,
}

/// What both sides have once the keys are proven.
pub(super) struct Compare {
    pub(super) peer: SiteId,
    pub(super) name: String,
    pub(super) record: Signed<SiteRecord>,
    pub(super) session: Session,
    pub(super) here: bool,
    pub(super) there: bool,
    pub(super) until: Timestamp,
}

impl Compare {
    pub(super) fn both(&self) -> Option<Event> {
        (self.here && self.there).then(|| Event::Done {
            peer: self.peer,
            name: self.name.clone(),
            record: self.record.clone(),
        })
    }
}

impl Inviter {
    /// Opens an invitation. `record` is this site's own, signed.
    #[must_use]
    pub fn new(key: impl Into<SiteKey>, record: Signed<SiteRecord>, invitation: Invitation, code: Code) -> Self {
        Self {
            key: key.into(),
            record,
            invitation,
            code: Some(code),
            tries_left: TRIES,
            state: State::Idle,
            messages: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Somebody connected. An attempt before it that proved nothing is forgotten.
    ///
    /// # Errors
    /// [`Failure::Expired`] when the invitation is used, over or too old.
    pub fn begin(&mut self, now: Timestamp, entropy: &[u8; 32]) -> Result<(), Failure> {
        self.handle_timeout(now);
        match self.state {
            State::Compare(_) | State::Closed => Err(Failure::Expired),
            State::Idle | State::Listening { .. } | State::Replied(_) => {
                self.state = State::Listening { entropy: Entropy::new(entropy) };
                self.messages.clear();
                Ok(())
            }
        }
    }

    /// The connection went. Before the proof the invitation stays open; after it, it is used up.
    pub fn lost(&mut self) {
        match self.state {
            State::Compare(_) => self.fail(Failure::Protocol),
            State::Listening { .. } | State::Replied(_) => self.state = State::Idle,
            State::Idle | State::Closed => {}
        }
    }

    /// How many wrong codes it still bears.
    #[must_use]
    pub fn tries_left(&self) -> u8 {
        self.tries_left
    }

    /// Whether the invitation takes no attempt any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Takes a message of the current attempt.
    ///
    /// # Errors
    /// [`Violation`]: the attempt is over, the connection should be closed.
    pub fn handle_message(&mut self, now: Timestamp, bytes: &[u8]) -> Result<(), Violation> {
        self.handle_timeout(now);
        let done = self.step(now, bytes);
        if done.is_err() {
            match self.state {
                State::Compare(_) => self.fail(Failure::Protocol),
                State::Closed => {}
                State::Idle | State::Listening { .. } | State::Replied(_) => self.refuse(Reason::Protocol),
            }
        }
        done
    }

    fn step(&mut self, now: Timestamp, bytes: &[u8]) -> Result<(), Violation> {
        let message: Message = wire::decode(bytes).map_err(|_| Violation("unreadable"))?;
        match (std::mem::replace(&mut self.state, State::Idle), message) {
            (State::Listening { entropy }, open @ Message::Open { .. }) => self.reply(entropy, open, bytes),
            (State::Replied(replied), Message::Prove { nonce, mac, signature }) => {
                self.judge(now, *replied, &nonce, &mac, &signature)
            }
            (State::Compare(mut compare), Message::Confirm { accept, mac }) => {
                let holds = !compare.there && compare.session.confirms(Side::Joiner, accept, &mac);
                compare.there = holds && accept;
                let news = compare.both();
                self.state = State::Compare(compare);
                if !holds {
                    return Err(Violation("confirmation does not hold"));
                }
                self.confirmed(accept, news);
                Ok(())
            }
            (state, _) => {
                self.state = state;
                Err(Violation("out of order"))
            }
        }
    }

    fn confirmed(&mut self, accept: bool, done: Option<Event>) {
        if !accept {
            return self.fail(Failure::Rejected);
        }
        self.events.push_back(Event::ConfirmedThere);
        if let Some(done) = done {
            self.events.push_back(done);
            self.state = State::Closed;
        }
    }

    fn reply(&mut self, mut entropy: Entropy, open: Message, bytes: &[u8]) -> Result<(), Violation> {
        let Message::Open { invitation, site, record, element, commitment } = open else {
            return Err(Violation("out of order"));
        };
        let Some(code) = self.code.clone().filter(|_| invitation == self.invitation.id) else {
            self.refuse(Reason::Expired);
            return Ok(());
        };
        if site == self.invitation.site {
            return Err(Violation("a site cannot pair with itself"));
        }
        let name = open_record(&site, &record)?.name;
        let nonce = entropy.nonce();
        let exchange = Exchange::start(Side::Inviter, &code, &self.invitation, &site, entropy);
        let reply =
            wire::encode(&Message::Reply { record: self.record.clone(), element: exchange.element.clone(), nonce });
        let key = exchange.finish(&element)?;
        self.messages.push_back(reply.clone());
        self.state = State::Replied(Box::new(Replied {
            peer: site,
            name,
            record,
            commitment,
            key,
            open: bytes.to_vec(),
            reply,
        }));
        Ok(())
    }

    fn judge(
        &mut self,
        now: Timestamp,
        replied: Replied,
        nonce: &[u8; 32],
        mac: &[u8; 32],
        signature: &crate::signed::SignatureBytes,
    ) -> Result<(), Violation> {
        let Replied { peer, name, record, commitment: committed, key, open, reply } = replied;
        let session = Session::new(key, &self.invitation, &open, &reply, nonce);
        if !session.proves(Side::Joiner, mac) {
            self.spend_try();
            return Ok(());
        }
        if commitment(nonce) != committed || !session.signed(Side::Joiner, &peer, signature) {
            self.spend_try();
            return Err(Violation("the joiner does not hold its key"));
        }
        // The code has served: it is forgotten before anything else can go wrong.
        self.code = None;
        let proved =
            Message::Proved { mac: session.proof(Side::Inviter), signature: session.sign(Side::Inviter, &self.key) };
        self.messages.push_back(wire::encode(&proved));
        self.events.push_back(Event::Compare { peer, name: name.clone(), digits: session.digits() });
        let until = now.after(COMPARE);
        self.state =
            State::Compare(Box::new(Compare { peer, name, record, session, here: false, there: false, until }));
        Ok(())
    }

    fn spend_try(&mut self) {
        self.tries_left = self.tries_left.saturating_sub(1);
        self.messages.push_back(wire::encode(&Message::Refused(Reason::WrongCode)));
        if self.tries_left == 0 {
            self.fail(Failure::WrongCode);
        } else {
            self.state = State::Idle;
            self.events.push_back(Event::AttemptFailed(Failure::WrongCode));
        }
    }

    fn refuse(&mut self, reason: Reason) {
        self.messages.push_back(wire::encode(&Message::Refused(reason)));
        let failure = if reason == Reason::Expired { Failure::Expired } else { Failure::Protocol };
        self.events.push_back(Event::AttemptFailed(failure));
        self.state = State::Idle;
    }

    fn fail(&mut self, failure: Failure) {
        self.code = None;
        self.state = State::Closed;
        self.events.push_back(Event::Failed(failure));
    }

    /// What this side's person said of digits and name.
    ///
    /// # Errors
    /// [`Violation`] when there is nothing to confirm.
    pub fn confirm(&mut self, accept: bool) -> Result<(), Violation> {
        let State::Compare(compare) = &mut self.state else {
            return Err(Violation("nothing to confirm"));
        };
        if compare.here {
            return Ok(());
        }
        compare.here = accept;
        let mac = compare.session.confirmation(Side::Inviter, accept);
        let done = compare.both();
        self.messages.push_back(wire::encode(&Message::Confirm { accept, mac }));
        if !accept {
            self.fail(Failure::Rejected);
        } else if let Some(done) = done {
            self.events.push_back(done);
            self.state = State::Closed;
        }
        Ok(())
    }

    /// Tells the time.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.poll_timeout().is_some_and(|at| now >= at) {
            self.messages.push_back(wire::encode(&Message::Refused(Reason::Expired)));
            self.fail(Failure::Expired);
        }
    }

    /// When it wants to be told the time next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.state {
            State::Closed => None,
            State::Compare(compare) => Some(compare.until),
            State::Idle | State::Listening { .. } | State::Replied(_) => Some(self.invitation.expires),
        }
    }

    /// The next message to send to the current attempt's connection.
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.messages.pop_front()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

//! The joining side: one attempt with one code.

use super::{
    COMPARE, Code, Event, Failure, Invitation, Message, Violation,
    inviter::Compare,
    keys::{Entropy, Exchange, Session, Side, commitment},
    message::Reason,
    open_record,
};
use crate::{message::SiteRecord, signed::Signed, succession::SiteKey, time::Timestamp, wire};
use std::collections::VecDeque;

/// The joining side. Another code is another joiner.
#[derive(Debug)]
pub struct Joiner {
    key: SiteKey,
    invitation: Invitation,
    state: State,
    messages: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

enum State {
    /// `Reply` is next.
    Opened { exchange: Exchange, nonce: [u8; 32], open: Vec<u8> },
    /// `Proved` is next.
    Proving { session: Session, name: String, record: Signed<SiteRecord> },
    /// Both people compare.
    Compare(Box<Compare>),
    /// Over.
    Closed,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Opened { .. } => "Opened",
            Self::Proving { .. } => "Proving",
            Self::Compare(_) => "Compare",
            Self::Closed => "Closed",
        })
    }
}

impl Joiner {
    /// Starts; the first message is ready to be polled. `record` is this site's own, signed.
    #[must_use]
    pub fn new(
        key: impl Into<SiteKey>,
        record: Signed<SiteRecord>,
        invitation: Invitation,
        code: &Code,
        entropy: &[u8; 32],
    ) -> Self {
        let key = key.into();
        let site = key.keys().site();
        let mut entropy = Entropy::new(entropy);
        let nonce = entropy.nonce();
        let exchange = Exchange::start(Side::Joiner, code, &invitation, &site, entropy);
        let open = wire::encode(&Message::Open {
            invitation: invitation.id,
            site,
            record,
            element: exchange.element.clone(),
            commitment: commitment(&nonce),
        });
        let messages = VecDeque::from([open.clone()]);
        Self { key, invitation, state: State::Opened { exchange, nonce, open }, messages, events: VecDeque::new() }
    }

    /// The connection went.
    pub fn lost(&mut self) {
        if !matches!(self.state, State::Closed) {
            self.fail(Failure::Protocol);
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Takes a message.
    ///
    /// # Errors
    /// [`Violation`]: it is over, the connection should be closed.
    pub fn handle_message(&mut self, now: Timestamp, bytes: &[u8]) -> Result<(), Violation> {
        self.handle_timeout(now);
        let done = self.step(now, bytes);
        if done.is_err() {
            self.lost();
        }
        done
    }

    fn step(&mut self, now: Timestamp, bytes: &[u8]) -> Result<(), Violation> {
        let message: Message = wire::decode(bytes).map_err(|_| Violation("unreadable"))?;
        match (std::mem::replace(&mut self.state, State::Closed), message) {
            (State::Closed, _) => Err(Violation("over")),
            (_, Message::Refused(reason)) => {
                self.fail(match reason {
                    Reason::WrongCode => Failure::WrongCode,
                    Reason::Expired => Failure::Expired,
                    Reason::Protocol => Failure::Protocol,
                });
                Ok(())
            }
            (State::Opened { exchange, nonce, open }, Message::Reply { record, element, .. }) => {
                let named = open_record(&self.invitation.site, &record);
                let agreed = named.and_then(|named| Ok((named.name, exchange.finish(&element)?)));
                let (name, key) = agreed.inspect_err(|_| self.fail(Failure::Protocol))?;
                let session = Session::new(key, &self.invitation, &open, bytes, &nonce);
                let mac = session.proof(Side::Joiner);
                let signature = session.sign(Side::Joiner, &self.key);
                self.messages.push_back(wire::encode(&Message::Prove { nonce, mac, signature }));
                self.state = State::Proving { session, name, record };
                Ok(())
            }
            (State::Proving { session, name, record }, Message::Proved { mac, signature }) => {
                let peer = self.invitation.site;
                if !session.proves(Side::Inviter, &mac) || !session.signed(Side::Inviter, &peer, &signature) {
                    self.fail(Failure::WrongCode);
                    return Ok(());
                }
                self.events.push_back(Event::Compare { peer, name: name.clone(), digits: session.digits() });
                let until = now.after(COMPARE);
                self.state =
                    State::Compare(Box::new(Compare { peer, name, record, session, here: false, there: false, until }));
                Ok(())
            }
            (State::Compare(compare), Message::Confirm { accept, mac }) => self.confirmed(compare, accept, &mac),
            (state, _) => {
                self.state = state;
                Err(Violation("out of order"))
            }
        }
    }

    fn confirmed(&mut self, mut compare: Box<Compare>, accept: bool, mac: &[u8; 32]) -> Result<(), Violation> {
        let holds = !compare.there && compare.session.confirms(Side::Inviter, accept, mac);
        compare.there = holds && accept;
        let done = compare.both();
        self.state = State::Compare(compare);
        if !holds {
            return Err(Violation("confirmation does not hold"));
        }
        if !accept {
            self.fail(Failure::Rejected);
            return Ok(());
        }
        self.events.push_back(Event::ConfirmedThere);
        if let Some(done) = done {
            self.events.push_back(done);
            self.state = State::Closed;
        }
        Ok(())
    }

    fn fail(&mut self, failure: Failure) {
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
        let mac = compare.session.confirmation(Side::Joiner, accept);
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
            self.fail(Failure::Expired);
        }
    }

    /// When it wants to be told the time next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.state {
            State::Closed => None,
            State::Compare(compare) => Some(compare.until),
            State::Opened { .. } | State::Proving { .. } => Some(self.invitation.expires),
        }
    }

    /// The next message to send.
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.messages.pop_front()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

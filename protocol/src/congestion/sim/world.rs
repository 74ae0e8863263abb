//! The run of events.

use super::{
    Chance,
    competitors::Kind,
    flow::{Blocked, Flow},
    link::{Bottleneck, Link},
};
use std::{cmp::Reverse, collections::BinaryHeap};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive(usize, u64),
    Acknowledge(usize),
    Acked(usize, Vec<u64>),
    Wake(usize),
    Due(usize),
    Offer(usize, u64),
}

/// A bottleneck and who shares it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now: u64,
    pub(super) bottleneck: Bottleneck,
    pub(super) flows: Vec<Flow>,
    chance: Chance,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    count: u64,
    due: Vec<Option<u64>>,
    woken: Vec<Option<u64>>,
}

impl World {
    pub(super) fn new(link: Link, seed: u64) -> Self {
        Self {
            now: 0,
            bottleneck: Bottleneck::new(link),
            flows: Vec::new(),
            chance: Chance(seed),
            events: BinaryHeap::new(),
            count: 0,
            due: Vec::new(),
            woken: Vec::new(),
        }
    }

    /// A flow that has `bytes` to send from `at` on.
    pub(super) fn flow(&mut self, kind: Kind, at: u64, bytes: u64) -> usize {
        let flow = self.flows.len();
        self.flows.push(Flow::new(kind, self.bottleneck.link.rtt));
        self.due.push(None);
        self.woken.push(None);
        self.offer(flow, at, bytes);
        flow
    }

    pub(super) fn offer(&mut self, flow: usize, at: u64, bytes: u64) {
        self.push(at, Event::Offer(flow, bytes));
    }

    /// Changes the link now.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Link)) {
        self.bottleneck.change(self.now, change);
    }

    fn push(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    // A starved sender hears of it when it gets the processor.
    fn push_to_sender(&mut self, at: u64, event: Event) {
        let stall = self.bottleneck.link.stall;
        self.push(if stall > 0 { at.div_ceil(stall) * stall } else { at }, event);
    }

    /// Lets the time run until then.
    pub(super) fn run_until(&mut self, until: u64) {
        while self.events.peek().is_some_and(|Reverse((at, ..))| *at <= until) {
            let Some(Reverse((at, _, event))) = self.events.pop() else { return };
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = until;
    }

    /// Bytes a flow delivers until then.
    pub(super) fn delivered_until(&mut self, flow: usize, until: u64) -> u64 {
        let before = self.flows[flow].received;
        self.run_until(until);
        self.flows[flow].received - before
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(flow, packet) => {
                let at = self.flows[flow].arrive(self.now, packet, self.bottleneck.link.clump);
                if self.flows[flow].ack_at.is_none_or(|known| at < known) {
                    self.flows[flow].ack_at = Some(at);
                    self.push(at, Event::Acknowledge(flow));
                }
            }
            Event::Acknowledge(flow) => {
                if self.flows[flow].ack_at != Some(self.now) {
                    return;
                }
                self.flows[flow].ack_at = None;
                if let Some(at) = self.bottleneck.back(self.now, &mut self.chance) {
                    let packets = std::mem::take(&mut self.flows[flow].arrived).into_iter().collect();
                    self.push_to_sender(at, Event::Acked(flow, packets));
                }
            }
            Event::Acked(flow, packets) => {
                self.flows[flow].on_ack(self.now, &packets);
                self.send(flow);
            }
            Event::Wake(flow) => {
                if self.woken[flow] == Some(self.now) {
                    self.woken[flow] = None;
                    self.send(flow);
                }
            }
            Event::Due(flow) => {
                if self.due[flow] == Some(self.now) {
                    self.due[flow] = None;
                    if self.flows[flow].due().is_some_and(|at| at <= self.now) {
                        self.flows[flow].on_due(self.now);
                    }
                    self.send(flow);
                }
            }
            Event::Offer(flow, bytes) => {
                self.flows[flow].backlog += bytes;
                self.send(flow);
            }
        }
    }

    fn send(&mut self, flow: usize) {
        let (packets, blocked) = self.flows[flow].send(self.now);
        for packet in packets {
            if let Some(at) = self.bottleneck.pass(self.now, &mut self.chance) {
                self.push(at, Event::Arrive(flow, packet));
            }
        }
        if let Blocked::Pacing(at) = blocked
            && self.woken[flow].is_none_or(|known| known > at)
        {
            let stall = self.bottleneck.link.stall;
            let at = if stall > 0 { at.div_ceil(stall) * stall } else { at };
            self.woken[flow] = Some(at);
            self.push(at, Event::Wake(flow));
        }
        if let Some(at) = self.flows[flow].due() {
            let at = at.max(self.now + 1);
            if self.due[flow].is_none_or(|known| known > at) {
                self.due[flow] = Some(at);
                self.push(at, Event::Due(flow));
            }
        }
    }
}

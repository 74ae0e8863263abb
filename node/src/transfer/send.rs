//! One answer on its stream: in its place among those of its connection, held back where an agreement says so, counted for whoever
//! looks.
//!
//! # Not here
//! What is sent: [`super::give`] and others. The places: [`super::wire`].

use super::{outgoing::Counts, rates::Throttle, wire};
use bytes::Bytes;
use protocol::{
    Refusal,
    fetch::{Answer, Priority},
};
use quinn::SendStream;
use std::sync::Arc;
use tokio::sync::watch;

/// A send stream with a priority that may rise while it runs.
pub(crate) struct Sender<'a> {
    stream: &'a mut SendStream,
    priority: Priority,
    raised: Option<watch::Receiver<Priority>>,
    has_begun: bool,
    /// A head left, and what it announces is not all there yet.
    is_within: bool,
    throttle: Option<Throttle>,
    counts: Option<Arc<Counts>>,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        stream: &'a mut SendStream,
        priority: Priority,
        raised: Option<watch::Receiver<Priority>>,
    ) -> Self {
        wire::place(stream, priority);
        Self { stream, priority, raised, has_begun: false, is_within: false, throttle: None, counts: None }
    }

    /// An answer that is small and no image: before all images of its connection.
    pub(super) fn first(stream: &'a mut SendStream) -> Self {
        let sender = Self::new(stream, Priority::Emergency, None);
        let _ = sender.stream.set_priority(wire::FIRST);
        sender
    }

    /// The same, held back.
    pub(super) fn throttled(self, throttle: Option<Throttle>) -> Self {
        Self { throttle, ..self }
    }

    /// The same, counted.
    pub(super) fn counted(self, counts: Arc<Counts>) -> Self {
        Self { counts: Some(counts), ..self }
    }

    /// Whether the head of the answer left.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether a head left whose bytes have not.
    pub(super) fn is_within(&self) -> bool {
        self.is_within
    }

    pub(crate) async fn head(&mut self, answer: &Answer) -> Result<(), Refusal> {
        self.has_begun = true;
        self.is_within = true;
        wire::write_answer(self.stream, answer).await.map_err(|_| Refusal::Internal)
    }

    /// What a head announced has left; another may follow.
    pub(super) fn end_part(&mut self) {
        self.is_within = false;
    }

    // A stream that ended is the asker's will or the link's end: nothing to tell it.
    pub(crate) async fn piece(&mut self, mut bytes: Bytes) -> Result<(), Refusal> {
        if let Some(throttle) = self.throttle.clone() {
            while bytes.len() > throttle.piece() {
                let first = bytes.split_to(throttle.piece());
                self.wait(&throttle, first.len()).await;
                self.write(first).await?;
            }
            self.wait(&throttle, bytes.len()).await;
        }
        self.write(bytes).await
    }

    /// Waits until so many bytes may leave; what is raised meanwhile waits as what it is then.
    async fn wait(&mut self, throttle: &Throttle, bytes: usize) {
        let mut waiting = throttle.enter(bytes, self.priority);
        self.note_held_back(true);
        loop {
            let raised = tokio::select! {
                biased;
                () = waiting.leaves() => break,
                raised = rise(&mut self.raised) => raised,
            };
            self.take_place(raised);
            waiting.raise(raised);
        }
        self.note_held_back(false);
    }

    fn note_held_back(&self, is_held_back: bool) {
        if let Some(counts) = &self.counts {
            counts.note_held_back(is_held_back);
        }
    }

    fn take_place(&mut self, priority: Priority) {
        self.priority = priority;
        wire::place(self.stream, priority);
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        let count = bytes.len();
        self.stream.write_chunk(bytes).await.map_err(|_| Refusal::Internal)?;
        if let Some(counts) = &self.counts {
            counts.note(count);
        }
        if let Some(raised) = &mut self.raised
            && raised.has_changed().unwrap_or(false)
        {
            let priority = *raised.borrow_and_update();
            self.take_place(priority);
        }
        Ok(())
    }

    /// Ends the stream and stays until the asker has all of it, so that a withdrawal or a raise still reaches what is
    /// queued in the connection.
    pub(crate) async fn finish(&mut self) -> Result<(), Refusal> {
        self.stream.finish().map_err(|_| Refusal::Internal)?;
        let delivered = self.stream.stopped();
        tokio::pin!(delivered);
        loop {
            let raised = tokio::select! {
                _ = &mut delivered => return Ok(()),
                raised = rise(&mut self.raised) => raised,
            };
            self.take_place(raised);
        }
    }
}

/// Resolves when the priority was raised; never where it cannot be any more.
async fn rise(raised: &mut Option<watch::Receiver<Priority>>) -> Priority {
    if let Some(raised) = raised
        && raised.changed().await.is_ok()
    {
        return *raised.borrow_and_update();
    }
    std::future::pending().await
}

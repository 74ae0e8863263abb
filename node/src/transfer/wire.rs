//! Requests and answers on a stream: a length, an envelope, nothing else. Every length is checked before it is believed.
//!
//! # Not here
//! What the messages mean: `protocol::fetch`.

use protocol::{
    fetch::{Answer, Priority, Request},
    limits::FETCH_REQUEST_BYTES_MAX,
    wire,
};
use quinn::{ReadExactError, RecvStream, SendStream, WriteError};

/// An answer's head is a few numbers: 256 bytes are plenty for this and later versions.
const ANSWER_BYTES_MAX: usize = 256;

/// Why a message did not come or go.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireFault {
    #[error("the message is malformed or over its bound")]
    Malformed,
    #[error("the stream ended: {0}")]
    Read(#[from] ReadExactError),
    #[error("the stream ended: {0}")]
    Write(#[from] WriteError),
}

impl WireFault {
    /// Whether the other side broke the protocol, and did not just go or change its mind.
    pub(crate) fn is_theirs(&self) -> bool {
        matches!(self, Self::Malformed | Self::Read(ReadExactError::FinishedEarly(_)))
    }
}

/// Place of what is small and waited for: questions, and answers that are not images.
pub(crate) const FIRST: i32 = i32::MAX;
/// Places of each urgency.
const PLACES_BITS: u32 = 27;

/// Places a stream among those of its connection: the more urgent first, and of the same urgency what was asked for first,
/// all of it. So also what a lossy link takes of an image is sent again before the next one goes on.
pub(crate) fn place(stream: &SendStream, priority: Priority) {
    let _ = stream.set_priority(rank(priority, stream.id().index()));
}

fn rank(priority: Priority, index: u64) -> i32 {
    // Fits: 27 bits. Who asks for more than 2^27 things over one connection is once served out of turn.
    let index = i32::try_from(index % (1 << PLACES_BITS)).unwrap_or(0);
    ((priority as i32) << PLACES_BITS) - index
}

/// Writes a request and ends our side of the stream.
///
/// # Errors
/// [`WireFault`].
pub(crate) async fn write_request(stream: &mut SendStream, request: &Request) -> Result<(), WireFault> {
    begin_request(stream, request).await?;
    // Fails only when the stream is closed already, which the answer will tell.
    let _ = stream.finish();
    Ok(())
}

/// Writes a request that more follows.
///
/// # Errors
/// [`WireFault`].
pub(crate) async fn begin_request(stream: &mut SendStream, request: &Request) -> Result<(), WireFault> {
    let body = wire::encode(request);
    let length = u16::try_from(body.len()).ok().filter(|n| usize::from(*n) <= FETCH_REQUEST_BYTES_MAX);
    let length = length.ok_or(WireFault::Malformed)?;
    let mut message = Vec::with_capacity(body.len() + 2);
    message.extend_from_slice(&length.to_le_bytes());
    message.extend_from_slice(&body);
    // Images may be on their way to the other side over the same connection.
    let _ = stream.set_priority(FIRST);
    Ok(stream.write_all(&message).await?)
}

/// Reads a request.
///
/// # Errors
/// [`WireFault`].
pub(crate) async fn read_request(stream: &mut RecvStream) -> Result<Request, WireFault> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let length = usize::from(u16::from_le_bytes(length));
    if length > FETCH_REQUEST_BYTES_MAX {
        return Err(WireFault::Malformed);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    wire::decode(&body).map_err(|_| WireFault::Malformed)
}

/// Writes the head of an answer.
///
/// # Errors
/// [`WireFault`].
pub(crate) async fn write_answer(stream: &mut SendStream, answer: &Answer) -> Result<(), WireFault> {
    let body = wire::encode(answer);
    let length = u32::try_from(body.len()).map_err(|_| WireFault::Malformed)?;
    let mut message = Vec::with_capacity(body.len() + 4);
    message.extend_from_slice(&length.to_le_bytes());
    message.extend_from_slice(&body);
    Ok(stream.write_all(&message).await?)
}

/// Reads the head of an answer.
///
/// # Errors
/// [`WireFault`].
pub(crate) async fn read_answer(stream: &mut RecvStream) -> Result<Answer, WireFault> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(|_| WireFault::Malformed)?;
    if length > ANSWER_BYTES_MAX {
        return Err(WireFault::Malformed);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    wire::decode(&body).map_err(|_| WireFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_urgent_goes_first_and_then_what_was_asked_first() {
        let order = [
            FIRST,
            rank(Priority::Emergency, 900),
            rank(Priority::Screen, 7),
            rank(Priority::Screen, 8),
            rank(Priority::Series, 0),
            rank(Priority::Series, (1 << PLACES_BITS) - 1),
            rank(Priority::Prefetch, 3),
            rank(Priority::Backup, 0),
            rank(Priority::Backup, 1),
        ];
        assert!(order.is_sorted_by(|before, after| before > after), "{order:?}");
        assert_eq!(rank(Priority::Series, u64::MAX), rank(Priority::Series, (1 << PLACES_BITS) - 1));
    }
}

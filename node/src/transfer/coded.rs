//! Coded bytes of a peer: received, decoded, and believed only when they are the original's.
//!
//! Every group of what a unit decodes to is checked against the object's group values before anything is kept, exactly
//! as of bytes that came as they are. Where one is wrong, nothing of the unit is used, admins are told, the bytes are
//! asked for as the holder has them, and no coded ones are asked of this peer until the node starts again.
//!
//! # Not here
//! The coding: `protocol::coding`. Asking: [`super::fetch`].

use super::{
    failure::Failure,
    fetch::{Fault, Work, verified},
    receive::more,
};
use crate::archive::cache::{Chunk, chunks_of};
use bytes::BytesMut;
use protocol::{Digest, coding, digest::Groups, limits::GROUP};
use quinn::RecvStream;
use std::sync::Arc;

/// What follows in place of the bytes of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    /// Bytes that it decodes to.
    pub(crate) bytes: u64,
    /// Bytes that come.
    pub(crate) coded: u32,
}

/// Receives a unit that begins with group `first_group` of the object, where a chunk begins too. Gives the chunks that it
/// becomes; `None` when it does not become what was signed.
///
/// # Errors
/// [`Fault`], when it did not come whole.
pub(crate) async fn unit(
    work: Work<'_>,
    recv: &mut RecvStream,
    unit: Unit,
    first_group: u64,
    groups: &Arc<Groups>,
    digest: &Digest,
) -> Result<Option<Vec<Chunk>>, Fault> {
    let coded = receive(work, recv, unit.coded).await?;
    let length = usize::try_from(unit.bytes).map_err(|_| Failure::Protocol)?;
    let turn = work.pump.coding.decoding.enter(unit.bytes).await.ok_or(Fault::Lost)?;
    let (groups, digest) = (groups.clone(), *digest);
    let decoding = turn.work(move || {
        let bytes = coding::decode(&coded, length).ok()?;
        verified(&bytes, first_group, &groups, &digest).then(|| chunks_of(&bytes))
    });
    decoding.await.ok_or(Fault::Lost)
}

async fn receive(work: Work<'_>, recv: &mut RecvStream, length: u32) -> Result<BytesMut, Fault> {
    let length = usize::try_from(length).map_err(|_| Failure::Protocol)?;
    let mut bytes = BytesMut::with_capacity(length);
    while bytes.len() < length {
        let left = length - bytes.len();
        work.came(more(recv, left.min(GROUP), &mut bytes).await? as u64);
    }
    Ok(bytes)
}

//! What a study is opened with: manifest, headers of a series and the first bytes of an image, in one round trip.
//!
//! Each part is believed for the reason that it would be believed for by itself: the manifest by the card, the headers by the
//! manifest, and the bytes, group by group, where the span that wants them reads them from the stream ([`Gift`]).
//!
//! # At a crash
//! As of the parts by themselves.
//!
//! # Not here
//! What is sent: `give`. The parts by themselves: [`super::fetch`].

use super::{
    Transfer, TransferError, believe_manifest,
    errand::SPAN_CHUNKS,
    fetch::{self, Fault},
    keys,
    line::Live,
    silence, unpack_headers, wire,
};
use crate::archive::cache::CHUNK_BYTES;
use bytes::Bytes;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    coding::KNOWN,
    fetch::{Priority, Reader, Request, What},
    limits::GROUP_BYTES,
    manifest::{Manifest, SeriesEntry, StudyCard},
};
use quinn::{ReadExactError, RecvStream};

/// What came first.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The manifest, believed, and its bytes.
    pub(crate) manifest: (Bytes, Manifest),
    /// The header pack of the series, and the headers in it, believed.
    pub(crate) pack: Option<(Bytes, Vec<Bytes>)>,
    /// The image's bytes are under way.
    pub(crate) gift: Option<(Digest, Gift)>,
}

/// Bytes of an object that are under way unasked: those of its first span, the group values before them.
#[derive(Debug)]
pub(crate) struct Gift {
    pub(crate) recv: RecvStream,
    /// As what they were asked for.
    pub(crate) what: What,
}

impl Transfer {
    /// Asks for all at once; `None` where the holder does not know how, or gave not even the manifest so: then each part
    /// is to be asked for by itself, which tells why.
    ///
    /// # Errors
    /// As [`Transfer::manifest`], where what came is not what the holder signed.
    pub(crate) async fn opening(
        &self,
        holder: &SiteId,
        card: &StudyCard,
        (series, instance): (&Uid, Option<&Uid>),
        reader: &Reader,
    ) -> Result<Option<Opening>, TransferError> {
        let named = card.manifest.ok_or(Refusal::NotHeld)?;
        let pump = self.inner.pump(holder).ok_or(Refusal::NotPaired)?;
        let Some(live) = pump.line().live().filter(|live| keys::knows_roads(&live.connection)) else {
            return Ok(None);
        };
        let codings = if pump.asks_coded(&live) { KNOWN.to_vec() } else { Vec::new() };
        let groups_wanted =
            u32::try_from(SPAN_CHUNKS * CHUNK_BYTES / GROUP_BYTES).map_err(|_| TransferError::Protocol)?;
        let request = Request {
            study: card.study.clone(),
            reader: reader.clone(),
            priority: Priority::Screen,
            what: What::Opening {
                manifest: named.digest,
                series: series.clone(),
                instance: instance.cloned(),
                groups_wanted,
                codings: codings.clone(),
            },
        };
        pump.line().pulse.beat();
        let came = tokio::select! {
            () = live.abandoned.cancelled() => None,
            // A dead line is found as soon as for each part by itself.
            () = silence(pump.line(), &live) => None,
            came = first_part(&live, &request, fetch::manifest_bytes_max(card)) => came.ok(),
        };
        let Some((mut recv, bytes)) = came else { return Ok(None) };
        let manifest = match believe_manifest(card, &bytes) {
            Ok(manifest) => manifest,
            Err(fault) => {
                return Err(self.doubt(holder, &card.study, "a manifest is not the one the site signed", fault).await);
            }
        };
        let mut opening = Opening { manifest: (bytes, manifest), pack: None, gift: None };
        let Some(entry) = opening.manifest.1.series.iter().find(|s| s.series == *series).cloned() else {
            return Ok(Some(opening));
        };
        let pack = tokio::select! {
            () = live.abandoned.cancelled() => None,
            () = silence(pump.line(), &live) => None,
            pack = fetch::blob_of(&mut recv, fetch::pack_bytes_max(&entry)) => pack.ok(),
        };
        let Some(pack) = pack else { return Ok(Some(opening)) };
        opening.gift = gift(&entry, instance, recv, (groups_wanted, codings));
        opening.pack = Some(self.unpacked(holder, &card.study, pack, entry).await?);
        Ok(Some(opening))
    }

    /// Headers of a pack that came, believed.
    ///
    /// # Errors
    /// [`TransferError::Corrupt`], in the audit log already.
    pub(super) async fn unpacked(
        &self,
        holder: &SiteId,
        study: &Uid,
        pack: Bytes,
        entry: SeriesEntry,
    ) -> Result<(Bytes, Vec<Bytes>), TransferError> {
        let packed = pack.clone();
        let unpacking = self.inner.tasks.spawn_blocking("transfer.unpack", move || unpack_headers(&packed, &entry));
        match unpacking.await.map_err(|_| TransferError::Cancelled)? {
            Ok(headers) => Ok((pack, headers)),
            Err(fault) => Err(self.doubt(holder, study, "headers are not those the site signed", fault).await),
        }
    }
}

async fn first_part(live: &Live, request: &Request, bytes_max: usize) -> Result<(RecvStream, Bytes), Fault> {
    let mut recv = fetch::ask_in_time(live, request).await?;
    let bytes = fetch::blob_of(&mut recv, bytes_max).await?;
    Ok((recv, bytes))
}

fn gift(
    entry: &SeriesEntry,
    instance: Option<&Uid>,
    recv: RecvStream,
    (groups_wanted, codings): (u32, Vec<u8>),
) -> Option<(Digest, Gift)> {
    let wanted = entry.instances.iter().find(|entry| Some(&entry.instance) == instance)?;
    let digest = wanted.digest;
    let (groups, first_group) = (protocol::digest::Groups::count(wanted.bytes) > 0, 0);
    let what = if codings.is_empty() {
        What::Range { digest, groups, first_group, groups_wanted }
    } else {
        What::Coded { digest, groups, first_group, groups_wanted, codings }
    };
    Some((digest, Gift { recv, what }))
}

impl Gift {
    /// The head of what is under way; `None` where the holder left it out.
    pub(super) async fn head(mut self) -> Result<Option<(RecvStream, fetch::Head, What)>, Fault> {
        let answer = match wire::read_answer(&mut self.recv).await {
            Ok(answer) => answer,
            Err(wire::WireFault::Read(ReadExactError::FinishedEarly(_))) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        Ok(Some((self.recv, fetch::head_of(answer)?, self.what)))
    }
}

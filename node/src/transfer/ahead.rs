//! The asker's side of what stands for images that are not here yet: a study at a glance, and reduced frames of its stacks.
//!
//! Nothing is given on before it was found to be what the holder signed, of this study as of the manifest that its card names.
//!
//! # At a crash
//! Nothing is kept here; whoever asks keeps what came in the lease.
//!
//! # Not here
//! What is sent: [`super::give_ahead`]. When it is asked for: `studies`.

use super::{REACH_WITHIN, Transfer, TransferError, keys};
use bytes::Bytes;
use protocol::{
    Digest, Refusal, Signed, SiteId, Uid,
    fetch::{Priority, Reader, Request, What},
    limits::{GLANCE_BYTES_MAX, PREVIEW_INSTANCES, PREVIEWS_BYTES_MAX},
    manifest::{SeriesEntry, StudyCard},
    preview::{Previews, StudyGlance},
    wire,
};

/// What names the frames of an answer, beside them.
const NAMES_BYTES_MAX: usize = PREVIEW_INSTANCES * 64 + 4096;

impl Transfer {
    /// Pictures of ours can be made for peers from now on. Once.
    pub(crate) fn lend(&self, lent: super::Lent) {
        self.inner.server.giver.ahead.lend(lent);
    }

    /// Whether the holder is connected and knows requests for what stands for images; waits for a connection.
    async fn knows_passes(&self, holder: &SiteId) -> Result<bool, TransferError> {
        let pump = self.inner.pump(holder).ok_or(Refusal::NotPaired)?;
        let live = pump.line().reach(REACH_WITHIN).await?;
        Ok(keys::knows_passes(&live.connection))
    }

    /// A study at a glance, believed, and its bytes; `None` where the holder does not know how.
    ///
    /// # Errors
    /// As [`Transfer::manifest`].
    pub(crate) async fn glance(
        &self,
        holder: &SiteId,
        card: &StudyCard,
        reader: &Reader,
    ) -> Result<Option<(Bytes, StudyGlance)>, TransferError> {
        let named = card.manifest.ok_or(Refusal::NotHeld)?;
        if !self.knows_passes(holder).await? {
            return Ok(None);
        }
        let what = What::Glance { manifest: named.digest };
        let request = Request { study: card.study.clone(), reader: reader.clone(), priority: Priority::Screen, what };
        let bytes = self.blob(holder, &request, GLANCE_BYTES_MAX).await?;
        match believe_glance(holder, (&card.study, &named.digest), &bytes) {
            Ok(glance) => Ok(Some((bytes, glance))),
            Err(fault) => {
                Err(self.doubt(holder, &card.study, "a study's digest is not what the site signed", fault).await)
            }
        }
    }

    /// Reduced frames of a part of a series, believed, and their bytes; `None` where the holder does not know how. They go
    /// behind what is on the screen.
    ///
    /// # Errors
    /// As [`Transfer::manifest`].
    pub(crate) async fn previews(
        &self,
        holder: &SiteId,
        (study, manifest): (&Uid, &Digest),
        (series, part): (&SeriesEntry, u32),
        reader: &Reader,
    ) -> Result<Option<(Bytes, Previews)>, TransferError> {
        if !self.knows_passes(holder).await? {
            return Ok(None);
        }
        let what = What::Previews { manifest: *manifest, series: series.series.clone(), part };
        let request = Request { study: study.clone(), reader: reader.clone(), priority: Priority::Series, what };
        let bytes = self.blob(holder, &request, PREVIEWS_BYTES_MAX + NAMES_BYTES_MAX).await?;
        match believe_previews(holder, (study, manifest), (series, part), &bytes) {
            Ok(previews) => Ok(Some((bytes, previews))),
            Err(fault) => Err(self.doubt(holder, study, "previews are not those the site signed", fault).await),
        }
    }
}

/// Believes a glance only if its custodian signed it, of this study as of this manifest.
///
/// # Errors
/// [`TransferError::Corrupt`].
pub(crate) fn believe_glance(
    holder: &SiteId,
    (study, manifest): (&Uid, &Digest),
    bytes: &[u8],
) -> Result<StudyGlance, TransferError> {
    let signed: Signed<StudyGlance> = wire::decode(bytes).map_err(|_| TransferError::Corrupt)?;
    let glance = signed.open(holder).map_err(|_| TransferError::Corrupt)?;
    if glance.is_of(study, manifest) { Ok(glance) } else { Err(TransferError::Corrupt) }
}

/// Believes reduced frames only if their custodian signed them, of this part of this series as of this manifest.
///
/// # Errors
/// [`TransferError::Corrupt`].
pub(crate) fn believe_previews(
    holder: &SiteId,
    of: (&Uid, &Digest),
    (series, part): (&SeriesEntry, u32),
    bytes: &[u8],
) -> Result<Previews, TransferError> {
    let signed: Signed<Previews> = wire::decode(bytes).map_err(|_| TransferError::Corrupt)?;
    let previews = signed.open(holder).map_err(|_| TransferError::Corrupt)?;
    let is_it = previews.is_of(of, &series.series, part, series.instances.len());
    if is_it { Ok(previews) } else { Err(TransferError::Corrupt) }
}

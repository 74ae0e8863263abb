//! What goes with requests beside their images: sealed files, named after what they hold.
//!
//! Bytes are believed by their digest: when they come, and each time they are read. What they are is decided by their
//! content. They are kept as long as their case is.
//!
//! # At a crash
//! A file is written beside and takes its name when it is on disk; it is there before any event names it. What no event names
//! is removed at the start.
//!
//! # Not here
//! Their way from the requesting site: `transfer`, whenever `desk` finds some lacking.

use super::{CaseError, Cases, Whole};
use crate::{audit::Actor, identity::Identity, seal::Key};
use bytes::Bytes;
use protocol::{
    Digest,
    case::{
        event::{ATTACHMENT_BYTES_MAX, Attachment, Media, Step},
        state::Void,
    },
    ids::Id128,
};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What their keys are derived for.
const PURPOSE: &str = "confrere 2026-11 attachments of cases";
const BYTES_MAX: usize = ATTACHMENT_BYTES_MAX as usize;

/// Why something is not attached, or cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttachError {
    #[error("only PDF, JPEG and PNG may be attached, and this is none of them, whatever its name says")]
    OtherContent,
    #[error("an attachment has at most 10 MiB")]
    TooLarge,
    #[error("an attachment needs a name of one line")]
    Name,
    #[error("attachments: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Case(#[from] CaseError),
}

#[derive(Debug)]
pub(super) struct Attachments {
    folder: PathBuf,
    identity: Arc<Identity>,
    /// One change at a time.
    changing: Mutex<()>,
    /// Found here before. Bounded by the attachments there are.
    here: Mutex<HashSet<Digest>>,
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an attachment is not what its digest says")
}

impl Attachments {
    pub(super) fn new(dir: &Path, identity: Arc<Identity>) -> Self {
        let (changing, here) = (Mutex::default(), Mutex::default());
        Self { folder: dir.join("attachments"), identity, changing, here }
    }

    fn path(&self, key: &Key, digest: &Digest) -> (PathBuf, String) {
        let name = key.name("attachment", &digest.0);
        (self.folder.join(&name), name)
    }

    fn has(&self, digest: &Digest) -> bool {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if here.contains(digest) {
            return true;
        }
        let sealing = self.identity.sealing(PURPOSE);
        let found = sealing.all().any(|key| self.path(key, digest).0.exists());
        if found {
            let _ = here.insert(*digest);
        }
        found
    }

    fn read(&self, digest: &Digest) -> io::Result<Option<Bytes>> {
        for key in self.identity.sealing(PURPOSE).all() {
            let (path, name) = self.path(key, digest);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
                Err(why) => return Err(why),
            };
            let mut plain = Vec::new();
            let _ = key.opener(&name, file)?.take(u64::from(ATTACHMENT_BYTES_MAX)).read_to_end(&mut plain)?;
            return if Digest::of(&plain) == *digest { Ok(Some(plain.into())) } else { Err(damaged()) };
        }
        Ok(None)
    }

    /// Keeps bytes under their digest. On disk when it returns.
    fn keep(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let sealing = self.identity.sealing(PURPOSE);
        let (path, name) = self.path(&sealing.now, digest);
        if path.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let beside = path.with_extension("new");
        let mut sealer = sealing.now.sealer(&name, File::create(&beside)?)?;
        sealer.write_all(bytes)?;
        sealer.finish()?.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Seals anew what is sealed under the root before.
    fn reseal(&self, digests: &[Digest]) -> io::Result<()> {
        for digest in digests {
            let Some(before) = self.identity.sealing(PURPOSE).before.map(|key| self.path(&key, digest).0) else {
                continue;
            };
            if !before.exists() {
                continue;
            }
            if let Some(bytes) = self.read(digest)? {
                self.keep(digest, &bytes)?;
            }
            // Only when the new one is on disk.
            fs::remove_file(before)?;
        }
        Ok(())
    }

    /// Removes what no event names.
    pub(super) fn sweep(&self, named: &[Digest]) -> io::Result<()> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(why) => return Err(why),
        };
        let sealing = self.identity.sealing(PURPOSE);
        let kept: HashSet<PathBuf> =
            sealing.all().flat_map(|key| named.iter().map(move |digest| self.path(key, digest).0)).collect();
        for file in files {
            let path = file?.path();
            if !kept.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// What goes with a case.
pub(super) fn named(whole: &Whole) -> impl Iterator<Item = &Attachment> {
    whole.state.attachments.iter().map(|attached| &attached.what)
}

impl Cases {
    fn all_attachments(&self) -> Vec<Digest> {
        self.book().all().flat_map(|whole| named(whole).map(|what| what.digest).collect::<Vec<_>>()).collect()
    }

    /// Removes files that no event names.
    pub(super) fn sweep_attachments(&self) {
        if let Err(error) = self.inner.attachments.sweep(&self.all_attachments()) {
            tracing::warn!(%error, "left-over attachments could not be removed");
        }
    }

    /// Attaches a file to a request of this site. Durable when it returns; the same bytes twice are there once.
    ///
    /// # Errors
    /// [`AttachError`].
    pub(crate) async fn attach(
        &self,
        name: Id128,
        actor: Actor,
        called: &str,
        bytes: Bytes,
    ) -> Result<Arc<Whole>, AttachError> {
        if bytes.len() > BYTES_MAX {
            return Err(AttachError::TooLarge);
        }
        let media = Media::of(&bytes).ok_or(AttachError::OtherContent)?;
        let size = u32::try_from(bytes.len()).map_err(|_| AttachError::TooLarge)?;
        let called = called.trim().to_owned();
        let what = Attachment { digest: Digest::of(&bytes), bytes: size, media, name: called };
        if !what.is_sound() {
            return Err(AttachError::Name);
        }
        let whole = self.case(&name).ok_or(CaseError::NoCase)?;
        if whole.state.requester.0 != self.us() {
            return Err(CaseError::Void(Void::NotYours).into());
        }
        if named(&whole).any(|known| known.digest == what.digest) {
            return Ok(whole);
        }
        // Before the file is written: what would have no effect leaves none.
        let who = (self.us(), actor.person.as_str(), actor.role.as_str());
        let _ = whole.case.propose(who, crate::tasks::now(), Step::Attached(what.clone())).map_err(CaseError::from)?;
        self.keep_attachment(what.digest, bytes).await?;
        Ok(self.act(name, actor, Step::Attached(what)).await?)
    }

    /// Keeps the bytes of something that an event names. On disk when it returns.
    ///
    /// # Errors
    /// When they are not what their digest says, or cannot be written.
    pub(crate) async fn keep_attachment(&self, digest: Digest, bytes: Bytes) -> Result<(), AttachError> {
        let this = self.clone();
        let kept = self.inner.tasks.spawn_blocking("attachment", move || {
            if Digest::of(&bytes) != digest {
                return Err(damaged());
            }
            this.inner.attachments.keep(&digest, &bytes)
        });
        Ok(kept.await.map_err(|_| CaseError::Stopping)??)
    }

    /// The bytes; `None`: they are not here yet.
    ///
    /// # Errors
    /// When they cannot be read, or are not what their digest says.
    pub(crate) async fn attachment(&self, digest: Digest) -> Result<Option<Bytes>, AttachError> {
        let this = self.clone();
        let read = self.inner.tasks.spawn_blocking("attachment", move || this.inner.attachments.read(&digest));
        Ok(read.await.map_err(|_| CaseError::Stopping)??)
    }

    /// Whether the bytes are here.
    pub(crate) fn has_attachment(&self, digest: &Digest) -> bool {
        self.inner.attachments.has(digest)
    }

    /// Seals them anew where they are sealed under the root before.
    ///
    /// # Errors
    /// [`AttachError`].
    pub(crate) async fn reseal_attachments(&self) -> Result<(), AttachError> {
        let (this, all) = (self.clone(), self.all_attachments());
        let done = self.inner.tasks.spawn_blocking("attachment", move || this.inner.attachments.reseal(&all));
        Ok(done.await.map_err(|_| CaseError::Stopping)??)
    }
}

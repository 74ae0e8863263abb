//! Decodes frames in worker processes (see [`super::worker`]): a few at once, each within a time.
//!
//! Workers start when first needed, and again when one was lost. A frame at which a worker crashes, hangs, or answers
//! nonsense is refused; the node and the other frames do not notice.
//!
//! # At a crash
//! Workers end with the node.

use super::{
    Fault, codecs, dataset,
    decode::{self, Samples},
    picture::{DAMAGED, Picture},
    wire::{self, Answer, Job},
};
use crate::{
    audit::Actor,
    cases::{Cases, TriedBy, TriedFrame},
    tasks::Tasks,
};
use bytes::Bytes;
use protocol::{Uid, manifest::InstanceEntry};
use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::{Child, Command},
    sync::{AcquireError, Semaphore},
};

/// The word that makes this program a worker.
pub(crate) const WORD: &str = "codec-worker";
/// Workers: each may take a gigabyte for a moment, and two cores do not do more at a time.
const WORKERS_MAX: usize = 2;
/// Time for one frame; the largest take about 2 s.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Decodes frames. Clones share the workers.
#[derive(Clone, Debug)]
pub(crate) struct Decoders(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
    patience: Duration,
    tasks: Tasks,
    /// Who keeps which images could not be decoded.
    cases: Option<Cases>,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    link: UnixStream,
}

impl Decoders {
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self::made(tasks, TIME_MAX, None)
    }

    /// As [`Self::new`]; what cannot be decoded is told to whoever signs.
    pub(crate) fn telling(tasks: Tasks, cases: Cases) -> Self {
        Self::made(tasks, TIME_MAX, Some(cases))
    }

    fn made(tasks: Tasks, patience: Duration, cases: Option<Cases>) -> Self {
        let (turns, idle) = (Semaphore::new(WORKERS_MAX), Mutex::default());
        Self(Arc::new(Inner { turns, idle, patience, tasks, cases }))
    }

    /// A deflated data set, inflated off the async threads, in its turn.
    ///
    /// # Errors
    /// Where it is too large.
    pub(crate) async fn inflate(&self, deflated: Bytes) -> Result<Bytes, Fault> {
        let _turn = self.0.turns.acquire().await.map_err(closed)?;
        let inflated = self.0.tasks.spawn_blocking("inflate", move || dataset::inflate(&deflated)).await;
        let inflated = inflated.map_err(|error| Fault::Internal(format!("inflate: {error}")))?;
        Ok(inflated?.into())
    }

    /// The samples of a frame.
    ///
    /// # Errors
    /// [`Fault::Unreadable`] where no codec reads it, [`Fault::Damaged`] where the codec failed; [`Fault::Internal`] where no
    /// worker starts.
    pub(crate) async fn samples(&self, picture: &Picture) -> Result<Samples, Fault> {
        picture.check_size()?;
        if !picture.encapsulated {
            return decode::samples(picture);
        }
        let _turn = self.0.turns.acquire().await.map_err(closed)?;
        let mut worker = match self.idle() {
            Some(worker) => worker,
            None => Worker::start().map_err(|error| Fault::Internal(format!("a codec worker: {error}")))?,
        };
        // A worker that is not put back, for whatever reason, is killed when it is dropped.
        match tokio::time::timeout(self.0.patience, worker.decode(picture)).await {
            Ok(Ok((answer, bytes))) => {
                self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                answer.samples(bytes, picture)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, syntax = %picture.transfer_syntax, "a codec worker failed at a frame");
                Err(DAMAGED)
            }
            Err(_) => Err(Fault::Unreadable("the frame takes too long to be decoded here")),
        }
    }

    /// The samples of a frame of an image; whether it could be decoded is kept for whoever signs.
    ///
    /// # Errors
    /// As [`Self::samples`].
    pub(crate) async fn samples_of(
        &self,
        study: Option<&Uid>,
        entry: &InstanceEntry,
        index: u64,
        picture: &Picture,
    ) -> Result<Samples, Fault> {
        let samples = self.samples(picture).await;
        // What no codec here is for may well be seen elsewhere.
        let is_ours = !picture.encapsulated || codecs::known(&picture.transfer_syntax);
        match &samples {
            Ok(_) => self.tell(study, entry, index, true).await,
            Err(Fault::Damaged(_)) if is_ours => self.tell(study, entry, index, false).await,
            Err(_) => {}
        }
        samples
    }

    /// Frames that cannot even be found are an image that cannot be decoded.
    pub(crate) async fn found<T>(
        &self,
        study: &Uid,
        entry: &InstanceEntry,
        found: Result<T, Fault>,
    ) -> Result<T, Fault> {
        if matches!(found, Err(Fault::Damaged(_))) {
            self.tell(Some(study), entry, 0, false).await;
        }
        found
    }

    async fn tell(&self, study: Option<&Uid>, entry: &InstanceEntry, index: u64, is_decoded: bool) {
        let (Some(cases), Some(study)) = (&self.0.cases, study) else { return };
        let actor = Actor { role: "node".to_owned(), ..Actor::default() };
        let told = cases.tried(TriedFrame::of(study, entry, index), TriedBy::Node, is_decoded, actor).await;
        if let Err(error) = told {
            tracing::warn!(%error, "that an image cannot be decoded was not kept");
        }
    }

    /// One that is still alive.
    fn idle(&self) -> Option<Worker> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut worker) = idle.pop() {
            if matches!(worker.child.try_wait(), Ok(None)) {
                return Some(worker);
            }
        }
        None
    }
}

fn closed(_: AcquireError) -> Fault {
    Fault::Internal("the decoders are closed".to_owned())
}

impl Worker {
    fn start() -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(program()?);
        command.arg0("confrere").args(words()).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { child: command.spawn()?, link: UnixStream::from_std(ours)? })
    }

    async fn decode(&mut self, picture: &Picture) -> io::Result<(Answer, Vec<u8>)> {
        self.link.write_all(&wire::front(&Job::of(picture), &picture.bytes)?).await?;
        self.link.write_all(&picture.bytes).await?;
        let (mut four, mut eight) = ([0; 4], [0; 8]);
        self.link.read_exact(&mut four).await?;
        let mut head = vec![0; wire::head_len(four)?];
        self.link.read_exact(&mut head).await?;
        let answer = postcard::from_bytes(&head).map_err(io::Error::other)?;
        self.link.read_exact(&mut eight).await?;
        let mut bytes = vec![0; wire::bytes_len(eight, picture.decoded_bytes())?];
        self.link.read_exact(&mut bytes).await?;
        Ok((answer, bytes))
    }
}

/// This program, the very file that runs, even where it was replaced since.
fn program() -> io::Result<PathBuf> {
    let own = Path::new("/proc/self/exe");
    if own.exists() { Ok(own.to_owned()) } else { std::env::current_exe() }
}

fn words() -> Vec<&'static str> {
    // The program of the unit tests knows no commands.
    if cfg!(test) { vec!["pixels::worker::tests::works_for_its_parent", "--exact", WORD] } else { vec![WORD] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::map::Layout;
    use dicom_core::VR;
    use nix::{
        sys::{
            signal::{Signal, kill},
            wait::{WaitPidFlag, WaitStatus, waitpid},
        },
        unistd::Pid,
    };
    use std::pin::pin;

    /// Two pixels of RLE.
    fn picture() -> Picture {
        let mut bytes = vec![0u8; 64];
        bytes[0] = 1;
        bytes[4] = 64;
        bytes.extend([1, 7, 9]);
        let layout =
            Layout { rows: 1, columns: 2, samples: 1, allocated: 8, photometric: "MONOCHROME2".to_owned(), frames: 1 };
        Picture {
            bytes: bytes.into(),
            transfer_syntax: "1.2.840.10008.1.2.5".to_owned(),
            encapsulated: true,
            big_endian: false,
            vr: VR::OB,
            layout,
            stored: 8,
            high: 7,
            signed: false,
            planar: false,
        }
    }

    fn pids(decoders: &Decoders) -> Vec<i32> {
        let idle = decoders.0.idle.lock().unwrap();
        idle.iter().map(|worker| i32::try_from(worker.child.id().unwrap()).unwrap()).collect()
    }

    /// Stops a worker, and returns when it stands still.
    fn stop(pid: Pid) {
        kill(pid, Signal::SIGSTOP).unwrap();
        let stopped = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert_eq!(stopped, WaitStatus::Stopped(pid, Signal::SIGSTOP));
    }

    #[tokio::test]
    async fn a_worker_decodes_and_is_used_again() {
        let decoders = Decoders::new(Tasks::default());
        assert!(pids(&decoders).is_empty(), "none is started before it is needed");
        assert_eq!(decoders.samples(&picture()).await.unwrap().bytes, [7, 9]);
        let first = pids(&decoders);
        assert_eq!(decoders.samples(&picture()).await.unwrap().bytes, [7, 9]);
        assert_eq!(pids(&decoders), first);
        assert_eq!(first.len(), 1);
    }

    #[tokio::test]
    async fn a_worker_is_confined() {
        let decoders = Decoders::new(Tasks::default());
        decoders.samples(&picture()).await.unwrap();
        let pid = pids(&decoders)[0];
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let limit = |name: &str| {
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().next().unwrap().to_owned()
        };
        assert_eq!(limit("Max address space"), (2u64 << 30).to_string());
        assert_eq!(limit("Max open files"), "0");
        assert_eq!(limit("Max file size"), "0");
        assert_ne!(limit("Max cpu time"), "unlimited");
        assert!(std::fs::read(format!("/proc/{pid}/environ")).unwrap().is_empty());
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        assert_eq!(open, 5, "input, output, error, and the socket twice");
    }

    #[tokio::test]
    async fn a_lost_worker_is_replaced() {
        let decoders = Decoders::new(Tasks::default());
        decoders.samples(&picture()).await.unwrap();
        let mut lost = decoders.0.idle.lock().unwrap().pop().unwrap();
        let pid = lost.child.id().unwrap();
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGABRT).unwrap();
        lost.child.wait().await.unwrap();
        decoders.0.idle.lock().unwrap().push(lost);
        assert_eq!(decoders.samples(&picture()).await.unwrap().bytes, [7, 9]);
        assert_ne!(pids(&decoders), [i32::try_from(pid).unwrap()]);
    }

    #[tokio::test]
    async fn a_worker_lost_at_a_frame_fails_that_frame_alone() {
        let decoders = Decoders::new(Tasks::default());
        decoders.samples(&picture()).await.unwrap();
        let pid = Pid::from_raw(pids(&decoders)[0]);
        // Stopped, it takes the frame and does not answer; then it dies at it.
        stop(pid);
        let one = picture();
        let mut failing = pin!(decoders.samples(&one));
        assert!(futures::poll!(failing.as_mut()).is_pending());
        kill(pid, Signal::SIGKILL).unwrap();
        let failed = failing.await;
        assert!(matches!(failed, Err(Fault::Damaged(_))), "{failed:?}");
        assert_eq!(decoders.samples(&picture()).await.unwrap().bytes, [7, 9]);
    }

    #[tokio::test]
    async fn a_worker_that_hangs_is_given_up_in_time_and_killed() {
        let decoders = Decoders::made(Tasks::default(), Duration::from_millis(1), None);
        let worker = Worker::start().unwrap();
        stop(Pid::from_raw(i32::try_from(worker.child.id().unwrap()).unwrap()));
        decoders.0.idle.lock().unwrap().push(worker);
        let failed = decoders.samples(&picture()).await;
        assert!(matches!(failed, Err(Fault::Unreadable(why)) if why.contains("too long")), "{failed:?}");
        assert!(pids(&decoders).is_empty(), "it is not used again");
    }
}

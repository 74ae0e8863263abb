//! A codec worker: this program again, started by [`super::Decoders`], that decodes frames handed to it over its
//! standard input, which is a socket.
//!
//! Codecs read what strangers wrote, so they run where they can do no harm: with an empty environment, unable to open a
//! file or a socket, within bounds of memory and processor time. A worker that crashes, hangs or eats its memory loses
//! one frame.
//!
//! # At a crash
//! When the node goes, the socket ends, and the worker with it, even in the middle of a frame.

use super::{
    decode,
    picture::Picture,
    wire::{self, Answer, Job},
};
use nix::sys::{
    resource::{Resource, UsageWho, getrusage, setrlimit},
    time::TimeValLike,
};
use std::{
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    panic::{AssertUnwindSafe, catch_unwind},
    process::{ExitCode, exit},
    sync::mpsc,
};

/// Memory a worker may map, bytes: the largest picture takes 1 GiB while JPEG 2000 decodes it.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Processor time for one frame, seconds: beyond the time the node waits for it.
const CPU_S_MAX: u64 = 20;

/// Decodes until the node goes.
pub(crate) fn serve() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run() -> io::Result<()> {
    let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Only a socket has a peer: nobody else starts this.
    link.peer_addr()?;
    drop(link);
    close_inherited();
    let mut link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut reader = link.try_clone()?;
    confine()?;
    let (sender, jobs) = mpsc::sync_channel::<Picture>(1);
    std::thread::Builder::new().name("jobs".to_owned()).spawn(move || {
        // Reads on while a frame is decoded, and so learns at once that the node is gone.
        while let Ok(picture) = read(&mut reader) {
            if sender.send(picture).is_err() {
                break;
            }
        }
        exit(0)
    })?;
    for picture in jobs {
        allow_cpu()?;
        let result = catch_unwind(AssertUnwindSafe(|| decode::samples(&picture)));
        let (answer, bytes) = Answer::of(result.unwrap_or(Err(super::picture::UNREADABLE)));
        link.write_all(&wire::front(&answer, &bytes)?)?;
        link.write_all(&bytes)?;
    }
    Ok(())
}

fn read(reader: &mut UnixStream) -> io::Result<Picture> {
    let (mut four, mut eight) = ([0; 4], [0; 8]);
    reader.read_exact(&mut four)?;
    let mut head = vec![0; wire::head_len(four)?];
    reader.read_exact(&mut head)?;
    let job: Job = postcard::from_bytes(&head).map_err(io::Error::other)?;
    reader.read_exact(&mut eight)?;
    let mut bytes = vec![0; wire::bytes_len(eight, wire::BYTES_MAX)?];
    reader.read_exact(&mut bytes)?;
    Ok(job.picture(bytes))
}

/// Whatever the node itself was started with and passes on; nothing of it was opened here.
fn close_inherited() {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in open.into_iter().filter(|number| *number > 2) {
        // One of them was the listing itself.
        _ = nix::unistd::close(number);
    }
}

/// Gives up what decoding does not need. What is open stays open: the socket.
fn confine() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_AS, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_FSIZE, 0, 0)?;
    setrlimit(Resource::RLIMIT_NOFILE, 0, 0)?;
    Ok(())
}

/// The kernel ends a worker that takes more than its share for this frame.
fn allow_cpu() -> io::Result<()> {
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let used_s = used.user_time().num_seconds() + used.system_time().num_seconds();
    let until = u64::try_from(used_s).unwrap_or(0) + CPU_S_MAX;
    setrlimit(Resource::RLIMIT_CPU, until, nix::libc::RLIM_INFINITY)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program of the unit tests is its own worker: started with this test's name and the word for it.
    #[test]
    fn works_for_its_parent() {
        if std::env::args().any(|word| word == super::super::pool::WORD) {
            exit(i32::from(run().is_err()));
        }
        assert!(run().is_err(), "without a socket there is nobody to work for");
    }
}

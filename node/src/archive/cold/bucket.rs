//! A bucket of an object store (S3) as the cold tier, with `prefix/ab/<name>`. The store is somebody else's: what goes
//! there is sealed ([`crate::seal`]) with a key that is made from the site's root, names too. Whoever has `site.key`, from a
//! backup too, can read it. While things are sealed anew (`crate::reseal`) an object lies under the name of one root or of
//! the other, or of both: it is looked for under the newer first.
//!
//! The mark is the one object in plain text. It is looked at every few seconds; while it is not there, nothing else is
//! asked for.
//!
//! # At a crash
//! An object is there whole or not at all. Parts of one are no object; the next start removes them. One that is sealed anew is
//! there under its new name, read back, before the old one goes.
//!
//! # Not here
//! HTTP, and what is tried again: [`super::client`].

use super::{
    Away, ColdStore, Fill, MARK, Place,
    client::{Answer, Ask, Client, checksum, element},
};
use crate::{
    config::BucketConfig,
    identity::{Identity, Sealing},
    seal,
    tasks::Tasks,
};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use protocol::Digest;
use std::{
    io::{self, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How often the mark is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Bytes sent and asked for at once; an object with more goes in parts. Stores take 5 MiB to 5 GiB, and 10 000 parts.
const PART: usize = 16 << 20;
const PARTS_MAX: usize = 10_000;
/// Objects written at a time: the way there is long.
const SIDE_BY_SIDE: usize = 4;
/// What the key for the store is made for.
const PURPOSE: &str = "confrere cold tier in an object store 1";

/// The bucket as configured.
#[derive(Debug)]
pub(super) struct Bucket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    at: BucketConfig,
    client: Option<Arc<Client>>,
    identity: Arc<Identity>,
    site: String,
    away: Mutex<Option<Away>>,
    /// Nothing is asked for before the mark was.
    looked: AtomicBool,
    looking: Mutex<()>,
    /// Something was put there: the mark is never made again.
    is_used: AtomicBool,
}

impl Bucket {
    /// Looks at the bucket until the node stops. One that holds nothing yet gets the mark.
    pub(super) fn open(at: &BucketConfig, identity: Arc<Identity>, is_used: bool, tasks: &Tasks) -> Self {
        let client = match Client::new(at, tasks) {
            Ok(client) => Some(Arc::new(client)),
            Err(error) => {
                tracing::error!(%error, "the object store of the cold tier cannot be used");
                None
            }
        };
        let inner = Arc::new(Inner {
            at: at.clone(),
            away: Mutex::new(client.is_none().then_some(Away::Credentials)),
            client,
            site: identity.site().to_string(),
            identity,
            looked: AtomicBool::new(false),
            looking: Mutex::default(),
            is_used: AtomicBool::new(is_used),
        });
        tasks.spawn("cold store", look(inner.clone(), tasks.clone()));
        Self { inner }
    }
}

/// Looks at the mark now and then.
async fn look(inner: Arc<Inner>, tasks: Tasks) {
    loop {
        let shared = inner.clone();
        // It ends without an answer only when the node is gone.
        let _ = tasks.spawn_blocking("cold store", move || shared.look()).await;
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

impl Inner {
    fn away(&self) -> std::sync::MutexGuard<'_, Option<Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, away: Option<Away>) {
        let before = std::mem::replace(&mut *self.away(), away);
        match away {
            Some(why) if before != away => tracing::warn!(%why, "the object store of the cold tier is not there"),
            None if before.is_some() => tracing::info!("the object store of the cold tier is there"),
            _ => {}
        }
    }

    /// Notes whether it is there (blocking).
    fn look(&self) {
        let _one = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_alone();
    }

    fn look_alone(&self) {
        let away = self.require_mark().err();
        if self.client.as_ref().is_none_or(|client| !client.is_stopping()) {
            self.note(away);
        }
        self.looked.store(true, Ordering::Release);
    }

    fn require_look(&self) {
        if self.looked.load(Ordering::Acquire) {
            return;
        }
        let _one = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.looked.load(Ordering::Acquire) {
            self.look_alone();
        }
    }

    fn require_mark(&self) -> Result<(), Away> {
        let client = self.client.as_ref().ok_or(Away::Credentials)?;
        let answer = client.ask(Ask::new(Method::GET, self.name(MARK)))?;
        match answer.status {
            StatusCode::OK if answer.body == self.site.as_bytes() => {
                self.is_used.store(true, Ordering::Release);
                Ok(())
            }
            StatusCode::OK => Err(Away::OtherSite),
            StatusCode::NOT_FOUND if self.is_used.load(Ordering::Acquire) => Err(Away::Unmarked),
            StatusCode::NOT_FOUND => self.begin(client),
            _ => Err(Away::Silent),
        }
    }

    fn begin(&self, client: &Arc<Client>) -> Result<(), Away> {
        // A store that does not know the question keeps no versions.
        let versions = client.ask(Ask::new(Method::GET, "").query("versioning", ""))?;
        if versions.status.is_success() && versions.element("Status") == Some("Enabled") {
            return Err(Away::Versions);
        }
        let mark = Bytes::copy_from_slice(self.site.as_bytes());
        let put = client.ask(Ask::new(Method::PUT, self.name(MARK)).header("if-none-match", "*").body(mark))?;
        match put.status {
            status if status.is_success() => {
                self.is_used.store(true, Ordering::Release);
                Ok(())
            }
            // Somebody else was first; the next look tells who.
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => Err(Away::Unmarked),
            _ => Err(Away::Silent),
        }
    }

    fn name(&self, below: &str) -> String {
        if self.at.prefix.is_empty() { below.to_owned() } else { format!("{}/{below}", self.at.prefix) }
    }

    fn sealing(&self) -> Sealing {
        self.identity.sealing(PURPOSE)
    }

    /// Whether there is something under this key.
    fn has(&self, key: &seal::Key, digest: &Digest) -> io::Result<bool> {
        let object = self.object(&sealed_name(key, digest));
        found(self.insist(Ask::new(Method::HEAD, object)))
    }

    /// Opens what lies there under this key.
    fn open(&self, key: &seal::Key, digest: &Digest) -> io::Result<seal::Opener<Fetching<'_>>> {
        let sealed = sealed_name(key, digest);
        key.opener(&sealed, Fetching::begin(self, self.object(&sealed))?)
    }

    fn put(&self, key: &seal::Key, digest: &Digest, fill: &mut Fill<'_>) -> io::Result<u64> {
        let sealed = sealed_name(key, digest);
        let mut sending = Sending::new(self, self.object(&sealed));
        let sent = key.sealer(&sealed, &mut sending).and_then(|mut sealer| {
            fill(&mut sealer)?;
            sealer.finish()?;
            Ok(())
        });
        match sent.and_then(|()| sending.finish()) {
            Ok(bytes) => Ok(bytes),
            Err(error) => {
                sending.give_up();
                Err(error)
            }
        }
    }

    fn remove(&self, key: &seal::Key, digest: &Digest) -> io::Result<()> {
        let object = self.object(&sealed_name(key, digest));
        found(self.insist(Ask::new(Method::DELETE, object))).map(|_| ())
    }

    fn set_aside(&self, key: &seal::Key, digest: &Digest) -> io::Result<()> {
        let sealed = sealed_name(key, digest);
        let to = self.name(&format!("rotten/{sealed}-{}", crate::tasks::now().0));
        let source = super::sign::encoded(&format!("/{}/{}", self.at.bucket, self.object(&sealed)), true);
        let copied = self.insist(Ask::new(Method::PUT, to).header("x-amz-copy-source", source));
        if found(copied)? { self.remove(key, digest) } else { Ok(()) }
    }

    fn object(&self, sealed: &str) -> String {
        self.name(&format!("{}/{sealed}", sealed.get(..2).unwrap_or("00")))
    }

    /// Asks, if the bucket is there as far as is known (blocking).
    fn ask(&self, ask: Ask) -> io::Result<Answer> {
        self.require_look();
        if let Some(away) = *self.away() {
            return Err(away.into());
        }
        let client = self.client.as_ref().ok_or(Away::Credentials)?;
        client.ask(ask).map_err(|away| {
            if !client.is_stopping() {
                self.note(Some(away));
            }
            away.into()
        })
    }

    /// As [`Inner::ask`]; what is neither success nor "not found" is an error.
    fn insist(&self, ask: Ask) -> io::Result<Answer> {
        let answer = self.ask(ask)?;
        match answer.status {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_FOUND => Err(io::ErrorKind::NotFound.into()),
            status => {
                let code = answer.element("Code").unwrap_or_default();
                Err(io::Error::other(format!("the object store answers {status} {code}")))
            }
        }
    }
}

impl ColdStore for Bucket {
    fn place(&self) -> Place {
        Place { is_store: true, name: self.inner.at.shown() }
    }

    fn away(&self) -> Option<Away> {
        *self.inner.away()
    }

    fn is_known(&self) -> bool {
        self.inner.looked.load(Ordering::Acquire)
    }

    fn side_by_side(&self) -> usize {
        SIDE_BY_SIDE
    }

    fn put(&self, digest: &Digest, fill: &mut Fill<'_>) -> io::Result<u64> {
        self.inner.put(&self.inner.sealing().now, digest, fill)
    }

    fn holds(&self, digest: &Digest) -> io::Result<bool> {
        for key in self.inner.sealing().all() {
            if self.inner.has(key, digest)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + '_>> {
        let sealing = self.inner.sealing();
        let opened = match (self.inner.open(&sealing.now, digest), &sealing.before) {
            (Err(error), Some(before)) if error.kind() == io::ErrorKind::NotFound => self.inner.open(before, digest),
            (opened, _) => opened,
        };
        Ok(Box::new(opened?))
    }

    fn set_aside(&self, digest: &Digest) -> io::Result<()> {
        self.inner.sealing().all().try_for_each(|key| self.inner.set_aside(key, digest))
    }

    fn remove(&self, digest: &Digest) -> io::Result<()> {
        self.inner.sealing().all().try_for_each(|key| self.inner.remove(key, digest))
    }

    fn reseal(&self, digest: &Digest) -> io::Result<()> {
        let Sealing { now, before: Some(before) } = self.inner.sealing() else { return Ok(()) };
        if !self.inner.has(&now, digest)? {
            let mut from = match self.inner.open(&before, digest) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                opened => opened?,
            };
            let mut sent = blake3::Hasher::new();
            let mut fill = |out: &mut dyn Write| {
                let mut both = Hashing { hasher: &mut sent, to: out };
                io::copy(&mut from, &mut both).map(|_| ())
            };
            self.inner.put(&now, digest, &mut fill)?;
            let mut back = blake3::Hasher::new();
            io::copy(&mut self.inner.open(&now, digest)?, &mut back)?;
            if back.finalize() != sent.finalize() {
                self.inner.remove(&now, digest)?;
                return Err(io::Error::other("what was sealed anew does not come back as it was sent"));
            }
        }
        self.inner.remove(&before, digest)
    }

    fn sweep(&self) -> io::Result<()> {
        let prefix = self.inner.name("");
        let answer = self.inner.insist(Ask::new(Method::GET, "").query("uploads", "").query("prefix", prefix))?;
        let text = std::str::from_utf8(&answer.body).unwrap_or_default();
        for upload in text.split("<Upload>").skip(1) {
            let (Some(object), Some(id)) = (element(upload, "Key"), element(upload, "UploadId")) else { continue };
            self.inner.insist(Ask::new(Method::DELETE, object).query("uploadId", id))?;
        }
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

fn sealed_name(key: &seal::Key, digest: &Digest) -> String {
    key.name("object", &digest.0)
}

/// Whether what was asked for was there.
fn found(answer: io::Result<Answer>) -> io::Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Hashes what passes.
struct Hashing<'a> {
    hasher: &'a mut blake3::Hasher,
    to: &'a mut dyn Write,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.to.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// An object on its way there: in one request if it is small, else in parts.
struct Sending<'a> {
    inner: &'a Inner,
    object: String,
    part: Vec<u8>,
    upload: Option<String>,
    /// ETag and checksum of each part.
    parts: Vec<(String, String)>,
    bytes: u64,
}

impl<'a> Sending<'a> {
    const fn new(inner: &'a Inner, object: String) -> Self {
        Self { inner, object, part: Vec::new(), upload: None, parts: Vec::new(), bytes: 0 }
    }

    fn ask(&self, method: Method) -> Ask {
        Ask::new(method, self.object.as_str())
    }

    fn upload(&mut self) -> io::Result<String> {
        if let Some(id) = &self.upload {
            return Ok(id.clone());
        }
        let begun = self
            .inner
            .insist(self.ask(Method::POST).query("uploads", "").header("x-amz-checksum-algorithm", "SHA256"))?;
        let id = begun.element("UploadId").ok_or_else(|| io::Error::other("the object store names no upload"))?;
        Ok(self.upload.insert(id.to_owned()).clone())
    }

    fn send_part(&mut self) -> io::Result<()> {
        if self.parts.len() >= PARTS_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let id = self.upload()?;
        let body = Bytes::from(std::mem::take(&mut self.part));
        let sum = checksum(&body);
        let number = (self.parts.len() + 1).to_string();
        let ask = self.ask(Method::PUT).query("partNumber", number).query("uploadId", id);
        let answer = self.inner.insist(ask.body(body))?;
        let tag = answer.headers.get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        self.parts.push((tag.replace('"', ""), sum));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<u64> {
        if self.upload.is_none() {
            let body = Bytes::from(std::mem::take(&mut self.part));
            self.inner.insist(self.ask(Method::PUT).body(body))?;
            return Ok(self.bytes);
        }
        if !self.part.is_empty() {
            self.send_part()?;
        }
        let parts: String = self.parts.iter().zip(1..).fold(String::new(), |all, ((tag, sum), number)| {
            all + &format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>\"{tag}\"</ETag>\
                 <ChecksumSHA256>{sum}</ChecksumSHA256></Part>"
            )
        });
        let list = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let mut ask = self.ask(Method::POST).query("uploadId", self.upload()?);
        ask.body = Bytes::from(list);
        let answer = self.inner.insist(ask)?;
        // A store that needs long begins with 200 and says later that it failed.
        match answer.element("Code") {
            Some(code) => Err(io::Error::other(format!("the object store does not complete an upload: {code}"))),
            None => Ok(self.bytes),
        }
    }

    fn give_up(&mut self) {
        if let Some(id) = self.upload.take()
            && let Err(error) = self.inner.insist(self.ask(Method::DELETE).query("uploadId", id))
        {
            tracing::debug!(%error, "parts of an object stay in the store until the next start");
        }
    }
}

impl Write for Sending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() >= PART && !bytes.is_empty() {
            self.send_part()?;
        }
        let taken = bytes.get(..bytes.len().min(PART - self.part.len())).unwrap_or_default();
        self.part.extend_from_slice(taken);
        self.bytes += taken.len() as u64;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An object on its way here, range by range.
struct Fetching<'a> {
    inner: &'a Inner,
    object: String,
    piece: Bytes,
    /// Of the whole object.
    next: u64,
    is_over: bool,
}

impl<'a> Fetching<'a> {
    fn begin(inner: &'a Inner, object: String) -> io::Result<Self> {
        let mut fetching = Self { inner, object, piece: Bytes::new(), next: 0, is_over: false };
        fetching.fetch()?;
        Ok(fetching)
    }

    fn fetch(&mut self) -> io::Result<()> {
        let last = self.next + PART as u64 - 1;
        let mut ask =
            Ask::new(Method::GET, self.object.as_str()).header("range", format!("bytes={}-{last}", self.next));
        ask.answer_max = PART;
        let answer = self.inner.ask(ask)?;
        match answer.status {
            StatusCode::PARTIAL_CONTENT => {
                let range = answer.headers.get("content-range").and_then(|range| range.to_str().ok());
                let total = range.and_then(|range| range.rsplit_once('/')).and_then(|(_, total)| total.parse().ok());
                let got = answer.body.len() as u64;
                self.next += got;
                self.is_over = got == 0 || total.is_none_or(|total: u64| self.next >= total);
                self.piece = answer.body;
                Ok(())
            }
            // All of it, by a store that knows no ranges; or an object that has no bytes at all.
            StatusCode::OK if self.next == 0 => {
                (self.piece, self.is_over) = (answer.body, true);
                Ok(())
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.is_over = true;
                Ok(())
            }
            StatusCode::NOT_FOUND => Err(io::ErrorKind::NotFound.into()),
            status => Err(io::Error::other(format!("the object store answers {status}"))),
        }
    }
}

impl Read for Fetching<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_over {
            self.fetch()?;
        }
        let n = self.piece.len().min(out.len());
        let taken = self.piece.split_to(n);
        if let Some(to) = out.get_mut(..n) {
            to.copy_from_slice(&taken);
        }
        Ok(n)
    }
}

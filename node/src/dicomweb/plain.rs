//! Whole objects in Explicit VR Little Endian, for who asks for that and nothing else; the stored ones stay as they are.
//!
//! Each is made while it is sent. The first one is begun before the status goes out, so that a single instance that
//! cannot be decoded is a 406; a later one breaks the answer off, which its missing last boundary tells.

use super::{accept::Form, asker::Asker, body, error::Problem, metadata::instance_url};
use crate::{
    pixels::{Fault, Plain, Transcoded, source::Source},
    studies::OpenStudy,
};
use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use protocol::{Uid, fetch::Priority, manifest::InstanceEntry};
use std::{collections::VecDeque, sync::Arc};

const PLAIN: Plain = Plain::Explicit;

/// Objects on their way.
struct Making {
    asker: Arc<Asker>,
    study: Arc<OpenStudy>,
    uid: Uid,
    rest: VecDeque<(Uid, InstanceEntry)>,
    now: Option<Transcoded>,
    /// Between parts; `None`: one object alone.
    boundary: Option<String>,
    first: bool,
    ended: bool,
}

/// Answers with the chosen instances.
pub(super) async fn answer(
    asker: Asker,
    study: Arc<OpenStudy>,
    form: &Form,
    uid: Uid,
    chosen: Vec<(Uid, InstanceEntry)>,
) -> Result<Response, Problem> {
    let boundary = form.multipart.then(|| crate::tasks::random_id().to_string());
    let content_type = match &boundary {
        Some(boundary) => format!("multipart/related; type=\"{}\"; boundary={boundary}", form.media),
        None => format!("{}; transfer-syntax={}", form.media, PLAIN.uid()),
    };
    if asker.head_only {
        return Ok(([(header::CONTENT_TYPE, content_type)], body::headless()).into_response());
    }
    let asker = Arc::new(asker);
    let mut making = Making { asker, study, uid, rest: chosen.into(), now: None, boundary, first: true, ended: false };
    let mut first = VecDeque::new();
    making.begin(&mut first).await?;
    let length = making.now.as_ref().filter(|_| making.boundary.is_none());
    let length = length.map(|made| made.front().len() as u64 + made.bytes());
    let body = Body::from_stream(stream::iter(first.into_iter().map(Ok)).chain(making.stream()).inspect_err(|error| {
        tracing::warn!(%error, "an answer broke off");
    }));
    let mut response = ([(header::CONTENT_TYPE, content_type)], body).into_response();
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    Ok(response)
}

impl Making {
    /// Begins the next object: what stands before its data set.
    async fn begin(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        let Some((series, entry)) = self.rest.pop_front() else { return Ok(()) };
        let header = self.study.header(&series, &entry.instance).await?;
        let url = instance_url(&self.asker.root, &self.uid, &series, &entry.instance);
        let source = Source::of(&self.study, Priority::Series);
        let decoders = &self.asker.desk.door.decoders;
        let made = Transcoded::begin(decoders, source, entry, &header, PLAIN).await?;
        if let Some(boundary) = &self.boundary {
            let lead = if std::mem::take(&mut self.first) { "" } else { "\r\n" };
            let head = format!(
                "{lead}--{boundary}\r\nContent-Type: application/dicom; transfer-syntax={}\r\nContent-Location: {url}\r\n\r\n",
                PLAIN.uid()
            );
            out.push_back(head.into());
        }
        out.push_back(made.front());
        self.now = Some(made);
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(made) = &mut self.now {
                if let Some(bytes) = made.next().await? {
                    return Ok(Some(bytes));
                }
                self.now = None;
            }
            if !self.rest.is_empty() {
                let mut out = VecDeque::new();
                self.begin(&mut out).await?;
                return Ok(Some(out.into_iter().flatten().collect()));
            }
            if std::mem::replace(&mut self.ended, true) {
                return Ok(None);
            }
            if let Some(boundary) = &self.boundary {
                return Ok(Some(format!("\r\n--{boundary}--\r\n").into()));
            }
        }
    }

    fn stream(self) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
        stream::try_unfold(self, |mut making| async move {
            let bytes = making.next().await?;
            Ok(bytes.map(|bytes| (bytes, making)))
        })
    }
}

//! `[archive]`, the cold tier: a folder, or a bucket of an object store.

use super::read::Section;
use std::path::{Path, PathBuf};
use toml::Value;

/// Where older studies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ColdPlace {
    /// `cold`
    Folder(PathBuf),
    /// `cold_store`
    Bucket(BucketConfig),
}

/// A bucket of an object store that speaks S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketConfig {
    /// `cold_store`: `https://host:port`
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `cold_bucket`
    pub(crate) bucket: String,
    /// `cold_region`
    pub(crate) region: String,
    /// `cold_prefix`, without slashes around it.
    pub(crate) prefix: String,
    /// `cold_bucket_in_host`: the bucket's name is part of the host's, not of the path.
    pub(crate) is_in_host: bool,
    /// `cold_credentials`: a file of mode 0600 with an access key ID and a secret, a line each.
    pub(crate) credentials: PathBuf,
    /// `cold_ca`: a PEM authority beside the system's.
    pub(crate) ca: Option<PathBuf>,
    /// `cold_plain_http`: http beyond this machine is wanted.
    pub(crate) is_plain_well: bool,
}

const ENDPOINT: &str = "a URL like \"https://s3.example\" without a path";
const PATHS: [&str; 2] = ["cold_credentials", "cold_ca"];

impl ColdPlace {
    /// Paths that are relative are below the node's folder.
    pub(super) fn below(&mut self, dir: &Path) {
        match self {
            Self::Folder(path) => *path = dir.join(&*path),
            Self::Bucket(bucket) => {
                bucket.credentials = dir.join(&bucket.credentials);
                bucket.ca = bucket.ca.take().map(|path| dir.join(path));
            }
        }
    }
}

impl BucketConfig {
    /// Who is asked: the name that a certificate must bear.
    pub(crate) fn server(&self) -> String {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        if self.is_in_host { format!("{}.{host}", self.bucket) } else { host.to_owned() }
    }

    /// The Host header.
    pub(crate) fn authority(&self) -> String {
        let host = if self.is_in_host { format!("{}.{}", self.bucket, self.host) } else { self.host.clone() };
        let own = if self.tls { 443 } else { 80 };
        if self.port == own { host } else { format!("{host}:{}", self.port) }
    }

    /// What stands before an object's name in a request's path.
    pub(crate) fn base(&self) -> String {
        if self.is_in_host { "/".to_owned() } else { format!("/{}/", self.bucket) }
    }

    fn endpoint(&self) -> String {
        format!("{}://{}:{}", if self.tls { "https" } else { "http" }, self.host, self.port)
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("/{}", self.prefix) };
        format!("{}/{}{prefix}", self.endpoint(), self.bucket)
    }
}

fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Scheme, host, port.
fn endpoint(text: &str) -> Option<(bool, String, u16)> {
    let (scheme, authority) = text.trim_end_matches('/').split_once("://")?;
    let tls = match scheme {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|port| *port > 0)?),
        _ => (authority, if tls { 443 } else { 80 }),
    };
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b".-[:]".contains(&byte);
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(is_fit)).then(|| (tls, host.to_owned(), port))
}

/// Names as the rules of S3 allow them everywhere.
fn is_bucket(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    (3..=63).contains(&text.len()) && text.bytes().all(is_fit)
}

fn is_prefix(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    let parts_are_fit = text.is_empty() || text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    text.len() <= 128 && text.bytes().all(is_fit) && parts_are_fit
}

fn is_region(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn flag(section: &mut Section<'_>, key: &str) -> bool {
    match section.table.remove(key) {
        None => false,
        Some(Value::Boolean(value)) => value,
        Some(_) => {
            section.fault(key, "is neither true nor false");
            false
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<ColdPlace> {
    let folder = section.path("cold");
    let is_any = section.table.keys().any(|key| key.starts_with("cold_") && key != "cold_after");
    let store = section.text("cold_store", None, ENDPOINT, |text| endpoint(text).map(Some));
    let bucket =
        section.text("cold_bucket", None, "a bucket's name", |text| is_bucket(text).then(|| Some(text.to_owned())));
    let region = section
        .text("cold_region", "us-east-1".to_owned(), "a region", |text| is_region(text).then(|| text.to_owned()));
    let wanted = "a prefix of plain characters, like \"ch-nord/cold\"";
    let prefix = section.text("cold_prefix", String::new(), wanted, |text| {
        let text = text.trim_matches('/');
        is_prefix(text).then(|| text.to_owned())
    });
    let [credentials, ca] = PATHS.map(|key| section.path(key));
    let is_in_host = flag(section, "cold_bucket_in_host");
    let is_plain_well = flag(section, "cold_plain_http");
    if !is_any {
        return folder.map(ColdPlace::Folder);
    }
    if folder.is_some() {
        section.fault("cold", "there is one cold tier: a folder (cold) or an object store (cold_store)");
    }
    let set = [
        ("cold_store", store.is_some()),
        ("cold_bucket", bucket.is_some()),
        ("cold_credentials", credentials.is_some()),
    ];
    for (key, is_set) in set {
        if !is_set {
            section.fault(key, "cold_store, cold_bucket and cold_credentials are set together");
        }
    }
    let (tls, host, port) = store?;
    if !tls && !is_here(&host) && !is_plain_well {
        section
            .fault("cold_store", "http is for a store on this machine; else set cold_plain_http = true, or use https");
    }
    let (bucket, credentials) = (bucket?, credentials?);
    let place = BucketConfig { tls, host, port, bucket, region, prefix, is_in_host, credentials, ca, is_plain_well };
    Some(ColdPlace::Bucket(place))
}

/// A comment, a key, and its value where it is set.
pub(super) fn lines(place: Option<&ColdPlace>) -> Vec<(&'static str, &'static str, Option<Value>)> {
    let (folder, bucket) = match place {
        Some(ColdPlace::Folder(path)) => (Some(path), None),
        Some(ColdPlace::Bucket(bucket)) => (None, Some(bucket)),
        None => (None, None),
    };
    let text = |text: &str| Some(Value::String(text.to_owned()));
    let path = |path: &Path| text(&path.to_string_lossy());
    vec![
        (
            "Folder of the cold tier, on another disk or server; a path is relative to this file.",
            "cold",
            folder.and_then(|folder| path(folder)),
        ),
        (
            "Or an object store (S3) in its place, \"https://host\"; with a bucket and credentials. What goes there is sealed.",
            "cold_store",
            bucket.and_then(|bucket| text(&bucket.endpoint())),
        ),
        ("Its bucket, which keeps no old versions.", "cold_bucket", bucket.and_then(|bucket| text(&bucket.bucket))),
        (
            "A file of mode 0600 with an access key ID and a secret, a line each.",
            "cold_credentials",
            bucket.and_then(|bucket| path(&bucket.credentials)),
        ),
        ("The bucket's region.", "cold_region", bucket.and_then(|bucket| text(&bucket.region))),
        (
            "What the names of all objects begin with.",
            "cold_prefix",
            bucket.filter(|bucket| !bucket.prefix.is_empty()).and_then(|bucket| text(&bucket.prefix)),
        ),
        (
            "true: the bucket's name is part of the host's, not of the path.",
            "cold_bucket_in_host",
            bucket.map(|bucket| Value::Boolean(bucket.is_in_host)),
        ),
        (
            "An authority (PEM) beside the system's.",
            "cold_ca",
            bucket.and_then(|bucket| bucket.ca.as_deref()).and_then(path),
        ),
        (
            "true: http beyond this machine is wanted; everybody on the way sees what is asked for and when.",
            "cold_plain_http",
            bucket.map(|bucket| Value::Boolean(bucket.is_plain_well)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use crate::config::{ColdPlace, Config};

    const SITE: &str = "[site]\nname = \"N\"\n[archive]\n";
    const BUCKET: &str = "cold_bucket = \"cold\"\ncold_credentials = \"s3\"\n";

    fn keys(text: &str) -> Vec<String> {
        Config::parse(&format!("{SITE}{text}")).unwrap_err().into_iter().map(|fault| fault.key).collect()
    }

    fn bucket(text: &str) -> super::BucketConfig {
        let config = Config::parse(&format!("{SITE}{BUCKET}{text}")).unwrap();
        assert_eq!(Config::parse(&config.to_text(true)).unwrap(), config, "it reads back");
        match config.archive.cold {
            Some(ColdPlace::Bucket(bucket)) => bucket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_store_is_named_whole_or_not_at_all() {
        assert_eq!(keys("cold_store = \"https://s3.example\""), ["archive.cold_bucket", "archive.cold_credentials"]);
        assert_eq!(keys(&format!("cold = \"x\"\ncold_store = \"https://s3.example\"\n{BUCKET}")), ["archive.cold"]);
        assert_eq!(keys("cold_prefix = \"a\"").len(), 3);
        assert_eq!(keys(&format!("{BUCKET}cold_store = \"ftp://s3\""))[0], "archive.cold_store");
        let wrong = "cold_store = \"https://s3.example\"\ncold_bucket = \"UP\"\ncold_credentials = \"s3\"\ncold_prefix = \"../a\"";
        assert_eq!(keys(wrong)[..2], ["archive.cold_bucket", "archive.cold_prefix"]);
    }

    #[test]
    fn plain_http_leaves_the_machine_only_when_that_is_said() {
        assert_eq!(keys(&format!("{BUCKET}cold_store = \"http://nas.example:9000\"")), ["archive.cold_store"]);
        assert!(!bucket("cold_store = \"http://127.0.0.1:9000\"").tls);
        assert!(!bucket("cold_store = \"http://nas.example:9000\"\ncold_plain_http = true").tls);
    }

    #[test]
    fn the_bucket_stands_in_the_path_or_in_the_host() {
        let path = bucket("cold_store = \"https://s3.example\"\ncold_prefix = \"/ch-nord/\"");
        assert_eq!((path.authority().as_str(), path.base().as_str()), ("s3.example", "/cold/"));
        assert_eq!(path.shown(), "https://s3.example:443/cold/ch-nord");
        let host = bucket("cold_store = \"https://s3.example:9000\"\ncold_bucket_in_host = true");
        assert_eq!((host.authority().as_str(), host.base().as_str()), ("cold.s3.example:9000", "/"));
        assert_eq!(host.server(), "cold.s3.example");
    }
}

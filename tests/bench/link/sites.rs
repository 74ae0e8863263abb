//! The two nodes at the ends of the link, and what they cost.

use crate::net::{HOLDER, Net, READER};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
};
use tempfile::TempDir;
use tests::{Instance, Pair, Site, Study, eventually, hospital, wait::holds};

/// The holder with studies, and the reader without a copy of them.
pub(crate) struct Sites {
    pub(crate) pair: Pair,
    /// What is measured.
    pub(crate) study: Vec<Instance>,
    /// What is read before, where the connection is to be warm.
    pub(crate) small: Vec<Instance>,
    /// A study that is on nobody's mind until it is an emergency.
    pub(crate) other: Vec<Instance>,
    pub(crate) far: Vec<Child>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) _folder: TempDir,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) cpu_s: f64,
    pub(crate) peak_mb: f64,
}

/// Seconds of processor time that a process has used: its number, or `self`.
pub(crate) fn cpu_s(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

pub(crate) fn used(site: &Site) -> Used {
    Used { cpu_s: cpu_s(&site.pid().to_string()), peak_mb: site.memory(true) as f64 / 1e6 }
}

/// From now on the peak is that of what follows.
pub(crate) fn forget_peak(site: &Site) {
    let _ = fs::write(format!("/proc/{}/clear_refs", site.pid()), "5");
}

fn key(site: &Site) -> [u8; 32] {
    let seed: [u8; 32] = fs::read(site.dir().join("site.key")).unwrap().try_into().unwrap();
    ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes()
}

/// Where a site is found.
pub(crate) fn at(site: &Site, host: &str) {
    let text = |port: u16| toml::Value::String(format!("{host}:{port}"));
    site.configure("overlay", "listen", text(site.overlay().port()));
    site.configure("pixels", "listen", text(site.pixels().port()));
}

/// Begins anew without a copy of anything.
pub(crate) async fn emptied(site: &Site) {
    site.stop().await;
    for item in fs::read_dir(site.dir().join("cache")).unwrap().map(Result::unwrap) {
        let path = item.path();
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
    site.serve().await;
}

/// Images of 512 × 512 of 16 bits, 525 kB each: tissue, bone and air with five bits of noise, about as a CT's are.
pub(crate) fn images(count: usize) -> Study {
    Study::of(u32::try_from(count).unwrap()).size(512, 512)
}

impl Sites {
    /// Both serve, trust one another, and the reader was told of everything. Over a link that is in nobody's way.
    pub(crate) async fn open(net: &Net, binary: &Path, count: usize) -> Self {
        net.unshape();
        let folder = TempDir::with_prefix("confrere-link-").unwrap();
        let wrapper = net.wrapper(folder.path(), binary);
        let holder = Site::init(&wrapper.to_string_lossy(), "CH Nord");
        let reader = loop {
            let site = Site::init(&binary.to_string_lossy(), "CHU Sud");
            // The site with the smaller key dials first: the reader finds no connection there until it asks.
            if key(&site) > key(&holder) {
                break site;
            }
        };
        at(&holder, HOLDER);
        at(&reader, READER);
        for site in [&holder, &reader] {
            site.configure("pixels", "coding", "off".into());
        }
        let mut far = Vec::new();
        for port in [holder.portal(), holder.dimse()] {
            far.push(net.reach(folder.path(), port).await);
        }
        holder.serve().await;
        reader.serve().await;
        let (a_id, b_id) = (holder.id().await, reader.id().await);
        let pair = Pair { a: holder, b: reader, a_id, b_id };
        pair.pair().await;
        let _ = pair.agree(&json!({ "preset": "all" })).await;
        let mut made = Vec::new();
        for (name, count) in [("study", count), ("small", 8), ("other", 60)] {
            made.push(images(count).write(&pair.a.scratch(name)));
        }
        for (instances, paths) in &made {
            pair.announced(&instances[0].study, instances.len(), paths).await;
        }
        let mut made = made.into_iter();
        let ((study, files), (small, _), (other, _)) =
            (made.next().unwrap(), made.next().unwrap(), made.next().unwrap());
        Self { pair, study, small, other, far, files, _folder: folder }
    }

    /// Where the reader has no copy of anything, has just been started, and has heard of the studies.
    pub(crate) async fn anew(&self) {
        let reader = &self.pair.b;
        emptied(reader).await;
        for instances in [&self.study, &self.small, &self.other] {
            eventually!(60, "the reader has heard of the studies", reader.listed(&instances[0].study).await);
        }
    }

    /// Whether images are coded on their way: a value of `pixels.coding`. Both sites begin anew with it.
    pub(crate) async fn coding(&self, mode: &str) {
        for site in [&self.pair.a, &self.pair.b] {
            site.stop().await;
            site.configure("pixels", "coding", mode.into());
            site.serve().await;
        }
    }

    /// A connection that has carried images, and nothing since.
    pub(crate) async fn warmed(&self) {
        let reader = &self.pair.b;
        eventually!(30, "the sites hear one another", {
            let peer = hospital::peer(reader, &self.pair.a_id).await;
            holds(peer.is_some_and(|peer| peer["connected"] == true))
        });
        for instance in &self.small {
            eventually!(30, "an image comes", holds(reader.frame(&instance.path(), 1).await.status.is_success()));
        }
    }

    pub(crate) fn bytes(instances: &[Instance]) -> f64 {
        instances.iter().map(|instance| instance.data_set().len() as f64).sum()
    }
}

impl Drop for Sites {
    fn drop(&mut self) {
        for far in &mut self.far {
            let _ = far.kill();
            let _ = far.wait();
        }
    }
}

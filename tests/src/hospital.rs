//! Two hospitals that trust one another: pairing and agreements, as two administrators make them.

use crate::{eventually, ports::Port, road::Road, site::Site, tools::quic::Key, wait::holds};
use protocol::fetch::ALPNS;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What the agreement is drafted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    All,
    OnCall,
    CaseOnly,
}

impl Preset {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::OnCall => "on-call",
            Self::CaseOnly => "case-only",
        }
    }
}

/// The hospital with the scanner, and the one that reads.
#[derive(Debug)]
pub struct Pair {
    pub a: Site,
    pub b: Site,
    pub a_id: String,
    pub b_id: String,
}

impl Pair {
    /// Two sites that serve and know nothing of one another.
    pub async fn strangers(binary: &str) -> Self {
        let (a, b) = (Site::open(binary, "CH Nord").await, Site::open(binary, "CHU Sud").await);
        let (a_id, b_id) = (a.id().await, b.id().await);
        Self { a, b, a_id, b_id }
    }

    /// Two paired sites without an agreement.
    pub async fn paired(binary: &str) -> Self {
        let pair = Self::strangers(binary).await;
        pair.pair().await;
        pair
    }

    /// Two paired sites with an agreement in force.
    pub async fn agreed(binary: &str, preset: Preset) -> Self {
        let pair = Self::paired(binary).await;
        let _ = pair.agree(&json!({ "preset": preset.word() })).await;
        pair
    }

    /// A invites, B joins, both compare the digits and confirm.
    pub async fn pair(&self) {
        pair(&self.a, &self.b).await;
    }

    /// A drafts and signs, B countersigns; gives the agreement as A sees it in force. `terms` lack the site.
    pub async fn agree(&self, terms: &Value) -> Value {
        agree((&self.a, &self.b), terms).await
    }

    /// Sends files to A and waits until B lists the study as complete.
    pub async fn announced(&self, study: &str, instances: usize, paths: &[PathBuf]) {
        let _ = self.a.c_store(paths).ok();
        let _ = self.a.settled(study, instances).await;
        let _ = self.b.settled(study, instances).await;
    }

    /// Waits until B no longer lists a study: what is withdrawn is gone within the second.
    pub async fn withdrawn(&self, study: &str) {
        eventually!(1, "the study is withdrawn at the other site", holds(self.b.listed(study).await.is_none()));
    }
}

/// `a` invites, `b` joins, both compare the digits and confirm.
pub async fn pair(a: &Site, b: &Site) {
    let (a_id, b_id) = (a.id().await, b.id().await);
    let invitation = a.post("/api/peers/invitations", &json!({})).await.ok().json();
    let joined = b
        .post("/api/peers/join", &json!({ "invitation": invitation["invitation"], "code": invitation["code"] }))
        .await
        .ok()
        .json();
    let (at_a, at_b) = (compare(a).await, compare(b).await);
    assert_eq!(at_a["digits"], at_b["digits"], "both screens show the same digits");
    assert_eq!((&at_a["peer_name"], &at_b["peer_name"]), (&json!(b.name), &json!(a.name)));
    assert_eq!(at_b["id"], joined["id"]);
    confirm(a, &at_a).await;
    confirm(b, &at_b).await;
    for (site, other) in [(a, &b_id), (b, &a_id)] {
        let what = format!("{} is connected to its peer", site.name);
        eventually!(30, what, peer(site, other).await.filter(|peer| peer["connected"] == true));
    }
}

/// The first drafts and signs, the second countersigns; gives the agreement as the first sees it in force. `terms` lack the
/// site.
pub async fn agree((a, b): (&Site, &Site), terms: &Value) -> Value {
    let mut terms = terms.clone();
    terms["site"] = json!(b.id().await);
    let offered = a.post("/api/agreements", &terms).await.ok().json();
    let id = offered["id"].as_str().unwrap().to_owned();
    let version = &offered["version"];
    eventually!(15, "the offer is at the other site", {
        agreement(b, &id).await.filter(|row| row["state"] == "received" && row["version"] == *version)
    });
    let _ = b.post(&format!("/api/agreements/{id}/accept"), &json!({})).await.ok();
    for site in [a, b] {
        let what = format!("the agreement is in force at {}", site.name);
        eventually!(15, what, {
            agreement(site, &id).await.filter(|row| row["state"] == "active" && row["version"] == *version)
        });
    }
    agreement(a, &id).await.unwrap()
}

/// Two sites under an agreement for everything, with B's way to A's pixels in the hands of the story.
#[derive(Debug)]
pub struct OverRoad {
    pub pair: Pair,
    pub road: Road,
    pub agreement: String,
    _ports: [Port; 2],
}

impl OverRoad {
    /// Opens the road first, then the sites, and pairs them.
    pub async fn open(binary: &str) -> Self {
        Self::with(binary, "off", &ALPNS).await
    }

    /// As [`Self::open`], of sites that code whatever becomes smaller, over a road of these names of the pixel plane.
    pub async fn coded(binary: &str, names: &'static [&'static [u8]]) -> Self {
        Self::with(binary, "always", names).await
    }

    async fn with(binary: &str, coding: &str, names: &'static [&'static [u8]]) -> Self {
        let (on_road, nowhere) = (Port::reserve(), Port::reserve());
        let (a, b) = (Site::init(binary, "CH Nord"), Site::init(binary, "CHU Sud"));
        let only = |port: &Port| toml::Value::Array(vec![toml::Value::String(port.address().to_string())]);
        a.configure("pixels", "advertise", only(&on_road));
        // A cannot dial B: whatever flows between them flows over the road.
        b.configure("pixels", "advertise", only(&nowhere));
        for site in [&a, &b] {
            site.configure("pixels", "coding", toml::Value::String(coding.to_owned()));
        }
        let (holder, reader) = (Key::of_folder(&a.dir()), Key::of_folder(&b.dir()));
        let road = Road::of_version(on_road.address(), &holder, a.pixels(), reader, names).await.unwrap();
        a.serve().await;
        b.serve().await;
        let (a_id, b_id) = (a.id().await, b.id().await);
        let pair = Pair { a, b, a_id, b_id };
        pair.pair().await;
        let agreement = pair.agree(&json!({ "preset": "all" })).await["id"].as_str().unwrap().to_owned();
        Self { pair, road, agreement, _ports: [on_road, nowhere] }
    }
}

/// A peer as a site's list shows it.
pub async fn peer(site: &Site, id: &str) -> Option<Value> {
    let peers = site.get("/api/peers").await.ok().json();
    peers.as_array()?.iter().find(|peer| peer["site"] == *id).cloned()
}

/// An agreement as a site shows it: the newest version.
pub async fn agreement(site: &Site, id: &str) -> Option<Value> {
    let rows = site.get("/api/agreements").await.ok().json();
    let versions = rows.as_array()?.iter().filter(|row| row["id"] == *id);
    versions.max_by_key(|row| row["version"].as_u64()).cloned()
}

pub(crate) async fn compare(site: &Site) -> Value {
    let what = format!("{} shows digits to compare", site.name);
    eventually!(20, what, {
        let pairings = site.get("/api/pairings").await.ok().json();
        pairings.as_array()?.iter().find(|pairing| pairing["state"] == "compare").cloned()
    })
}

pub(crate) async fn confirm(site: &Site, pairing: &Value) {
    let id = pairing["id"].as_str().unwrap();
    let _ = site.post(&format!("/api/pairings/{id}/confirm"), &json!({ "accept": true })).await.ok();
}

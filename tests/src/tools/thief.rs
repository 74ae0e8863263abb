//! Whoever has a site's key and is not the site: what it still gets at another site, by either plane.

use super::{
    control::Peer,
    quic::{self, Key},
};
use crate::Site;
use protocol::{
    Digest, Uid,
    agreement::Purpose,
    fetch::{self, Priority, Reader, What},
    message::Request,
};
use quinn::Connection;

/// Connections of a key, kept and made anew when they go.
#[derive(Debug)]
pub struct Thief {
    seed: [u8; 32],
    control: Option<Peer>,
    pixels: Option<Connection>,
}

fn asked() -> fetch::Request {
    let reader =
        Reader { person: "mallory".to_owned(), role: "radiologist".to_owned(), copy: None, purpose: Purpose::Care };
    fetch::Request {
        study: Uid::parse("1.2.826.1").expect("a UID"),
        reader,
        priority: Priority::Screen,
        what: What::Manifest(Digest([0; 32])),
    }
}

impl Thief {
    /// One that has this key.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, control: None, pixels: None }
    }

    async fn by_control(&mut self, at: &Site) -> bool {
        if let Some(open) = &self.control
            && open.ask(&Request::Nudge).await.is_some()
        {
            return true;
        }
        self.control = Peer::dial(self.seed, at.overlay(), |_| None).await;
        match &self.control {
            // The handshake is over before the other side looks at the key.
            Some(fresh) => fresh.ask(&Request::Nudge).await.is_some(),
            None => false,
        }
    }

    async fn by_pixels(&mut self, at: &Site) -> bool {
        if let Some(open) = &self.pixels
            && quic::ask(open, &asked()).await.is_ok()
        {
            return true;
        }
        self.pixels = quic::dial(at.pixels(), &Key::from_seed(&self.seed)).await.ok();
        match &self.pixels {
            Some(fresh) => quic::ask(fresh, &asked()).await.is_ok(),
            None => false,
        }
    }

    /// Whether it is answered, over what it has open or over a fresh connection; if only that it holds nothing.
    pub async fn gets_in(&mut self, at: &Site) -> bool {
        let by_control = self.by_control(at).await;
        let by_pixels = self.by_pixels(at).await;
        by_control || by_pixels
    }
}

//! Vectors of what is asked in one round trip, about roads, and about clocks.

use super::{check, pixel_request, site, uid};
use crate::{
    catalog::Zones,
    digest::Digest,
    fetch::{self, What},
    message,
    roads::{self, TunnelWord},
};

#[test]
fn what_is_asked_about_roads_stays_readable() {
    let asked = |what: What| fetch::Request { what, ..pixel_request() };
    check("pixel-roads", &asked(What::Roads));
    check("pixel-relay", &asked(What::Relay { to: site() }));
    check("pixel-relayed", &asked(What::Relayed { from: site() }));
    check("pixel-message", &asked(What::Message { bytes: 300 }));
    let seen: std::net::SocketAddr = "192.0.2.7:7411".parse().unwrap();
    check("roads-offer", &roads::Offer { relays: true, seen: Some(seen) });
    check("tunnel-candidates", &TunnelWord::Candidates(vec![seen, "[2001:db8::7]:7411".parse().unwrap()]));
    check("tunnel-go", &TunnelWord::Go);
}

#[test]
fn what_a_study_is_opened_with_stays_readable() {
    let what = What::Opening {
        manifest: Digest([2; 32]),
        series: uid("2.25.3"),
        instance: Some(uid("2.25.4")),
        groups_wanted: 64,
        codings: crate::coding::KNOWN.to_vec(),
    };
    check("pixel-opening", &fetch::Request { what, ..pixel_request() });
}

#[test]
fn by_which_clock_studies_are_stays_readable() {
    check("control-zones", &message::Request::Zones(vec![uid("2.25.1")]));
    let zones = Zones { site: Some("Indian/Reunion".to_owned()), offsets: vec![(uid("2.25.1"), -210)] };
    check("control-zones-told", &message::Answer::Zones(zones));
}

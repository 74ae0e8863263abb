//! Vectors of what is asked in one round trip, about roads and clocks, of what stands for images that are not here yet, and of
//! other holders.

use super::{card, check, key, pixel_request, site, uid};
use crate::{
    agreement::Purpose,
    case::event::Standing,
    catalog::{Basis, Identified, Zones},
    digest::Digest,
    fetch::{self, What},
    history::{HistoryAsked, HistoryStudy, HistoryTold},
    identity::{self, Identifier, Link, LinkState, Method},
    ids::{Id128, SiteId},
    line::LineState,
    message,
    pass::{PASS_LASTS, Pass, Passes},
    preview::{Absent, Conclusion, Previews, Reduced, Samples, SeriesGlance, Sketch, StudyGlance},
    roads::{self, TunnelWord},
    signed::Signed,
    time::Timestamp,
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
    check("pixel-line", &asked(What::Line));
    check("pixel-sample", &asked(What::Sample { bytes: 300 }));
    let state =
        LineState { packets_sent: 300, packets_lost: 7, bytes_sent: 400_000, window_bytes: 65_536, rtt_us: 20_000 };
    check("line-state", &state);
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
fn what_stands_for_images_stays_readable() {
    let (manifest, series) = (Digest([2; 32]), uid("2.25.3"));
    let asked = |what: What| fetch::Request { what, ..pixel_request() };
    check("pixel-glance", &asked(What::Glance { manifest }));
    check("pixel-previews", &asked(What::Previews { manifest, series: series.clone(), part: 2 }));
    let jpeg = vec![0xff, 0xd8, 0xff, 0xd9];
    let picture = Ok(Sketch { instance: uid("2.25.4"), frame: 0, width: 256, height: 192, jpeg });
    let described = |number, picture| SeriesGlance {
        series: series.clone(),
        modality: "CT".into(),
        number,
        description: Some("Thorax".into()),
        instances: 412,
        picture,
    };
    let conclusion = Conclusion {
        standing: Standing::Final,
        site: site(),
        person: "durand".into(),
        at: Timestamp(1_769_870_000_000),
        text: "Normal.".into(),
        is_cut: false,
    };
    let glance = StudyGlance {
        study: uid("2.25.1"),
        manifest,
        series: vec![described(Some(1), picture), described(None, Err(Absent::NoPicture))],
        series_left_out: 1,
        conclusions: vec![conclusion],
    };
    check("study-glance", &glance);
    check("study-glance-signed", &Signed::seal(&key(), &glance));
    let grey = Reduced::of(0, (2, 3), Samples::Grey16 { signed: true }, (0..12).collect()).unwrap();
    let frames = vec![Ok(grey), Err(Absent::Unreadable), Err(Absent::NoRoom)];
    let previews = Previews { study: uid("2.25.1"), manifest, series, part: 2, frames };
    check("previews", &previews);
    check("previews-signed", &Signed::seal(&key(), &previews));
}

#[test]
fn what_other_holders_are_asked_stays_readable() {
    let issued = Timestamp(1_769_870_000_000);
    let pass = Pass {
        id: Id128([1; 16]),
        custodian: site(),
        holder: SiteId([9; 32]),
        subject: SiteId([8; 32]),
        study: uid("2.25.1"),
        manifest: Digest([2; 32]),
        reader: pixel_request().reader,
        agreement: Id128([4; 16]),
        issued,
        expires: issued.after(PASS_LASTS),
    };
    let signed = Signed::seal(&key(), &pass);
    check("pass", &pass);
    check("passes", &Passes(vec![signed.clone()]));
    let asked = |what: What| fetch::Request { what, ..pixel_request() };
    let peers = vec![crate::ledger::alias(&site())];
    check("pixel-passes", &asked(What::Passes { manifest: Digest([2; 32]), peers }));
    check("pixel-pass-over", &asked(What::PassOver(Id128([1; 16]))));
    check("pixel-attachment", &asked(What::Attachment { case: Id128([1; 16]), digest: Digest([3; 32]) }));
    let codings = crate::coding::KNOWN.to_vec();
    let what =
        What::Lent { pass: signed, digest: Digest([3; 32]), groups: true, first_group: 0, groups_wanted: 64, codings };
    check("pixel-lent", &asked(what));
}

#[test]
fn by_which_clock_studies_are_stays_readable() {
    check("control-zones", &message::Request::Zones(vec![uid("2.25.1")]));
    let zones = Zones { site: Some("Indian/Reunion".to_owned()), offsets: vec![(uid("2.25.1"), -210)] };
    check("control-zones-told", &message::Answer::Zones(zones));
    check("control-identified", &message::Request::Identified(vec![uid("2.25.1")]));
    check("control-teams", &message::Request::Teams(vec!["Neuroradiologie".to_owned()]));
    let national = Identifier { issuer: "1.2.250.1.213.1.4.8".to_owned(), id: "255081416802538".to_owned() };
    let qualified = Identified {
        study: uid("2.25.1"),
        version: 3,
        standing: identity::Standing::Qualified,
        national: Some(national),
    };
    let validated = Identified {
        study: uid("2.25.2"),
        standing: identity::Standing::Validated,
        national: None,
        ..qualified.clone()
    };
    check("control-identified-told", &message::Answer::Identified(vec![qualified, validated]));
}

#[test]
fn what_is_asked_of_one_patient_stays_readable() {
    let identifier = |id: &str| Identifier { issuer: "1.2.250.1.213.1.4.8".to_owned(), id: id.to_owned() };
    let asked = HistoryAsked {
        id: Id128([1; 16]),
        patient: vec![identifier("42"), identifier("43")],
        person: "garde".to_owned(),
        role: "radiologist".to_owned(),
        purpose: Purpose::OnCall,
    };
    check("control-history", &message::Request::History(asked));
    let study = HistoryStudy { of: 1, card: Signed::seal(&key(), &card()), basis: Basis::Agreement(Id128([2; 16])) };
    let told = HistoryTold { studies: vec![study], more: true };
    check("control-history-told", &message::Answer::History(told));
    let link = Link {
        id: Id128([1; 16]),
        ours: identifier("42"),
        peer: site(),
        theirs: identifier("77"),
        method: Method::Likeness,
        state: LinkState::Candidate,
        serial: 0,
        person: String::new(),
        at: Timestamp(1),
    };
    check("identity-link", &link);
}

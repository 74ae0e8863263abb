//! What peers' coded bytes meet, for the fuzz targets (see `crate::fuzz`).

use protocol::{
    coding::{self, Grid, Layout},
    roads::{Offer, TunnelWord},
};

/// Any bytes are a unit or are refused; any bytes in any grid come back.
pub(crate) fn coding(bytes: &[u8]) {
    let [low, high, step, shape, from, rest @ ..] = bytes else { return };
    let size = u16::from_le_bytes([*low, *high]);
    if let Ok(made) = coding::decode(rest, usize::from(size)) {
        assert_eq!(made.len(), usize::from(size));
    }
    let bits = if shape & 1 == 0 { 8 } else { 16 };
    let grid =
        Grid::new(size.into(), step % 5, bits).map(|grid| grid.signed(shape & 2 != 0).big_endian(shape & 4 != 0));
    let layout = grid.map(|grid| Layout::at(grid, ((*from).into(), rest.len() as u64), u64::from(shape >> 3)));
    if let Some(coded) = coding::encode(rest, layout.as_ref()) {
        assert!(coding::decode(&coded, rest.len()).is_ok_and(|back| back == rest));
    }
}

/// Any bytes are frames of a tunnel or are refused; what is said in one, and about roads, is read or refused.
pub(crate) fn tunnel(bytes: &[u8]) {
    super::roads::tunnel::fuzz(bytes);
    if let Ok(word) = protocol::wire::decode::<TunnelWord>(bytes) {
        assert_eq!(protocol::wire::decode(&protocol::wire::encode(&word)), Ok(word));
    }
    if let Ok(offer) = protocol::wire::decode::<Offer>(bytes) {
        assert_eq!(protocol::wire::decode(&protocol::wire::encode(&offer)), Ok(offer));
    }
}

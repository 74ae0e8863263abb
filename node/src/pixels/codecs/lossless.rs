//! Lossless JPEG (ITU-T T.81 Annex H): every predictor, 2 to 16 bits, point transform, restart intervals.

use super::{
    Raster, Reading,
    huffman::Bits,
    stream::{Frame, Scan, Tables},
};

/// Decodes one scan into the raster; returns where it ends.
pub(super) fn scan(
    bytes: &[u8],
    at: usize,
    frame: &Frame,
    scan: &Scan,
    tables: &Tables,
    raster: &mut Raster,
) -> Reading<usize> {
    // Subsampled components are not used losslessly.
    if frame.components.iter().any(|c| (c.across, c.down) != (1, 1)) || !(1..=7).contains(&scan.first) {
        return None;
    }
    let start = 1i32.checked_shl(frame.bits.checked_sub(scan.low + 1)?)?;
    let mut bits = Bits::new(bytes, at);
    let columns = frame.columns;
    let mut lines: Vec<[Vec<i32>; 2]> = scan.components.iter().map(|_| [vec![0; columns], vec![0; columns]]).collect();
    // The line that is predicted from its left neighbours alone.
    let mut is_first_line = true;
    for row in 0..frame.rows {
        for x in 0..columns {
            let unit = row * columns + x;
            if tables.restart > 0 && unit > 0 && unit.is_multiple_of(tables.restart) {
                // Restarts inside a line are not allowed (H.1.1).
                if x != 0 {
                    return None;
                }
                bits.restart()?;
                is_first_line = true;
            }
            for ([previous, current], (_, slot, _)) in lines.iter_mut().zip(&scan.components) {
                let predicted = match (is_first_line, x) {
                    (true, 0) => start,
                    (true, _) => current[x - 1],
                    (false, 0) => previous[0],
                    (false, _) => predict(scan.first, current[x - 1], previous[x], previous[x - 1]),
                };
                let width = u32::from(bits.code(tables.dc.get(*slot)?)?);
                let difference = match width {
                    0..=15 => bits.signed(width)?,
                    16 => 32_768,
                    _ => return None,
                };
                current[x] = (predicted + difference) & 0xFFFF;
            }
        }
        is_first_line = false;
        for ([previous, current], (component, ..)) in lines.iter_mut().zip(&scan.components) {
            if scan.low == 0 {
                raster.put_row(row, *component, current);
            } else {
                let scaled: Vec<i32> = current.iter().map(|v| v << scan.low).collect();
                raster.put_row(row, *component, &scaled);
            }
            std::mem::swap(previous, current);
        }
    }
    Some(bits.end())
}

/// Table H.1.
fn predict(selection: usize, ra: i32, rb: i32, rc: i32) -> i32 {
    match selection {
        1 => ra,
        2 => rb,
        3 => rc,
        4 => ra + rb - rc,
        5 => ra + ((rb - rc) >> 1),
        6 => rb + ((ra - rc) >> 1),
        _ => (ra + rb) >> 1,
    }
}

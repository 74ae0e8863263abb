//! Several frames in one answer: made in their turn, never all at once.

use super::*;

/// The image with frames compressed by RLE; what is false in `sound` cannot be decoded.
fn compressed(sound: &[bool]) -> Vec<u8> {
    let mut file = image(STUDY, "1.2.826.0.1.3", "Müller^Zoé");
    let at = file.windows(20).position(|w| w == &b"1.2.840.10008.1.2.1\0"[..]).unwrap();
    file[at..at + 20].copy_from_slice(b"1.2.840.10008.1.2.5\0");
    let rows = file.windows(4).rposition(|w| w == [0x28, 0, 0x10, 0]).unwrap();
    let count = format!("{:<2}", sound.len());
    file.splice(rows..rows, [&[0x28u8, 0, 0x08, 0][..], b"IS", &[2, 0], count.as_bytes()].concat());
    let pixels = file.windows(4).rposition(|w| w == [0xe0, 0x7f, 0x10, 0]).unwrap();
    file.truncate(pixels);
    file.extend([0xe0, 0x7f, 0x10, 0, b'O', b'B', 0, 0, 0xff, 0xff, 0xff, 0xff]);
    file.extend([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    for is_sound in sound {
        // Two segments of one run of sixteen bytes each.
        let mut frame = vec![0u8; 64];
        (frame[0], frame[4], frame[8]) = (if *is_sound { 2 } else { 99 }, 64, 66);
        frame.extend([241, 1, 241, 2]);
        file.extend([0xfe, 0xff, 0x00, 0xe0]);
        file.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
        file.extend(frame);
    }
    file.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_decoded_in_their_turn() {
    let node = node().await;
    let stored =
        node.post("/studies", "application/dicom", compressed(&[true, true, true, true, true, true, false])).await;
    assert_eq!(stored.status, StatusCode::OK, "{:?}", stored.body);
    let plain =
        [("accept", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1")];
    let one = node.get(&format!("{INSTANCE}/frames/1"), &plain).await;
    assert_eq!(one.status, StatusCode::OK, "{:?}", one.body);
    assert!(one.body.windows(32).any(|w| w == [2, 1].repeat(16)), "{:?}", one.body);
    let several = node.get(&format!("{INSTANCE}/frames/1,2,6"), &plain).await;
    assert_eq!(several.body.windows(32).filter(|w| *w == [2, 1].repeat(16)).count(), 3);
    assert_eq!(node.get(&format!("{INSTANCE}/frames/7"), &plain).await.status, StatusCode::NOT_ACCEPTABLE);
    // The answer has begun before its last frame is looked at, and breaks off there.
    let request = Request::get(format!("/dicomweb{INSTANCE}/frames/1,2,3,4,5,6,7")).header(plain[0].0, plain[0].1);
    let routes = node.images.clone().layer(Extension(reader()));
    let answer = routes.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(to_bytes(answer.into_body(), 1 << 20).await.is_err());
}

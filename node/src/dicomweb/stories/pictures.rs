//! Pictures for people: those of a whole series or study in one answer, parts of them, mirrored.

use super::*;

const SERIES: &str = "/studies/1.2.826.0.1.1/series/1.2.826.0.1.2";

/// An image of its own name and number, or a document that has no picture.
fn member(number: u8, has_picture: bool) -> Vec<u8> {
    let mut file = image(STUDY, &format!("1.2.826.0.1.{number}"), "Müller^Zoé");
    if !has_picture {
        let pixels = file.windows(4).rposition(|w| w == [0xe0, 0x7f, 0x10, 0]).unwrap();
        file.truncate(pixels);
    }
    file
}

async fn node_with_a_series() -> Node {
    let node = node_with_an_image().await;
    let files = [member(4, true), member(5, false), member(6, true)];
    assert_eq!(node.post("/studies", MULTIPART, multipart(&files)).await.status, StatusCode::OK);
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_and_a_study_are_rendered_picture_by_picture() {
    let node = node_with_a_series().await;
    let count = |answer: &Answer, sign: &[u8]| answer.body.windows(sign.len()).filter(|w| *w == sign).count();
    for path in [format!("{SERIES}/rendered"), format!("/studies/{STUDY}/rendered")] {
        let answer = node.get(&path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
        assert!(answer.header("content-type").starts_with("multipart/related; type=\"image/jpeg\"; boundary="));
        assert_eq!(count(&answer, b"Content-Type: image/jpeg"), 3, "what has no picture is left out");
        assert_eq!(count(&answer, &[0xff, 0xd8, 0xff]), 3);
        let one = node.get(&format!("{INSTANCE}/rendered"), &[("accept", "image/jpeg")]).await;
        assert_eq!(count(&answer, &one.body), 3, "the same picture as of an instance alone");
        let location = format!("Content-Location: http://pacs.example:8080/dicomweb{INSTANCE}/rendered");
        assert_eq!(count(&answer, location.as_bytes()), 1);
        let again = node.get(&path, &[("if-none-match", answer.header("etag"))]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        for accept in ["multipart/related; type=\"image/png\"", "image/png"] {
            let png = node.get(&format!("{path}?viewport=2,2"), &[("accept", accept)]).await;
            assert!(png.header("content-type").starts_with("multipart/related; type=\"image/png\""), "{accept}");
            assert_eq!(count(&png, b"\x89PNG\r\n"), 3, "{accept}");
        }
        assert_eq!(node.get(&path, &[("accept", "text/html")]).await.status, StatusCode::NOT_ACCEPTABLE);
        let head = node.method(Method::HEAD, &path, &[]).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
        assert_eq!(node.get(&format!("{path}?viewport=x"), &[]).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(node.get("/studies/1.2.826.0.1.1/series/1.2/rendered", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.get("/studies/1.2.3/rendered", &[]).await.status, StatusCode::NOT_FOUND);
    let other = image("1.2.826.0.9.1", "1.2.826.0.9.3", "Autre");
    let pixels = other.windows(4).rposition(|w| w == [0xe0, 0x7f, 0x10, 0]).unwrap();
    assert_eq!(node.post("/studies", "application/dicom", other[..pixels].to_vec()).await.status, StatusCode::OK);
    let none = node.get("/studies/1.2.826.0.9.1/rendered", &[]).await;
    assert_eq!(none.status, StatusCode::NOT_ACCEPTABLE, "nothing in it can be shown");
}

/// The picture's rows, as they are shown.
async fn shown(node: &Node, viewport: &str) -> Vec<Vec<u8>> {
    let path = format!("{INSTANCE}/rendered?viewport={viewport}&window=28000,10000");
    let answer = node.get(&path, &[("accept", "image/png")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{viewport}: {:?}", answer.body);
    let image = image::load_from_memory(&answer.body).unwrap().to_luma8();
    image.rows().map(|row| row.map(|pixel| pixel.0[0]).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_width_or_height_of_the_source_mirrors_the_picture() {
    let node = node_with_an_image().await;
    let plain = shown(&node, "4,4,0,0,4,4").await;
    assert_eq!((plain.len(), plain[0].len()), (4, 4));
    assert_ne!(plain[0][0], plain[3][3], "the picture has something to show");
    let mirrored = |rows: &[Vec<u8>]| rows.iter().map(|row| row.iter().rev().copied().collect()).collect::<Vec<_>>();
    let turned_over = |rows: &[Vec<u8>]| rows.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(shown(&node, "4,4,0,0,-4,4").await, mirrored(&plain));
    assert_eq!(shown(&node, "4,4,0,0,4,-4").await, turned_over(&plain));
    assert_eq!(shown(&node, "4,4,0,0,-4,-4").await, turned_over(&mirrored(&plain)));
    let corner = shown(&node, "2,2,2,1,2,2").await;
    assert_eq!(corner, [plain[1][2..].to_vec(), plain[2][2..].to_vec()]);
    assert_eq!(shown(&node, "2,2,2,1,-2,2").await, mirrored(&corner));
    // What of the source is not named is its beginning and its whole side (PS3.18 §8.3.5.1.3).
    assert_eq!(shown(&node, "4,4,,,,").await, plain);
    assert_eq!(shown(&node, "4,4,,,-4,").await, mirrored(&plain));
    assert_eq!(shown(&node, "2,4,2,,,").await, plain.iter().map(|row| row[2..].to_vec()).collect::<Vec<_>>());
    for wrong in ["4,4,-1,0,4,4", "4,4,0,0,0,4", "4,4,0,0,4,0", "4,4,9,9,4,4", "-4,4", "4,,0,0,4,4", "4,4,0,0,99999,4"]
    {
        let answer = node.get(&format!("{INSTANCE}/rendered?viewport={wrong}"), &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

//! What goes with a request beside its images: a letter, an earlier report, a photograph.
//!
//! The event names it by its digest; the bytes follow by themselves, and are believed by that digest alone.
//!
//! # Not here
//! Keeping and bringing the bytes: `node`.

use super::sound::is_line;
use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// Attachments of one case.
pub const ATTACHMENTS_MAX: usize = 20;
/// Bytes of one.
pub const ATTACHMENT_BYTES_MAX: u32 = 10 << 20;
/// Characters of its name.
pub const ATTACHMENT_NAME_MAX: usize = 128;
/// Where a PDF says its end: readers look for it there (ISO 32000-1, annex H).
const PDF_END_WITHIN: usize = 1024;

/// What it is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Media {
    /// A document.
    Pdf,
    /// A photograph.
    Jpeg,
    /// A picture.
    Png,
}

impl Media {
    /// What bytes are, whatever they are called; `None`: nothing that may be attached. They begin as their format does at the
    /// very first byte, and have its end.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let tail = bytes.get(bytes.len().saturating_sub(PDF_END_WITHIN)..).unwrap_or(bytes);
        let is_pdf = bytes.starts_with(b"%PDF-") && tail.windows(5).any(|at| at == b"%%EOF");
        // Telephones put more behind the picture.
        let is_jpeg = bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.windows(2).any(|at| at == [0xff, 0xd9]);
        let is_png =
            bytes.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR") && bytes.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82");
        match (is_pdf, is_jpeg, is_png) {
            (true, ..) => Some(Self::Pdf),
            (_, true, _) => Some(Self::Jpeg),
            (_, _, true) => Some(Self::Png),
            _ => None,
        }
    }

    /// Its media type (RFC 6838).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// What goes with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Of its bytes.
    pub digest: Digest,
    /// How many.
    pub bytes: u32,
    /// By its content.
    pub media: Media,
    /// As whoever attached it calls it.
    pub name: String,
}

impl Attachment {
    /// Whether it is within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        (1..=ATTACHMENT_BYTES_MAX).contains(&self.bytes)
            && !self.name.trim().is_empty()
            && is_line(&self.name, ATTACHMENT_NAME_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_stands_in_its_content() {
        let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &[1; 40], b"\0\0\0\0IEND\xae\x42\x60\x82"].concat();
        assert_eq!(Media::of(&png), Some(Media::Png));
        assert_eq!(Media::of(&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 0xff, 0xd9]), Some(Media::Jpeg));
        assert_eq!(Media::of(b"%PDF-1.7\n1 0 obj\n%%EOF\n"), Some(Media::Pdf));
        for other in [
            &b"<html><script>alert(1)</script></html>"[..],
            b"<!-- %PDF-1.7 --><html></html>%%EOF",
            b"%PDF-1.7 and no end",
            b"MZ\x90\0",
            b"GIF89a",
            b"",
            &png[..30],
            &[0xff, 0xd8, 0xff, 0xe0, 1, 2],
        ] {
            assert_eq!(Media::of(other), None, "{other:?}");
        }
    }

    #[test]
    fn it_has_a_name_on_one_line_and_a_size() {
        let letter =
            Attachment { digest: Digest([1; 32]), bytes: 9, media: Media::Pdf, name: "courrier.pdf".to_owned() };
        assert!(letter.is_sound());
        for name in ["", "  ", "a\nb", "gpj.\u{202e}fdp", &"x".repeat(ATTACHMENT_NAME_MAX + 1)] {
            assert!(!Attachment { name: name.to_owned(), ..letter.clone() }.is_sound(), "{name:?}");
        }
        for bytes in [0, ATTACHMENT_BYTES_MAX + 1] {
            assert!(!Attachment { bytes, ..letter.clone() }.is_sound(), "{bytes}");
        }
    }
}

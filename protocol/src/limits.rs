//! Every bound that two sites must agree on, with its reason. Local bounds live beside the code they bound.

/// Largest control-plane message, bytes. A page of 200 cards is about 100 KiB; ten times that is generous.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Cards in one page of a catalog answer: keeps a page well below [`MESSAGE_BYTES_MAX`].
pub const CATALOG_PAGE_MAX: usize = 200;
/// Studies in one question where they lie: their UIDs are at most 64 KiB, and the answer as much.
pub const WHERE_MAX: usize = 1000;
/// Bytes covered by one chaining value of a verified range: a wrong byte is found within this many bytes.
pub const GROUP_BYTES: u64 = 16 * 1024;
/// The same, as an index.
pub const GROUP: usize = 16 * 1024;
/// Largest range of one pixel-plane stream, bytes. quinn ends a connection at 1,024 out-of-order chunks on a stream.
pub const RANGE_BYTES_MAX: u64 = 1 << 20;
/// Largest manifest, bytes encoded: about 60,000 instances.
pub const MANIFEST_BYTES_MAX: usize = 16 << 20;
/// Largest header (data set before bulk data) of one instance, bytes.
pub const HEADER_BYTES_MAX: u64 = 16 << 20;
/// Largest compressed header pack of one series, bytes.
pub const HEADER_PACK_BYTES_MAX: usize = 64 << 20;
/// Largest object a site offers, bytes: a whole-slide or video object fits, a lying length does not.
pub const OBJECT_BYTES_MAX: u64 = 64 << 30;
/// Request header on the pixel plane, bytes encoded: the largest shows a pass of a site that changed its key eight times.
pub const FETCH_REQUEST_BYTES_MAX: usize = 4096;
/// Site name, characters.
pub const SITE_NAME_MAX: usize = 64;

/// Whether a text may be a site's name: one line that is read as it is written. No control characters, and none that
/// turn the direction of writing or cannot be seen, since a name that shows as another's is another's.
#[must_use]
pub fn is_site_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= SITE_NAME_MAX && !text.chars().any(is_hidden)
}

/// Whether a character ends a line, turns the direction of writing, or cannot be seen.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
/// Files in one page of a backup's list: some 300 KiB.
pub const KEPT_PAGE_MAX: usize = 4096;
/// Pages of a backup's list: sixteen million files; more are another backup.
pub const KEPT_PAGES_MAX: usize = 4096;
/// Largest page or head of a backup's list, bytes encoded.
pub const KEPT_LIST_BYTES_MAX: usize = 512 << 10;
/// Largest piece of a sealed file in one answer, bytes.
pub const KEPT_PIECE_BYTES_MAX: u32 = 1 << 20;
/// A study at a glance, bytes: what a satellite link of 256 kb/s carries within two seconds of its round trip, with room for what
/// else is on it.
pub const GLANCE_BYTES_MAX: usize = 50_000;
/// What of a report's conclusion is told in it, bytes.
pub const CONCLUSION_BYTES_MAX: usize = 4_000;
/// Instances whose reduced frames come in one answer.
pub const PREVIEW_INSTANCES: usize = 16;
/// Pixels of a side of a reduced frame at most.
pub const PREVIEW_SIDE_MAX: u16 = 512;
/// Reduced frames of one answer, bytes; those that do not fit are left out.
pub const PREVIEWS_BYTES_MAX: usize = 6 << 20;
/// Bytes that mean nothing in one trial of a link: five seconds at 100 Mb/s, and enough for a Gb/s to get going.
pub const TRIAL_BYTES_MAX: u32 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for good in ["CH Nord", "Hôpital Saint-Éloi – Service d’imagerie", "مستشفى", "x"] {
            assert!(is_site_name(good), "{good}");
        }
        let long = "x".repeat(SITE_NAME_MAX + 1);
        for bad in ["", "  ", "CH\u{202e}droN", "CH\u{200b} Nord", "CH\nNord", "CH\u{0}", &long] {
            assert!(!is_site_name(bad), "{bad:?}");
        }
    }
}

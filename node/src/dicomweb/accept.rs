//! What the caller accepts (RFC 9110 §12.5.1, PS3.18 §8.7), and what of it we have.
//!
//! Objects and frames are given as they are stored; a caller who insists on another transfer syntax is told 406, except
//! that a frame of a codec we read is decoded for callers who ask for plain octets.

use super::{dataset::EXPLICIT_LE, error::Problem};
use crate::pixels::Transcoded;
use axum::http::{HeaderMap, header};

/// One entry of an Accept header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MediaRange {
    /// `type/subtype` in lower case.
    pub(super) media: String,
    params: Vec<(String, String)>,
    q: f32,
}

impl MediaRange {
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Parses one `type/subtype; name=value` text; values may be quoted or, as viewers write them, bare.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = split_outside_quotes(text, ';');
        let media = parts.next()?.trim().to_ascii_lowercase();
        if media != "*" && !media.contains('/') {
            return None;
        }
        let mut range = Self { media, params: Vec::new(), q: 1.0 };
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned());
            if name == "q" {
                range.q = value.parse().unwrap_or(0.0);
            } else {
                range.params.push((name, value));
            }
        }
        Some(range)
    }

    pub(super) fn covers(&self, media: &str) -> bool {
        self.media == media
            || self.media == "*/*"
            || self.media == "*"
            || self.media.strip_suffix("/*").is_some_and(|main| media.split('/').next() == Some(main))
    }
}

fn split_outside_quotes(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == at && !quoted
    })
}

/// Entries of the header, best first; an absent header accepts all. The `accept` query parameter goes before it.
pub(super) fn accepted(headers: &HeaderMap, query: Option<&str>) -> Vec<MediaRange> {
    let from_header = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let mut ranges: Vec<MediaRange> = query
        .into_iter()
        .chain(from_header)
        .flat_map(|value| split_outside_quotes(value, ','))
        // More entries than this are no browser's and no archive's.
        .take(64)
        .filter_map(MediaRange::parse)
        .collect();
    if ranges.is_empty() && !headers.contains_key(header::ACCEPT) {
        ranges.push(MediaRange { media: "*/*".to_owned(), params: Vec::new(), q: 1.0 });
    }
    ranges.retain(|r| r.q > 0.0);
    ranges.sort_by(|a, b| b.q.total_cmp(&a.q));
    ranges
}

/// The JSON media type of an answer.
pub(super) fn json(headers: &HeaderMap, query: Option<&str>) -> Result<&'static str, Problem> {
    for range in accepted(headers, query) {
        if range.media == "application/json" {
            return Ok("application/json");
        }
        if range.covers("application/dicom+json") {
            return Ok("application/dicom+json");
        }
        // Some clients ask with the wrapper of the XML model's syntax.
        if range.media == "multipart/related" && range.param("type") == Some("application/dicom+json") {
            return Ok("application/dicom+json");
        }
    }
    Err(Problem::NotAcceptable("only application/dicom+json is given here"))
}

/// The form of an answer with objects or frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// A `multipart/related`, else the one part alone.
    pub(super) multipart: bool,
    /// Media type of the parts.
    pub(super) media: String,
    /// Frames: decode to plain little-endian octets. Objects: give in Explicit VR Little Endian.
    pub(super) decode: bool,
    /// The caller takes plain octets only in Explicit VR Little Endian.
    pub(super) little_endian: bool,
}

impl Form {
    fn new(multipart: bool, media: &str) -> Self {
        Self { multipart, media: media.to_owned(), decode: false, little_endian: false }
    }

    /// Several pictures of this media type.
    pub(super) fn of_pictures(media: &str) -> Self {
        Self::new(true, media)
    }
}

/// The form for Part 10 objects. `transfer_syntaxes`: of the objects asked for.
pub(super) fn objects(ranges: &[MediaRange], single: bool, transfer_syntaxes: &[&str]) -> Result<Form, Problem> {
    for range in ranges {
        let syntax = range.param("transfer-syntax").unwrap_or("*");
        let stored = syntax == "*" || transfer_syntaxes.iter().all(|held| *held == syntax);
        let made = !stored && syntax == EXPLICIT_LE && transfer_syntaxes.iter().all(|s| Transcoded::is_possible(s));
        if !stored && !made {
            continue;
        }
        let multipart =
            range.media == "multipart/related" || range.media == "multipart/*" || range.media.starts_with('*');
        let of_dicom = range.param("type").is_none_or(|t| t.eq_ignore_ascii_case("application/dicom") || t == "*/*");
        if multipart && of_dicom {
            return Ok(Form { decode: made, ..Form::new(true, "application/dicom") });
        }
        if single && !multipart && range.covers("application/dicom") {
            return Ok(Form { decode: made, ..Form::new(false, "application/dicom") });
        }
    }
    Err(Problem::NotAcceptable(
        "objects are given as application/dicom in their stored transfer syntax, or in 1.2.840.10008.1.2.1 where decodable",
    ))
}

/// The media type in which PS3.18 §8.7.3 knows frames of this transfer syntax.
pub(super) fn frame_media(transfer_syntax: &str) -> &'static str {
    match transfer_syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default() {
        "4.50" | "4.51" | "4.57" | "4.70" => "image/jpeg",
        "4.80" | "4.81" => "image/jls",
        "4.90" | "4.91" => "image/jp2",
        "4.92" | "4.93" => "image/jpx",
        "4.201" | "4.202" | "4.203" => "image/jphc",
        "4.110" | "4.111" | "4.112" => "image/jxl",
        "4.100" | "4.100.1" | "4.101" | "4.101.1" => "video/mpeg",
        s if s.starts_with("4.10") => "video/mp4",
        "5" => "image/dicom-rle",
        _ => "application/octet-stream",
    }
}

/// The form for frames stored in this transfer syntax; `single`: one frame was asked for.
pub(super) fn frames(ranges: &[MediaRange], single: bool, encapsulated: bool, stored: &str) -> Result<Form, Problem> {
    const OCTETS: &str = "application/octet-stream";
    let own = if encapsulated { frame_media(stored) } else { OCTETS };
    for range in ranges {
        let multipart = range.media.starts_with("multipart/") || range.media.starts_with('*');
        if !multipart && !single {
            continue;
        }
        let wanted = if multipart {
            if !matches!(range.media.as_str(), "multipart/related" | "multipart/*" | "*/*" | "*") {
                continue;
            }
            range.param("type").map_or(if range.media == "multipart/related" { OCTETS } else { "*/*" }, |t| t)
        } else {
            &range.media
        };
        let wanted = MediaRange { media: wanted.to_ascii_lowercase(), params: Vec::new(), q: 1.0 };
        let syntax = range.param("transfer-syntax");
        let as_stored = syntax == Some("*") || syntax == Some(stored);
        if encapsulated && own != OCTETS && wanted.covers(own) && (as_stored || syntax.is_none()) {
            return Ok(Form::new(multipart, own));
        }
        if !wanted.covers(OCTETS) {
            continue;
        }
        let plain = syntax.is_none() || syntax == Some(EXPLICIT_LE);
        if as_stored || plain && !encapsulated {
            return Ok(Form { little_endian: plain, ..Form::new(multipart, OCTETS) });
        }
        if plain {
            return Ok(Form { decode: true, little_endian: true, ..Form::new(multipart, OCTETS) });
        }
    }
    Err(Problem::NotAcceptable("frames are given in their stored transfer syntax, or as plain octets where decodable"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn asking(accept: &'static str) -> Vec<MediaRange> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        accepted(&headers, None)
    }

    #[test]
    fn the_viewer_gets_stored_frames_as_octets() {
        let ohif = asking("multipart/related; type=application/octet-stream; transfer-syntax=*");
        let form = frames(&ohif, true, true, "1.2.840.10008.1.2.4.80").unwrap();
        assert_eq!((form.multipart, form.media.as_str(), form.decode), (true, "application/octet-stream", false));
    }

    #[test]
    fn plain_octets_of_a_compressed_frame_are_decoded() {
        let form =
            frames(&asking("multipart/related; type=\"application/octet-stream\""), true, true, "1.2.840.10008.1.2.5");
        assert!(form.unwrap().decode);
    }

    #[test]
    fn the_better_q_wins_and_zero_refuses() {
        let ranges = asking("image/jls;q=0.2, multipart/related;type=\"image/jls\";q=0.9, */*;q=0");
        let form = frames(&ranges, true, true, "1.2.840.10008.1.2.4.80").unwrap();
        assert_eq!((form.multipart, form.media.as_str()), (true, "image/jls"));
        assert!(frames(&ranges, true, false, EXPLICIT_LE).is_err());
    }

    #[test]
    fn several_frames_are_never_a_single_part() {
        assert!(frames(&asking("application/octet-stream"), false, false, EXPLICIT_LE).is_err());
        assert!(!frames(&asking("application/octet-stream"), true, false, EXPLICIT_LE).unwrap().multipart);
    }

    #[test]
    fn objects_are_given_as_stored_or_plain_or_not_at_all() {
        let jls = ["1.2.840.10008.1.2.4.80"];
        let any = asking("multipart/related; type=\"application/dicom\"; transfer-syntax=*");
        assert!(objects(&any, true, &jls).unwrap().multipart);
        let single = asking("application/dicom");
        assert!(!objects(&single, true, &jls).unwrap().multipart);
        assert!(objects(&single, false, &jls).is_err());
        assert!(!objects(&any, true, &jls).unwrap().decode);
        let plain = asking("multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
        assert!(objects(&plain, true, &jls).unwrap().decode);
        assert!(!objects(&plain, true, &[EXPLICIT_LE]).unwrap().decode);
        assert!(objects(&plain, true, &["1.2.840.10008.1.2.4.102"]).is_err());
        let other = asking("multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90");
        assert!(objects(&other, true, &jls).is_err());
        assert!(objects(&asking("text/html"), true, &jls).is_err());
        assert!(objects(&asking("*/*"), true, &jls).unwrap().multipart);
    }

    #[test]
    fn json_is_given_to_whom_it_may_concern() {
        let mut headers = HeaderMap::new();
        assert_eq!(json(&headers, None).unwrap(), "application/dicom+json");
        headers.insert(header::ACCEPT, HeaderValue::from_static("multipart/related; type=\"application/dicom+xml\""));
        assert!(json(&headers, None).is_err());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/dicom+xml, application/json;q=0.5"));
        assert_eq!(json(&headers, None).unwrap(), "application/json");
        headers.insert(header::ACCEPT, HeaderValue::from_static(";;;,,,"));
        assert!(json(&headers, None).is_err());
    }
}

//! Writes data sets and Part 10 files: explicit VR little endian, defined lengths.

use std::collections::BTreeMap;

/// A data set in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct DataSet {
    elements: BTreeMap<u32, ([u8; 2], Vec<u8>)>,
    /// ISO 8859-1 (`ISO_IR 100`) instead of UTF-8.
    latin: bool,
}

pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

impl DataSet {
    /// With its Specific Character Set.
    pub(crate) fn new(latin: bool) -> Self {
        let mut set = Self { elements: BTreeMap::new(), latin };
        set.text(0x0008_0005, "CS", if latin { "ISO_IR 100" } else { "ISO_IR 192" });
        set
    }

    /// An item of a sequence, in the character set of its data set.
    pub(crate) fn item(&self) -> Self {
        Self { elements: BTreeMap::new(), latin: self.latin }
    }

    /// A text, padded to even length as its VR asks.
    pub(crate) fn text(&mut self, tag: u32, vr: &str, value: &str) {
        let mut bytes = if self.latin { latin(value) } else { value.as_bytes().to_vec() };
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.put(tag, vr, bytes);
    }

    /// Numbers as a decimal string.
    pub(crate) fn decimals(&mut self, tag: u32, values: &[f32]) {
        let text: Vec<String> = values.iter().map(|v| format!("{:.4}", v)).collect();
        self.text(tag, "DS", &text.join("\\"));
    }

    pub(crate) fn short(&mut self, tag: u32, value: u16) {
        self.put(tag, "US", value.to_le_bytes().to_vec());
    }

    pub(crate) fn short_signed(&mut self, tag: u32, value: i16) {
        self.put(tag, "SS", value.to_le_bytes().to_vec());
    }

    pub(crate) fn bytes(&mut self, tag: u32, vr: &str, mut value: Vec<u8>) {
        if value.len() % 2 == 1 {
            value.push(0);
        }
        self.put(tag, vr, value);
    }

    pub(crate) fn tag(&mut self, tag: u32, value: u32) {
        let words = [(value >> 16).to_le_bytes(), (value & 0xffff).to_le_bytes()];
        self.put(tag, "AT", words.iter().flat_map(|w| w.iter().take(2).copied()).collect());
    }

    pub(crate) fn sequence(&mut self, tag: u32, items: &[Self]) {
        let mut bytes = Vec::new();
        for item in items {
            let body = item.encode();
            bytes.extend([0xfe, 0xff, 0x00, 0xe0]);
            bytes.extend(length(&body).to_le_bytes());
            bytes.extend(body);
        }
        self.put(tag, "SQ", bytes);
    }

    fn put(&mut self, tag: u32, vr: &str, value: Vec<u8>) {
        let vr = vr.as_bytes().first_chunk::<2>().copied().unwrap_or(*b"UN");
        self.elements.insert(tag, (vr, value));
    }

    /// The bytes, in the order of tags.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.elements.values().map(|(_, value)| value.len() + 12).sum());
        for (tag, (vr, value)) in &self.elements {
            out.extend(u16::try_from(tag >> 16).unwrap_or_default().to_le_bytes());
            out.extend(u16::try_from(tag & 0xffff).unwrap_or_default().to_le_bytes());
            out.extend(vr);
            if matches!(vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT" | b"UC" | b"UR") {
                out.extend([0, 0]);
                out.extend(length(value).to_le_bytes());
            } else {
                out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
            }
            out.extend(value);
        }
        out
    }

    /// Preamble and meta group for this data set.
    pub(crate) fn meta(&self) -> Vec<u8> {
        let uid = |tag: u32| self.elements.get(&tag).map(|(_, value)| value.clone()).unwrap_or_default();
        let mut group = Self::default();
        group.put(0x0002_0001, "OB", vec![0, 1]);
        group.put(0x0002_0002, "UI", uid(0x0008_0016));
        group.put(0x0002_0003, "UI", uid(0x0008_0018));
        group.text(0x0002_0010, "UI", EXPLICIT_LE);
        group.text(0x0002_0012, "UI", "2.25.289384776243650173295103920475418260144");
        group.text(0x0002_0013, "SH", "CONFRERE_DEMO");
        let body = group.encode();
        let mut head = Self::default();
        head.put(0x0002_0000, "UL", length(&body).to_le_bytes().to_vec());
        [vec![0; 128], b"DICM".to_vec(), head.encode(), body].concat()
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

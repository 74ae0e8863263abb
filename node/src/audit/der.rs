//! As much of DER (X.690) as a time-stamp has: values one after another, bounded by what is there.

/// Tags as they stand in the bytes.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xA0;

/// Reads values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) inside: &'a [u8],
    /// With its tag and length.
    pub(super) whole: &'a [u8],
}

impl<'a> Der<'a> {
    /// The next value, whatever it is.
    pub(super) fn any(&mut self) -> Option<Value<'a>> {
        let (tag, length, head): (u8, usize, usize) = match *self.0 {
            [tag, length, ..] if length < 0x80 => (tag, usize::from(length), 2),
            [tag, 0x81, a, ..] => (tag, usize::from(a), 3),
            [tag, 0x82, a, b, ..] => (tag, usize::from(u16::from_be_bytes([a, b])), 4),
            [tag, 0x83, a, b, c, ..] => (tag, usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?, 5),
            _ => return None,
        };
        let (whole, rest) = self.0.split_at_checked(head.checked_add(length)?)?;
        self.0 = rest;
        Some(Value { tag, inside: whole.get(head..)?, whole })
    }

    /// The next value, if it is of this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = *self;
        let value = ahead.any().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }

    /// What stands inside the next value, if it is of this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(|value| Self(value.inside))
    }
}

/// Writes a value.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    let mut out = vec![tag];
    // What is written here is short: 65535 bytes at most.
    let length = u16::try_from(inside.len()).unwrap_or(u16::MAX);
    match length.to_be_bytes() {
        [0, low] if low < 0x80 => out.push(low),
        [0, low] => out.extend([0x81, low]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(inside);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_beyond_its_end() {
        for length in [0usize, 1, 127, 128, 255, 256, 5000] {
            let bytes = value(OCTETS, &[&vec![7; length]]);
            let mut der = Der(&bytes);
            let read = der.take(OCTETS).unwrap();
            assert_eq!((read.inside.len(), read.whole.len(), der.0.is_empty()), (length, bytes.len(), true));
            assert!(Der(&bytes[..bytes.len() - 1]).any().is_none());
            assert!(Der(&bytes).take(SEQUENCE).is_none());
        }
        assert!(Der(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).any().is_none(), "a length of 4 GiB");
        assert!(Der(&[0x30, 0x80, 0, 0]).any().is_none(), "an indefinite one is not DER");
    }
}

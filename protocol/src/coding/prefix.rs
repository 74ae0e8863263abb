//! Prefix codes over numbers of 16 bits.
//!
//! A number below 32 is a token of its own; a larger one is the token of its two highest bits behind the leading one, and
//! the rest of its bits as they are. So a code has at most 76 tokens, whatever is coded with it. Lengths are Huffman's,
//! at most [`LENGTH_MAX`]; a code of one token has length zero.
//!
//! # Not here
//! Which code for which number: [`super::plane`].

use super::{
    NotCoded,
    bits::{Reader, Writer},
    take::Take,
};

/// Tokens of a code.
pub(super) const TOKENS: usize = 76;
/// Longest code word, bits: the tables of a plane, 4 × 2¹⁰ bytes each, stay in a core's first cache.
const LENGTH_MAX: u8 = 10;
const TABLE: usize = 1 << LENGTH_MAX;
/// In place of the number of lengths: a code of one token.
const SINGLE: u8 = u8::MAX;

/// The token of a number, and how many of its bits follow as they are.
#[inline]
pub(super) fn token(number: u16) -> (u8, u32) {
    if number < 32 {
        let [low, _] = number.to_le_bytes();
        return (low, 0);
    }
    let rest = 13 - number.leading_zeros();
    let [low, _] = (number >> rest).to_le_bytes();
    // `low` is 4..8: the leading one and two bits.
    let [exponent, ..] = rest.to_le_bytes();
    (28 + (exponent - 3) * 4 + low, rest)
}

/// The smallest number of a token, and how many bits follow it.
pub(super) fn token_base(token: u8) -> (u16, u32) {
    if token < 32 {
        return (u16::from(token), 0);
    }
    let rest = u32::from((token - 32) / 4) + 3;
    let top = u16::from((token - 32) % 4) + 4;
    (top.checked_shl(rest).unwrap_or(0), rest)
}

/// How often each number below 256 came, and each token of a larger one.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    small: [u32; 256],
    large: [u32; 128],
}

impl Default for Counts {
    fn default() -> Self {
        Self { small: [0; 256], large: [0; 128] }
    }
}

impl Counts {
    #[inline]
    pub(super) fn note(&mut self, number: u16) {
        let count = match u8::try_from(number) {
            Ok(small) => &mut self.small[usize::from(small)],
            Err(_) => &mut self.large[usize::from(token(number).0 & 127)],
        };
        *count = count.wrapping_add(1);
    }

    /// How often each token came.
    pub(super) fn tokens(&self) -> [u32; TOKENS] {
        let mut tokens = [0u32; TOKENS];
        tokens.iter_mut().zip(self.large).for_each(|(token, count)| *token = count);
        for (number, count) in (0u16..).zip(self.small) {
            if let Some(of) = tokens.get_mut(usize::from(token(number).0)) {
                *of += count;
            }
        }
        tokens
    }

    fn lengths(&self) -> [u8; TOKENS] {
        let mut counts = self.tokens();
        loop {
            let lengths = huffman(&counts);
            if lengths.iter().all(|length| *length <= LENGTH_MAX) {
                return lengths;
            }
            // Flatter counts make shorter words; equal ones make words of seven bits.
            for count in &mut counts {
                *count = count.div_ceil(2);
            }
        }
    }
}

/// Lengths of Huffman's code; one token alone has length one here.
fn huffman(counts: &[u32; TOKENS]) -> [u8; TOKENS] {
    let mut lengths = [0u8; TOKENS];
    // (weight, tokens below it); at most 76 stand here at once.
    let mut trees: Vec<(u64, u128)> =
        counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| (u64::from(*n), 1u128 << i)).collect();
    if let [(_, only)] = trees.as_slice() {
        deepen(&mut lengths, *only);
    }
    trees.sort_unstable_by(|a, b| b.cmp(a));
    while let (Some((w1, t1)), Some((w2, t2))) = (trees.pop(), trees.pop()) {
        let joined = (w1 + w2, t1 | t2);
        deepen(&mut lengths, joined.1);
        if trees.is_empty() {
            break;
        }
        let place = trees.partition_point(|tree| *tree > joined);
        trees.insert(place, joined);
    }
    lengths
}

fn deepen(lengths: &mut [u8; TOKENS], tokens: u128) {
    for (i, length) in lengths.iter_mut().enumerate() {
        *length += u8::from(tokens >> i & 1 == 1);
    }
}

/// Code words of lengths, in the order of length and token, reversed for reading the lowest bit first; `None` when there
/// are more words than fit.
fn words(lengths: &[u8]) -> Option<[u16; TOKENS]> {
    let mut words = [0u16; TOKENS];
    let mut next = 0u32;
    for length in 1..=LENGTH_MAX {
        next <<= 1;
        for (word, _) in words.iter_mut().zip(lengths).filter(|(_, of)| **of == length) {
            *word = u16::try_from(next).ok()?.reverse_bits() >> (16 - u32::from(length));
            next += 1;
        }
        if next > 1 << length {
            return None;
        }
    }
    Some(words)
}

/// For writing.
#[derive(Debug)]
pub(super) struct Encoder {
    /// Of each number below 256: its word and the bits behind it, and in the highest byte how many bits that are.
    small: [u32; 256],
    /// Word and its length, by token.
    large: [(u16, u8); 128],
}

impl Encoder {
    /// The code for these counts; writes its lengths.
    pub(super) fn new(counts: &Counts, to: &mut Vec<u8>) -> Self {
        let mut lengths = counts.lengths();
        let used = lengths.iter().filter(|length| **length > 0).count();
        let end = lengths.iter().rposition(|length| *length > 0).map_or(0, |last| last + 1);
        let [end_byte, ..] = end.to_le_bytes();
        if used == 1 {
            to.extend_from_slice(&[SINGLE, end_byte - 1]);
            lengths = [0; TOKENS];
        } else {
            to.push(end_byte);
            let pairs = lengths.get(..end).unwrap_or_default().chunks(2);
            to.extend(pairs.map(|pair| pair.first().unwrap_or(&0) | pair.get(1).unwrap_or(&0) << 4));
        }
        let mut encoder = Self { small: [0; 256], large: [(0, 0); 128] };
        let words = words(&lengths).unwrap_or([0; TOKENS]).into_iter().zip(lengths);
        encoder.large.iter_mut().zip(words).for_each(|(entry, word)| *entry = word);
        for (number, entry) in (0u16..).zip(&mut encoder.small) {
            let (token, rest) = token(number);
            let (word, length) = encoder.large[usize::from(token & 127)];
            let low = u32::from(number) & ((1 << rest) - 1);
            *entry = u32::from(word) | low << length | (u32::from(length) + rest) << 24;
        }
        encoder
    }

    #[inline]
    pub(super) fn put(&self, number: u16, to: &mut Writer) {
        if let Ok(small) = u8::try_from(number) {
            let entry = self.small[usize::from(small)];
            return to.put(u64::from(entry & 0x00ff_ffff), entry >> 24);
        }
        let (token, rest) = token(number);
        let (word, length) = self.large[usize::from(token & 127)];
        let low = u64::from(number) & ((1 << rest) - 1);
        to.put(u64::from(word) | low << length, u32::from(length) + rest);
    }
}

/// For reading.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    /// By the next ten bits: smallest number, length of the word and bits that follow it, the sum of both.
    table: [u32; TABLE],
}

impl Default for Decoder {
    fn default() -> Self {
        Self { table: [0; TABLE] }
    }
}

impl Decoder {
    /// Reads the lengths of a code.
    pub(super) fn read(&mut self, from: &mut Take<'_>) -> Result<(), NotCoded> {
        let mut lengths = [0u8; TOKENS];
        let count = from.byte()?;
        if count == SINGLE {
            let token = from.byte()?;
            if usize::from(token) >= TOKENS {
                return Err(NotCoded);
            }
            self.table.fill(entry(token, 0));
            return Ok(());
        }
        let packed = from.bytes(usize::from(count.div_ceil(2)))?;
        let mut given = lengths.get_mut(..usize::from(count)).ok_or(NotCoded)?.iter_mut();
        for pair in packed {
            for length in [pair & 15, pair >> 4] {
                if length > LENGTH_MAX {
                    return Err(NotCoded);
                }
                if let Some(place) = given.next() {
                    *place = length;
                }
            }
        }
        let words = words(&lengths).ok_or(NotCoded)?;
        for (token, (word, length)) in (0u8..).zip(words.iter().zip(lengths)).filter(|(_, (_, length))| *length > 0) {
            let step = 1usize << length;
            for place in self.table.iter_mut().skip(usize::from(*word)).step_by(step) {
                *place = entry(token, length);
            }
        }
        Ok(())
    }

    /// The next number; the reader must have at least 23 bits ready.
    #[inline]
    pub(super) fn next(&self, from: &mut Reader<'_>) -> u16 {
        let bits = from.peek();
        let [a, b, ..] = bits.to_le_bytes();
        let found = self.table[usize::from(u16::from_le_bytes([a, b])) % TABLE];
        let [low, high, parts, both] = found.to_le_bytes();
        let (length, rest) = (parts & 15, parts >> 4);
        from.pass(u32::from(both));
        let follow = (bits >> length) & ((1 << rest) - 1);
        let [c, d, ..] = follow.to_le_bytes();
        u16::from_le_bytes([low, high]).wrapping_add(u16::from_le_bytes([c, d]))
    }
}

fn entry(token: u8, length: u8) -> u32 {
    let (base, rest) = token_base(token);
    let [low, high] = base.to_le_bytes();
    let [rest, ..] = rest.to_le_bytes();
    u32::from_le_bytes([low, high, length | rest << 4, length + rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_its_token_and_the_rest() {
        for number in 0..=u16::MAX {
            let (token, rest) = token(number);
            let (base, again) = token_base(token);
            assert!(usize::from(token) < TOKENS && rest == again, "{number}");
            assert_eq!(number, base + (number & ((1u16 << rest) - 1)));
        }
    }
}

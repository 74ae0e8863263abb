//! Bits, the lowest first.
//!
//! # Not here
//! What they mean: [`super::prefix`].

/// Writes bits. Between two calls of [`Writer::flush`] there is room for 56 bits; [`Writer::reserve`] makes room for flushes.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    next: usize,
    held: u64,
    count: u32,
}

impl Writer {
    /// Begins behind bytes that are written already.
    pub(super) fn after(bytes: Vec<u8>) -> Self {
        let next = bytes.len();
        Self { bytes, next, held: 0, count: 0 }
    }

    /// Makes room for so many bytes.
    pub(super) fn reserve(&mut self, bytes: usize) {
        let wanted = self.next + bytes + 8;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted.max(self.bytes.len() * 2), 0);
        }
    }

    /// Writes the lowest `count` bits; the others must be zero.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        self.held |= bits << (self.count & 63);
        self.count += count;
    }

    /// Puts whole bytes away.
    #[inline]
    pub(super) fn flush(&mut self) {
        if let Some(place) = self.bytes.get_mut(self.next..).and_then(<[u8]>::first_chunk_mut::<8>) {
            *place = self.held.to_le_bytes();
        }
        self.next += (self.count / 8) as usize;
        self.held >>= self.count & 56;
        self.count &= 7;
    }

    /// Everything written; the last byte is filled with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.reserve(8);
        self.flush();
        self.bytes.truncate(self.next + usize::from(self.count > 0));
        self.bytes
    }
}

/// Reads bits. Behind the end it reads zeros and remembers that it did.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    next: usize,
    held: u64,
    count: u32,
    over: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, held: 0, count: 0, over: 0 }
    }

    /// Makes at least 56 bits ready.
    #[inline]
    pub(super) fn fill(&mut self) {
        match self.bytes.get(self.next..).and_then(<[u8]>::first_chunk::<8>) {
            Some(word) => {
                self.held |= u64::from_le_bytes(*word) << self.count;
                self.next += ((63 - self.count) / 8) as usize;
                self.count |= 56;
            }
            None => self.fill_slowly(),
        }
    }

    #[cold]
    fn fill_slowly(&mut self) {
        while self.count < 56 {
            let byte = self.bytes.get(self.next).copied().unwrap_or_else(|| {
                self.over += 8;
                0
            });
            self.held |= u64::from(byte) << self.count;
            self.next += 1;
            self.count += 8;
        }
    }

    /// The bits that are ready, the next one lowest.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        self.held
    }

    /// Passes over bits that are ready.
    #[inline]
    pub(super) fn pass(&mut self, count: u32) {
        self.held >>= count & 63;
        self.count = self.count.wrapping_sub(count) & 63;
    }

    /// Whether no bit behind the end was used.
    pub(super) fn is_within(&self) -> bool {
        self.over <= u64::from(self.count)
    }
}

//! Fields one after another as bytes, each with its length before it. The build script writes with
//! this file what the crate reads with it.

/// Appends to a list of fields.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// A number that is mostly small: seven bits a byte, the lowest first.
    pub(crate) fn small(&mut self, mut number: usize) {
        while number > 0x7f {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        // No pack comes near 4 GiB; a length that lies would be refused by the reader.
        self.number(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn list<'a>(&mut self, items: impl ExactSizeIterator<Item = &'a str>) {
        self.number(u32::try_from(items.len()).unwrap_or(u32::MAX));
        items.for_each(|item| self.text(item));
    }
}

/// What of a list of fields was not read yet. `None` from any method: the bytes are not such a
/// list.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(crate) fn small(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS - 7).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn short(&mut self) -> Option<u16> {
        u16::try_from(self.small()?).ok()
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// How many items follow; never more than there are bytes.
    pub(crate) fn count_small(&mut self) -> Option<usize> {
        let count = self.small()?;
        (count <= self.0.len()).then_some(count)
    }

    /// The same.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn texts<T: From<&'a str>>(&mut self) -> Option<Vec<T>> {
        (0..self.count()?)
            .map(|_| self.text().map(T::from))
            .collect()
    }

    pub(crate) fn byte_strings<T: From<&'a [u8]>>(&mut self) -> Option<Vec<T>> {
        (0..self.count()?)
            .map(|_| self.bytes().map(T::from))
            .collect()
    }

    pub(crate) fn numbers(&mut self) -> Option<Vec<u32>> {
        (0..self.count()?).map(|_| self.number()).collect()
    }
}

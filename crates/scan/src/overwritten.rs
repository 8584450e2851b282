//! Content that nobody needs any more is overwritten.
//!
//! Byte by byte and volatile, as a crate for keys does it, this took as long as the whole search
//! for keywords. Here whole buffers are filled at once, and the compiler is told that somebody
//! looks at the zeros: it may not leave them out.

use std::hint::black_box;

/// Overwrites bytes with zeros.
pub(crate) fn overwrite(bytes: &mut [u8]) {
    bytes.fill(0);
    black_box(bytes);
}

/// Empties a buffer and overwrites all it has room for, whatever stood there before.
pub(crate) fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    // No more than there is room for: nothing is moved, and no copy is left behind.
    buffer.resize(buffer.capacity(), 0);
    overwrite(buffer);
    buffer.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_what_was_cut_off() {
        let mut buffer = b"a secret that was longer".to_vec();
        let place = buffer.as_ptr();
        buffer.truncate(3);
        empty(&mut buffer);
        assert!(buffer.is_empty());
        buffer.resize(buffer.capacity(), 0);
        assert_eq!(buffer.as_ptr(), place);
        let mut part = *b"secret";
        overwrite(&mut part[..4]);
        assert_eq!(&part, b"\0\0\0\0et");
    }
}

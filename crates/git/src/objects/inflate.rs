//! zlib streams, in pieces.

use gix::zlib::{Decompress, FlushDecompress, Status};

/// How far one call came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Bytes taken from the input.
    pub(crate) read: usize,
    /// Bytes put into the output.
    pub(crate) written: usize,
    /// Whether the stream ended, checksum included.
    pub(crate) ended: bool,
}

/// A decoder that is used for one stream after the other.
#[derive(Default)]
pub(crate) struct Inflater {
    state: Option<Decompress>,
}

impl Inflater {
    /// Forgets the stream before.
    pub(crate) fn begin(&mut self) {
        match &mut self.state {
            Some(state) => state.reset(),
            none => *none = Some(Decompress::new()),
        }
    }

    /// Decodes until the input is used up, the output is full, or the stream ends. `None`: the
    /// stream is damaged.
    pub(crate) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Option<Progress> {
        let state = self.state.get_or_insert_with(Decompress::new);
        let (before_in, before_out) = (state.total_in(), state.total_out());
        let status = state
            .decompress(input, output, FlushDecompress::None)
            .ok()?;
        Some(Progress {
            read: usize::try_from(state.total_in() - before_in).ok()?,
            written: usize::try_from(state.total_out() - before_out).ok()?,
            ended: matches!(status, Status::StreamEnd),
        })
    }

    /// Decodes as much of the stream at the start of `input` as fits `output`; the length written.
    pub(crate) fn prefix(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        self.begin();
        let (mut read, mut written) = (0, 0);
        while written < output.len() {
            let progress = self.step(input.get(read..)?, output.get_mut(written..)?)?;
            read += progress.read;
            written += progress.written;
            if progress.ended || progress.read == 0 && progress.written == 0 {
                break;
            }
        }
        Some(written)
    }
}

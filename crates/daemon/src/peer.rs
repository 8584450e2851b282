//! One client's stream: the codec over tokio, with a deadline on every write.

use std::io;
use std::time::Duration;

use lychgate_wire::{Decoder, Encoder, Frame};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

/// How long a closing session waits for its peer to read the last words and close.
const LINGER: Duration = Duration::from_secs(1);
/// A write buffer above this is given back after use.
const KEEP: usize = 256 << 10;

/// A connected client.
pub(crate) struct Peer {
    stream: UnixStream,
    pub(crate) decoder: Decoder,
    out: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            decoder: Decoder::new(),
            out: Vec::new(),
        }
    }

    /// Reads what has arrived, or waits until something does; 0: the peer closed. Can be
    /// dropped at any point without losing bytes.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(self.decoder.space()) {
                Ok(count) => {
                    self.decoder.filled(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gathers a frame for [`Peer::flush`].
    pub(crate) fn put(&mut self, frame: &Frame<'_>) -> Result<(), lychgate_wire::Error> {
        Encoder::put(frame, &mut self.out)
    }

    /// Writes what was gathered.
    pub(crate) async fn flush(&mut self, limit: Duration) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = tokio::time::timeout(limit, self.stream.write_all(&self.out)).await;
        self.out.clear();
        if self.out.capacity() > KEEP {
            self.out = Vec::new();
        }
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Closes in the order that loses nothing: says that no more comes, then reads and drops
    /// what the peer still sends until it closes. A socket closed with unread bytes resets the
    /// connection, and a peer in the middle of sending might not get to the reason.
    pub(crate) async fn close(mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let drained = async {
            let mut scrap = [0; 4096];
            loop {
                if self.stream.readable().await.is_err() {
                    return;
                }
                match self.stream.try_read(&mut scrap) {
                    Ok(0) => return,
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                    Ok(_) | Err(_) => {}
                }
            }
        };
        // A peer that does not close in time is closed.
        let _ = tokio::time::timeout(LINGER, drained).await;
    }
}

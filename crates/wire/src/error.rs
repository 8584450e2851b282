//! What can be wrong with bytes that should be a frame.

/// Bytes are no frame of this protocol, or a value is too large to be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A length or count passes its limit.
    #[error("{what} of {length} is over the limit of {limit}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length or count as announced.
        length: u64,
        /// The most there may be.
        limit: u64,
    },
    /// A frame without tag, a Data frame without bytes.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// The body ends inside a field.
    #[error("frame ends inside its {0}")]
    Short(&'static str),
    /// The body goes on after its last field.
    #[error("frame {tag:#04x} goes on for {bytes} bytes after its end")]
    Trailing {
        /// The frame's tag.
        tag: u8,
        /// Bytes too many.
        bytes: usize,
    },
    /// A tag without the optional bit that this version does not know.
    #[error("frame {0:#04x} is unknown")]
    UnknownTag(u8),
    /// A number that stands for nothing.
    #[error("{code} is no {what}")]
    UnknownCode {
        /// What it should stand for.
        what: &'static str,
        /// The number.
        code: u32,
    },
    /// A text that is not UTF-8, or a name that is not of its form.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// A Hello or Refuse without the magic bytes.
    #[error("the peer does not speak this protocol")]
    Magic,
    /// Ids of two hash kinds in one list.
    #[error("ids of two hash kinds in one list")]
    MixedIds,
}

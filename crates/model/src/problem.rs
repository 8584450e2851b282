//! Something wrong in a file people write: collected, never thrown one at a time.

use std::fmt;

/// One problem in a pack or policy file, placed like a compiler's error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as the reader knows it.
    pub file: String,
    /// Line, from 1; 0: the file as a whole.
    pub line: u32,
    /// Column, from 1; 0: the line as a whole.
    pub column: u32,
    /// The key, as a dotted path; may be empty.
    pub key: String,
    /// What is wrong and what was expected, one sentence.
    pub message: String,
    /// What to do, one sentence; may be empty.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::path::printable(self.file.as_bytes()))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        write!(f, ": ")?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

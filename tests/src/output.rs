//! What a command said.

/// The end of one command: its code and everything it printed.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Both streams as text.
    pub fn text(&self) -> String {
        let mut all = self.stdout.clone();
        all.extend_from_slice(&self.stderr);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Standard output as text, without trailing white space.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// Panics unless the command succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "expected success:\n{}", self.text());
        self
    }

    /// Panics unless the command failed.
    #[track_caller]
    pub fn fails(self) -> Self {
        assert_ne!(self.code, 0, "expected failure:\n{}", self.text());
        self
    }

    /// Panics unless the command ended with `code`.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.text());
        self
    }

    /// Panics unless `part` was printed.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(
            self.text().contains(part),
            "expected {part:?} in:\n{}",
            self.text()
        );
        self
    }

    /// Panics if `part` was printed.
    #[track_caller]
    pub fn hides(self, part: &str) -> Self {
        assert!(
            !self.text().contains(part),
            "a value that must not be printed was"
        );
        self
    }

    /// Panics if anything was printed.
    #[track_caller]
    pub fn silent(self) -> Self {
        assert_eq!(self.text(), "", "expected silence");
        self
    }

    /// Panics unless every line is printable ASCII of at most 80 columns, Git's `remote: ` included.
    #[track_caller]
    pub fn fits_a_terminal(self) -> Self {
        for line in self.text().lines() {
            // What follows GitLab's mark is shown by GitLab, without it and Git's own.
            let line = line.strip_prefix("remote: GL-HOOK-ERR: ").unwrap_or(line);
            let line = line.trim_end();
            assert!(line.len() <= 80, "{} columns: {line}", line.len());
            assert!(
                line.bytes().all(|b| (0x20..=0x7e).contains(&b)),
                "not ASCII: {line:?}"
            );
        }
        self
    }
}

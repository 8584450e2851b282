//! Logs: JSON lines, one closing event for each session. Field names and levels are listed in
//! `docs/logging.md`. Never content, no paths of a repository above debug.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::failure::Failure;
use crate::process::open_log;

/// A log file above this is put aside, over the one put aside before.
const LARGE: u64 = 4 << 20;

/// Starts logging: to `file`, else to standard error. `level` is `LYCHGATE_LOG`.
pub(crate) fn start(file: Option<&Path>, level: Option<&str>) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(level.unwrap_or("info"));
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    let format = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter);
    let format = format
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false);
    match file {
        Some(path) => {
            let log = LogFile::open(path);
            let log = log.map_err(|e| Failure::system("open the log", path, e))?;
            format.with_writer(log).init();
        }
        None => format.with_writer(io::stderr).init(),
    }
    Ok(())
}

/// What a panic says may quote the bytes it was about, so only its place is logged.
pub(crate) fn log_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
}

/// A log file that is put aside when it has grown large.
struct LogFile {
    path: PathBuf,
    open: Mutex<(File, u64)>,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = open_log(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            open: Mutex::new((file, size)),
        })
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.1 > LARGE {
            let mut aside = self.path.clone().into_os_string();
            aside.push(".old");
            std::fs::rename(&self.path, aside)?;
            *open = (open_log(&self.path)?, 0);
        }
        open.0.write_all(line)?;
        open.1 += line.len() as u64;
        Ok(())
    }
}

/// One event's line.
struct Line<'a>(&'a LogFile);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A full disk costs the log, not the judgement.
        let _ = self.0.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

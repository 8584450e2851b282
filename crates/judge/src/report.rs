//! The full list of findings as a file, when a screen shows only some (contract 9.4).

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lychgate_model::limits;
use sha2::{Digest, Sha256};

use crate::persisted;

/// Writes the lines into a folder, 0600 in 0700; the name follows from the content, so that the
/// same verdict names the same file. `None`: it cannot be written.
pub(crate) fn write(folder: &Path, lines: &[String]) -> Option<PathBuf> {
    let mut text = lines.join("\n");
    text.push('\n');
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let name: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    let path = folder.join(format!("{name}.txt"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .ok()?;
    persisted::replace(&path, text.as_bytes()).ok()?;
    Some(path)
}

/// Removes reports older than [`limits::REPORT_DAYS`].
pub fn prune(folder: &Path, now: SystemTime) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let age = std::time::Duration::from_secs(limits::REPORT_DAYS * 24 * 60 * 60);
    for entry in entries.flatten() {
        let written = entry.metadata().and_then(|m| m.modified());
        let ours = entry.path().extension().is_some_and(|e| e == "txt");
        if ours && written.is_ok_and(|w| now.duration_since(w).is_ok_and(|d| d > age)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

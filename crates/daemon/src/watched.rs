//! The files that rules come from, and whether one of them is no longer what was read.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lychgate_judge::{ORGANISATION, Sources};
use lychgate_model::Problem;

/// A file or folder as it was; any difference is a change. The time of its last change of any
/// kind is in it, because the time of its content can be set back.
type Stamp = Option<[i64; 7]>;

/// The longest step in which a kernel counts the times of files (at 100 ticks a second).
const TICK: Duration = Duration::from_millis(10);

/// How often files are read again because others than those known came to light: once, unless
/// somebody writes them meanwhile.
const TURNS: u32 = 4;

/// Files and folders, and how they were before they were read.
pub(crate) struct Watched {
    paths: Vec<PathBuf>,
    stamps: Vec<Stamp>,
}

impl Watched {
    /// As they are now.
    fn now(mut paths: Vec<PathBuf>) -> Self {
        paths.sort();
        paths.dedup();
        let stamps = paths.iter().map(|path| stamp(path)).collect();
        Self { paths, stamps }
    }

    /// Waits until what is written from here on has another time than what stands there.
    fn settle(&self) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(i64::MAX);
        let tick = i64::try_from(TICK.as_nanos()).unwrap_or(i64::MAX);
        let changed = |s: &[i64; 7]| s[5].saturating_mul(1_000_000_000).saturating_add(s[6]);
        let just_now = |at: i64| at > now.saturating_sub(tick);
        if self.stamps.iter().flatten().map(changed).any(just_now) {
            std::thread::sleep(TICK);
        }
    }

    /// Whether any of them is another than it was.
    pub(crate) fn has_changed(&self) -> bool {
        self.paths
            .iter()
            .map(|path| stamp(path))
            .ne(self.stamps.iter().copied())
    }
}

/// What was read, or every problem, and the files it came from as they were *before*: a change
/// while they are read, or at any time after, is seen at the next look.
pub(crate) fn read(named: &[PathBuf]) -> (Result<Sources, Vec<Problem>>, Watched) {
    read_with(named, || {
        Sources::read(Some(Path::new(ORGANISATION)), named)
    })
}

fn read_with(
    named: &[PathBuf],
    mut read: impl FnMut() -> Result<Sources, Vec<Problem>>,
) -> (Result<Sources, Vec<Problem>>, Watched) {
    let mut watched = Watched::now(involved(named, &Ok(Sources::built_in())));
    let mut turn = 1;
    loop {
        watched.settle();
        let sources = read();
        let wanted = involved(named, &sources);
        if wanted == watched.paths || turn == TURNS {
            return (sources, watched);
        }
        // Which other files there are is only known now; they are stamped, then read once more.
        watched = Watched::now(wanted);
        turn += 1;
    }
}

/// Files that were named, whether they are there or not, and those they lead to. A folder changes
/// when a file appears in it: a pack added beside the others is seen. What is wrong may stand in
/// a file that no rules in force came from.
fn involved(named: &[PathBuf], read: &Result<Sources, Vec<Problem>>) -> Vec<PathBuf> {
    let mut all = vec![PathBuf::from(ORGANISATION)];
    all.extend(named.iter().cloned());
    match read {
        Ok(sources) => {
            for file in sources.files() {
                all.push(file.clone());
                all.extend(file.parent().map(Path::to_owned));
            }
        }
        Err(problems) => all.extend(problems.iter().map(|p| PathBuf::from(&p.file))),
    }
    all.sort();
    all.dedup();
    all
}

fn stamp(path: &Path) -> Stamp {
    let m = path.metadata().ok()?;
    let size = m.size().cast_signed();
    let (device, inode) = (m.dev().cast_signed(), m.ino().cast_signed());
    let (content, any) = ((m.mtime(), m.mtime_nsec()), (m.ctime(), m.ctime_nsec()));
    Some([device, inode, size, content.0, content.1, any.0, any.1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKS: &str = "schema = 1\npacks = [\"";

    fn place() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (config, pack) = (dir.path().join("lychgate.toml"), dir.path().join("a.toml"));
        std::fs::write(&config, format!("{PACKS}{}\"]\n", pack.display())).unwrap();
        std::fs::write(&pack, "one").unwrap();
        (dir, config, pack)
    }

    #[test]
    fn what_nobody_touches_has_not_changed() {
        let (_dir, config, _pack) = place();
        let (sources, watched) = read(&[config]);
        assert!(sources.is_ok());
        assert!(!watched.has_changed());
    }

    #[test]
    fn a_file_written_while_it_was_read_has_changed() {
        let (_dir, config, pack) = place();
        let named = [config];
        let mut turns = 0;
        let (sources, watched) = read_with(&named, || {
            let sources = Sources::read(Some(Path::new(ORGANISATION)), &named);
            turns += 1;
            if turns == 2 {
                std::fs::write(&pack, "another").unwrap();
            }
            sources
        });
        assert_eq!(turns, 2, "the pack is known after the first");
        assert_eq!(sources.unwrap().packs[0].text, "one");
        assert!(watched.has_changed());
    }

    #[test]
    fn a_time_that_is_set_back_hides_nothing() {
        let (_dir, config, pack) = place();
        let (_sources, watched) = read(&[config]);
        let before = pack.metadata().unwrap().modified().unwrap();
        std::fs::write(&pack, "two").unwrap();
        let file = std::fs::File::options().write(true).open(&pack).unwrap();
        file.set_modified(before).unwrap();
        assert!(watched.has_changed());
    }

    #[test]
    fn a_file_that_could_not_be_read_is_looked_at_again() {
        let (_dir, config, pack) = place();
        std::fs::remove_file(&pack).unwrap();
        let (sources, watched) = read(&[config]);
        assert!(sources.is_err());
        assert!(!watched.has_changed());
        std::fs::write(&pack, "there").unwrap();
        assert!(watched.has_changed());
    }
}

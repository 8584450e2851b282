//! `lychgate import`: what other tools' files allow becomes entries of the baseline.
//!
//! Those files name a place. What counts here is a value: the place is scanned, and what one of our
//! rules finds there is listed. What cannot be found is told, and never guessed.

mod read;

use std::collections::{BTreeMap, HashSet};

use lychgate_model::exit;
use sha1::{Digest as _, Sha1};

use self::read::Wish;
use crate::baseline::{Meet, Met, Place};
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;
use crate::{Said, args};

const NOT: &str = "nothing was imported";
/// The shortest value that is looked for beside one of ours: less stands anywhere by chance.
const SHORTEST: usize = 6;
/// The longest.
const LONGEST: usize = 16 << 10;
/// The longest file read.
const FILE: u64 = 256 << 20;

/// Reads the files, writes the baseline, and says what could not be taken over.
pub(crate) fn run(around: &Surroundings, wanted: &args::Import) -> Result<Said, Failure> {
    let mut files = Vec::new();
    for name in &wanted.files {
        let path = around.cwd().join(name);
        let wrong = |why: String| {
            let what = format!("{NOT}: {}: {why}", name.display());
            Failure::new(Kind::Incomplete, what)
        };
        if path.symlink_metadata().is_err() {
            let what = format!("{NOT}: there is no {}", name.display());
            return Err(Failure::new(Kind::Usage, what));
        }
        let bytes = crate::regular::read(&path, FILE).map_err(|e| wrong(e.to_string()))?;
        let asked = read::asked(&bytes).map_err(wrong)?;
        files.push((name.display().to_string(), asked));
    }
    let expected: Vec<[u8; 20]> = {
        let all = files.iter().flat_map(|(_, asked)| &asked.wishes);
        let set: HashSet<[u8; 20]> = all.filter_map(|w| w.digest).collect();
        set.into_iter().collect()
    };
    let mut place = Place::of(around, NOT)?;
    let mut meet = place.meet(around, NOT, &expected)?;
    let mut lines = Vec::new();
    let mut missed = 0;
    let mut taken = Vec::new();
    for (name, asked) in files {
        let read::Asked { wishes, odd } = asked;
        let all = wishes.len() + odd.len();
        let odd = odd.iter();
        let mut told: Vec<String> = odd
            .map(|line| format!("  not imported: {name}:{line}: {}", read::ODD))
            .collect();
        let mut by_content: BTreeMap<(Vec<u8>, Option<String>), Vec<Wish>> = BTreeMap::new();
        for wish in wishes {
            let key = (wish.path.clone(), wish.commit.clone());
            by_content.entry(key).or_default().push(wish);
        }
        for ((path, commit), wishes) in by_content {
            let content = content(&place, &path, commit.as_deref());
            let met = match &content {
                Ok(bytes) => meet.scan(&path, bytes).met,
                Err(_) => Vec::new(),
            };
            for wish in wishes {
                let found = match &content {
                    Err(why) => Err(*why),
                    Ok(bytes) => wish.fulfil(&met, &expected, bytes),
                };
                match found {
                    Ok(found) => taken.extend(found.iter().map(|m| (m.known, m.entry.clone()))),
                    Err(why) => told.push(refused(&mut meet, &wish, why)),
                }
            }
        }
        lines.push(format!("{name}: {} of {all} imported", all - told.len()));
        missed += told.len();
        lines.append(&mut told);
    }
    for (known, entry) in taken {
        match known {
            Some(number) => place.listing.holds(number),
            None => place.listing.add(entry),
        }
    }
    lines.extend(place.listing.write(NOT, false, false)?);
    Ok(Said {
        code: if missed == 0 {
            exit::ALLOW
        } else {
            exit::INDETERMINATE
        },
        ..Said::lines(&lines)
    })
}

fn refused(meet: &mut Meet, wish: &Wish, why: &str) -> String {
    let line = wish.line.map_or_else(String::new, |l| format!(":{l}"));
    let shown = meet.shown(&wish.path);
    // The other tool's name of its rule is text of a file like any other.
    format!(
        "  not imported: {shown}{line} {}: {why}",
        meet.shown(wish.rule.as_bytes())
    )
}

/// The file as the commit has it where one is named and known, else as it is in the work tree.
fn content(place: &Place, path: &[u8], commit: Option<&str>) -> Result<Vec<u8>, &'static str> {
    use std::os::unix::ffi::OsStrExt as _;
    if let Some(commit) = commit
        && let Ok(commit) = place.repository.resolve(commit.as_bytes())
        && let Ok(Some(file)) = place.repository.file_at(commit, path)
    {
        let mut content = Vec::new();
        let read = place.repository.objects().load(file.id, &mut content);
        if file.mode.is_blob() && read.is_ok() {
            return Ok(content);
        }
    }
    let name = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    let inside = name.components().all(|c| {
        matches!(
            c,
            std::path::Component::Normal(_) | std::path::Component::CurDir
        )
    });
    if !inside {
        return Err("the path leads out of the work tree");
    }
    let whole = place.listing.top().join(name);
    match whole.symlink_metadata() {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => return Err("it is no regular file"),
        Err(_) => return Err("the file is gone"),
    }
    std::fs::read(whole).map_err(|_| "the file cannot be read")
}

impl Wish {
    /// What of a content is meant.
    fn fulfil<'m>(
        &self,
        met: &'m [Met],
        expected: &[[u8; 20]],
        content: &[u8],
    ) -> Result<Vec<&'m Met>, &'static str> {
        if let Some(digest) = self.digest {
            let is = |m: &&Met| {
                let at = m.expected.and_then(|n| usize::try_from(n).ok());
                at.and_then(|n| expected.get(n)) == Some(&digest)
            };
            let same: Vec<&Met> = met.iter().filter(is).collect();
            if !same.is_empty() {
                return Ok(same);
            }
        }
        let at = |m: &&Met| match self.line {
            _ if self.inside => m.inside,
            Some(line) => (m.line..=m.end_line).contains(&line),
            None => false,
        };
        let here: Vec<&Met> = met.iter().filter(at).collect();
        let values: HashSet<_> = here.iter().map(|m| m.value).collect();
        match values.len() {
            0 if self.inside => Err("no rule of ours finds anything inside it"),
            0 => Err("no rule of ours finds anything on that line"),
            1 if self.digest.is_some() && !here.iter().any(|m| self.overlaps(m, content)) => {
                Err("what stands on that line is another value, or another part of it")
            }
            1 => Ok(here),
            _ => Err("more than one value stands there, and the file does not say which"),
        }
    }

    /// Whether the value the file tells stands where `met` does: as more of it, or as less.
    fn overlaps(&self, met: &Met, content: &[u8]) -> bool {
        let (Some(digest), Some(length)) = (self.digest, self.length) else {
            return false;
        };
        if self.inside || met.inside || !(SHORTEST..=LONGEST).contains(&length) {
            return false;
        }
        let first = met.bytes.start.saturating_sub(length - 1);
        let last = met.bytes.end.min(first.saturating_add(LONGEST));
        (first..last).any(|at| {
            let part = content.get(at..at + length);
            part.is_some_and(|part| <[u8; 20]>::from(Sha1::digest(part)) == digest)
        })
    }
}

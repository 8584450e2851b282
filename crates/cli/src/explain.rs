//! `lychgate explain`: a rule or a reason code, or with `--why` what speaks for one finding.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use indicatif::ProgressBar;
use lychgate_client::files::Content;
use lychgate_git::{Environment, Repository};
use lychgate_judge::{Engine, State};
use lychgate_model::Confidence;
use lychgate_model::path::printable;
use lychgate_scan::shapeless::MEDIUM;
use lychgate_scan::shown::is_shown;
use lychgate_scan::{RawFinding, Rule};

use crate::args::Explain;
use crate::check::files::Files;
use crate::failure::{Failure, Kind};
use crate::here::engine;
use crate::page::plain;
use crate::surroundings::Surroundings;

/// Bytes of a file that is read again.
const MOST: u64 = 64 << 20;

/// Gives what goes to standard output.
pub(crate) fn run(around: &Surroundings, wanted: &Explain) -> Result<String, Failure> {
    if !wanted.why {
        return crate::rules::explain(around, &wanted.what);
    }
    let engine = engine(around, "nothing was explained")?;
    let state = State::open(around.folders().state_folder().as_deref());
    let seen = Seen {
        around,
        engine,
        state,
    };
    let out = match Place::read(&wanted.what) {
        Some(place) => seen.at(&place, wanted.staged)?,
        None if is_fingerprint(&wanted.what) => seen.of(&wanted.what),
        None => {
            let what = "not explained: a finding is PATH:LINE, PATH:LINE:COLUMN or a fingerprint";
            let hint = "lychgate check prints them; lychgate rules explain ID is about rules";
            return Err(Failure::new(Kind::Usage, what).hint(hint));
        }
    };
    if out.is_empty() {
        let name = printable(wanted.what.as_bytes());
        let what = format!("not explained: nothing is found at {name}");
        return Err(Failure::new(Kind::Usage, what));
    }
    Ok(out)
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `PATH:LINE` or `PATH:LINE:COLUMN`.
struct Place {
    path: PathBuf,
    line: u32,
    column: Option<u32>,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (rest, last) = text.rsplit_once(':')?;
        let last = last.parse().ok()?;
        let whole = rest
            .rsplit_once(':')
            .and_then(|(path, line)| Some((path, line.parse().ok()?)));
        Some(match whole {
            Some((path, line)) => Self {
                path: path.into(),
                line,
                column: Some(last),
            },
            None => Self {
                path: rest.into(),
                line: last,
                column: None,
            },
        })
    }
}

struct Seen<'a> {
    around: &'a Surroundings,
    engine: Arc<Engine>,
    state: State,
}

impl Seen<'_> {
    fn at(&self, place: &Place, staged: bool) -> Result<String, Failure> {
        let cannot = |why: &str| {
            let name = printable(place.path.as_os_str().as_bytes());
            Failure::new(Kind::Incomplete, format!("not explained: {name}: {why}"))
        };
        let bytes = if staged {
            let read = self
                .staged(&place.path)
                .map_err(|e| cannot(&e.to_string()))?;
            read.ok_or_else(|| cannot("is not in the index"))?
        } else {
            let path = self.around.cwd().join(&place.path);
            if path.symlink_metadata().is_err() {
                let name = printable(place.path.as_os_str().as_bytes());
                let what = format!("not explained: there is no {name}");
                return Err(Failure::new(Kind::Usage, what));
            }
            crate::regular::read(&path, MOST).map_err(|e| cannot(&e.to_string()))?
        };
        let here = |f: &RawFinding| {
            (f.span.line..=f.span.end_line).contains(&place.line)
                && place.column.is_none_or(|c| c == f.span.column)
        };
        Ok(self.told(&place.path, &bytes, here))
    }

    /// A file as it is in the index; `None`: it is not.
    fn staged(&self, path: &Path) -> Result<Option<Vec<u8>>, lychgate_git::Error> {
        let (around, cwd) = (self.around, self.around.cwd());
        let variables = around.variables().iter().cloned();
        let repository = Repository::open(&Environment::new(cwd.to_path_buf(), variables))?;
        let top = repository.work_tree().unwrap_or(cwd);
        let top = std::fs::canonicalize(top).unwrap_or_else(|_| top.to_path_buf());
        let whole = folded(&cwd.join(path));
        let Ok(inside) = whole.strip_prefix(&top) else {
            return Ok(None);
        };
        let Some(id) = repository.blob_in_index(inside.as_os_str().as_bytes())? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        repository.objects().load(id, &mut content)?;
        Ok(Some(content))
    }

    /// Every finding under this folder with a fingerprint.
    fn of(&self, fingerprint: &str) -> String {
        let mut out = String::new();
        for file in Files::new(vec![self.around.cwd().to_path_buf()], ProgressBar::hidden()) {
            let Content::Bytes { size, mut reader } = file.content else {
                continue;
            };
            let mut bytes = Vec::new();
            if size > MOST || reader.read_to_end(&mut bytes).is_err() {
                continue;
            }
            let path = Path::new(std::ffi::OsStr::from_bytes(&file.path)).to_path_buf();
            let path = path.strip_prefix(self.around.cwd()).unwrap_or(&path);
            let same = |f: &RawFinding| f.value.fingerprint().to_string() == fingerprint;
            out += &self.told(path, &bytes, same);
        }
        out
    }

    fn told(&self, path: &Path, bytes: &[u8], wanted: impl Fn(&RawFinding) -> bool) -> String {
        let path = path.strip_prefix("./").unwrap_or(path);
        let name = path.as_os_str().as_bytes();
        let scanned = self.state.look(&self.engine, bytes);
        let mut out = String::new();
        for found in scanned.findings.iter().filter(|f| wanted(f)) {
            let rules = self.engine.rules().rules();
            let Some(rule) = rules.get(found.rule as usize) else {
                continue;
            };
            if !out.is_empty() {
                out.push('\n');
            }
            let place = format!(
                "{}:{}:{}",
                printable(name),
                found.span.line,
                found.span.column
            );
            let _ = writeln!(out, "{place} {}", rule.id);
            out += &why(rule, found, name);
        }
        out
    }
}

/// `path` without `.` and `..`, as it is written: the index knows no links.
fn folded(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

/// The evidence of one finding; the value is told by its mask alone.
fn why(rule: &Rule, found: &RawFinding, path: &[u8]) -> String {
    let mut out = format!("  {}: {}\n", plain(&rule.title), plain(&found.masked));
    if !rule.paths.applies_to(path) {
        out += "  the rule does not apply to this path\n";
    }
    if found.evidence.is_none() {
        let confidence = found.confidence.name();
        let _ = writeln!(
            out,
            "  confidence {confidence}: the rule knows the shape of the value, nothing is added up"
        );
        if found.confidence < rule.confidence {
            out += "  lowered: its check, itself or what stands before it says that it is none\n";
        }
        if is_shown(found, rule, path) {
            out += "  low here: the path is one where such values are shown to everybody\n";
        }
        return out;
    }
    let evidence = found.evidence.at(path);
    for fact in evidence.facts() {
        let _ = writeln!(out, "  {:>+5}  {}", fact.weight(), fact.text());
    }
    let level = evidence.confidence().map_or("not told", Confidence::name);
    let points = evidence.points();
    let _ = match evidence.high_from() {
        i32::MAX => writeln!(
            out,
            "  {points:>5}  {level} (medium from {MEDIUM}, never high)"
        ),
        high => writeln!(
            out,
            "  {points:>5}  {level} (medium from {MEDIUM}, high from {high}, blocking as the policy says)"
        ),
    };
    out
}

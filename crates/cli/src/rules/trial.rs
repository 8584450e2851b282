//! `lychgate rules try PACK...`: what new rules would have denied, before they are in force.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use lychgate_git::{Environment, Repository};
use lychgate_judge::{Engine, Text};
use lychgate_model::{Category, Decision, Finding, ObjectId, Verdict, exit};

use crate::Said;
use crate::check::memory::MemoryLink;
use crate::check::selection::Selection;
use crate::check::{self, Asked, judge};
use crate::failure::{Failure, Kind};
use crate::page::{cut, plain};
use crate::surroundings::Surroundings;

const NOT: &str = "nothing was tried";

/// What the rules are tried on; every ref when nothing is said.
pub(super) struct Over<'a> {
    pub(super) range: Option<&'a OsStr>,
    pub(super) paths: &'a [PathBuf],
}

/// Judges with these packs alone, and tells what they would have denied: 0 when all was read.
pub(super) fn run(
    around: &Surroundings,
    files: &[PathBuf],
    over: &Over<'_>,
) -> Result<Said, Failure> {
    let engine = engine(around, files)?;
    let variables = around.variables().iter().cloned();
    let environment = Environment::new(around.cwd().to_path_buf(), variables);
    let selection = match over.range {
        Some(range) => Selection::range(range.as_bytes())?,
        None if over.paths.is_empty() => Selection::All,
        None => Selection::paths(over.paths, around)?,
    };
    let repository = selection
        .needs_repository()
        .then(|| check::open(&environment))
        .transpose()
        .map_err(|failure| {
            failure.hint("Files anywhere: lychgate rules try PACK --path FILE_OR_DIR")
        })?;
    let question = Asked {
        around,
        environment: &environment,
        repository: repository.as_ref(),
    };
    let session = judge::session_with(around, engine);
    let mut link = MemoryLink::new(session, judge::threads());
    let verdict = match question.ask(&mut link, &selection) {
        Ok((answered, unreadable)) => check::verdict(answered, unreadable).0,
        Err(error) => return Err(Failure::new(Kind::Incomplete, NOT).because(&error)),
    };
    Ok(told(&verdict, repository.as_ref()))
}

fn engine(around: &Surroundings, files: &[PathBuf]) -> Result<Engine, Failure> {
    let mut texts = Vec::new();
    for file in files {
        let path = around.cwd().join(file);
        let text = crate::regular::text(&path, super::PACK).map_err(|error| {
            let name = plain(&file.display().to_string());
            Failure::new(Kind::Refused, format!("{NOT}: {name} cannot be read")).because(&error)
        })?;
        let name = file.display().to_string();
        texts.push(Text { name, text });
    }
    Engine::trying(texts).map_err(|problems| {
        judge::unusable(&format!("{NOT}: a pack cannot be used"), &problems)
            .hint("lychgate rules check FILE")
    })
}

/// The page: what each commit brought, the oldest first, and a line that sums up.
fn told(verdict: &Verdict, repository: Option<&Repository>) -> Said {
    let own = |finding: &&Finding| finding.category == Category::Secret;
    let mut commits: BTreeMap<(String, Option<ObjectId>), Vec<&Finding>> = BTreeMap::new();
    for finding in verdict.findings.iter().filter(own) {
        let commit = finding.commit;
        let day = commit.and_then(|id| committed(repository?, id));
        let key = (day.unwrap_or_default(), commit);
        commits.entry(key).or_default().push(finding);
    }
    let mut out = String::new();
    for ((day, commit), findings) in &commits {
        if let Some(commit) = commit {
            let _ = writeln!(out, "{day} {commit}");
        }
        for finding in findings {
            out += &line(finding);
        }
    }
    let all = commits.values().flatten();
    let blocking = all.clone().filter(|finding| finding.blocks).count();
    let denied = commits.values().filter(|of| of.iter().any(|f| f.blocks));
    let (denied, rest) = (denied.count(), all.count() - blocking);
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let place = match repository {
        Some(_) => format!(" in {}", many(denied, "commit")),
        None => String::new(),
    };
    let _ = writeln!(
        out,
        "{} would have been denied{place}, {rest} more would not; {} read",
        many(blocking, "finding"),
        many(
            usize::try_from(verdict.coverage.tally.objects).unwrap_or(usize::MAX),
            "object"
        ),
    );
    let mut err = String::new();
    for reason in &verdict.reasons {
        if reason.code.decision() == Decision::Indeterminate {
            let _ = writeln!(err, "lychgate: incomplete: {}", plain(&reason.message));
        }
    }
    let code = if err.is_empty() {
        exit::ALLOW
    } else {
        exit::INDETERMINATE
    };
    Said { out, err, code }
}

fn line(finding: &Finding) -> String {
    let path = match &finding.path {
        Some(path) => path.to_string(),
        None => format!("({})", finding.source.name()),
    };
    let place = format!("{path}:{}:{}", finding.span.line, finding.span.column);
    let listed = if finding.blocks { "" } else { " (listed)" };
    let rule = cut(finding.rule.as_str(), 64);
    format!("  {}\n    {rule}{listed}\n", plain(&place))
}

/// The day a commit was made by its committer's own word, UTC.
fn committed(repository: &Repository, commit: ObjectId) -> Option<String> {
    let mut bytes = Vec::new();
    repository.objects().load(commit, &mut bytes).ok()?;
    let head = bytes.split(|&b| b == b'\n').take_while(|l| !l.is_empty());
    let line = head
        .into_iter()
        .find_map(|l| l.strip_prefix(b"committer "))?;
    let mut words = line.rsplit(|&b| b == b' ').skip(1);
    let seconds: i64 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let at = jiff::Timestamp::from_second(seconds).ok()?;
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

//! `lychgate check`: the hook's question asked by hand, and the answer written out.
//!
//! A daemon is asked when one listens; otherwise, or with `--in-process`, the same session judges
//! here. The answer is the same byte for byte.

mod draft;
pub(crate) mod files;
pub(crate) mod judge;
pub(crate) mod memory;
pub(crate) mod selection;
mod timed;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::time::Instant;

use indicatif::ProgressBar;
use lychgate_client::{Answered, Asker, Error, Link, Progress, Question, so_far};
use lychgate_git::{Environment, Repository};
use lychgate_model::text::{self, View};
use lychgate_model::{Decision, Finding, Hook, Reason, ReasonCode, RuleId, State, Verdict, limits};

use self::judge::Bench;
use self::selection::Selection;
use self::timed::Timed;
use crate::args;
use crate::failure::{Failure, Kind};
use crate::report;
use crate::surroundings::Surroundings;

/// Judges, and gives what goes to standard output, to standard error, and the exit code.
pub(crate) fn run(
    around: &Surroundings,
    wanted: &args::Check,
) -> Result<(String, String, u8), Failure> {
    let begun = Instant::now();
    let environment = Environment::new(
        around.cwd().to_path_buf(),
        around.variables().iter().cloned(),
    );
    let selection = Selection::of(wanted, around)?;
    let repository = selection
        .needs_repository()
        .then(|| open(&environment))
        .transpose()?;
    if let (Selection::Staged, Some(repository)) = (&selection, &repository) {
        has_an_index(repository)?;
    }
    let question = Asked {
        around,
        environment: &environment,
        repository: repository.as_ref(),
    };

    let mut bench = Bench {
        around,
        repository: repository.as_ref(),
        in_process: wanted.in_process,
    };
    let mut err = String::new();
    if let Some(why) = bench.passes_over_daemon()? {
        bench.in_process = true;
        err = judged_here(why);
    }
    let (judge, why) = bench.judge()?;
    err.extend(why.map(judged_here));
    let mut timed = Timed::new(judge, begun);
    let mut asked = question.ask(&mut timed, &selection);
    if let Err(error) = &asked
        && timed.is_daemon()
        && is_worth_another(error)
    {
        // The daemon went away or has no time: nothing of its answer was used.
        err += &judged_here(match timed.is_silent() {
            true => judge::SILENT,
            false => "the daemon gave no verdict (lychgate doctor)",
        });
        timed = Timed::new(bench.instead()?, begun);
        asked = question.ask(&mut timed, &selection);
    }
    let (mut verdict, mut lines) = match asked {
        Ok((answered, unreadable)) => verdict(answered, unreadable),
        Err(Error::Git(error @ lychgate_git::Error::Unresolved { .. })) => {
            return Err(Failure::new(Kind::Usage, "not checked").because(&error));
        }
        Err(error) => not_judged(&error, selection.hook()),
    };
    if wanted.omit_suppressed {
        verdict.findings.retain(|f| f.state != State::Allowed);
    }
    lines.extend(leave_out(&mut verdict, wanted.confidence));
    lines.extend(text::others(&verdict.findings));
    // Only these name weaknesses, which no verdict does.
    let tells = matches!(wanted.format, args::Format::Sarif | args::Format::Gitlab);
    let rules = match tells {
        true => crate::here::engine(around, "not told").ok(),
        false => None,
    };
    let weaknesses = |id: &RuleId| {
        let rule = rules.as_ref().and_then(|engine| engine.rules().rule(id));
        rule.map(|rule| rule.cwe.clone()).unwrap_or_default()
    };
    let out = match wanted.accept_draft {
        true => draft::stanzas(&verdict, repository.as_ref()),
        false => report::written(&verdict, &lines, wanted.format, &weaknesses),
    };
    let tally = verdict.coverage.tally;
    if matches!(selection, Selection::Range { .. })
        && verdict.decision == Decision::Allow
        && tally.objects == 0
    {
        err += "lychgate: nothing is in this range: what it ends with, its beginning has\n";
    }
    if wanted.timing {
        err += &timed.lines();
    }
    Ok((out, err, report::exit_of(&verdict)))
}

/// Leaves out what is less sure than what is asked for; the line that says so.
fn leave_out(verdict: &mut Verdict, least: args::Least) -> Option<String> {
    let all = verdict.findings.len();
    let least = least.confidence();
    let listed = |f: &Finding| f.blocks || f.state == State::Allowed || f.confidence >= least;
    verdict.findings.retain(listed);
    let cited: BTreeSet<&RuleId> = verdict.findings.iter().map(|f| &f.rule).collect();
    verdict.rules.retain(|note| cited.contains(&note.id));
    let note = match all - verdict.findings.len() {
        0 => return None,
        1 => "1 less sure finding is not listed (--confidence low)".to_owned(),
        many => format!("{many} less sure findings are not listed (--confidence low)"),
    };
    verdict.notes.push(note.clone());
    Some(format!("lychgate: {note}"))
}

/// That this process judged, and not the daemon that listens.
fn judged_here(why: &str) -> String {
    let told = format!("lychgate: judged in this process: {why}");
    crate::page::wrapped(&told, "", "  ")
}

/// Who asks what of which repository.
pub(crate) struct Asked<'a> {
    pub(crate) around: &'a Surroundings,
    pub(crate) environment: &'a Environment,
    pub(crate) repository: Option<&'a Repository>,
}

impl Asked<'_> {
    /// The answer, and how many files could not be opened.
    pub(crate) fn ask(
        &self,
        link: &mut dyn Link,
        selection: &Selection,
    ) -> Result<(Answered, u64), Error> {
        let hook = selection.hook();
        match selection {
            Selection::Staged => self.put(link, hook, Question::Staged),
            Selection::All => self.put(link, hook, Question::All),
            Selection::Range { from, to } => {
                let repository = self.repository.ok_or(Error::NoRepository)?;
                let from = Some(repository.resolve(from)?);
                self.put(
                    link,
                    hook,
                    Question::Range {
                        from,
                        to: repository.resolve(to)?,
                    },
                )
            }
            Selection::Paths(roots) => {
                let bar = files::bar(std::io::stderr().is_terminal());
                let cleared = Cleared(bar.clone());
                let mut files = files::Files::new(roots.clone(), bar);
                let answer = self.put(link, hook, Question::Files(&mut files));
                drop(cleared);
                answer.map(|(answered, _)| (answered, files.unreadable()))
            }
            Selection::Given { path, content } => {
                let file = files::given(path, content.as_slice()).map_err(Error::Message)?;
                self.put(link, hook, Question::Files(&mut std::iter::once(file)))
            }
        }
    }

    fn put(
        &self,
        link: &mut dyn Link,
        hook: Hook,
        question: Question<'_>,
    ) -> Result<(Answered, u64), Error> {
        let tell = |judged, announced| eprintln!("{}", so_far(judged, announced));
        let progress = Progress {
            tell: &tell,
            every: limits::PROGRESS,
        };
        let asker = Asker {
            hook,
            build: env!("CARGO_PKG_VERSION"),
            wants_findings: true,
            environment: self.environment,
            variables: self.around.variables(),
            repository: self.repository,
            // Over files a bar tells.
            progress: (hook != Hook::CheckPath).then_some(progress),
        };
        lychgate_client::ask(link, asker, question).map(|answered| (answered, 0))
    }
}

/// Takes the bar off the terminal however the conversation ends.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The repository of the working folder.
pub(crate) fn open(environment: &Environment) -> Result<Repository, Failure> {
    Repository::open(environment).map_err(|error| match error {
        lychgate_git::Error::NotARepository { .. } => Failure::new(
            Kind::Usage,
            "not checked: this folder is in no Git repository",
        )
        .hint("Files are checked anywhere: lychgate check --path FILE_OR_DIR"),
        other => {
            let of_another = matches!(other, lychgate_git::Error::Ownership { .. });
            let failure = Failure::new(Kind::Incomplete, "not checked").because(&other);
            match of_another {
                true => {
                    failure.hint("Run it as that user; the files alone: lychgate check --path .")
                }
                false => failure,
            }
        }
    })
}

/// In a bare repository nothing is staged, and nothing found there would be no answer. A linked
/// worktree of one has an index.
fn has_an_index(repository: &Repository) -> Result<(), Failure> {
    if repository.work_tree().is_some() || repository.git_dir().join("index").exists() {
        return Ok(());
    }
    let what = "not checked: a bare repository has nothing staged";
    Err(Failure::new(Kind::Usage, what).hint("lychgate check --all"))
}

/// The verdict, and the lines for people.
pub(crate) fn verdict(answered: Answered, unreadable: u64) -> (Verdict, Vec<String>) {
    let Answered {
        answer,
        mut findings,
        mut rules,
        mut lines,
    } = answered;
    findings.sort_by(Finding::order);
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let mut notes = answer.notes;
    if unreadable > 0 {
        let files = if unreadable == 1 { "file" } else { "files" };
        let note = format!("{unreadable} {files} could not be read");
        lines.push(format!("lychgate: {note}"));
        notes.push(note);
    }
    let verdict = Verdict {
        decision: answer.decision,
        findings,
        reasons: answer.reasons,
        notes,
        rules,
        coverage: answer.coverage,
        rule_set: answer.rule_set,
        policy: answer.policy,
        request: answer.request,
    };
    (verdict, lines)
}

/// What is left to say when there is no verdict.
pub(crate) fn not_judged(error: &Error, hook: Hook) -> (Verdict, Vec<String>) {
    let verdict = Verdict::indeterminate(reason(error));
    let view = View {
        hook,
        allow_until: None,
        baseline: false,
        contact: "",
        full_list: None,
    };
    let lines = text::lines(&verdict, &view);
    (verdict, lines)
}

/// Whether this process may do better than the daemon did.
fn is_worth_another(error: &Error) -> bool {
    use lychgate_wire::frame::RefuseCode;
    match error {
        Error::Link(_) | Error::Version { .. } => true,
        Error::Refused { code, .. } => !matches!(code, RefuseCode::Protocol | RefuseCode::Limit),
        _ => false,
    }
}

fn reason(error: &Error) -> Reason {
    let mut message = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        next = cause.source();
    }
    let message = lychgate_model::path::printable(message.as_bytes());
    let help = match error.reason() {
        ReasonCode::Unreadable => "git fsck names what is missing or damaged.".to_owned(),
        _ => String::new(),
    };
    Reason {
        code: error.reason(),
        message,
        help,
    }
}

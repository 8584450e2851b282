//! The command line: what people type, parsed into types that cannot be wrong.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lychgate_client::conf;
use lychgate_model::Confidence;

/// A gate for Git: no secret leaves a commit or a push unseen.
#[derive(Debug, Parser)]
#[command(
    name = "lychgate",
    version,
    max_term_width = 80,
    color = clap::ColorChoice::Never,
    propagate_version = true
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One verb.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Puts the gate into this repository, into every repository of this user, or into a server's.
    Install(Install),
    /// Takes the gate out and puts back, byte for byte, what was there before.
    Uninstall(Target),
    /// Names what keeps the gate from working, and the command that mends it.
    Doctor(Doctor),
    /// Says what the daemon is doing.
    Status,
    /// Judges a staged change, a range, everything, or files outside Git.
    Check(Check),
    /// Writes down the secrets that stand here already, so that they are known and not denied.
    Baseline(Baseline),
    /// Takes over what other tools' files allow: .gitleaksignore, gitleaks reports and baselines,
    /// .secrets.baseline.
    Import(Import),
    /// Lists, explains and checks rules.
    Rules(Rules),
    /// Explains a rule or a reason code, or what speaks for a finding.
    Explain(Explain),
    /// Starts, stops, reloads or runs the daemon.
    Daemon(Daemon),
    /// The hook's way to the same judgement when no daemon can be had.
    #[command(hide = true)]
    JudgeHook(JudgeHook),
}

/// Where a gate stands.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Target {
    /// Every repository of this user, by `core.hooksPath` in the user's Git configuration.
    #[arg(long)]
    pub(crate) global: bool,
    /// A bare repository that takes pushes, or a folder of them.
    #[arg(long, value_name = "DIR")]
    pub(crate) server: Option<PathBuf>,
}

/// `install`.
#[derive(Debug, Args)]
pub(crate) struct Install {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The daemon's socket, when it is not where hooks look by themselves.
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// A user id the daemon may run as, beside the owner of its socket and root.
    #[arg(long, value_name = "UID", requires = "server")]
    pub(crate) daemon_uid: Vec<u32>,
    /// What a client hook does when no daemon can be had.
    ///
    /// Not given: as it was installed before, else `in-process`.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "server")]
    pub(crate) unavailable: Option<Unavailable>,
}

/// What a client hook does when no daemon can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unavailable {
    /// Judge in the hook's own process.
    InProcess,
    /// Deny.
    Deny,
    /// Allow, say so, and write it down; deny if it cannot be written down.
    AllowRecorded,
}

impl Unavailable {
    /// The word for it in `lychgate.conf`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::Deny => "deny",
            Self::AllowRecorded => "allow-recorded",
        }
    }

    /// The same as the hook has it.
    pub(crate) const fn of_hook(self) -> conf::Unavailable {
        match self {
            Self::InProcess => conf::Unavailable::InProcess,
            Self::Deny => conf::Unavailable::Deny,
            Self::AllowRecorded => conf::Unavailable::AllowRecorded,
        }
    }

    /// The same as people type it.
    pub(crate) const fn named(of_hook: conf::Unavailable) -> Self {
        match of_hook {
            conf::Unavailable::InProcess => Self::InProcess,
            conf::Unavailable::Deny => Self::Deny,
            conf::Unavailable::AllowRecorded => Self::AllowRecorded,
        }
    }
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// A bare repository that takes pushes, or a folder of them.
    #[arg(long, value_name = "DIR")]
    pub(crate) server: Option<PathBuf>,
}

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) what: Selector,
    /// The path that content from standard input is judged and reported as.
    #[arg(long = "as", value_name = "PATH", requires = "stdin")]
    pub(crate) named: Option<PathBuf>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Leave out of the report what something allows.
    #[arg(long, requires = "format")]
    pub(crate) omit_suppressed: bool,
    /// How sure it has to be to be listed; what blocks always is.
    #[arg(long, value_enum, default_value_t, value_name = "LEAST")]
    pub(crate) confidence: Least,
    /// Judge in this process, daemon or not; the answer is the same.
    #[arg(long)]
    pub(crate) in_process: bool,
    /// Say on standard error where the milliseconds went.
    #[arg(long)]
    pub(crate) timing: bool,
    /// With --all: write the `[[accept]]` stanzas an administrator would review.
    // `requires` alone is waived by clap where another selector excludes `--all`.
    #[arg(
        long,
        requires = "all",
        conflicts_with_all = ["format", "staged", "range", "path", "stdin"]
    )]
    pub(crate) accept_draft: bool,
}

/// The least confidence of what is listed although it does not block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Least {
    /// Everything: examples in manuals, expired tokens, what may be anything.
    Low,
    /// What is likely.
    #[default]
    Medium,
    /// What is sure.
    High,
}

impl Least {
    /// The same as findings have it.
    pub(crate) const fn confidence(self) -> Confidence {
        match self {
            Self::Low => Confidence::Low,
            Self::Medium => Confidence::Medium,
            Self::High => Confidence::High,
        }
    }
}

/// What is judged; `--staged` when nothing is said.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Selector {
    /// What the next commit would hold (the default).
    #[arg(long)]
    pub(crate) staged: bool,
    /// Objects of B that A does not have, as a push would bring them.
    #[arg(long, value_name = "A..B")]
    pub(crate) range: Option<OsString>,
    /// Every object reachable from any ref, as a first push would bring them.
    #[arg(long)]
    pub(crate) all: bool,
    /// Files, and every file under folders, ignored by Git or not.
    #[arg(long, value_name = "FILE_OR_DIR", num_args = 1..)]
    pub(crate) path: Vec<PathBuf>,
    /// Standard input; needs --as.
    #[arg(long, requires = "named")]
    pub(crate) stdin: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; nothing at all when there is nothing to say.
    #[default]
    Text,
    /// One document; its schema is docs/schema/check.json.
    Json,
    /// One finding a line, then one line with the verdict.
    Ndjson,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitLab's secret detection report.
    Gitlab,
    /// What gitleaks writes, redacted.
    Gitleaks,
    /// JUnit XML: what blocks fails.
    Junit,
    /// A row a finding, for a sheet.
    Csv,
    /// Few words a finding, for a program that writes code.
    Agent,
}

/// `baseline`.
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    /// Only what is staged.
    #[arg(long, conflicts_with_all = ["all", "path", "prune"])]
    pub(crate) staged: bool,
    /// Everything that any ref reaches, not the index alone.
    #[arg(long, conflicts_with = "path")]
    pub(crate) all: bool,
    /// Only these files, and every file under these folders.
    #[arg(long, value_name = "FILE_OR_DIR", num_args = 1.., conflicts_with = "prune")]
    pub(crate) path: Vec<PathBuf>,
    /// Drop entries of values that are no longer there.
    #[arg(long)]
    pub(crate) prune: bool,
}

impl Baseline {
    /// Whether an entry that is not met is gone.
    pub(crate) fn is_whole(&self) -> bool {
        !self.staged && self.path.is_empty()
    }
}

/// `import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files of other tools.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `rules`.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    #[command(subcommand)]
    pub(crate) command: Option<RulesCommand>,
}

/// One verb of `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Every rule in force: id, severity, confidence, offline check, paths it is bound to.
    List,
    /// All there is to say about rules or reason codes.
    Explain {
        /// Rule ids, or reason codes such as `unreadable`.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Checks rule packs as a compiler would, examples included.
    Check {
        /// Pack files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Tells what new rules would have denied in the past, before they are in force.
    ///
    /// They are tried alone, in this process, over every object that any ref reaches.
    Try {
        /// Pack files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Only objects of B that A does not have.
        #[arg(long, value_name = "A..B", conflicts_with = "path")]
        range: Option<OsString>,
        /// Only these files, and every file under these folders.
        #[arg(long, value_name = "FILE_OR_DIR", num_args = 1..)]
        path: Vec<PathBuf>,
    },
    /// Scans files and tells what every rule costs: hits, windows, matches, time.
    Profile {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

/// `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A rule id or a reason code; with --why PATH:LINE, PATH:LINE:COLUMN or a fingerprint.
    pub(crate) what: String,
    /// Reads the file again and prints the evidence for what is found there, with its weights.
    #[arg(long)]
    pub(crate) why: bool,
    /// With --why: the file as it is in the index.
    #[arg(long, requires = "why")]
    pub(crate) staged: bool,
}

/// `daemon`.
#[derive(Debug, Args)]
pub(crate) struct Daemon {
    #[command(subcommand)]
    pub(crate) command: DaemonCommand,
}

/// One verb of `daemon`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum DaemonCommand {
    /// Starts it and returns when it answers.
    Start,
    /// Lets it finish what it judges, and ends it.
    Stop,
    /// Makes it read its packs and policies again.
    Reload,
    /// Runs it in the foreground.
    Run,
}

/// `judge-hook`: contract 4.5.
#[derive(Debug, Args)]
pub(crate) struct JudgeHook {
    /// Git's name of the hook.
    pub(crate) hook: String,
    /// The `lychgate.conf` the hook read.
    #[arg(long)]
    pub(crate) conf: Option<PathBuf>,
    /// Bytes the hook read from its standard input and hands over on ours.
    #[arg(long)]
    pub(crate) stdin_bytes: u64,
    /// Ref lines in them.
    #[arg(long)]
    pub(crate) stdin_refs: u64,
    /// The hook's own arguments.
    #[arg(last = true)]
    pub(crate) arguments: Vec<OsString>,
}

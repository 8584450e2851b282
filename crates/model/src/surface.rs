//! Who asks: which hook, on which side.

/// Where the question comes from; decides what INDETERMINATE means and who is shown what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    /// A developer's repository.
    Client,
    /// A bare repository that takes pushes; a pusher reads the answer.
    Server,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// `pre-commit`: HEAD against the index.
    PreCommit,
    /// `pre-merge-commit`: the same, for a merge without conflict.
    PreMergeCommit,
    /// `commit-msg`: the message.
    CommitMsg,
    /// `pre-push`: what the remote lacks.
    PrePush,
    /// `pre-receive`: everything new in a push.
    PreReceive,
    /// `update`: one ref, after migration.
    Update,
    /// `lychgate check --staged`.
    CheckStaged,
    /// `lychgate check --range`.
    CheckRange,
    /// `lychgate check --all`.
    CheckAll,
    /// `lychgate check --path`: files, no repository.
    CheckPath,
    /// `lychgate check --stdin`.
    CheckStdin,
}

impl Hook {
    /// Every hook.
    pub const ALL: [Self; 11] = [
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::CommitMsg,
        Self::PrePush,
        Self::PreReceive,
        Self::Update,
        Self::CheckStaged,
        Self::CheckRange,
        Self::CheckAll,
        Self::CheckPath,
        Self::CheckStdin,
    ];

    /// Git's name of the hook, or the name of the check.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::CommitMsg => "commit-msg",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
            Self::Update => "update",
            Self::CheckStaged => "check-staged",
            Self::CheckRange => "check-range",
            Self::CheckAll => "check-all",
            Self::CheckPath => "check-path",
            Self::CheckStdin => "check-stdin",
        }
    }

    /// The hook Git knows by this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|h| h.name() == name && !name.starts_with("check-"))
    }

    /// Which side the hook stands on.
    pub const fn surface(self) -> Surface {
        match self {
            Self::PreReceive | Self::Update => Surface::Server,
            _ => Surface::Client,
        }
    }
}

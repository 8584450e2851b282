//! From what Git gives a hook (its name, arguments and standard input) to the question it asks:
//! the same for the hook itself and for the `lychgate` that judges in its place.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

use lychgate_git::{Environment, Repository};
use lychgate_model::{Hook, limits};

use crate::ask::{Asker, Greeting, Question, ask_greeted};
use crate::error::Error;
use crate::link::Link;
use crate::pace::Progress;
use crate::talk::Answered;
use crate::{lines, message};

/// One run of a hook.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The hook.
    pub hook: Hook,
    /// Git's arguments, without the name.
    pub arguments: &'a [OsString],
    /// All of the standard input, for a hook that has one.
    pub stdin: &'a [u8],
    /// Where the hook stands and what Git told it.
    pub environment: &'a Environment,
    /// All variables.
    pub variables: &'a [(OsString, OsString)],
    /// The version of this program.
    pub build: &'a str,
    /// The repository.
    pub repository: &'a Repository,
    /// Who is told how far it is when it takes long.
    pub progress: Option<Progress<'a>>,
}

/// Whether Git writes ref lines to the standard input of `hook`.
pub fn reads_stdin(hook: Hook) -> bool {
    matches!(hook, Hook::PrePush | Hook::PreReceive)
}

/// Ref lines in `stdin`, as they are handed to a fallback together with the bytes.
pub fn count_refs(stdin: &[u8]) -> usize {
    stdin.iter().filter(|&&b| b == b'\n').count()
}

impl Run<'_> {
    /// Asks a judge that was greeted.
    pub fn ask(&self, link: &mut dyn Link, greeting: &Greeting) -> Result<Answered, Error> {
        let mut put = |question: Question<'_>| ask_greeted(link, greeting, self.asker(), question);
        match self.hook {
            Hook::PreCommit | Hook::PreMergeCommit => put(Question::Staged),
            Hook::CommitMsg => {
                let file = self.message()?;
                let editor = self.variable(b"GIT_EDITOR");
                let ran = message::editor_ran(editor);
                put(Question::Message(message::judged(&file, ran)))
            }
            Hook::PrePush => {
                let lines = lines::pre_push(self.stdin)?;
                let remote = self.argument(0).ok_or(Error::Arguments("no remote"))?;
                put(Question::Outgoing {
                    remote,
                    lines: &lines,
                })
            }
            Hook::PreReceive => {
                let updates = lines::pre_receive(self.stdin, self.repository)?;
                put(Question::Push(&updates))
            }
            Hook::Update => {
                let words = [0, 1, 2].map(|n| self.argument(n).unwrap_or_default());
                let update = lines::update_arguments(words, self.repository)?;
                put(Question::Push(&[update]))
            }
            _ => Err(Error::Arguments("a name that is no hook's")),
        }
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            hook: self.hook,
            build: self.build,
            wants_findings: false,
            environment: self.environment,
            variables: self.variables,
            repository: Some(self.repository),
            progress: self.progress,
        }
    }

    fn argument(&self, number: usize) -> Option<&[u8]> {
        self.arguments.get(number).map(|a| a.as_bytes())
    }

    fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.variables.iter().find(|(n, _)| n.as_bytes() == name);
        found.map(|(_, value)| value.as_bytes())
    }

    fn message(&self) -> Result<Vec<u8>, Error> {
        let path = self
            .arguments
            .first()
            .ok_or(Error::Arguments("no message file"))?;
        let path = self.environment.cwd().join(path);
        let mut text = Vec::new();
        let file = File::open(path).map_err(Error::Message)?;
        file.take(limits::WHOLE_OBJECT + 1)
            .read_to_end(&mut text)
            .map_err(Error::Message)?;
        if text.len() as u64 > limits::WHOLE_OBJECT {
            return Err(Error::LargeMessage(limits::WHOLE_OBJECT));
        }
        Ok(text)
    }
}

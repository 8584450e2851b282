//! What Git, or a person, tells a program through its environment, as one value.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use lychgate_model::ObjectId;

/// The folder a program stands in and the Git variables that say where things are. Read once;
/// nothing in this crate looks at the process environment again.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    cwd: PathBuf,
    git_dir: Option<PathBuf>,
    work_tree: Option<PathBuf>,
    index_file: Option<PathBuf>,
    common_dir: Option<PathBuf>,
    object_directory: Option<PathBuf>,
    alternates: Option<OsString>,
    quarantine: Option<PathBuf>,
    shallow_file: Option<OsString>,
    prefix: Option<OsString>,
    namespace: Option<OsString>,
    ceilings: Option<OsString>,
    reference_backend: Option<OsString>,
    sudo_uid: Option<u32>,
    githeads: Vec<ObjectId>,
    /// What leads to the configuration that is the user's own.
    configuration: Vec<(OsString, OsString)>,
}

impl Environment {
    /// From the current folder (absolute) and the variables of the process.
    ///
    /// A path variable that is set to nothing counts as not set, as with Git.
    pub fn new(cwd: PathBuf, vars: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut env = Self {
            cwd,
            ..Self::default()
        };
        for (name, value) in vars {
            env.take(name.as_bytes(), value);
        }
        env.githeads.sort_unstable();
        env
    }

    fn take(&mut self, name: &[u8], value: OsString) {
        let path = |v: OsString| (!v.is_empty()).then(|| PathBuf::from(v));
        match name {
            b"GIT_DIR" => self.git_dir = path(value),
            b"GIT_WORK_TREE" => self.work_tree = path(value),
            b"GIT_INDEX_FILE" => self.index_file = path(value),
            b"GIT_COMMON_DIR" => self.common_dir = path(value),
            b"GIT_OBJECT_DIRECTORY" => self.object_directory = path(value),
            b"GIT_ALTERNATE_OBJECT_DIRECTORIES" => self.alternates = Some(value),
            b"GIT_QUARANTINE_PATH" => self.quarantine = path(value),
            b"GIT_SHALLOW_FILE" => self.shallow_file = Some(value),
            b"GIT_PREFIX" => self.prefix = Some(value),
            b"GIT_NAMESPACE" => self.namespace = (!value.is_empty()).then_some(value),
            b"GIT_CEILING_DIRECTORIES" => self.ceilings = Some(value),
            b"GIT_REFERENCE_BACKEND" => self.reference_backend = Some(value),
            b"SUDO_UID" => self.sudo_uid = value.to_str().and_then(|v| v.parse().ok()),
            b"HOME" | b"XDG_CONFIG_HOME" => self.configure(name, value),
            _ if name.starts_with(b"GIT_CONFIG") => self.configure(name, value),
            _ => {
                let head = name.strip_prefix(b"GITHEAD_").and_then(ObjectId::from_hex);
                self.githeads.extend(head);
            }
        }
    }

    fn configure(&mut self, name: &[u8], value: OsString) {
        let name = OsStr::from_bytes(name).to_owned();
        self.configuration.push((name, value));
    }

    /// `HOME`, `XDG_CONFIG_HOME`, or a variable whose name begins with `GIT_CONFIG`.
    pub(crate) fn configuration(&self, name: &str) -> Option<&OsStr> {
        let found = self.configuration.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// The folder the program stands in.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// `GIT_DIR`, relative to the current folder.
    pub fn git_dir(&self) -> Option<&Path> {
        self.git_dir.as_deref()
    }

    /// `GIT_WORK_TREE`, relative to the current folder.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// `GIT_INDEX_FILE`; Git takes a relative one from the root of the work tree.
    pub fn index_file(&self) -> Option<&Path> {
        self.index_file.as_deref()
    }

    /// `GIT_COMMON_DIR`, relative to the current folder.
    pub fn common_dir(&self) -> Option<&Path> {
        self.common_dir.as_deref()
    }

    /// `GIT_OBJECT_DIRECTORY`: in a push, the quarantine.
    pub fn object_directory(&self) -> Option<&Path> {
        self.object_directory.as_deref()
    }

    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`, taken apart: `:` separates, and an entry in double
    /// quotes has C escapes (as Git quotes a path that holds a `:`).
    pub fn alternate_object_directories(&self) -> Vec<PathBuf> {
        self.alternates
            .as_deref()
            .map(|v| separated(v.as_bytes(), b':'))
            .unwrap_or_default()
    }

    /// `GIT_QUARANTINE_PATH`: where the objects of a push wait for the verdict.
    pub fn quarantine(&self) -> Option<&Path> {
        self.quarantine.as_deref()
    }

    /// `GIT_SHALLOW_FILE`; set to nothing, it says "not shallow".
    pub fn shallow_file(&self) -> Option<&OsStr> {
        self.shallow_file.as_deref()
    }

    /// `GIT_PREFIX`: the sub-directory a person stood in when Git started the hook.
    pub fn prefix(&self) -> Option<&OsStr> {
        self.prefix.as_deref()
    }

    /// `GIT_NAMESPACE`.
    pub fn namespace(&self) -> Option<&OsStr> {
        self.namespace.as_deref()
    }

    /// The ids of the `GITHEAD_<id>` variables with which `git merge` names what it merges, sorted.
    pub fn githeads(&self) -> &[ObjectId] {
        &self.githeads
    }

    /// `SUDO_UID`: whose shell a root process was started from.
    pub fn sudo_uid(&self) -> Option<u32> {
        self.sudo_uid
    }

    /// `GIT_REFERENCE_BACKEND`, which moves the refs elsewhere in a way this crate does not follow.
    pub(crate) fn reference_backend(&self) -> Option<&OsStr> {
        self.reference_backend.as_deref().filter(|v| !v.is_empty())
    }

    /// Whether the search for a repository stops below `folder` (`GIT_CEILING_DIRECTORIES`).
    pub(crate) fn is_ceiling(&self, folder: &Path) -> bool {
        self.ceilings.as_deref().is_some_and(|list| {
            list.as_bytes()
                .split(|&b| b == b':')
                .any(|entry| !entry.is_empty() && Path::new(OsStr::from_bytes(entry)) == folder)
        })
    }
}

/// Splits a list of paths as Git does for alternates: an entry that begins with `"` is C-quoted.
pub(crate) fn separated(list: &[u8], separator: u8) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (entry, used) = match unquoted(rest) {
            Some(found) => found,
            None => {
                let end = rest
                    .iter()
                    .position(|&b| b == separator)
                    .unwrap_or(rest.len());
                (rest.get(..end).unwrap_or_default().to_vec(), end)
            }
        };
        if !entry.is_empty() {
            paths.push(PathBuf::from(OsString::from_vec(entry)));
        }
        rest = rest.get(used..).unwrap_or_default();
        rest = rest.strip_prefix(&[separator]).unwrap_or(rest);
    }
    paths
}

/// The C-quoted string at the start of `text` and how many bytes it takes; `None` when there is
/// none, or it does not end.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut bytes = text.iter().copied().enumerate();
    if bytes.next()?.1 != b'"' {
        return None;
    }
    let mut out = Vec::new();
    loop {
        match bytes.next()? {
            (at, b'"') => return Some((out, at + 1)),
            (_, b'\\') => {
                let (_, escape) = bytes.next()?;
                out.push(match escape {
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let digit = |b: u8| matches!(b, b'0'..=b'7').then(|| b - b'0');
                        let (high, middle) = (escape - b'0', digit(bytes.next()?.1)?);
                        high << 6 | middle << 3 | digit(bytes.next()?.1)?
                    }
                    _ => return None,
                });
            }
            (_, byte) => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        let vars = vars
            .iter()
            .map(|(k, v)| (OsString::from(k), OsString::from(v)));
        Environment::new("/here".into(), vars)
    }

    #[test]
    fn alternates_are_quoted_where_needed() {
        let env = environment(&[(
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            r#"/a:"/b:c\"\303\251\n":relative::"open"#,
        )]);
        let paths: Vec<Vec<u8>> = env
            .alternate_object_directories()
            .into_iter()
            .map(|p| p.into_os_string().into_vec())
            .collect();
        let wanted: [&[u8]; 4] = [b"/a", b"/b:c\"\xc3\xa9\n", b"relative", b"\"open"];
        assert_eq!(paths, wanted);
    }

    #[test]
    fn merge_heads_come_from_variable_names() {
        let (low, high) = ("1".repeat(40), "e".repeat(40));
        let names = [format!("GITHEAD_{high}"), format!("GITHEAD_{low}")];
        let env = environment(&[(&names[0], "topic"), (&names[1], "x"), ("GITHEAD_no", "y")]);
        let heads: Vec<String> = env.githeads().iter().map(ToString::to_string).collect();
        assert_eq!(heads, [low, high]);
    }

    #[test]
    fn empty_paths_count_as_unset() {
        let env = environment(&[
            ("GIT_DIR", ""),
            ("GIT_INDEX_FILE", "i"),
            ("GIT_SHALLOW_FILE", ""),
        ]);
        assert_eq!(env.git_dir(), None);
        assert_eq!(env.index_file(), Some(Path::new("i")));
        assert_eq!(env.shallow_file(), Some(OsStr::new("")));
    }
}

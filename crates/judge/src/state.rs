//! The key of one state folder: 32 random bytes under which values become fingerprints.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, Scanned, Scratch, ValueKey};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::kept::{self, Distrust};
use crate::persisted::Seal;

/// The name of the key's file.
const KEY: &str = "value.key";

/// The key and where reports go.
#[derive(Debug)]
pub struct State {
    key: ValueKey,
    folder: Option<(PathBuf, Seal)>,
    unkept: Option<Distrust>,
}

impl State {
    /// Opens a state folder, making folder and key when they are not there. Never fails: without a
    /// readable key of its own it compares under a key of the moment, and tells no fingerprints.
    pub fn open(folder: Option<&Path>) -> Self {
        let mut unkept = None;
        match folder.map(|folder| (folder, load_or_create(folder))) {
            Some((folder, Ok(key))) => {
                if let Some(seal) = Seal::of(&key) {
                    return Self {
                        key: ValueKey::new(*key),
                        folder: Some((folder.into(), seal)),
                        unkept,
                    };
                }
            }
            Some((_, Err(why))) => unkept = Some(why),
            None => {}
        }
        let mut key = Zeroizing::new([0; 32]);
        // Without randomness tags still tell values apart inside this process, and none leaves it.
        let _ = getrandom::fill(&mut *key);
        Self {
            key: ValueKey::new(*key),
            folder: None,
            unkept,
        }
    }

    /// Why the key of a folder that was named is not kept.
    pub fn unkept(&self) -> Option<&Distrust> {
        self.unkept.as_ref()
    }

    /// Whether fingerprints mean anything beyond this process.
    pub fn persisted(&self) -> bool {
        self.folder.is_some()
    }

    /// Where full lists of findings go; `None` without a usable state folder.
    pub fn reports(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|(f, _)| f.join("reports"))
    }

    /// What the rules see in a file, before paths and policy: to explain a finding.
    pub fn look(&self, engine: &Engine, bytes: &[u8]) -> Scanned {
        let mut out = Scanned::default();
        let input = Input {
            kind: ObjectKind::Blob,
            hash: HashKind::Sha1,
            bytes,
        };
        let mut scratch = Scratch::new();
        engine
            .rules()
            .scan(input, &self.key, &mut scratch, &mut out);
        out
    }

    /// Where what is remembered lies, and what it is sealed with; `None`: nowhere.
    pub(crate) fn sealed(&self) -> Option<(&Path, &Seal)> {
        self.folder
            .as_ref()
            .map(|(folder, seal)| (folder.as_path(), seal))
    }

    pub(crate) fn key(&self) -> &ValueKey {
        &self.key
    }
}

/// Whether the key of a state folder can be read; one that is not there yet can be made.
///
/// # Errors
/// What speaks against it.
pub(crate) fn look(folder: &Path) -> Result<(), Distrust> {
    load(folder).map(|_| ())
}

fn load_or_create(folder: &Path) -> Result<Zeroizing<[u8; 32]>, Distrust> {
    let path = folder.join(KEY);
    if let Some(key) = load(folder)? {
        return Ok(key);
    }
    let unkept = |error| kept::unkept(folder, error);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(unkept)?;
    let mut key = Zeroizing::new([0u8; 32]);
    let mut nonce = [0u8; 8];
    getrandom::fill(&mut *key)
        .and_then(|()| getrandom::fill(&mut nonce))
        .map_err(|e| unkept(io::Error::other(e)))?;
    // Written whole under another name, then linked: of many that race one link succeeds, and
    // nobody ever sees half a key.
    let draft = folder.join(format!(".{KEY}.{:016x}", u64::from_ne_bytes(nonce)));
    let written = write(&draft, &*key);
    if written.is_ok() {
        let _ = std::fs::hard_link(&draft, &path);
    }
    let _ = std::fs::remove_file(&draft);
    written.map_err(unkept)?;
    let gone = || unkept(io::ErrorKind::NotFound.into());
    load(folder)?.ok_or_else(gone)
}

fn write(path: &Path, key: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

/// A key only its owner can read, of exactly 32 bytes; `None`: there is none. The folder's mode does
/// not matter: nobody else can put such a file there.
fn load(folder: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, Distrust> {
    let Some(mut file) = kept::open_in_any(folder, KEY)? else {
        return Ok(None);
    };
    kept::believed_key(folder, KEY, &file)?;
    let mut key = Zeroizing::new([0u8; 32]);
    file.read_exact(&mut *key)
        .map_err(|e| kept::unkept(folder, e))?;
    Ok(Some(key))
}

//! What lies in an object directory: packs by their indices, loose objects by fan-out.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lychgate_model::{HashKind, ObjectId};

use crate::error::{Error, shown};

/// Everything found in one object directory, its alternates not included.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Pack indices, the largest first.
    pub(crate) packs: Vec<PathBuf>,
    /// Loose objects, by id.
    pub(crate) loose: Vec<ObjectId>,
}

impl Contents {
    /// Lists `directory`; a pack that has no index is an error, since nobody can say what is in it.
    pub(crate) fn list(directory: &Path, kind: HashKind) -> Result<Self, Error> {
        let mut contents = Self::default();
        for (name, path) in entries(directory)? {
            if name.len() == 2 && name.bytes().all(is_hex) {
                contents.list_fan_out(&name, &path, kind)?;
            } else if name == "pack" {
                contents.list_packs(&path)?;
            }
        }
        contents.sort();
        Ok(contents)
    }

    /// Lists the packs of `directory` only.
    pub(crate) fn packs(directory: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut contents = Self::default();
        contents.list_packs(&directory.join("pack"))?;
        contents.sort();
        Ok(contents.packs)
    }

    fn sort(&mut self) {
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len());
        self.packs
            .sort_by_cached_key(|path| (Reverse(size(path)), path.clone()));
        self.loose.sort();
    }

    fn list_fan_out(&mut self, fan: &str, path: &Path, kind: HashKind) -> Result<(), Error> {
        for (name, _) in entries(path)? {
            // Git writes a loose object under another name first: that is no object yet.
            let hex = format!("{fan}{name}");
            if let Some(id) = ObjectId::from_hex(hex.as_bytes()).filter(|id| id.kind() == kind) {
                self.loose.push(id);
            }
        }
        Ok(())
    }

    fn list_packs(&mut self, path: &Path) -> Result<(), Error> {
        for (name, path) in entries(path)? {
            let indexed = |path: &Path| path.with_extension("idx").exists();
            if name.ends_with(".idx") {
                if path.with_extension("pack").exists() {
                    self.packs.push(path);
                }
            } else if name.starts_with("pack-") && name.ends_with(".pack") && !indexed(&path) {
                return Err(Error::corrupt(format!("{} has no index", shown(&path))));
            }
        }
        Ok(())
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// Name and path of what stands in a folder; nothing when there is no such folder.
fn entries(path: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", path)(error)),
    };
    let mut out = Vec::new();
    for entry in listing {
        let entry = entry.map_err(Error::io("list", path))?;
        if let Ok(name) = entry.file_name().into_string() {
            out.push((name, entry.path()));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_packs_and_loose_objects_and_nothing_else() {
        let dir = std::env::temp_dir().join(format!("lychgate-contents-{}", std::process::id()));
        let rest = "0".repeat(38);
        for file in [
            format!("ab/{rest}"),
            format!("ab/{}", "z".repeat(38)),
            "ab/tmp_obj_x1".into(),
            format!("zz/{rest}"),
            "pack/pack-1.idx".into(),
            "pack/pack-1.pack".into(),
            "pack/pack-1.rev".into(),
            "pack/pack-2.idx".into(),
            "info/alternates".into(),
        ] {
            let path = dir.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        let found = Contents::list(&dir, HashKind::Sha1).unwrap();
        assert_eq!(found.packs, [dir.join("pack/pack-1.idx")]);
        assert_eq!(
            found.loose,
            [ObjectId::from_hex(format!("ab{rest}").as_bytes()).unwrap()]
        );
        assert!(
            Contents::list(&dir, HashKind::Sha256)
                .unwrap()
                .loose
                .is_empty()
        );
        assert!(
            Contents::list(&dir.join("absent"), HashKind::Sha1)
                .unwrap()
                .loose
                .is_empty()
        );

        fs::write(dir.join("pack/pack-3.pack"), b"").unwrap();
        assert!(Contents::list(&dir, HashKind::Sha1).is_err());
        fs::remove_dir_all(&dir).unwrap();
    }
}

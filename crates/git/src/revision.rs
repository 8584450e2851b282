//! Names of objects as people write them.

use lychgate_model::path::printable;
use lychgate_model::{ObjectId, ObjectKind};

use crate::error::Error;
use crate::objects::parse::tag_target;
use crate::repository::Repository;

/// Shortest abbreviation of an id, as with Git.
const ABBREVIATION: usize = 4;

/// Where Git looks for a short name, in its order.
const RULES: [(&str, &str); 6] = [
    ("", ""),
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

impl Repository {
    /// The object that `spec` names: an id, in full or abbreviated, or a ref, by its full or short
    /// name, followed by any of `^{}`, `^{commit}`, `^{tree}`, `^`, `^N`, `~N`.
    ///
    /// A tag is not followed unless such a suffix asks for it.
    ///
    /// # Errors
    ///
    /// [`Error::Unresolved`] when there is nothing of that name, or too much.
    pub fn resolve(&self, spec: &[u8]) -> Result<ObjectId, Error> {
        let unresolved = || Error::Unresolved {
            spec: printable(spec),
        };
        let end = spec
            .iter()
            .position(|b| matches!(b, b'^' | b'~'))
            .unwrap_or(spec.len());
        let (name, mut rest) = spec.split_at(end);
        let mut id = self.named(name)?.ok_or_else(unresolved)?;
        while let Some((&operator, after)) = rest.split_first() {
            if let Some(braced) = after.strip_prefix(b"{").filter(|_| operator == b'^') {
                let close = braced
                    .iter()
                    .position(|&b| b == b'}')
                    .ok_or_else(unresolved)?;
                let (kind, after) = braced.split_at(close);
                id = self.peeled(id, kind)?.ok_or_else(unresolved)?;
                rest = after.get(1..).unwrap_or_default();
                continue;
            }
            let digits = after.iter().take_while(|b| b.is_ascii_digit()).count();
            let (number, after) = after.split_at(digits);
            let number = match std::str::from_utf8(number) {
                Ok("") => 1,
                Ok(digits) => digits.parse::<usize>().map_err(|_| unresolved())?,
                Err(_) => return Err(unresolved()),
            };
            id = self.peel_to_commit(id)?.ok_or_else(unresolved)?;
            if operator == b'^' {
                id = self.parent(id, number)?.ok_or_else(unresolved)?;
            } else {
                for _ in 0..number {
                    id = self.parent(id, 1)?.ok_or_else(unresolved)?;
                }
            }
            rest = after;
        }
        Ok(id)
    }

    /// The parent of this number, from 1; 0 is the commit itself.
    fn parent(&self, commit: ObjectId, number: usize) -> Result<Option<ObjectId>, Error> {
        match number.checked_sub(1) {
            None => Ok(Some(commit)),
            Some(at) => Ok(self.links_of(commit)?.parents.get(at).copied()),
        }
    }

    fn peeled(&self, id: ObjectId, kind: &[u8]) -> Result<Option<ObjectId>, Error> {
        match kind {
            b"commit" => self.peel_to_commit(id),
            b"tree" => match self.peel_to_commit(id)? {
                Some(commit) => self.tree_of(commit).map(Some),
                None => {
                    let id = self.untagged(id)?;
                    Ok((self.objects().header(id)?.kind == ObjectKind::Tree).then_some(id))
                }
            },
            b"" => self.untagged(id).map(Some),
            _ => Ok(None),
        }
    }

    /// What a tag, of a tag perhaps, is for.
    fn untagged(&self, id: ObjectId) -> Result<ObjectId, Error> {
        let mut id = id;
        let mut content = Vec::new();
        // A tag can only name what was there before it, so this ends.
        while self.objects().header(id)?.kind == ObjectKind::Tag {
            self.objects()
                .load_kind(id, ObjectKind::Tag, &mut content)?;
            let what = "the tag names no object";
            (id, _) =
                tag_target(&content, self.hash_kind()).ok_or(Error::CorruptObject { id, what })?;
        }
        Ok(id)
    }

    fn named(&self, name: &[u8]) -> Result<Option<ObjectId>, Error> {
        if let Some(id) = ObjectId::from_hex(name) {
            return Ok((id.kind() == self.hash_kind()).then_some(id));
        }
        let name = if name == b"@" { b"HEAD" } else { name };
        for (before, after) in RULES {
            let full = [before.as_bytes(), name, after.as_bytes()].concat();
            if self.refs().is_name(&full)
                && let Some(id) = self.find_ref(&full)?
            {
                return Ok(Some(id));
            }
        }
        let text = std::str::from_utf8(name)
            .unwrap_or_default()
            .to_ascii_lowercase();
        if text.len() < ABBREVIATION || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        match self.objects().with_prefix(&text)?.as_slice() {
            [id] => Ok(Some(*id)),
            found => {
                // Only commits and tags are meant where one commit is asked for.
                let mut commits = Vec::new();
                for id in found {
                    if matches!(self.objects().header(*id)?.kind, ObjectKind::Commit) {
                        commits.push(*id);
                    }
                }
                Ok(commits.first().copied().filter(|_| commits.len() == 1))
            }
        }
    }
}

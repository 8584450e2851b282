//! The ref lines Git writes to the standard input of a hook that concerns a push.

use lychgate_git::{PrePushLine, Repository, ref_kind};
use lychgate_model::path::printable;
use lychgate_model::{ObjectId, RefUpdate, limits};

use crate::error::Error;

/// Lines of pre-receive: `old SP new SP ref`.
pub fn pre_receive(stdin: &[u8], repository: &Repository) -> Result<Vec<RefUpdate>, Error> {
    let mut updates = Vec::new();
    for (number, line) in numbered(stdin)? {
        let wrong = || Error::RefLine(number);
        let mut words = line.splitn(3, |&b| b == b' ');
        let mut id = || words.next().and_then(ObjectId::from_hex).ok_or_else(wrong);
        let (old, new) = (id()?, id()?);
        let name = words.next().filter(|n| is_ref(n)).ok_or_else(wrong)?;
        updates.push(update(repository, name, old, new).map_err(|e| e.unwrap_or_else(wrong))?);
    }
    Ok(updates)
}

/// The arguments of update: `ref old new`.
pub fn update_arguments(words: [&[u8]; 3], repository: &Repository) -> Result<RefUpdate, Error> {
    let wrong = || Error::Arguments("something else than a ref and two ids");
    let [name, old, new] = words;
    let id = |hex| ObjectId::from_hex(hex).ok_or_else(wrong);
    if !is_ref(name) {
        return Err(wrong());
    }
    update(repository, name, id(old)?, id(new)?).map_err(|e| e.unwrap_or_else(wrong))
}

/// Lines of pre-push: `local-ref SP local-id SP remote-ref SP remote-id`.
pub fn pre_push(stdin: &[u8]) -> Result<Vec<PrePushLine>, Error> {
    let mut lines = Vec::new();
    for (number, line) in numbered(stdin)? {
        lines.push(outgoing(line).ok_or(Error::RefLine(number))?);
    }
    Ok(lines)
}

/// What a pre-push line does to the ref of the remote.
pub(crate) fn remote_update(
    repository: &Repository,
    line: &PrePushLine,
) -> Result<RefUpdate, Error> {
    let kind = ref_kind(repository, line.remote_id, line.local_id)?;
    let name = line.remote_ref.clone();
    Ok(RefUpdate {
        name,
        old: line.remote_id,
        new: line.local_id,
        kind,
    })
}

fn outgoing(line: &[u8]) -> Option<PrePushLine> {
    // A local "ref" can be any expression, `HEAD~1` or `(delete)`; none of them has a space, but
    // the last three words are told apart from the right to be sure.
    let mut words = line.rsplitn(4, |&b| b == b' ');
    let remote_id = ObjectId::from_hex(words.next()?)?;
    let remote_ref = words.next().filter(|n| is_ref(n))?.to_vec();
    let local_id = ObjectId::from_hex(words.next()?)?;
    let local_ref = words.next()?.to_vec();
    (local_id.kind() == remote_id.kind()).then_some(PrePushLine {
        local_ref,
        local_id,
        remote_ref,
        remote_id,
    })
}

/// `Err(None)`: the ids are not of this repository's kind, or both are null.
fn update(
    repository: &Repository,
    name: &[u8],
    old: ObjectId,
    new: ObjectId,
) -> Result<RefUpdate, Option<Error>> {
    let fits = [old, new]
        .iter()
        .all(|id| id.kind() == repository.hash_kind());
    if !fits {
        return Err(None);
    }
    if let Some(target) = repository.symbolic_ref(name).map_err(|e| Some(e.into()))? {
        let (name, target) = (printable(name), printable(&target));
        return Err(Some(Error::SymbolicRef { name, target }));
    }
    let kind = ref_kind(repository, old, new).map_err(|e| Some(e.into()))?;
    Ok(RefUpdate {
        name: name.to_vec(),
        old,
        new,
        kind,
    })
}

fn is_ref(name: &[u8]) -> bool {
    !name.is_empty() && name.len() <= limits::NAME && !name.contains(&b' ')
}

/// The lines with their numbers, from 1. A last line without its end was cut off on the way.
fn numbered(stdin: &[u8]) -> Result<impl Iterator<Item = (usize, &[u8])>, Error> {
    let count = stdin.iter().filter(|&&b| b == b'\n').count();
    if count > limits::REFS {
        return Err(Error::ManyRefs(limits::REFS));
    }
    if !stdin.is_empty() && !stdin.ends_with(b"\n") {
        return Err(Error::RefLine(count + 1));
    }
    Ok((1..).zip(
        stdin
            .split_inclusive(|&b| b == b'\n')
            .map(|l| l.strip_suffix(b"\n").unwrap_or(l)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    #[test]
    fn pre_push_lines_are_read_whole() {
        let text = format!("refs/heads/a {A} refs/heads/b {B}\nHEAD {B} refs/tags/t {A}\n");
        let lines = pre_push(text.as_bytes()).unwrap();
        assert_eq!(lines.len(), 2);
        let first = lines.first().unwrap();
        assert_eq!(
            (first.local_ref.as_slice(), first.remote_ref.as_slice()),
            (&b"refs/heads/a"[..], &b"refs/heads/b"[..])
        );
        assert_eq!(
            (first.local_id.to_string(), first.remote_id.to_string()),
            (A.into(), B.into())
        );
        assert!(pre_push(b"").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_not_one_is_an_error() {
        let good = format!("refs/heads/a {A} refs/heads/b {B}\n");
        let bad = [
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("refs/heads/a {A} refs/heads/b\n"),
            format!("refs/heads/a {} refs/heads/b {B}\n", A.replace('1', "g")),
            format!("refs/heads/a {A} refs/heads/b {B}{}\n", "0".repeat(24)),
            format!("refs/heads/a {A}  {B}\n"),
        ];
        assert!(pre_push(good.as_bytes()).is_ok());
        for text in bad {
            assert!(pre_push(text.as_bytes()).is_err(), "{text}");
        }
    }
}

//! The file `packed-refs`.

use std::cmp::Ordering;
use std::io;
use std::path::Path;

use lychgate_model::{HashKind, ObjectId};

use crate::error::Error;
use crate::mapped::Mapped;

/// The value of one ref, by halving when the file says that it is sorted.
pub(super) fn find(
    common_dir: &Path,
    name: &[u8],
    hash: HashKind,
) -> Result<Option<ObjectId>, Error> {
    let Some(map) = open(common_dir)? else {
        return Ok(None);
    };
    search(&map, name, hash)
}

/// The value of one ref in the content of the file.
pub(super) fn search(
    content: &[u8],
    name: &[u8],
    hash: HashKind,
) -> Result<Option<ObjectId>, Error> {
    let (lines, sorted) = body(content);
    if !sorted {
        let mut found = None;
        for record in records(lines, hash) {
            let (id, at) = record?;
            if at == name {
                found = Some(id);
            }
        }
        return Ok(found);
    }
    let (mut low, mut high) = (0, lines.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = record_start(lines, low, middle);
        let rest = lines.get(start..).unwrap_or_default();
        let (id, at, length) = record(rest, hash).ok_or_else(damaged)?;
        match at.cmp(name) {
            Ordering::Equal => return Ok(Some(id)),
            Ordering::Less => low = start + length,
            Ordering::Greater => high = start,
        }
    }
    Ok(None)
}

/// Every ref in the file, in its order.
pub(super) fn for_each(
    common_dir: &Path,
    hash: HashKind,
    visit: &mut dyn FnMut(&[u8], ObjectId),
) -> Result<(), Error> {
    let Some(map) = open(common_dir)? else {
        return Ok(());
    };
    for record in records(body(&map).0, hash) {
        let (id, name) = record?;
        visit(name, id);
    }
    Ok(())
}

fn open(common_dir: &Path) -> Result<Option<Mapped>, Error> {
    let path = common_dir.join("packed-refs");
    match Mapped::sparse(&path) {
        Ok(map) => Ok(Some(map)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("map", &path)(e)),
    }
}

/// The lines after the header, and whether it says that they are sorted.
fn body(content: &[u8]) -> (&[u8], bool) {
    let mut rest = content;
    let mut sorted = false;
    while rest.starts_with(b"#") {
        let end = rest
            .iter()
            .position(|&b| b == b'\n')
            .map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        sorted |= line
            .strip_prefix(b"# pack-refs with:")
            .is_some_and(|traits| {
                traits
                    .split(|b| b.is_ascii_whitespace())
                    .any(|word| word == b"sorted")
            });
        rest = after;
    }
    (rest, sorted)
}

/// The start of the record that holds the byte at `middle`, not before `low`, which is one.
fn record_start(lines: &[u8], low: usize, middle: usize) -> usize {
    let mut at = middle;
    loop {
        let before = lines.get(low..at).unwrap_or_default();
        at = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(low, |end| low + end + 1);
        // A line with `^` belongs to the record before it.
        if at == low || lines.get(at) != Some(&b'^') {
            return at;
        }
        at -= 1;
    }
}

/// The record at the start of `rest`: id, name, and its length with the peeled line after it.
fn record(rest: &[u8], hash: HashKind) -> Option<(ObjectId, &[u8], usize)> {
    let digits = hash.len() * 2;
    let id = ObjectId::from_hex(rest.get(..digits)?)?;
    let named = rest.get(digits..)?.strip_prefix(b" ")?;
    let end = named.iter().position(|&b| b == b'\n')?;
    let mut length = digits + 1 + end + 1;
    let after = rest.get(length..)?;
    if after.starts_with(b"^") {
        length += after.iter().position(|&b| b == b'\n')? + 1;
    }
    Some((id, named.get(..end)?, length))
}

fn records(lines: &[u8], hash: HashKind) -> impl Iterator<Item = Result<(ObjectId, &[u8]), Error>> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match record(rest, hash) {
            Some((id, name, length)) => {
                rest = rest.get(length..).unwrap_or_default();
                Some(Ok((id, name)))
            }
            None => {
                rest = &[];
                Some(Err(damaged()))
            }
        }
    })
}

fn damaged() -> Error {
    Error::corrupt("packed-refs is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_finds_every_record_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("lychgate-packed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let names: Vec<String> = (0..50).map(|n| format!("refs/heads/b{n:03}")).collect();
        let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
        for (n, name) in names.iter().enumerate() {
            text += &format!("{n:040x} {name}\n");
            if n % 3 == 0 {
                text += &format!("^{:040x}\n", n + 1000);
            }
        }
        std::fs::write(folder.join("packed-refs"), &text).unwrap();
        for (n, name) in names.iter().enumerate() {
            let id = find(&folder, name.as_bytes(), HashKind::Sha1)
                .unwrap()
                .unwrap();
            assert_eq!(id.to_string(), format!("{n:040x}"), "{name}");
        }
        for absent in ["refs/heads/a", "refs/heads/b0005", "refs/heads/zz", ""] {
            assert_eq!(
                find(&folder, absent.as_bytes(), HashKind::Sha1).unwrap(),
                None
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

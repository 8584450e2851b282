//! Refs in tables (`extensions.refStorage = reftable`), as Git's `technical/reftable` describes
//! them. A stack of tables is read whole: the newest has the last word.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use lychgate_model::path::printable;
use lychgate_model::{HashKind, ObjectId};

use super::{Refs, Value, is_per_work_tree};
use crate::error::{Error, shown};
use crate::mapped::Mapped;

/// Every ref of a stack.
pub(super) type Table = BTreeMap<Vec<u8>, Value>;

/// How often a stack is read again because it was compacted meanwhile.
const ATTEMPTS: usize = 5;

/// The value of one ref.
pub(super) fn value(refs: &Refs, name: &[u8]) -> Result<Option<Value>, Error> {
    let stack = if is_per_work_tree(name) {
        own(refs)?
    } else {
        shared(refs)?
    };
    Ok(stack.get(name).cloned())
}

/// All refs below `refs/`.
pub(super) fn all(refs: &Refs) -> Result<Table, Error> {
    let is_linked = refs.git_dir != refs.common_dir;
    let mut all = shared(refs)?.clone();
    all.retain(|name, _| name.starts_with(b"refs/") && !(is_linked && is_per_work_tree(name)));
    if is_linked {
        let own = own(refs)?.iter();
        let kept = own.filter(|(name, _)| name.starts_with(b"refs/") && is_per_work_tree(name));
        all.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    }
    Ok(all)
}

fn shared(refs: &Refs) -> Result<&Table, Error> {
    if let Some(table) = refs.shared_table.get() {
        return Ok(table);
    }
    let table = stack(&refs.common_dir, refs.hash)?;
    Ok(refs.shared_table.get_or_init(|| table))
}

fn own(refs: &Refs) -> Result<&Table, Error> {
    if refs.git_dir == refs.common_dir {
        return shared(refs);
    }
    if let Some(table) = refs.own_table.get() {
        return Ok(table);
    }
    let table = stack(&refs.git_dir, refs.hash)?;
    Ok(refs.own_table.get_or_init(|| table))
}

fn stack(folder: &Path, hash: HashKind) -> Result<Table, Error> {
    let folder = folder.join("reftable");
    let list = folder.join("tables.list");
    let mut attempts = 0;
    loop {
        attempts += 1;
        let names = fs::read(&list).map_err(Error::io("read", &list))?;
        match tables(&folder, &names, hash) {
            Err(Error::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && attempts < ATTEMPTS => {}
            outcome => return outcome,
        }
    }
}

fn tables(folder: &Path, names: &[u8], hash: HashKind) -> Result<Table, Error> {
    let mut refs = Table::new();
    for name in names.split(|&b| b == b'\n').filter(|name| !name.is_empty()) {
        let name = std::str::from_utf8(name)
            .ok()
            .filter(|name| !name.contains('/'));
        let name = name.ok_or_else(|| Error::corrupt("the list of reftables is malformed"))?;
        let path = folder.join(name);
        let map = Mapped::sparse(&path).map_err(Error::io("map", &path))?;
        let damaged = || Error::corrupt(format!("{} is no sound reftable", shown(&path)));
        add(&map, hash, &mut refs).ok_or_else(damaged)?;
    }
    for name in refs.keys() {
        if !super::is_safe(name) {
            let name = printable(name);
            return Err(Error::corrupt(format!("the ref name {name} is invalid")));
        }
    }
    Ok(refs)
}

/// Lays the refs of one table over those of older ones; `None`: damaged.
pub(super) fn add(table: &[u8], hash: HashKind, refs: &mut Table) -> Option<()> {
    let version = *table.strip_prefix(b"REFT")?.first()?;
    let (header, footer) = match version {
        1 => (24, 68),
        2 => (28, 72),
        _ => return None,
    };
    let named: &[u8] = match hash {
        HashKind::Sha1 => b"sha1",
        HashKind::Sha256 => b"s256",
    };
    let fits = match version {
        1 => hash == HashKind::Sha1,
        _ => table.get(24..28)? == named,
    };
    let end = table
        .len()
        .checked_sub(footer)
        .filter(|&end| end >= header && fits)?;
    if table.get(end..end + 4)? != b"REFT" {
        return None;
    }
    let block_size = number(table, 5, 3)?;
    let mut at = 0;
    while at < end {
        // The first block counts from the start of the file, whose header is a part of it.
        let head = if at == 0 { header } else { at };
        if head >= end || *table.get(head)? != b'r' {
            break;
        }
        let length = number(table, head + 1, 3)?;
        let block = table.get(at..at.checked_add(length).filter(|&to| to <= end)?)?;
        records(block, head - at + 4, hash, refs)?;
        let next = at + length;
        // What follows is padding up to the block size, or at once the next block.
        let padded = length < block_size && table.get(next) == Some(&0);
        at = if padded { at + block_size } else { next };
    }
    Some(())
}

fn records(block: &[u8], start: usize, hash: HashKind, refs: &mut Table) -> Option<()> {
    let restarts = number(block, block.len().checked_sub(2)?, 2)?;
    let end = block.len().checked_sub(2 + 3 * restarts)?;
    let mut rest = block.get(start..end)?;
    let mut name: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        let shared = varint(&mut rest)?;
        let kind = varint(&mut rest)?;
        name.truncate(Some(shared).filter(|&shared| shared <= name.len())?);
        name.extend_from_slice(take(&mut rest, kind >> 3)?);
        varint(&mut rest)?;
        match kind & 7 {
            0 => {
                refs.remove(&name);
            }
            kind @ 1..=2 => {
                let id = ObjectId::from_bytes(take(&mut rest, hash.len())?)?;
                if kind == 2 {
                    take(&mut rest, hash.len())?;
                }
                refs.insert(name.clone(), Value::Id(id));
            }
            3 => {
                let length = varint(&mut rest)?;
                let target = take(&mut rest, length)?.to_vec();
                refs.insert(name.clone(), Value::Symbolic(target));
            }
            _ => return None,
        }
    }
    Some(())
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .fold(0, |value, &byte| value << 8 | usize::from(byte)),
    )
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (piece, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(piece)
}

fn varint(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value = value
            .checked_mul(128)?
            .checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

//! How a ref moves, from the objects alone.

use lychgate_model::{ObjectId, RefKind};

use crate::error::Error;
use crate::graph::Node;
use crate::repository::Repository;
use crate::walk::is_ancestor;

/// How a ref that pointed at `old` comes to point at `new`; null ids stand for no ref.
///
/// Quarantine and store are both looked at. Where history cannot be read, or one of them is no
/// commit and the ref moves all the same, the answer is [`RefKind::Forced`].
///
/// # Errors
///
/// More objects than can be numbered.
pub fn ref_kind(repository: &Repository, old: ObjectId, new: ObjectId) -> Result<RefKind, Error> {
    if new.is_null() {
        return Ok(RefKind::Delete);
    }
    if old.is_null() {
        return Ok(RefKind::Create);
    }
    if old == new {
        return Ok(RefKind::FastForward);
    }
    let objects = repository.objects();
    let mut graph = repository.read.take(repository.hash_kind());
    let (old, new) = (graph.number(old)?, graph.number(new)?);
    // An annotated tag that moves is a tag that moves, whatever it points at.
    let commits = [old, new]
        .iter()
        .all(|n| matches!(graph.peek(*n, objects), Node::Commit(_)));
    let forward = commits && is_ancestor(&mut graph, objects, old, new);
    repository.read.keep(graph);
    Ok(match forward {
        true => RefKind::FastForward,
        false => RefKind::Forced,
    })
}

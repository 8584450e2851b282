//! What may not be done to refs: protected ones are neither rewritten nor deleted, tags among them
//! do not move, and what is reserved for the gate itself takes no pushes.

use lychgate_model::{Reason, ReasonCode, RefKind, RefUpdate, Surface};

use crate::plan::is_head;
use crate::policy::Policy;

/// Names nobody pushes to (contract-memory 9): replace refs would change what others read.
const RESERVED: [&[u8]; 2] = [b"refs/lychgate/", b"refs/replace/"];

impl Policy {
    /// Why a ref line is refused as such, if it is. `head`: the branch HEAD names, protected at a
    /// server because the policy is read from it (contract-memory 4); empty: none. `name`: the ref
    /// as it may be shown.
    pub fn refused_ref(
        &self,
        surface: Surface,
        update: &RefUpdate,
        head: &[u8],
        name: &str,
    ) -> Option<Reason> {
        let refuse = |message: String, help: &str| {
            Some(Reason {
                code: ReasonCode::ProtectedRef,
                message,
                help: help.to_owned(),
            })
        };
        let server = surface == Surface::Server;
        if server && RESERVED.iter().any(|r| update.name.starts_with(r)) {
            return refuse(
                format!("{name} is reserved and takes no pushes"),
                "push to a branch or tag of another name",
            );
        }
        let anchor = server && is_head(&update.name, head);
        if !anchor && !self.is_protected(&update.name) {
            return None;
        }
        let why = if anchor {
            "the policy is read from it"
        } else {
            "it is protected"
        };
        match update.kind {
            RefKind::Create => None,
            _ if update.old.is_null() => None,
            RefKind::Delete => refuse(
                format!("{name} cannot be deleted: {why}"),
                "leave it, or ask an administrator",
            ),
            _ if update.name.starts_with(b"refs/tags/") => refuse(
                format!("the tag {name} cannot move: {why}"),
                "give the new tag a new name",
            ),
            RefKind::FastForward => None,
            RefKind::Forced => refuse(
                format!("{name} cannot be rewritten: {why}"),
                "git pull --rebase, then push without --force",
            ),
        }
    }
}

//! What the documents of a developer's repository make of an engine, when nothing is judged: to
//! list and explain the rules that are in force there.

use std::sync::Arc;

use lychgate_model::Surface;
use lychgate_policy::repository;
use lychgate_wire::frame::DocumentSide;

use crate::engine::Engine;
use crate::session::{Paper, PaperContent};

impl Engine {
    /// This engine with the rules that the repository's own files bring in, as a client's hook
    /// has them. `read` gives the document at a path, of the index or of HEAD; what it cannot give
    /// and what cannot be used bring nothing in.
    pub fn at_home(self, mut read: impl FnMut(&str, DocumentSide) -> Option<Vec<u8>>) -> Arc<Self> {
        let mut papers = Vec::new();
        for path in [repository::PATH, crate::gitleaks::PATH] {
            for side in [DocumentSide::Base, DocumentSide::Index] {
                papers.extend(read(path, side).map(|bytes| Paper {
                    path,
                    side,
                    content: PaperContent::Bytes(bytes),
                }));
            }
        }
        let engine = Arc::new(self);
        let organisation = engine.organisation();
        let client = Surface::Client;
        let (policy, _) = crate::documents::policy(organisation, client, &papers, b"", None);
        let (adopted, _) = crate::gitleaks::adopt(&engine, client, &papers);
        crate::stores::approving(adopted, &policy)
    }
}

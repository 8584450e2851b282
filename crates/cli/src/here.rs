//! The rules in force where a command is typed: those of everywhere, and what the repository here
//! brings in.

use std::sync::Arc;

use lychgate_git::{Document, Environment, Repository, Where};
use lychgate_judge::Engine;
use lychgate_wire::frame::DocumentSide;

use crate::failure::Failure;
use crate::surroundings::Surroundings;

/// The engine of this process with the documents of the repository here, if there is one; `not`
/// says what did not happen without an engine.
pub(crate) fn engine(around: &Surroundings, not: &str) -> Result<Arc<Engine>, Failure> {
    let engine = crate::check::judge::engine(around, not)?;
    let variables = around.variables().iter().cloned();
    let environment = Environment::new(around.cwd().to_path_buf(), variables);
    let repository = Repository::open(&environment).ok();
    Ok(engine.at_home(|path, side| {
        let place = match side {
            DocumentSide::Index => Where::Index,
            _ => Where::Head,
        };
        match repository.as_ref()?.document(path.as_bytes(), place) {
            Ok(Document::Bytes { content, .. }) => Some(content),
            _ => None,
        }
    }))
}

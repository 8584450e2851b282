//! `.lychgate/policy.toml`: what a repository asks for beyond the floor.

use lychgate_model::Problem;

use crate::document::Document;
use crate::layer::Layer;

/// Where it stands in a repository.
pub const PATH: &str = ".lychgate/policy.toml";

/// A repository's own policy, read but not yet checked against the floor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryPolicy {
    pub(crate) layer: Layer,
}

impl RepositoryPolicy {
    /// Reads a repository's policy; `name` is for people. `None` when there is any problem.
    pub fn parse(name: &str, text: &str) -> (Option<Self>, Vec<Problem>) {
        let (made, problems) = Document::new(name, text).read(|root| {
            crate::organisation::schema(root)?;
            for key in [
                "mode",
                "accept",
                "packs",
                "limits",
                "daemon",
                "foreign_markers",
                "contact",
                "gitleaks",
                "baseline",
            ] {
                if let Some(at) = root.place_of(key) {
                    let message = "only the organisation's file may hold this".to_owned();
                    root.refuse(key, &at, message, "remove it here");
                }
            }
            Some(Self {
                layer: Layer::read(root),
            })
        });
        (made.flatten(), problems)
    }
}

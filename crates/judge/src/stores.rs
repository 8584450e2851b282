//! Where the policy names the approved secret stores, references to others are found (SE-23).

use std::sync::Arc;

use lychgate_policy::Policy;

use crate::engine::Engine;

/// The engine with rules for the stores that are not approved; the same one where nobody asked.
pub(crate) fn approving(engine: Arc<Engine>, policy: &Policy) -> Arc<Engine> {
    let Some(approved) = policy.vaults() else {
        return engine;
    };
    let key = format!("approved stores\0{}", approved.join("\0"));
    let made = engine.adopted().get_or(key.as_bytes(), || {
        let rules = engine.rules().approving(approved)?;
        Ok(Arc::new(engine.with_rules(rules)))
    });
    // The pack is compiled in, and tested.
    made.unwrap_or(engine)
}

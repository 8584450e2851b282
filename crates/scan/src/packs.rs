//! The packs compiled in: one line each; a test compares this list with the folder.

use crate::ruleset::PackSource;

macro_rules! pack {
    ($file:literal) => {
        PackSource {
            name: concat!("config/packs/", $file),
            text: include_str!(concat!("../../../config/packs/", $file)),
        }
    };
}

/// Every file of `config/packs`.
pub static BUILT_IN: &[PackSource<'static>] = &[
    pack!("agents.toml"),
    pack!("ai.toml"),
    pack!("analytics.toml"),
    pack!("artefacts.toml"),
    pack!("auth.toml"),
    pack!("azure-keys.toml"),
    pack!("azure.toml"),
    pack!("backend.toml"),
    pack!("billing.toml"),
    pack!("chat.toml"),
    pack!("ci.toml"),
    pack!("cloud.toml"),
    pack!("commerce.toml"),
    pack!("content.toml"),
    pack!("crypto.toml"),
    pack!("data.toml"),
    pack!("database.toml"),
    pack!("dns.toml"),
    pack!("edge.toml"),
    pack!("feeds.toml"),
    pack!("files.toml"),
    pack!("finance.toml"),
    pack!("forge.toml"),
    pack!("frameworks.toml"),
    pack!("generic.toml"),
    pack!("geo.toml"),
    pack!("github.toml"),
    pack!("gitlab.toml"),
    pack!("google.toml"),
    pack!("hashes.toml"),
    pack!("headers.toml"),
    pack!("hosting.toml"),
    pack!("identity.toml"),
    pack!("inference.toml"),
    pack!("infrastructure.toml"),
    pack!("key-formats.toml"),
    pack!("keys.toml"),
    pack!("mail.toml"),
    pack!("mailers.toml"),
    pack!("marketing.toml"),
    pack!("media.toml"),
    pack!("messaging.toml"),
    pack!("ml.toml"),
    pack!("models.toml"),
    pack!("monitoring.toml"),
    pack!("names.toml"),
    pack!("network.toml"),
    pack!("networks.toml"),
    pack!("observability.toml"),
    pack!("oncall.toml"),
    pack!("payment.toml"),
    pack!("pipelines.toml"),
    pack!("product.toml"),
    pack!("publishing.toml"),
    pack!("push.toml"),
    pack!("quality.toml"),
    pack!("realtime.toml"),
    pack!("regional.toml"),
    pack!("registry.toml"),
    pack!("saas.toml"),
    pack!("search.toml"),
    pack!("secret-stores.toml"),
    pack!("security.toml"),
    pack!("servers.toml"),
    pack!("small-keys.toml"),
    pack!("social.toml"),
    pack!("storage.toml"),
    pack!("suite.toml"),
    pack!("support.toml"),
    pack!("telephony.toml"),
    pack!("testing.toml"),
    pack!("things.toml"),
    pack!("vaults.toml"),
    pack!("vectors.toml"),
    pack!("webhooks.toml"),
    pack!("work.toml"),
];

/// References to secret stores: in force only where a policy names the approved ones, see
/// [`crate::RuleSet::approving`].
pub const STORES: PackSource<'static> = PackSource {
    name: "config/stores.toml",
    text: include_str!("../../../config/stores.toml"),
};

/// What the id of a rule of [`STORES`] begins with; the name of the store follows.
pub const STORE: &str = "store.";

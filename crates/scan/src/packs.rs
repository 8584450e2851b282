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
    pack!("auth.toml"),
    pack!("azure-keys.toml"),
    pack!("azure.toml"),
    pack!("billing.toml"),
    pack!("chat.toml"),
    pack!("ci.toml"),
    pack!("cloud.toml"),
    pack!("commerce.toml"),
    pack!("crypto.toml"),
    pack!("database.toml"),
    pack!("edge.toml"),
    pack!("files.toml"),
    pack!("finance.toml"),
    pack!("forge.toml"),
    pack!("geo.toml"),
    pack!("gitlab.toml"),
    pack!("google.toml"),
    pack!("hosting.toml"),
    pack!("identity.toml"),
    pack!("inference.toml"),
    pack!("keys.toml"),
    pack!("mail.toml"),
    pack!("mailers.toml"),
    pack!("marketing.toml"),
    pack!("media.toml"),
    pack!("messaging.toml"),
    pack!("ml.toml"),
    pack!("models.toml"),
    pack!("monitoring.toml"),
    pack!("network.toml"),
    pack!("networks.toml"),
    pack!("observability.toml"),
    pack!("oncall.toml"),
    pack!("payment.toml"),
    pack!("product.toml"),
    pack!("quality.toml"),
    pack!("regional.toml"),
    pack!("registry.toml"),
    pack!("saas.toml"),
    pack!("small-keys.toml"),
    pack!("servers.toml"),
    pack!("social.toml"),
    pack!("storage.toml"),
    pack!("suite.toml"),
    pack!("support.toml"),
    pack!("telephony.toml"),
    pack!("testing.toml"),
    pack!("vectors.toml"),
    pack!("webhooks.toml"),
    pack!("work.toml"),
];

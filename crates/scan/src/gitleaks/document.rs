//! The file as it is written: every field gitleaks knows (its README, "Configuration").

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) extend: Extend,
    #[serde(default)]
    pub(super) rules: Vec<RuleDraft>,
    #[serde(default)]
    pub(super) allowlists: Vec<Spanned<AllowDraft>>,
    pub(super) allowlist: Option<Spanned<AllowDraft>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extend {
    #[serde(default)]
    pub(super) use_default: bool,
    pub(super) path: Option<Spanned<String>>,
    pub(super) url: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleDraft {
    pub(super) id: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) description: String,
    pub(super) regex: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) secret_group: usize,
    #[serde(default)]
    pub(super) entropy: f32,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    #[serde(default)]
    pub(super) skip_report: bool,
    #[serde(default)]
    pub(super) required: Vec<RequiredDraft>,
    #[serde(default)]
    pub(super) allowlists: Vec<Spanned<AllowDraft>>,
    pub(super) allowlist: Option<Spanned<AllowDraft>>,
}

impl RuleDraft {
    /// Whether it only tunes a rule that stands elsewhere: it says nothing of what it would find.
    pub(super) fn tunes(&self) -> bool {
        let says = |text: &Option<Spanned<String>>| {
            text.as_ref().is_some_and(|text| !text.get_ref().is_empty())
        };
        !says(&self.regex) && !says(&self.path) && self.required.is_empty()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequiredDraft {
    pub(super) id: Spanned<String>,
    pub(super) within_lines: Option<u32>,
    pub(super) within_columns: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AllowDraft {
    pub(super) condition: Option<String>,
    #[serde(default)]
    pub(super) commits: Vec<String>,
    #[serde(default)]
    pub(super) paths: Vec<String>,
    pub(super) regex_target: Option<String>,
    #[serde(default)]
    pub(super) regexes: Vec<String>,
    #[serde(default)]
    pub(super) stopwords: Vec<String>,
    #[serde(default)]
    pub(super) target_rules: Vec<String>,
}

//! `check --all --accept-draft`: the `[[accept]]` stanzas of contract 3.3, for an administrator to
//! review. Nothing is accepted by it: the organisation's file is the only place that counts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lychgate_git::Repository;
use lychgate_model::{Verdict, exit};

/// One stanza for each rule and object with a finding that blocks.
pub(super) fn stanzas(verdict: &Verdict, repository: Option<&Repository>) -> String {
    let label = repository.map_or_else(String::new, |r| r.git_dir().display().to_string());
    let mut out = String::from(
        "# Draft by `lychgate check --all --accept-draft`. Each stanza lets one finding\n\
         # in exactly one object stand. Rotate what leaked first; then fill in by,\n\
         # reason and until, and move what you accept to the organisation's file.\n",
    );
    if super::report::exit_of(verdict) == exit::INDETERMINATE {
        out.push_str("# INCOMPLETE: not everything was judged.\n");
    }
    if repository.is_some_and(|r| r.work_tree().is_some()) {
        out.push_str(
            "# repository is the one of this work tree. At a server it has another path: put that\n\
             # in its place, or `**/NAME.git` for one of that name in any folder.\n",
        );
    }
    let mut seen = BTreeSet::new();
    for finding in verdict.blocking() {
        let Some(object) = finding.object else {
            continue;
        };
        if !seen.insert((object, finding.rule.clone())) {
            continue;
        }
        let line = finding.span.line;
        let place = match &finding.path {
            Some(path) => format!("{path}:{line}"),
            None => {
                let short: String = object.to_string().chars().take(12).collect();
                format!("{} of {short}, line {line}:", finding.source.name())
            }
        };
        let _ = write!(
            out,
            "\n# {place} {} {}\n[[accept]]\nrepository = {}\nobject = \"{object}\"\n\
             rule = \"{}\"\nby = \"\"\nreason = \"\"\nuntil = \"\"\n",
            crate::page::plain(&finding.title),
            lychgate_model::path::printable(finding.masked.as_bytes()),
            toml::Value::String(label.clone()),
            finding.rule,
        );
    }
    out
}

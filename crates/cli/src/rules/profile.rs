//! `lychgate rules profile PATH...`: what every rule costs over these files, in this process.

use std::fmt::Write as _;
use std::path::PathBuf;

use lychgate_client::files::{Content, File};
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Costs, Input, RuleCost, RuleSet, Scanned, Scratch, ValueKey};
use rustix::time::{ClockId, clock_gettime};

use crate::check::files::{Files, bar};
use crate::check::judge::engine;
use crate::failure::{Failure, Kind};
use crate::page::cut;
use crate::surroundings::Surroundings;

/// Columns of a rule's id.
const ID: usize = 29;

/// Nanoseconds of this thread on a CPU: a busy machine does not change them.
fn clock() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

/// Everything that was counted.
struct Profile {
    files: u64,
    unread: u64,
    bytes: u64,
    nanos: u64,
    costs: Costs,
    /// By the number of the rule.
    findings: Vec<u64>,
}

/// The table: one row a rule that was hit, the dearest first, then totals.
pub(super) fn text(around: &Surroundings, paths: &[PathBuf]) -> Result<String, Failure> {
    let there = |path: &&PathBuf| around.cwd().join(path).symlink_metadata().is_ok();
    if let Some(gone) = paths.iter().find(|path| !there(path)) {
        let what = format!("nothing was measured: there is no {}", gone.display());
        return Err(Failure::new(Kind::Usage, what));
    }
    let engine = engine(around, "nothing was measured")?;
    let rules = engine.rules();
    let roots = paths.iter().map(|p| around.cwd().join(p)).collect();
    let profile = measure(rules, Files::new(roots, bar(false)));
    Ok(page(rules, &profile))
}

fn measure(rules: &RuleSet, files: Files) -> Profile {
    // Nothing of what is found leaves this function: any key will do.
    let key = ValueKey::new([0; 32]);
    let mut scratch = Scratch::metered(clock);
    let mut out = Scanned::default();
    let mut profile = Profile {
        files: 0,
        unread: 0,
        bytes: 0,
        nanos: 0,
        costs: Costs::default(),
        findings: vec![0; rules.rules().len()],
    };
    let mut bytes = Vec::new();
    for File { content, .. } in files {
        bytes.clear();
        let read = match content {
            Content::Bytes { mut reader, .. } => reader.read_to_end(&mut bytes).is_ok(),
            Content::Unreadable(_) => false,
        };
        if !read {
            profile.unread += 1;
            continue;
        }
        profile.files += 1;
        profile.bytes += bytes.len() as u64;
        out.clear();
        let input = Input {
            kind: ObjectKind::Blob,
            hash: HashKind::Sha1,
            bytes: &bytes,
        };
        let begun = clock();
        rules.scan(input, &key, &mut scratch, &mut out);
        profile.nanos += clock().saturating_sub(begun);
        for finding in &out.findings {
            if let Some(count) = profile.findings.get_mut(finding.rule as usize) {
                *count += 1;
            }
        }
    }
    profile.costs = scratch.costs().unwrap_or_default();
    profile
        .costs
        .rules
        .resize_with(rules.rules().len(), RuleCost::default);
    profile
}

fn page(rules: &RuleSet, profile: &Profile) -> String {
    let costs = &profile.costs;
    let share = |nanos: u64| nanos as f64 * 100.0 / profile.nanos.max(1) as f64;
    let mut rows: Vec<_> = rules
        .rules()
        .iter()
        .zip(costs.rules.iter().zip(&profile.findings))
        .filter(|(_, (cost, found))| cost.hits + cost.windows + **found > 0)
        .collect();
    rows.sort_by_key(|(rule, (cost, _))| (std::cmp::Reverse(cost.nanos), rule.id.clone()));
    let mut out = format!(
        "{:<ID$} {:>9} {:>8} {:>7} {:>6} {:>10} {:>5}\n",
        "rule", "hits", "windows", "matches", "found", "us", "%"
    );
    for (rule, (cost, found)) in rows {
        let _ = writeln!(
            out,
            "{:<ID$} {:>9} {:>8} {:>7} {:>6} {:>10.1} {:>5.1}",
            cut(rule.id.as_str(), ID),
            cost.hits,
            cost.windows,
            cost.matches,
            found,
            cost.nanos as f64 / 1e3,
            share(cost.nanos),
        );
    }
    let is_read = |rule: &lychgate_scan::Rule| rules.reads_assignments(rule);
    let sum = |assignments: bool| -> u64 {
        let all = rules.rules().iter().zip(&costs.rules);
        let those = all.filter(|(rule, _)| is_read(rule) == assignments);
        those.map(|(_, cost)| cost.nanos).sum()
    };
    let (patterns, shapeless) = (sum(false), sum(true));
    let known = costs.prefilter + costs.decoders + patterns + shapeless;
    out.push('\n');
    for (what, nanos) in [
        ("keywords (prefilter)", costs.prefilter),
        ("patterns", patterns),
        ("values without a shape", shapeless),
        ("decoders", costs.decoders),
        ("the rest", profile.nanos.saturating_sub(known)),
        ("all", profile.nanos),
    ] {
        let _ = writeln!(
            out,
            "{what:<24} {:>12.1} us {:>6.1} %",
            nanos as f64 / 1e3,
            share(nanos)
        );
    }
    let rate = |bytes: u64, nanos: u64| bytes as f64 / nanos.max(1) as f64;
    let _ = write!(
        out,
        "{} files, {} bytes, {:.2} GB per CPU second\n\
         keywords: {} bytes, views included, {:.2} GB per CPU second\n",
        profile.files,
        profile.bytes,
        rate(profile.bytes, profile.nanos),
        costs.bytes,
        rate(costs.bytes, costs.prefilter),
    );
    if profile.unread > 0 {
        let _ = writeln!(out, "{} files could not be read", profile.unread);
    }
    out
}

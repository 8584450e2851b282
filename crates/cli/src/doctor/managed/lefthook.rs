//! The order of lefthook, as version 2.2.2 was seen to run: jobs as they are listed, then commands
//! (those with a priority first, then by name), then scripts; and what `stage_fixed` changes is
//! staged when all of them are over, whatever the order.

use super::Later;

/// One job, command or script.
#[derive(Debug)]
struct Step<'l> {
    name: &'l str,
    lines: Vec<&'l str>,
}

impl Step<'_> {
    fn is_ours(&self) -> bool {
        self.lines.iter().any(|l| l.contains("lychgate-hook"))
    }

    /// Where a command stands among commands.
    fn rank(&self) -> (u64, &str) {
        let of = |l: &&str| l.strip_prefix("priority:")?.trim().parse().ok();
        let priority = self.lines.iter().find_map(of).filter(|n| *n > 0);
        (priority.unwrap_or(u64::MAX), self.name)
    }
}

/// What runs beside or after ours at `pre-commit`; `lines` of YAML without comments.
pub(super) fn later(lines: &[&str]) -> Vec<Later> {
    let section: Vec<&str> = lines
        .iter()
        .skip_while(|l| !l.starts_with("pre-commit:"))
        .skip(1)
        .take_while(|l| l.starts_with([' ', '\t']))
        .copied()
        .collect();
    if !section.iter().any(|l| l.contains("lychgate-hook")) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let has = |what: &str| section.iter().any(|l| l.trim() == what);
    if has("parallel: true") {
        let mend = "remove `parallel: true` from pre-commit";
        out.push(Later::mended(
            "`parallel: true` runs others beside lychgate",
            mend,
        ));
    }
    if has("stage_fixed: true") {
        out.push(Later::mended(
            "`stage_fixed` stages files when lychgate has run",
            "put `git add` into that command instead; pre-push judges what was committed",
        ));
    }
    let jobs = steps(&section, "jobs:");
    let commands = steps(&section, "commands:");
    let scripts = steps(&section, "scripts:");
    let after: Option<&str> = if let Some(ours) = jobs.iter().position(Step::is_ours) {
        let next = jobs.get(ours + 1).or(commands.first()).or(scripts.first());
        next.map(|s| s.name)
    } else if let Some(ours) = commands.iter().find(|c| c.is_ours()) {
        let next = commands.iter().find(|c| c.rank() > ours.rank());
        next.or(scripts.first()).map(|s| s.name)
    } else {
        let ours = scripts.iter().find(|s| s.is_ours());
        let next = ours.and_then(|ours| scripts.iter().find(|s| s.rank() > ours.rank()));
        next.map(|s| s.name)
    };
    if let Some(name) = after {
        out.push(Later::mended(
            format!("`{name}` runs after lychgate"),
            "lefthook runs jobs, then commands by priority and name, then scripts",
        ));
    }
    out
}

/// The steps below one key of the section.
fn steps<'l>(section: &[&'l str], key: &str) -> Vec<Step<'l>> {
    let depth = |l: &str| l.len() - l.trim_start().len();
    let Some(at) = section.iter().position(|l| l.trim() == key) else {
        return Vec::new();
    };
    let above = section.get(at).map_or(0, |l| depth(l));
    let mut out: Vec<Step<'l>> = Vec::new();
    let mut own = None;
    for line in section.iter().skip(at + 1) {
        let deep = depth(line);
        let item = line.trim_start().starts_with("- ");
        if deep < above || (deep == above && !item) {
            break;
        }
        let text = line.trim().trim_start_matches("- ");
        if deep <= *own.get_or_insert(deep) {
            let name = text.strip_prefix("name:").unwrap_or(text).trim();
            let name = name.trim_end_matches(':').trim_matches(['"', '\'']);
            out.push(Step {
                name,
                lines: Vec::new(),
            });
        }
        if let Some(step) = out.last_mut() {
            step.lines.push(text);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::manager::Manager;

    fn told(text: &str) -> Vec<String> {
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        later(&lines).into_iter().map(|l| l.what).collect()
    }

    /// The snippet, with more in its section of `pre-commit`.
    fn with(more: &str) -> String {
        let text = Manager::Lefthook.snippet();
        let comments = text.lines().filter(|l| !l.starts_with('#'));
        let text = comments.collect::<Vec<_>>().join("\n");
        text.replacen("pre-commit:\n", &format!("pre-commit:\n{more}"), 1)
    }

    #[test]
    fn what_runs_before_is_nothing_to_tell() {
        for more in [
            "",
            "  piped: true\n",
            "  jobs:\n    - name: zzz\n      run: fmt\n    - run: fmt\n",
            "  jobs:\n  - name: zzz\n    run: fmt\n",
        ] {
            assert!(
                told(&with(more)).is_empty(),
                "{more}: {:?}",
                told(&with(more))
            );
        }
        for command in [
            "    aa:\n      run: fmt\n",
            "    zzz:\n      run: fmt\n      priority: 9\n",
        ] {
            let text = with("").replacen("  commands:\n", &format!("  commands:\n{command}"), 1);
            assert!(told(&text).is_empty(), "{command}");
        }
        assert!(
            told("pre-commit:\n  parallel: true\n  commands:\n    a:\n      run: b\n").is_empty()
        );
    }

    #[test]
    fn what_runs_beside_or_after_is_named() {
        for (more, name) in [
            ("  parallel: true\n", "`parallel: true`"),
            ("  scripts:\n    \"a.sh\":\n      runner: sh\n", "`a.sh`"),
            (
                "  jobs:\n    - run: fmt\n      stage_fixed: true\n",
                "`stage_fixed`",
            ),
        ] {
            let said = told(&with(more));
            assert!(said.len() == 1 && said[0].starts_with(name), "{said:?}");
        }
        for command in [
            "    zzz:\n      run: fmt\n",
            "    zzz:\n      priority: 0\n      run: fmt\n",
        ] {
            let text = with("").replacen("  commands:\n", &format!("  commands:\n{command}"), 1);
            assert_eq!(told(&text), ["`zzz` runs after lychgate"]);
        }
        let jobs = "pre-commit:\n  jobs:\n    - name: gate\n      run: lychgate-hook pre-commit\n";
        assert!(told(jobs).is_empty());
        let more = format!("{jobs}    - name: fmt\n      run: fmt\n");
        assert_eq!(told(&more), ["`fmt` runs after lychgate"]);
        let more = format!("{jobs}  commands:\n    a:\n      run: fmt\n");
        assert_eq!(told(&more), ["`a` runs after lychgate"]);
    }
}

//! What a layer asks of single rules and of files: a severity raised at some paths, and how large
//! a file may be. Both only tighten, so that layers add up.

use lychgate_model::{Problem, RuleId, Severity, limits, pattern};

use crate::document::{Placed, Section};
use crate::layer::Layer;
use crate::policy::Policy;

/// `[[raise]]`: findings of one rule are worse at some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raise {
    /// Exactly this rule.
    pub rule: RuleId,
    /// Patterns over whole paths; none: everywhere.
    pub paths: Vec<String>,
    /// At least this bad.
    pub severity: Severity,
}

impl Raise {
    fn fits(&self, rule: &RuleId, path: &[u8]) -> bool {
        let here = |p: &String| pattern::matches(p.as_bytes(), path);
        self.rule == *rule && (self.paths.is_empty() || self.paths.iter().any(here))
    }
}

/// Reads `[[raise]]`.
pub(crate) fn raises(root: &Section<'_, '_>) -> Vec<Raise> {
    let severity = |name: &str| Severity::ALL.into_iter().find(|s| s.name() == name);
    let mut patterns = 0;
    root.sections("raise", |entry| {
        entry.required("rule");
        let rule = entry.word("rule", "a rule id", RuleId::new);
        let mut paths = Vec::new();
        for path in entry.list("paths") {
            patterns += 1;
            let problem = match path.value.as_str() {
                "" => "is empty".to_owned(),
                long if long.len() > limits::PATTERN => {
                    format!("longer than {} bytes", limits::PATTERN)
                }
                rooted if rooted.starts_with('/') => "paths begin at the top, without `/`".into(),
                _ if patterns > limits::PATTERNS => {
                    format!("more than {} patterns", limits::PATTERNS)
                }
                _ => {
                    paths.push(path.value);
                    continue;
                }
            };
            entry.refuse("paths", &path, problem, "write it as in `docs/**`");
        }
        entry.required("severity");
        let severity = entry.word("severity", "low, medium, high or critical", severity);
        Some(Raise {
            rule: rule?.value,
            paths,
            severity: severity?.value,
        })
    })
}

/// Reads `[tree] largest`: bytes.
pub(crate) fn largest(root: &Section<'_, '_>) -> Option<Placed<u64>> {
    root.section("tree", |tree| {
        tree.word("largest", "a size as \"500KiB\" or \"10MiB\"", size)
    })
    .flatten()
}

/// A number of bytes as people write it; at least one byte.
fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim_start() {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|n| (1..1 << 30).contains(n))?;
    Some(number << shift)
}

/// The same for people, exact.
pub fn sized(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = |shift: &u32| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.iter().find(|(shift, _)| whole(shift)) {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} bytes"),
    }
}

/// A size limit in force, and the layer that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Largest {
    bytes: u64,
    layer: String,
}

impl Largest {
    pub(crate) fn of(layer: &Layer) -> Option<Self> {
        let bytes = layer.largest.as_ref()?.value;
        let layer = layer.name.clone();
        Some(Self { bytes, layer })
    }

    /// Takes what `layer` asks for, or says that it would loosen.
    pub(crate) fn tighten(standing: &mut Option<Self>, layer: &Layer) -> Option<Problem> {
        let asked = layer.largest.as_ref()?;
        if let Some(by) = standing.as_ref().filter(|s| s.bytes < asked.value) {
            return Some(Problem {
                file: layer.name.clone(),
                line: asked.line,
                column: asked.column,
                key: "tree.largest".to_owned(),
                message: format!(
                    "{} would loosen {}, which {} sets",
                    sized(asked.value),
                    sized(by.bytes),
                    by.layer
                ),
                help: "a lower layer can only tighten: remove the line, or make it stricter".into(),
            });
        }
        *standing = Self::of(layer);
        None
    }
}

impl Policy {
    /// How bad a finding of `rule` at `path` is where the rule itself says `severity`.
    pub fn raised(&self, rule: &RuleId, path: &[u8], severity: Severity) -> Severity {
        let layers = self.layers().iter();
        let here = layers
            .flat_map(|l| &l.raises)
            .filter(|r| r.fits(rule, path));
        here.map(|r| r.severity)
            .max()
            .unwrap_or(severity)
            .max(severity)
    }

    /// Bytes a file may have; `None`: any number.
    pub fn largest(&self) -> Option<u64> {
        self.largest_set().map(|l| l.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_said() {
        for (text, want) in [
            ("10MiB", Some(10 << 20)),
            ("500 KiB", Some(500 << 10)),
            ("2GiB", Some(2 << 30)),
            ("0MiB", None),
            ("10", None),
            ("10MB", None),
            ("MiB", None),
            ("-1MiB", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(size(text), want, "{text}");
        }
        assert_eq!(sized(10 << 20), "10 MiB");
        assert_eq!(sized((10 << 20) + 1), "10485761 bytes");
        assert_eq!(sized(1536 << 10), "1536 KiB");
    }
}

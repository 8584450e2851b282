//! Paths and ref names as they may be shown: a secret inside one is masked in every channel.

use lychgate_model::path::printable;
use lychgate_model::{Category, Source};
use lychgate_scan::Scanned;

use crate::session::Session;

impl Session {
    /// A path with the secrets in it masked, in its own bytes.
    pub(crate) fn masked_path(&mut self, path: &[u8]) -> Vec<u8> {
        let mut out = Scanned::default();
        let rules = self.engine.rules();
        // What the path says by itself is no secret: it is what people have to see.
        let (key, scratch) = (self.state.key(), &mut self.scratch);
        rules.scan_text(Source::Path, path, key, scratch, &mut out);
        masked(path, &self.secrets(&out))
    }

    /// The same for people.
    pub(crate) fn shown_path(&mut self, path: &[u8]) -> String {
        printable(&self.masked_path(path))
    }

    /// A ref name with the secrets in it masked.
    pub(crate) fn masked_reference(&mut self, name: &[u8]) -> Vec<u8> {
        let mut out = Scanned::default();
        let rules = self.engine.rules();
        rules.scan_text(
            Source::Ref,
            name,
            self.state.key(),
            &mut self.scratch,
            &mut out,
        );
        masked(name, &self.secrets(&out))
    }

    /// The same for people.
    pub(crate) fn shown_reference(&mut self, name: &[u8]) -> String {
        printable(&self.masked_reference(name))
    }

    fn secrets(&self, scanned: &Scanned) -> Vec<(usize, usize, String)> {
        let secret = |rule: u32| {
            let rule = usize::try_from(rule)
                .ok()
                .and_then(|at| self.engine.rules().rules().get(at));
            rule.is_none_or(|r| r.category == Category::Secret)
        };
        let found = scanned.findings.iter().filter(|f| secret(f.rule));
        let spans = found.filter_map(|f| {
            let start = usize::try_from(f.span.byte_start).ok()?;
            let end = usize::try_from(f.span.byte_end).ok()?;
            Some((start, end, f.masked.to_string()))
        });
        let mut spans: Vec<_> = spans.collect();
        spans.sort();
        spans
    }
}

/// `bytes` with every span replaced; overlapping spans become one.
fn masked(bytes: &[u8], spans: &[(usize, usize, String)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for (start, end, mask) in spans {
        if *start >= at {
            out.extend_from_slice(bytes.get(at..*start).unwrap_or_default());
            out.extend_from_slice(mask.as_bytes());
        }
        at = at.max(*end);
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn spans_are_replaced_and_overlaps_joined() {
        let mask = |s, e| (s, e, "*".to_owned());
        assert_eq!(masked(b"abcdef", &[]), b"abcdef");
        assert_eq!(masked(b"abcdef", &[mask(1, 3)]), b"a*def");
        assert_eq!(masked(b"abcdef", &[mask(1, 3), mask(2, 5)]), b"a*f");
        assert_eq!(masked(b"abcdef", &[mask(0, 6)]), b"*");
        assert_eq!(masked(b"abcdef", &[mask(4, 9)]), b"abcd*");
    }
}

//! How sure a finding is where it stands, and which of two about the same bytes speaks.

use lychgate_model::{Confidence, Severity, Source};
use lychgate_scan::shown::is_shown;
use lychgate_scan::{Home, RawFinding, Rule};

/// How sure a finding is at its path, which is empty where none is known; `None`: without a shape,
/// and not sure enough to be told.
pub(crate) fn sure_at(raw: &RawFinding, rule: &Rule, path: &[u8]) -> Option<Confidence> {
    if raw.evidence.is_none() {
        return Some(match is_shown(raw, rule, path) {
            true => raw.confidence.min(Confidence::Low),
            false => raw.confidence,
        });
    }
    let path = match raw.source {
        Source::Blob => path,
        _ => &[],
    };
    raw.evidence.at(path).confidence()
}

/// Where a rule that knows the shape applies to a value, those that do not are silent, unless they
/// are surer at this path: then they speak for it.
pub(crate) fn keep_the_shaped(here: &mut Vec<(&RawFinding, &Rule)>, path: &[u8]) {
    if here.iter().all(|(raw, _)| raw.evidence.is_none()) {
        return;
    }
    type Told = ((Source, Home), Option<Confidence>, Severity);
    let of = |shaped: bool| -> Vec<Told> {
        let of = here
            .iter()
            .filter(|(raw, _)| raw.evidence.is_none() == shaped);
        of.map(|(raw, rule)| {
            let place = (raw.source, raw.home);
            (place, sure_at(raw, rule, path), raw.severity)
        })
        .collect()
    };
    let (shaped, shapeless) = (of(true), of(false));
    here.retain(|(raw, rule)| {
        let sure = sure_at(raw, rule, path);
        // Bytes of a path are none of the content.
        let over = |other: &Told| {
            let (source, home) = other.0;
            source == raw.source && home.overlaps(&raw.home)
        };
        match raw.evidence.is_none() {
            true => !shapeless
                .iter()
                .any(|s| over(s) && s.1 > sure && s.2 >= raw.severity),
            false => !shaped
                .iter()
                .any(|s| over(s) && (s.1 >= sure || s.2 > raw.severity)),
        }
    });
}

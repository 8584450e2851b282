//! A repository's baseline, read like policy (contract 8): a finding whose rule and value it lists
//! is recognised by the scan. Whether that excuses it, policy says.

use std::sync::Arc;

use lychgate_model::{Problem, Surface};
use lychgate_policy::Listed;
use lychgate_scan::{Baseline, Recalled};
use lychgate_wire::frame::DocumentSide;

use crate::engine::Engine;
use crate::session::{Paper, PaperContent};

/// Where it stands.
pub(crate) const PATH: &str = ".lychgate/baseline";
/// Of what stood before comes first: an entry that stands already is not one that is added.
const SIDES: [DocumentSide; 2] = [DocumentSide::Base, DocumentSide::Index];

/// The engine that recognises what the baselines that count list: at a client what HEAD and the
/// index hold, at a server, where the organisation accepts it, what stood before the push. With it
/// the problems of each side.
pub(crate) fn adopt(
    engine: &Arc<Engine>,
    surface: Surface,
    papers: &[Paper],
) -> (Arc<Engine>, Vec<(DocumentSide, Vec<Problem>)>) {
    let nothing = (engine.clone(), Vec::new());
    if !engine.organisation().counts_baseline(surface) {
        return nothing;
    }
    let mut broken = Vec::new();
    let mut read = [Baseline::default(), Baseline::default()];
    let mut key = b"baseline\0".to_vec();
    for (side, listed) in SIDES.into_iter().zip(&mut read) {
        if side == DocumentSide::Index && surface == Surface::Server {
            continue;
        }
        let paper = papers.iter().find(|p| p.path == PATH && p.side == side);
        let found = match paper.map(|p| &p.content) {
            None | Some(PaperContent::Absent) => continue,
            Some(PaperContent::Unusable(why)) => Err(vec![whole(why)]),
            Some(PaperContent::Bytes(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => Baseline::parse(PATH, text),
                Err(_) => Err(vec![whole("not UTF-8")]),
            },
        };
        match found {
            Ok(found) => *listed = found,
            Err(problems) => broken.push((side, problems)),
        }
    }
    for listed in &read {
        key.push(0xff);
        for entry in listed.entries() {
            key.extend_from_slice(entry.to_string().as_bytes());
        }
    }
    if read.iter().all(|b| b.entries().is_empty()) {
        return (nothing.0, broken);
    }
    let made = engine.adopted().get_or(&key, || {
        let rules = engine.rules().recalling(&[&read[0], &read[1]]);
        Ok(Arc::new(engine.with_rules(rules)))
    });
    (made.unwrap_or(nothing.0), broken)
}

/// Which baseline lists a finding.
pub(crate) fn listed(recalled: &Recalled) -> Option<Listed> {
    let known = recalled.known?;
    Some(match SIDES.get(usize::from(known.baseline)) {
        Some(DocumentSide::Base) => Listed::Before,
        _ => Listed::Added,
    })
}

fn whole(message: &str) -> Problem {
    Problem {
        file: PATH.to_owned(),
        line: 0,
        column: 0,
        key: String::new(),
        message: message.to_owned(),
        help: String::new(),
    }
}

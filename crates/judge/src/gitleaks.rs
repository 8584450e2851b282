//! A repository's `.gitleaks.toml`, read like policy (contract 3.4): its rules join the engine of
//! this session. Compiled once per content, and kept while few others come.

use std::sync::{Arc, Mutex, PoisonError};

use lychgate_model::{Digest, Problem, Surface};
use lychgate_scan::PackSource;
use lychgate_wire::frame::DocumentSide;
use sha2::{Digest as _, Sha256};

use crate::engine::Engine;
use crate::session::{Paper, PaperContent};

/// Where it stands.
pub(crate) const PATH: &str = ".gitleaks.toml";
/// Engines kept beside the one that stands.
const KEPT: usize = 2;

type Made = Result<Arc<Engine>, Vec<Problem>>;

/// The engines made of one engine and the files of repositories, latest last.
#[derive(Debug, Default)]
pub(crate) struct Adopted(Mutex<Vec<(Digest, Made)>>);

impl Adopted {
    /// What was made of these bytes before, or is made now.
    pub(crate) fn get_or(&self, text: &[u8], make: impl FnOnce() -> Made) -> Made {
        let digest = Digest(Sha256::digest(text).into());
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lock().iter().find(|(d, _)| *d == digest).cloned();
        // Made without the lock: another session may make the same, and that is all.
        let made = kept.map_or_else(make, |(_, made)| made);
        let mut all = lock();
        all.retain(|(d, _)| *d != digest);
        if all.len() >= KEPT {
            all.drain(..1);
        }
        all.push((digest, made.clone()));
        made
    }
}

/// The engine with the rules of the files that count: at a server what stood before the push, at a
/// client what HEAD and the index hold. With it the problems of each side.
pub(crate) fn adopt(
    engine: &Arc<Engine>,
    surface: Surface,
    papers: &[Paper],
) -> (Arc<Engine>, Vec<(DocumentSide, Vec<Problem>)>) {
    let mut texts: Vec<&[u8]> = Vec::new();
    let mut broken = Vec::new();
    for paper in papers.iter().filter(|p| p.path == PATH) {
        let content = match &paper.content {
            PaperContent::Absent => continue,
            PaperContent::Bytes(bytes) => bytes.as_slice(),
            PaperContent::Unusable(why) => {
                broken.push((paper.side, vec![whole(why.clone())]));
                continue;
            }
        };
        if texts.contains(&content) {
            continue;
        }
        match made(engine, content) {
            Ok(_) => {
                let judges = match surface {
                    Surface::Client => paper.side != DocumentSide::Target,
                    Surface::Server => paper.side == DocumentSide::Base,
                };
                if judges {
                    texts.push(content);
                }
            }
            Err(problems) => broken.push((paper.side, problems)),
        }
    }
    let with = texts.iter().fold(engine.clone(), |engine, text| {
        made(&engine, text).unwrap_or(engine)
    });
    (with, broken)
}

fn made(engine: &Arc<Engine>, bytes: &[u8]) -> Made {
    engine.adopted().get_or(bytes, || {
        let text = std::str::from_utf8(bytes).map_err(|_| vec![whole("not UTF-8".to_owned())])?;
        let source = PackSource { name: PATH, text };
        let trusted = engine.organisation().trusts_gitleaks();
        let rules = engine.rules().adopting(source, trusted)?;
        Ok(Arc::new(engine.with_rules(rules)))
    })
}

fn whole(message: String) -> Problem {
    Problem {
        file: PATH.to_owned(),
        line: 0,
        column: 0,
        key: String::new(),
        message,
        help: String::new(),
    }
}

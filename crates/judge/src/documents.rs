//! The repository's policy, from the documents a client sent (contract 3.1).

use lychgate_model::{Problem, Reason, ReasonCode, RefKind, RefUpdate, Surface};
use lychgate_policy::{Organisation, Policy, RepositoryPolicy, repository};
use lychgate_wire::frame::DocumentSide;

use crate::session::{Paper, PaperContent};

/// The policy in force: the floor, tightened at a server by what stood before the push, at a client
/// by the stricter of HEAD and index. What cannot be used tightens nothing and is a reason to deny;
/// at a client an index that mends what HEAD has broken is not denied for it.
///
/// `anchor`: at a server, how the push moves the branch HEAD names. What it brings there never
/// decides over the push itself, but it has to be usable, and it may mend what stands.
pub(crate) fn policy(
    organisation: &Organisation,
    surface: Surface,
    papers: &[Paper],
    head: &[u8],
    anchor: Option<&RefUpdate>,
) -> (Policy, Vec<Reason>) {
    let sides = Sides {
        surface,
        head,
        anchor,
    };
    let mut usable = Vec::new();
    let mut broken: Vec<(DocumentSide, Vec<Problem>)> = Vec::new();
    for paper in papers.iter().filter(|p| p.path == repository::PATH) {
        if !sides.counts(paper.side) {
            continue;
        }
        match read(organisation, &paper.content) {
            Ok(Some(policy)) if paper.side != DocumentSide::Target => usable.push(policy),
            Ok(_) => {}
            Err(problems) => broken.push((paper.side, problems)),
        }
    }
    let composed = Policy::compose(organisation, &usable);
    let policy = composed.unwrap_or_else(|_| Policy::floor(organisation));
    (policy, sides.reasons(papers, repository::PATH, broken))
}

/// Which sides of a document count, and when a broken one is forgiven.
pub(crate) struct Sides<'a> {
    pub(crate) surface: Surface,
    /// The branch HEAD names.
    pub(crate) head: &'a [u8],
    /// At a server, how the push moves it.
    pub(crate) anchor: Option<&'a RefUpdate>,
}

impl Sides<'_> {
    fn counts(&self, side: DocumentSide) -> bool {
        match self.surface {
            Surface::Client => matches!(side, DocumentSide::Base | DocumentSide::Index),
            Surface::Server => match side {
                DocumentSide::Base => true,
                DocumentSide::Target => self.anchor.is_some(),
                DocumentSide::Index => false,
            },
        }
    }

    /// What is said of the broken sides of the document at `path`: nothing where this very change
    /// mends it.
    pub(crate) fn reasons(
        &self,
        papers: &[Paper],
        path: &str,
        mut broken: Vec<(DocumentSide, Vec<Problem>)>,
    ) -> Vec<Reason> {
        broken.retain(|(side, _)| self.counts(*side));
        let there = |side| papers.iter().any(|p| p.path == path && p.side == side);
        let is_broken = |side| broken.iter().any(|(s, _)| *s == side);
        let mended = match self.surface {
            Surface::Client => there(DocumentSide::Index) && !is_broken(DocumentSide::Index),
            // History that is rewritten mends nothing: what was accepted stays below the repair.
            Surface::Server => {
                there(DocumentSide::Target)
                    && !is_broken(DocumentSide::Target)
                    && self.anchor.is_some_and(|u| u.kind == RefKind::FastForward)
            }
        };
        if mended {
            return Vec::new();
        }
        let mut problems: Vec<(Problem, bool)> = Vec::new();
        for (side, found) in broken {
            let stands = self.surface == Surface::Server && side == DocumentSide::Base;
            problems.extend(found.into_iter().map(|p| (p, stands)));
        }
        // A fault that stands already is told once, as one that stands.
        problems.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        problems.dedup_by(|a, b| a.0 == b.0);
        let branch = self.head.strip_prefix(b"refs/heads/").unwrap_or(self.head);
        let branch = lychgate_model::path::printable(branch);
        let told = problems.iter().map(|(problem, stands)| {
            let mut reason = reason(problem);
            if *stands {
                reason.message = format!("{} (on the server's {branch})", reason.message);
                reason.help = format!("push a commit to {branch} that mends {path}");
            }
            reason
        });
        told.collect()
    }
}

/// A document that stands alone under the floor; `None`: nothing stands there.
fn read(
    organisation: &Organisation,
    content: &PaperContent,
) -> Result<Option<RepositoryPolicy>, Vec<Problem>> {
    let whole = |message: String| Problem {
        file: repository::PATH.to_owned(),
        line: 0,
        column: 0,
        key: String::new(),
        message,
        help: String::new(),
    };
    let bytes = match content {
        PaperContent::Absent => return Ok(None),
        PaperContent::Unusable(why) => return Err(vec![whole(why.clone())]),
        PaperContent::Bytes(bytes) => bytes,
    };
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        vec![Problem {
            line,
            ..whole("not UTF-8".into())
        }]
    })?;
    let (made, problems) = RepositoryPolicy::parse(repository::PATH, text);
    let Some(made) = made else {
        return Err(problems);
    };
    Policy::compose(organisation, std::slice::from_ref(&made))?;
    Ok(Some(made))
}

fn reason(problem: &Problem) -> Reason {
    let placed = Problem {
        help: String::new(),
        ..problem.clone()
    };
    Reason {
        code: ReasonCode::Policy,
        message: lychgate_model::path::printable(placed.to_string().as_bytes()),
        help: lychgate_model::path::printable(problem.help.as_bytes()),
    }
}

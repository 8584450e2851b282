//! The repository's policy, from the documents a client sent (contract 3.1).

use lychgate_model::{Problem, Reason, ReasonCode, Surface};
use lychgate_policy::{Organisation, Policy, RepositoryPolicy, repository};
use lychgate_wire::frame::DocumentSide;

use crate::session::{Paper, PaperContent};

/// The policy in force: the floor, tightened at a server by what stood before the push, at a client
/// by the stricter of HEAD and index. What cannot be used tightens nothing and is a reason to deny;
/// at a client an index that mends what HEAD has broken is not denied for it.
pub(crate) fn policy(
    organisation: &Organisation,
    surface: Surface,
    papers: &[Paper],
) -> (Policy, Vec<Reason>) {
    let mut usable = Vec::new();
    let mut broken: Vec<(DocumentSide, Vec<Problem>)> = Vec::new();
    for paper in papers {
        let counts = match surface {
            Surface::Client => matches!(paper.side, DocumentSide::Base | DocumentSide::Index),
            Surface::Server => paper.side == DocumentSide::Base,
        };
        if !counts {
            continue;
        }
        match read(organisation, &paper.content) {
            Ok(Some(policy)) => usable.push(policy),
            Ok(None) => {}
            Err(problems) => broken.push((paper.side, problems)),
        }
    }
    let index = papers.iter().any(|p| p.side == DocumentSide::Index);
    let index_broken = broken.iter().any(|(side, _)| *side == DocumentSide::Index);
    if surface == Surface::Client && index && !index_broken {
        broken.clear();
    }
    let composed = Policy::compose(organisation, &usable);
    let policy = composed.unwrap_or_else(|_| Policy::floor(organisation));
    let mut problems: Vec<Problem> = broken.into_iter().flat_map(|(_, p)| p).collect();
    problems.sort();
    problems.dedup();
    (policy, problems.iter().map(reason).collect())
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

//! What a client says before Ready: documents become the policy, refs and policy the plan. Where
//! there is anything to read it is work like a scan, for documents and ref names are the client's.

use std::sync::Arc;

use lychgate_model::{Hook, Reason, RefUpdate, Surface, limits};
use lychgate_policy::Policy;

use crate::contract::Contract;
use crate::documents::Sides;
use crate::engine::Engine;
use crate::reply::Reply;
use crate::session::{Asking, Paper, PaperContent, Session};
use crate::work::Failure;

/// Ref names up to so many bytes are planned for at once, without documents: that is no work.
const FEW: usize = 1 << 10;

/// What a policy and a plan are made of.
pub(crate) struct Opening {
    pub(crate) asking: Asking,
    pub(crate) papers: Vec<Paper>,
    pub(crate) refs: Vec<RefUpdate>,
    pub(crate) ref_bytes: usize,
}

/// What came of it.
pub(crate) struct Opened {
    engine: Arc<Engine>,
    refs: Vec<RefUpdate>,
    policy: Policy,
    reasons: Vec<Reason>,
    contract: Contract,
    notes: Vec<String>,
    /// `None`: more than is planned for.
    plan: Option<Plan>,
}

struct Plan {
    patterns: Vec<(Vec<u8>, bool)>,
    trailers: bool,
}

impl Opening {
    /// Bytes to be read.
    pub(crate) fn bytes(&self) -> usize {
        let paper = |p: &Paper| match &p.content {
            PaperContent::Bytes(bytes) => bytes.len(),
            PaperContent::Absent | PaperContent::Unusable(_) => 0,
        };
        self.ref_bytes + self.papers.iter().map(paper).sum::<usize>()
    }

    fn is_nothing(&self) -> bool {
        let read = |p: &Paper| matches!(p.content, PaperContent::Bytes(_));
        self.ref_bytes <= FEW && !self.papers.iter().any(read)
    }

    pub(crate) fn run(self, engine: &Arc<Engine>) -> Opened {
        let Self {
            asking,
            papers,
            refs,
            ref_bytes,
        } = self;
        for paper in &papers {
            if let PaperContent::Bytes(bytes) = &paper.content {
                engine.fail_if_asked(bytes);
            }
        }
        let surface = asking.hook.surface();
        let anchor = refs.iter().find(|u| u.name == asking.head);
        let organisation = engine.organisation();
        let (policy, mut reasons) =
            crate::documents::policy(organisation, surface, &papers, &asking.head, anchor);
        let (adopted, broken) = crate::gitleaks::adopt(engine, surface, &papers);
        let idle = adopted.rules().without_effect().to_vec();
        let adopted = crate::stores::approving(adopted, &policy);
        let (contract, mut notes) = Contract::of(&papers);
        notes.extend(idle);
        let sides = Sides {
            surface,
            head: &asking.head,
            anchor,
        };
        reasons.extend(sides.reasons(&papers, crate::gitleaks::PATH, broken));
        let (adopted, broken) = crate::baseline::adopt(&adopted, surface, &papers);
        reasons.extend(sides.reasons(&papers, crate::baseline::PATH, broken));
        let plan = (ref_bytes.saturating_mul(policy.steps()) <= limits::REF_STEPS).then(|| {
            let server = surface == Surface::Server;
            let head: &[u8] = if server { &asking.head } else { b"" };
            // History that stands was written before anybody asked for trailers.
            let trailers = match asking.hook {
                Hook::CommitMsg => true,
                Hook::CheckAll => false,
                _ => policy.requires_trailers(&refs, head),
            };
            let patterns = match server {
                true => policy.plan(&refs, head),
                false => Vec::new(),
            };
            Plan { patterns, trailers }
        });
        Opened {
            engine: adopted,
            refs,
            policy,
            reasons,
            contract,
            notes,
            plan,
        }
    }
}

impl Session {
    pub(crate) fn ready(&mut self) {
        let Some(asking) = self.asking.clone() else {
            return;
        };
        let opening = Opening {
            asking,
            papers: std::mem::take(&mut self.papers),
            refs: std::mem::take(&mut self.refs),
            ref_bytes: self.ref_bytes,
        };
        if opening.is_nothing() {
            let opened = opening.run(&self.engine);
            self.opened(Ok(Box::new(opened)));
        } else {
            self.open_with(opening);
        }
    }

    /// Goes on with the policy in force.
    pub(crate) fn opened(&mut self, opened: Result<Box<Opened>, Failure>) {
        let Ok(opened) = opened else {
            self.faulted("reading the policy failed");
            return;
        };
        self.engine = opened.engine;
        if let Some(shared) = &mut self.shared {
            shared.engine = self.engine.clone();
        }
        self.refs = opened.refs;
        self.policy = opened.policy;
        self.reasons.extend(opened.reasons);
        self.contract = opened.contract;
        self.notes.extend(opened.notes);
        let Some(plan) = opened.plan else {
            let message = "too many refs for this many patterns in the policy".to_owned();
            return self.refuse_refs(message);
        };
        if plan.trailers
            && let Some(shared) = &mut self.shared
        {
            shared.trailers = self.policy.trailers().into();
        }
        self.say(Reply::Plan(plan.patterns));
    }
}

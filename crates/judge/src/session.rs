//! One conversation: frames in, work and replies out.

use std::collections::{HashMap, VecDeque};
use std::hash::RandomState;
use std::sync::Arc;

use jiff::civil::Date;
use lychgate_model::{
    Coverage, Decision, Hook, ObjectId, Reason, ReasonCode, RefUpdate, RuleId, Severity, Surface,
    Tally, limits,
};
use lychgate_policy::Policy;
use lychgate_scan::{Scanned, Scratch};
use lychgate_wire::Order;
use lychgate_wire::frame::{DocumentContent, DocumentSide, Frame, RefuseCode};
use lychgate_wire::tally::Counter;

use crate::cache::Cache;
use crate::contract::Contract;
use crate::engine::Engine;
use crate::hits::Hits;
use crate::ids::Ids;
use crate::intake::Intake;
use crate::opening::Opening;
use crate::places::Questions;
use crate::promised::Promised;
use crate::removed::Removed;
use crate::reply::{Refusal, Reply};
use crate::state::State;
use crate::work::{Failure, Shared, Work, WorkDone};

/// What the driver of a session knows.
#[derive(Clone, Debug)]
pub struct Context {
    /// The uid at the other end; its own shelf of the cache.
    pub peer: u32,
    /// The judge's day, UTC.
    pub today: Date,
    /// Correlates hook and log, 16 hex digits; empty in process.
    pub request: String,
    /// Version of the program, for Hello.
    pub build: String,
    /// Capability bits beside the session's own, e.g. [`caps::SPAWNED`].
    pub capabilities: u64,
}

/// What a log says of a session; holds no secret.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was asked; `None` before Facts.
    pub hook: Option<Hook>,
    /// The repository's label.
    pub repository: String,
    /// The answer; `None` before the verdict.
    pub decision: Option<Decision>,
    /// What was judged.
    pub coverage: Coverage,
    /// Rules cited by blocking findings, each once.
    pub rules: Vec<RuleId>,
    /// Codes of the reasons.
    pub reasons: Vec<ReasonCode>,
}

/// Facts that outlive their frame.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) hook: Hook,
    pub(crate) want_findings: bool,
    pub(crate) repository: Vec<u8>,
    pub(crate) head: Vec<u8>,
    pub(crate) head_born: bool,
}

/// A document that outlives its frame.
#[derive(Clone)]
pub(crate) struct Paper {
    /// One of [`crate::DOCUMENTS`].
    pub(crate) path: &'static str,
    pub(crate) side: DocumentSide,
    pub(crate) content: PaperContent,
}

#[derive(Clone)]
pub(crate) enum PaperContent {
    Absent,
    Bytes(Vec<u8>),
    Unusable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The policy is being read, on whatever thread.
    Opening,
    /// Until Done and the last scan.
    Receiving,
    /// A question is open.
    Asking,
    /// The verdict is being weighed, on whatever thread.
    Weighing,
    /// The verdict is among the replies.
    Over,
}

/// Reasons kept of one session; of these only the first are printed.
const REASONS_KEPT: usize = 1000;
/// Raw findings and markers kept of one session.
const RAW: usize = 10 * limits::FINDINGS;

/// One conversation with one client.
pub struct Session {
    pub(crate) engine: Arc<Engine>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) state: Arc<State>,
    pub(crate) context: Context,
    pub(crate) asking: Option<Asking>,
    pub(crate) refs: Vec<RefUpdate>,
    pub(crate) ref_bytes: usize,
    pub(crate) papers: Vec<Paper>,
    pub(crate) policy: Policy,
    pub(crate) shared: Option<Shared>,
    pub(crate) order: Order,
    pub(crate) counter: Counter,
    pub(crate) intake: Intake,
    pub(crate) scratch: Scratch,
    pub(crate) phase: Phase,
    /// Documents and refs, until they are handed out to be read.
    opening: Option<Box<Opening>>,
    /// The driver said that the deadline is near.
    pub(crate) hurried: bool,
    /// The rest is counted and not judged.
    pub(crate) cut: bool,
    /// Everything but the conversation, until it is handed out to be weighed.
    weighing: Option<Box<Session>>,
    pub(crate) claimed: Option<Tally>,
    answered: bool,
    pub(crate) questions: Option<Questions>,
    pub(crate) keyed: RandomState,
    pub(crate) needed: Ids,
    pub(crate) expected: Ids,
    pub(crate) covered: Ids,
    pub(crate) hits: Hits,
    /// What has to be encrypted, and the blobs of which it has to be known where they stand.
    pub(crate) contract: Contract,
    pub(crate) watched: Vec<ObjectId>,
    pub(crate) promised: Promised,
    /// Old sides of a staged change, for what it takes out.
    pub(crate) removed: Removed,
    /// Blobs above the size that the policy sets, with theirs.
    pub(crate) oversized: HashMap<ObjectId, u64>,
    /// The severity from which findings block, once it was asked for.
    pub(crate) blocks: Option<Severity>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) untold: usize,
    kept: usize,
    pub(crate) unlisted: usize,
    pub(crate) notes: Vec<String>,
    pub(crate) coverage: Coverage,
    pub(crate) judged: u64,
    pub(crate) replies: VecDeque<Reply>,
    pub(crate) summary: Summary,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session before the first byte. It keeps this engine to its end.
    pub fn new(
        engine: Arc<Engine>,
        cache: Arc<Cache>,
        state: Arc<State>,
        context: Context,
    ) -> Self {
        let policy = Policy::floor(engine.organisation());
        let coverage = Coverage::default();
        let summary = Summary {
            hook: None,
            repository: String::new(),
            decision: None,
            coverage,
            rules: Vec::new(),
            reasons: Vec::new(),
        };
        Self {
            engine,
            cache,
            state,
            context,
            asking: None,
            refs: Vec::new(),
            ref_bytes: 0,
            papers: Vec::new(),
            policy,
            shared: None,
            order: Order::new(),
            counter: Counter::new(),
            intake: Intake::default(),
            scratch: Scratch::new(),
            phase: Phase::Receiving,
            opening: None,
            hurried: false,
            cut: false,
            weighing: None,
            claimed: None,
            answered: false,
            questions: None,
            keyed: RandomState::new(),
            needed: Ids::default(),
            expected: Ids::default(),
            covered: Ids::default(),
            hits: Hits::default(),
            contract: Contract::default(),
            watched: Vec::new(),
            promised: Promised::default(),
            removed: Removed::default(),
            oversized: HashMap::new(),
            blocks: None,
            reasons: Vec::new(),
            untold: 0,
            kept: 0,
            unlisted: 0,
            notes: Vec::new(),
            coverage,
            judged: 0,
            replies: VecDeque::new(),
            summary,
        }
    }

    /// Takes a frame from the client.
    ///
    /// # Errors
    /// It may not come now, or no session is possible: send the refusal and close.
    pub fn receive(&mut self, frame: &Frame<'_>) -> Result<(), Refusal> {
        if self.phase == Phase::Over {
            // The verdict is given; what was on its way no longer matters.
            return Ok(());
        }
        if self.phase == Phase::Opening {
            return Err(protocol("a frame while the policy is read"));
        }
        self.order
            .receive(frame)
            .map_err(|e| protocol(&e.to_string()))?;
        match frame {
            Frame::Hello(hello) => self.hello(hello)?,
            Frame::Facts(facts) => self.facts(facts),
            Frame::Ref(update) => self.reference(update),
            Frame::Document(document) => {
                let content = match document.content {
                    DocumentContent::Absent => PaperContent::Absent,
                    DocumentContent::Bytes(bytes) => PaperContent::Bytes(bytes.to_vec()),
                    DocumentContent::Unusable(why) => PaperContent::Unusable(why.to_owned()),
                };
                if self.phase == Phase::Asking {
                    self.promised_document(document);
                    return Ok(());
                }
                let known = crate::DOCUMENTS;
                let known = known.iter().find(|p| p.as_bytes() == document.path);
                if let Some(path) = known {
                    self.papers.push(Paper {
                        path,
                        side: document.side,
                        content,
                    });
                }
            }
            Frame::Ready => self.ready(),
            Frame::Offer(ids) => {
                self.offer(ids);
                self.cut_if_late();
            }
            Frame::Entry(entry) => self.entry(entry),
            Frame::Object(object) => self.object(object)?,
            Frame::Data(bytes) => self.data(bytes),
            Frame::Made(made) => self.made(made)?,
            Frame::Unreadable(what) => self.unreadable(what),
            Frame::Done(tally) => {
                self.claimed = Some(*tally);
                self.intake.flush(true);
            }
            Frame::Gone(gone) => {
                let commit = (!gone.commit.is_null()).then_some(gone.commit);
                let paths = self.hits.gone.entry((commit, gone.object)).or_default();
                paths.push(gone.path.to_vec());
            }
            Frame::Nested(path) => self.own_document(path),
            Frame::Place(place) if self.promised.hears_changes() => self.promised_place(place),
            Frame::Place(place) => {
                if let Some(questions) = &mut self.questions {
                    let demanded = self.contract.at(place.path).is_some()
                        || self.oversized.contains_key(&place.object);
                    questions.place(&mut self.hits, demanded, place);
                }
            }
            Frame::Answered => {
                self.answered = true;
                self.intake.flush(true);
            }
            other => return Err(protocol(&format!("{} is not a client's", other.name()))),
        }
        self.advance();
        Ok(())
    }

    /// The next thing to send.
    pub fn reply(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    /// The next thing to scan; take again after every frame and every return.
    pub fn work(&mut self) -> Option<Work> {
        if self.phase == Phase::Over {
            return None;
        }
        if self.phase == Phase::Weighing {
            let session = self.weighing.take()?;
            return Some(Work::verdict(self.shared.as_ref()?, session));
        }
        if self.phase == Phase::Opening {
            let opening = self.opening.take()?;
            return Some(Work::opening(self.shared.as_ref()?, opening));
        }
        self.intake.take(self.shared.as_ref()?)
    }

    /// Takes work back.
    pub fn complete(&mut self, mut done: WorkDone) {
        if let Some(weighed) = done.weighed.take() {
            self.weighed(weighed);
            return;
        }
        if let Some(opened) = done.opened.take() {
            if self.phase == Phase::Opening {
                self.phase = Phase::Receiving;
                self.opened(opened);
            }
            return;
        }
        self.intake.returned(&mut done);
        if self.phase == Phase::Over {
            // Completed objects stay remembered, so that a retry goes on from here.
            self.remember(done.judged);
            return;
        }
        self.remember(done.judged);
        self.cut_if_late();
        self.advance();
    }

    /// Bytes of content held by this session, handed out or not.
    pub fn in_flight(&self) -> usize {
        self.intake.held()
    }

    /// Whether reading on makes sense now: not while content enough for all workers waits.
    pub fn wants_input(&self) -> bool {
        !matches!(self.phase, Phase::Opening | Phase::Weighing | Phase::Over)
            && self.intake.held() < limits::IN_FLIGHT / 2
    }

    /// How far it is; `None`: there is nothing to say.
    pub fn progress(&self) -> Option<Reply> {
        let announced = self.counter.tally().objects;
        let judged = self.judged.min(announced);
        let open = !matches!(self.phase, Phase::Opening | Phase::Over);
        (open && announced > 0).then_some(Reply::Progress { judged, announced })
    }

    /// Whether the verdict is among the replies given out.
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Over && self.replies.is_empty()
    }

    /// What a log says of this session.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    pub(crate) fn surface(&self) -> Surface {
        self.asking
            .as_ref()
            .map_or(Surface::Client, |a| a.hook.surface())
    }

    pub(crate) fn say(&mut self, reply: Reply) {
        self.order.sent(&reply.frame());
        self.replies.push_back(reply);
    }

    /// Adds a reason, unless there are far more than anybody reads; one that denies is kept longer,
    /// for it decides.
    pub(crate) fn tell(&mut self, code: ReasonCode, message: String, help: &str) {
        let room = match code.decision() {
            Decision::Deny => 2 * REASONS_KEPT,
            _ => REASONS_KEPT,
        };
        if self.reasons.len() < room {
            let help = help.to_owned();
            self.reasons.push(Reason {
                code,
                message,
                help,
            });
        } else {
            self.untold += 1;
        }
    }

    /// Whether `scanned` may be kept: memory is bounded whatever a client sends. What is not kept
    /// was not judged, and that is said.
    pub(crate) fn admits(&mut self, scanned: &Scanned) -> bool {
        self.kept += scanned.findings.len() + scanned.markers.len() + 1;
        if self.kept > RAW {
            let message = format!("more than {RAW} findings, the rest was not judged");
            if !self.reasons.iter().any(|r| r.message == message) {
                self.tell(
                    ReasonCode::Unreadable,
                    message,
                    "push or commit less at once",
                );
            }
        }
        self.kept <= RAW
    }

    /// Takes every step that needs nothing more from outside.
    pub(crate) fn advance(&mut self) {
        if !self.intake.is_idle() || self.phase == Phase::Over {
            return;
        }
        match self.phase {
            Phase::Receiving if self.claimed.is_some() => {
                self.compare();
                self.hits.settle();
                self.ask();
            }
            Phase::Asking if self.answered => self.ask(),
            _ => {}
        }
    }

    fn ask(&mut self) {
        self.answered = false;
        if let Some(question) = self.promised_question() {
            self.phase = Phase::Asking;
            self.intake.flush(false);
            self.say(question);
            return;
        }
        if self.questions.is_none() {
            let broken = self.broken_promises();
            self.hits.watch(std::mem::take(&mut self.watched));
            self.hits.settle();
            let hook = self.asking.as_ref().map_or(Hook::CheckStdin, |a| a.hook);
            self.questions = Some(Questions::new(hook, &self.hits, broken));
        }
        let (peer, shelf) = (self.context.peer, self.engine.shelf());
        let cache = self.cache.clone();
        let cached = |ids: &[ObjectId]| cache.get(peer, shelf, ids);
        let tells_gone = self.promised.tells_changes;
        let rules = self.engine.rules().rules();
        let next = self.questions.as_mut();
        let next = next.and_then(|q| q.next(&mut self.hits, tells_gone.then_some(rules), &cached));
        match next.or_else(|| self.removed_question()) {
            Some(question) => {
                self.phase = Phase::Asking;
                self.intake.flush(false);
                self.say(question);
            }
            None => self.weigh(),
        }
    }

    /// What the client says it enumerated against what came (DM-17).
    fn compare(&mut self) {
        let received = self.counter.tally();
        self.coverage.tally = received;
        let missing = self.expected.difference(&self.covered).count() + self.needed.len();
        let equal = self.claimed == Some(received);
        self.coverage.complete = equal && missing == 0;
        let help = "try again; if it stays, report it as a bug";
        let pushed = self.surface() == Surface::Server;
        if pushed && received.refs == 0 {
            self.coverage.complete = false;
            self.tell(
                ReasonCode::Coverage,
                "no ref line was received".to_owned(),
                help,
            );
        }
        if !equal {
            let message = "what was enumerated and what was received differ".to_owned();
            self.tell(ReasonCode::Coverage, message, help);
        } else if missing > 0 {
            let message = format!("{missing} objects of the change were not received");
            self.tell(ReasonCode::Coverage, message, help);
        }
        self.tell_cut();
    }

    /// Hands everything but the conversation out: a verdict over many findings and refs takes
    /// long, and the caller's thread serves others.
    pub(crate) fn weigh(&mut self) {
        let (engine, cache) = (self.engine.clone(), self.cache.clone());
        let bare = Self::new(engine, cache, self.state.clone(), self.context.clone());
        let bare = Self {
            phase: Phase::Weighing,
            asking: self.asking.clone(),
            shared: self.shared.clone(),
            policy: self.policy.clone(),
            counter: self.counter.clone(),
            coverage: self.coverage,
            judged: self.judged,
            summary: self.summary.clone(),
            order: std::mem::replace(&mut self.order, Order::new()),
            replies: std::mem::take(&mut self.replies),
            ..bare
        };
        let whole = std::mem::replace(self, bare);
        self.weighing = Some(Box::new(whole));
    }

    /// Takes back what was handed out, with its verdict.
    fn weighed(&mut self, weighed: Result<Box<Self>, Failure>) {
        match weighed {
            _ if self.phase == Phase::Over => {}
            Ok(whole) => {
                let mut replies = std::mem::take(&mut self.replies);
                *self = *whole;
                replies.append(&mut self.replies);
                self.replies = replies;
            }
            Err(_) => self.faulted("weighing what was found failed"),
        }
    }

    /// Hands what was said before Ready out to be read: no frame makes sense until then.
    pub(crate) fn open_with(&mut self, opening: Opening) {
        self.phase = Phase::Opening;
        self.opening = Some(Box::new(opening));
    }

    pub(crate) fn forget_weighing(&mut self) {
        self.weighing = None;
    }

    pub(crate) fn finish(&mut self) {
        self.phase = Phase::Over;
        self.conclude();
    }
}

/// An id as people quote it.
pub(crate) fn short(id: &ObjectId) -> String {
    id.to_string().chars().take(12).collect()
}

pub(crate) fn protocol(message: &str) -> Refusal {
    Refusal {
        code: RefuseCode::Protocol,
        message: message.to_owned(),
    }
}

//! One conversation: frames in, work and replies out.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use lychgate_model::{
    Coverage, Decision, Hook, ObjectId, Reason, ReasonCode, RefKind, RefUpdate, RuleId,
    Surface, Tally,
};
use lychgate_policy::Policy;
use lychgate_scan::Scratch;
use lychgate_wire::frame::{
    DocumentContent, DocumentSide, Entry, Facts, Frame, Object, RefuseCode, Role, Unreadable, caps,
};
use lychgate_wire::tally::Counter;
use lychgate_wire::{Order, version};

use crate::cache::{Cache, Known};
use crate::engine::Engine;
use crate::hits::{Hits, Named};
use crate::intake::Intake;
use crate::places::Questions;
use crate::reply::{Refusal, Reply};
use crate::state::State;
use crate::work::{Failure, Judged, Shared, What, Work, WorkDone};

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
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) hook: Hook,
    pub(crate) want_findings: bool,
    pub(crate) repository: Vec<u8>,
    pub(crate) head: Vec<u8>,
    pub(crate) head_born: bool,
}

/// A document that outlives its frame.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) side: DocumentSide,
    pub(crate) content: PaperContent,
}

#[derive(Clone, Debug)]
pub(crate) enum PaperContent {
    Absent,
    Bytes(Vec<u8>),
    Unusable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Until Done and the last scan.
    Receiving,
    /// A question is open.
    Asking,
    /// The verdict is among the replies.
    Over,
}

/// Names of things that cannot be judged, and messages about commits, kept of one session.
const REASONS: usize = 20;

/// One conversation with one client.
pub struct Session {
    pub(crate) engine: Arc<Engine>,
    cache: Arc<Cache>,
    pub(crate) state: Arc<State>,
    pub(crate) context: Context,
    pub(crate) asking: Option<Asking>,
    pub(crate) refs: Vec<RefUpdate>,
    papers: Vec<Paper>,
    pub(crate) policy: Policy,
    shared: Option<Shared>,
    order: Order,
    counter: Counter,
    intake: Intake,
    pub(crate) scratch: Scratch,
    phase: Phase,
    claimed: Option<Tally>,
    answered: bool,
    questions: Option<Questions>,
    keyed: RandomState,
    needed: HashSet<u64>,
    expected: HashSet<u64>,
    covered: HashSet<u64>,
    pub(crate) hits: Hits,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) untold: usize,
    pub(crate) coverage: Coverage,
    judged: u64,
    pub(crate) replies: VecDeque<Reply>,
    pub(crate) summary: Summary,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl Session {
    /// A session before the first byte. It keeps this engine to its end.
    pub fn new(engine: Arc<Engine>, cache: Arc<Cache>, state: Arc<State>, context: Context) -> Self {
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
            papers: Vec::new(),
            policy,
            shared: None,
            order: Order::new(),
            counter: Counter::new(),
            intake: Intake::default(),
            scratch: Scratch::new(),
            phase: Phase::Receiving,
            claimed: None,
            answered: false,
            questions: None,
            keyed: RandomState::new(),
            needed: HashSet::new(),
            expected: HashSet::new(),
            covered: HashSet::new(),
            hits: Hits::default(),
            reasons: Vec::new(),
            untold: 0,
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
        self.order.receive(frame).map_err(|e| protocol(&e.to_string()))?;
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
                if document.path == lychgate_policy::repository::PATH.as_bytes() {
                    self.papers.push(Paper { side: document.side, content });
                }
            }
            Frame::Ready => self.ready(),
            Frame::Offer(ids) => self.offer(ids),
            Frame::Entry(entry) => self.entry(entry),
            Frame::Object(object) => self.object(object)?,
            Frame::Data(bytes) => self.data(bytes),
            Frame::Unreadable(what) => self.unreadable(what),
            Frame::Done(tally) => {
                self.claimed = Some(*tally);
                self.intake.flush(true);
            }
            Frame::Place(place) => {
                if let Some(questions) = &mut self.questions {
                    questions.place(&mut self.hits, place);
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
        self.intake.take(self.shared.as_ref()?)
    }

    /// Takes work back.
    pub fn complete(&mut self, mut done: WorkDone) {
        self.intake.returned(&mut done);
        if self.phase == Phase::Over {
            // Completed objects stay remembered, so that a retry goes on from here.
            self.remember(done.judged);
            return;
        }
        self.remember(done.judged);
        self.advance();
    }

    /// Bytes of content held by this session, handed out or not.
    pub fn in_flight(&self) -> usize {
        self.intake.held()
    }

    /// Whether reading on makes sense now: not while content enough for all workers waits.
    pub fn wants_input(&self) -> bool {
        self.phase != Phase::Over
            && self.intake.held() < lychgate_model::limits::IN_FLIGHT / 2
    }

    /// The deadline passed: INDETERMINATE with the share done.
    pub fn expire(&mut self) {
        let seconds = self.deadline().as_secs();
        let judged = self.judged;
        let announced = self.counter.tally();
        let message = if announced.objects == 0 {
            format!("the deadline of {seconds} s passed")
        } else {
            format!(
                "the deadline of {seconds} s passed with {judged} of {} objects judged so far",
                announced.objects
            )
        };
        let help = "try again: what was judged is remembered".into();
        self.abort(Reason { code: ReasonCode::Deadline, message, help });
    }

    /// Ends the session without judging the rest, for a reason.
    pub fn abort(&mut self, reason: Reason) {
        if self.phase == Phase::Over {
            return;
        }
        self.coverage.tally = self.counter.tally();
        self.coverage.complete = false;
        self.hits = Hits::default();
        self.reasons = vec![reason];
        self.finish();
    }

    /// How long this session may take.
    pub fn deadline(&self) -> Duration {
        let bounds = self.engine.organisation().bounds();
        Duration::from_secs(match self.surface() {
            Surface::Client => bounds.client_deadline_s,
            Surface::Server => bounds.server_deadline_s,
        })
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
        self.asking.as_ref().map_or(Surface::Client, |a| a.hook.surface())
    }

    fn hello(&mut self, hello: &lychgate_wire::frame::Hello<'_>) -> Result<(), Refusal> {
        if version::agreed(hello).is_none() {
            let message = format!("protocol {} is not spoken here", hello.major);
            return Err(Refusal { code: RefuseCode::Version, message });
        }
        let capabilities = caps::OFFERS | self.context.capabilities;
        self.say(Reply::Hello { build: self.context.build.clone(), capabilities });
        Ok(())
    }

    fn facts(&mut self, facts: &Facts<'_>) {
        self.summary.hook = Some(facts.hook);
        self.summary.repository = lychgate_model::path::printable(facts.repository);
        self.shared = Some(Shared {
            engine: self.engine.clone(),
            state: self.state.clone(),
            hash: facts.object_format,
            trailers: Arc::from([]),
        });
        self.asking = Some(Asking {
            hook: facts.hook,
            want_findings: facts.want_findings,
            repository: facts.repository.to_vec(),
            head: facts.head.to_vec(),
            head_born: facts.head_born,
        });
    }

    fn reference(&mut self, update: &RefUpdate) {
        self.counter.reference(update);
        if update.kind != RefKind::Delete {
            self.intake.name(What::Reference, &update.name);
        }
        self.refs.push(update.clone());
    }

    fn ready(&mut self) {
        let Some(asking) = self.asking.clone() else { return };
        let papers = std::mem::take(&mut self.papers);
        let organisation = self.engine.organisation();
        let (policy, reasons) =
            crate::documents::policy(organisation, self.surface(), &papers);
        self.policy = policy;
        self.reasons.extend(reasons);
        let server = self.surface() == Surface::Server;
        let head: &[u8] = if server { &asking.head } else { b"" };
        let trailers = asking.hook == Hook::CommitMsg
            || self.policy.requires_trailers(&self.refs, head);
        if trailers && let Some(shared) = &mut self.shared {
            shared.trailers = self.policy.trailers().into();
        }
        let plan = if server { self.policy.plan(&self.refs, head) } else { Vec::new() };
        self.say(Reply::Plan(plan));
    }

    fn offer(&mut self, ids: &[ObjectId]) {
        self.counter.offer(ids);
        let known = self.cache.get(self.context.peer, self.engine.matching(), ids);
        let trailers = self.shared.as_ref().is_some_and(|s| !s.trailers.is_empty());
        let mut needed = Vec::with_capacity(ids.len());
        for (id, known) in ids.iter().zip(known) {
            let key = self.key(id);
            match known {
                // The message of a commit is not remembered, and it is asked for here.
                Some(known) if !(trailers && known.kind == lychgate_model::ObjectKind::Commit) => {
                    self.coverage.cached_objects += 1;
                    self.coverage.cached_bytes += known.size;
                    self.judged += 1;
                    self.cover(key);
                    if let Some(scanned) = known.scanned {
                        self.hits.object(*id, known.kind, scanned);
                    }
                    needed.push(false);
                }
                _ => needed.push(self.needed.insert(key)),
            }
        }
        self.say(Reply::Need(needed));
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        self.counter.entry(entry);
        let what = What::Path { mode: entry.new.map(|s| s.mode), stood: entry.old.is_some() };
        self.intake.name(what, entry.path);
        if let Some(new) = entry.new
            && new.mode.is_blob()
        {
            let key = self.key(&new.id);
            self.expected.insert(key);
        }
    }

    fn object(&mut self, object: &Object<'_>) -> Result<(), Refusal> {
        let Some(shared) = &self.shared else { return Err(protocol("an object before Facts")) };
        let what = match object.role {
            Role::New | Role::Old => {
                What::Object { role: object.role, kind: object.kind, id: object.id }
            }
            Role::Message => What::Message,
            Role::File => What::File,
        };
        self.intake.begin(shared, what, object.kind, object.path, object.size);
        let key = self.key(&object.id);
        let offered = object.role == Role::New && self.needed.remove(&key);
        self.counter.object(object, offered);
        if object.role == Role::New {
            self.cover(key);
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) {
        // The order has counted these bytes already: nothing open means they were the last. Once
        // questions are asked, only old sides come.
        let left = self.order.open_object().map_or(0, |(_, left)| left);
        let role = if self.questions.is_some() { Role::Old } else { Role::New };
        self.counter.data(role, bytes.len());
        self.intake.data(bytes, left);
    }

    fn unreadable(&mut self, what: &Unreadable<'_>) {
        self.counter.unreadable(what);
        self.intake.cut();
        let key = self.key(&what.id);
        self.needed.remove(&key);
        self.cover(key);
        let shown = self.shown_path(what.path);
        let name = match (shown.is_empty(), what.id.is_null()) {
            (false, _) => shown,
            (true, false) => format!("object {}", short(&what.id)),
            (true, true) => "something that belongs to the change".to_owned(),
        };
        let why = lychgate_model::path::printable(what.reason.as_bytes());
        self.tell(ReasonCode::Unreadable, format!("{name}: {why}"), "git fsck names what is damaged");
    }

    /// Covered ids are kept only where entries name blobs; offers of a push keep their own count.
    fn cover(&mut self, key: u64) {
        let staged = |h| matches!(h, Hook::PreCommit | Hook::PreMergeCommit | Hook::CheckStaged);
        if self.asking.as_ref().is_some_and(|a| staged(a.hook)) {
            self.covered.insert(key);
        }
    }

    fn key(&self, id: &ObjectId) -> u64 {
        self.keyed.hash_one(id)
    }

    fn say(&mut self, reply: Reply) {
        self.order.sent(&reply.frame());
        self.replies.push_back(reply);
    }

    /// Adds a reason, unless there are enough to read.
    pub(crate) fn tell(&mut self, code: ReasonCode, message: String, help: &str) {
        if self.reasons.len() < REASONS {
            self.reasons.push(Reason { code, message, help: help.to_owned() });
        } else {
            self.untold += 1;
        }
    }

    fn remember(&mut self, judged: Vec<Judged>) {
        let mut entries = Vec::with_capacity(judged.len());
        for item in judged {
            let Judged { what, name, size, outcome, missing } = item;
            let scanned = match outcome {
                Ok(scanned) => scanned,
                Err(failure) => {
                    self.failed(&what, &name, failure);
                    continue;
                }
            };
            if !missing.is_empty() {
                self.missing(&what, &missing);
            }
            match what {
                What::Object { role, kind, id } => {
                    let scanned = (!scanned.is_clean()).then(|| Arc::new(scanned));
                    entries.push((id, Known { kind, size, scanned: scanned.clone() }));
                    match (role, scanned) {
                        (Role::Old, scanned) => {
                            self.hits.sides.insert(id, scanned);
                        }
                        (_, scanned) => {
                            self.judged += 1;
                            if let Some(scanned) = scanned {
                                self.hits.object(id, kind, scanned);
                            }
                        }
                    }
                }
                What::Message => {
                    self.judged += 1;
                    self.hits.message = Some(scanned);
                }
                What::File => {
                    self.judged += 1;
                    if !scanned.is_clean() {
                        let named = Named { name, scanned, stood: false, stands: true };
                        self.hits.files.push(named);
                    }
                }
                What::Path { mode, stood } if !scanned.is_clean() => {
                    let stands = mode.is_some();
                    self.hits.paths.push(Named { name, scanned, stood, stands });
                }
                What::Reference if !scanned.is_clean() => {
                    let named = Named { name, scanned, stood: false, stands: true };
                    self.hits.references.push(named);
                }
                What::Path { .. } | What::Reference => {}
            }
        }
        self.cache.put(self.context.peer, self.engine.matching(), entries);
    }

    fn failed(&mut self, what: &What, name: &[u8], failure: Failure) {
        let subject = match what {
            What::Object { role: Role::Old, id, .. } => {
                // An old side that cannot be had explains nothing: its twin stays new.
                self.hits.sides.insert(*id, None);
                return;
            }
            What::Object { kind, id, .. } => format!("{} {}", kind.name(), short(id)),
            What::Message => "the commit message".to_owned(),
            What::File | What::Path { .. } => self.shown_path(name),
            What::Reference => self.shown_reference(name),
        };
        match failure {
            Failure::Mismatch => self.tell(
                ReasonCode::Coverage,
                format!("{subject}: the bytes received are not those of this id"),
                "git fsck tells whether the object is damaged",
            ),
            Failure::Panic => self.tell(
                ReasonCode::Fault,
                format!("{subject}: the scan failed on it"),
                "report this as a bug, with the object if you can",
            ),
        }
    }

    fn missing(&mut self, what: &What, missing: &[String]) {
        let subject = match what {
            What::Object { id, .. } => format!("commit {}", short(id)),
            _ => "the message".to_owned(),
        };
        let keys: Vec<&str> = missing.iter().map(String::as_str).collect();
        let Reason { code, message, help } = lychgate_policy::weigh::trailer_reason(&subject, &keys);
        self.tell(code, message, &help);
    }

    /// Takes every step that needs nothing more from outside.
    fn advance(&mut self) {
        if !self.intake.is_idle() || self.phase == Phase::Over {
            return;
        }
        match self.phase {
            Phase::Receiving if self.claimed.is_some() => {
                self.compare();
                self.hits.settle();
                let hook = self.asking.as_ref().map_or(Hook::CheckStdin, |a| a.hook);
                self.questions = Some(Questions::new(hook, &self.hits));
                self.ask();
            }
            Phase::Asking if self.answered => self.ask(),
            _ => {}
        }
    }

    fn ask(&mut self) {
        self.answered = false;
        let (peer, matching) = (self.context.peer, self.engine.matching());
        let cache = self.cache.clone();
        let cached = |ids: &[ObjectId]| cache.get(peer, matching, ids);
        let next = self.questions.as_mut().and_then(|q| q.next(&mut self.hits, &cached));
        match next {
            Some(question) => {
                self.phase = Phase::Asking;
                self.intake.flush(false);
                self.say(question);
            }
            None => self.finish(),
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
        if !equal {
            let message = "what was enumerated and what was received differ".to_owned();
            self.tell(ReasonCode::Coverage, message, help);
        } else if missing > 0 {
            let message = format!("{missing} objects of the change were not received");
            self.tell(ReasonCode::Coverage, message, help);
        }
    }

    fn finish(&mut self) {
        self.phase = Phase::Over;
        self.conclude();
        self.order = Order::new();
    }
}

/// An id as people quote it.
pub(crate) fn short(id: &ObjectId) -> String {
    id.to_string().chars().take(12).collect()
}

fn protocol(message: &str) -> Refusal {
    Refusal { code: RefuseCode::Protocol, message: message.to_owned() }
}

//! One object, or one name, through the rules.

use std::fmt;

use lychgate_model::path::printable;
use lychgate_model::{HashKind, Mode, ObjectKind, Source, Span};

use crate::cursor::Cursor;
use crate::decode::{Unit, Wide};
use crate::disguise::{self, Room};
use crate::flow::{Basin, Flow, Rooms};
use crate::gather::Gathered;
use crate::gitmodules;
use crate::meter::{Clock, Costs, Meter};
use crate::object::{self, Part};
use crate::ruleset::RuleSet;
use crate::runs;
use crate::scanned::{Input, RawFinding, Scanned};
use crate::sealed::Sealed;
use crate::search::{Like, Pass, State, Text, Told};
use crate::tree::{self, Flaw, Names};
use crate::value::{Secret, ValueKey};

/// One worker's buffers, reused between objects; what held content is overwritten on drop. After
/// a panic in a scan, throw it away.
#[derive(Default)]
pub struct Scratch {
    pub(crate) plain: Basin,
    pub(crate) wide: Basin,
    pub(crate) gathered: Gathered,
    pub(crate) room: Room,
    parts: Vec<Part>,
    names: Names,
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Empty buffers that count, by `clock`, what every rule costs.
    pub fn metered(clock: Clock) -> Self {
        let mut scratch = Self::default();
        for state in scratch.states() {
            state.meter = Some(Box::new(Meter::new(clock)));
        }
        scratch
    }

    /// Whether it counts what rules cost.
    pub(crate) fn is_metered(&self) -> bool {
        self.plain.state.meter.is_some()
    }

    /// What scanning cost so far, if it is counted.
    pub fn costs(&mut self) -> Option<Costs> {
        let mut sum = Costs::default();
        for state in self.states() {
            sum.add(&state.meter.as_ref()?.costs);
        }
        Some(sum)
    }

    fn states(&mut self) -> [&mut State; 3] {
        [
            &mut self.plain.state,
            &mut self.wide.state,
            &mut self.room.state,
        ]
    }

    /// Bytes that the last scan gave to patterns: for tests that hold it against the size of the
    /// input, and for metrics.
    pub fn work(&self) -> u64 {
        self.plain.state.work + self.wide.state.work + self.room.work()
    }

    /// What the last object cost beyond what every byte costs, in units of about a nanosecond: what
    /// is held against what an object may cost.
    pub fn spent(&self) -> u64 {
        self.plain.state.spent()
    }

    /// What the last object may have cost, in the same units.
    pub fn allowed(&self) -> u64 {
        self.plain.state.allowed()
    }

    /// Bytes that came out of what was packed in the last object.
    pub fn came_out(&self) -> u64 {
        self.plain.state.came_out()
    }

    /// Work on text of wide units. What patterns have built is lent to it: one worker, one limit.
    pub(crate) fn in_wide_room(&mut self, mut work: impl FnMut(Rooms<'_>)) {
        self.plain.state.lend_caches(&mut self.wide.state);
        work(Rooms {
            basin: &mut self.wide,
            room: &mut self.room,
            out: &mut self.gathered,
        });
        self.plain.state.lend_caches(&mut self.wide.state);
    }

    pub(crate) fn plain_room(&mut self) -> Rooms<'_> {
        Rooms {
            basin: &mut self.plain,
            room: &mut self.room,
            out: &mut self.gathered,
        }
    }

    /// Overwrites whatever content is left.
    pub fn wipe(&mut self) {
        self.plain.wipe();
        self.wide.wipe();
        self.room.wipe();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch(..)")
    }
}

/// The mark of UTF-8, which no editor counts as a column.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a blob.
pub(crate) fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes)
}

impl RuleSet {
    /// Scans one whole object; adds to `out`. Never fails, never panics, time linear in the input.
    pub fn scan(&self, input: Input<'_>, key: &ValueKey, scratch: &mut Scratch, out: &mut Scanned) {
        self.scan_like(input, None, key, scratch, out);
    }

    /// The same for a blob whose text is mostly one that was scanned before. Returns what is to be
    /// known of it, if nothing came of its search.
    pub(crate) fn scan_like(
        &self,
        input: Input<'_>,
        like: Option<&Like<'_>>,
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) -> Option<Told> {
        self.begin(input.bytes.len(), scratch);
        let mut quiet = None;
        match input.kind {
            ObjectKind::Blob => {
                let (mut sealed, mut settled) = self.blob(input.bytes, like, key, scratch);
                if like.is_some() && (settled.is_none() || !scratch.plain.state.holds()) {
                    self.begin(input.bytes.len(), scratch);
                    (sealed, settled) = self.blob(input.bytes, None, key, scratch);
                }
                quiet = settled;
                out.sealed = sealed;
                out.link = self.link(input.bytes, key);
                out.findings.extend(self.pointer(input.bytes, key));
            }
            ObjectKind::Tree => self.tree(input.bytes, input.hash, key, scratch),
            ObjectKind::Commit | ObjectKind::Tag => {
                let mut parts = std::mem::take(&mut scratch.parts);
                if input.kind == ObjectKind::Commit {
                    object::commit(input.bytes, &mut parts);
                } else {
                    object::tag(input.bytes, &mut parts);
                }
                for part in &parts {
                    let at = part.bytes.start;
                    let bytes = input.bytes.get(part.bytes.clone()).unwrap_or_default();
                    self.piece(bytes, at, part.source, key, scratch);
                }
                scratch.parts = parts;
            }
        }
        scratch.gathered.finish(&self.rules, out);
        quiet
    }

    /// Scans text that is no object: a ref name, a message being written, a symlink's target.
    pub fn scan_text(
        &self,
        source: Source,
        bytes: &[u8],
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        self.begin(bytes.len(), scratch);
        self.piece(bytes, 0, source, key, scratch);
        scratch.gathered.finish(&self.rules, out);
    }

    /// Scans a whole path of a staged change: secrets in it, and tree hygiene of every component
    /// (RF-10). `mode` is the new side's, `None` where it is not known.
    pub fn scan_path(
        &self,
        path: &[u8],
        mode: Option<Mode>,
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        self.begin(path.len(), scratch);
        self.piece(path, 0, Source::Path, key, scratch);
        if mode.is_none_or(Mode::is_blob) {
            self.path_rules(path, key, &mut scratch.gathered);
        }
        tree::path_flaws(path, mode == Some(Mode::Symlink), &mut |flaw| {
            self.name_flaw(&flaw, path, 0, key, &mut scratch.gathered);
        });
        scratch.gathered.finish(&self.rules, out);
    }

    pub(crate) fn pass<'p>(&'p self, key: &'p ValueKey, markers: bool) -> Pass<'p> {
        Pass {
            searcher: &self.searcher,
            rules: &self.rules,
            key,
            recall: self.recall.as_deref(),
            markers,
        }
    }

    /// A new object of `size` bytes, or as many as have come.
    pub(crate) fn begin(&self, size: usize, scratch: &mut Scratch) {
        scratch.plain.state.begin(size);
        scratch.plain.state.reset(&self.searcher);
        scratch.wide.state.reset(&self.searcher);
        scratch.gathered.reset(self.structural);
        scratch.room.reset(0);
    }

    /// Returns the tool that encrypted it, and what is known of it if nothing came of its search. If it is like another and nothing is returned of that, it is not judged.
    fn blob(
        &self,
        bytes: &[u8],
        like: Option<&Like<'_>>,
        key: &ValueKey,
        scratch: &mut Scratch,
    ) -> (Option<Sealed>, Option<Told>) {
        let pass = self.pass(key, true);
        let plain = unmarked(bytes);
        let mark = bytes.len() - plain.len();
        let text = Text {
            bytes: plain,
            base: 0,
            fresh: 0,
            last: true,
        };
        let state = &mut scratch.plain.state;
        let settled = match like {
            Some(like) => pass.again(text, like, state),
            None => {
                pass.run(text, state);
                state.settled()
            }
        };
        if like.is_some() && settled.is_none() {
            return (None, None);
        }
        let submodules = state.submodules;
        let sealed = match state.hints.sealed || state.truncated {
            true => Sealed::of(bytes),
            false => Sealed::begins(bytes),
        };
        let cursor = Cursor::new(mark as u64, Unit::Byte);
        scratch.gathered.take(state, text, cursor, Source::Blob);
        scratch.room.reset(bytes.len());
        let (wide, packed) = (Wide::of(bytes), disguise::is_packed(bytes));
        let earlier = like.and_then(Like::earlier);
        let earlier = earlier.filter(|_| wide.is_none() && !packed);
        let state = &mut scratch.plain.state;
        let behind = pass.unveil(text, earlier.as_ref(), state, &mut scratch.room);
        let binary = behind.zero;
        if binary || packed {
            pass.unpack(bytes, &mut scratch.plain.state, &mut scratch.room);
        }
        let doubt = scratch.room.is_in_doubt();
        if behind.doubt || (like.is_some() && doubt) {
            return (None, None);
        }
        if packed && disguise::is_stream(bytes) {
            scratch.gathered.forget_stored(&scratch.room);
        }
        scratch
            .gathered
            .take_unveiled(&mut scratch.room, text, cursor, Source::Blob);
        if let Some(wide) = wide {
            let mut flow = Flow::decoded(wide);
            scratch.in_wide_room(|rooms| flow.feed(bytes, &pass, rooms));
            scratch.in_wide_room(|rooms| flow.finish(&pass, rooms));
        } else if binary {
            self.runs(bytes, 0, Source::Blob, key, scratch);
        }
        if submodules {
            self.submodules(plain, mark, key, &mut scratch.gathered);
        }
        // Of what was left out of it, reuse would say something else than the whole.
        let told = settled.filter(|_| !doubt).map(|account| Told {
            account,
            veils: behind.veils.filter(|_| wide.is_none() && !packed),
        });
        (sealed, told)
    }

    /// UTF-16 inside a binary.
    fn runs(&self, bytes: &[u8], at: usize, source: Source, key: &ValueKey, scratch: &mut Scratch) {
        let pass = self.pass(key, false);
        let raw = Text {
            bytes,
            base: 0,
            fresh: 0,
            last: true,
        };
        let mut cursor = Cursor::new(at as u64, Unit::Byte);
        self.runs_in(raw, source, &pass, &mut cursor, scratch);
        scratch.wide.wipe();
    }

    /// The same for a part of an object; `cursor` stands at its beginning or before. Returns from
    /// where on its bytes have to be seen again.
    pub(crate) fn runs_in(
        &self,
        raw: Text<'_>,
        source: Source,
        pass: &Pass<'_>,
        cursor: &mut Cursor,
        scratch: &mut Scratch,
    ) -> usize {
        let Scratch {
            plain,
            wide,
            gathered,
            ..
        } = scratch;
        plain.state.lend_caches(&mut wide.state);
        let from = runs::find(raw.bytes, raw.last, &mut |run| {
            wide.hold(|buffer, state| {
                run.read(raw.bytes, buffer);
                let work = state.work;
                state.reset(&self.searcher);
                let text = Text {
                    bytes: buffer,
                    base: 0,
                    fresh: 0,
                    last: true,
                };
                pass.run(text, state);
                state.work += work;
                for found in &mut state.found {
                    let at = |index| raw.base + run.raw(index);
                    (found.start, found.end) = (at(found.start), at(found.end));
                }
                if !state.found.is_empty() {
                    // Runs come in order: lines are counted once.
                    cursor.advance(raw.between(cursor.at, raw.base + run.at as u64));
                }
                gathered.take(state, raw, *cursor, source);
            });
        });
        plain.state.lend_caches(&mut wide.state);
        from
    }

    fn submodules(&self, bytes: &[u8], mark: usize, key: &ValueKey, gathered: &mut Gathered) {
        let mut cursor = Cursor::new(mark as u64, Unit::Byte);
        let mut from = 0;
        gitmodules::judge(bytes, &mut |Flaw { rule, at, length }| {
            cursor.advance(bytes.get(from..at).unwrap_or_default());
            from = from.max(at);
            let value = bytes.get(at..at + length).unwrap_or_default();
            let mut end = cursor;
            end.advance(value);
            let span = between(cursor, end);
            let shown = "submodule setting".to_owned();
            gathered.flaw(rule, span, Source::Blob, (value, key), shown);
        });
    }

    /// A part of an object, with lines of its own.
    fn piece(
        &self,
        bytes: &[u8],
        at: usize,
        source: Source,
        key: &ValueKey,
        scratch: &mut Scratch,
    ) {
        let pass = self.pass(key, false);
        let text = Text {
            bytes,
            base: 0,
            fresh: 0,
            last: true,
        };
        let state = &mut scratch.plain.state;
        let work = state.work;
        state.reset(&self.searcher);
        pass.run(text, state);
        state.work += work;
        let cursor = Cursor::new(at as u64, Unit::Byte);
        scratch.gathered.take(state, text, cursor, source);
        // Names hold no NUL, and are what they say; what else people write may be in any encoding.
        if source == Source::Path {
            return;
        }
        scratch.room.reset(bytes.len());
        let state = &mut scratch.plain.state;
        let binary = pass.unveil(text, None, state, &mut scratch.room).zero;
        scratch
            .gathered
            .take_unveiled(&mut scratch.room, text, cursor, source);
        if let Some(wide) = Wide::of(bytes) {
            let mut flow = Flow::part(wide, at, source);
            let state = &mut scratch.wide.state;
            let work = state.work;
            state.reset(&self.searcher);
            state.work += work;
            scratch.in_wide_room(|rooms| flow.feed(bytes, &pass, rooms));
            scratch.in_wide_room(|rooms| flow.finish(&pass, rooms));
        } else if binary {
            self.runs(bytes, at, source, key, scratch);
        }
    }

    fn tree(&self, bytes: &[u8], hash: HashKind, key: &ValueKey, scratch: &mut Scratch) {
        // Ids are no content: of the names, those are scanned in which a keyword ends.
        let mut names = std::mem::take(&mut scratch.names);
        let pass = self.pass(key, false);
        let some = pass.rule_hits(bytes, &mut names.hits, &mut scratch.wide.state);
        if some.is_none() || !names.hits.is_empty() {
            let mut rest = names.hits.as_slice();
            for entry in tree::Entries::new(bytes, hash) {
                let end = entry.at + entry.name.len();
                let before = rest.partition_point(|&hit| hit <= entry.at);
                rest = rest.get(before..).unwrap_or_default();
                let hit = some.is_none() || rest.first().is_some_and(|&hit| hit <= end);
                if hit {
                    self.piece(entry.name, entry.at, Source::Path, key, scratch);
                }
            }
        }
        tree::judge(bytes, hash, &mut names, &mut |flaw| {
            let name = bytes
                .get(flaw.at..flaw.at + flaw.length)
                .unwrap_or_default();
            self.name_flaw(&flaw, name, flaw.at, key, &mut scratch.gathered);
        });
        scratch.names = names;
    }

    /// Scans the whole path of an entry that a push adds: the tree objects tell of each name.
    pub fn scan_added(
        &self,
        path: &[u8],
        mode: Mode,
        key: &ValueKey,
        scratch: &mut Scratch,
        out: &mut Scanned,
    ) {
        self.begin(path.len(), scratch);
        self.piece(path, 0, Source::Path, key, scratch);
        if mode.is_blob() {
            self.path_rules(path, key, &mut scratch.gathered);
        }
        scratch.gathered.finish(&self.rules, out);
    }

    /// What a file is found for by its path alone: the name of a file outside Git.
    pub fn scan_name(&self, path: &[u8], key: &ValueKey, scratch: &mut Scratch, out: &mut Scanned) {
        self.begin(path.len(), scratch);
        self.path_rules(path, key, &mut scratch.gathered);
        scratch.gathered.finish(&self.rules, out);
    }

    /// Rules that speak about a path alone: of packs, and of a `.gitleaks.toml`.
    fn path_rules(&self, path: &[u8], key: &ValueKey, gathered: &mut Gathered) {
        for number in self.named.at(path) {
            let Some(rule) = self.rules.get(number as usize) else {
                continue;
            };
            let foreign = rule.foreign.as_deref().filter(|f| f.only_path);
            if foreign.is_some_and(|f| !f.reported) {
                continue;
            }
            if !rule.applies_to(path)
                || rule
                    .foreign
                    .as_deref()
                    .is_some_and(|f| f.excuses_path(path))
            {
                continue;
            }
            let mut end = Cursor::new(0, Unit::Byte);
            end.advance(path);
            gathered.push(RawFinding {
                span: between(Cursor::new(0, Unit::Byte), end),
                source: Source::Path,
                value: Secret::new(path).tag(key),
                ..RawFinding::of(number, rule.severity, rule.confidence)
            });
        }
    }

    /// A flaw of a name; `name` stands at `at` of the object. The name is shown unless a rule
    /// found a value in it.
    fn name_flaw(
        &self,
        flaw: &Flaw,
        name: &[u8],
        at: usize,
        key: &ValueKey,
        gathered: &mut Gathered,
    ) {
        let mut cursor = Cursor::new(at as u64, Unit::Byte);
        let inside = flaw.at - at.min(flaw.at);
        cursor.advance(name.get(..inside).unwrap_or_default());
        let value = name.get(inside..inside + flaw.length).unwrap_or_default();
        let mut end = cursor;
        end.advance(value);
        let span = between(cursor, end);
        let secret = gathered
            .findings
            .iter()
            .any(|f| f.span.byte_start < span.byte_end && span.byte_start < f.span.byte_end);
        let shown = match value.get(..48) {
            _ if secret => "...".to_owned(),
            Some(head) if value.len() > 48 => format!("\"{}...\"", printable(head)),
            _ => format!("\"{}\"", printable(value)),
        };
        gathered.flaw(flaw.rule, span, Source::Path, (value, key), shown);
    }
}

fn between(start: Cursor, end: Cursor) -> Span {
    Span {
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_start: start.raw,
        byte_end: end.raw,
    }
}

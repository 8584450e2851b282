//! Text that says something else than its bytes: encoded, escaped, split, packed.
//!
//! ```text
//! text -> stretches that hide something -> views (plain text, and a map back)
//!      -> the same pass over each view -> matches at the place of the stretch -> views of views
//! ```
//!
//! A view carries a little of what stands around its stretch, so that a rule that wants a name
//! before the value finds it. Views are bounded: in depth, and in bytes over one object.

mod armour;
mod base32;
mod base58;
mod containers;
mod deflated;
mod der;
mod dumps;
mod ebcdic;
mod eightyfive;
mod escapes;
mod formats;
mod hints;
mod joined;
mod lines;
mod listed;
mod map;
mod marks;
mod markup;
mod named;
mod near;
mod packers;
mod pdf;
mod prefixed;
mod quoted;
mod radix;
mod room;
mod sqlite;
mod survey;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_behind;
mod unpack;
mod uuencode;
mod view;
mod within;
mod worded;

use std::ops::Range;

use lychgate_model::limits;
use lychgate_model::path::printable;

use crate::check::armour_of;
use crate::decode::{Decoder, Wide};
use crate::masks::BLOCK;
use crate::overwritten::overwrite;
use crate::scanned::Home;
use crate::search::{Found, Pass, State, Text};
use crate::shapeless::Fact;
use survey::Survey;
use view::View;

pub(crate) use hints::{Hint, Hints, WORDS};
pub(crate) use near::{Behind, Earlier, Veils};
pub(crate) use packers::is_stream;
pub(crate) use room::Room;
pub(crate) use unpack::is_packed;
pub(crate) use within::Within;

/// Counts up when more is seen through: what was remembered is judged anew.
pub(crate) const VERSION: u32 = 5;
/// The place of a member is its first bytes: to walk over all of it for every finding would cost
/// more than to read it.
const PLACE: usize = 256;
/// Bytes of a member's name that are shown.
const NAME: usize = 80;
/// Bytes that are looked at again before what is fresh: a stretch that was cut is seen whole.
const AGAIN: usize = 4 << 10;

/// A match in a view, at the place of its stretch in the object.
#[derive(Debug)]
pub(crate) struct Unveiled {
    pub(crate) found: Found,
    /// What was taken off, outermost first.
    pub(crate) via: Box<str>,
    pub(crate) home: Home,
}

/// Where bytes of a view stand in the object.
type Back<'m> = &'m dyn Fn(u64, u64) -> (u64, u64);

/// What finders look at: a text from a place on, and what was seen of it at a glance.
struct Scene<'t> {
    text: &'t [u8],
    from: usize,
    /// Where what is known of the text begins.
    begins: usize,
    hints: Hints,
    survey: &'t Survey,
}

impl<'t> Scene<'t> {
    /// What `of` finds in the blocks with `mark`, in order.
    fn places<I: Iterator<Item = usize>>(
        &self,
        mark: u16,
        of: impl Fn(&'t [u8]) -> I,
    ) -> impl Iterator<Item = usize> {
        let &Self {
            text, from, survey, ..
        } = self;
        let mut at = from;
        let blocks = std::iter::from_fn(move || {
            let block = survey.next(mark, at)?;
            at = block + BLOCK;
            Some(block)
        });
        blocks.flat_map(move |block| {
            let end = text.len().min(block + BLOCK);
            of(text.get(block..end).unwrap_or_default()).map(move |at| block + at)
        })
    }
}

/// Makes a view of every stretch of one kind, until it is told that there is no room for more.
type Finder = fn(&Scene<'_>, &mut View, &mut dyn FnMut(&View) -> bool);

/// Those that a glance at the text gives away,
const SEEN: [Finder; 5] = [
    radix::find,
    escapes::find,
    joined::find,
    listed::find,
    quoted::find,
];
/// and those that a word or its beginning does.
const SAID: [Finder; 11] = [
    der::find,
    ebcdic::find,
    sqlite::find,
    pdf::find,
    armour::find,
    dumps::find,
    uuencode::find,
    eightyfive::find,
    marks::find,
    formats::find,
    worded::find,
];

/// How deep, and through what.
struct Depth<'d> {
    via: &'d str,
    back: Back<'d>,
    /// The text whose places findings have, 0: the object; and the way to them.
    home: u32,
    inner: Back<'d>,
    level: usize,
}

/// Places as they are.
fn same(start: u64, end: u64) -> (u64, u64) {
    (start, end)
}

impl Pass<'_> {
    /// Looks behind the disguises in what is fresh of `text`; matches go to `room.found`.
    /// `state`: of the pass over `text`. `earlier`: a text that it is mostly the same as; what it
    /// says of views is charged.
    pub(crate) fn unveil(
        &self,
        text: Text<'_>,
        earlier: Option<&Earlier<'_>>,
        state: &mut State,
        room: &mut Room,
    ) -> Behind {
        let from = text.fresh.saturating_sub(AGAIN);
        room.pdf |= text.base == 0 && unpack::is_pdf(text.bytes);
        let hints = Hints {
            pdf: room.pdf,
            ..state.hints
        };
        state.lend_caches(&mut room.state);
        let base = text.base;
        let depth = Depth {
            via: "",
            back: &|start, end| (base + start, base + end),
            home: 0,
            inner: &same,
            level: 0,
        };
        let mark = room.state.meter.as_ref().map(|m| m.mark());
        let mut zones = std::mem::take(&mut room.zones);
        let near = room.choose(text.bytes, from, hints, earlier, &mut zones);
        let zero = self.look(text.bytes, (from, &zones), hints, &depth, room);
        room.zones = zones;
        room.unveiled(mark);
        state.lend_caches(&mut room.state);
        room.behind(hints, near, zero)
    }

    /// Opens an archive or a packed file; its entries are text like any other.
    pub(crate) fn unpack(&self, bytes: &[u8], state: &mut State, room: &mut Room) {
        let depth = Depth {
            via: "",
            back: &same,
            home: 0,
            inner: &same,
            level: 0,
        };
        state.lend_caches(&mut room.state);
        let mark = room.state.meter.as_ref().map(|m| m.mark());
        self.open(bytes, &depth, room);
        room.unveiled(mark);
        state.lend_caches(&mut room.state);
    }

    /// Every view of `text`, from `from` on; whether there is a zero byte. What a glance tells of is
    /// looked for in some parts of it alone.
    fn look(
        &self,
        text: &[u8],
        (from, zones): (usize, &[Range<usize>]),
        hints: Hints,
        depth: &Depth<'_>,
        room: &mut Room,
    ) -> bool {
        let mut zero = false;
        if text.len() < view::LEAST {
            return text.get(from..).unwrap_or_default().contains(&0);
        }
        let mut view = room.views.pop().unwrap_or_default();
        let mut survey = room.surveys.pop().unwrap_or_default();
        for zone in zones {
            let end = text.len().min(zone.end.saturating_add(near::BEYOND));
            survey.of(text, zone.start..end, hints);
            zero |= survey.has_zero();
            let scene = Scene {
                text,
                from: zone.start,
                begins: from,
                hints,
                survey: &survey,
            };
            if depth.level >= limits::VIEW_DEPTH {
                // Not looked behind, but that something is there is said.
                radix::find(&scene, &mut view, &mut |_| {
                    room.leave_out("encoded text beyond the third level");
                    false
                });
                continue;
            }
            for find in SEEN {
                find(&scene, &mut view, &mut |view| self.enter(view, depth, room));
            }
        }
        if depth.via.is_empty() {
            room.glanced = room.begun.take().and_then(|bill| bill.until(&room.bill()));
        }
        let scene = Scene {
            text,
            from,
            begins: from,
            hints,
            survey: &survey,
        };
        for find in SAID.iter().filter(|_| depth.level < limits::VIEW_DEPTH) {
            find(&scene, &mut view, &mut |view| self.enter(view, depth, room));
        }
        view.wipe();
        room.views.push(view);
        room.surveys.push(survey);
        zero
    }

    /// Searches one view, and what is hidden in it. False: there is no room for more.
    fn enter(&self, view: &View, depth: &Depth<'_>, room: &mut Room) -> bool {
        let left = room.left_of(depth.home);
        let fits = left.checked_sub(view.plain.len());
        if let Some(rest) = fits {
            *left = rest;
            room.state.view();
        }
        match fits {
            Some(_) if !room.state.is_over() => {}
            _ => {
                room.leave_out("encoded text beyond the limit");
                return false;
            }
        }
        let via = joined_via(depth.via, view.kind);
        let back = |start: u64, end: u64| {
            let (start, end) = view.raw(start, end);
            (depth.back)(start, end)
        };
        let inner = |start: u64, end: u64| {
            let (start, end) = view.raw(start, end);
            (depth.inner)(start, end)
        };
        let below = Depth {
            via: &via,
            back: &back,
            home: depth.home,
            inner: &inner,
            level: depth.level + 1,
        };
        if view.is_packed() {
            // To be packed and then encoded is one disguise.
            let level = depth.level;
            self.file(&view.plain, &Depth { level, ..below }, room);
            return true;
        }
        if let Some(wide) = view.wide() {
            let mut text = Vec::new();
            decode(wide, &view.plain, &mut text);
            let whole = |_: u64, _: u64| back(0, view.plain.len() as u64);
            let below = Depth {
                back: &whole,
                home: room.home(),
                inner: &same,
                ..below
            };
            self.text(&text, 0..text.len(), &below, room);
            overwrite(&mut text);
            return true;
        }
        let mut apart = view.apart();
        let plain = apart.as_deref().unwrap_or(&view.plain);
        self.text(plain, view.core.clone(), &below, room);
        if let Some(apart) = &mut apart {
            overwrite(apart);
        }
        // An archive of plain members reads as text where it begins. What begins otherwise is the
        // object's own, with something taken off that was none of ours.
        let core = view.plain.get(view.core.clone()).unwrap_or_default();
        if core.contains(&0) && !is_packed(core) && !unpack::is_zlib(core) {
            let level = depth.level;
            let start = view.core.start as u64;
            let back = |from: u64, to: u64| back(start + from, start + to);
            let below = Depth {
                level,
                back: &back,
                ..below
            };
            self.open(core, &below, room);
        }
        true
    }

    /// What is packed, or bytes that may hold something packed.
    fn file(&self, bytes: &[u8], depth: &Depth<'_>, room: &mut Room) {
        if unpack::is_zlib(bytes) || is_packed(bytes) {
            self.open(bytes, depth, room);
        } else {
            self.entry(bytes, depth, room);
        }
    }

    /// Searches plain text of which `core` is new, and looks behind it.
    fn text(&self, text: &[u8], core: std::ops::Range<usize>, depth: &Depth<'_>, room: &mut Room) {
        room.state.reset(self.searcher);
        let whole = Text {
            bytes: text,
            base: 0,
            fresh: 0,
            last: true,
        };
        let quiet = Self {
            markers: false,
            ..*self
        };
        quiet.run(whole, &mut room.state);
        let state = &room.state;
        room.work += state.work;
        // A text behind a disguise is a part of the object: what is not judged of it is said alike.
        room.truncated |= state.truncated && state.is_over();
        let hints = Hints {
            pdf: unpack::is_pdf(text) || depth.via.contains(unpack::IN_PDF),
            ..state.hints
        };
        room.crowded |= state.crowded;
        room.overfull |= state.overfull || (state.truncated && !state.is_over());
        // Several lines in Base64 are a file of their own, whatever holds them.
        let lines = ["base64", "hex"].iter().any(|k| depth.via.ends_with(k))
            && memchr::memchr(b'\n', text.get(core.clone()).unwrap_or_default()).is_some();
        let mut kept = std::mem::take(&mut room.state.found);
        for mut found in kept.drain(..) {
            let (start, end) = (found.start as usize, found.end as usize);
            if end <= core.start || core.end <= start {
                continue;
            }
            let apart = lines && found.evidence.has(Fact::Bare);
            found.evidence = found.evidence.with_if(Fact::FileWithin, apart);
            let (inner_start, inner_end) = (depth.inner)(found.start, found.end);
            let home = Home {
                text: depth.home,
                start: inner_start,
                end: inner_end,
            };
            (found.start, found.end) = (depth.back)(found.start, found.end);
            if !room.admits(&found) {
                continue;
            }
            room.found.push(Unveiled {
                found,
                via: depth.via.into(),
                home,
            });
        }
        room.state.found = kept;
        let to = text.len().min(core.end.saturating_add(view::AFTER));
        let inner = text.get(..to).unwrap_or_default();
        let fresh = core.start..inner.len();
        self.look(inner, (core.start, &[fresh]), hints, depth, room);
    }

    /// The entries of something packed. The place of all that is in an entry is the entry's.
    fn open(&self, bytes: &[u8], depth: &Depth<'_>, room: &mut Room) {
        if depth.level >= limits::VIEW_DEPTH {
            room.leave_out("archives within archives beyond the limit");
            return;
        }
        let mut left = room.left_packed;
        let mut unpacker = room.unpackers.pop().unwrap_or_default();
        unpacker.entries(bytes, &mut left, &mut |entry| match entry {
            unpack::Entry::Content {
                kind: unpack::STORED,
                name,
                raw,
                content,
            } => self.stored((name, content), raw.start as u64, depth, room),
            unpack::Entry::Content {
                kind,
                name,
                raw,
                content,
            } => {
                room.state.unpacked(content.len());
                room.state.view();
                let shown = self.shown(name, room);
                let via = joined_via(depth.via, &[kind, &shown].join(" "));
                let via = via.trim_end();
                let end = raw.end.min(raw.start + PLACE);
                let (start, end) = (depth.back)(raw.start as u64, end as u64);
                let back = |_: u64, _: u64| (start, end);
                let below = Depth {
                    via,
                    back: &back,
                    home: room.home(),
                    inner: &same,
                    level: depth.level + 1,
                };
                self.entry(content, &below, room);
                if kind == "zip member" && markup::is_text(content) {
                    let mut view = room.views.pop().unwrap_or_default();
                    markup::strip(content, &mut view);
                    self.enter(&view, &below, room);
                    view.wipe();
                    room.views.push(view);
                }
            }
            unpack::Entry::Unread(what) => room.leave_out(what),
        });
        room.unpackers.push(unpacker);
        room.left_packed = room.left_packed.min(left);
    }

    /// A member that is stored as it is: the pass over the archive reads it, but not as a document
    /// or a key of its own.
    fn stored(&self, (name, content): (&[u8], &[u8]), at: u64, depth: &Depth<'_>, room: &mut Room) {
        let document = markup::is_text(content);
        if !document && armour_of(content).is_none() {
            return;
        }
        let via = joined_via(depth.via, &format!("zip member {}", self.shown(name, room)));
        let below = Depth {
            via: via.trim_end(),
            back: &|start, end| (depth.back)(at + start, at + end),
            inner: &|start, end| (depth.inner)(at + start, at + end),
            home: depth.home,
            level: depth.level + 1,
        };
        if !document {
            self.text(content, 0..content.len(), &below, room);
            return;
        }
        let mut view = room.views.pop().unwrap_or_default();
        markup::strip(content, &mut view);
        self.enter(&view, &below, room);
        view.wipe();
        room.views.push(view);
    }

    /// A member's name as it may be shown: not at all where a rule finds something in it.
    fn shown(&self, name: &[u8], room: &mut Room) -> String {
        let before = std::mem::take(&mut room.found);
        let hidden = Depth {
            via: "",
            back: &same,
            home: 0,
            inner: &same,
            level: limits::VIEW_DEPTH,
        };
        self.text(name, 0..name.len(), &hidden, room);
        let clean = room.found.is_empty();
        room.found = before;
        match name.get(..NAME) {
            _ if !clean => String::new(),
            Some(head) if name.len() > NAME => format!("{}...", printable(head)),
            _ => printable(name),
        }
    }

    fn entry(&self, content: &[u8], depth: &Depth<'_>, room: &mut Room) {
        if is_packed(content) || unpack::is_zlib(content) || content.contains(&0) {
            self.open(content, depth, room);
        }
        if let Some(wide) = Wide::of(content) {
            let mut text = Vec::new();
            decode(wide, content, &mut text);
            let decoded = Depth {
                home: room.home(),
                ..*depth
            };
            self.text(&text, 0..text.len(), &decoded, room);
            overwrite(&mut text);
        }
        self.text(content, 0..content.len(), depth, room);
    }
}

fn decode(wide: Wide, bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve_exact(bytes.len() + bytes.len() / 2 + 4);
    let mut decoder = Decoder::new(wide);
    decoder.decode(bytes.get(wide.mark..).unwrap_or_default(), out);
    decoder.finish(out);
}

fn joined_via(outer: &str, inner: &str) -> String {
    if outer.is_empty() {
        inner.to_owned()
    } else {
        format!("{outer}, {inner}")
    }
}

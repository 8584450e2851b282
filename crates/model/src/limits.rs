//! Every number of bytes, seconds and days that is a decision, in one place.

use std::time::Duration;

/// A server answers within this, or INDETERMINATE with the share done.
pub const SERVER_DEADLINE: Duration = Duration::from_secs(60);
/// A client hook answers within this.
pub const CLIENT_DEADLINE: Duration = Duration::from_secs(10);
/// Whoever waits longer than this is told how far it is, and again each time it has passed.
pub const PROGRESS: Duration = Duration::from_secs(5);
/// Percent of a deadline after which what was found is answered before the rest is judged.
pub const EARLY_DENIAL: u32 = 80;
/// How long a client hook waits for a daemon it has just spawned before it judges in process.
pub const SPAWN_WAIT: Duration = Duration::from_secs(2);
/// How long a client hook waits for the first word of a daemon that listens; a server's, which has
/// no other judge, waits as long as for one that starts.
pub const HELLO_WAIT: Duration = Duration::from_millis(300);
/// How long what a person typed waits for a daemon's first word.
pub const COMMAND_WAIT: Duration = Duration::from_secs(2);
/// A spawned daemon without sessions exits after this.
pub const IDLE_EXIT: Duration = Duration::from_secs(30 * 60);
/// A session that sends nothing for this long is closed.
pub const SESSION_IDLE: Duration = Duration::from_secs(30);
/// How long a drain waits for open sessions.
pub const DRAIN_WAIT: Duration = Duration::from_secs(10);
/// Sessions a daemon serves at once; one more waits in the listen queue.
pub const SESSIONS: usize = 256;

/// Largest frame on the wire, head included.
pub const FRAME: usize = 1 << 20;
/// Content is cut into pieces of this size.
pub const CHUNK: usize = 256 << 10;
/// Longest path, ref name or trailer taken.
pub const NAME: usize = 16 << 10;
/// Object ids in one offer.
pub const OFFER: usize = 8192;
/// A change of at least this many objects is offered by id before its content is sent.
pub const OFFER_FROM: usize = 16;
/// A policy document may be this large.
pub const DOCUMENT: usize = 1 << 20;
/// Bytes of one file of Git's configuration,
pub const CONFIGURATION: u64 = 64 << 20;
/// and how many such files may be included.
pub const CONFIGURATION_FILES: usize = 1000;
/// Ref lines in one push.
pub const REFS: usize = 1_000_000;
/// Bytes of the ref names of one push.
pub const REF_BYTES: usize = 8 << 20;
/// Longest ref name judged; Git's own store refuses components far below it.
pub const REF_NAME: usize = 4096;
/// Longest pattern over refs in a policy file.
pub const PATTERN: usize = 256;
/// Patterns over refs in one policy file,
pub const PATTERNS: usize = 1000;
/// and their bytes.
pub const PATTERN_BYTES: usize = 32 << 10;
/// Steps of matching every ref name of one push with every pattern of its policy.
pub const REF_STEPS: usize = 1 << 31;

/// An object above this is inflated and scanned in pieces with an overlap; rules that need the
/// whole object see at most this much.
pub const WHOLE_OBJECT: u64 = 16 << 20;
/// Bytes of one piece of a streamed object.
pub const PIECE: usize = 1 << 20;
/// Bytes of the previous piece that are looked at again; no match is longer.
pub const OVERLAP: usize = 64 << 10;
/// A delta that resolves to more than this is INDETERMINATE,
pub const DELTA_RESULT: u64 = 256 << 20;
/// and to more than this whatever the organisation's file says.
pub const DELTA_RESULT_MOST: u64 = 4 << 30;
/// A delta chain longer than this is INDETERMINATE,
pub const DELTA_CHAIN: usize = 4096;
/// and longer than this whatever the organisation's file says.
pub const DELTA_CHAIN_MOST: usize = 65_536;
/// Content a daemon holds at once, over all sessions.
pub const IN_FLIGHT: usize = 40 << 20;
/// How often something may be hidden in something hidden: base64 of gzip of escapes.
pub const VIEW_DEPTH: usize = 3;
/// Bytes of decoded and unpacked text looked at, for each byte of an object,
pub const VIEWS_PER_BYTE: usize = 12;
/// for a small one all the same,
pub const VIEWS_AT_LEAST: usize = 1 << 20;
/// and for a large one no more; what lies beyond is named.
pub const VIEWS_MOST: usize = 128 << 20;
/// Findings kept of one object; the verdict names what was cut.
pub const FINDINGS_PER_OBJECT: usize = 1000;
/// Findings kept of one session.
pub const FINDINGS: usize = 10_000;
/// Objects whose places are asked for; beyond it the rest are reported without path.
pub const PLACES: usize = 10_000;
/// Places reported of one object; at one with so many the judge takes it that there are more.
pub const PLACES_PER_OBJECT: usize = 32;
/// Deleted blobs that are compared with a finding to tell a move from a copy.
pub const DELETED_SIDES: usize = 512;

/// Old sides of a staged change that are looked at for secrets it takes out,
pub const TAKEN_OUT: usize = 64;
/// and how large one may be.
pub const TAKEN_OUT_BYTES: u64 = 256 << 10;

/// An inline allow line reaches at most this many days ahead.
pub const ALLOW_DAYS: i32 = 90;
/// An exception that ends within this many days is mentioned.
pub const WARN_DAYS: i32 = 7;
/// Days after which rules that were compiled in are called old.
pub const PACK_DAYS: i64 = 180;
/// Days the full lists of findings are kept in the state folder.
pub const REPORT_DAYS: u64 = 7;

/// Lines of one denial.
pub const DENIAL_LINES: usize = 12;
/// Columns of everything a person reads.
pub const COLUMNS: usize = 80;
/// Columns that Git takes of each line of a server, for `remote: `.
pub const REMOTE: usize = 8;
/// Bytes of one line through a sideband.
pub const SIDEBAND: usize = 200;
/// Lines of findings a server prints.
pub const SERVER_LINES: usize = 200;

/// What an object stored as a delta may cost whoever reads it: defaults that the organisation's
/// file alone may raise (contract 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deltas {
    /// Bytes of a result, and of a base.
    pub result: u64,
    /// Links of a chain.
    pub chain: usize,
}

impl Default for Deltas {
    fn default() -> Self {
        Self {
            result: DELTA_RESULT,
            chain: DELTA_CHAIN,
        }
    }
}

impl Deltas {
    /// The nearest that may be said: nothing below the defaults, nor above the most.
    pub fn within_bounds(self) -> Self {
        Self {
            result: self.result.clamp(DELTA_RESULT, DELTA_RESULT_MOST),
            chain: self.chain.clamp(DELTA_CHAIN, DELTA_CHAIN_MOST),
        }
    }
}

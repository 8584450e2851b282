//! What a push brings, whether its objects lie in a quarantine or in the store already.
//!
//! ```text
//! quarantine -> pack -> graph -> walk -> closure -> store
//!                 \_____________________________________\_> deliver -> Visitor
//! ```
//!
//! What lies in the quarantine is judged in any case. Which commits are new is settled by `walk`,
//! from the refs alone; what they name outside the quarantine is found by `closure` and judged
//! too, unless it stands at the same path in a parent; the paths met there for the first time are
//! `added`. `ranges` are pushes without a quarantine.

mod added;
mod closure;
mod deliver;
mod enumerate;
mod own;
mod ranges;
mod refkind;

use std::collections::HashSet;
use std::ops::ControlFlow;

use lychgate_model::{HashKind, ObjectId, ObjectKind, RefUpdate, Side};

use self::deliver::Duties;
pub use self::ranges::PrePushLine;
pub use self::refkind::ref_kind;
use crate::environment::Environment;
use crate::error::Error;
use crate::graph::Graph;
use crate::objects::Objects;
use crate::pack::Pack;
use crate::quarantine::Contents;
use crate::repository::Repository;

/// Takes what is enumerated, in rounds of offers followed by objects. There are at most two: what
/// lies in the store and is found only by following what the quarantine names comes second.
pub trait Visitor {
    /// Ids about to be enumerated, at most `limits::OFFER`. For each of them, in order, `needed`
    /// (empty at the call) is to say whether its content is wanted.
    fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> ControlFlow<()>;

    /// An object that is needed; `size` bytes of content follow.
    fn object(&mut self, id: ObjectId, kind: ObjectKind, size: u64) -> ControlFlow<()>;

    /// An object that is needed, as a delta in Git's format on the content of another; that it fits is
    /// certain only where that content is what its id says. `false`: its content is to come instead.
    fn made(
        &mut self,
        object: (ObjectId, ObjectKind, u64),
        base: ObjectId,
        delta: &[u8],
    ) -> ControlFlow<(), bool> {
        let _ = (object, base, delta);
        ControlFlow::Continue(false)
    }

    /// The next piece of the object's content, at most `limits::CHUNK` bytes.
    fn data(&mut self, piece: &[u8]) -> ControlFlow<()>;

    /// A path of a new commit at which nothing stands in any of its parents, between two objects.
    /// Each path comes once; that of a folder only when there is nothing in it. With `old`: a file
    /// that becomes executable, or one whose name promises that it is encrypted and which changed;
    /// each content once, with what stands there in a parent.
    fn path(&mut self, path: &[u8], new: Side, old: Option<Side>) -> ControlFlow<()>;

    /// A document that a folder has of its own, which stood before and below which something
    /// changes.
    fn document(&mut self, path: &[u8]) -> ControlFlow<()> {
        let _ = path;
        ControlFlow::Continue(())
    }

    /// Something that belongs to what is enumerated cannot be read. For the object begun last:
    /// the rest of its content will not come.
    fn unreadable(&mut self, id: ObjectId, path: &[u8], reason: &str) -> ControlFlow<()>;
}

/// A ref through which something is reached.
#[derive(Debug)]
pub(crate) struct Tip {
    pub(crate) reference: Vec<u8>,
    pub(crate) number: u32,
}

/// Every object that a push, a range or a whole repository brings.
pub struct NewObjects<'r> {
    pub(crate) repository: &'r Repository,
    pub(crate) graph: Graph,
    pub(crate) tips: Vec<Tip>,
    /// What refs that count point at.
    pub(crate) counting: HashSet<u32>,
    pub(crate) likely: Vec<u32>,
    /// Whether nothing is excluded, so that reading whole packs is worth it from the start.
    pub(crate) everything: bool,
    /// The new commits, children first; known once enumerated.
    pub(crate) commits: Option<Vec<u32>>,
    packs: Vec<Pack>,
    loose: Vec<u32>,
    duties: Duties,
}

impl<'r> NewObjects<'r> {
    /// A push, in `pre-receive` or, when there is no quarantine any more, in `update`.
    ///
    /// `counts` says of a ref's full name whether what it reaches is judged already. Refs below
    /// `refs/lychgate/` and `refs/replace/` never count. It is asked about refs of every namespace
    /// by their names within it. Order `refs` by strictness: a place names the first that reaches it.
    ///
    /// # Errors
    ///
    /// A shallow push is [`Error::Unsupported`]; a quarantine that cannot be listed is an error.
    pub fn of_push(
        repository: &'r Repository,
        environment: &Environment,
        refs: &[RefUpdate],
        counts: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Self, Error> {
        if repository.is_shallow_push() {
            return Err(Error::unsupported("a shallow push"));
        }
        let mut new = Self::empty(repository, Vec::new());
        // Before anything has a number: the rows of the pack's index are to be the numbers.
        if let Some(directory) = environment.quarantine() {
            new.open(&Contents::list(directory, repository.hash_kind())?)?;
        }
        let mut failed = None;
        repository.for_each_ref(&mut |name, id| {
            let name = within_namespace(name);
            let never = name.starts_with(b"refs/lychgate/") || name.starts_with(b"refs/replace/");
            if !never && counts(name) {
                match new.graph.number(id) {
                    Ok(number) => drop(new.counting.insert(number)),
                    Err(error) => failed = Some(error),
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        for line in refs {
            if !line.new.is_null() {
                new.add_tip(&line.name, line.new)?;
            }
            if !line.old.is_null() {
                new.add_likely(line.old)?;
            }
        }
        if let Some(head) = repository.head().ok().and_then(|head| head.commit) {
            new.add_likely(head)?;
        }
        let read = repository.read.take(repository.hash_kind());
        new.graph.take_commits(&read)?;
        Ok(new)
    }

    /// Has `expired` asked every few thousand steps of what needs no visitor; once it says so,
    /// [`NewObjects::enumerate`] and [`NewObjects::places`] end with [`Error::Stopped`].
    pub fn stop_when(&mut self, expired: Box<dyn Fn() -> bool + Send>) {
        self.graph.stop_when(expired);
    }

    pub(crate) fn empty(repository: &'r Repository, shallow: Vec<ObjectId>) -> Self {
        Self {
            repository,
            graph: Graph::new(repository.hash_kind(), shallow),
            tips: Vec::new(),
            counting: HashSet::new(),
            likely: Vec::new(),
            everything: false,
            commits: None,
            packs: Vec::new(),
            loose: Vec::new(),
            duties: Duties::default(),
        }
    }

    pub(crate) fn add_tip(&mut self, reference: &[u8], id: ObjectId) -> Result<(), Error> {
        let number = self.graph.number(id)?;
        self.tips.push(Tip {
            reference: reference.to_vec(),
            number,
        });
        Ok(())
    }

    fn add_likely(&mut self, id: ObjectId) -> Result<(), Error> {
        let number = self.graph.number(id)?;
        if self.likely.len() < LIKELY
            && self.counting.contains(&number)
            && !self.likely.contains(&number)
        {
            self.likely.push(number);
        }
        Ok(())
    }

    fn open(&mut self, contents: &Contents) -> Result<(), Error> {
        for index in &contents.packs {
            let limits = self.objects().deltas();
            if self.graph.numbers.len() == 0
                && let Some(rows) = self.objects().index(index)?
            {
                // A damaged index is an error once its pack is read.
                let _adopted = self.graph.numbers.adopt(index, &rows);
            }
            let pack = Pack::open(index, self.hash_kind(), limits, &mut self.graph.numbers)?;
            pack.numbers()
                .for_each(|number| self.duties.set(number, Duties::HERE));
            self.set_known_apart(&pack)?;
            self.packs.push(pack);
        }
        for id in &contents.loose {
            let number = self.graph.number(*id)?;
            self.duties.set(number, Duties::HERE);
            self.loose.push(number);
        }
        Ok(())
    }

    /// Of a pack in quarantine, leaves what the store had before to the closure: it is judged if
    /// something new names it at a new path, or if no ref that counts reaches it.
    ///
    /// There are two ways for such objects to get into a pack: `index-pack` completes a thin pack
    /// with bases from the store, and a pusher who does not know the tips sends history again.
    fn set_known_apart(&mut self, pack: &Pack) -> Result<(), Error> {
        let objects = self.objects();
        for number in pack.tail() {
            if !objects.contains_behind(self.graph.numbers.id(number))? {
                break;
            }
            self.duties.clear(number, Duties::HERE);
        }
        for commit in pack.commits() {
            if self.duties.has(commit, Duties::HERE)
                && objects.contains_behind(self.graph.numbers.id(commit))?
            {
                for number in pack.numbers() {
                    if objects.contains_behind(self.graph.numbers.id(number))? {
                        self.duties.clear(number, Duties::HERE);
                    }
                }
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn objects(&self) -> &'r Objects {
        self.repository.objects()
    }

    pub(crate) fn hash_kind(&self) -> HashKind {
        self.repository.hash_kind()
    }
}

/// So many tips are tried before all of them are.
const LIKELY: usize = 32;

/// A ref's name within the namespace it stands in (`GIT_NAMESPACE`).
fn within_namespace(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"refs/namespaces/") {
        let Some(slash) = rest.iter().position(|b| *b == b'/') else {
            break;
        };
        match rest.get(slash + 1..) {
            Some(rest) if rest.starts_with(b"refs/") => name = rest,
            _ => break,
        }
    }
    name
}

//! What a push brings, whether its objects lie in a quarantine or in the store already.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use lychgate_model::limits::OFFER;
use lychgate_model::{Digest, HashKind, ObjectId, ObjectKind, RefUpdate};

use crate::closure::{Closure, Outside};
use crate::deliver::{Duties, Pass, Single, Stop, on};
use crate::environment::Environment;
use crate::error::Error;
use crate::graph::{Graph, Node};
use crate::objects::Objects;
use crate::pack::Pack;
use crate::quarantine::Contents;
use crate::repository::Repository;
use crate::walk::{Judged, NewCommits, new_commits};

/// Takes what is enumerated, in rounds of offers followed by objects. There are at most two: what
/// lies in the store and is found only by following what the quarantine names comes second.
pub trait Visitor {
    /// Ids about to be enumerated, at most `limits::OFFER`. For each of them, in order, `needed`
    /// (empty at the call) is to say whether its content is wanted.
    fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> ControlFlow<()>;

    /// An object that is needed; `size` bytes of content follow.
    fn object(&mut self, id: ObjectId, kind: ObjectKind, size: u64) -> ControlFlow<()>;

    /// The next piece of the object's content, at most `limits::CHUNK` bytes.
    fn data(&mut self, piece: &[u8]) -> ControlFlow<()>;

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
    lines: Vec<RefUpdate>,
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
        new.lines = refs.to_vec();
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
        if let Some(directory) = environment.quarantine() {
            new.open(&Contents::list(directory, repository.hash_kind())?)?;
        }
        Ok(new)
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
            lines: Vec::new(),
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
        if self.counting.contains(&number) && !self.likely.contains(&number) {
            self.likely.push(number);
        }
        Ok(())
    }

    fn open(&mut self, contents: &Contents) -> Result<(), Error> {
        for index in &contents.packs {
            let pack = Pack::open(index, self.hash_kind(), &mut self.graph.numbers)?;
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

    /// A digest of what determines the enumeration: the ids that the quarantine brings, the ref
    /// lines and what the refs that count point at. The same push again has the same.
    pub fn identity(&self) -> Digest {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha256);
        let mut list = |label: &[u8], mut numbers: Vec<u32>| {
            numbers.sort_unstable_by_key(|number| self.graph.numbers.bytes(*number));
            numbers.dedup();
            hasher.update(label);
            hasher.update(&(numbers.len() as u64).to_be_bytes());
            numbers
                .iter()
                .for_each(|number| hasher.update(self.graph.numbers.bytes(*number)));
        };
        list(b"here", self.here());
        list(b"counting", self.counting.iter().copied().collect());
        for line in &self.lines {
            hasher.update(&(line.name.len() as u64).to_be_bytes());
            hasher.update(&line.name);
            hasher.update(line.old.as_bytes());
            hasher.update(line.new.as_bytes());
        }
        let digest = hasher.try_finalize().ok();
        let bytes = digest.as_ref().and_then(|d| d.as_slice().try_into().ok());
        Digest(bytes.unwrap_or_default())
    }

    /// Everything in the quarantine that is judged in any case, in the order it is read.
    fn here(&self) -> Vec<u32> {
        let packed = self.packs.iter().flat_map(Pack::numbers);
        let mut seen = HashSet::new();
        packed
            .chain(self.loose.iter().copied())
            .filter(|n| self.duties.has(*n, Duties::HERE) && seen.insert(*n))
            .collect()
    }

    /// Enumerates everything new. Ends early, without error, when the visitor breaks.
    ///
    /// # Errors
    ///
    /// What cannot be read of an object goes to the visitor; an error means that nothing complete
    /// can be said.
    pub fn enumerate(&mut self, visitor: &mut dyn Visitor) -> Result<(), Error> {
        match self.run(visitor) {
            Ok(()) | Err(Stop::Broken) => Ok(()),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    fn run(&mut self, visitor: &mut dyn Visitor) -> Result<(), Stop> {
        let mut offered = self.here();
        let mut failed = Vec::new();
        let packs = std::mem::take(&mut self.packs);
        if packs.is_empty() {
            self.read_loose();
        } else {
            self.offer(&offered, visitor)?;
            let mut left = self.pass(&packs, Some(visitor), false)?;
            self.packs = packs;
            self.read_loose();
            left.extend_from_slice(&self.loose);
            for &number in &left {
                self.graph.peek(number, self.repository.objects());
            }
            self.singly(&left, visitor, &mut failed)?;
            offered.clear();
        }
        let outside = self.follow()?;
        offered.extend_from_slice(&outside.late);
        self.offer(&offered, visitor)?;
        let due = offered
            .iter()
            .filter(|number| self.duties.is_due(**number))
            .count();
        if due >= MANY {
            let store = self.store_packs(due.saturating_mul(SHARE))?;
            self.pass(&store, Some(visitor), true)?;
        }
        self.singly(&offered, visitor, &mut failed)?;
        for (number, path) in outside.unreadable {
            failed.push((number, path, self.graph.why(number).to_owned()));
        }
        self.tell(failed, visitor)
    }

    /// Tells what could not be read, each with a path where it has one.
    fn tell(&mut self, failed: Failures, visitor: &mut dyn Visitor) -> Result<(), Stop> {
        let mut paths: HashMap<u32, (Vec<u8>, String)> = HashMap::new();
        let mut order = Vec::new();
        for (number, path, why) in failed {
            match paths.entry(number) {
                Vacant(slot) => {
                    order.push(number);
                    slot.insert((path, why));
                }
                Occupied(slot) if slot.get().0.is_empty() => slot.into_mut().0 = path,
                Occupied(_) => {}
            }
        }
        let lost = paths.iter().filter(|(_, (path, _))| path.is_empty());
        let lost: HashSet<ObjectId> = lost.map(|(n, _)| self.graph.numbers.id(*n)).collect();
        if !lost.is_empty() && self.commits.is_some() {
            let mut found = Vec::new();
            self.places(&lost, &mut |place| found.push((place.object, place.path.0)))?;
            for (id, path) in found {
                let number = self.graph.number(id)?;
                if let Some((slot, _)) = paths.get_mut(&number).filter(|(p, _)| p.is_empty()) {
                    *slot = path;
                }
            }
        }
        for number in order {
            if let Some((path, why)) = paths.get(&number) {
                on(visitor.unreadable(self.graph.numbers.id(number), path, why))?;
            }
        }
        Ok(())
    }

    /// Follows what the tips and the quarantine name.
    fn follow(&mut self) -> Result<Outside, Stop> {
        let objects = self.objects();
        if self.everything {
            let store = self.store_packs(usize::MAX)?;
            self.pass(&store, None, false)?;
        }
        let (start, others) = self.split_tips();
        let judged = Judged {
            tips: &self.counting,
            likely: &self.likely,
        };
        let duties = &self.duties;
        let here = |number: u32| duties.has(number, Duties::HERE);
        let NewCommits { new, unreadable } =
            new_commits(&mut self.graph, objects, &start, &here, &judged);
        let stored = new.iter().filter(|number| !here(**number)).count();
        if stored >= LONG && !self.everything {
            let store = self.store_packs(stored.saturating_mul(SHARE * 10))?;
            self.pass(&store, None, false)?;
        }
        let duties = &self.duties;
        let here = |number: u32| duties.has(number, Duties::HERE);
        let mut closure = Closure::new(&mut self.graph, objects, &here);
        for number in others {
            closure.named(number);
        }
        for number in unreadable {
            closure.unreadable(number, b"");
        }
        for &number in new.iter().rev() {
            closure.commit(number);
        }
        let outside = closure.finish();
        self.commits = Some(new);
        Ok(outside)
    }

    /// The commits that the tips lead to, and whatever else is on the way or instead.
    fn split_tips(&mut self) -> (Vec<u32>, Vec<u32>) {
        let (mut commits, mut others) = (Vec::new(), Vec::new());
        for tip in &self.tips {
            let mut number = tip.number;
            while !self.counting.contains(&number) {
                match self.graph.peek(number, self.repository.objects()) {
                    Node::Tag(target) => {
                        others.push(number);
                        number = target;
                        continue;
                    }
                    Node::Commit(_) => commits.push(number),
                    _ => others.push(number),
                }
                break;
            }
        }
        (commits, others)
    }

    /// The store's packs with at most `most` objects each.
    fn store_packs(&mut self, most: usize) -> Result<Vec<Pack>, Stop> {
        let mut packs = Vec::new();
        for directory in self.objects().directories() {
            for index in Contents::packs(directory.path())? {
                let entry = self.hash_kind().len() as u64 + 4;
                let size = std::fs::metadata(&index)
                    .map_err(Error::io("read", &index))?
                    .len();
                if usize::try_from(size / entry).unwrap_or(usize::MAX) <= most {
                    packs.push(Pack::open(
                        &index,
                        self.hash_kind(),
                        &mut self.graph.numbers,
                    )?);
                }
            }
        }
        Ok(packs)
    }

    /// Reads packs in delta order. Gives what could not be read there.
    fn pass(
        &mut self,
        packs: &[Pack],
        mut visitor: Option<&mut dyn Visitor>,
        files_only: bool,
    ) -> Result<Vec<u32>, Stop> {
        let mut again = Vec::new();
        for pack in packs {
            let needed = pack.needed(&|number, kind| {
                let due = self.duties.is_due(number);
                due || (!files_only && Pass::wants(&self.graph, &self.duties, number, kind))
            });
            let mut pass = Pass {
                graph: &mut self.graph,
                duties: &mut self.duties,
                visitor: visitor.as_deref_mut().map(|v| v as &mut dyn Visitor),
                files_only,
                again: Vec::new(),
                open: None,
            };
            on(pack.decode(&needed, &mut pass))?;
            again.append(&mut pass.again);
        }
        Ok(again)
    }

    /// Takes the quarantine's loose objects into the graph, contents of blobs apart.
    fn read_loose(&mut self) {
        let objects = self.objects();
        for number in &self.loose {
            self.graph.peek(*number, objects);
        }
    }

    /// Hands over one by one what is still due.
    fn singly(
        &mut self,
        numbers: &[u32],
        visitor: &mut dyn Visitor,
        failed: &mut Failures,
    ) -> Result<(), Stop> {
        for &number in numbers {
            if !self.duties.is_due(number) {
                continue;
            }
            self.duties.set(number, Duties::DONE);
            if self.graph.node(number) == Node::Unreadable {
                failed.push((number, Vec::new(), self.graph.why(number).to_owned()));
                continue;
            }
            let id = self.graph.numbers.id(number);
            let kind = self.graph.kind_of(number).unwrap_or(ObjectKind::Blob);
            let mut single = Single::new(visitor, id, kind);
            let failure = single.read(self.repository.objects())?;
            let begun = single.begun;
            match failure {
                Some(why) if begun => on(visitor.unreadable(id, b"", &why))?,
                Some(why) => failed.push((number, Vec::new(), why)),
                None => {}
            }
        }
        Ok(())
    }

    fn offer(&mut self, numbers: &[u32], visitor: &mut dyn Visitor) -> Result<(), Stop> {
        let mut ids = Vec::new();
        let mut needed = Vec::new();
        for batch in numbers.chunks(OFFER) {
            ids.clear();
            ids.extend(batch.iter().map(|number| self.graph.numbers.id(*number)));
            needed.clear();
            on(visitor.offer(&ids, &mut needed))?;
            let mut answers = needed.iter().copied();
            for &number in batch {
                // Silence is no "no".
                if answers.next().unwrap_or(true) {
                    self.duties.set(number, Duties::NEEDED);
                }
            }
        }
        Ok(())
    }
}

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

/// From this many objects on, whole packs are read in delta order instead of one object at a time.
const MANY: usize = 2000;

/// So many objects of a pack may be read in vain for each that is wanted.
const SHARE: usize = 8;

/// From this many commits on that lie in the store, its packs are read for their trees.
const LONG: usize = 300;

/// What could not be read, its path if known, and why.
type Failures = Vec<(u32, Vec<u8>, String)>;

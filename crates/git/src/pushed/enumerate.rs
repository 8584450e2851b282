//! The enumeration itself: offer, read, follow, offer and read what that found.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{HashMap, HashSet};

use lychgate_model::limits::{self, OFFER};
use lychgate_model::{ObjectId, ObjectKind};

use super::closure::{Closure, Outside};
use super::deliver::{Duties, Pass, Single, Stop, on};
use super::{NewObjects, Visitor, own};
use crate::error::Error;
use crate::graph::Node;
use crate::numbers::Lists;
use crate::pack::Pack;
use crate::quarantine::Contents;
use crate::walk::{Judged, NewCommits, new_commits};

/// From this many objects on, whole packs are read in delta order instead of one object at a time.
const MANY: usize = 2000;

/// So many objects a pack may have for each that is wanted of it: the heads of all are read, the
/// rest only of what the wanted ones are made from.
const SHARE: usize = 20;

/// From this many commits on that lie in the store, its packs are read for their trees, if they
/// have at most so many objects for each of those commits.
const LONG: usize = 300;
const LONG_SHARE: usize = 80;

/// What could not be read, its path if known, and why.
type Failures = Vec<(u32, Vec<u8>, String)>;

impl NewObjects<'_> {
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
        let packs = std::mem::take(&mut self.packs);
        let loose = std::mem::take(&mut self.loose);
        let mut offered = Vec::new();
        let mut failed = Vec::new();
        if packs.is_empty() {
            self.read_loose(&loose);
            let is_here = |number: &u32| self.duties.has(*number, Duties::HERE);
            offered.extend(loose.into_iter().filter(is_here));
        } else {
            let packed = packs.iter().flat_map(Pack::numbers);
            self.offer(&mut packed.chain(loose.iter().copied()), true, visitor)?;
            let mut left = self.pass(&packs, Some(visitor), false)?;
            // What is made from what is of no use any more, and takes room.
            drop(packs);
            self.read_loose(&loose);
            left.extend_from_slice(&loose);
            for &number in &left {
                self.graph.peek(number, self.repository.objects());
            }
            self.singly(&left, visitor, &mut failed)?;
        }
        let outside = self.follow(visitor)?;
        offered.extend_from_slice(&outside.late);
        self.offer(&mut offered.iter().copied(), false, visitor)?;
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
            if let Some((path, why)) = paths.get_mut(&number) {
                if let Some(name) = self.graph.blamed(number) {
                    let between: &[u8] = if path.is_empty() { b"" } else { b"/" };
                    // A name that is longer than is taken says nothing to anybody.
                    if path.len() + between.len() + name.len() <= limits::NAME {
                        path.extend_from_slice(between);
                        path.extend_from_slice(name);
                    }
                }
                on(visitor.unreadable(self.graph.numbers.id(number), path, why))?;
            }
        }
        Ok(())
    }

    /// Follows what the tips and the quarantine name, and tells the paths met.
    fn follow(&mut self, visitor: &mut dyn Visitor) -> Result<Outside, Stop> {
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
            new_commits(&mut self.graph, objects, &start, &here, &judged)?;
        let stored = new.iter().filter(|number| !here(**number)).count();
        if stored >= LONG && !self.everything {
            let store = self.store_packs(stored.saturating_mul(LONG_SHARE))?;
            self.pass(&store, None, false)?;
        }
        let duties = &self.duties;
        let here = |number: u32| duties.has(number, Duties::HERE);
        let mut closure = Closure::new(&mut self.graph, objects, &here, visitor);
        for number in others {
            closure.named(number)?;
        }
        for number in unreadable {
            closure.unreadable(number, b"");
        }
        for &number in new.iter().rev() {
            closure.commit(number)?;
        }
        let (outside, folders) = closure.finish();
        self.commits = Some(new);
        self.own_documents(&folders, visitor)?;
        Ok(outside)
    }

    /// Tells the documents that folders walked have of their own at HEAD.
    fn own_documents(&mut self, folders: &Lists, visitor: &mut dyn Visitor) -> Result<(), Stop> {
        let head = self.repository.head().ok().and_then(|head| head.commit);
        let Some(head) = head.filter(|_| folders.len() > 0) else {
            return Ok(());
        };
        let (objects, head) = (self.objects(), self.graph.number(head)?);
        self.graph.load(head, objects);
        let Some(commit) = self.graph.commit(head) else {
            return Ok(());
        };
        for path in own::documents(&mut self.graph, objects, commit.tree, folders)? {
            on(visitor.document(&path))?;
        }
        Ok(())
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
                        self.objects().deltas(),
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
    fn read_loose(&mut self, loose: &[u32]) {
        let objects = self.objects();
        for number in loose {
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

    /// Offers objects; `here`: of those only what is judged in any case, each once.
    fn offer(
        &mut self,
        numbers: &mut dyn Iterator<Item = u32>,
        here: bool,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Stop> {
        let mut batch = Vec::new();
        let mut ids = Vec::new();
        let mut needed = Vec::new();
        loop {
            batch.clear();
            while let Some(number) = (batch.len() < OFFER).then(|| numbers.next()).flatten() {
                let duties = &mut self.duties;
                if here
                    && (!duties.has(number, Duties::HERE) || duties.has(number, Duties::OFFERED))
                {
                    continue;
                }
                duties.set(number, Duties::OFFERED);
                batch.push(number);
            }
            if batch.is_empty() {
                return Ok(());
            }
            ids.clear();
            ids.extend(batch.iter().map(|number| self.graph.numbers.id(*number)));
            needed.clear();
            on(visitor.offer(&ids, &mut needed))?;
            let mut answers = needed.iter().copied();
            for &number in &batch {
                // Silence is no "no".
                if answers.next().unwrap_or(true) {
                    self.duties.set(number, Duties::NEEDED);
                }
            }
        }
    }
}

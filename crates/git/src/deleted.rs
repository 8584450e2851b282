//! What a commit takes out.

use crate::error::Error;
use crate::graph::{Graph, too_many};
use crate::numbers::{Full, Lists};
use crate::objects::Objects;
use crate::trees::{Beside, Trees};

/// Deleted files looked at of one commit, before the likely ones are taken.
const DELETED: usize = 20_000;

/// Pairs of trees compared for the deleted files of one commit; beyond them none are found.
const PAIRS: usize = 200_000;

/// Pairs of trees that are remembered from one commit to the next, and differences of them.
const REMEMBERED: u32 = 1 << 19;
const DIFFERENCES: usize = 1 << 18;

/// What commits take out. Of pairs of trees it is remembered that nothing went from one to the other,
/// or in what they differ: merges of one branch into another differ in the same folders again and again.
#[derive(Default)]
pub(crate) struct Deletions {
    pairs: Lists,
    /// What is known of each pair.
    known: Vec<Known>,
    /// How many commits were asked about.
    commits: u32,
    /// What differs in pairs from which something went, those of a pair together.
    differences: Vec<Difference>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    /// Compared, for this commit last: where the differences stand.
    Compared(u32, (u32, u32)),
    /// Whatever stands in the old tree stands in the new one.
    Kept,
}

/// What stands in the old tree of a pair and not, or another one, in the new.
#[derive(Clone, Copy)]
enum Difference {
    /// A file that is gone.
    File { blob: u32, name: u32 },
    Folder {
        pair: u32,
        new: Option<u32>,
        old: u32,
        name: u32,
    },
}

/// Files that a commit takes out. Where they stood is put together only for whom that matters.
#[derive(Default)]
pub(crate) struct Deleted {
    pub(crate) files: Vec<File>,
    /// Folders, each as the one above and the number of its name.
    folders: Vec<(u32, u32)>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct File {
    pub(crate) blob: u32,
    /// The number of its name.
    pub(crate) name: u32,
    folder: u32,
}

/// The folder of a whole tree.
const TOP: u32 = u32::MAX;

impl Deleted {
    /// Where a file stood.
    pub(crate) fn path(&self, trees: &Trees, file: File) -> Vec<u8> {
        let mut parts = vec![trees.name_of(file.name)];
        let mut at = file.folder;
        while let Some((above, name)) = self.folders.get(at as usize) {
            parts.push(trees.name_of(*name));
            at = *above;
        }
        parts.reverse();
        parts.join(&b'/')
    }
}

/// Something to be done.
enum Step {
    Compare {
        pair: u32,
        new: Option<u32>,
        old: u32,
        folder: u32,
    },
    /// A pair was compared, with all below it; how much was gone before that, and where its
    /// differences begin.
    Compared { pair: u32, gone: usize, start: u32 },
}

impl Deletions {
    /// Blobs that stand in the trees `parents` and not in `tree`, each at one of
    /// the paths of its folder. Not all of them where there are too many: a finding is then new.
    pub(crate) fn of(
        &mut self,
        graph: &mut Graph,
        objects: &Objects,
        tree: Option<u32>,
        parents: &[u32],
    ) -> Result<Deleted, Error> {
        if self.pairs.len() >= REMEMBERED || self.differences.len() >= DIFFERENCES {
            *self = Self {
                commits: self.commits,
                ..Self::default()
            };
        }
        self.commits += 1;
        let mut out = Deleted::default();
        let mut compared = 0;
        // Also what is gone from a pair that another one is told of.
        let mut gone = 0;
        for parent in parents {
            let mut stack = Vec::new();
            if tree != Some(*parent) {
                let pair = self.pair(tree, *parent)?;
                stack.push(Step::Compare {
                    pair,
                    new: tree,
                    old: *parent,
                    folder: TOP,
                });
            }
            while let Some(step) = stack.pop() {
                let (pair, new, old, folder) = match step {
                    Step::Compare {
                        pair,
                        new,
                        old,
                        folder,
                    } => (pair, new, old, folder),
                    Step::Compared {
                        pair,
                        gone: before,
                        start,
                    } => {
                        if gone == before {
                            self.note(pair, Known::Kept);
                            // What was noted since is of it and of what is below it: all kept.
                            self.differences.truncate(start as usize);
                        }
                        continue;
                    }
                };
                if out.files.len() >= DELETED || compared >= PAIRS {
                    break;
                }
                let known = self.known.get(pair as usize).copied();
                let differences = match known.unwrap_or(Known::Nothing) {
                    Known::Kept => continue,
                    Known::Compared(commit, _) if commit == self.commits => {
                        gone += 1;
                        continue;
                    }
                    Known::Compared(_, differences) => {
                        self.note(pair, Known::Compared(self.commits, differences));
                        compared += 1;
                        differences
                    }
                    Known::Nothing => {
                        self.note(pair, Known::Compared(self.commits, (0, 0)));
                        compared += 1;
                        let Some(differences) = self.compare(graph, objects, new, old)? else {
                            continue;
                        };
                        self.note(pair, Known::Compared(self.commits, differences));
                        let start = differences.0;
                        stack.push(Step::Compared { pair, gone, start });
                        differences
                    }
                };
                graph.step(1)?;
                let all = differences.0 as usize..differences.1 as usize;
                for difference in self.differences.get(all).unwrap_or_default() {
                    match *difference {
                        Difference::File { blob, name } => {
                            gone += 1;
                            out.files.push(File { blob, name, folder });
                        }
                        Difference::Folder {
                            pair,
                            new,
                            old,
                            name,
                        } => {
                            if self.known.get(pair as usize) == Some(&Known::Kept) {
                                continue;
                            }
                            // There are no more than steps.
                            let below = out.folders.len() as u32;
                            out.folders.push((folder, name));
                            stack.push(Step::Compare {
                                pair,
                                new,
                                old,
                                folder: below,
                            });
                        }
                    }
                }
            }
        }
        Ok(out)
    }

    /// Compares two trees; where their differences stand. `None`: the old one cannot be read.
    fn compare(
        &mut self,
        graph: &mut Graph,
        objects: &Objects,
        new: Option<u32>,
        old: u32,
    ) -> Result<Option<(u32, u32)>, Error> {
        graph.load(old, objects);
        let entries = new.and_then(|new| {
            graph.load(new, objects);
            graph.listing(new)
        });
        let Some(listing) = graph.listing(old) else {
            return Ok(None);
        };
        graph.step(listing.len())?;
        let start = self.differences.len() as u32;
        let trees = &graph.trees;
        let mut kept = entries.map(Beside::new);
        let mut at = 0;
        loop {
            // Nearly all of most folders is as it was.
            at = kept.as_ref().map_or(at, |k| k.skip(trees, listing, at));
            let Some(entry) = trees.entry(listing, at) else {
                break;
            };
            let now = kept.as_mut().and_then(|k| k.find(trees, listing, at));
            at += 1;
            let (old, name) = (entry.object, entry.name());
            if entry.is_tree() {
                let new = now.map(|now| now.object);
                if new != Some(old) {
                    let pair = self.pair(new, old)?;
                    self.differences.push(Difference::Folder {
                        pair,
                        new,
                        old,
                        name,
                    });
                }
            } else if now.is_none() && !entry.is_gitlink() {
                self.differences.push(Difference::File { blob: old, name });
            }
        }
        Ok(Some((start, self.differences.len() as u32)))
    }

    fn pair(&mut self, new: Option<u32>, old: u32) -> Result<u32, Error> {
        // No number is as large.
        let pair = [new.unwrap_or(u32::MAX), old];
        let numbered = self.pairs.number(&pair);
        Ok(numbered.map_err(|Full| too_many())?.0)
    }

    fn note(&mut self, pair: u32, known: Known) {
        let at = pair as usize;
        if at >= self.known.len() {
            self.known.resize(at + 1, Known::Nothing);
        }
        if let Some(slot) = self.known.get_mut(at) {
            *slot = known;
        }
    }
}

//! What a commit takes out.

use crate::error::Error;
use crate::graph::{Graph, too_many};
use crate::numbers::{Full, Lists};
use crate::objects::Objects;
use crate::trees::Beside;

/// Deleted files looked at of one commit, before the likely ones are taken.
const DELETED: usize = 20_000;

/// Pairs of trees compared for the deleted files of one commit; beyond them none are found.
const PAIRS: usize = 200_000;

/// Pairs of trees that are remembered from one commit to the next.
const REMEMBERED: u32 = 1 << 20;

/// What commits take out. Of trees it is remembered that nothing went from one to the other: merges
/// of one branch into another differ in the same folders again and again.
#[derive(Default)]
pub(crate) struct Deletions {
    pairs: Lists,
    /// What is known of each pair.
    known: Vec<Known>,
    /// How many commits were asked about.
    commits: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    /// Compared for this commit.
    Compared(u32),
    /// Whatever stands in the old tree stands in the new one.
    Kept,
}

/// Something to be done.
enum Step {
    Compare {
        pair: u32,
        new: Option<u32>,
        old: u32,
        path: Vec<u8>,
    },
    /// A pair was compared, with all below it; how much was gone before that.
    Compared { pair: u32, gone: usize },
}

impl Deletions {
    /// Blobs with their paths that stand in the trees `parents` and not in `tree`, each at one of
    /// the paths of its folder. Not all of them where there are too many: a finding is then new.
    pub(crate) fn of(
        &mut self,
        graph: &mut Graph,
        objects: &Objects,
        tree: Option<u32>,
        parents: &[u32],
    ) -> Result<Vec<(u32, Vec<u8>)>, Error> {
        if self.pairs.len() >= REMEMBERED {
            (self.pairs, self.known) = (Lists::default(), Vec::new());
        }
        self.commits += 1;
        let mut out = Vec::new();
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
                    path: Vec::new(),
                });
            }
            while let Some(step) = stack.pop() {
                let (pair, new, old, path) = match step {
                    Step::Compare {
                        pair,
                        new,
                        old,
                        path,
                    } => (pair, new, old, path),
                    Step::Compared { pair, gone: before } => {
                        if gone == before {
                            self.note(pair, Known::Kept);
                        }
                        continue;
                    }
                };
                if out.len() >= DELETED || compared >= PAIRS {
                    break;
                }
                let known = self.known.get(pair as usize).copied();
                if known == Some(Known::Kept) {
                    continue;
                }
                if known == Some(Known::Compared(self.commits)) {
                    gone += 1;
                    continue;
                }
                self.note(pair, Known::Compared(self.commits));
                compared += 1;
                graph.load(old, objects);
                let entries = new.and_then(|new| {
                    graph.load(new, objects);
                    graph.listing(new)
                });
                let Some(listing) = graph.listing(old) else {
                    continue;
                };
                graph.step(1 + listing.len())?;
                stack.push(Step::Compared { pair, gone });
                let below = |name: &[u8]| match path.as_slice() {
                    [] => name.to_vec(),
                    path => [path, b"/", name].concat(),
                };
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
                    if !entry.is_tree() {
                        if now.is_none() && !entry.is_gitlink() {
                            gone += 1;
                            out.push((entry.object, below(trees.name(entry))));
                        }
                        continue;
                    }
                    let (new, old) = (now.map(|now| now.object), entry.object);
                    if new == Some(old) {
                        continue;
                    }
                    let pair = self.pair(new, old)?;
                    if self.known.get(pair as usize) != Some(&Known::Kept) {
                        let path = below(trees.name(entry));
                        stack.push(Step::Compare {
                            pair,
                            new,
                            old,
                            path,
                        });
                    }
                }
            }
        }
        Ok(out)
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

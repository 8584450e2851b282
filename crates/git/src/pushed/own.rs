//! Documents that folders have of their own, where something changes below them.

use super::added::TOP;
use crate::documents::OF_FOLDERS;
use crate::error::Error;
use crate::graph::Graph;
use crate::numbers::Lists;
use crate::objects::Objects;

/// The paths of documents that stand in `tree`, in those of `folders` that it has. A folder is its
/// parent's number and that of its name; parents come first.
pub(super) fn documents(
    graph: &mut Graph,
    objects: &Objects,
    tree: u32,
    folders: &Lists,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut names = Vec::with_capacity(OF_FOLDERS.len());
    for name in OF_FOLDERS {
        names.push(
            graph
                .trees
                .name_number(name)
                .map_err(|_| crate::graph::too_many())?,
        );
    }
    // The tree of each folder, by its number; the top comes first.
    let mut trees = vec![Some(tree)];
    let mut found: Vec<(u32, usize)> = Vec::new();
    for number in 0..folders.len() {
        graph.step(1)?;
        let [above, name] = *folders.get(number) else {
            continue;
        };
        let above = trees.get(above as usize).copied().flatten();
        let listing = above.and_then(|tree| {
            graph.load(tree, objects);
            graph.listing(tree)
        });
        let below = listing.and_then(|listing| graph.trees.folder(listing, name));
        trees.push(below);
        let Some(below) = below else { continue };
        graph.load(below, objects);
        let Some(listing) = graph.listing(below) else {
            continue;
        };
        let holds = |at: &usize| graph.trees.holds_file(listing, names[*at]);
        let held = (0..names.len()).filter(holds);
        found.extend(held.map(|at| (number + 1, at)));
    }
    let path = |(folder, at): (u32, usize)| {
        let mut parts = vec![OF_FOLDERS[at]];
        let mut number = folder;
        while number != TOP {
            let [above, name] = *folders.get(number - 1) else {
                break;
            };
            parts.push(graph.trees.name_of(name));
            number = above;
        }
        parts.reverse();
        parts.join(&b'/')
    };
    Ok(found.into_iter().map(path).collect())
}

//! `lychgate baseline`: what stands there already is written down, by rule and content key, so
//! that it is told as known and what is new stands out.

mod content;
mod listing;
mod meet;

use lychgate_git::{Environment, Repository};
use lychgate_model::exit;
use lychgate_model::path::printable;

use crate::ask_git::Git;
use crate::check::judge;
use crate::failure::{Failure, Kind};
use crate::surroundings::Surroundings;
use crate::{Said, args};

pub(crate) use listing::Listing;
pub(crate) use meet::{Meet, Met};

/// What a command that writes a baseline needs.
pub(crate) struct Place {
    pub(crate) repository: Repository,
    pub(crate) listing: Listing,
}

impl Place {
    /// The repository the command was given in.
    pub(crate) fn of(around: &Surroundings, not: &str) -> Result<Self, Failure> {
        let git = Git::at(around.cwd());
        let Some(layout) = git.layout()?.filter(|l| !l.bare) else {
            let what = format!("{not}: no work tree here");
            return Err(Failure::new(Kind::Usage, what)
                .hint("A baseline belongs to a repository: go into its work tree."));
        };
        let variables = around.variables().iter().cloned();
        let environment = Environment::new(around.cwd().to_path_buf(), variables);
        let repository = Repository::open(&environment)
            .map_err(|e| Failure::new(Kind::Incomplete, not).because(&e))?;
        let listing = Listing::read(&layout.top, not)?;
        Ok(Self {
            repository,
            listing,
        })
    }

    /// A scan with the rules in force here, the repository's own included.
    pub(crate) fn meet(
        &self,
        around: &Surroundings,
        not: &str,
        expected: &[[u8; 20]],
    ) -> Result<Meet, Failure> {
        let engine = judge::engine(around, not)?;
        Meet::new(&engine, &self.listing, not, expected)
    }
}

/// Writes the baseline, and says what changed in it.
pub(crate) fn run(around: &Surroundings, wanted: &args::Baseline) -> Result<Said, Failure> {
    const NOT: &str = "no baseline was written";
    let mut place = Place::of(around, NOT)?;
    let mut meet = place.meet(around, NOT, &[])?;
    let mut lines = Vec::new();
    let mut unread = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut listing = std::mem::take(&mut place.listing);
    let top = listing.top().to_path_buf();
    content::each(around, &place, &top, wanted, &mut |path, bytes| {
        let Some(bytes) = bytes else {
            unread.push(format!("{}: could not be read", printable(path)));
            return;
        };
        let found = meet.scan(path, bytes);
        if found.truncated {
            let shown = meet.shown(path);
            unread.push(format!("{shown}: more findings than are looked at"));
        }
        for met in found.met {
            match met.known {
                Some(entry) => listing.holds(entry),
                None if seen.insert(met.entry.clone()) => {
                    let (line, rule) = (met.line, &met.entry.rule);
                    lines.push(format!("added: {}:{line} {rule}", meet.shown(path)));
                    listing.add(met.entry);
                }
                None => {}
            }
        }
    })?;
    if !unread.is_empty() && wanted.prune {
        let what = format!("{NOT}: what was not read cannot be called gone");
        return Err(Failure::new(Kind::Incomplete, what).listing(unread.join("\n")));
    }
    lines.extend(listing.write(NOT, wanted.prune, wanted.is_whole())?);
    let code = if unread.is_empty() {
        exit::ALLOW
    } else {
        exit::INDETERMINATE
    };
    let err = unread
        .iter()
        .map(|l| crate::page::plain(l) + "\n")
        .collect();
    Ok(Said {
        err,
        code,
        ..Said::lines(&lines)
    })
}

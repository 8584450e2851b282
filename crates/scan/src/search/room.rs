//! Of what is found too often, what is kept: what has a shape goes before what has none, and what
//! may block before what blocks nowhere.

use lychgate_model::limits;

use super::{Found, Pass, State};
use crate::rule::Rule;
use crate::shapeless::Evidence;

/// How much a finding counts where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Worth {
    /// No shape, and it blocks nowhere.
    Told,
    /// No shape.
    Shapeless,
    /// A shape that a rule for some paths knows.
    Somewhere,
    /// A shape.
    Shaped,
}

impl Worth {
    /// Of what speaks for it.
    pub(crate) fn of(evidence: Evidence) -> Self {
        match evidence {
            _ if evidence.is_none() => Self::Shaped,
            _ if evidence.may_block() => Self::Shapeless,
            _ => Self::Told,
        }
    }
}

/// Gives up the last in a full list that counts least, if it counts less than `worth`; whether one
/// was given up.
pub(crate) fn make_room<T>(kept: &mut Vec<T>, worth: Worth, of: impl Fn(&T) -> Worth) -> bool {
    let Some(least) = kept.iter().map(&of).min().filter(|least| *least < worth) else {
        return false;
    };
    if let Some(at) = kept.iter().rposition(|k| of(k) == least) {
        kept.remove(at);
    }
    true
}

impl Pass<'_> {
    /// One match more, up to the limit.
    pub(super) fn put(&self, found: Found, state: &mut State) {
        if state.found.len() >= limits::FINDINGS_PER_OBJECT {
            let worth = self.worth(&found);
            // What is kept only becomes worth more.
            let known = state.no_room_for.is_some_and(|least| worth <= least);
            let made = !known && make_room(&mut state.found, worth, |f| self.worth(f));
            if !made {
                state.no_room_for = state.no_room_for.max(Some(worth));
            }
            if !made && worth == Worth::Shaped {
                state.truncated = true;
                return;
            }
            state.overfull = true;
            if !made {
                return;
            }
        }
        state.caches.effort.found();
        state.found.push(found);
    }

    fn worth(&self, found: &Found) -> Worth {
        let rule = self.rules.get(found.rule as usize);
        match Worth::of(found.evidence) {
            Worth::Shaped if !rule.is_some_and(Rule::applies_everywhere) => Worth::Somewhere,
            worth => worth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_less_goes_first_and_the_last_of_it() {
        use Worth::{Shaped, Shapeless, Told};
        let of = |(_, worth): &(u8, Worth)| *worth;
        let mut kept = vec![
            (0, Shapeless),
            (1, Told),
            (2, Shaped),
            (3, Told),
            (4, Shaped),
        ];
        assert!(!make_room(&mut kept, Told, of));
        assert!(make_room(&mut kept, Shapeless, of));
        assert!(kept.iter().all(|k| k.0 != 3) && kept.len() == 4);
        assert!(make_room(&mut kept, Shaped, of));
        assert!(!make_room(&mut kept, Shapeless, of));
        assert!(make_room(&mut kept, Shaped, of));
        assert_eq!(kept, [(2, Shaped), (4, Shaped)]);
        assert!(!make_room(&mut kept, Shaped, of));
    }
}

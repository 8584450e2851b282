//! Of what is found too often, what is kept: what has a shape goes before what has none, and what
//! may block before what blocks nowhere.

use lychgate_model::{Severity, limits};

use super::{Found, Pass, State};
use crate::rule::Rule;
use crate::shapeless::Evidence;

/// How much a finding counts where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Worth {
    /// No shape, and it blocks nowhere.
    Told,
    /// A shape of little weight: nothing blocks it where policy does not ask for that.
    Minor,
    /// No shape.
    Shapeless,
    /// A shape that a rule for some paths knows.
    Somewhere,
    /// A shape.
    Shaped,
}

impl Worth {
    /// Of what speaks for it, and what it gives away.
    pub(crate) fn of(evidence: Evidence, severity: Severity) -> Self {
        match evidence.is_none() {
            true if severity >= Severity::Medium => Self::Shaped,
            true => Self::Minor,
            false if evidence.may_block() => Self::Shapeless,
            false => Self::Told,
        }
    }
}

/// Gives up the last in a full list that counts least, if it counts less than `worth`; how much
/// that is worth which there is no room for, be it this or what was asked for.
pub(crate) fn make_room<T>(kept: &mut Vec<T>, worth: Worth, of: impl Fn(&T) -> Worth) -> Worth {
    let Some(least) = kept.iter().map(&of).min().filter(|least| *least < worth) else {
        return worth;
    };
    if let Some(at) = kept.iter().rposition(|k| of(k) == least) {
        kept.remove(at);
    }
    least
}

impl Pass<'_> {
    /// One match more, up to the limit.
    pub(super) fn put(&self, found: Found, state: &mut State) {
        if state.found.len() >= limits::FINDINGS_PER_OBJECT {
            let worth = self.worth(&found);
            // What is kept only becomes worth more.
            let known = state.no_room_for.is_some_and(|least| worth <= least);
            let lost = match known {
                true => worth,
                false => make_room(&mut state.found, worth, |f| self.worth(f)),
            };
            state.crowded |= lost == Worth::Told;
            state.overfull |= lost != Worth::Told;
            if lost == worth {
                state.no_room_for = state.no_room_for.max(Some(worth));
                state.truncated |= worth == Worth::Shaped;
                return;
            }
        }
        state.caches.effort.found();
        state.found.push(found);
    }

    fn worth(&self, found: &Found) -> Worth {
        let rule = self.rules.get(found.rule as usize);
        match Worth::of(found.evidence, found.severity) {
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
        use Worth::{Minor, Shaped, Shapeless, Told};
        let of = |(_, worth): &(u8, Worth)| *worth;
        let mut kept = vec![
            (0, Shapeless),
            (1, Told),
            (2, Shaped),
            (3, Told),
            (4, Shaped),
        ];
        assert_eq!(make_room(&mut kept, Told, of), Told);
        assert_eq!(make_room(&mut kept, Shapeless, of), Told);
        assert!(kept.iter().all(|k| k.0 != 3) && kept.len() == 4);
        assert_eq!(make_room(&mut kept, Shaped, of), Told);
        assert_eq!(make_room(&mut kept, Shapeless, of), Shapeless);
        assert_eq!(make_room(&mut kept, Shaped, of), Shapeless);
        assert_eq!(kept, [(2, Shaped), (4, Shaped)]);
        assert_eq!(make_room(&mut kept, Shaped, of), Shaped);
        let mut kept = vec![(0, Minor), (1, Minor)];
        assert_eq!(make_room(&mut kept, Minor, of), Minor);
        assert_eq!(make_room(&mut kept, Shapeless, of), Minor);
        assert_eq!(make_room(&mut kept, Shaped, of), Minor);
        assert!(kept.is_empty());
    }
}

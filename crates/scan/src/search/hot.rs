//! Where something came of a text's keywords: there a text that is mostly this one is searched
//! again.

/// Places that are remembered; a text that has more is a table of them.
const MOST: usize = 256;

/// From where to where a keyword's surroundings were read, of which something came: in order, none
/// of which touches another.
pub(crate) type Warm = (u64, u64);

/// Such places, as they come.
#[derive(Debug, Default)]
pub(super) struct Hot {
    places: Vec<Warm>,
    crowded: bool,
}

impl Hot {
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.crowded = false;
    }

    /// Something came of what stands between `low` and `high`, both included.
    pub(super) fn note(&mut self, low: u64, high: u64) {
        let place = (low, high.max(low));
        if self.places.last() == Some(&place) {
            return;
        }
        if self.places.len() == MOST {
            self.crowded = true;
        } else {
            self.places.push(place);
        }
    }

    /// All of them, put into `places`; `None`: there were too many.
    pub(super) fn tell(&mut self, places: &mut Vec<Warm>) -> Option<()> {
        if self.crowded {
            return None;
        }
        self.places.sort_unstable();
        places.clear();
        for &(low, high) in &self.places {
            match places.last_mut() {
                Some((_, last)) if low <= *last => *last = high.max(*last),
                _ => places.push((low, high)),
            }
        }
        Some(())
    }
}

/// Whether one of `places` has something in common with `low` to `high`.
pub(super) fn touches(places: &[Warm], low: u64, high: u64) -> bool {
    let at = places.partition_point(|(_, end)| *end < low);
    places.get(at).is_some_and(|(start, _)| *start <= high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_in_order_and_as_one_where_they_meet() {
        let mut hot = Hot::default();
        for (low, high) in [(50, 60), (10, 20), (15, 30), (61, 70), (90, 90)] {
            hot.note(low, high);
        }
        let mut places = Vec::new();
        assert!(hot.tell(&mut places).is_some());
        for low in 0..100 {
            for high in low..100 {
                let inside = |at: u64| matches!(at, 10..=30 | 50..=60 | 61..=70 | 90);
                let any = (low..=high).any(inside);
                assert_eq!(touches(&places, low, high), any, "{low} {high} {places:?}");
            }
        }
    }

    #[test]
    fn too_many_are_not_told() {
        let mut hot = Hot::default();
        for at in 0..=MOST as u64 {
            assert!(hot.tell(&mut Vec::new()).is_some());
            hot.note(3 * at, 3 * at);
        }
        assert!(hot.tell(&mut Vec::new()).is_none());
        hot.clear();
        assert!(hot.tell(&mut Vec::new()).is_some());
    }
}

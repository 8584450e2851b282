//! From places in a view back to places in the text it was made from.

/// Bytes of a view that stand for bytes of the text.
#[derive(Clone, Copy, Debug)]
struct Part {
    plain: usize,
    plain_length: usize,
    raw: usize,
    raw_length: usize,
}

/// Parts in order; where a view was made of nothing, there is none.
#[derive(Debug, Default)]
pub(super) struct Map {
    parts: Vec<Part>,
}

impl Map {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
    }

    /// `plain_length` bytes from `plain` on stand for `raw_length` bytes from `raw` on, spread
    /// evenly.
    pub(super) fn push(
        &mut self,
        (plain, plain_length): (usize, usize),
        (raw, raw_length): (usize, usize),
    ) {
        if plain_length == 0 {
            return;
        }
        if let Some(last) = self.parts.last_mut() {
            let same = last.plain_length == last.raw_length && plain_length == raw_length;
            if same && last.plain + last.plain_length == plain && last.raw + last.raw_length == raw
            {
                last.plain_length += plain_length;
                last.raw_length += raw_length;
                return;
            }
        }
        self.parts.push(Part {
            plain,
            plain_length,
            raw,
            raw_length,
        });
    }

    fn part(&self, plain: usize) -> Option<&Part> {
        let after = self.parts.partition_point(|p| p.plain <= plain);
        self.parts.get(after.checked_sub(1)?)
    }

    /// The raw bytes that plain bytes stand for.
    pub(super) fn raw(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.part(start).map_or(0, |p| {
            let inside = (start - p.plain).min(p.plain_length);
            p.raw + inside * p.raw_length / p.plain_length
        });
        let to = self.part(end.saturating_sub(1)).map_or(from, |p| {
            let inside = (end - p.plain).min(p.plain_length);
            p.raw + (inside * p.raw_length).div_ceil(p.plain_length)
        });
        (from, to.max(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_exactly() {
        let mut map = Map::default();
        map.push((0, 4), (10, 4));
        map.push((4, 2), (14, 2));
        map.push((6, 1), (16, 6));
        map.push((7, 3), (22, 4));
        assert_eq!(map.parts.len(), 3);
        assert_eq!(map.raw(0, 6), (10, 16));
        assert_eq!(map.raw(5, 7), (15, 22));
        assert_eq!(map.raw(6, 7), (16, 22));
        assert_eq!(map.raw(7, 10), (22, 26));
        assert_eq!(map.raw(8, 9), (23, 25));
        assert_eq!(Map::default().raw(3, 9), (0, 0));
    }
}

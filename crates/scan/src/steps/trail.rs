//! What is kept while steps are followed, and from one match to the next.

use super::{At, Back};

/// The choices that are left, and where runs were left in vain.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(super) back: Vec<Back>,
    /// The walk, the step that came after a run, and its place. What follows from there does not
    /// depend on how it was reached: runs side by side would else meet the same end again and
    /// again.
    /// Empty before the first walk.
    left: Vec<(u32, At, u32)>,
    walk: u32,
}

/// Places that are remembered at once.
const LEFT: usize = 256;

impl Trail {
    /// Another walk.
    pub(super) fn begin(&mut self) {
        self.back.clear();
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 || self.left.is_empty() {
            // Walks of long ago would be taken for this one.
            self.left.clear();
            self.left.resize(LEFT, (0, 0, 0));
            self.walk = 1;
        }
    }

    /// Whether `step` is taken at `at` for the first time, as far as that is remembered. Where it
    /// is not, it led nowhere: else the walk had ended.
    pub(super) fn is_new(&mut self, step: At, at: usize) -> bool {
        let Ok(place) = u32::try_from(at) else {
            return true;
        };
        let now = (self.walk, step, place);
        match self.left.get_mut((at + 61 * usize::from(step)) % LEFT) {
            Some(left) if *left == now => false,
            Some(left) => {
                *left = now;
                true
            }
            None => true,
        }
    }
}

//! How far a long conversation is, for whoever waits for its end.

use std::time::{Duration, Instant};

/// Who is told, and how often.
#[derive(Clone, Copy)]
pub struct Progress<'a> {
    /// Takes the objects that are judged, and those announced so far.
    pub tell: &'a dyn Fn(u64, u64),
    /// Nothing is told before this has passed, nor more often.
    pub every: Duration,
}

/// The sentence for people.
pub fn so_far(judged: u64, announced: u64) -> String {
    format!("lychgate: {judged} of {announced} objects judged so far")
}

/// What is counted for it.
pub(crate) struct Pace<'a> {
    progress: Progress<'a>,
    next: Instant,
    judged: u64,
    announced: u64,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(progress: Progress<'a>) -> Self {
        Self {
            progress,
            next: Instant::now() + progress.every,
            judged: 0,
            announced: 0,
        }
    }

    /// Ids were offered, and so many are known already.
    pub(crate) fn offered(&mut self, all: usize, known: usize) {
        self.announced += all as u64;
        self.judged += known as u64;
    }

    /// An object is handed over; the judge is not far behind.
    pub(crate) fn object(&mut self, offered: bool) {
        self.announced += u64::from(!offered);
        self.tell(self.judged, self.announced);
        self.judged += 1;
    }

    /// The same object goes on.
    pub(crate) fn goes_on(&mut self) {
        self.tell(self.judged.saturating_sub(1), self.announced);
    }

    /// Tells, if it is time.
    pub(crate) fn tell(&mut self, judged: u64, announced: u64) {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + self.progress.every;
            (self.progress.tell)(judged, announced);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn it_is_told_when_the_time_has_come_and_not_before() {
        let told = RefCell::new(Vec::new());
        let tell = |judged, announced| told.borrow_mut().push((judged, announced));
        let pace = |every| Pace::new(Progress { tell: &tell, every });
        let mut slow = pace(Duration::ZERO);
        slow.offered(10, 4);
        slow.object(true);
        slow.object(true);
        slow.goes_on();
        slow.object(false);
        slow.tell(7, 11);
        assert_eq!(told.take(), [(4, 10), (5, 10), (5, 10), (6, 11), (7, 11)]);
        let mut quick = pace(Duration::from_secs(3600));
        quick.offered(10, 4);
        quick.object(true);
        quick.tell(7, 11);
        assert!(told.take().is_empty());
        assert!(so_far(u64::MAX, u64::MAX).len() <= 80);
    }
}

//! When reactors that drain may end: together. A table's cut is made of what all of them bring, so one that has nothing on its
//! way any more still has to say so, for as long as another one has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which reactors have nothing on their way. Clones share it.
#[derive(Debug, Clone)]
pub struct Settling {
    settled: Arc<[AtomicBool]>,
}

impl Settling {
    /// Of so many reactors, none of which is known to be settled.
    pub fn new(reactors: usize) -> Self {
        Self { settled: (0..reactors).map(|_| AtomicBool::new(false)).collect() }
    }

    /// The reactor of this index is settled now, or not. Gives whether all are.
    pub fn are_all(&self, index: usize, is_settled: bool) -> bool {
        if let Some(settled) = self.settled.get(index) {
            settled.store(is_settled, Ordering::SeqCst);
        }
        is_settled && self.settled.iter().all(|settled| settled.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_leaves_before_the_last() {
        let settling = Settling::new(2);
        assert!(!settling.are_all(0, true));
        assert!(!settling.are_all(1, false));
        assert!(!settling.are_all(0, true));
        assert!(!settling.clone().are_all(0, false), "a cut was asked for meanwhile");
        assert!(!settling.are_all(1, true));
        assert!(settling.are_all(0, true) && settling.are_all(1, true));
    }
}

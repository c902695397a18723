//! One memory budget from receive buffers to assembled files.
//!
//! What a peer can make grow is reserved *before* it is allocated: receive buffers and frames with
//! [`Budget::try_reserve`], which says no at the limit (the socket is not read then). What follows from accepted rows
//! (builders, row groups, encoded chunks) takes its bytes along in a [`Reservation`] that is resized as the data changes
//! its form; it may pass the limit for a moment, because finishing is the only way to free memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Called when memory was freed after somebody had been refused. Must not block.
pub type FreedListener = Arc<dyn Fn() + Send + Sync>;

/// The process's budget. Clones share it.
#[derive(Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

struct Shared {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    refused: AtomicBool,
    listeners: Mutex<Vec<FreedListener>>,
}

/// Bytes of the budget that are in use until this is dropped.
pub struct Reservation {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let shared = Shared {
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            refused: AtomicBool::new(false),
            listeners: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Bytes there are.
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.shared.used.load(Ordering::Acquire)
    }

    /// Most bytes that were ever in use.
    pub fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::Relaxed)
    }

    /// Reserves `bytes`, or says no. After a no the listeners hear of the next release.
    pub fn try_reserve(&self, bytes: usize) -> Option<Reservation> {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.shared.limit);
        let taken = self.shared.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).or_else(|_| {
            // The flag goes up before the second look, so that a release in between is either seen by it or tells us.
            self.shared.refused.store(true, Ordering::SeqCst);
            self.shared.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits)
        });
        let before = taken.ok()?;
        self.shared.peak.fetch_max(before + bytes, Ordering::Relaxed);
        Some(Reservation { budget: self.clone(), bytes })
    }

    /// Reserves `bytes` even past the limit: for work that must finish so that memory comes back.
    pub fn reserve(&self, bytes: usize) -> Reservation {
        self.grow(bytes);
        Reservation { budget: self.clone(), bytes }
    }

    /// Has `listener` called when memory comes back after a refusal.
    pub fn on_freed(&self, listener: FreedListener) {
        self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    fn grow(&self, bytes: usize) {
        let before = self.shared.used.fetch_add(bytes, Ordering::AcqRel);
        self.shared.peak.fetch_max(before + bytes, Ordering::Relaxed);
    }

    fn release(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.shared.used.fetch_sub(bytes, Ordering::SeqCst);
        if self.shared.refused.swap(false, Ordering::SeqCst) {
            let listeners = self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner);
            listeners.iter().for_each(|listener| listener());
        }
    }
}

impl Reservation {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes how much is held; growing may pass the limit (see the module's head).
    pub fn resize(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.budget.grow(bytes - self.bytes);
        } else {
            self.budget.release(self.bytes - bytes);
        }
        self.bytes = bytes;
    }

    /// Gives away `bytes`, or what there is.
    pub fn split_off(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget.clone(), bytes }
    }

    /// Takes `other`'s bytes over.
    pub fn absorb(&mut self, mut other: Self) {
        debug_assert!(Arc::ptr_eq(&self.budget.shared, &other.budget.shared));
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Reservation({} bytes)", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_add_up_and_come_back() {
        let budget = Budget::new(100);
        let mut first = budget.try_reserve(60).unwrap();
        assert!(budget.try_reserve(41).is_none());
        let second = budget.try_reserve(40).unwrap();
        assert_eq!(budget.used(), 100);
        first.resize(10);
        first.absorb(second);
        let mut third = first.split_off(20);
        assert_eq!((first.bytes(), third.bytes(), third.split_off(30).bytes()), (30, 20, 20));
        first.resize(50);
        assert_eq!((first.bytes(), budget.used()), (50, 50));
        drop(first);
        assert_eq!((budget.used(), budget.peak()), (0, 100));
    }

    #[test]
    fn a_refusal_is_followed_by_word_of_the_next_release_and_only_then() {
        let budget = Budget::new(10);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        budget.on_freed(Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        drop(budget.try_reserve(10));
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        let held = budget.try_reserve(10);
        assert!(budget.try_reserve(1).is_none());
        drop(held);
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}

//! Whether a reactor has been told to stop, for whoever waits for it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Begins once, and is waited for by one task.
#[derive(Debug, Default)]
pub struct Draining {
    begun: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Draining {
    pub fn begin(&self) {
        self.begun.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    pub fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// Waits until it begins. Nothing runs meanwhile: an idle reactor spends most of its life here.
    pub async fn begun(&self) {
        poll_fn(|context| {
            if self.has_begun() {
                return Poll::Ready(());
            }
            *self.waiting.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Context;

    #[test]
    fn who_waits_is_woken_when_it_begins() {
        let draining = Draining::default();
        let (mut context, mut waiting) = (Context::from_waker(Waker::noop()), pin!(draining.begun()));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(draining.waiting.borrow().is_some());
        draining.begin();
        assert!(draining.waiting.borrow().is_none() && draining.has_begun());
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }
}

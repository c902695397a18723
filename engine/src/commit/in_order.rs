//! Things that come back in any order, given out in the order in which they went away.

use std::collections::BTreeMap;

/// Places are given out from 0; what comes back waits until nothing before it is missing.
#[derive(Debug)]
pub struct InOrder<T> {
    waiting: BTreeMap<u64, T>,
    next_place: u64,
    next_out: u64,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), next_place: 0, next_out: 0 }
    }
}

impl<T> InOrder<T> {
    /// Something goes away; gives its place.
    pub fn place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place - 1
    }

    /// It is back.
    pub fn put(&mut self, place: u64, thing: T) {
        self.waiting.insert(place, thing);
    }

    /// Everything back that has nothing missing before it.
    pub fn take_next(&mut self) -> Vec<T> {
        let mut things = Vec::new();
        while let Some(thing) = self.waiting.remove(&self.next_out) {
            things.push(thing);
            self.next_out += 1;
        }
        things
    }

    /// Whether [`Self::take_next`] has something to give.
    pub fn has_next(&self) -> bool {
        self.waiting.contains_key(&self.next_out)
    }

    /// How many are back and not taken.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_comes_back_when_all_is_given_out_once_and_in_order(order in Just((0..12u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut in_order = InOrder::default();
            let places: Vec<u64> = order.iter().map(|_| in_order.place()).collect();
            let mut out = Vec::new();
            for place in order {
                in_order.put(place, place);
                let has_next = in_order.has_next();
                let next = in_order.take_next();
                prop_assert_eq!(has_next, !next.is_empty());
                out.extend(next);
            }
            prop_assert_eq!(out, places);
            prop_assert_eq!(in_order.waiting(), 0);
        }
    }
}

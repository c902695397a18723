//! Which core a stream lives on.

use lakehead_protocol::hello::Hello;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The index of the home reactor among `cores`; an anonymous stream stays where it was `accepted`.
pub fn home(hello: &Hello, accepted: usize, cores: usize) -> usize {
    if hello.stream.is_empty() {
        return accepted;
    }
    let mut hasher = DefaultHasher::new();
    (hello.table.as_str(), hello.stream.as_str()).hash(&mut hasher);
    (hasher.finish() % cores as u64) as usize
}

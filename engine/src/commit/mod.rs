//! The commit plane: encoders, file assembly, the commit loop, and what a lost answer means.

pub mod encode;

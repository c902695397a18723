//! Table formats: Delta.
//!
//! What the commit plane knows of a table format is in [`delta`]: open, create, look at the newest version, turn a plan into
//! the bytes of one version, checkpoint. It puts nothing into the store by itself but a new table's first version and
//! checkpoints; whether a commit landed is decided in [`crate::commit`]. [`name`] says where a table of a name lives.

pub mod delta;
pub mod name;

//! The log over a disk that fails.

mod canaries;
mod checks;
mod codec;
mod crash;
mod damage;
mod frames;
mod group_commit;
mod room;
mod world;

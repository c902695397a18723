//! Streams against a server that the test plays, over connections in memory.
//!
//! Time is paused, so timers fire as soon as nothing else can happen, and nothing depends on how fast the machine is.

mod cut;
mod failing;
mod flow;
mod peer;
mod promises;
mod rows;
mod sealing;
mod tcp;

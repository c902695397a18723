//! Pure state of one core: streams, admission, acks, cuts. No I/O, no clock, no thread.

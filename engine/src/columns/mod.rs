//! Archives into Arrow columns by bulk copy.

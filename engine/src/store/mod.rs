//! Object stores in our words.

//! What a server reads of any batch.

mod nested;
mod shapes;
mod value;

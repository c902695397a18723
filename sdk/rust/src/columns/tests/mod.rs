//! What a server reads of any batch.

mod nested;
mod shapes;
pub mod value;

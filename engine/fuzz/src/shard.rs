//! Of the engine's room of this name, the one type that the manifest names.

/// See the engine's.
pub mod logging {
    /// See the engine's.
    pub type Awaited = std::collections::BTreeMap<std::sync::Arc<str>, u32>;
}

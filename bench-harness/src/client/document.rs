use super::figures::Figures;
use crate::report::Header;
use serde::Serialize;

/// The result file of all paths.
#[derive(Debug, Clone, Serialize)]
pub struct ClientReport {
    #[serde(flatten)]
    pub header: Header,
    pub paths: Vec<Figures>,
}

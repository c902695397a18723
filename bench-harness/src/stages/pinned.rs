use super::error::StageError;
use core_affinity::CoreId;

/// The core that is measured on, and another one for whoever has to work beside it, if there is one.
#[derive(Debug, Clone, Copy)]
pub struct Pinned {
    pub core: CoreId,
    pub other: CoreId,
}

impl Pinned {
    /// Moves this thread to the core, or to the last one that it may use.
    ///
    /// # Errors
    /// When there is no such core.
    pub fn to(core: Option<usize>) -> Result<Self, StageError> {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let core = match core {
            Some(id) => *cores.iter().find(|core| core.id == id).ok_or(StageError::NoSuchCore(id))?,
            None => *cores.last().ok_or(StageError::NoCore)?,
        };
        let other = cores.iter().find(|other| other.id != core.id).copied().unwrap_or(core);
        if !core_affinity::set_for_current(core) {
            return Err(StageError::NoSuchCore(core.id));
        }
        Ok(Self { core, other })
    }
}

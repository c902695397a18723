//! What comes in between.

/// A disturbance of the work; what each does is told by [`crate::faults::Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    CutConnection,
    AbandonDial,
    CrashEngine,
    DrainEngine,
    FreezeEngine,
    MemoryShort,
    Rival,
    AskCut,
    ForeignCommit,
    ChangeSchema,
    FailFile,
    BreakDisk,
    CleanUp,
    StoreOutage,
    CopyDirectory,
    RollBack,
}

/// Every one, with how likely it is before a shape weighs it.
pub const DISTURBANCES: [(Disturbance, u32); 16] = [
    (Disturbance::CutConnection, 8),
    (Disturbance::AbandonDial, 6),
    (Disturbance::CrashEngine, 2),
    (Disturbance::DrainEngine, 1),
    (Disturbance::FreezeEngine, 4),
    (Disturbance::MemoryShort, 3),
    (Disturbance::Rival, 3),
    (Disturbance::AskCut, 4),
    (Disturbance::ForeignCommit, 3),
    (Disturbance::ChangeSchema, 1),
    (Disturbance::FailFile, 2),
    (Disturbance::BreakDisk, 1),
    (Disturbance::CleanUp, 2),
    (Disturbance::StoreOutage, 1),
    (Disturbance::CopyDirectory, 0),
    (Disturbance::RollBack, 0),
];

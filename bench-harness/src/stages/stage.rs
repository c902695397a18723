use super::error::StageError;
use super::name::StageName;
use super::stopwatch::{Clock, Stopwatch};

/// One stage with its input, ready to be gone through again and again.
pub trait Stage {
    fn name(&self) -> StageName;

    /// Whose CPU time it takes.
    fn clock(&self) -> Clock {
        Clock::Thread
    }

    /// What is told apart in it.
    fn parts(&self) -> Parts {
        Parts::One
    }

    /// What its input is, and whether caches know it.
    fn input(&self) -> &'static str;

    /// Goes over the input once; counts what it does through the stopwatch, and nothing else. Gives the rows of it.
    ///
    /// # Errors
    /// [`StageError`]; the stage is of no use then.
    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError>;
}

/// The parts of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    One,
    Named(Vec<String>),
}

impl Parts {
    pub fn count(&self) -> usize {
        match self {
            Self::One => 1,
            Self::Named(names) => names.len(),
        }
    }
}

use super::batch_step::BatchStep;
use crate::stages::append::Append;
use crate::stages::decode::{Decode, Payload};
use crate::stages::encode::Encode;
use crate::stages::log_block::LogBlock;
use crate::stages::{Codec, Input, Stage, StageError};
use crate::workload::Kind;
use clap::ValueEnum;

/// A hot path by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kernel {
    /// Frames of 8,192 rows: header, checksums, archive in place, batch check.
    Decode,
    /// The same of 10 rows.
    DecodeTiny,
    /// Frames of 8,192 rows into columns.
    Append,
    /// The same of 10 rows.
    AppendTiny,
    /// Frames of 8,192 rows into blocks of the log.
    LogBlock,
    /// A shard's whole step for frames of 10 rows, without a log: admission, check, columns.
    Admission,
    /// Columns into Parquet, in the ways that were learnt.
    Encode,
}

impl Kernel {
    /// Rows of a batch.
    pub fn batch_rows(self) -> usize {
        match self {
            Self::DecodeTiny | Self::AppendTiny | Self::Admission => Kind::Tiny.batch_rows(),
            Self::Decode | Self::Append | Self::LogBlock | Self::Encode => Kind::Telemetry.batch_rows(),
        }
    }

    /// The path, ready to be gone through.
    ///
    /// # Errors
    /// When the rows do not fit.
    pub fn stage(self, input: &Input) -> Result<Box<dyn Stage + '_>, StageError> {
        Ok(match self {
            Self::Decode | Self::DecodeTiny => Box::new(Decode { input, payload: Payload::SummedAndViewed }),
            Self::Append | Self::AppendTiny => Box::new(Append::new(input, 1)?),
            Self::LogBlock => Box::new(LogBlock::new(input)?),
            Self::Admission => Box::new(BatchStep::new(input)?),
            Self::Encode => Box::new(Encode::new(input, Codec::Zstd.into())?),
        })
    }
}

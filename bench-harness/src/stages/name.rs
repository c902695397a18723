use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A stage by name, in the order of a row's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// From the kernel's socket buffer into the shard's, over loopback.
    Receive,
    /// CRC-32C of frames.
    Checksum,
    /// A frame's header, its archive validated in place, its batch judged.
    Decode,
    /// The connection and the offset judged.
    Admission,
    /// From the archive to columns.
    Append,
    /// Frames into aligned blocks of the log, with their checksums.
    LogBlock,
    /// Blocks around the page cache into a segment of zeros, each synced.
    LogWrite,
    /// Columns into Arrow arrays.
    Seal,
    /// Arrow arrays into Parquet column chunks.
    Encode,
    /// Chunks spliced into a file with statistics, written and synced.
    File,
}

impl StageName {
    /// The name on the command line.
    pub fn text(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Checksum => "checksum",
            Self::Decode => "decode",
            Self::Admission => "admission",
            Self::Append => "append",
            Self::LogBlock => "log-block",
            Self::LogWrite => "log-write",
            Self::Seal => "seal",
            Self::Encode => "encode",
            Self::File => "file",
        }
    }
}

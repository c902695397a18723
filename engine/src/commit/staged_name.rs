//! Names of data files. Pure.
//!
//! A file is named by what its commit depends upon: `part-<log>-<claim>-<version>-<number>`, where the claim is the one under
//! which the log spoke for the table when the file was begun, and the version the newest that was known then. Any commit of
//! the file is made upon a version that shows this claim, and is newer than that version. So once the table shows a higher
//! claim of the log, the commits between the two say for good whether the file is part of the table: see
//! [`crate::upkeep::orphans`]. Without a log there is no claim, and the name is random.

use crate::handover::log_part::LogId;
use parquet::basic::Compression;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells apart the files of one claim. A claim is one opening of one table by one process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// What the commit of a staged file depends upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    pub log: LogId,
    pub claim: u64,
    /// The newest version that was known when the file was begun.
    pub version: u64,
}

impl Origin {
    /// The origin in a file's name, if it has one.
    pub fn of_name(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("part-")?;
        let (log, rest) = rest.split_at_checked(32)?;
        let mut parts = rest.strip_prefix('-')?.splitn(3, '-');
        let (claim, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (number, ending) = rest.split_once('.')?;
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hex(log) || claim.len() != 16 || !is_hex(claim) || !ending.ends_with("parquet") {
            return None;
        }
        number.parse::<u64>().ok()?;
        let claim = u64::from_str_radix(claim, 16).ok()?;
        Some(Self { log: log.parse().ok()?, claim, version: version.parse().ok()? })
    }

    /// The name of the file of this number; `codec` comes before its ending.
    pub fn name(&self, number: u64, codec: &str) -> String {
        let Self { log, claim, version } = self;
        let log = uuid::Uuid::from_bytes(log.0).simple();
        format!("part-{log}-{claim:016x}-{version}-{number}{codec}.parquet")
    }
}

/// A name that no other file has.
#[expect(clippy::disallowed_methods, reason = "data files are named here, and only here")]
pub fn new_name(origin: Option<&Origin>, compression: Compression) -> String {
    let codec = match compression {
        Compression::UNCOMPRESSED => "",
        Compression::SNAPPY => ".snappy",
        Compression::GZIP(_) => ".gz",
        Compression::BROTLI(_) => ".br",
        Compression::LZ4 | Compression::LZ4_RAW => ".lz4",
        Compression::ZSTD(_) => ".zstd",
        _ => ".other",
    };
    match origin {
        Some(origin) => origin.name(NUMBER.fetch_add(1, Ordering::Relaxed), codec),
        None => format!("part-{}{codec}.parquet", uuid::Uuid::new_v4()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::ZstdLevel;
    use proptest::prelude::*;

    #[test]
    fn other_names_have_no_origin() {
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let names = [
            new_name(None, zstd),
            "part-00000-8a1f3c52-97d5-4cda-9d0c-0ddeadbeef00-c000.snappy.parquet".to_owned(),
            "part-00000000000000000000000000000000-0000000000000001-7-0.crc".to_owned(),
            "part-0000000000000000000000000000000g-0000000000000001-7-0.parquet".to_owned(),
            "part-00000000000000000000000000000000-1-7-0.parquet".to_owned(),
            "part-00000000000000000000000000000000-0000000000000001-7.parquet".to_owned(),
            String::new(),
        ];
        for name in names {
            assert_eq!(Origin::of_name(&name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_says_its_origin_and_is_no_other_files(log in any::<[u8; 16]>(), claim: u64, version: u64) {
            let origin = Origin { log: LogId(log), claim, version };
            let names = [Compression::UNCOMPRESSED, Compression::SNAPPY].map(|codec| new_name(Some(&origin), codec));
            for name in &names {
                prop_assert_eq!(Origin::of_name(name), Some(origin));
            }
            prop_assert_ne!(&names[0], &new_name(Some(&origin), Compression::UNCOMPRESSED));
        }
    }
}

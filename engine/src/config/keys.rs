//! Every key of the configuration: its place, its type, its default, what it means.
//!
//! The file's parser, the environment, the flags of `serve`, `config show` and the documentation all go by this list.

use super::fallback::{Fallback, budget_mb, encoders, log_size_mb, tables_root, usable_cores};
use super::kind::Kind;

/// One key.
#[derive(Debug)]
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    pub fallback: Fallback,
    /// What it means, for a person who has to choose.
    pub doc: &'static str,
    /// The flag of `serve` that sets it, and its value's name, for what people set most.
    pub flag: Option<(&'static str, &'static str)>,
}

impl Key {
    /// `section.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}_{}", self.section, self.name).to_uppercase()
    }
}

/// What the names of environment variables begin with.
pub const VARIABLE_PREFIX: &str = "LAKEHEAD_";

const POSITIVE: Kind = Kind::Number { min: 1, why: "" };

/// Less memory than this cannot hold one largest batch from socket to file.
pub const BUDGET_MB_MIN: i64 = 64;

/// All keys, by section. A derived default may look at keys that stand before its own.
pub const KEYS: [Key; 29] = [
    Key {
        section: "server",
        name: "listen",
        kind: Kind::Text,
        fallback: Fallback::Toml("\"127.0.0.1:7531\""),
        doc: "HOST:PORT to listen on; port 0 takes any free one",
        flag: Some(("listen", "ADDR")),
    },
    Key {
        section: "server",
        name: "data_dir",
        kind: Kind::Text,
        fallback: Fallback::Derived { words: "none, it has to be given", value: |_| None },
        doc: "The engine's folder: its log, its tables (unless they are elsewhere), the address it listens on, its lock",
        flag: Some(("data-dir", "DIR")),
    },
    Key {
        section: "server",
        name: "cores",
        kind: Kind::Numbers,
        fallback: Fallback::Derived { words: "all that this process may use", value: |_| usable_cores() },
        doc: "CPUs to pin reactors to, one each",
        flag: Some(("cores", "CPUS")),
    },
    Key {
        section: "memory",
        name: "budget_mb",
        kind: Kind::Number {
            min: BUDGET_MB_MIN,
            why: ": one batch of the maximum size has to fit beside what is being encoded",
        },
        fallback: Fallback::Derived { words: "a quarter of the machine", value: |_| Some(budget_mb()) },
        doc: "Memory for receive buffers, builders, row groups, encoded chunks and file assembly together",
        flag: Some(("budget-mb", "MB")),
    },
    Key {
        section: "log",
        name: "mode",
        kind: Kind::Choice(&["on", "off"]),
        fallback: Fallback::Toml("\"on\""),
        doc: "Whether rows are kept in a log on this node's disk until they are in their tables. With off nothing is durable \
              before it is committed: for nodes without a disk",
        flag: Some(("log", "on|off")),
    },
    Key {
        section: "log",
        name: "size_mb",
        kind: POSITIVE,
        fallback: Fallback::Derived { words: "4096 for each core", value: log_size_mb },
        doc: "Most that the logs of all cores take on disk; when tables do not take their rows for so long that a log is full, \
              producers wait. At least 160 for each core",
        flag: Some(("log-mb", "MB")),
    },
    Key {
        section: "log",
        name: "linger_us",
        kind: Kind::Number { min: 0, why: "" },
        fallback: Fallback::Toml("1000"),
        doc: "How long a busy log lets small blocks gather before it syncs them; an idle one writes at once",
        flag: None,
    },
    Key {
        section: "tables",
        name: "root",
        kind: Kind::Text,
        fallback: Fallback::Derived { words: "the folder tables in data_dir", value: tables_root },
        doc: "Below it lie the tables: file:///absolute/path, s3://bucket/path, gs://bucket/path, az://container/path or \
              abfss://container@account.dfs.core.windows.net/path",
        flag: Some(("tables-root", "URI")),
    },
    Key {
        section: "tables",
        name: "create",
        kind: Kind::Switch,
        fallback: Fallback::Toml("true"),
        doc: "Whether a missing table is made from the first stream's columns",
        flag: Some(("create-tables", "true|false")),
    },
    Key {
        section: "tables",
        name: "properties",
        kind: Kind::Texts,
        fallback: Fallback::Toml("{}"),
        doc: "Table properties of tables made here: { \"delta.logRetentionDuration\" = \"interval 7 days\" }. Tables that exist \
              keep theirs",
        flag: None,
    },
    Key {
        section: "tables",
        name: "commit_interval_ms",
        kind: POSITIVE,
        fallback: Fallback::Toml("1000"),
        doc: "One commit per table and interval; also about how long an ack that says committed takes. A table's property \
              lakehead.commit_interval_ms goes first",
        flag: Some(("commit-interval-ms", "MS")),
    },
    Key {
        section: "tables",
        name: "commit_rows",
        kind: POSITIVE,
        fallback: Fallback::Toml("67108864"),
        doc: "A table is committed ahead of its time when it has so many rows to commit. A table's property \
              lakehead.commit_rows goes first",
        flag: None,
    },
    Key {
        section: "tables",
        name: "commit_mb",
        kind: POSITIVE,
        fallback: Fallback::Toml("1024"),
        doc: "A table is committed ahead of its time when it has so many megabytes of rows to commit. A table's property \
              lakehead.commit_mb goes first",
        flag: None,
    },
    Key {
        section: "tables",
        name: "checkpoint_interval",
        kind: POSITIVE,
        fallback: Fallback::Toml("100"),
        doc: "A Delta checkpoint every so many commits",
        flag: None,
    },
    Key {
        section: "tables",
        name: "streams_max",
        kind: POSITIVE,
        fallback: Fallback::Toml("1000"),
        doc: "Named streams per table; forgotten ones do not count",
        flag: None,
    },
    Key {
        section: "tables",
        name: "compression",
        kind: Kind::Choice(&["zstd", "lz4", "snappy", "none"]),
        fallback: Fallback::Toml("\"zstd\""),
        doc: "The codec of Parquet pages, for columns where it pays: zstd, lz4, snappy or none",
        flag: Some(("compression", "NAME")),
    },
    Key {
        section: "tables",
        name: "encoding",
        kind: Kind::Choice(&["speed", "balanced", "size"]),
        fallback: Fallback::Toml("\"balanced\""),
        doc: "What the encoding of each column is chosen for, by measuring samples of it: speed (the least CPU time), size (the \
              fewest bytes), or balanced between both. A table's property lakehead.encoding goes first",
        flag: Some(("encoding", "NAME")),
    },
    Key {
        section: "tables",
        name: "evolve",
        kind: Kind::Choice(&["refuse", "add"]),
        fallback: Fallback::Toml("\"refuse\""),
        doc: "What becomes of columns that a stream sends and its table does not have: refuse (the stream is refused), or add (they \
              are added to the table). A table's property lakehead.evolve goes first",
        flag: Some(("evolve", "refuse|add")),
    },
    Key {
        section: "tables",
        name: "bad_rows",
        kind: Kind::Choice(&["refuse", "divert"]),
        fallback: Fallback::Toml("\"refuse\""),
        doc: "What becomes of rows that their table cannot hold: refuse (their batch is refused), or divert (they go into the table \
              NAME_rejected beside it, and the stream goes on; needs the log). A table's property lakehead.bad_rows goes first",
        flag: Some(("bad-rows", "refuse|divert")),
    },
    Key {
        section: "tables",
        name: "encoders",
        kind: POSITIVE,
        fallback: Fallback::Derived { words: "one per core", value: encoders },
        doc: "Threads that encode Parquet",
        flag: None,
    },
    Key {
        section: "tables",
        name: "uris",
        kind: Kind::Places,
        fallback: Fallback::Toml("{}"),
        doc: "Tables that live elsewhere: { \"sales.orders\" = \"file:///mnt/other/orders\" }",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "compact",
        kind: Kind::Switch,
        fallback: Fallback::Toml("true"),
        doc: "Whether small files of a table are merged into larger ones. A table's property delta.autoOptimize.autoCompact goes \
              first",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "target_file_mb",
        kind: POSITIVE,
        fallback: Fallback::Toml("128"),
        doc: "About how large merged files become. A table's property delta.targetFileSize goes first",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "small_file_mb",
        kind: POSITIVE,
        fallback: Fallback::Derived { words: "half of the target", value: |_| None },
        doc: "Files that are smaller than this are merged, others are left alone",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "bandwidth_mb_per_s",
        kind: POSITIVE,
        fallback: Fallback::Toml("64"),
        doc: "Most that merging reads and writes in a second, over all tables together",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "interval_ms",
        kind: POSITIVE,
        fallback: Fallback::Toml("10000"),
        doc: "Least time between two looks at a table for what upkeep it needs",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "clean_log",
        kind: Kind::Switch,
        fallback: Fallback::Toml("true"),
        doc: "Whether files of a table's log are removed when they are older than delta.logRetentionDuration (30 days) and a \
              checkpoint stands for them, unless delta.enableExpiredLogCleanup is false",
        flag: None,
    },
    Key {
        section: "upkeep",
        name: "remove_orphans",
        kind: Kind::Switch,
        fallback: Fallback::Toml("true"),
        doc: "Whether data files are removed that this engine wrote before it was killed, once the table's log proves that no \
              commit names them or ever will",
        flag: None,
    },
    Key {
        section: "store",
        name: "options",
        kind: Kind::StoreOptions,
        fallback: Fallback::Toml("{}"),
        doc: "How object stores are spoken to, where the environment does not say it: { region = \"eu-west-1\", endpoint = \
              \"http://localhost:9000\", allow_http = true, aws_access_key_id = ... }",
        flag: None,
    },
];

/// The sections, in order.
pub fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(|key| key.section).collect();
    sections.dedup();
    sections
}

/// The key at `section.name`, if there is one.
pub fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.section == section && key.name == name)
}

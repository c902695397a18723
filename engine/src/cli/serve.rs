//! `lakehead serve`: the engine's life from start to drain.

use super::directory_lock::lock;
use super::exit::Exit;
use super::local_table::parse_root;
use super::output::{say, tell};
use super::store_check;
use crate::allocator::keep_freed_memory;
use crate::budget::Budget;
use crate::commit::ShardMailbox;
use crate::commit::pace::Pace;
use crate::commit::plane::CommitPlane;
use crate::commit::settings::Settings as CommitSettings;
use crate::config::flags::Flags;
use crate::config::typed::LogMode;
use crate::config::{Config, Effective, Origin};
use crate::handover::ShardId;
use crate::handover::cut_size::CutSize;
use crate::log_directory::open::{Summary, Wanted};
use crate::log_directory::{self, Opened};
use crate::reactor::bind::bind;
use crate::reactor::cores::{CoreSettings, Cores, Drained, Logs, prepare};
use crate::reactor::local::Submit;
use crate::reactor::mailbox::{Mail, Mailbox};
use crate::shard::Settings as ShardSettings;
use crate::table::delta::new_table;
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fs;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The kernel tells every snapshot; one line per commit of ours says as much.
const LOG_DEFAULT: &str = "info,delta_kernel=warn";
/// How long a drain may take: the store may be slow.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);
/// Row groups that wait in a table's port: a quarter of the memory at most, so that a table whose store is down leaves the
/// rest to others.
fn port_capacity(budget_mb: usize) -> usize {
    const CAPACITY_MAX: usize = 16;
    (budget_mb / 4 / ROW_GROUP_MB).clamp(2, CAPACITY_MAX)
}

/// About what a full row group takes in memory.
const ROW_GROUP_MB: usize = 40;

/// Runs the engine: takes rows over TCP and commits them to Delta tables.
///
/// Prints where it listens and runs until SIGTERM or SIGINT; then it commits what it holds and ends
/// with 0. What producers were told is committed survives anything, kill -9 included.
///
/// Each flag overrules the environment variable `LAKEHEAD_<SECTION>_<KEY>`, which overrules the
/// configuration file; `lakehead config show` explains every key, `lakehead config show
/// --effective` with the same flags shows what holds. LAKEHEAD_LOG sets what is logged on standard
/// error (info, debug, or by part).
///
/// Examples:
///   lakehead serve --data-dir ./lakehead-data
///   lakehead serve --data-dir /var/lib/lakehead --config /etc/lakehead.toml --listen 0.0.0.0:7531
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ServeArguments {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

/// Why the engine did not start, or ended badly: a sentence and an exit code.
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }
}

/// Runs the engine until a signal drains it.
pub fn run(arguments: ServeArguments) -> Exit {
    keep_freed_memory();
    prepare();
    start_logging();
    abort_with_reactors();
    match serve(arguments) {
        Ok(()) => Exit::Success,
        Err(failure) => {
            tell(format_args!("lakehead serve: {}", failure.message));
            failure.exit
        }
    }
}

fn serve(arguments: ServeArguments) -> Result<(), Failure> {
    let effective = Effective::read(arguments.config.as_deref(), &arguments.flags);
    let effective = effective.map_err(|error| Failure::new(Exit::Configuration, error))?;
    let config = effective.typed().map_err(|error| Failure::new(Exit::Configuration, error))?;
    let cores = choose_cores(config.server.cores.clone())?;
    let Some(data_dir) = &config.server.data_dir else {
        let message =
            "no data directory is given; say --data-dir DIR, or set data_dir in [server] of the configuration";
        return Err(Failure::new(Exit::Configuration, message));
    };
    let directory = prepare_directory(data_dir)?;
    let _lock = lock(&directory).map_err(|error| Failure::new(Exit::Configuration, error))?;
    let elsewhere = config.tables.root.as_ref().filter(|_| effective.origin("tables.root") != Origin::Default);
    let commit = commit_settings(&config, elsewhere.map(String::as_str), &directory)?;
    let tables = commit.tables_root.to_string();
    store_check::check(&commit).map_err(|error| Failure::new(Exit::Configuration, error))?;
    let logs = open_logs(&config, &directory, cores.len())?;
    let budget_mb = config.memory.budget_mb;
    let budget = Budget::new(budget_mb << 20);
    let (address, sockets) =
        bind(&config.server.listen, cores.len()).map_err(|error| Failure::new(Exit::Configuration, error))?;

    let signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])
        .map_err(|error| Failure::new(Exit::Failure, format!("cannot watch for signals: {error}")))?;
    let reactors = cores.len() + logs.draining.len();
    let mailboxes: Vec<Mailbox> = (0..reactors).map(|_| Mailbox::default()).collect();
    let answers: Vec<ShardMailbox> = mailboxes.iter().cloned().map(answering).collect();
    let plane = CommitPlane::start(commit, budget.clone(), answers)
        .map_err(|error| Failure::new(Exit::Failure, format!("the commit plane cannot start: {error}")))?;
    let requester = plane.requester();
    let submit: Submit = Arc::new(move |request| requester.submit(request));
    let settings = CoreSettings {
        cores: cores.clone(),
        shard: |index| ShardSettings::new(ShardId(index as u16)),
        budget: budget.clone(),
        drain_deadline: DRAIN_DEADLINE,
        linger_us: config.log.linger_us,
        fatal: Arc::new(end_process),
    };
    let has_log = !logs.serving.is_empty();
    let logs = Logs { serving: logs.serving, draining: logs.draining, awaited: logs.awaited };
    let running = Cores::start(&settings, mailboxes, sockets, &submit, logs);
    let running = running.map_err(|error| Failure::new(Exit::Failure, error))?;
    announce(&directory, address)?;
    tracing::info!(%address, ?cores, budget_mb, tables, "ready");

    wait_for(signals);
    tracing::info!("draining: no new connections; committing what is held");
    let _ = fs::remove_file(directory.join("listen"));
    let drained = running.drain().map_err(|error| Failure::new(Exit::Software, error))?;
    plane.stop();
    tracing::info!(memory_peak_mb = budget.peak() >> 20, ?drained, "stopped");
    match drained {
        Drained::Settled => Ok(()),
        Drained::Unsettled if has_log => {
            tracing::warn!("rows that tables did not take in time stay in the log; the next start goes on with them");
            Ok(())
        }
        Drained::Unsettled => Err(Failure::new(
            Exit::TryLater,
            "rows that were not acknowledged could not be committed in time; their producers keep them and resume",
        )),
    }
}

/// Recovers what earlier runs left, and says so.
fn open_logs(config: &Config, directory: &Path, cores: usize) -> Result<Opened, Failure> {
    let wanted = match config.log.mode {
        LogMode::On => Wanted { cores, bytes_max: config.log.size_mb << 20 },
        LogMode::Off => Wanted { cores: 0, bytes_max: 0 },
    };
    let opened = log_directory::open(&directory.join("log"), wanted);
    let opened = opened.map_err(|error| Failure::new(Exit::from(&error), error))?;
    let Summary { logs, bytes_read, entry_bytes, torn_tails, took } = opened.summary;
    let seconds = took.as_secs_f64();
    tracing::info!(
        run = opened.run,
        logs,
        draining = opened.draining.len(),
        read_mb = bytes_read >> 20,
        rows_mb = entry_bytes >> 20,
        torn_tails,
        seconds,
        "recovered"
    );
    if entry_bytes > 0 {
        let (read_mb, rows_mb) = (bytes_read as f64 / 1e6, entry_bytes as f64 / 1e6);
        say(format_args!(
            "recovered: {read_mb:.1} MB of {logs} logs read in {seconds:.3} s; {rows_mb:.1} MB of rows go to their tables"
        ));
    }
    Ok(opened)
}

/// The last words of an engine whose log failed: nothing more is acknowledged, and the next run finds what is durable.
fn end_process(why: &str) {
    tracing::error!("{why}");
    tell(format_args!("lakehead serve: {why}"));
    std::process::exit(Exit::InputOutput as i32);
}

fn answering(mailbox: Mailbox) -> ShardMailbox {
    Arc::new(move |answer| mailbox.send(Mail::Answer(answer)))
}

fn choose_cores(cores: Vec<usize>) -> Result<Vec<usize>, Failure> {
    let usable: Vec<usize> = core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect();
    let mut seen = std::collections::BTreeSet::new();
    match cores.iter().find(|core| !usable.contains(core) || !seen.insert(**core)) {
        Some(core) => {
            let message = format!("core {core} cannot be used here or is named twice; usable: {usable:?}");
            Err(Failure::new(Exit::Configuration, message))
        }
        None if cores.is_empty() => Err(Failure::new(Exit::Configuration, "no core to run on; name some with --cores")),
        None => Ok(cores),
    }
}

fn prepare_directory(path: &Path) -> Result<PathBuf, Failure> {
    let unusable = |error| Failure::new(Exit::Configuration, format!("cannot use {}: {error}", path.display()));
    fs::create_dir_all(path).map_err(unusable)?;
    path.canonicalize().map_err(unusable)
}

/// `root` is where tables are when not in the data directory.
fn commit_settings(config: &Config, root: Option<&str>, directory: &Path) -> Result<CommitSettings, Failure> {
    let tables = &config.tables;
    let root = match root {
        Some(root) => parse_root(root).map_err(|error| Failure::new(Exit::Configuration, error))?,
        None => {
            let path = directory.join("tables");
            fs::create_dir_all(&path).map_err(|error| {
                Failure::new(Exit::Configuration, format!("cannot make {}: {error}", path.display()))
            })?;
            Url::from_directory_path(&path)
                .map_err(|()| Failure::new(Exit::Configuration, format!("{} is not a usable path", path.display())))?
        }
    };
    let mut table_uris = std::collections::BTreeMap::new();
    for (name, uri) in &tables.uris {
        let uri = parse_root(uri).map_err(|error| Failure::new(Exit::Configuration, error))?;
        table_uris.insert(name.clone(), uri);
    }
    new_table::judge(&tables.properties)
        .map_err(|error| Failure::new(Exit::Configuration, format!("tables.properties: {error}")))?;
    Ok(CommitSettings {
        create_tables: tables.create,
        pace: Pace {
            interval: Duration::from_millis(tables.commit_interval_ms),
            size: CutSize { rows: tables.commit_rows, bytes: tables.commit_mb.saturating_mul(1 << 20) },
        },
        table_properties: tables.properties.clone(),
        encoders: tables.encoders,
        port_capacity: port_capacity(config.memory.budget_mb),
        checkpoint_interval: tables.checkpoint_interval,
        streams_max: tables.streams_max,
        compression: tables.compression.into(),
        encoding: tables.encoding,
        evolve: tables.evolve,
        bad_rows: tables.bad_rows,
        has_log: config.log.mode == LogMode::On,
        table_uris,
        upkeep: Some((&config.upkeep).into()),
        store: config.store.options.clone(),
        ..CommitSettings::new(root)
    })
}

/// Says where the engine listens: on stdout for people, in a file for programs. The file appears whole.
fn announce(directory: &Path, address: SocketAddr) -> Result<(), Failure> {
    let (staged, listen) = (directory.join("listen.new"), directory.join("listen"));
    let write = || fs::write(&staged, format!("{address}\n")).and_then(|()| fs::rename(&staged, &listen));
    write().map_err(|error| Failure::new(Exit::Failure, format!("cannot write {}: {error}", listen.display())))?;
    say(format_args!("listening on {address}"));
    Ok(())
}

fn wait_for(mut signals: signal_hook::iterator::Signals) {
    let _ = signals.forever().next();
    // A second signal does not wait for the drain.
    let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::new(true.into()));
}

fn start_logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("LAKEHEAD_LOG").unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

/// A shard that cannot go on takes the process down: its producers resume against the table, which nothing half-done
/// has reached.
fn abort_with_reactors() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        let on_reactor = std::thread::current().name().is_some_and(|name| name.starts_with("lakehead-core"));
        if on_reactor {
            std::process::exit(Exit::Software as i32);
        }
    }));
}

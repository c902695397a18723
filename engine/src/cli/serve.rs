//! `lakehead serve`: the engine's life from start to drain.

use super::exit::Exit;
use crate::budget::Budget;
use crate::commit::ShardMailbox;
use crate::commit::plane::CommitPlane;
use crate::commit::settings::Settings as CommitSettings;
use crate::config::Config;
use crate::handover::ShardId;
use crate::reactor::bind::bind;
use crate::reactor::cores::{CoreSettings, Cores, Drained, prepare};
use crate::reactor::local::Submit;
use crate::reactor::mailbox::{Mail, Mailbox};
use crate::shard::Settings as ShardSettings;
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fs::{self, File};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The kernel tells every snapshot; one line per commit of ours says as much.
const LOG_DEFAULT: &str = "info,delta_kernel=warn";
const LISTEN_DEFAULT: &str = "127.0.0.1:7531";
/// How long a drain may take: the store may be slow.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);
/// Room for what waits in a table's port, whose row groups are large.
const PORT_CAPACITY: usize = 16;

/// Flags of `lakehead serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// HOST:PORT to listen on; port 0 takes any free one. Default: 127.0.0.1:7531.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where the engine keeps its files: tables (unless configured elsewhere), the addresses it listens on, its lock.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file (TOML); flags overrule it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// CPUs to pin reactors to, for example 0,1. Default: all that this process may use.
    #[arg(long, value_name = "CPUS", value_delimiter = ',')]
    cores: Option<Vec<usize>>,
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
    prepare();
    start_logging();
    abort_with_reactors();
    match serve(arguments) {
        Ok(()) => Exit::Success,
        Err(failure) => {
            eprintln!("lakehead serve: {}", failure.message);
            failure.exit
        }
    }
}

fn serve(arguments: ServeArguments) -> Result<(), Failure> {
    let config = match &arguments.config {
        Some(path) => Config::read(path).map_err(|error| Failure::new(Exit::Configuration, error))?,
        None => Config::default(),
    };
    let cores = choose_cores(arguments.cores.or(config.server.cores.clone()))?;
    let directory = prepare_directory(&arguments.data_dir)?;
    let _lock = lock(&directory)?;
    let commit = commit_settings(&config, &directory, cores.len())?;
    let budget_mb = config.memory.budget_mb.unwrap_or_else(default_budget_mb);
    let budget = Budget::new(budget_mb << 20);
    let listen = arguments.listen.or(config.server.listen.clone()).unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
    let (address, sockets) = bind(&listen, cores.len()).map_err(|error| Failure::new(Exit::Configuration, error))?;

    let signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])
        .map_err(|error| Failure::new(Exit::Failure, format!("cannot watch for signals: {error}")))?;
    let mailboxes: Vec<Mailbox> = cores.iter().map(|_| Mailbox::default()).collect();
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
    };
    let running =
        Cores::start(&settings, mailboxes, sockets, &submit).map_err(|error| Failure::new(Exit::Failure, error))?;
    announce(&directory, address)?;
    tracing::info!(%address, ?cores, budget_mb, tables = %directory.join("tables").display(), "ready");

    wait_for(signals);
    tracing::info!("draining: no new connections; committing what is held");
    let _ = fs::remove_file(directory.join("listen"));
    let drained = running.drain().map_err(|error| Failure::new(Exit::Software, error))?;
    plane.stop();
    tracing::info!(memory_peak_mb = budget.peak() >> 20, ?drained, "stopped");
    match drained {
        Drained::Settled => Ok(()),
        Drained::Unsettled => Err(Failure::new(
            Exit::TryLater,
            "rows that were not acknowledged could not be committed in time; their producers keep them and resume",
        )),
    }
}

fn answering(mailbox: Mailbox) -> ShardMailbox {
    Arc::new(move |answer| mailbox.send(Mail::Answer(answer)))
}

fn choose_cores(asked: Option<Vec<usize>>) -> Result<Vec<usize>, Failure> {
    let usable: Vec<usize> = core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect();
    let cores = asked.unwrap_or_else(|| usable.clone());
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

/// Keeps a second engine out of the directory for as long as the file lives.
fn lock(directory: &Path) -> Result<File, Failure> {
    let path = directory.join("lock");
    let unusable = |error: &dyn std::fmt::Display| {
        let message = format!("{} is in use by another engine or cannot be locked: {error}", directory.display());
        Failure::new(Exit::Configuration, message)
    };
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| unusable(&error))?;
    file.try_lock().map_err(|error| unusable(&error))?;
    Ok(file)
}

fn commit_settings(config: &Config, directory: &Path, cores: usize) -> Result<CommitSettings, Failure> {
    let tables = &config.tables;
    let root = match &tables.root {
        Some(root) => parse_root(root)?,
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
        table_uris.insert(name.clone(), parse_root(uri)?);
    }
    Ok(CommitSettings {
        create_tables: tables.create,
        commit_interval: Duration::from_millis(tables.commit_interval_ms),
        encoders: tables.encoders.unwrap_or(cores),
        port_capacity: PORT_CAPACITY,
        checkpoint_interval: tables.checkpoint_interval,
        streams_max: tables.streams_max,
        compression: tables.compression.into(),
        table_uris,
        ..CommitSettings::new(root)
    })
}

/// A folder's URI; its path ends with a slash, so that names can be joined to it.
fn parse_root(text: &str) -> Result<Url, Failure> {
    let slashed = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = Url::parse(&slashed).ok().filter(|url| url.scheme() == "file");
    url.ok_or_else(|| {
        let message = format!("{text:?} is not a place for tables; write file:///absolute/path");
        Failure::new(Exit::Configuration, message)
    })
}

/// A quarter of the machine's memory.
fn default_budget_mb() -> usize {
    const FALLBACK_MB: usize = 1024;
    let total_kb = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<usize>().ok()
    });
    total_kb.map_or(FALLBACK_MB, |kb| kb / 1024 / 4).max(crate::config::file::BUDGET_MB_MIN)
}

/// Says where the engine listens: on stdout for people, in a file for programs. The file appears whole.
fn announce(directory: &Path, address: SocketAddr) -> Result<(), Failure> {
    let (staged, listen) = (directory.join("listen.new"), directory.join("listen"));
    let write = || fs::write(&staged, format!("{address}\n")).and_then(|()| fs::rename(&staged, &listen));
    write().map_err(|error| Failure::new(Exit::Failure, format!("cannot write {}: {error}", listen.display())))?;
    println!("listening on {address}");
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

//! The faults of the model, over a real Delta table: put and read fail before, after and late.

use super::*;
use crate::budget::Budget;
use crate::commit::attempt::Canary;
use crate::commit::context::BLOCKING_THREADS_MAX;
use crate::commit::decide::Patience;
use crate::commit::encode::Encoders;
use crate::commit::ledger::StreamState;
use crate::commit::settings::Settings;
use crate::handover::cut::StreamRange;
use crate::store::local::LocalStore;
use crate::store::scheduled_faults::{Fault, FaultyStore};
use crate::table::delta::table::kernel_engine;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::path::Path;
use std::sync::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use url::Url;

mod faulty_store;
mod home;
mod suite;

fn context(runtime: &Runtime, folder: &Path) -> Arc<Context> {
    Arc::new(Context {
        settings: Settings::new(Url::from_directory_path(folder).unwrap()),
        budget: Budget::new(1 << 20),
        shards: Vec::new(),
        encoders: Encoders::start(1).unwrap(),
        runtime: runtime.handle().clone(),
        kernel: kernel_engine(runtime.handle().clone()),
        upkeep: None,
        started: Instant::now(),
    })
}

#[test]
fn more_tables_than_threads_are_read_at_once() {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).max_blocking_threads(BLOCKING_THREADS_MAX).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let context = context(&runtime, folder.path());
    let url = Url::from_directory_path(folder.path().join("t")).unwrap();
    let table = DeltaTable::at(&url, context.kernel.clone()).unwrap();
    table.create(&Schema::flat(vec![Field::flat("id", DataType::Long, true)])).unwrap();
    let reads = (0..2 * BLOCKING_THREADS_MAX).map(|_| {
        let (table, context) = (table.clone(), context.clone());
        runtime.spawn(async move { context.blocking(move || table.load()).await.unwrap().unwrap().is_some() })
    });
    let reads: Vec<_> = reads.collect();
    runtime.block_on(async {
        for read in reads {
            let read = tokio::time::timeout(std::time::Duration::from_secs(60), read).await;
            assert!(read.expect("reads wait for each other").unwrap());
        }
    });
}

fn proposal(from: u64, mints: &[&str]) -> Proposal {
    let range = StreamRange { stream: "a".into(), epoch: 1, from, to: from + 10 };
    let ranges = if mints.is_empty() { vec![range] } else { vec![] };
    Proposal { rows: 0, ranges, mints: mints.iter().map(|name| Arc::from(*name)).collect(), ..Proposal::default() }
}

#[test]
fn commits_land_once_whatever_becomes_of_the_answers() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let context = context(&runtime, folder.path());
    let url = Url::from_directory_path(folder.path().join("t")).unwrap();
    let sound = DeltaTable::at(&url, context.kernel.clone()).unwrap();
    let made = sound.create(&Schema::flat(vec![Field::flat("id", DataType::Long, true)])).unwrap();
    let store = Arc::new(FaultyStore::new(LocalStore::new(folder.path().join("t"))));
    let table = sound.clone().with_store(store.clone());
    let terms = |patience_ms| Terms {
        id: made.view().id.clone(),
        schema: made.view().schema.clone(),
        streams_max: 10,
        patience: Patience { unknown_ms_max: patience_ms },
        canary: Canary::None,
    };
    let run = |known: &Version, proposal: Proposal, faults: &[Fault], patience_ms| {
        store.faults(faults);
        let job = Job {
            terms: terms(patience_ms),
            proposal,
            files: Vec::new(),
            known: known.clone(),
            known_ms: context.now_ms(),
        };
        runtime.block_on(drive(&context, &table, job))
    };
    let mut known = run(&made, proposal(0, &["a"]), &[], 60_000).version;
    let mut from = 0;
    use Fault::{After, Before, ExistsOfNobody, ExistsOfOurs, Late, Raced};
    let schedules: [&[Fault]; 11] = [
        &[],
        &[Before],
        &[After],
        &[Late],
        &[Late, Before],
        &[ExistsOfOurs],
        &[ExistsOfNobody],
        &[Before, After],
        &[Raced],
        &[Raced, After],
        &[Late, Raced],
    ];
    for (patience_ms, faults) in schedules.into_iter().flat_map(|faults| [(60_000, faults), (0, faults)]) {
        let driven = run(&known, proposal(from, &[]), faults, patience_ms);
        let Outcome::Committed { version, .. } = driven.outcome else { panic!("{faults:?}: {:?}", driven.outcome) };
        from += 10;
        let expected = StreamState::live(from, 1);
        // What was carried forward is what anybody reads.
        let read = sound.load().unwrap().unwrap();
        assert_eq!(driven.version.view(), read.view(), "{faults:?}");
        assert_eq!((read.view().version, read.view().stream("a")), (version, expected), "{faults:?}");
        assert_eq!(driven.races_lost > 0, faults.contains(&Raced) && faults[0] != Late, "{faults:?}");
        known = driven.version;
    }
    // Somebody else's commit moves the stream: given up, whatever the carried view says.
    let stale = known.clone();
    let other = run(&known, proposal(from, &[]), &[], 60_000).version;
    let driven = run(&stale, proposal(from, &[]), &[], 60_000);
    assert!(matches!(driven.outcome, Outcome::Discard { .. }), "{:?}", driven.outcome);
    assert_eq!(driven.version.view(), other.view());
}

use super::*;
use crate::handover::log_part::{LogEntry, LogId};
use std::collections::BTreeMap;

const LOG: LogId = LogId([3; 16]);

fn view(version: u64) -> TableView {
    let logs = BTreeMap::from([(LOG, LogEntry { claim: 5, position: 100 })]);
    TableView {
        id: "id".into(),
        version,
        schema: "schema".into(),
        streams: Default::default(),
        logs: Arc::new(logs.into_iter().collect()),
        restored: Default::default(),
        unsupported: None,
    }
}

fn attempt() -> MergeAttempt {
    MergeAttempt::new(Terms {
        id: "id".into(),
        schema: "schema".into(),
        origin: Some(Origin { log: LOG, claim: 5, version: 1 }),
        patience: Patience { unknown_ms_max: 1_000 },
        canary: Canary::None,
    })
}

fn looked(version: u64) -> Event {
    Event::Looked(Box::new(view(version)), Inputs::Live)
}

fn frozen(attempt: &mut MergeAttempt, version: u64) -> Bytes {
    assert_eq!(attempt.step(), Step::Look);
    attempt.on(0, looked(version - 1));
    assert_eq!(attempt.step(), Step::Freeze { version });
    let bytes = Bytes::from(format!("merge {version}"));
    attempt.on(0, Event::Frozen(bytes.clone()));
    assert_eq!(attempt.step(), Step::Put { version, bytes: bytes.clone() });
    bytes
}

fn output(attempt: &MergeAttempt) -> Option<Output> {
    match attempt.step() {
        Step::Done(Outcome::GivenUp { output, .. }) => Some(output),
        _ => None,
    }
}

#[test]
fn a_lost_race_is_looked_at_again() {
    let mut attempt = attempt();
    frozen(&mut attempt, 8);
    attempt.on(0, Event::Put(PutOutcome::Exists));
    assert_eq!(attempt.step(), Step::Read { version: 8 });
    attempt.on(0, Event::Read(ReadOutcome::Found(Bytes::from_static(b"theirs"))));
    let bytes = frozen(&mut attempt, 9);
    attempt.on(0, Event::Put(PutOutcome::Unknown("lost".into())));
    assert!(matches!(attempt.step(), Step::Pause { .. }), "while nobody knows, nothing else is put");
    attempt.on(0, Event::Paused);
    attempt.on(0, Event::Put(PutOutcome::Exists));
    attempt.on(0, Event::Read(ReadOutcome::Found(bytes)));
    assert_eq!((attempt.step(), attempt.races_lost()), (Step::Done(Outcome::Committed { version: 9 }), 1));
}

#[test]
fn a_table_that_is_not_what_was_read_is_left_alone() {
    let changed: [(TableView, Inputs); 5] = [
        (TableView { id: "other".into(), ..view(7) }, Inputs::Live),
        (TableView { schema: "other".into(), ..view(7) }, Inputs::Live),
        (TableView { unsupported: Some("x".into()), ..view(7) }, Inputs::Live),
        (TableView { logs: Default::default(), ..view(7) }, Inputs::Live),
        (view(7), Inputs::Touched("deleted".into())),
    ];
    for (view, inputs) in changed {
        let mut attempt = attempt();
        attempt.on(0, Event::Looked(Box::new(view), inputs));
        assert_eq!(output(&attempt), Some(Output::Delete));
    }
}

#[test]
fn a_merge_gives_up_where_rows_would_insist() {
    let mut attempt = attempt();
    for version in 8..8 + u64::from(RACES_MAX) {
        frozen(&mut attempt, version);
        attempt.on(0, Event::Put(PutOutcome::Exists));
        attempt.on(0, Event::Read(ReadOutcome::Found(Bytes::from_static(b"theirs"))));
    }
    assert_eq!(output(&attempt), Some(Output::Delete));
    let mut attempt = self::attempt();
    for _ in 1..FAILURES_MAX {
        attempt.on(0, Event::LookFailed("down".into()));
        attempt.on(0, Event::Paused);
    }
    attempt.on(0, Event::LookFailed("down".into()));
    assert_eq!(output(&attempt), Some(Output::Delete));
}

#[test]
fn the_file_of_a_commit_that_nobody_follows_stays() {
    let mut attempt = attempt();
    frozen(&mut attempt, 8);
    attempt.on(5_000, Event::Put(PutOutcome::Created));
    assert_eq!(attempt.step(), Step::Sight { version: 8 });
    attempt.on(5_000, Event::Sighted(Sighting::NotShown("version 9".into())));
    assert_eq!(output(&attempt), Some(Output::Keep));
}

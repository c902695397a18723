use super::*;
use crate::commit::ledger::{StreamState, Streams};
use crate::handover::cut::StreamRange;
use proptest::prelude::*;
use std::collections::BTreeMap;

mod logs;

fn terms(canary: Canary) -> Terms {
    Terms {
        id: "id".into(),
        schema: "schema".into(),
        streams_max: 10,
        patience: Patience { unknown_ms_max: 1_000_000 },
        canary,
    }
}

fn view(version: u64, streams: &[(&str, u64, u64)]) -> TableView {
    let streams =
        streams.iter().map(|(name, committed, epoch)| (Arc::from(*name), StreamState::live(*committed, *epoch)));
    TableView {
        id: "id".into(),
        version,
        schema: "schema".into(),
        streams: Arc::new(streams.collect()),
        logs: Arc::default(),
        restored: Arc::default(),
        unsupported: None,
    }
}

fn proposal(from: u64, to: u64) -> Proposal {
    let range = StreamRange { stream: "a".into(), epoch: 1, from, to };
    Proposal { rows: to - from, ranges: vec![range], mints: vec![], ..Proposal::default() }
}

fn mine() -> Bytes {
    Bytes::from_static(b"mine")
}

#[test]
fn a_commit_is_put_behind_the_version_it_was_judged_upon() {
    let mut proposal = proposal(0, 5);
    proposal.mints = vec!["a".into(), "b".into()];
    let mut attempt = Attempt::new(0, terms(Canary::None), proposal, Some(&view(3, &[("a", 0, 1)])));
    let Step::Freeze(plan) = attempt.step() else { panic!("{:?}", attempt.step()) };
    assert_eq!((plan.version, plan.files), (4, true));
    attempt.on(0, Event::Frozen(mine()));
    assert_eq!(attempt.step(), Step::Put { version: 4, bytes: mine() });
    attempt.on(0, Event::Put(PutOutcome::Created));
    let entry = |stream: &str, committed, epoch| StreamEntry { stream: stream.into(), committed, epoch, version: 4 };
    let minted = vec![entry("a", 5, 2), entry("b", 0, 1)];
    assert_eq!(attempt.step(), Step::Done(Outcome::Committed { version: 4, minted, refused: vec![] }));
}

#[test]
fn nothing_is_given_up_upon_a_view_that_may_be_old() {
    let mut attempt = Attempt::new(0, terms(Canary::None), proposal(0, 5), Some(&view(3, &[("a", 9, 1)])));
    assert_eq!(attempt.step(), Step::Look);
    attempt.on(0, Event::Looked(view(4, &[("a", 9, 1)])));
    assert!(matches!(attempt.step(), Step::Done(Outcome::Discard { .. })));
}

#[test]
fn a_put_long_after_its_look_is_believed_only_when_the_table_shows_it() {
    let mut attempt = Attempt::new(0, terms(Canary::None), proposal(0, 5), None);
    // The look began at 7; whoever made it stood still behind it.
    attempt.on(7, Event::Looked(view(3, &[("a", 0, 1)])));
    attempt.on(1_000_008, Event::Frozen(mine()));
    attempt.on(1_000_008, Event::Put(PutOutcome::Created));
    assert!(matches!(attempt.step(), Step::Sight(Plan { version: 4, .. })));
}

#[test]
fn a_lost_race_looks_and_judges_again() {
    let mut attempt = Attempt::new(0, terms(Canary::None), proposal(0, 5), Some(&view(3, &[("a", 0, 1)])));
    let theirs = |attempt: &mut Attempt| {
        attempt.on(0, Event::Frozen(mine()));
        attempt.on(0, Event::Put(PutOutcome::Exists));
        attempt.on(0, Event::Read(ReadOutcome::Found(Bytes::from_static(b"theirs"))));
        assert_eq!(attempt.step(), Step::Look);
    };
    theirs(&mut attempt);
    attempt.on(0, Event::LookFailed("503".into()));
    assert!(matches!(attempt.step(), Step::Pause { failures: 1, .. }));
    attempt.on(0, Event::Paused);
    attempt.on(0, Event::Looked(view(6, &[("a", 0, 1)])));
    assert!(matches!(attempt.step(), Step::Freeze(Plan { version: 7, .. })));
    theirs(&mut attempt);
    attempt.on(0, Event::Looked(view(7, &[("a", 0, 2)])));
    let Step::Done(Outcome::Discard { fenced, files, why, .. }) = attempt.step() else { panic!("not discarded") };
    assert_eq!((fenced, files), (vec![Arc::from("a")], Files::Delete));
    assert!(why.contains("newer producer: \"a\""), "{why}");
    assert_eq!(attempt.races_lost(), 2);
}

#[test]
fn an_unknown_put_is_repeated_and_nothing_else() {
    let mut attempt = Attempt::new(0, terms(Canary::None), proposal(0, 5), Some(&view(3, &[("a", 0, 1)])));
    attempt.on(0, Event::Frozen(mine()));
    assert!(!attempt.is_in_doubt());
    for round in 1..5 {
        attempt.on(0, Event::Put(PutOutcome::Unknown("timeout".into())));
        assert_eq!(attempt.step(), Step::Pause { failures: round, why: "timeout".into() });
        assert!(attempt.is_in_doubt());
        attempt.on(0, Event::Paused);
        assert_eq!(attempt.step(), Step::Put { version: 4, bytes: mine() });
    }
    // Too late: the table has the last word.
    attempt.on(0, Event::Put(PutOutcome::Unknown("timeout".into())));
    attempt.on(2_000_000, Event::Paused);
    attempt.on(2_000_000, Event::Put(PutOutcome::Created));
    assert!(matches!(attempt.step(), Step::Sight(Plan { version: 4, .. })));
    attempt.on(2_000_000, Event::Sighted(Sighting::NotShown("version 4 is gone".into())));
    assert!(matches!(attempt.step(), Step::Done(Outcome::Discard { files: Files::Keep, .. })));
}

#[test]
fn a_table_that_is_another_one_stops_everything() {
    let shown = view(3, &[("a", 0, 1)]);
    let stop = |view: TableView| match Attempt::new(0, terms(Canary::None), proposal(0, 5), Some(&view)).step() {
        Step::Done(Outcome::Stop { why }) => why,
        step => panic!("{step:?}"),
    };
    assert_eq!(stop(TableView { id: "other".into(), ..shown.clone() }), Stop::Remade);
    assert_eq!(stop(TableView { schema: "other".into(), ..shown.clone() }), Stop::SchemaChanged);
    let unsupported = TableView { unsupported: Some("retention".into()), ..shown };
    assert_eq!(stop(unsupported), Stop::Unsupported("retention".into()));
}

#[test]
fn what_cannot_be_frozen_ends_and_an_empty_cut_writes_nothing() {
    let shown = view(3, &[("a", 0, 1)]);
    let mut attempt = Attempt::new(0, terms(Canary::None), proposal(0, 5), Some(&shown));
    for _ in 0..2 {
        attempt.on(0, Event::FreezeFailed("no".into()));
        attempt.on(0, Event::Paused);
        attempt.on(0, Event::Looked(shown.clone()));
    }
    attempt.on(0, Event::FreezeFailed("no".into()));
    assert_eq!(attempt.step(), Step::Done(Outcome::Stop { why: Stop::Broken("no".into()) }));
    let empty = Attempt::new(0, terms(Canary::None), Proposal::default(), Some(&shown));
    assert_eq!(empty.step(), Step::Done(Outcome::Nothing { version: 3, refused: vec![] }));
}

/// A table of commits written as text: `stream from to` and `stream epoch`.
#[derive(Default)]
struct ModelTable {
    versions: BTreeMap<u64, Bytes>,
    under_way: Vec<(u64, Bytes)>,
}

impl ModelTable {
    fn view(&self) -> TableView {
        let mut streams = Streams::new();
        let mut version = 0;
        while let Some(bytes) = self.versions.get(&(version + 1)) {
            version += 1;
            for line in std::str::from_utf8(bytes).unwrap().lines() {
                let words: Vec<&str> = line.split(' ').collect();
                let state = streams.entry(Arc::from(words[1])).or_default();
                match words[0] {
                    "rows" => state.committed = words[3].parse().unwrap(),
                    _ => state.epoch = words[2].parse().unwrap(),
                }
            }
        }
        TableView { version, streams: Arc::new(streams), ..view(0, &[]) }
    }

    /// Times that row `row` of stream `a` is in the table.
    fn times(&self, row: u64) -> usize {
        let texts = self.versions.values().map(|bytes| std::str::from_utf8(bytes).unwrap());
        let rows = texts.flat_map(str::lines).filter(|line| line.starts_with("rows a "));
        rows.filter(|line| {
            let words: Vec<u64> = line.split(' ').skip(2).map(|word| word.parse().unwrap()).collect();
            (words[0]..words[1]).contains(&row)
        })
        .count()
    }

    fn land(&mut self) {
        for (version, bytes) in std::mem::take(&mut self.under_way) {
            self.versions.entry(version).or_insert(bytes);
        }
    }

    fn freeze(proposal: &Proposal, plan: &Plan, nonce: usize) -> Bytes {
        let rows = proposal.ranges.iter().map(|range| format!("rows {} {} {}\n", range.stream, range.from, range.to));
        let epochs = plan.entries.epochs.iter().map(|(stream, epoch)| format!("epoch {stream} {epoch}\n"));
        let text: String = rows.chain(epochs).chain([format!("nonce {nonce} 0")]).collect();
        text.into()
    }

    fn put(&mut self, version: u64, bytes: Bytes, fault: Fault) -> PutOutcome {
        match fault {
            Fault::Before => return PutOutcome::Unknown("before".into()),
            Fault::Late => {
                self.under_way.push((version, bytes));
                return PutOutcome::Unknown("late".into());
            }
            Fault::None | Fault::After => {}
        }
        let outcome = if self.versions.contains_key(&version) { PutOutcome::Exists } else { PutOutcome::Created };
        self.versions.entry(version).or_insert(bytes);
        if matches!(fault, Fault::After) { PutOutcome::Unknown("after".into()) } else { outcome }
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    Before,
    After,
    Late,
}

fn faults() -> impl Strategy<Value = Vec<(usize, Fault)>> {
    let fault = prop_oneof![Just(Fault::None), Just(Fault::Before), Just(Fault::After), Just(Fault::Late)];
    proptest::collection::vec((0..2usize, fault), 1..60)
}

/// Two engines commit rows of stream `a` side by side, each going on from what it believes, until the faults are used up.
/// Gives the table and the rows each engine was told were committed.
fn run(canary: Canary, schedule: &[(usize, Fault)]) -> (ModelTable, u64) {
    let mut table = ModelTable::default();
    table.versions.insert(1, Bytes::from_static(b"epoch a 1"));
    let mut told = 0;
    let mut engines: [Option<(Attempt, Proposal)>; 2] = [None, None];
    for (nonce, (index, fault)) in schedule.iter().enumerate() {
        let (attempt, its_proposal) = engines[*index].get_or_insert_with(|| {
            let shown = table.view();
            let its_proposal = proposal(shown.stream("a").committed, shown.stream("a").committed + 3);
            (Attempt::new(0, terms(canary), its_proposal.clone(), Some(&shown)), its_proposal)
        });
        match attempt.step() {
            Step::Look => attempt.on(0, Event::Looked(table.view())),
            Step::Freeze(plan) => attempt.on(0, Event::Frozen(ModelTable::freeze(its_proposal, &plan, nonce))),
            Step::Put { version, bytes } => {
                let outcome = table.put(version, bytes, *fault);
                attempt.on(0, Event::Put(outcome));
            }
            Step::Read { version } => {
                let found = table.versions.get(&version).cloned().map_or(ReadOutcome::Missing, ReadOutcome::Found);
                attempt.on(0, Event::Read(found));
            }
            Step::Pause { .. } => {
                table.land();
                attempt.on(0, Event::Paused);
            }
            Step::Sight(_) => attempt.on(0, Event::Sighted(Sighting::Shown)),
            Step::Done(outcome) => {
                if let Outcome::Committed { .. } = outcome {
                    told = told.max(its_proposal.ranges[0].to);
                }
                engines[*index] = None;
            }
        }
    }
    table.land();
    (table, told)
}

proptest! {
    #[test]
    fn every_row_that_was_told_committed_is_there_once_and_none_twice(schedule in faults()) {
        let (table, told) = run(Canary::None, &schedule);
        for row in 0..200 {
            prop_assert!(table.times(row) <= 1, "row {} stands in the table {} times", row, table.times(row));
            prop_assert!(row >= told || table.times(row) == 1, "row {} was told committed and is not there", row);
        }
    }
}

fn breaks(canary: Canary) -> bool {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    (0..500).any(|_| {
        let schedule = faults().new_tree(&mut runner).unwrap().current();
        let (table, told) = run(canary, &schedule);
        (0..200).any(|row| table.times(row) > 1 || (row < told && table.times(row) != 1))
    })
}

#[test]
fn planted_faults_are_noticed() {
    assert!(!breaks(Canary::None));
    assert!(breaks(Canary::RetryAtNextVersion));
    assert!(breaks(Canary::NoCompareAndSet));
}

#[test]
fn too_many_streams_is_said_after_a_look_only() {
    let full: Vec<(String, u64, u64)> = (0..10).map(|number| (format!("s{number}"), 0, 1)).collect();
    let full: Vec<_> = full.iter().map(|(name, rows, epoch)| (name.as_str(), *rows, *epoch)).collect();
    let mints = || Proposal { mints: vec!["new".into()], ..Proposal::default() };
    let mut attempt = Attempt::new(0, terms(Canary::None), mints(), Some(&view(3, &full)));
    assert_eq!(attempt.step(), Step::Look);
    attempt.on(0, Event::Looked(view(3, &full)));
    assert_eq!(attempt.step(), Step::Done(Outcome::Nothing { version: 3, refused: vec!["new".into()] }));
    // One was forgotten since the view that is carried forward.
    let mut attempt = Attempt::new(0, terms(Canary::None), mints(), Some(&view(3, &full)));
    attempt.on(0, Event::Looked(view(4, &full[1..])));
    let Step::Freeze(plan) = attempt.step() else { panic!("{:?}", attempt.step()) };
    assert_eq!((plan.version, plan.entries.epochs["new"]), (5, 1));
}

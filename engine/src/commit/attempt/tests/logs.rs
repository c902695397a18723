//! Runs of one log over a model table: each goes on from what it heard, and those that are over do not know it.

use super::*;
use crate::commit::ledger::LogProposal;
use crate::handover::log_part::{Base, LogEntry, LogPart, Remembered, Spoken};

const LOG: LogId = LogId([1; 16]);
/// Rows of the log that a cut brings.
const STEP: u64 = 3;

/// A table of commits written as text: `claim position from to nonce`.
#[derive(Default)]
struct LogTable {
    versions: BTreeMap<u64, String>,
    under_way: Vec<(u64, String)>,
}

impl LogTable {
    fn commits(&self) -> impl Iterator<Item = [u64; 4]> {
        let reached = (1u64..).map_while(|version| self.versions.get(&version));
        reached.map(|text| {
            let numbers: Vec<u64> = text.split(' ').map(|number| number.parse().unwrap()).collect();
            [numbers[0], numbers[1], numbers[2], numbers[3]]
        })
    }

    fn view(&self) -> TableView {
        let mut shown = view(self.commits().count() as u64, &[]);
        for [claim, position, ..] in self.commits().filter(|commit| commit[0] > 0) {
            Arc::make_mut(&mut shown.logs).insert(LOG, LogEntry { claim, position });
        }
        shown
    }

    fn times(&self, row: u64) -> usize {
        self.commits().filter(|[_, _, from, to]| (*from..*to).contains(&row)).count()
    }

    fn put(&mut self, version: u64, text: String, fault: Fault) -> PutOutcome {
        let outcome = match (fault, self.versions.contains_key(&version)) {
            (Fault::Before, _) => return PutOutcome::Unknown("before".into()),
            (Fault::Late, _) => {
                self.under_way.push((version, text));
                return PutOutcome::Unknown("late".into());
            }
            (_, true) => PutOutcome::Exists,
            (_, false) => PutOutcome::Created,
        };
        self.versions.entry(version).or_insert(text);
        if matches!(fault, Fault::After) { PutOutcome::Unknown("after".into()) } else { outcome }
    }

    fn land(&mut self) {
        for (version, text) in std::mem::take(&mut self.under_way) {
            self.versions.entry(version).or_insert(text);
        }
    }
}

/// One run of the log.
struct Run {
    claim: u64,
    /// Position that the table shows under this claim; `None` before it has claimed.
    claimed: Option<u64>,
    attempt: Option<(Attempt, u64, u64)>,
    /// Where the log ended when the next run began: a run that is over appends nothing.
    end: Option<u64>,
    is_over: bool,
}

/// What all runs share, because it is in the log.
#[derive(Default)]
struct Shared {
    remembered: Remembered,
    /// Claims that were handed over.
    spoken: Vec<u64>,
    end: u64,
    told: u64,
}

impl Run {
    fn begin(&self, shared: &mut Shared, canary: Canary, shown: &TableView) -> (Attempt, u64, u64) {
        let (base, from, to) = match self.claimed {
            Some(position) => {
                let to = (position + STEP).min(self.end.unwrap_or(u64::MAX)).max(position);
                (Base::Claimed { position }, position, to)
            }
            None => {
                let Shared { remembered, end, .. } = *shared;
                let spoken = shared.spoken.iter().map(|claim| Spoken { claim: *claim, end }).collect();
                shared.spoken.push(self.claim);
                (Base::Unclaimed { remembered, spoken, adopt: false }, remembered.position, remembered.position)
            }
        };
        shared.end = shared.end.max(to);
        let part = LogPart { log: LOG, claim: self.claim, to, base };
        let logs = vec![LogProposal { part, rows: to - from }];
        let proposal = Proposal { rows: to - from, logs, ..Proposal::default() };
        (Attempt::new(0, terms(canary), proposal, Some(shown)), from, to)
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// The newest run takes a step; the one before it, which stands still otherwise.
    Newest,
    Zombie,
    Restart,
}

/// Gives the first thing that went wrong.
fn play(canary: Canary, schedule: &[(Act, Fault)]) -> Result<(), String> {
    let (mut table, mut shared) = (LogTable::default(), Shared::default());
    let mut runs = vec![Run { claim: 1, claimed: None, attempt: None, end: None, is_over: false }];
    for (nonce, (act, fault)) in schedule.iter().enumerate() {
        let newest = runs.len() - 1;
        let index = match act {
            Act::Restart => {
                runs[newest].end = Some(shared.end);
                runs.push(Run { claim: newest as u64 + 2, claimed: None, attempt: None, end: None, is_over: false });
                continue;
            }
            Act::Newest => newest,
            Act::Zombie => newest.saturating_sub(1),
        };
        let run = &mut runs[index];
        // A run that is over has no new claim to hand over.
        if run.is_over || (index != newest && run.attempt.is_none() && run.claimed.is_none()) {
            continue;
        }
        let begun = match run.attempt.take() {
            Some(begun) => begun,
            None => run.begin(&mut shared, canary, &table.view()),
        };
        let (attempt, from, to) = run.attempt.insert(begun);
        match attempt.step() {
            Step::Look => attempt.on(0, Event::Looked(table.view())),
            Step::Freeze(plan) => {
                let before = table.view().log(LOG);
                let LogEntry { claim, position } = plan.entries.logs.get(&LOG).copied().unwrap_or(before);
                attempt.on(0, Event::Frozen(format!("{claim} {position} {from} {to} {nonce}").into()));
            }
            Step::Put { version, bytes } => {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                attempt.on(0, Event::Put(table.put(version, text, *fault)));
            }
            Step::Read { version } => {
                let found = table.versions.get(&version).cloned().map(Bytes::from);
                attempt.on(0, Event::Read(found.map_or(ReadOutcome::Missing, ReadOutcome::Found)));
            }
            Step::Pause { .. } => {
                table.land();
                attempt.on(0, Event::Paused);
            }
            Step::Sight(_) => attempt.on(0, Event::Sighted(Sighting::Shown)),
            Step::Done(outcome) => {
                let (to, shown) = (*to, table.view());
                run.attempt = None;
                match outcome {
                    Outcome::Committed { version, .. } | Outcome::Nothing { version, .. } => {
                        // What is told behind a zombie's back may have gone on since.
                        let position = if index == newest { shown.log(LOG).position } else { to };
                        run.claimed = Some(position);
                        shared.told = shared.told.max(to);
                        if index == newest {
                            shared.remembered = Remembered { claim: run.claim, position, version };
                        }
                    }
                    Outcome::Stop { why } if index == newest => return Err(format!("the newest run: {why}")),
                    Outcome::Stop { .. } => run.is_over = true,
                    Outcome::Discard { why, .. } => return Err(why),
                }
            }
        }
    }
    table.land();
    let mut shown = LogEntry::default();
    for [claim, position, from, to] in table.commits() {
        if claim < shown.claim || position < shown.position {
            return Err(format!("{claim} {position} came after {shown:?}"));
        }
        if to > from && position != to {
            return Err(format!("rows {from} to {to} under position {position}"));
        }
        shown = LogEntry { claim, position };
    }
    for row in 0..shared.end.max(200) {
        let times = table.times(row);
        if times > 1 || (times == 0 && (row < shared.told || row < shown.position)) {
            return Err(format!("row {row} is there {times} times; told {}, shown {shown:?}", shared.told));
        }
    }
    Ok(())
}

fn schedules() -> impl Strategy<Value = Vec<(Act, Fault)>> {
    let act = prop_oneof![8 => Just(Act::Newest), 3 => Just(Act::Zombie), 1 => Just(Act::Restart)];
    let fault =
        prop_oneof![4 => Just(Fault::None), 1 => Just(Fault::Before), 1 => Just(Fault::After), 1 => Just(Fault::Late)];
    proptest::collection::vec((act, fault), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn every_row_of_the_log_is_there_once_whichever_run_brings_it(schedule in schedules()) {
        prop_assert_eq!(play(Canary::None, &schedule), Ok(()));
    }
}

#[test]
fn planted_faults_of_logs_are_noticed() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let is_caught = |canary| {
        let mut runner = TestRunner::deterministic();
        (0..2_000).any(|_| play(canary, &schedules().new_tree(&mut runner).unwrap().current()).is_err())
    };
    assert!(!is_caught(Canary::None));
    for canary in [
        Canary::RetryAtNextVersion,
        Canary::AckBeforeDecided,
        Canary::ForgetLogEntry,
        Canary::IgnoreClaim,
        Canary::IgnorePosition,
    ] {
        assert!(is_caught(canary), "{canary:?}");
    }
}

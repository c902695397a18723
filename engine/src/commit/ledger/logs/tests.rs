use super::*;
use crate::commit::ledger::{Entries, Evidence, Judgement, Proposal, judge, judge_with};
use crate::handover::log_part::LogId;
use proptest::prelude::*;
use std::sync::Arc;

const LOG: LogId = LogId([1; 16]);
const OTHER: LogId = LogId([2; 16]);

fn entry(claim: u64, position: u64) -> LogEntry {
    LogEntry { claim, position }
}

/// A view of version 20; a log that shows nothing has no entry.
fn view(shown: LogEntry, restored: Option<u64>) -> TableView {
    let logs = [(LOG, shown)].into_iter().filter(|(_, entry)| *entry != LogEntry::default());
    TableView {
        id: "id".into(),
        version: 20,
        schema: "{}".into(),
        streams: Arc::default(),
        logs: Arc::new(logs.collect()),
        restored: Arc::new(restored.map(|version| (LOG, version)).into_iter().collect()),
        unsupported: None,
    }
}

fn part(claim: u64, to: u64, base: Base, rows: u64) -> LogProposal {
    LogProposal { part: LogPart { log: LOG, claim, to, base }, rows }
}

fn claimed(claim: u64, position: u64, to: u64) -> LogProposal {
    part(claim, to, Base::Claimed { position }, to.saturating_sub(position))
}

fn remembered(claim: u64, position: u64, version: u64) -> Remembered {
    Remembered { claim, position, version }
}

const NOTHING: Remembered = Remembered { claim: 0, position: 0, version: 0 };

fn unclaimed(claim: u64, to: u64, remembered: Remembered, spoken: &[(u64, u64)]) -> LogProposal {
    part(claim, to, base(remembered, spoken, false), 0)
}

fn base(remembered: Remembered, spoken: &[(u64, u64)], adopt: bool) -> Base {
    let spoken = spoken.iter().map(|(claim, end)| Spoken { claim: *claim, end: *end }).collect();
    Base::Unclaimed { remembered, spoken, adopt }
}

fn judged(proposal: &LogProposal, view: &TableView) -> LogJudgement {
    judge_log(proposal, view, Canary::None)
}

#[test]
fn a_log_that_has_claimed_goes_on_from_its_own_entry_only() {
    let ours = claimed(5, 100, 130);
    assert_eq!(judged(&ours, &view(entry(5, 100), None)), LogJudgement::Proceed(entry(5, 130)));
    let superseded = LogJudgement::Stop(Stop::Superseded { log: LOG, claim: 5, shown: 6 });
    assert_eq!(judged(&ours, &view(entry(6, 100), None)), superseded);
    assert_eq!(judged(&ours, &view(entry(6, 130), None)), superseded, "whatever its position");
    for shown in [entry(4, 100), entry(5, 99), entry(5, 101), entry(0, 0)] {
        let how = Setback::ForeignHand { expected: entry(5, 100), shown, version: 20 };
        assert_eq!(judged(&ours, &view(shown, None)), LogJudgement::Stop(Stop::Restored { log: LOG, how }));
    }
    let how = Setback::RestoreCommit { version: 19 };
    assert_eq!(judged(&ours, &view(entry(5, 100), Some(19))), LogJudgement::Stop(Stop::Restored { log: LOG, how }));
    let back = judged(&claimed(5, 100, 99), &view(entry(5, 100), None));
    assert!(matches!(back, LogJudgement::Stop(Stop::Broken(_))), "{back:?}");
}

#[test]
fn a_claim_wants_a_table_that_fits_what_the_log_remembers() {
    let proceed = |claim, position| LogJudgement::Proceed(entry(claim, position));
    let behind = |shown, remembered, version| {
        let how = Setback::Behind { remembered, shown, version };
        LogJudgement::Stop(Stop::Restored { log: LOG, how })
    };
    let rolled_back = |shown, end| LogJudgement::Stop(Stop::RolledBack { log: LOG, shown, end });
    let copied = |claim, shown| LogJudgement::Stop(Stop::Copied { log: LOG, claim, shown });
    let (r, none) = (remembered(4, 90, 15), entry(0, 0));
    let (ours, tried) = ([(4, 120)], [(4, 110), (6, 115), (7, 120)]);
    let cases = [
        // The first claim of all.
        (unclaimed(5, 0, NOTHING, &[]), none, proceed(5, 0)),
        (unclaimed(5, 40, NOTHING, &[]), none, proceed(5, 40)),
        (unclaimed(5, 0, NOTHING, &[]), entry(3, 0), copied(5, 3)),
        (unclaimed(5, 0, NOTHING, &[]), entry(3, 7), copied(5, 3)),
        // The first claim of an earlier run, of which the log has not heard: it landed, or did not.
        (unclaimed(5, 0, NOTHING, &[(4, 7)]), none, proceed(5, 0)),
        (unclaimed(5, 0, NOTHING, &[(4, 7)]), entry(4, 7), proceed(5, 7)),
        (unclaimed(5, 0, NOTHING, &[(4, 7)]), entry(4, 8), rolled_back(entry(4, 8), 7)),
        // As it is remembered, or further: commits whose answers the log never heard.
        (unclaimed(5, 90, r, &ours), entry(4, 90), proceed(5, 90)),
        (unclaimed(5, 90, r, &ours), entry(4, 100), proceed(5, 100)),
        (unclaimed(5, 90, r, &ours), entry(4, 120), proceed(5, 120)),
        (unclaimed(5, 120, r, &ours), entry(4, 100), proceed(5, 120)),
        (unclaimed(5, 90, r, &ours), entry(4, 121), rolled_back(entry(4, 121), 120)),
        (unclaimed(8, 90, r, &tried), entry(6, 100), proceed(8, 100)),
        (unclaimed(8, 90, r, &tried), entry(7, 120), proceed(8, 120)),
        // Under a claim it cannot have come further than the log had in that claim's run.
        (unclaimed(8, 90, r, &tried), entry(6, 116), rolled_back(entry(6, 116), 115)),
        (unclaimed(8, 90, r, &tried), entry(4, 111), rolled_back(entry(4, 111), 110)),
        // Less than it has shown before.
        (unclaimed(5, 90, r, &ours), entry(3, 90), behind(entry(3, 90), r, 20)),
        (unclaimed(5, 90, r, &ours), entry(4, 89), behind(entry(4, 89), r, 20)),
        (unclaimed(5, 90, r, &ours), none, behind(none, r, 20)),
        (unclaimed(5, 90, remembered(4, 90, 21), &ours), entry(4, 90), behind(entry(4, 90), remembered(4, 90, 21), 20)),
        // Somebody else speaks for the log, whether that claim is lower than the next one of this log or not.
        (unclaimed(8, 90, r, &tried), entry(5, 90), copied(8, 5)),
        (unclaimed(8, 90, r, &tried), entry(8, 90), copied(8, 8)),
        (unclaimed(8, 90, r, &tried), entry(9, 300), copied(8, 9)),
    ];
    for (index, (proposal, shown, expected)) in cases.into_iter().enumerate() {
        assert_eq!(judged(&proposal, &view(shown, None)), expected, "case {index}");
    }
}

#[test]
fn a_restore_counts_from_what_is_remembered_on() {
    let proposal = unclaimed(5, 90, remembered(4, 90, 15), &[(4, 120)]);
    assert_eq!(judged(&proposal, &view(entry(4, 90), Some(15))), LogJudgement::Proceed(entry(5, 90)));
    let how = Setback::RestoreCommit { version: 16 };
    assert_eq!(judged(&proposal, &view(entry(4, 90), Some(16))), LogJudgement::Stop(Stop::Restored { log: LOG, how }));
}

#[test]
fn whoever_adopts_takes_a_table_that_shows_less_and_never_what_another_one_wrote() {
    let r = remembered(4, 90, 30);
    let adopt = part(5, 90, base(r, &[(4, 120)], true), 0);
    for shown in [entry(0, 0), entry(3, 10), entry(4, 90), entry(4, 120)] {
        for restored in [None, Some(31)] {
            let expected = LogJudgement::Proceed(entry(5, shown.position.max(90)));
            assert_eq!(judged(&adopt, &view(shown, restored)), expected);
        }
    }
    for (shown, end) in [(entry(4, 121), 120), (entry(3, 91), 90), (entry(0, 91), 90)] {
        let rolled_back = LogJudgement::Stop(Stop::RolledBack { log: LOG, shown, end });
        assert_eq!(judged(&adopt, &view(shown, None)), rolled_back);
    }
    let adopt = part(7, 90, base(r, &[(4, 120)], true), 0);
    for shown in [5, 7, 8] {
        let copied = LogJudgement::Stop(Stop::Copied { log: LOG, claim: 7, shown });
        assert_eq!(judged(&adopt, &view(entry(shown, 90), None)), copied);
    }
}

#[test]
fn rows_upon_no_claim_must_not_be_there_already() {
    let rows = |to| part(5, to, base(remembered(4, 90, 15), &[(4, 120)], false), 10);
    assert_eq!(judged(&rows(120), &view(entry(4, 100), None)), LogJudgement::Proceed(entry(5, 120)));
    assert_eq!(judged(&rows(95), &view(entry(4, 100), None)), LogJudgement::Conflict);
    let proposal = Proposal { rows: 10, logs: vec![rows(95)], ..Proposal::default() };
    let expected = Judgement::Conflict { fenced: vec![], moved: vec![], repeated: vec![LOG] };
    assert_eq!(judge(&proposal, &view(entry(4, 100), None), 10), expected);
}

#[test]
fn only_what_changes_is_written_and_each_log_speaks_once() {
    let other = LogProposal { part: LogPart { log: OTHER, ..claimed(9, 7, 8).part }, rows: 1 };
    let mut shown = view(entry(5, 100), Some(3));
    Arc::make_mut(&mut shown.logs).insert(OTHER, entry(9, 7));
    Arc::make_mut(&mut shown.restored).remove(&LOG);
    Arc::make_mut(&mut shown.restored).insert(LogId([3; 16]), 3);
    let idle = Proposal { logs: vec![claimed(5, 100, 100)], ..Proposal::default() };
    assert_eq!(judge(&idle, &shown, 10), Judgement::Proceed { entries: Entries::default(), refused: vec![] });
    let both = Proposal { rows: 1, logs: vec![claimed(5, 100, 100), other.clone()], ..Proposal::default() };
    let Judgement::Proceed { entries, .. } = judge(&both, &shown, 10) else { panic!("no commit") };
    assert_eq!(entries.logs, [(OTHER, entry(9, 8))].into());
    let after = shown.after(21, &entries);
    assert_eq!((after.version, after.log(LOG), after.log(OTHER)), (21, entry(5, 100), entry(9, 8)));
    assert_eq!(after.restored, shown.restored, "of logs that did not write");
    let twice = Proposal { logs: vec![other.clone(), other], ..Proposal::default() };
    assert!(matches!(judge(&twice, &shown, 10), Judgement::Stop(Stop::Broken(_))));
}

#[test]
fn an_adopting_commit_ends_what_a_restore_had_left_in_doubt() {
    let shown = view(entry(4, 90), Some(19));
    let adopt = part(5, 90, base(remembered(4, 90, 15), &[(4, 120)], true), 0);
    let proposal = Proposal { logs: vec![adopt], ..Proposal::default() };
    let Judgement::Proceed { entries, .. } = judge(&proposal, &shown, 10) else { panic!("no commit") };
    let after = shown.after(21, &entries);
    assert_eq!(judged(&claimed(5, 90, 95), &after), LogJudgement::Proceed(entry(5, 95)));
}

#[test]
fn the_file_decides_what_a_table_shows_and_then_the_log() {
    let entries = Entries { logs: [(LOG, entry(5, 100))].into(), ..Entries::default() };
    let streams = Entries { committed: [("a".into(), 7)].into(), ..Entries::default() };
    let (shows, lacks) = (view(entry(5, 100), None), view(entry(5, 99), None));
    assert_eq!(entries.evidence(&shows, None), Evidence::Shown);
    assert_eq!(entries.evidence(&shows, Some(false)), Evidence::Shown, "somebody rewrote the file");
    assert_eq!(entries.evidence(&lacks, Some(false)), Evidence::Missing("log"));
    assert_eq!(entries.evidence(&lacks, None), Evidence::Missing("log"));
    for another in [4, 6] {
        assert_eq!(entries.evidence(&view(entry(another, 100), None), None), Evidence::Missing("log"));
    }
    // The stream was forgotten and begun again since: it shows less, and the commit is there all the same.
    assert_eq!(streams.evidence(&shows, Some(true)), Evidence::Shown);
    assert_eq!(streams.evidence(&shows, Some(false)), Evidence::Missing("file"));
    assert_eq!(streams.evidence(&shows, None), Evidence::Missing("streams"));
}

fn small() -> impl Strategy<Value = u64> {
    0..6u64
}

fn bases() -> impl Strategy<Value = Base> {
    let remembered =
        (small(), small(), 15..25u64).prop_map(|(claim, position, version)| remembered(claim, position, version));
    let spoken = proptest::collection::vec((1..6u64, small()), 0..4);
    prop_oneof![
        small().prop_map(|position| Base::Claimed { position }),
        (remembered, spoken, any::<bool>()).prop_map(|(remembered, spoken, adopt)| base(remembered, &spoken, adopt)),
    ]
}

/// What must be true of a judgement, whatever it was made from; the first sentence that is not.
fn wrong(proposal: &LogProposal, view: &TableView, canary: Canary) -> Option<&'static str> {
    let shown = view.log(LOG);
    let LogJudgement::Proceed(after) = judge_log(proposal, view, canary) else { return None };
    let LogPart { claim, to, base, .. } = &proposal.part;
    if after.claim != *claim || after.claim < shown.claim {
        return Some("a claim went back");
    }
    if after.position < shown.position || after.position < *to {
        return Some("a position went back");
    }
    match base {
        Base::Claimed { position } if shown != entry(*claim, *position) => Some("built upon what is not there"),
        Base::Unclaimed { .. } if shown.claim == *claim => Some("two speak under one claim"),
        Base::Unclaimed { .. } if proposal.rows > 0 && shown.position > *to => Some("rows are repeated"),
        Base::Unclaimed { remembered, .. } if shown.claim > remembered.claim && !speaks(base, shown.claim) => {
            Some("somebody else speaks for the log")
        }
        Base::Unclaimed { remembered, adopt: false, .. }
            if shown.claim < remembered.claim || shown.position < remembered.position =>
        {
            Some("the table shows less than before")
        }
        Base::Unclaimed { remembered, spoken, .. } => {
            let end = spoken.iter().find(|spoken| spoken.claim == shown.claim);
            let end = end.map_or(remembered.position, |spoken| spoken.end);
            (shown.position > end).then_some("the table knows more than the log")
        }
        _ => None,
    }
}

fn speaks(base: &Base, claim: u64) -> bool {
    matches!(base, Base::Unclaimed { spoken, .. } if spoken.iter().any(|spoken| spoken.claim == claim))
}

fn everything() -> impl Strategy<Value = (LogProposal, TableView)> {
    let restored = proptest::option::of(15..21u64);
    let proposal = (1..6u64, small(), bases(), 0..2u64).prop_map(|(claim, to, base, rows)| part(claim, to, base, rows));
    let view = (small(), small(), restored).prop_map(|(claim, position, at)| view(entry(claim, position), at));
    (proposal, view)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn what_proceeds_fits_and_only_grows((proposal, view) in everything()) {
        prop_assert_eq!(wrong(&proposal, &view, Canary::None), None);
        let whole = Proposal { rows: proposal.rows, logs: vec![proposal.clone()], ..Proposal::default() };
        let judgement = judge_with(&whole, &view, 10, Canary::None);
        let proceeds = matches!(judged(&proposal, &view), LogJudgement::Proceed(_));
        prop_assert_eq!(matches!(judgement, Judgement::Proceed { .. }), proceeds);
        if let Judgement::Proceed { entries, .. } = judgement {
            prop_assert_eq!(entries.evidence(&view.after(21, &entries), None), Evidence::Shown);
        }
    }
}

#[test]
fn planted_faults_are_noticed() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let is_caught = |canary| {
        let mut runner = TestRunner::deterministic();
        (0..4_000).any(|_| {
            let (proposal, view) = everything().new_tree(&mut runner).unwrap().current();
            wrong(&proposal, &view, canary).is_some()
        })
    };
    assert!(!is_caught(Canary::None));
    assert!(is_caught(Canary::IgnoreClaim));
    assert!(is_caught(Canary::IgnorePosition));
}

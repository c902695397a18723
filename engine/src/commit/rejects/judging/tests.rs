use super::*;
use crate::handover::cut::StreamRange;
use crate::handover::log_part::LogEntry;
use crate::handover::shown::StreamState;
use crate::log::Reason;

const LOG: LogId = LogId([1; 16]);
const CLAIM: u64 = 5;

fn view(log: Option<(u64, u64)>, stream: Option<(u64, u64)>) -> TableView {
    TableView {
        id: "rejects".into(),
        version: 3,
        schema: "".into(),
        streams: Arc::new(
            stream.map(|(rows, epoch)| ("a".into(), StreamState::live(rows, epoch))).into_iter().collect(),
        ),
        logs: Arc::new(log.map(|(claim, position)| (LOG, LogEntry { claim, position })).into_iter().collect()),
        restored: Arc::default(),
        unsupported: None,
    }
}

/// A cut of stream `a`, rows 10 to 19 under epoch 2, positions 4 to 8.
fn cut() -> Proposal {
    let base = Base::Claimed { position: 4 };
    let part = LogPart { log: LOG, claim: CLAIM, to: 9, base };
    let range = StreamRange { stream: "a".into(), epoch: 2, from: 10, to: 20 };
    Proposal { ranges: vec![range], logs: vec![LogProposal { part, rows: 7 }], ..Proposal::default() }
}

fn row(position: u64, stream: Option<&str>, offset: u64) -> RejectedRow {
    let reason = Reason { code: 24, sentence: "no NULL".into() };
    RejectedRow { position, stream: stream.map(Into::into), offset, reason, row: "{}".into() }
}

fn of<'a>(rows: &'a [RejectedRow]) -> OfLogs<'a> {
    rows.iter().map(|row| (LOG, row)).collect()
}

fn places(judgement: &Judgement<'_>) -> Vec<(u64, u64)> {
    match judgement {
        Judgement::Commit { rows, .. } => rows.iter().map(|(_, row)| (row.position, row.offset)).collect(),
        Judgement::Nothing => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_that_knows_nothing_gets_all_of_them_and_the_entries() {
    let rows = [row(4, Some("a"), 10), row(7, None, 3)];
    let judgement = judge(&cut(), &of(&rows), &view(None, None));
    assert_eq!(places(&judgement), [(4, 10), (7, 3)]);
    let Judgement::Commit { proposal, .. } = judgement else { panic!() };
    assert_eq!((proposal.rows, proposal.logs[0].part.to, proposal.logs[0].rows), (2, 9, 2));
    let setting = Setting { stream: "a".into(), shown: StreamState::default(), committed: 20, epoch: 2 };
    assert_eq!(proposal.settings, [setting]);
}

/// A process died between the two commits.
#[test]
fn what_is_below_the_logs_position_is_there() {
    let rows = [row(4, Some("a"), 10), row(6, None, 3), row(8, None, 4)];
    let judgement = judge(&cut(), &of(&rows), &view(Some((CLAIM - 1, 7)), None));
    assert_eq!(places(&judgement), [(8, 4)]);
    assert_eq!(judge(&cut(), &of(&rows), &view(Some((CLAIM, 9)), None)), Judgement::Nothing);
}

/// Its rows were sent to another engine, which rejected them before it died.
#[test]
fn what_is_below_the_streams_offset_is_there() {
    let rows = [row(4, Some("a"), 10), row(5, Some("a"), 15), row(5, None, 2)];
    assert_eq!(places(&judge(&cut(), &of(&rows), &view(None, Some((12, 1))))), [(5, 15), (5, 2)]);
}

#[test]
fn nobody_writes_under_an_epoch_or_a_claim_that_is_over() {
    let rows = [row(4, Some("a"), 10)];
    assert_eq!(judge(&cut(), &of(&rows), &view(None, Some((0, 3)))), Judgement::Fenced(vec!["a".into()]));
    let superseded = Judgement::Superseded { log: LOG, claim: CLAIM, shown: CLAIM + 1 };
    assert_eq!(judge(&cut(), &of(&rows), &view(Some((CLAIM + 1, 0)), None)), superseded);
}

#[test]
fn the_proposal_is_granted_by_the_view_that_it_is_made_upon_and_by_no_other() {
    use crate::commit::ledger;
    let rows = [row(4, Some("a"), 10)];
    for log in [None, Some((CLAIM - 1, 2)), Some((CLAIM, 3))] {
        for stream in [None, Some((5, 1)), Some((5, 2))] {
            let seen = view(log, stream);
            let Judgement::Commit { proposal, .. } = judge(&cut(), &of(&rows), &seen) else { panic!() };
            let ledger::Judgement::Proceed { entries, .. } = ledger::judge(&proposal, &seen, usize::MAX) else {
                panic!()
            };
            let after = seen.after(4, &entries);
            assert_eq!(after.log(LOG), LogEntry { claim: CLAIM, position: 9 });
            assert_eq!(after.stream("a"), StreamState::live(20, 2));
            assert_eq!(judge(&cut(), &of(&rows), &after), Judgement::Nothing);
            let again = ledger::judge(&proposal, &after, usize::MAX);
            assert!(!matches!(again, ledger::Judgement::Proceed { .. }), "{again:?}");
        }
    }
}

//! Nobody waits for ever: for a shard that has no part in a cut, or for an epoch that no cut would mint.

use super::log_rig::{LogRig, shown};
use super::rig::{Rig, TABLE, open_hello, welcomed};
use crate::handover::answer::{Answer, OpenTable, StreamEntry};
use crate::handover::cut::{CutDone, Piece};
use crate::handover::request::{Request, Ticket};
use crate::handover::{ShardId, TableKey};
use crate::shard::action::Action;
use crate::shard::event::Event;

const OTHER: TableKey = TableKey(4);

fn handed_over(actions: &[Action]) -> Option<&CutDone> {
    actions.iter().find_map(|action| match action {
        Action::HandOver(_, Piece::CutDone(done)) => Some(done),
        _ => None,
    })
}

#[test]
fn a_shard_without_a_part_in_a_table_answers_its_cuts() {
    let mut rig = Rig::new();
    let actions = rig.step(Event::Answer(Answer::CutWanted { table: OTHER, generation: 2, cut: 5 }));
    assert_eq!(handed_over(&actions), Some(&CutDone::nothing(ShardId(0), 2, 5)));
}

#[test]
fn a_log_whose_table_was_made_anew_holds_up_no_cut_of_the_new_one() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.settle(vec![]);
    let (mut rig, actions) = rig.restart();
    let [Action::Request(Request::OpenTable { ticket: ticket @ Ticket::Log(_), .. })] = actions[..] else {
        panic!("{actions:?}")
    };
    let anew = OpenTable { key: OTHER, id: "another one".into(), ..rig.rig.table() };
    let stopped = rig.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(anew) }));
    assert!(matches!(stopped[..], [Action::Alarm(_)]), "{stopped:?}");
    let actions = rig.step(Event::Answer(Answer::CutWanted { table: OTHER, generation: 0, cut: 1 }));
    assert_eq!(handed_over(&actions), Some(&CutDone::nothing(ShardId(0), 0, 1)));
}

#[test]
fn a_stream_that_is_opened_while_the_port_is_stalled_is_minted_when_it_moves() {
    let mut rig = LogRig::new();
    rig.open();
    rig.step(Event::PortStalled { table: TABLE });
    let actions = rig.rig.hello(2, open_hello("b", 2, 1));
    assert!(wants_cut(&actions), "{actions:?}");
    let (done, _) = rig.cut(vec![]);
    assert!(done.mints.is_empty(), "rows of an older epoch may still be to be built");
    let claim = done.log.map_or(0, |part| part.claim);
    rig.commit(done.cut, vec![], shown(2, claim, 0, &[("a", 0, 1)]));
    let actions = rig.step(Event::Answer(Answer::Room { table: TABLE }));
    let settled = rig.settle(actions);
    assert!(wants_cut(&settled), "nothing else would ask for a cut: {settled:?}");
    let (done, _) = rig.cut(vec![]);
    assert_eq!(done.mints, ["b".into()]);
    let entry = StreamEntry { stream: "b".into(), committed: 0, epoch: 1, version: 3 };
    let actions = rig.commit(done.cut, vec![entry], shown(3, claim, 0, &[("a", 0, 1), ("b", 0, 1)]));
    assert!(welcomed(&actions, 2).is_some());
}

fn wants_cut(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Request(Request::WantCut { table: TABLE, .. })))
}

#[test]
fn what_a_shard_waits_for_is_told_until_it_is_settled() {
    let mut rig = LogRig::new();
    rig.open();
    assert_eq!(rig.rig.shard.waits_for(), Vec::<String>::new());
    rig.rig.batch(1, 0, 10);
    let told = rig.rig.shard.waits_for();
    assert!(told[0].contains("t, generation 0: 10 rows since the last cut, next cut 2, wanted Some(Tick)"), "{told:?}");
    assert!(told[0].contains("live, claim granted, handed over to position 0"), "{told:?}");
    assert!(told[0].contains("stream \"a\": 10 rows, 0 durable, 10 built, 0 in cuts, 0 committed"), "{told:?}");
    let wanted = rig.want_cut();
    assert!(wanted.iter().all(|action| !matches!(action, Action::HandOver(_, Piece::CutDone(_)))));
    let told = rig.rig.shard.waits_for();
    assert!(told[1].starts_with("the log: 1 things wait until entry"), "{told:?}");
}

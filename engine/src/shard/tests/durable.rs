//! Rows that are durable before they are committed, and come back from the log.

use super::log_rig::{LogRig, shown};
use super::rig::{TABLE, code, open_hello, rejected, resume_hello, welcomed};
use crate::handover::Refusal;
use crate::handover::answer::{Answer, Held};
use crate::handover::cut::Piece;
use crate::handover::log_part::{Base, Remembered, Spoken};
use crate::handover::request::{Request, Ticket};
use crate::shard::action::{Action, Outgoing};
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use crate::shard::logging::LogDuty;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;

fn ack(actions: &[Action], id: u64) -> Option<Ack> {
    actions.iter().rev().find_map(|action| match action {
        Action::Send(to, Outgoing::Ack(ack)) if to.0 == id => Some(*ack),
        _ => None,
    })
}

/// What was not committed is given up; the disk has not moved yet.
fn discard(rig: &mut LogRig, shown: crate::handover::shown::Shown) -> Vec<Action> {
    rig.rig.generation += 1;
    rig.step(Event::Answer(Answer::Discarded {
        table: TABLE,
        generation: rig.rig.generation,
        next_cut: rig.rig.next_cut,
        fenced: vec![].into(),
        why: Refusal::new(RejectCode::Discarded, "because"),
        shown,
        columns: None,
    }))
}

fn discarded(rig: &mut LogRig, shown: crate::handover::shown::Shown) -> Vec<Action> {
    let actions = discard(rig, shown);
    rig.settle(actions)
}

fn alarms(actions: &[Action]) -> Vec<&str> {
    actions
        .iter()
        .filter_map(|action| if let Action::Alarm(what) = action { Some(what.as_str()) } else { None })
        .collect()
}

#[test]
fn nothing_is_said_or_handed_over_before_it_is_durable() {
    let mut rig = LogRig::new();
    rig.open();
    let said = rig.rig.batch(1, 0, 10);
    assert_eq!(ack(&said, 1), None);
    let cut = rig.want_cut();
    assert!(!cut.iter().any(|action| matches!(action, Action::HandOver(_, Piece::CutDone(_)))), "{cut:?}");
    let settled = rig.settle(vec![]);
    assert_eq!(ack(&settled, 1).map(|ack| (ack.durable, ack.committed)), Some((10, 0)));
    let done = settled.iter().find_map(|action| match action {
        Action::HandOver(TABLE, Piece::CutDone(done)) => Some(done.clone()),
        _ => None,
    });
    let part = done.and_then(|done| done.log).expect("the log's part");
    assert_eq!((part.to, part.base), (1, Base::Claimed { position: 0 }));
}

#[test]
fn the_first_cut_claims_and_the_next_ones_go_on_from_there() {
    let mut rig = LogRig::new();
    rig.rig.hello(1, Hello { stream: String::new(), ..open_hello("", 1, 1) });
    rig.rig.announce(1);
    rig.rig.batch(1, 0, 10);
    let (first, values) = rig.cut(vec![]);
    assert_eq!(values, (0..10).collect::<Vec<i64>>());
    let part = first.log.expect("a part");
    let nothing = Base::Unclaimed { remembered: Remembered::default(), spoken: [].into(), adopt: false };
    assert_eq!(part.base, nothing);
    rig.rig.batch(1, 10, 5);
    let (second, _) = rig.cut(vec![]);
    let next = second.log.expect("a part");
    assert_eq!((next.claim, next.to, next.base), (part.claim, 2, Base::Claimed { position: 1 }));
}

#[test]
fn a_cut_that_was_given_up_is_built_again_without_what_the_table_shows() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.rig.batch(1, 10, 10);
    let (done, values) = rig.cut(vec![]);
    assert_eq!(values.len(), 20);
    let claim = done.log.expect("a part").claim;
    // Another engine committed rows 0 to 14 under the same epoch.
    let actions = discarded(&mut rig, shown(9, claim, 0, &[("a", 15, 1)]));
    assert_eq!(code(&actions, 1), None, "its producer hears nothing of it");
    assert!(alarms(&actions).is_empty());
    rig.rig.batch(1, 20, 5);
    let (done, values) = rig.cut(vec![]);
    assert_eq!(values, (15..25).collect::<Vec<i64>>());
    assert_eq!((done.rows, done.ranges.len(), done.ranges[0].from, done.ranges[0].to), (10, 1, 15, 25));
    assert_eq!(done.log.map(|part| (part.to, part.base)), Some((3, Base::Claimed { position: 0 })));
}

#[test]
fn rows_that_come_while_the_log_is_read_wait_their_turn() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    let (done, _) = rig.cut(vec![]);
    let claim = done.log.expect("a part").claim;
    let actions = discard(&mut rig, shown(9, claim, 0, &[("a", 0, 1)]));
    assert!(actions.iter().any(|action| matches!(action, Action::ReadLog { .. })));
    rig.rig.batch(1, 10, 10);
    let settled = rig.settle(actions);
    assert!(settled.iter().any(|action| matches!(action, Action::ReadAgain(TABLE))));
    let (_, values) = rig.cut(vec![]);
    assert_eq!(values, (0..20).collect::<Vec<i64>>());
}

#[test]
fn rows_of_an_epoch_that_the_table_left_behind_are_held_unless_the_table_has_them() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.rig.batch(1, 10, 10);
    let (done, _) = rig.cut(vec![]);
    let claim = done.log.expect("a part").claim;
    let actions = discarded(&mut rig, shown(9, claim, 0, &[("a", 10, 2)]));
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    let alarms = alarms(&actions);
    assert!(alarms.len() == 1 && alarms[0].contains("rows 10 to 19 of stream \"a\""), "{alarms:?}");
    let (done, values) = rig.cut(vec![]);
    assert!(values.is_empty() && done.ranges.is_empty());
    assert_eq!(done.log.map(|part| part.to), Some(2), "the position goes on: they are held by themselves");
    assert_eq!(rig.rig.shard.log().map(|log| log.state().held.len()), Some(1));
}

#[test]
fn a_restart_asks_for_the_table_claims_it_and_builds_what_it_does_not_have() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.rig.batch(1, 10, 10);
    rig.settle(vec![]);
    let (mut rig, actions) = rig.restart();
    assert!(matches!(
        &actions[..],
        [Action::Request(Request::OpenTable { ticket: Ticket::Log(_), insist: true, create: None, name, .. })] if **name == *"t"
    ));
    let Action::Request(Request::OpenTable { ticket, .. }) = actions[0] else { panic!() };
    let opened = rig.rig.table();
    let actions = rig.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(opened) }));
    rig.settle(actions);
    // Whoever comes meanwhile waits.
    let waiting = rig.rig.hello(2, Hello { durable_seen: 20, resendable_from: 20, ..resume_hello("a", 1, 2, 1) });
    assert!(waiting.is_empty());
    let (done, values) = rig.cut(vec![]);
    assert!(values.is_empty());
    let part = done.log.expect("a claim");
    let Base::Unclaimed { remembered: Remembered { position: 0, .. }, spoken, adopt: false } = &part.base else {
        panic!("{part:?}")
    };
    assert!(matches!(**spoken, [Spoken { end: 2, .. }]), "{part:?}");
    // The first of its commits had landed.
    let actions = rig.commit(done.cut, vec![], shown(5, part.claim, 1, &[("a", 10, 1)]));
    let welcome = welcomed(&actions, 2).expect("welcome");
    assert_eq!((welcome.resume_offset, welcome.durable, welcome.committed), (20, 20, 10));
    let (done, values) = rig.cut(actions);
    assert_eq!((values, done.log.map(|part| part.base)), ((10..20).collect(), Some(Base::Claimed { position: 1 })));
}

#[test]
fn a_log_knows_how_far_it_had_come_under_each_claim_however_often_it_is_started() {
    let anonymous = || Hello { stream: String::new(), ..open_hello("", 1, 1) };
    let write = |rig: &mut LogRig| {
        rig.rig.hello(1, anonymous());
        rig.rig.announce(1);
        rig.rig.batch(1, 0, 10);
        rig.settle(vec![]);
    };
    let mut rig = LogRig::new();
    write(&mut rig);
    let (done, _) = rig.cut(vec![]);
    let first = done.log.expect("a claim").claim;
    rig.commit(done.cut, vec![], shown(2, first, 1, &[]));
    let mut claims = vec![(first, 1)];
    for end in 2..5 {
        let (restarted, mut actions) = rig.restart();
        rig = restarted;
        if let Some(Action::Request(Request::OpenTable { ticket, .. })) = actions.pop() {
            // What is known of the table was durable before the claim was handed over; the table never answers.
            let opened = rig.rig.table();
            let actions = rig.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(opened) }));
            rig.settle(actions);
            let (done, _) = rig.cut(vec![]);
            let part = done.log.expect("a claim");
            let Base::Unclaimed { spoken, .. } = &part.base else { panic!("{part:?}") };
            let spoken: Vec<(u64, u64)> = spoken.iter().map(|spoken| (spoken.claim, spoken.end)).collect();
            assert_eq!(spoken, claims);
            claims.push((part.claim, 2));
            assert!(claims.is_sorted_by_key(|(claim, _)| *claim), "{claims:?}");
        } else {
            // Everything is in the table, so rows are taken before it is claimed: none of them came under the old claim.
            assert_eq!(end, 2);
            write(&mut rig);
        }
    }
    assert_eq!(claims.len(), 3);
}

#[test]
fn a_resume_is_welcome_when_the_rows_before_it_are_durable() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    let actions = rig.rig.hello(2, resume_hello("a", 1, 2, 1));
    assert!(welcomed(&actions, 2).is_none());
    let settled = rig.settle(vec![]);
    let welcome = welcomed(&settled, 2).expect("welcome");
    assert_eq!((welcome.resume_offset, welcome.durable), (10, 10));
    let first_ack = settled.iter().position(|action| matches!(action, Action::Send(to, Outgoing::Ack(_)) if to.0 == 2));
    let welcome_at =
        settled.iter().position(|action| matches!(action, Action::Send(to, Outgoing::Welcome(_)) if to.0 == 2));
    assert!(first_ack.is_none_or(|ack| Some(ack) > welcome_at), "no Ack comes before Welcome");
}

#[test]
fn a_refusal_that_names_a_row_waits_for_the_rows_before_it() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    let refused = rig.rig.batch(1, 11, 1);
    assert!(rejected(&refused, 1).is_none());
    let connection = ConnectionId(1);
    let malformed = Refusal::new(RejectCode::MalformedFrame, "because");
    let mut meanwhile = rig.rig.batch(1, 12, 1);
    meanwhile.extend(rig.rig.step(Event::Schema {
        connection,
        schema_id: 7,
        schema: Schema { columns: vec![9], fields: vec![] },
    }));
    meanwhile.extend(rig.rig.step(Event::Close { connection }));
    rig.rig.shard.refuse_frame(connection, &malformed, 0, &mut meanwhile);
    meanwhile.extend(rig.rig.step(Event::Drain));
    assert!(rejected(&meanwhile, 1).is_none(), "what comes meanwhile is not looked at: {meanwhile:?}");
    let settled = rig.settle(vec![]);
    assert_eq!(
        rejected(&settled, 1).map(|reject| (reject.code, reject.offset)),
        Some((RejectCode::OffsetGap as u16, 10))
    );
}

#[test]
fn a_table_that_needs_a_person_keeps_its_rows_in_the_log() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.settle(vec![]);
    let why = Refusal::new(RejectCode::TableUnavailable, "it was restored");
    let closed =
        rig.step(Event::Answer(Answer::TableClosed { table: TABLE, why: why.clone(), held: Held::UntilDecided }));
    assert!(alarms(&closed)[0].contains("it was restored"), "{closed:?}");
    assert_eq!(code(&closed, 1), Some(RejectCode::TableUnavailable));
    let again = rig.rig.hello(2, open_hello("b", 1, 1));
    assert_eq!(code(&again, 2), Some(RejectCode::TableUnavailable));
    assert!(!rig.rig.shard.log().expect("a log").is_drained());
}

#[test]
fn a_table_that_is_closed_for_a_while_is_asked_for_again() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.settle(vec![]);
    let why = Refusal::new(RejectCode::Discarded, "its columns changed");
    let closed = rig.step(Event::Answer(Answer::TableClosed { table: TABLE, why, held: Held::UntilReopened }));
    assert!(closed.iter().any(|action| matches!(action, Action::Request(Request::OpenTable { insist: true, .. }))));
}

#[test]
fn while_a_tables_store_is_in_trouble_its_rows_are_only_logged() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.settle(vec![]);
    let used = rig.rig.budget.used();
    rig.step(Event::PortStalled { table: TABLE });
    let said = rig.rig.batch(1, 10, 10);
    let settled = rig.settle(said);
    assert_eq!(ack(&settled, 1).map(|ack| ack.durable), Some(20));
    assert_eq!(rig.rig.budget.used(), used, "no memory is used for them");
    let resumed = rig.rig.hello(2, resume_hello("a", 1, 2, 1));
    assert_eq!(welcomed(&resumed, 2).map(|welcome| (welcome.resume_offset, welcome.durable)), Some((20, 20)));
    let actions = rig.step(Event::Answer(Answer::Room { table: TABLE }));
    let settled = rig.settle(actions);
    assert!(settled.iter().any(|action| matches!(action, Action::ReadAgain(TABLE))));
    let (done, values) = rig.cut(settled);
    assert_eq!(values, (0..20).collect::<Vec<i64>>());
    assert_eq!((done.rows, done.ranges[0].to), (20, 20));
}

fn wants_cut(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Request(Request::WantCut { table: TABLE, .. })))
}

#[test]
fn the_table_hears_that_the_log_is_past_rows_which_it_has_already() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.rig.batch(1, 10, 10);
    let (done, _) = rig.cut(vec![]);
    let claim = done.log.expect("a part").claim;
    // Another engine committed all of them: nothing is left to build, and nothing else would ask for a cut.
    let actions = discarded(&mut rig, shown(9, claim, 0, &[("a", 20, 1)]));
    assert!(wants_cut(&actions), "{actions:?}");
    let (done, values) = rig.cut(vec![]);
    assert!(values.is_empty());
    assert_eq!(done.log.map(|part| (part.to, part.base)), Some((2, Base::Claimed { position: 0 })));
}

#[test]
fn a_log_that_drains_says_once_that_a_table_has_its_rows() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.settle(vec![]);
    let (mut rig, actions) = rig.restart_with(LogDuty::Drains);
    let Some(Action::Request(Request::OpenTable { ticket, .. })) = actions.first() else { panic!("{actions:?}") };
    let (ticket, opened) = (*ticket, rig.rig.table());
    let mut actions = rig.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(opened) }));
    let mut drained = 0;
    // The claim, the rows, and twice what others commit.
    for position in [0, 1, 1, 1] {
        let (done, _) = rig.cut(actions);
        let claim = done.log.as_ref().map_or(0, |part| part.claim);
        actions = rig.commit(done.cut, vec![], shown(5 + done.cut, claim, position, &[("a", 10 * position, 1)]));
        drained += actions.iter().filter(|action| matches!(action, Action::Drained(_))).count();
    }
    assert_eq!(drained, 1);
}

#[test]
fn whoever_waits_hears_of_rows_that_another_engine_has_committed() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.rig.batch(1, 10, 10);
    let (done, _) = rig.cut(vec![]);
    let claim = done.log.expect("a part").claim;
    let actions = discarded(&mut rig, shown(9, claim, 0, &[("a", 15, 1)]));
    assert_eq!(ack(&actions, 1).map(|ack| (ack.durable, ack.committed, ack.version)), Some((20, 15, 9)));
    rig.step(Event::Close { connection: ConnectionId(1) });
    let actions = discarded(&mut rig, shown(10, claim, 0, &[("a", 20, 1)]));
    let closed = actions.iter().find_map(|action| match action {
        Action::Finish(_, Outgoing::Closed(closed)) => Some(closed.committed),
        _ => None,
    });
    assert_eq!(closed, Some(20));
}

#[test]
fn rows_of_an_epoch_that_is_over_move_nobodys_watermark() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    let (done, _) = rig.cut(vec![]);
    let claim = done.log.expect("a part").claim;
    rig.rig.batch(1, 10, 10);
    // Before those are durable it turns out that another engine took the stream over at row 5.
    let actions = discard(&mut rig, shown(9, claim, 0, &[("a", 5, 2)]));
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    let before_disk = rig.rig.hello(2, resume_hello("a", 2, 1, 2));
    let mut settled = rig.settle(actions);
    settled.splice(0..0, before_disk);
    let welcome = welcomed(&settled, 2).expect("welcome");
    assert_eq!((welcome.resume_offset, welcome.durable), (5, 5));
    assert!(ack(&settled, 2).is_none_or(|ack| ack.durable == 5), "{settled:?}");
}

#[test]
fn a_newer_producer_is_told_nothing_of_what_an_older_one_has_durable() {
    let mut rig = LogRig::new();
    rig.open();
    let (done, _) = rig.cut(vec![]);
    let claim = done.log.expect("a part").claim;
    rig.rig.batch(1, 0, 10);
    // Before these rows are durable, another engine mints an epoch.
    let actions = discarded(&mut rig, shown(9, claim, 0, &[("a", 0, 2)]));
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    let resumed = rig.rig.hello(2, resume_hello("a", 9, 1, 2));
    let resumed = rig.settle(resumed);
    assert_eq!(welcomed(&resumed, 2).map(|welcome| (welcome.resume_offset, welcome.durable)), Some((0, 0)));
    rig.rig.announce(2);
    rig.rig.batch(2, 0, 3);
    let settled = rig.settle(vec![]);
    assert_eq!(ack(&settled, 2).map(|ack| ack.durable), Some(3));
}

#[test]
fn a_table_that_was_accepted_is_claimed_as_it_is_once() {
    let mut rig = LogRig::new();
    rig.open();
    let (mut rig, nothing) = rig.restart();
    assert!(nothing.is_empty(), "the log has no rows for it: {nothing:?}");
    rig.rig.shard.accept_tables([rig.rig.table().id].into());
    let mut actions = Vec::new();
    rig.rig.shard.start(&mut actions);
    let [Action::Request(Request::OpenTable { ticket: ticket @ Ticket::Log(_), .. })] = actions[..] else {
        panic!("{actions:?}")
    };
    let opened = rig.rig.table();
    let actions = rig.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(opened) }));
    rig.settle(actions);
    let (done, _) = rig.cut(vec![]);
    let part = done.log.expect("a claim");
    assert!(matches!(part.base, Base::Unclaimed { adopt: true, .. }), "{part:?}");
    // The commit did not land: the next one decides again.
    discarded(&mut rig, shown(7, 0, 0, &[]));
    let (done, _) = rig.cut(vec![]);
    let part = done.log.expect("a claim");
    assert!(matches!(part.base, Base::Unclaimed { adopt: true, .. }), "{part:?}");
    let actions = rig.commit(done.cut, vec![], shown(8, part.claim, part.to, &[]));
    rig.settle(actions);
    discarded(&mut rig, shown(8, part.claim, part.to, &[]));
    let closed = Answer::TableClosed {
        table: TABLE,
        why: Refusal::new(RejectCode::TableChanged, "because"),
        held: Held::UntilReopened,
    };
    rig.step(Event::Answer(closed));
    rig.rig.hello(3, open_hello("a", 3, 1));
    let (done, _) = rig.cut(vec![]);
    let part = done.log.expect("a claim");
    assert!(matches!(part.base, Base::Unclaimed { adopt: false, .. }), "{part:?}");
}

#[test]
fn a_log_knows_its_table_by_name_when_whoever_asked_for_it_is_gone() {
    let mut rig = LogRig::new();
    rig.step(Event::Hello { connection: ConnectionId(1), hello: open_hello("a", 1, 1) });
    rig.step(Event::Lost { connection: ConnectionId(1) });
    let (ticket, opened) = (Ticket::Connection(1), rig.rig.table());
    rig.step(Event::Answer(Answer::TableOpened { ticket, result: Ok(opened) }));
    let names: Vec<_> = rig.rig.shard.log().unwrap().state().tables.values().map(|table| table.name.clone()).collect();
    assert_eq!(names, ["t".into()]);
}

//! Who may go on, and where.

use super::rig::{Rig, TABLE, asks_table, code, found, resume_hello, welcomed};
use crate::handover::answer::{Answer, StreamEntry};
use crate::handover::request::Request;
use crate::shard::action::Action;
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::reject::RejectCode;

#[test]
fn a_resume_goes_on_behind_what_was_admitted_and_displaces_the_dead_connection() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 4));
    rig.batch(1, 0, 10);
    let actions = rig.hello(2, resume_hello("a", 1, 2, 4));
    assert_eq!(code(&actions, 1), Some(RejectCode::StaleAttempt));
    let welcome = welcomed(&actions, 2).unwrap();
    assert_eq!((welcome.resume_offset, welcome.committed, welcome.epoch_major), (10, 0, 4));
    assert_eq!(code(&rig.hello(3, resume_hello("a", 1, 3, 3)), 3), Some(RejectCode::Fenced));
}

#[test]
fn after_a_restart_a_resume_is_judged_by_the_table() {
    let find = |rig: &mut Rig, id, hello, committed, epoch| {
        let actions = rig.hello(id, hello);
        assert!(matches!(&actions[..], [Action::Request(Request::FindStream { .. })]));
        let result = Ok(StreamEntry { stream: "a".into(), committed, epoch, version: 3 });
        rig.step(Event::Answer(Answer::StreamFound { table: TABLE, stream: "a".into(), result }))
    };
    let actions = find(&mut Rig::new(), 1, resume_hello("a", 1, 2, 4), 30, 4);
    assert_eq!(welcomed(&actions, 1).unwrap().resume_offset, 30);
    let actions = find(&mut Rig::new(), 1, resume_hello("a", 1, 2, 4), 30, 5);
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    let lost = Hello { committed_seen: 50, resendable_from: 50, ..resume_hello("a", 1, 2, 4) };
    let actions = find(&mut Rig::new(), 1, lost, 30, 4);
    assert_eq!(code(&actions, 1), Some(RejectCode::LostOrElsewhere));
    let resends = Hello { committed_seen: 50, resendable_from: 20, ..resume_hello("a", 1, 2, 4) };
    let actions = find(&mut Rig::new(), 1, resends, 30, 4);
    assert_eq!(welcomed(&actions, 1).unwrap().resume_offset, 30);
}

#[test]
fn a_stream_that_went_on_at_another_engine_is_judged_by_the_table() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (20, 5));
    rig.step(Event::Lost { connection: ConnectionId(1) });
    // The same producer had rows committed elsewhere.
    let ahead = Hello { committed_seen: 50, resendable_from: 50, ..resume_hello("a", 1, 3, 5) };
    assert!(asks_table(&rig.hello(2, ahead)));
    assert_eq!(welcomed(&found(&mut rig, 50, 5), 2).unwrap().resume_offset, 50);
    // Another producer opened it elsewhere, and comes here while the old one's connection still stands.
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (20, 5));
    assert!(asks_table(&rig.hello(2, resume_hello("a", 2, 2, 6))));
    let actions = found(&mut rig, 30, 6);
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    assert_eq!(welcomed(&actions, 2).unwrap().resume_offset, 30);
}

#[test]
fn a_client_that_only_claims_to_be_ahead_is_fenced_and_hurts_nobody() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (20, 5));
    assert!(asks_table(&rig.hello(2, resume_hello("a", 2, 2, 99))));
    let actions = found(&mut rig, 20, 5);
    assert_eq!((code(&actions, 1), code(&actions, 2)), (None, Some(RejectCode::Fenced)));
}

#[test]
fn rows_on_their_way_are_settled_before_a_producer_that_is_ahead_goes_on() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (20, 5));
    rig.batch(1, 20, 10);
    let ahead = || Hello { committed_seen: 40, resendable_from: 40, ..resume_hello("a", 1, 3, 5) };
    rig.hello(2, ahead());
    assert_eq!(code(&found(&mut rig, 40, 5), 2), Some(RejectCode::Busy));
    assert!(!rig.batch(1, 30, 1).iter().any(|action| matches!(action, Action::Finish(..))), "the owner stays");
}

#[test]
fn a_look_from_before_a_producer_got_ahead_does_not_judge_it() {
    let mut rig = Rig::new();
    assert!(asks_table(&rig.hello(1, resume_hello("a", 1, 1, 5))));
    assert!(asks_table(&rig.hello(2, resume_hello("a", 2, 1, 6))));
    let actions = found(&mut rig, 20, 5);
    assert!(welcomed(&actions, 1).is_some() && code(&actions, 2).is_none() && welcomed(&actions, 2).is_none());
    let result = Ok(StreamEntry { stream: "a".into(), committed: 30, epoch: 6, version: 901 });
    let actions = rig.step(Event::Answer(Answer::StreamFound { table: TABLE, stream: "a".into(), result }));
    assert_eq!((code(&actions, 1), welcomed(&actions, 2).unwrap().resume_offset), (Some(RejectCode::Fenced), 30));
}

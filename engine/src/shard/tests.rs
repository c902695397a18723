//! The shard's rules, one at a time. Schedules of many things at once are the simulator's.

use super::action::{Action, Outgoing};
use super::connection::ConnectionId;
use super::event::Event;
use super::{Settings, Shard};
use crate::budget::Budget;
use crate::columns::table_builder::RowGroupSize;
use crate::handover::answer::{Answer, OpenTable, StreamEntry};
use crate::handover::cut::{CutDone, Piece, StreamRange};
use crate::handover::port::table_port;
use crate::handover::request::{Request, Urgency};
use crate::handover::{Refusal, ShardId, TableKey};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::{ArchivedBatch, Batch, Column};
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_COMMITTED, MODE_DESCRIBE, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::welcome::Welcome;
use lakehead_protocol::{FrameBuffer, archive};
use std::sync::Arc;

const TABLE: TableKey = TableKey(3);

/// A shard, and a commit plane that does as it is told.
struct Rig {
    shard: Shard,
    budget: Budget,
    next_cut: u64,
    generation: u64,
}

fn schema() -> Schema {
    Schema::flat(vec![Field::flat("n", DataType::Long, false)])
}

fn open_hello(stream: &str, opener: u8, attempt: u64) -> Hello {
    Hello {
        table: "t".into(),
        stream: stream.into(),
        opener: [opener; 16],
        attempt,
        mode: MODE_OPEN,
        keep: KEEP_UNTIL_COMMITTED,
        ..Hello::default()
    }
}

fn resume_hello(stream: &str, opener: u8, attempt: u64, epoch: u64) -> Hello {
    Hello { mode: MODE_RESUME, epoch_major: epoch, ..open_hello(stream, opener, attempt) }
}

impl Rig {
    fn new() -> Self {
        let budget = Budget::new(1 << 30);
        let settings = Settings {
            row_group: RowGroupSize { rows: 100, bytes: 1 << 20 },
            cut_rows: 1000,
            ..Settings::new(ShardId(0))
        };
        Self { shard: Shard::new(settings, budget.clone()), budget, next_cut: 1, generation: 0 }
    }

    fn step(&mut self, event: Event<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.shard.step(event, &mut actions);
        actions
    }

    fn table(&self) -> OpenTable {
        OpenTable {
            key: TABLE,
            id: "table-1".into(),
            version: 7,
            schema: Arc::new(schema()),
            arrow_schema: Arc::new(to_arrow(&schema()).unwrap()),
            generation: self.generation,
            next_cut: self.next_cut,
            port: table_port(1, Arc::new(|| {})).0,
        }
    }

    /// A Hello and the table's answer to it.
    fn hello(&mut self, id: u64, hello: Hello) -> Vec<Action> {
        let connection = ConnectionId(id);
        let asked = self.step(Event::Hello { connection, hello });
        assert!(
            matches!(asked[..], [Action::Request(Request::OpenTable { ticket, create: None, .. })] if ticket == id)
        );
        let result = Ok(self.table());
        self.step(Event::Answer(Answer::TableOpened { ticket: id, result }))
    }

    /// Asks for a cut and hands back its marker, with the rows of the row groups before it.
    fn cut(&mut self) -> (CutDone, usize) {
        let (generation, cut) = (self.generation, self.next_cut);
        self.next_cut += 1;
        let actions = self.step(Event::Answer(Answer::CutWanted { table: TABLE, generation, cut }));
        let mut rows = 0;
        let mut done = None;
        for action in actions {
            match action {
                Action::HandOver(TABLE, Piece::RowGroup(group)) => {
                    assert_eq!((group.cut, group.generation, done.is_none()), (cut, generation, true));
                    rows += group.rows.num_rows();
                }
                Action::HandOver(TABLE, Piece::CutDone(marker)) => done = Some(marker),
                other => panic!("{other:?}"),
            }
        }
        (done.unwrap(), rows)
    }

    fn commit(&mut self, cut: u64, minted: Vec<StreamEntry>) -> Vec<Action> {
        let (generation, version) = (self.generation, 100 + cut);
        let minted = minted.into();
        self.step(Event::Answer(Answer::Committed { table: TABLE, generation, cut, version, minted }))
    }

    /// Opens a named stream at this epoch and announces schema 1.
    fn open(&mut self, id: u64, stream: &str, opener: u8, entry: (u64, u64)) -> Welcome {
        self.hello(id, open_hello(stream, opener, 1));
        let (done, _) = self.cut();
        assert_eq!(done.mints, vec![Arc::from(stream)]);
        let entry = StreamEntry { stream: stream.into(), committed: entry.0, epoch: entry.1, version: 1 };
        let actions = self.commit(done.cut, vec![entry]);
        let welcome = welcomed(&actions, id).expect("welcome");
        self.announce(id);
        welcome
    }

    fn announce(&mut self, id: u64) {
        let connection = ConnectionId(id);
        assert!(self.step(Event::Schema { connection, schema_id: 1, schema: schema() }).is_empty());
    }

    fn batch(&mut self, id: u64, first: u64, rows: u32) -> Vec<Action> {
        let values = (first..first + u64::from(rows)).flat_map(|row| row.to_le_bytes()).collect();
        let column = Column { length: rows, values, ..Column::default() };
        let bytes = archive::append(FrameBuffer::new(), &Batch { columns: vec![column] }).unwrap();
        let batch = archive::access::<ArchivedBatch>(&bytes).unwrap();
        let header = Header {
            schema_id: 1,
            first_offset: first,
            rows,
            payload_bytes: bytes.len() as u32,
            ..Header::control(Kind::Batch)
        };
        self.step(Event::Batch { connection: ConnectionId(id), header, batch })
    }
}

fn welcomed(actions: &[Action], id: u64) -> Option<Welcome> {
    actions.iter().find_map(|action| match action {
        Action::Send(to, Outgoing::Welcome(welcome)) if to.0 == id => Some((**welcome).clone()),
        _ => None,
    })
}

fn rejected(actions: &[Action], id: u64) -> Option<Reject> {
    actions.iter().find_map(|action| match action {
        Action::Finish(to, Outgoing::Reject(reject)) if to.0 == id => Some((**reject).clone()),
        _ => None,
    })
}

fn code(actions: &[Action], id: u64) -> Option<RejectCode> {
    rejected(actions, id).and_then(|reject| RejectCode::from_number(reject.code))
}

fn acked(actions: &[Action], id: u64) -> Option<u64> {
    actions.iter().find_map(|action| match action {
        Action::Send(to, Outgoing::Ack(ack)) if to.0 == id => Some(ack.committed),
        _ => None,
    })
}

fn range(stream: &str, epoch: u64, from: u64, to: u64) -> StreamRange {
    StreamRange { stream: stream.into(), epoch, from, to }
}

#[test]
fn an_anonymous_stream_is_welcome_at_once_and_acked_by_its_commit() {
    let mut rig = Rig::new();
    let welcome = welcomed(&rig.hello(1, open_hello("", 1, 1)), 1).unwrap();
    assert_eq!((welcome.resume_offset, welcome.table_id.as_str()), (0, "table-1"));
    rig.announce(1);
    let actions = rig.batch(1, 0, 10);
    assert!(matches!(actions[..], [Action::Request(Request::WantCut { urgency: Urgency::Tick, .. })]));
    assert!(rig.batch(1, 10, 5).is_empty());
    let (done, rows) = rig.cut();
    assert_eq!((done.rows, rows, done.ranges.len()), (15, 15, 0));
    assert_eq!(acked(&rig.commit(done.cut, vec![]), 1), Some(15));
    assert!(rig.shard.is_settled());
}

#[test]
fn a_named_stream_is_welcome_once_its_epoch_is_in_the_table() {
    let mut rig = Rig::new();
    let actions = rig.hello(1, open_hello("a", 1, 1));
    assert!(matches!(actions[..], [Action::Request(Request::WantCut { urgency: Urgency::Open, .. })]));
    let (done, rows) = rig.cut();
    assert_eq!((rows, done.ranges.len(), done.mints.len()), (0, 0, 1));
    let entry = StreamEntry { stream: "a".into(), committed: 40, epoch: 6, version: 9 };
    let welcome = welcomed(&rig.commit(1, vec![entry]), 1).unwrap();
    assert_eq!((welcome.epoch_major, welcome.resume_offset, welcome.committed), (6, 40, 40));
}

#[test]
fn duplicates_are_trimmed_and_gaps_refused() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (100, 2));
    assert_eq!(acked(&rig.batch(1, 90, 10), 1), Some(100));
    rig.batch(1, 95, 10);
    rig.batch(1, 100, 10);
    let (done, rows) = rig.cut();
    assert_eq!((done.ranges, rows), (vec![range("a", 2, 100, 110)], 10));
    let reject = rejected(&rig.batch(1, 111, 1), 1).unwrap();
    assert_eq!((reject.code, reject.offset), (RejectCode::OffsetGap as u16, 110));
    assert_eq!(reject.committed, 100);
    assert!(acked(&rig.commit(done.cut, vec![]), 1).is_none(), "the connection is gone");
}

#[test]
fn the_newest_opener_wins_and_takes_the_older_ones_rows_along() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    let actions = rig.hello(2, open_hello("a", 2, 1));
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    assert!(rig.batch(1, 10, 5).is_empty() || code(&rig.batch(1, 10, 5), 1).is_some());
    let (done, _) = rig.cut();
    assert_eq!((done.ranges, done.mints.len()), (vec![range("a", 1, 0, 10)], 1));
    let entry = StreamEntry { stream: "a".into(), committed: 10, epoch: 2, version: 9 };
    let welcome = welcomed(&rig.commit(done.cut, vec![entry]), 2).unwrap();
    assert_eq!((welcome.epoch_major, welcome.resume_offset), (2, 10));
    let stale = rig.hello(3, resume_hello("a", 1, 2, 1));
    assert_eq!(code(&stale, 3), Some(RejectCode::Fenced));
}

#[test]
fn of_three_openers_the_last_is_welcome_even_when_a_mint_was_in_flight() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 1, 1));
    let (first, _) = rig.cut();
    assert_eq!(code(&rig.hello(2, open_hello("a", 2, 1)), 1), Some(RejectCode::Fenced));
    assert_eq!(code(&rig.hello(3, open_hello("a", 3, 1)), 2), Some(RejectCode::Fenced));
    let entry = |epoch| StreamEntry { stream: "a".into(), committed: 0, epoch, version: 9 };
    let actions = rig.commit(first.cut, vec![entry(1)]);
    assert!(welcomed(&actions, 1).is_none() && welcomed(&actions, 3).is_none());
    let (second, _) = rig.cut();
    assert_eq!(second.mints.len(), 1);
    let welcome = welcomed(&rig.commit(second.cut, vec![entry(2)]), 3).unwrap();
    assert_eq!(welcome.epoch_major, 2);
}

#[test]
fn a_late_attempt_of_the_same_opener_cannot_fence_it() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 1, 5));
    assert_eq!(code(&rig.hello(2, open_hello("a", 1, 4)), 2), Some(RejectCode::StaleAttempt));
    assert_eq!(rig.cut().0.mints.len(), 1);
}

#[test]
fn a_first_opener_is_never_stale() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 0, 0));
    assert_eq!(rig.cut().0.mints.len(), 1);
}

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

/// What the table shows of stream `a`, at a version later than any commit of the rig.
fn found(rig: &mut Rig, committed: u64, epoch: u64) -> Vec<Action> {
    let result = Ok(StreamEntry { stream: "a".into(), committed, epoch, version: 900 });
    rig.step(Event::Answer(Answer::StreamFound { table: TABLE, stream: "a".into(), result }))
}

fn asks_table(actions: &[Action]) -> bool {
    matches!(actions, [Action::Request(Request::FindStream { .. })])
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

#[test]
fn an_open_that_died_before_its_epoch_fences_nobody() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 2, 1));
    rig.step(Event::Lost { connection: ConnectionId(1) });
    assert!(asks_table(&rig.hello(2, resume_hello("a", 1, 2, 4))));
    assert_eq!(welcomed(&found(&mut rig, 30, 4), 2).unwrap().resume_offset, 30);
}

#[test]
fn the_newest_opener_is_not_fenced_along_with_the_rows_before_it() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    rig.hello(2, open_hello("a", 2, 1));
    rig.cut();
    rig.generation = 1;
    let why = Refusal::new(RejectCode::Discarded, "another engine wrote");
    let actions = rig.step(Event::Answer(Answer::Discarded {
        table: TABLE,
        generation: 1,
        next_cut: rig.next_cut,
        fenced: vec![Arc::from("a")].into(),
        why,
    }));
    assert_eq!(code(&actions, 2), Some(RejectCode::Discarded));
}

#[test]
fn a_discarded_cut_sends_every_stream_back_to_the_table() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.open(2, "b", 2, (0, 1));
    rig.batch(1, 0, 10);
    rig.batch(2, 0, 10);
    let (done, _) = rig.cut();
    rig.batch(1, 10, 10);
    let used = rig.budget.used();
    rig.generation = 1;
    let why = Refusal::new(RejectCode::Discarded, "another engine wrote");
    let actions = rig.step(Event::Answer(Answer::Discarded {
        table: TABLE,
        generation: 1,
        next_cut: rig.next_cut,
        fenced: vec![Arc::from("b")].into(),
        why,
    }));
    assert_eq!((code(&actions, 1), code(&actions, 2)), (Some(RejectCode::Discarded), Some(RejectCode::Fenced)));
    assert!(rig.budget.used() < used && rig.shard.is_settled());
    let late = rig.step(Event::Answer(Answer::Committed {
        table: TABLE,
        generation: 0,
        cut: done.cut,
        version: 9,
        minted: vec![].into(),
    }));
    assert!(late.is_empty());
}

#[test]
fn full_builders_are_sealed_early_for_the_next_cut() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 60);
    let actions = rig.batch(1, 60, 60);
    assert!(actions.iter().any(|action| matches!(action, Action::HandOver(_, Piece::RowGroup(group)) if group.rows.num_rows() == 120 && group.cut == 2)));
    let (done, rows) = rig.cut();
    assert_eq!((done.cut, done.rows, rows), (2, 120, 0));
    let actions: Vec<_> = (0..10).flat_map(|index| rig.batch(1, 120 + index * 100, 100)).collect();
    assert!(
        actions.iter().any(|action| matches!(action, Action::Request(Request::WantCut { urgency: Urgency::Now, .. })))
    );
}

#[test]
fn closing_waits_for_the_commit() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    assert!(rig.step(Event::Close { connection: ConnectionId(1) }).is_empty());
    let (done, _) = rig.cut();
    let actions = rig.commit(done.cut, vec![]);
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Finish(_, Outgoing::Closed(closed)) if closed.committed == 10))
    );
}

#[test]
fn rows_of_a_lost_connection_are_committed_all_the_same() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("", 1, 1));
    rig.announce(1);
    rig.batch(1, 0, 10);
    rig.step(Event::Lost { connection: ConnectionId(1) });
    let (done, rows) = rig.cut();
    assert_eq!(rows, 10);
    assert!(!rig.shard.is_settled());
    rig.commit(done.cut, vec![]);
    assert!(rig.shard.is_settled());
}

#[test]
fn what_breaks_the_rules_is_refused_with_its_code() {
    let refuse = |act: fn(&mut Rig) -> Vec<Action>| {
        let mut rig = Rig::new();
        rig.open(1, "a", 1, (0, 1));
        let actions = act(&mut rig);
        code(&actions, 1)
    };
    let connection = ConnectionId(1);
    assert_eq!(
        refuse(|rig| rig.step(Event::Schema { connection: ConnectionId(1), schema_id: 1, schema: schema() })),
        Some(RejectCode::UnknownSchema)
    );
    let other = Schema::flat(vec![Field::flat("n", DataType::String, false)]);
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    let actions = rig.step(Event::Schema { connection, schema_id: 2, schema: other });
    assert_eq!(code(&actions, 1), Some(RejectCode::SchemaMismatch));
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    let huge = Header { schema_id: 1, payload_bytes: u32::MAX, ..Header::control(Kind::Batch) };
    assert_eq!(rig.shard.judge_header(connection, &huge).unwrap_err().code, RejectCode::CreditExceeded);
    let unknown = Header { schema_id: 9, ..Header::control(Kind::Batch) };
    assert_eq!(rig.shard.judge_header(connection, &unknown).unwrap_err().code, RejectCode::UnknownSchema);
    let mut rig = Rig::new();
    rig.step(Event::Hello { connection, hello: open_hello("a", 1, 1) });
    assert_eq!(rig.shard.judge_header(connection, &unknown).unwrap_err().code, RejectCode::UnexpectedFrame);
}

#[test]
fn a_table_that_is_missing_is_made_from_the_schema_that_follows() {
    let mut rig = Rig::new();
    let connection = ConnectionId(1);
    let missing =
        || Answer::TableOpened { ticket: 1, result: Err(Refusal::new(RejectCode::UnknownTable, "no table t")) };
    rig.step(Event::Hello { connection, hello: Hello { schema_follows: 1, ..open_hello("", 1, 1) } });
    assert!(rig.step(Event::Answer(missing())).is_empty());
    let actions = rig.step(Event::Schema { connection, schema_id: 1, schema: schema() });
    assert!(
        matches!(&actions[..], [Action::Request(Request::OpenTable { create: Some(made), .. })] if **made == schema())
    );
    let result = Ok(rig.table());
    let actions = rig.step(Event::Answer(Answer::TableOpened { ticket: 1, result }));
    assert!(welcomed(&actions, 1).is_some());
    assert!(!rig.batch(1, 0, 3).is_empty(), "the schema that made the table is announced already");
    let mut rig = Rig::new();
    rig.step(Event::Hello { connection, hello: open_hello("", 1, 1) });
    assert_eq!(code(&rig.step(Event::Answer(missing())), 1), Some(RejectCode::UnknownTable));
}

#[test]
fn describing_opens_nothing() {
    let mut rig = Rig::new();
    let actions = rig.hello(1, Hello { mode: MODE_DESCRIBE, ..open_hello("", 1, 1) });
    assert_eq!(welcomed(&actions, 1).unwrap().schema, schema());
    assert!(matches!(actions.last(), Some(Action::Finish(_, Outgoing::Closed(_)))));
    let mut rig = Rig::new();
    let remade = Hello { table_id: "table-0".into(), ..resume_hello("a", 1, 1, 1) };
    assert_eq!(code(&rig.hello(1, remade), 1), Some(RejectCode::TableChanged));
}

#[test]
fn draining_commits_what_is_held_and_dismisses_everyone() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    let actions = rig.step(Event::Drain);
    assert!(matches!(actions[0], Action::Send(_, Outgoing::GoingAway(_))));
    assert!(
        actions.iter().any(|action| matches!(action, Action::Request(Request::WantCut { urgency: Urgency::Now, .. })))
    );
    let refused = rig.step(Event::Hello { connection: ConnectionId(2), hello: open_hello("b", 2, 1) });
    assert_eq!(code(&refused, 2), Some(RejectCode::ShuttingDown));
    let (done, _) = rig.cut();
    assert_eq!(acked(&rig.commit(done.cut, vec![]), 1), Some(10));
    assert!(rig.shard.is_settled());
    let mut goodbye = Vec::new();
    rig.shard.dismiss(&mut goodbye);
    assert_eq!(code(&goodbye, 1), Some(RejectCode::ShuttingDown));
}

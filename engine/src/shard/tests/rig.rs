//! A shard, and a commit plane that does as it is told.

use crate::budget::Budget;
use crate::columns::table_builder::RowGroupSize;
use crate::handover::answer::{Answer, OpenTable, StreamEntry};
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::cut::{CutDone, Piece, StreamRange};
use crate::handover::cut_size::CutSize;
use crate::handover::port::table_port;
use crate::handover::request::{Request, Ticket};
use crate::handover::shown::Shown;
use crate::handover::{ShardId, TableKey};
use crate::shard::action::{Action, Outgoing};
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use crate::shard::{Settings, Shard};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::{ArchivedBatch, Batch, Column};
use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_COMMITTED, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::welcome::Welcome;
use lakehead_protocol::{FrameBuffer, archive};
use std::sync::Arc;

pub(super) const TABLE: TableKey = TableKey(3);

/// A shard, and a commit plane that does as it is told.
pub(super) struct Rig {
    pub(super) shard: Shard,
    pub(super) budget: Budget,
    pub(super) next_cut: u64,
    pub(super) generation: u64,
    pub(super) bad_rows: BadRowPolicy,
}

pub(super) fn schema() -> Schema {
    Schema::flat(vec![Field::flat("n", DataType::Long, false)])
}

pub(super) fn open_hello(stream: &str, opener: u8, attempt: u64) -> Hello {
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

pub(super) fn resume_hello(stream: &str, opener: u8, attempt: u64, epoch: u64) -> Hello {
    Hello { mode: MODE_RESUME, epoch_major: epoch, ..open_hello(stream, opener, attempt) }
}

impl Rig {
    pub(super) fn new() -> Self {
        let budget = Budget::new(1 << 30);
        let settings = Settings { row_group: RowGroupSize { rows: 100, bytes: 1 << 20 }, ..Settings::new(ShardId(0)) };
        Self {
            shard: Shard::new(settings, budget.clone()),
            budget,
            next_cut: 1,
            generation: 0,
            bad_rows: BadRowPolicy::Refuse,
        }
    }

    pub(super) fn step(&mut self, event: Event<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.shard.step(event, &mut actions);
        actions
    }

    pub(super) fn table(&self) -> OpenTable {
        OpenTable {
            key: TABLE,
            id: "table-1".into(),
            version: 7,
            schema: Arc::new(schema()),
            arrow_schema: Arc::new(to_arrow(&schema()).unwrap()),
            partition_columns: [].into(),
            generation: self.generation,
            next_cut: self.next_cut,
            cut_size: CutSize { rows: 1000, ..CutSize::default() },
            bad_rows: self.bad_rows,
            port: table_port(1, Arc::new(|| {})).0,
        }
    }

    /// A Hello and the table's answer to it.
    pub(super) fn hello(&mut self, id: u64, hello: Hello) -> Vec<Action> {
        let connection = ConnectionId(id);
        let asked = self.step(Event::Hello { connection, hello });
        assert!(
            matches!(asked[..], [Action::Request(Request::OpenTable { ticket, create: None, .. })] if ticket == Ticket::Connection(id))
        );
        let result = Ok(self.table());
        self.step(Event::Answer(Answer::TableOpened { ticket: Ticket::Connection(id), result }))
    }

    /// Asks for a cut and hands back its marker, with the rows of the row groups before it.
    pub(super) fn cut(&mut self) -> (CutDone, usize) {
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

    pub(super) fn commit(&mut self, cut: u64, minted: Vec<StreamEntry>) -> Vec<Action> {
        let (generation, version) = (self.generation, 100 + cut);
        let minted = minted.into();
        self.step(Event::Answer(Answer::Committed {
            table: TABLE,
            generation,
            cut,
            version,
            minted,
            shown: Shown::default(),
        }))
    }

    /// Opens a named stream at this epoch and announces schema 1.
    pub(super) fn open(&mut self, id: u64, stream: &str, opener: u8, entry: (u64, u64)) -> Welcome {
        self.hello(id, open_hello(stream, opener, 1));
        let (done, _) = self.cut();
        assert_eq!(done.mints, vec![Arc::from(stream)]);
        let entry = StreamEntry { stream: stream.into(), committed: entry.0, epoch: entry.1, version: 1 };
        let actions = self.commit(done.cut, vec![entry]);
        let welcome = welcomed(&actions, id).expect("welcome");
        self.announce(id);
        welcome
    }

    pub(super) fn announce(&mut self, id: u64) {
        let connection = ConnectionId(id);
        assert!(self.step(Event::Schema { connection, schema_id: 1, schema: schema() }).is_empty());
    }

    pub(super) fn batch(&mut self, id: u64, first: u64, rows: u32) -> Vec<Action> {
        self.batch_with_nulls(id, first, rows, &[])
    }

    /// A batch in which these rows have no value.
    pub(super) fn batch_with_nulls(&mut self, id: u64, first: u64, rows: u32, nulls: &[u32]) -> Vec<Action> {
        let values = (first..first + u64::from(rows)).flat_map(|row| row.to_le_bytes()).collect();
        let mut validity = vec![0xFF; if nulls.is_empty() { 0 } else { rows.div_ceil(8) as usize }];
        nulls.iter().for_each(|row| validity[*row as usize / 8] &= !(1 << (row % 8)));
        let column = Column { length: rows, values, validity, ..Column::default() };
        let header = Header { schema_id: 1, first_offset: first, rows, ..Header::control(Kind::Batch) };
        let mut whole = FrameBuffer::new();
        frame::append(&mut whole, header, &Batch { columns: vec![column] }).unwrap();
        let Ok(Progress::Frame { frame, .. }) = frame::next(&whole, PeerState::Streaming) else { panic!("no frame") };
        let batch = archive::access::<ArchivedBatch>(frame.payload).unwrap();
        self.step(Event::Batch { connection: ConnectionId(id), header: frame.header, batch, frame: &whole })
    }
}

pub(super) fn welcomed(actions: &[Action], id: u64) -> Option<Welcome> {
    actions.iter().find_map(|action| match action {
        Action::Send(to, Outgoing::Welcome(welcome)) if to.0 == id => Some((**welcome).clone()),
        _ => None,
    })
}

pub(super) fn rejected(actions: &[Action], id: u64) -> Option<Reject> {
    actions.iter().find_map(|action| match action {
        Action::Finish(to, Outgoing::Reject(reject)) if to.0 == id => Some((**reject).clone()),
        _ => None,
    })
}

pub(super) fn code(actions: &[Action], id: u64) -> Option<RejectCode> {
    rejected(actions, id).and_then(|reject| RejectCode::from_number(reject.code))
}

pub(super) fn acked(actions: &[Action], id: u64) -> Option<u64> {
    actions.iter().find_map(|action| match action {
        Action::Send(to, Outgoing::Ack(ack)) if to.0 == id => Some(ack.committed),
        _ => None,
    })
}

pub(super) fn range(stream: &str, epoch: u64, from: u64, to: u64) -> StreamRange {
    StreamRange { stream: stream.into(), epoch, from, to }
}

/// What the table shows of stream `a`, at a version later than any commit of the rig.
pub(super) fn found(rig: &mut Rig, committed: u64, epoch: u64) -> Vec<Action> {
    let result = Ok(StreamEntry { stream: "a".into(), committed, epoch, version: 900 });
    rig.step(Event::Answer(Answer::StreamFound { table: TABLE, stream: "a".into(), result }))
}

pub(super) fn asks_table(actions: &[Action]) -> bool {
    matches!(actions, [Action::Request(Request::FindStream { .. })])
}

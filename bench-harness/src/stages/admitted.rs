//! A shard with a stream that is welcome.

use super::error::StageError;
use super::input::Input;
use lakehead_engine::budget::Budget;
use lakehead_engine::handover::answer::{Answer, OpenTable};
use lakehead_engine::handover::bad_rows::BadRowPolicy;
use lakehead_engine::handover::cut_size::CutSize;
use lakehead_engine::handover::port::table_port;
use lakehead_engine::handover::request::Ticket;
use lakehead_engine::handover::{ShardId, TableKey};
use lakehead_engine::shard::action::Action;
use lakehead_engine::shard::connection::ConnectionId;
use lakehead_engine::shard::event::Event;
use lakehead_engine::shard::{Settings, Shard};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_COMMITTED, MODE_OPEN};
use std::sync::Arc;

/// A frame that was judged, and what it was judged to be.
pub type Judged<'a> = (Header, &'a ArchivedBatch, &'a FrameBuffer);

const CONNECTION: ConnectionId = ConnectionId(1);

/// A shard without a log, with one connection whose stream is welcome and whose schema is announced.
pub struct Admitted {
    pub shard: Shard,
    actions: Vec<Action>,
    /// Offset of the next row.
    next: u64,
}

impl Admitted {
    /// An anonymous stream into a table of the input's columns; frames say that they are of schema `schema_id`.
    ///
    /// # Errors
    /// When the shard does not welcome it.
    pub fn new(input: &Input, schema_id: u32) -> Result<Self, StageError> {
        let settings = Settings { row_group: input.size, ..Settings::new(ShardId(0)) };
        let shard = Shard::new(settings, Budget::new(usize::MAX / 2));
        let mut admitted = Self { shard, actions: Vec::new(), next: 0 };
        let hello = Hello { table: "t".into(), mode: MODE_OPEN, keep: KEEP_UNTIL_COMMITTED, ..Hello::default() };
        let table = OpenTable {
            key: TableKey(1),
            id: "table".into(),
            version: 0,
            partition_columns: [].into(),
            schema: Arc::new(input.wire.clone()),
            arrow_schema: input.table.clone(),
            generation: 0,
            next_cut: 1,
            cut_size: CutSize::default(),
            bad_rows: BadRowPolicy::default(),
            port: table_port(1, Arc::new(|| {})).0,
        };
        admitted.step(Event::Hello { connection: CONNECTION, hello });
        let opened = Answer::TableOpened { ticket: Ticket::Connection(CONNECTION.0), result: Ok(table) };
        admitted.step(Event::Answer(opened));
        admitted.step(Event::Schema { connection: CONNECTION, schema_id, schema: input.wire.clone() });
        admitted.refused()?;
        Ok(admitted)
    }

    fn step(&mut self, event: Event<'_>) {
        self.shard.step(event, &mut self.actions);
    }

    /// Ends what the shard wants done: row groups are dropped.
    ///
    /// # Errors
    /// When it refused the connection.
    fn refused(&mut self) -> Result<(), StageError> {
        let ended = self.actions.iter().find(|action| matches!(action, Action::Finish(..) | Action::Fatal(_)));
        let ended = ended.map_or(Ok(()), |action| Err(StageError::Shard(format!("{action:?}"))));
        self.actions.clear();
        ended
    }

    /// The next batch of the stream, whatever its frame says of its place.
    ///
    /// # Errors
    /// When the shard refuses it.
    pub fn take(&mut self, (header, batch, frame): Judged<'_>) -> Result<(), StageError> {
        let header = Header { first_offset: self.next, ..header };
        self.next += u64::from(header.rows);
        self.step(Event::Batch { connection: CONNECTION, header, batch, frame });
        self.refused()
    }

    /// Judges a batch's header as the shard does when it comes.
    ///
    /// # Errors
    /// When the shard refuses it.
    pub fn judge_header(&self, header: &Header) -> Result<(), StageError> {
        self.shard.judge_header(CONNECTION, header).map_err(|refusal| StageError::Shard(refusal.message))
    }
}

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::archive::{MalformedArchive, TooLargeToArchive, access};
use lakehead_protocol::control::{Closed, Ping};
use lakehead_protocol::frame::{Frame, FrameError, Progress, append_ack, append_control, next};
use lakehead_protocol::hello::ArchivedHello;
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, HEADER_BYTES};
use lakehead_protocol::schema::{ArchivedSchema, Field, Schema};
use lakehead_protocol::welcome::Welcome;

const CREDIT: u64 = 1 << 60;
const TABLE_ID: &str = "sink";

/// Why a client cannot be talked with.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Archive(#[from] MalformedArchive),
    #[error(transparent)]
    TooLarge(#[from] TooLargeToArchive),
    #[error("the sink has no tables: a stream has to bring its schema")]
    NoSchema,
    #[error("rows {found} and on came where rows {expected} and on were next")]
    Gap { expected: u64, found: u64 },
}

/// What to do after the received bytes were taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Read on; a frame of this many bytes has begun.
    Read { frame_bytes: usize },
    /// The client said good-bye and was answered.
    End,
}

/// One client's conversation.
#[derive(Debug)]
pub struct Conversation {
    state: PeerState,
    rows: u64,
}

impl Conversation {
    pub fn new() -> Self {
        Self { state: PeerState::Greeting, rows: 0 }
    }

    /// Takes the whole frames at the start of `bytes`, says how many bytes they were, and appends the answers to `out`.
    pub fn take(&mut self, bytes: &[u8], out: &mut FrameBuffer) -> Result<(usize, Next), ConversationError> {
        let (mut taken, rows_before) = (0, self.rows);
        let next = loop {
            match next(&bytes[taken..], self.state)? {
                Progress::NeedHeader { .. } => break Next::Read { frame_bytes: HEADER_BYTES },
                Progress::NeedPayload { frame_bytes, .. } => break Next::Read { frame_bytes },
                Progress::Frame { frame, consumed } => {
                    taken += consumed;
                    if self.answer(&frame, out)? == Next::End {
                        return Ok((taken, Next::End));
                    }
                }
            }
        };
        if self.rows > rows_before {
            append_ack(out, &self.ack())?;
        }
        Ok((taken, next))
    }

    fn answer(&mut self, frame: &Frame<'_>, out: &mut FrameBuffer) -> Result<Next, ConversationError> {
        match frame.header.kind {
            Kind::Hello => {
                let hello = access::<ArchivedHello>(frame.payload)?;
                if hello.schema_follows == 0 {
                    return Err(ConversationError::NoSchema);
                }
                self.state = PeerState::Opening;
            }
            Kind::Schema => {
                if self.state == PeerState::Opening {
                    append_control(out, Kind::Welcome, &welcome(access::<ArchivedSchema>(frame.payload)?))?;
                    self.state = PeerState::Streaming;
                }
            }
            Kind::Batch => {
                if frame.header.first_offset != self.rows {
                    return Err(ConversationError::Gap { expected: self.rows, found: frame.header.first_offset });
                }
                self.rows += u64::from(frame.header.rows);
            }
            Kind::Ping => {
                let ping = access::<lakehead_protocol::control::ArchivedPing>(frame.payload)?;
                append_control(out, Kind::Pong, &Ping { nonce: ping.nonce.to_native() })?;
            }
            Kind::Close => {
                append_ack(out, &self.ack())?;
                append_control(out, Kind::Closed, &Closed { committed: self.rows, version: self.version() })?;
                return Ok(Next::End);
            }
            // Which kinds a client may send was judged before.
            Kind::Pong | Kind::Welcome | Kind::Ack | Kind::Reject | Kind::GoingAway | Kind::Closed => {}
        }
        Ok(Next::Read { frame_bytes: HEADER_BYTES })
    }

    fn ack(&self) -> Ack {
        Ack { durable: self.rows, committed: self.rows, version: self.version(), credit: CREDIT }
    }

    fn version(&self) -> u64 {
        u64::from(self.rows > 0)
    }
}

fn welcome(schema: &ArchivedSchema) -> Welcome {
    let field = |field: &lakehead_protocol::schema::ArchivedField| Field {
        name: field.name.as_str().to_owned(),
        data_type: field.data_type,
        nullable: field.nullable,
        precision: field.precision,
        scale: field.scale,
        children: field.children.iter().map(|child| child.to_native()).collect(),
    };
    Welcome {
        table_id: TABLE_ID.to_owned(),
        schema: Schema {
            columns: schema.columns.iter().map(|column| column.to_native()).collect(),
            fields: schema.fields.iter().map(field).collect(),
        },
        epoch_major: 1,
        epoch_minor: 1,
        credit: CREDIT,
        batch_bytes_max: BATCH_BYTES_MAX as u32,
        batch_rows_max: BATCH_ROWS_MAX as u32,
        ..Welcome::default()
    }
}

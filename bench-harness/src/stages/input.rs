//! Frames and row groups of one workload, as clients make them and shards seal them.

use super::error::StageError;
use crate::workload::row_bytes;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use lakehead_client::bench::frames;
use lakehead_engine::columns::layout::Layout;
use lakehead_engine::columns::table_builder::{RowGroupSize, TableBuilder};
use lakehead_engine::reactor::receive::READ_BYTES;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive::access;
use lakehead_protocol::arrow_schema::{from_arrow, to_arrow};
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::frame::{self, Frame, Progress};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::limits::HEADER_BYTES;
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// What stages begin with.
pub struct Input {
    /// The table's columns, on the wire and in Arrow.
    pub wire: Schema,
    pub table: SchemaRef,
    pub layout: Layout,
    /// Of a row, in Arrow's layout.
    pub row_bytes: f64,
    /// As many of the first frames as a core's receive buffer holds, at least one.
    pub frames: Vec<FrameBuffer>,
    /// A full row group of rows that do not repeat, as a shard hands it over.
    pub row_group: RecordBatch,
    /// What a row group of this table is limited to.
    pub size: RowGroupSize,
}

impl Input {
    /// Frames of `batches` until a row group is full, or they end.
    ///
    /// # Errors
    /// When rows cannot be made into frames, or not into columns.
    pub fn new(
        schema: &SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
        size: RowGroupSize,
    ) -> Result<Self, StageError> {
        let wire = from_arrow(schema)?;
        let table = Arc::new(to_arrow(&wire)?);
        let layout = Layout::match_columns(&wire, &wire)?;
        let mut builder = TableBuilder::new(table.clone(), size)?;
        let (mut kept, mut kept_bytes) = (Vec::new(), 0);
        let (mut rows, mut bytes) = (0, 0);
        for batch in batches {
            let batch = batch?;
            bytes += row_bytes(&batch)?;
            for mut whole in frames(&batch, schema)? {
                number(&mut whole, rows)?;
                let (header, archive) = view(&whole)?;
                let count = header.rows as usize;
                builder.append(archive, &layout, 0, count, header.archive_bytes() as usize);
                rows += count as u64;
                if kept.is_empty() || kept_bytes + whole.len() <= READ_BYTES {
                    kept_bytes += whole.len();
                    kept.push(whole);
                }
            }
            if builder.is_full() {
                break;
            }
        }
        let row_group = builder.seal()?.ok_or(StageError::NoRows)?;
        Ok(Self { wire, table, layout, row_bytes: bytes as f64 / rows as f64, frames: kept, row_group, size })
    }

    /// Rows of a full row group: what a pass over frames takes, over and over again.
    pub fn pass_rows(&self) -> u64 {
        self.row_group.num_rows() as u64
    }

    /// Frames in turn, until they have a pass's rows.
    pub fn pass_frames(&self) -> Result<Vec<&FrameBuffer>, StageError> {
        let mut rows = 0;
        let mut frames = Vec::new();
        for frame in self.frames.iter().cycle() {
            if rows >= self.pass_rows() {
                break;
            }
            rows += u64::from(header(frame)?.rows);
            frames.push(frame);
        }
        Ok(frames)
    }

    /// Bytes on the wire of a row, in the kept frames.
    pub fn wire_bytes_per_row(&self) -> Result<f64, StageError> {
        let rows: Result<Vec<_>, StageError> = self.frames.iter().map(|frame| Ok(header(frame)?.rows)).collect();
        let bytes: usize = self.frames.iter().map(|frame| frame.len()).sum();
        Ok(bytes as f64 / f64::from(rows?.iter().sum::<u32>()))
    }
}

/// The frame's header.
pub fn header(frame: &FrameBuffer) -> Result<Header, StageError> {
    let bytes = frame.first_chunk::<HEADER_BYTES>().ok_or(StageError::NoRows)?;
    Ok(Header::decode(bytes)?)
}

/// The frame's header and what it holds, judged as a reactor judges it.
pub fn view(whole: &FrameBuffer) -> Result<(Header, &ArchivedBatch), StageError> {
    let Progress::Frame { frame: Frame { header, payload }, .. } = frame::next(whole, PeerState::Streaming)? else {
        return Err(StageError::NoRows);
    };
    Ok((header, access::<ArchivedBatch>(payload)?))
}

/// Gives a frame its place in the stream: the client numbers those of each batch from 0.
fn number(whole: &mut FrameBuffer, first_offset: u64) -> Result<(), StageError> {
    let numbered = Header { first_offset, ..header(whole)? };
    whole[..HEADER_BYTES].copy_from_slice(&numbered.encode());
    Ok(())
}

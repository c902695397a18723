//! What a frame says, as JSON for people and other programs.

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::archive;
use lakehead_protocol::batch::{ArchivedBatch, Batch, Column};
use lakehead_protocol::compression::{Compression, decompress};
use lakehead_protocol::control::{ArchivedClose, ArchivedPing};
use lakehead_protocol::frame::Frame;
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::{ArchivedHello, Hello};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{ArchivedSchema, Field, Schema};
use lakehead_protocol::server_message::{self, ServerMessage};
use rkyv::rancor::Failure;
use serde_json::{Value, json};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn receiver(state: PeerState) -> &'static str {
    match state {
        PeerState::Greeting => "server, before Hello",
        PeerState::Opening => "server, before Welcome",
        PeerState::Streaming => "server, after Welcome",
        PeerState::Server => "client",
    }
}

pub fn header(header: &Header) -> Value {
    json!({
        "kind": format!("{:?}", header.kind),
        "payload_bytes": header.payload_bytes,
        "payload_crc": format!("{:08x}", header.payload_crc),
        "schema_id": header.schema_id,
        "first_offset": header.first_offset,
        "rows": header.rows,
        "compression": format!("{:?}", header.compression),
        "decompressed_bytes": header.decompressed_bytes,
    })
}

/// The content, or the code under which the archive is refused.
pub fn describe(frame: &Frame<'_>) -> Result<Value, RejectCode> {
    let malformed = RejectCode::MalformedFrame;
    let mut unpacked = FrameBuffer::new();
    let payload = if frame.header.compression == Compression::None {
        frame.payload
    } else {
        decompress(&frame.header, frame.payload, &mut unpacked).map_err(|_| malformed)?;
        &unpacked
    };
    match frame.header.kind {
        Kind::Hello => {
            let view = archive::access::<ArchivedHello>(payload).map_err(|_| malformed)?;
            let said: Hello = rkyv::api::high::deserialize::<_, Failure>(view).map_err(|_| malformed)?;
            said.check().map_err(|_| RejectCode::BadHello)?;
            Ok(hello(&said))
        }
        Kind::Schema => {
            let view = archive::access::<ArchivedSchema>(payload).map_err(|_| malformed)?;
            let said: Schema = rkyv::api::high::deserialize::<_, Failure>(view).map_err(|_| malformed)?;
            said.check().map_err(|_| RejectCode::SchemaMismatch)?;
            Ok(schema(&said))
        }
        Kind::Batch => {
            let view = archive::access::<ArchivedBatch>(payload).map_err(|_| malformed)?;
            let said: Batch = rkyv::api::high::deserialize::<_, Failure>(view).map_err(|_| malformed)?;
            Ok(json!({ "columns": said.columns.iter().map(column).collect::<Vec<_>>() }))
        }
        Kind::Close => {
            let view = archive::access::<ArchivedClose>(payload).map_err(|_| malformed)?;
            Ok(json!({ "sent": view.sent.to_native() }))
        }
        Kind::Ping | Kind::Pong => {
            let view = archive::access::<ArchivedPing>(payload).map_err(|_| malformed)?;
            Ok(json!({ "nonce": view.nonce.to_native() }))
        }
        _ => server_message::read(&Frame { header: frame.header, payload })
            .map(|said| server(&said))
            .map_err(|_| malformed),
    }
}

fn hello(said: &Hello) -> Value {
    json!({
        "table": said.table, "stream": said.stream, "table_id": said.table_id, "credential": hex(&said.credential),
        "client": said.client, "opener": hex(&said.opener), "attempt": said.attempt, "epoch_major": said.epoch_major,
        "epoch_minor": said.epoch_minor, "durable_seen": said.durable_seen, "committed_seen": said.committed_seen,
        "sent": said.sent, "resendable_from": said.resendable_from, "schema_fingerprint": said.schema_fingerprint,
        "mode": said.mode, "keep": said.keep, "schema_follows": said.schema_follows,
    })
}

fn schema(said: &Schema) -> Value {
    json!({ "columns": said.columns, "fields": said.fields.iter().map(field).collect::<Vec<_>>() })
}

fn field(said: &Field) -> Value {
    json!({
        "name": said.name, "data_type": said.data_type, "nullable": said.nullable, "precision": said.precision,
        "scale": said.scale, "children": said.children,
    })
}

fn column(said: &Column) -> Value {
    json!({
        "encoding": said.encoding, "length": said.length, "validity": hex(&said.validity), "offsets": said.offsets,
        "values": hex(&said.values), "children": said.children,
    })
}

fn server(said: &ServerMessage) -> Value {
    match said {
        ServerMessage::Welcome(said) => json!({
            "table_id": said.table_id, "table_version": said.table_version, "schema": schema(&said.schema),
            "stream_id": hex(&said.stream_id), "epoch_major": said.epoch_major, "epoch_minor": said.epoch_minor,
            "resume_offset": said.resume_offset, "durable": said.durable, "committed": said.committed,
            "credit": said.credit, "batch_bytes_max": said.batch_bytes_max, "batch_rows_max": said.batch_rows_max,
        }),
        ServerMessage::Ack(said) => json!({
            "durable": said.durable, "committed": said.committed, "version": said.version, "credit": said.credit,
        }),
        ServerMessage::Reject(said) => json!({
            "code": said.code, "remedy": said.remedy, "version_min": said.version_min, "version_max": said.version_max,
            "offset": said.offset, "committed": said.committed, "message": said.message,
        }),
        ServerMessage::GoingAway(said) => json!({ "deadline_ms": said.deadline_ms }),
        ServerMessage::Closed(said) => json!({ "committed": said.committed, "version": said.version }),
        ServerMessage::Ping(said) | ServerMessage::Pong(said) => json!({ "nonce": said.nonce }),
    }
}

//! Payloads of the records that carry live state. Texts have their length (4 bytes) in front.
//!
//! | kind | payload |
//! |---|---|
//! | Table | claim 8, position 8, version 8, identity (text), name (text), number of claims 4, each claim 8 and its end 8 |
//! | Schema | see [`super::schema_payload`] |
//! | Stream | epoch 8, named 1 (0 or 1), name (text, empty without one) |
//! | Claim | claim 8 |
//! | Committed | claim 8, version 8; the position is in the record's header |
//! | Decided | see [`super::decision`]; table, stream and position are in the record's header |
//! | Held, Released | nothing; the position is in the record's header |
//! | Numbers | next table 4, next schema 4, next stream 4 |
//! | Freed | the lowest segment still needed 8 |
//! | Lost | segment 8, first lost sequence 8, first sequence not lost 8 |

use super::claims::Claims;
use super::decision::Decision;
use super::fields::{Fields, put_text};
use super::live_state::{SchemaRecord, StreamRecord, TableRecord};
use super::numbers::{NextNumbers, Position};
use super::record::{Record, RecordHeader, RecordKind};
use super::schema_payload;
use std::sync::Arc;

/// Blocks whose loss somebody has accepted: sequences `from` to `to - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostBlocks {
    pub segment: u64,
    pub from: u64,
    pub to: u64,
}

/// A record of live state, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateRecord {
    Table(TableRecord),
    Schema(SchemaRecord),
    Stream(StreamRecord),
    /// The record's header has the table.
    Claim {
        claim: u64,
    },
    /// The record's header has table and position.
    Committed {
        claim: u64,
        version: u64,
    },
    Held,
    Released,
    /// The record's header has table, stream and position.
    Decided(Decision),
    Numbers(NextNumbers),
    Freed {
        below: u64,
    },
    Lost(LostBlocks),
}

impl StateRecord {
    /// Reads a record that is not Rows; `None` when its payload is not what its kind says.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let header = &record.header;
        let mut fields = Fields(record.payload);
        let state = match header.kind {
            RecordKind::Rows => return None,
            RecordKind::Table => Self::Table(TableRecord {
                number: header.table,
                claim: fields.u64()?,
                position: Position(fields.u64()?),
                version: fields.u64()?,
                id: Arc::from(fields.text()?),
                name: Arc::from(fields.text()?),
                claims: read_claims(&mut fields)?,
            }),
            RecordKind::Schema => {
                let schema = schema_payload::decode(&mut fields)?;
                Self::Schema(SchemaRecord { number: header.schema, table: header.table, schema: Arc::new(schema) })
            }
            RecordKind::Stream => {
                let epoch = fields.u64()?;
                let named = fields.u8()?;
                let name = fields.text()?;
                let name = match (named, name) {
                    (0, "") => None,
                    (1, name) => Some(Arc::from(name)),
                    _ => return None,
                };
                Self::Stream(StreamRecord { number: header.stream, table: header.table, name, epoch })
            }
            RecordKind::Claim => Self::Claim { claim: fields.u64()? },
            RecordKind::Committed => Self::Committed { claim: fields.u64()?, version: fields.u64()? },
            RecordKind::Decided => {
                let decision = Decision::decode(record.payload)?;
                return (!decision.is_empty()).then_some(Self::Decided(decision));
            }
            RecordKind::Held => Self::Held,
            RecordKind::Released => Self::Released,
            RecordKind::Numbers => {
                Self::Numbers(NextNumbers { table: fields.u32()?, schema: fields.u32()?, stream: fields.u32()? })
            }
            RecordKind::Freed => Self::Freed { below: fields.u64()? },
            RecordKind::Lost => {
                Self::Lost(LostBlocks { segment: fields.u64()?, from: fields.u64()?, to: fields.u64()? })
            }
        };
        fields.end()?;
        Some(state)
    }

    /// Puts the payload into `out` and gives the header, in which Committed, Held, Released and Decided have their numbers set by
    /// the caller.
    pub fn encode(&self, out: &mut Vec<u8>) -> RecordHeader {
        let mut put = |number: u64| out.extend_from_slice(&number.to_le_bytes());
        match self {
            Self::Table(table) => {
                [table.claim, table.position.0, table.version].into_iter().for_each(&mut put);
                put_text(out, &table.id);
                put_text(out, &table.name);
                out.extend_from_slice(&(table.claims.iter().len() as u32).to_le_bytes());
                for (claim, end) in table.claims.iter() {
                    out.extend_from_slice(&claim.to_le_bytes());
                    out.extend_from_slice(&end.0.to_le_bytes());
                }
                RecordHeader { table: table.number, ..RecordHeader::new(RecordKind::Table) }
            }
            Self::Schema(schema) => {
                schema_payload::encode(&schema.schema, out);
                RecordHeader { table: schema.table, schema: schema.number, ..RecordHeader::new(RecordKind::Schema) }
            }
            Self::Stream(stream) => {
                put(stream.epoch);
                out.push(stream.name.is_some().into());
                put_text(out, stream.name.as_deref().unwrap_or(""));
                RecordHeader { table: stream.table, stream: stream.number, ..RecordHeader::new(RecordKind::Stream) }
            }
            Self::Claim { claim } => {
                put(*claim);
                RecordHeader::new(RecordKind::Claim)
            }
            Self::Committed { claim, version } => {
                [*claim, *version].into_iter().for_each(&mut put);
                RecordHeader::new(RecordKind::Committed)
            }
            Self::Decided(decision) => {
                decision.encode(out);
                RecordHeader::new(RecordKind::Decided)
            }
            Self::Held => RecordHeader::new(RecordKind::Held),
            Self::Released => RecordHeader::new(RecordKind::Released),
            Self::Numbers(numbers) => {
                for number in [numbers.table, numbers.schema, numbers.stream] {
                    out.extend_from_slice(&number.to_le_bytes());
                }
                RecordHeader::new(RecordKind::Numbers)
            }
            Self::Freed { below } => {
                put(*below);
                RecordHeader::new(RecordKind::Freed)
            }
            Self::Lost(lost) => {
                [lost.segment, lost.from, lost.to].into_iter().for_each(&mut put);
                RecordHeader::new(RecordKind::Lost)
            }
        }
    }
}

fn read_claims(fields: &mut Fields<'_>) -> Option<Claims> {
    let mut claims = Claims::default();
    for _ in 0..fields.u32()? {
        claims.note(fields.u64()?, Position(fields.u64()?));
    }
    Some(claims)
}

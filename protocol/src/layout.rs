//! The archives' memory layout as one number.
//!
//! Two builds whose archived types differ in size, alignment or field positions would misread each other's bytes without
//! a checksum noticing. Every header carries [`LAYOUT`], so they refuse each other instead.

use crate::ack::ArchivedAck;
use crate::batch::{ArchivedBatch, ArchivedColumn};
use crate::hello::ArchivedHello;
use crate::reject::ArchivedReject;
use crate::schema::{ArchivedField, ArchivedSchema};
use crate::welcome::ArchivedWelcome;
use std::mem::{align_of, offset_of, size_of};

/// Condensed layout of all archived types of protocol version 1 (rkyv 0.8, little-endian, aligned, 32-bit pointers).
pub const LAYOUT: u32 = {
    let facts = [
        size_of::<ArchivedBatch>(),
        size_of::<ArchivedColumn>(),
        align_of::<ArchivedColumn>(),
        offset_of!(ArchivedColumn, encoding),
        offset_of!(ArchivedColumn, length),
        offset_of!(ArchivedColumn, validity),
        offset_of!(ArchivedColumn, offsets),
        offset_of!(ArchivedColumn, values),
        offset_of!(ArchivedColumn, children),
        size_of::<ArchivedSchema>(),
        size_of::<ArchivedField>(),
        align_of::<ArchivedField>(),
        offset_of!(ArchivedField, name),
        offset_of!(ArchivedField, data_type),
        offset_of!(ArchivedField, children),
        size_of::<ArchivedHello>(),
        align_of::<ArchivedHello>(),
        size_of::<ArchivedWelcome>(),
        size_of::<ArchivedAck>(),
        size_of::<ArchivedReject>(),
    ];
    // FNV-1a over the facts.
    let mut hash: u32 = 0x811c_9dc5;
    let mut index = 0;
    while index < facts.len() {
        hash = (hash ^ facts[index] as u32).wrapping_mul(0x0100_0193);
        index += 1;
    }
    hash
};

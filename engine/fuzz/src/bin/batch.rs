//! Batch archives, judged against whatever schema stands before them: the input is the length of a Schema archive (two bytes,
//! little-endian), that archive, and a Batch archive.
#![no_main]

use lakehead_fuzz::aligned::aligned;
use lakehead_protocol::archive;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::batch_check;
use lakehead_protocol::schema::{ArchivedSchema, Schema};
use rkyv::rancor::Failure;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some((schema, batch)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))) else { return };
    let (schema, batch) = (aligned(schema), aligned(batch));
    let Ok(schema) = archive::access::<ArchivedSchema>(&schema) else { return };
    let Ok(schema) = rkyv::api::high::deserialize::<Schema, Failure>(schema) else { return };
    let Ok(batch) = archive::access::<ArchivedBatch>(&batch) else { return };
    if schema.check().is_err() {
        return;
    }
    let rows = batch.columns.first().map_or(0, |column| column.length.to_native());
    if let Err(error) = batch_check::check(batch, &schema, rows) {
        assert!(!error.to_string().is_empty());
        assert!(error.row().is_none_or(|row| row <= rows as usize), "{error} is about a row of the batch");
    }
});

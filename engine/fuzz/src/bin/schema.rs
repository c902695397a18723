//! Schema archives, and the judgement of what they say. What passes has a tree that can be walked.
#![no_main]

use lakehead_fuzz::aligned::aligned;
use lakehead_protocol::archive;
use lakehead_protocol::schema::{ArchivedSchema, Schema};
use rkyv::rancor::Failure;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let bytes = aligned(bytes);
    let Ok(view) = archive::access::<ArchivedSchema>(&bytes) else { return };
    let Ok(schema) = rkyv::api::high::deserialize::<Schema, Failure>(view) else { return };
    let judged = schema.check();
    for index in 0..schema.fields.len().min(16) {
        let _ = schema.path(index);
    }
    if judged.is_ok() {
        assert_eq!(schema.top_level().count(), schema.columns.len());
    }
});

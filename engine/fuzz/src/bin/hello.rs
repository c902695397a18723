//! Hello archives, and the judgement of what they say.
#![no_main]

use lakehead_fuzz::aligned::aligned;
use lakehead_protocol::archive;
use lakehead_protocol::hello::{ArchivedHello, Hello};
use rkyv::rancor::Failure;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let bytes = aligned(bytes);
    let Ok(view) = archive::access::<ArchivedHello>(&bytes) else { return };
    let Ok(hello) = rkyv::api::high::deserialize::<Hello, Failure>(view) else { return };
    let _ = hello.check();
});

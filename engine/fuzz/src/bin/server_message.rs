//! What servers say, as a client reads it: Welcome, Ack, Reject, GoingAway, Closed, Ping, Pong. The first byte chooses the
//! kind, the rest is the archive.
#![no_main]

use lakehead_fuzz::aligned::aligned;
use lakehead_protocol::frame::Frame;
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::KINDS;
use lakehead_protocol::server_message::{self, ServerMessage};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, archive)) = bytes.split_first() else { return };
    let payload = aligned(archive);
    let header = Header::control(KINDS[usize::from(*choice) % KINDS.len()]);
    if let Ok(ServerMessage::Reject(reject)) = server_message::read(&Frame { header, payload: &payload }) {
        let _ = reject.remedy();
    }
});

//! Frames as a trace names them.

use lakehead_engine::shard::action::Outgoing;
use lakehead_protocol::hello::{Hello, MODE_RESUME};
use lakehead_protocol::reject::RejectCode;

/// A frame to a client.
pub fn outgoing(frame: &Outgoing) -> String {
    match frame {
        Outgoing::Welcome(welcome) => format!(
            "Welcome epoch {} resume {} durable {} committed {}",
            welcome.epoch_major, welcome.resume_offset, welcome.durable, welcome.committed
        ),
        Outgoing::Reject(reject) => {
            format!("Reject {:?} at {}: {}", RejectCode::from_number(reject.code), reject.offset, reject.message)
        }
        other => format!("{other:?}"),
    }
}

/// A client's greeting.
pub fn sentence(hello: &Hello) -> String {
    format!(
        "{} {:?} opener {} attempt {} epoch {} committed {} durable {} sent {}",
        if hello.mode == MODE_RESUME { "resume" } else { "open" },
        hello.stream,
        hello.opener[0],
        hello.attempt,
        hello.epoch_major,
        hello.committed_seen,
        hello.durable_seen,
        hello.sent
    )
}

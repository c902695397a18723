use super::error::StageError;
use super::input::Input;
use super::name::StageName;
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use core_affinity::CoreId;
use lakehead_engine::reactor::receive::READ_BYTES;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::Builder;

/// Bytes of a pass.
const PASS_BYTES: usize = 64 << 20;

/// Reads of a loopback socket that always has something, into one buffer of the reactor's size.
pub struct Receive {
    stream: TcpStream,
    buffer: Vec<u8>,
    wire_bytes_per_row: f64,
}

impl Receive {
    /// A thread on the other core sends the input's frames until this end is dropped.
    ///
    /// # Errors
    /// When the system gives no socket or thread.
    pub fn new(input: &Input, other: CoreId) -> Result<Self, StageError> {
        let failed = || StageError::io("a loopback connection");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        let mut sender = TcpStream::connect(listener.local_addr().map_err(failed())?).map_err(failed())?;
        let (stream, _) = listener.accept().map_err(failed())?;
        let bytes: Vec<u8> = input.frames.iter().flat_map(|frame| frame.iter().copied()).collect();
        let send = move || {
            core_affinity::set_for_current(other);
            while sender.write_all(&bytes).is_ok() {}
        };
        Builder::new().name("sender".into()).spawn(send).map_err(StageError::io("a thread that sends"))?;
        Ok(Self { stream, buffer: vec![0; READ_BYTES], wire_bytes_per_row: input.wire_bytes_per_row()? })
    }
}

impl Stage for Receive {
    fn name(&self) -> StageName {
        StageName::Receive
    }

    fn input(&self) -> &'static str {
        "loopback, read into one buffer of 1 MiB that stays warm; the sender is on another core if there is one, and not counted"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let Self { stream, buffer, wire_bytes_per_row } = self;
        let mut came = 0;
        let ended = stopwatch.time(0, || {
            while came < PASS_BYTES {
                came += stream.read(buffer)?;
            }
            Ok(())
        });
        ended.map_err(StageError::io("a loopback connection"))?;
        Ok((came as f64 / *wire_bytes_per_row) as u64)
    }
}

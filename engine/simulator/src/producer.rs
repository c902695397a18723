//! A client as the protocol wants it: keeps rows until they are committed, follows the remedy of each refusal, and counts
//! what it was promised. Its process may be any old one: a producer that was fenced while it did not look is a zombie.

use crate::checks::Violation;
use crate::faults::{Fault, FaultCounts};
use crate::routes::table_name;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::Closed;
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_DURABLE, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::welcome::Welcome;

/// Where a producer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not connected.
    Idle,
    /// Said Hello on this connection.
    Opening(u64),
    /// Sends rows on it.
    Streaming(u64),
    /// Sent Close on it.
    Closing(u64),
    /// Heard Closed.
    Done,
    /// A newer producer has the stream: final.
    Fenced,
}

/// One producer.
#[derive(Debug)]
pub struct Producer {
    pub number: usize,
    /// The stream that rows name; for an anonymous producer it changes with each connection.
    pub stream: String,
    pub anonymous: bool,
    pub opener: [u8; 16],
    pub attempt: u64,
    pub epoch: Option<u64>,
    pub table: usize,
    pub table_id: String,
    /// Rows it was told are committed.
    pub committed: u64,
    /// Rows it was told are durable, and where.
    pub durable: u64,
    pub durable_at: Option<usize>,
    /// The same on this connection.
    heard_durable: u64,
    /// Until when it keeps rows for sending them again.
    pub keep: u8,
    /// Next row to send.
    pub next: u64,
    /// One past the highest row ever sent.
    pub sent: u64,
    /// Rows it wants to have sent in the end.
    pub goal: u64,
    pub phase: Phase,
    /// Payload bytes sent on this connection, and how many may be.
    pub spent: u64,
    pub credit: u64,
    pub engine: usize,
    /// Whether it announces its schema with Hello.
    pub schema_early: bool,
    /// Columns that it sends beside those that all tables have, on this connection.
    pub added: usize,
    connections: u64,
    /// Somebody meddled with what engines rest on: no refusal is wrong.
    pub expects_anything: bool,
}

impl Producer {
    /// A producer that has not connected yet.
    pub fn new(number: usize, stream: Option<&str>, goal: u64, engine: usize, keep: u8) -> Self {
        let mut opener = [0; 16];
        opener[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
        Self {
            number,
            stream: stream.map_or_else(|| format!("~{number}.0"), str::to_owned),
            anonymous: stream.is_none(),
            opener,
            attempt: 0,
            epoch: None,
            table: 0,
            table_id: String::new(),
            committed: 0,
            durable: 0,
            durable_at: None,
            heard_durable: 0,
            keep,
            next: 0,
            sent: 0,
            goal,
            phase: Phase::Idle,
            spent: 0,
            credit: 0,
            engine,
            schema_early: true,
            added: 0,
            connections: 0,
            expects_anything: false,
        }
    }

    /// The connection it is on.
    pub fn link(&self) -> Option<u64> {
        match self.phase {
            Phase::Opening(link) | Phase::Streaming(link) | Phase::Closing(link) => Some(link),
            Phase::Idle | Phase::Done | Phase::Fenced => None,
        }
    }

    /// Whether it is over for this producer.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done | Phase::Fenced)
    }

    /// The oldest row it can still send.
    pub fn resendable_from(&self) -> u64 {
        if self.keep == KEEP_UNTIL_DURABLE { self.durable } else { self.committed }
    }

    /// The Hello of its next connection.
    pub fn hello(&mut self) -> Hello {
        self.attempt += 1;
        let resumes = self.epoch.is_some();
        Hello {
            table: table_name(self.table),
            stream: if self.anonymous { String::new() } else { self.stream.clone() },
            table_id: self.table_id.clone(),
            opener: self.opener,
            attempt: self.attempt,
            epoch_major: self.epoch.unwrap_or(0),
            committed_seen: self.committed,
            durable_seen: self.durable,
            sent: self.sent,
            resendable_from: self.resendable_from(),
            mode: if resumes { MODE_RESUME } else { MODE_OPEN },
            keep: self.keep,
            schema_follows: u8::from(self.schema_early),
            ..Hello::default()
        }
    }

    /// Welcome: `from` picks where to go on, between the committed and the resume offset.
    ///
    /// # Errors
    /// When it promises less than was promised, or rows nobody sent.
    pub fn welcome(
        &mut self,
        link: u64,
        welcome: &Welcome,
        rebatch: bool,
        faults: &mut FaultCounts,
    ) -> Result<(), Violation> {
        let (number, resume) = (self.number, welcome.resume_offset);
        if self.expects_anything {
            // Somebody meddled: what the engine knows may be older than what it has promised.
            (self.committed, self.durable) = (self.committed.min(welcome.committed), self.durable.min(welcome.durable));
        }
        if self.phase != Phase::Opening(link) {
            return Violation::because(format!("producer {number} was welcomed twice on connection {link}"));
        }
        if welcome.committed < self.committed || resume < welcome.committed {
            return Violation::because(format!(
                "producer {number} was told {} rows committed and is to resume at {resume}, with {} committed",
                self.committed, welcome.committed
            ));
        }
        if let Some(epoch) = self.epoch {
            if epoch != welcome.epoch_major {
                return Violation::because(format!(
                    "producer {number} resumed under epoch {epoch} and was given {}",
                    welcome.epoch_major
                ));
            }
            if resume > self.sent {
                return Violation::because(format!(
                    "producer {number} sent {} rows and resumes at {resume}",
                    self.sent
                ));
            }
            if resume < self.resendable_from() || (resume < self.durable && self.durable_at == Some(self.engine)) {
                return Violation::because(format!(
                    "producer {number} was told {} rows durable, keeps rows from {} on, and is to resume at {resume}",
                    self.durable,
                    self.resendable_from()
                ));
            }
            if resume < self.durable {
                faults.met(Fault::DurableElsewhere);
            }
            faults.met(Fault::Resumed);
        }
        if welcome.durable > resume || welcome.durable < welcome.committed {
            return Violation::because(format!("producer {number} got {welcome:?}"));
        }
        if !self.anonymous {
            self.epoch = Some(welcome.epoch_major);
        }
        self.table_id.clone_from(&welcome.table_id);
        self.committed = welcome.committed;
        self.next = resume;
        self.heard_durable = 0;
        self.hear_durable(welcome.durable);
        let resendable = self.resendable_from().max(welcome.committed);
        if rebatch && resendable < resume && self.sent >= resume {
            faults.met(Fault::Rebatched);
            self.next = resendable;
        }
        self.sent = self.sent.max(resume);
        self.goal = self.goal.max(self.sent);
        (self.spent, self.credit) = (0, welcome.credit);
        self.phase = Phase::Streaming(link);
        Ok(())
    }

    /// Ack.
    ///
    /// # Errors
    /// When it goes back, or acknowledges rows nobody sent.
    pub fn ack(&mut self, ack: &Ack) -> Result<(), Violation> {
        let durable = ack.committed.max(self.heard_durable)..=self.sent;
        if ack.committed < self.committed || !durable.contains(&ack.durable) || ack.credit < self.credit {
            return Violation::because(format!(
                "producer {} with {} rows sent, {} committed, {} durable and {} credit got {ack:?}",
                self.number, self.sent, self.committed, self.heard_durable, self.credit
            ));
        }
        self.committed = ack.committed;
        self.credit = ack.credit;
        self.hear_durable(ack.durable);
        Ok(())
    }

    fn hear_durable(&mut self, durable: u64) {
        self.heard_durable = self.heard_durable.max(durable);
        if durable.max(self.committed) > self.durable {
            self.durable = durable.max(self.committed);
            self.durable_at = Some(self.engine);
        }
    }

    /// Closed.
    ///
    /// # Errors
    /// When rows are missing.
    pub fn closed(&mut self, closed: &Closed) -> Result<(), Violation> {
        let in_order = matches!(self.phase, Phase::Closing(_)) && closed.committed == self.sent;
        if !in_order {
            return Violation::because(format!(
                "producer {} in {:?} with {} rows sent got {closed:?}",
                self.number, self.phase, self.sent
            ));
        }
        self.committed = closed.committed;
        self.phase = Phase::Done;
        Ok(())
    }

    /// Reject: does what the remedy says.
    ///
    /// # Errors
    /// When a client that keeps to the rules must not be told this.
    pub fn rejected(&mut self, reject: &Reject, faults: &mut FaultCounts) -> Result<(), Violation> {
        match RejectCode::from_number(reject.code) {
            Some(RejectCode::Fenced) if !self.anonymous => {
                faults.met(Fault::Fenced);
                self.phase = Phase::Fenced;
                Ok(())
            }
            Some(
                code @ (RejectCode::Discarded
                | RejectCode::TableUnavailable
                | RejectCode::Busy
                | RejectCode::ShuttingDown),
            ) => {
                match code {
                    RejectCode::Discarded => faults.met(Fault::Discarded),
                    RejectCode::Busy => faults.met(Fault::Busy),
                    _ => {}
                }
                self.disconnected(faults);
                Ok(())
            }
            Some(_) if self.expects_anything => {
                self.disconnected(faults);
                Ok(())
            }
            // Another engine's log has the rows: it has to go back there.
            Some(RejectCode::LostOrElsewhere) if self.durable_at.is_some_and(|engine| engine != self.engine) => {
                faults.met(Fault::Elsewhere);
                self.disconnected(faults);
                self.engine = self.durable_at.unwrap_or(self.engine);
                Ok(())
            }
            code => Violation::because(format!(
                "producer {} in {:?} keeps to the rules and was refused with {code:?}: {}",
                self.number, self.phase, reject.message
            )),
        }
    }

    /// The connection is gone.
    pub fn disconnected(&mut self, faults: &mut FaultCounts) {
        self.phase = Phase::Idle;
        if self.anonymous {
            if self.sent > self.committed {
                faults.met(Fault::AnonymousInDoubt);
            }
            // What is in doubt is reported to its owner, and the rest goes on as a new stream.
            self.connections += 1;
            self.goal = self.goal.saturating_sub(self.sent);
            self.stream = format!("~{}.{}", self.number, self.connections);
            (self.committed, self.next, self.sent) = (0, 0, 0);
            (self.durable, self.durable_at) = (0, None);
        }
    }
}

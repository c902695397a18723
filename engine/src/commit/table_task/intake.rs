//! From the port through the encoders into staged files.

use super::{TableMessage, TableTask};
use crate::commit::cut_book::Gathered;
use crate::commit::encode::{EncodeError, EncodedRowGroup};
use crate::commit::open_cut::FileWork;
use crate::commit::staged_file::{FinishedStagedFile, StagedFile, StagedFileError};
use crate::handover::Refusal;
use crate::handover::answer::Answer;
use crate::handover::cut::Piece;
use crate::handover::request::Urgency;
use crate::handover::row_group::RowGroup;
use lakehead_protocol::reject::RejectCode;

/// Bytes that may be staged for a cut that cannot be asked for yet, because the one before waits for a slow store.
const STAGED_AHEAD_BYTES_MAX: u64 = 256 << 20;

impl TableTask {
    /// Asks every shard that has the table open for the next cut.
    pub(super) fn ask_for_cut(&mut self) {
        self.rhythm.asked();
        if let Some(cut) = self.book.ask() {
            self.cuts.entry(cut).or_default().times.asked_ms = self.context.now_ms();
            let (table, generation) = (self.opened.key, self.book.generation());
            self.tell_all(&Answer::CutWanted { table, generation, cut });
        }
    }

    /// Takes pieces out of the port, as long as few row groups are under way; otherwise the port fills and pushes back. It
    /// does so too for a while after a file could not be written; what was given up is let go of even then.
    pub(super) fn take_pieces(&mut self) {
        let under_way_max = self.context.settings.encoders.max(1) + 1;
        while self.under_way < under_way_max && !self.is_too_far_ahead() {
            let Some(piece) = self.set_aside.take().or_else(|| self.next_piece()) else { return };
            if self.is_wanted(&piece) && self.retries.paused_until_ms(self.context.now_ms()).is_some() {
                self.set_aside = Some(piece);
                return;
            }
            match piece {
                Piece::RowGroup(row_group) => self.encode(row_group),
                Piece::CutDone(done) => {
                    done.log.iter().for_each(|part| self.upkeep.heard(done.shard, part));
                    if let Gathered::Whole(whole) = self.book.done(done) {
                        let (cut, now_ms) = (whole.cut, self.context.now_ms());
                        self.cuts.entry(cut).or_default().gathered(whole, now_ms);
                        self.work_on_file(cut);
                    }
                }
            }
        }
    }

    fn next_piece(&mut self) -> Option<Piece> {
        let (piece, was_blocked) = self.opened.pieces.try_next()?;
        if was_blocked {
            self.tell_all(&Answer::Room { table: self.opened.key });
        }
        Some(piece)
    }

    fn is_wanted(&self, piece: &Piece) -> bool {
        match piece {
            Piece::RowGroup(row_group) => self.book.accepts(row_group.generation, row_group.cut),
            Piece::CutDone(done) => self.book.accepts(done.generation, done.cut),
        }
    }

    fn is_too_far_ahead(&self) -> bool {
        let waits = self.in_flight.is_some() && self.cuts.values().any(|cut| cut.is_ready());
        let ahead = self.cuts.values().filter(|cut| !cut.is_gathered()).map(|cut| cut.bytes()).sum::<u64>();
        waits && ahead > STAGED_AHEAD_BYTES_MAX
    }

    fn encode(&mut self, row_group: RowGroup) {
        let (generation, cut) = (row_group.generation, row_group.cut);
        if self.doomed.is_some() || !self.book.accepts(generation, cut) {
            return;
        }
        if cut == self.book.next_cut() {
            self.rhythm.want(self.context.now_ms(), Urgency::Tick);
        }
        self.under_way += 1;
        let place = self.cuts.entry(cut).or_default().encoding_began();
        let own = self.own.clone();
        self.context.encoders.encode(self.opened.encoding.clone(), row_group, move |result| {
            // A task that has ended needs no row group.
            let _ended = own.send(TableMessage::Encoded { generation, cut, place, result });
        });
    }

    pub(super) fn encoded(
        &mut self,
        generation: u64,
        cut: u64,
        place: u64,
        result: Result<EncodedRowGroup, EncodeError>,
    ) {
        let current = generation == self.book.generation();
        match (result, self.cuts.get_mut(&cut).filter(|_| current)) {
            (Ok(row_group), Some(open)) => {
                open.encoded(place, row_group);
                self.work_on_file(cut);
            }
            (Ok(_), None) => self.under_way = self.under_way.saturating_sub(1),
            (Err(error), open) => {
                self.under_way = self.under_way.saturating_sub(1);
                if open.is_some() {
                    self.doom(Refusal::new(RejectCode::Internal, error.to_string()));
                }
            }
        }
    }

    /// Begins the blocking job that the cut's file needs next, if any.
    fn work_on_file(&mut self, cut: u64) {
        let Some(work) = self.cuts.get_mut(&cut).and_then(|open| open.next_work()) else { return };
        let (generation, own) = (self.book.generation(), self.own.clone());
        let (store, encoding) = (self.opened.table.store().clone(), self.opened.encoding.clone());
        let (compression, budget) = (self.context.settings.compression, self.context.budget.clone());
        let origin = match &work {
            FileWork::Append { file: None, row_groups } => row_groups.first().map(|first| first.shard),
            _ => None,
        };
        let origin = origin.and_then(|shard| self.upkeep.origin(shard, self.known.view().version));
        let job = move || {
            let message = match work {
                FileWork::Append { file, row_groups } => {
                    let count = row_groups.len();
                    let append = || {
                        let mut file = match file {
                            Some(file) => file,
                            None => {
                                StagedFile::begin_for(&store, &encoding, compression, &budget, origin.as_ref(), "")?
                            }
                        };
                        row_groups.into_iter().try_for_each(|row_group| file.append(row_group))?;
                        Ok(file)
                    };
                    TableMessage::Appended { generation, cut, row_groups: count, result: append() }
                }
                FileWork::Finish(file) => TableMessage::Finished { generation, cut, result: file.finish() },
            };
            // A task that has ended drops the file, which removes it.
            let _ended = own.send(message);
        };
        drop(self.context.runtime.spawn_blocking(job));
    }

    pub(super) fn appended(&mut self, generation: u64, cut: u64, result: Result<StagedFile, StagedFileError>) {
        let current = generation == self.book.generation();
        match (result, self.cuts.get_mut(&cut).filter(|_| current)) {
            (Ok(file), Some(open)) => {
                open.give_back(file);
                self.work_on_file(cut);
            }
            (Ok(file), None) => drop(self.context.runtime.spawn_blocking(move || drop(file))),
            (Err(error), Some(_)) => self.doom_of_file(&error),
            (Err(_), None) => {}
        }
    }

    pub(super) fn finished(&mut self, generation: u64, cut: u64, result: Result<FinishedStagedFile, StagedFileError>) {
        let (current, now_ms) = (generation == self.book.generation(), self.context.now_ms());
        match (result, self.cuts.get_mut(&cut).filter(|_| current)) {
            (Ok(file), Some(open)) => {
                open.finished(file);
                open.times.durable_ms = now_ms;
            }
            (Ok(file), None) => self.delete(file.added.path),
            (Err(error), Some(_)) => self.doom_of_file(&error),
            (Err(_), None) => {}
        }
    }

    fn doom_of_file(&mut self, error: &StagedFileError) {
        let code = match error {
            StagedFileError::Store(_) => RejectCode::TableUnavailable,
            StagedFileError::Encode(_) => RejectCode::Internal,
        };
        self.doom(Refusal::new(code, error.to_string()));
    }
}

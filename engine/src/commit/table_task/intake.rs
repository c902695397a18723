//! From the port into open cuts.

use super::TableTask;
use crate::commit::cut_book::Gathered;
use crate::commit::partition::Part;
use crate::handover::answer::Answer;
use crate::handover::cut::Piece;
use crate::handover::request::Urgency;
use crate::handover::row_group::RowGroup;

/// Bytes that may be staged for a cut that cannot be asked for yet, because the one before waits for a slow store.
const STAGED_AHEAD_BYTES_MAX: u64 = 256 << 20;

impl TableTask {
    /// Asks every shard that has the table open for the next cut.
    pub(super) fn ask_for_cut(&mut self) {
        self.rhythm.asked();
        if let Some(cut) = self.book.ask() {
            self.gathered = (0, 0);
            self.open_cut(cut).times.asked_ms = self.context.now_ms();
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
                Piece::RowGroup(row_group) => self.take_rows(row_group),
                Piece::Rejected(rejected) => {
                    if self.book.accepts(rejected.generation, rejected.cut) {
                        self.open_cut(rejected.cut).reject(rejected);
                    }
                }
                Piece::CutDone(done) => {
                    self.upkeep.claims.hear(&done);
                    if let Gathered::Whole(whole) = self.book.done(done) {
                        let (cut, now_ms) = (whole.cut, self.context.now_ms());
                        self.open_cut(cut).gathered(whole, now_ms);
                        self.work();
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
            Piece::Rejected(rejected) => self.book.accepts(rejected.generation, rejected.cut),
            Piece::CutDone(done) => self.book.accepts(done.generation, done.cut),
        }
    }

    fn is_too_far_ahead(&self) -> bool {
        let waits = self.in_flight.is_some() && self.cuts.values().any(|cut| cut.is_ready());
        let ahead = self.cuts.values().filter(|cut| !cut.is_gathered()).map(|cut| cut.bytes()).sum::<u64>();
        waits && ahead > STAGED_AHEAD_BYTES_MAX
    }

    fn take_rows(&mut self, row_group: RowGroup) {
        let (generation, cut) = (row_group.generation, row_group.cut);
        if self.doomed.is_some() || !self.book.accepts(generation, cut) {
            return;
        }
        if cut == self.book.next_cut() {
            self.gathered.0 += row_group.rows.num_rows() as u64;
            self.gathered.1 += row_group.memory.bytes() as u64;
            // Shards ask for a cut that is large enough by themselves; this is about all of them together.
            let enough = self.opened.pace.size.is_reached(self.gathered.0, self.gathered.1);
            self.rhythm.want(self.context.now_ms(), if enough { Urgency::Now } else { Urgency::Tick });
        }
        match self.opened.partitioning.clone() {
            Some(partitioning) => self.begin_split(partitioning, row_group),
            None => {
                self.open_cut(cut).add(Part::whole(row_group));
                self.work();
            }
        }
    }
}

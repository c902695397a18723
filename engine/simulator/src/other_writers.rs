//! Others who work on the files of a table that engines write: they append and delete rows, and merge files themselves.

use crate::commit::{AddedFile, Commit};
use crate::faults::Fault;
use crate::rows::{self, Row};
use crate::shape::chance;
use crate::world::World;
use rand::Rng;

/// What others' rows say instead of a stream.
const OTHERS: &str = "others";
/// Files that others merge at a time.
const FILES_MAX: usize = 4;

impl World {
    /// Somebody has written small files before engines come.
    pub fn fill(&mut self) {
        for table in 0..self.stores.len() {
            let files = (0..self.shape.older_files).map(|_| self.write_others(table));
            let (adds, rows): (Vec<AddedFile>, Vec<Vec<Row>>) = files.unzip();
            let commit = Commit { adds, others: rows.concat(), ..Commit::default() };
            if !commit.adds.is_empty() {
                self.commit_foreign(table, commit, Fault::ForeignRows);
            }
        }
    }

    /// Somebody appends rows.
    pub fn append(&mut self) {
        let table = self.draw_table();
        let (file, others) = self.write_others(table);
        let commit = Commit { adds: vec![file], others, ..Commit::default() };
        self.commit_foreign(table, commit, Fault::ForeignRows);
    }

    /// Somebody deletes rows of a file: all of them, or some by writing it anew.
    pub fn delete_rows(&mut self) {
        let table = self.draw_table();
        let Some(file) = self.draw_files(table, 1).pop() else { return };
        let rows = self.stores[table].files.get(&file.name).cloned().unwrap_or_default();
        let (mut kept, mut deletes) = (Vec::new(), Vec::new());
        let all = chance(&mut self.rng, 500);
        for row in rows.iter() {
            if all || chance(&mut self.rng, 500) {
                deletes.push((row.stream.clone(), row.seq));
            } else {
                kept.push(row.clone());
            }
        }
        let adds = if kept.is_empty() { Vec::new() } else { vec![self.write_file(table, kept)] };
        let commit = Commit { removes: vec![file.name], adds, deletes, ..Commit::default() };
        self.commit_foreign(table, commit, Fault::RowsDeleted);
    }

    /// Somebody merges files.
    pub fn optimize(&mut self) {
        let table = self.draw_table();
        let files = self.draw_files(table, FILES_MAX);
        if files.len() < 2 {
            return;
        }
        let rows = files.iter().filter_map(|file| self.stores[table].files.get(&file.name));
        let rows = rows.flat_map(|rows| rows.iter().cloned()).collect();
        let adds = vec![self.write_file(table, rows)];
        let removes = files.into_iter().map(|file| file.name).collect();
        let commit = Commit { removes, adds, merges: true, ..Commit::default() };
        self.commit_foreign(table, commit, Fault::FilesOptimized);
    }

    /// Up to so many neighbours of a table's files, by age.
    fn draw_files(&mut self, table: usize, count: usize) -> Vec<AddedFile> {
        let mut files: Vec<AddedFile> = self.stores[table].table.files().values().cloned().collect();
        if files.is_empty() {
            return files;
        }
        files.sort_by(|left, right| (left.modified, &left.name).cmp(&(right.modified, &right.name)));
        let from = self.rng.random_range(0..files.len());
        files.into_iter().skip(from).take(count).collect()
    }

    fn write_others(&mut self, table: usize) -> (AddedFile, Vec<Row>) {
        let seqs = (0..self.rng.random_range(1..5)).map(|row| 10 * (self.nonce + 1) + row);
        let row = |seq| Row { stream: OTHERS.to_owned(), seq, content: rows::content(OTHERS, seq) };
        let rows: Vec<Row> = seqs.map(row).collect();
        (self.write_file(table, rows.clone()), rows)
    }

    fn write_file(&mut self, table: usize, rows: Vec<Row>) -> AddedFile {
        self.nonce += 1;
        let file = AddedFile::of(format!("part-other-{}.parquet", self.nonce).into(), rows.len(), self.step);
        self.stores[table].files.insert(file.name.clone(), rows.into());
        file
    }

    fn commit_foreign(&mut self, table: usize, commit: Commit, fault: Fault) {
        self.nonce += 1;
        let commit = Commit { nonce: self.nonce, ..commit };
        if let Some(version) = self.stores[table].table.foreign(&commit) {
            self.faults.met(fault);
            self.trace.line(|| format!("version {version} of table {table}: {}", fault.sentence()));
        }
    }
}

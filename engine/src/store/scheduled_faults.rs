//! A folder whose puts go wrong as a schedule says: for tests.

use crate::store::local::LocalStore;
use crate::store::{FileWriter, PutOutcome, ReadOutcome, Store};
use bytes::Bytes;
use std::io;
use std::sync::Mutex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and nobody says so.
    Before,
    /// It happens, and nobody says so.
    After,
    /// It happens at the next request.
    Late,
    /// Our own put comes back as "exists".
    ExistsOfOurs,
    /// "Exists", though nothing is there.
    ExistsOfNobody,
    /// Somebody else commits first.
    Raced,
}

pub struct FaultyStore {
    inner: LocalStore,
    /// Of the next puts, the last one first.
    faults: Mutex<Vec<Fault>>,
    late: Mutex<Option<(String, Bytes)>>,
}

impl FaultyStore {
    pub fn new(inner: LocalStore) -> Self {
        Self { inner, faults: Mutex::default(), late: Mutex::default() }
    }

    /// What becomes of the next puts.
    pub fn faults(&self, faults: &[Fault]) {
        *self.faults.lock().unwrap() = faults.iter().rev().copied().collect();
    }

    fn land(&self) {
        if let Some((path, bytes)) = self.late.lock().unwrap().take() {
            self.inner.put_if_absent(&path, &bytes);
        }
    }
}

impl Store for FaultyStore {
    fn prepare(&self) -> io::Result<()> {
        self.inner.prepare()
    }

    fn put_if_absent(&self, path: &str, bytes: &Bytes) -> PutOutcome {
        self.land();
        let lost = || PutOutcome::Unknown("the answer was lost".into());
        let fault = self.faults.lock().unwrap().pop();
        match fault {
            None => self.inner.put_if_absent(path, bytes),
            Some(Fault::Before) => lost(),
            Some(Fault::Late) => {
                *self.late.lock().unwrap() = Some((path.to_owned(), bytes.clone()));
                lost()
            }
            Some(Fault::After) => {
                self.inner.put_if_absent(path, bytes);
                lost()
            }
            Some(Fault::ExistsOfOurs) => {
                self.inner.put_if_absent(path, bytes);
                PutOutcome::Exists
            }
            Some(Fault::ExistsOfNobody) => PutOutcome::Exists,
            Some(Fault::Raced) => {
                let other = br#"{"commitInfo":{"timestamp":0,"operation":"WRITE"}}"#;
                self.inner.put_if_absent(path, &Bytes::from_static(other));
                self.inner.put_if_absent(path, bytes)
            }
        }
    }

    fn read(&self, path: &str) -> ReadOutcome {
        self.land();
        self.inner.read(path)
    }

    fn begin_file(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        self.inner.begin_file(path)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        self.inner.delete(path)
    }

    fn settle(&self, path: &str) -> io::Result<()> {
        self.inner.settle(path)
    }
}

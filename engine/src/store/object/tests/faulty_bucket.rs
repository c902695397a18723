//! A bucket in memory whose requests fail when they are told to.

use bytes::Bytes;
use futures_lite::{Stream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
type Listed<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    FailsBefore,
    FailsAfter,
    ExistsOfNothing,
    ExistsOfItsOwn,
    NoBucket,
}

#[derive(Debug, Default)]
pub struct FaultyBucket {
    inner: InMemory,
    faults: Arc<Faults>,
    pub aborted: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Faults {
    /// Of the next requests, in order.
    next: Mutex<VecDeque<Fault>>,
    /// Of the request that makes an object of what was written.
    at_end: Mutex<Option<Fault>>,
    /// Parts that came before their file's end.
    parts: AtomicUsize,
    parts_early: AtomicUsize,
}

impl FaultyBucket {
    pub fn next(&self, fault: Fault) {
        self.faults.next.lock().unwrap().push_back(fault);
    }

    pub fn at_end(&self, fault: Fault) {
        *self.faults.at_end.lock().unwrap() = Some(fault);
    }

    /// Of the file that was written last, the parts that were sent full.
    pub fn parts_early(&self) -> usize {
        self.faults.parts_early.load(Ordering::SeqCst)
    }

    pub fn keys(&self) -> Vec<String> {
        let listed: Vec<Result<ObjectMeta>> = futures_lite::future::block_on(self.inner.list(None).collect());
        listed.into_iter().map(|found| found.unwrap().location.to_string()).collect()
    }

    fn take(&self) -> Option<Fault> {
        self.faults.next.lock().unwrap().pop_front()
    }
}

fn failed() -> Error {
    Error::Generic { store: "test", source: "500 Internal Server Error".into() }
}

fn exists(path: &Path) -> Error {
    Error::AlreadyExists { path: path.to_string(), source: "409 Conflict".into() }
}

fn no_bucket(path: &Path) -> Error {
    Error::NotFound { path: path.to_string(), source: "404 <Code>NoSuchBucket</Code>".into() }
}

impl fmt::Display for FaultyBucket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a faulty bucket")
    }
}

impl ObjectStore for FaultyBucket {
    fn put_opts<'a, 'b, 'c>(
        &'a self,
        path: &'b Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Promise<'c, PutResult>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            let at_end = if options.mode == PutMode::Create { None } else { self.faults.at_end.lock().unwrap().take() };
            match at_end.or_else(|| self.take()) {
                None => self.inner.put_opts(path, payload, options).await,
                Some(Fault::FailsBefore) => Err(failed()),
                Some(Fault::ExistsOfNothing) => Err(exists(path)),
                Some(Fault::NoBucket) => Err(no_bucket(path)),
                Some(Fault::FailsAfter) => self.inner.put_opts(path, payload, options).await.and(Err(failed())),
                Some(Fault::ExistsOfItsOwn) => self.inner.put_opts(path, payload, options).await.and(Err(exists(path))),
            }
        })
    }

    fn put_multipart_opts<'a, 'b, 'c>(
        &'a self,
        path: &'b Path,
        options: PutMultipartOptions,
    ) -> Promise<'c, Box<dyn MultipartUpload>>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            self.faults.parts.store(0, Ordering::SeqCst);
            let inner = self.inner.put_multipart_opts(path, options).await?;
            let (faults, aborted) = (self.faults.clone(), self.aborted.clone());
            Ok(Box::new(FaultyUpload { inner, faults, aborted }) as Box<dyn MultipartUpload>)
        })
    }

    fn get_opts<'a, 'b, 'c>(&'a self, path: &'b Path, options: GetOptions) -> Promise<'c, GetResult>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            match self.take() {
                None => self.inner.get_opts(path, options).await,
                Some(Fault::NoBucket) => Err(no_bucket(path)),
                Some(_) => Err(failed()),
            }
        })
    }

    fn delete_stream(&self, paths: Listed<Path>) -> Listed<Path> {
        match self.take() {
            None => self.inner.delete_stream(paths),
            Some(Fault::NoBucket) => Box::pin(futures_lite::stream::once(Err(no_bucket(&Path::from("k"))))),
            Some(_) => Box::pin(futures_lite::stream::once(Err(failed()))),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> Listed<ObjectMeta> {
        self.inner.list(prefix)
    }

    fn list_with_delimiter<'a, 'b, 'c>(&'a self, prefix: Option<&'b Path>) -> Promise<'c, ListResult>
    where
        'a: 'c,
        'b: 'c,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'a, 'b, 'c, 'd>(&'a self, from: &'b Path, to: &'c Path, options: CopyOptions) -> Promise<'d, ()>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
    {
        self.inner.copy_opts(from, to, options)
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    faults: Arc<Faults>,
    aborted: Arc<Notify>,
}

impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let is_full = Bytes::from(data.clone()).len() == super::PART_BYTES;
        let parts = self.faults.parts.fetch_add(usize::from(is_full), Ordering::SeqCst) + usize::from(is_full);
        self.faults.parts_early.store(parts, Ordering::SeqCst);
        self.inner.put_part(data)
    }

    fn complete<'a, 'b>(&'a mut self) -> Promise<'b, PutResult>
    where
        'a: 'b,
    {
        Box::pin(async move {
            let fault = self.faults.at_end.lock().unwrap().take();
            match fault {
                None => self.inner.complete().await,
                Some(Fault::FailsAfter) => self.inner.complete().await.and(Err(failed())),
                Some(_) => Err(failed()),
            }
        })
    }

    fn abort<'a, 'b>(&'a mut self) -> Promise<'b, ()>
    where
        'a: 'b,
    {
        self.aborted.notify_one();
        self.inner.abort()
    }
}

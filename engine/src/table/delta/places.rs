//! Where tables can live: for a URL, the store that its commits and files go to, and the kernel engine that reads it.
//!
//! All tables on local file systems share one kernel engine; each bucket has its own, kept for as long as the process runs,
//! with the connections and the credentials of its clients.

use super::table::TableError;
use crate::store::Store;
use crate::store::bucket::{Bucket, Cloud};
use crate::store::local::LocalStore;
use crate::store::object::ObjectFolder;
use crate::store::options::StoreOptions;
use crate::store::request_threads::RequestThreads;
use crate::store::trouble::explain;
use delta_kernel::Engine;
use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::object_store::path::Path;
use delta_kernel_default_engine::DefaultEngineBuilder;
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use object_store::ObjectStore;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use url::{Position, Url};

/// Places for tables. Their I/O runs on one runtime, which must have several threads.
pub struct Places {
    runtime: Handle,
    options: StoreOptions,
    local: Arc<dyn Engine>,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    /// By scheme and authority.
    open: HashMap<String, OpenBucket>,
    requests: Option<Arc<RequestThreads>>,
}

/// A place.
pub struct Found {
    pub store: Arc<dyn Store>,
    pub engine: Arc<dyn Engine>,
}

#[derive(Clone)]
struct OpenBucket {
    bucket: Bucket,
    kernel: Arc<dyn Engine>,
}

/// Places whose credentials the environment says; their I/O runs on `runtime`, which must have several threads.
pub fn kernel_engine(runtime: Handle) -> Arc<Places> {
    Places::new(runtime, StoreOptions::none())
}

/// The folder of a `file` URL.
pub fn local_folder(url: &Url) -> Option<PathBuf> {
    (url.scheme() == "file").then(|| url.to_file_path().ok()).flatten()
}

impl Places {
    /// Places whose stores are spoken to with `options`.
    pub fn new(runtime: Handle, options: StoreOptions) -> Arc<Self> {
        let local = kernel(Arc::new(LocalFileSystem::new().with_fsync(true)), &runtime);
        Arc::new(Self { runtime, options, local, buckets: Mutex::default() })
    }

    /// The folder at `url`, and the kernel engine for it. Sends no request.
    ///
    /// # Errors
    /// [`TableError::Location`] when tables cannot live there, or something is missing that no request is needed to see.
    pub fn find(&self, url: &Url) -> Result<Found, TableError> {
        let location = |why: String| TableError::Location { why };
        let Some(cloud) = Cloud::of(url).map_err(|error| location(error.to_string()))? else {
            let folder = local_folder(url).ok_or_else(|| location(format!("{url} is not a folder")))?;
            return Ok(Found { store: Arc::new(LocalStore::new(folder)), engine: self.local.clone() });
        };
        let folder = Path::from_url_path(url.path()).map_err(|error| location(format!("{url}: {error}")))?;
        let OpenBucket { bucket, kernel: engine } = self.bucket(cloud, url)?;
        Ok(Found { store: Arc::new(ObjectFolder::new(bucket, folder, self.runtime.clone())), engine })
    }

    fn bucket(&self, cloud: Cloud, url: &Url) -> Result<OpenBucket, TableError> {
        let name = url[..Position::BeforePath].to_owned();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = buckets.open.get(&name) {
            return Ok(open.clone());
        }
        let requests = match buckets.requests.take() {
            Some(requests) => requests,
            None => Arc::new(RequestThreads::start().map_err(|error| TableError::Store(error.to_string()))?),
        };
        let requests = buckets.requests.insert(requests).clone();
        let bucket = Bucket::open(cloud, url, &self.options, requests);
        let bucket = bucket.map_err(|error| TableError::Location { why: error.to_string() })?;
        let open = OpenBucket { kernel: kernel(bucket.patient.clone(), &self.runtime), bucket };
        buckets.open.insert(name, open.clone());
        Ok(open)
    }

    /// Has the bucket of `url` live in `store`.
    #[cfg(test)]
    pub fn put_bucket(&self, url: &Url, store: Arc<dyn ObjectStore>) {
        let open = OpenBucket { kernel: kernel(store.clone(), &self.runtime), bucket: Bucket::of(store) };
        self.buckets.lock().unwrap().open.insert(url[..Position::BeforePath].to_owned(), open);
    }

    /// Whether tables below `root` can be looked for: the bucket is there and its credentials are taken. Blocks, and must not be
    /// called from a task.
    ///
    /// # Errors
    /// Says what to do.
    pub fn check(&self, root: &Url) -> Result<(), TableError> {
        let found = self.find(root)?;
        if local_folder(root).is_some() {
            return Ok(());
        }
        look(found.engine.as_ref(), root).map(drop)
    }
}

/// Whether there is anything below `folder`.
///
/// # Errors
/// When its store does not say: with what to do about it.
pub(super) fn look(kernel: &dyn Engine, folder: &Url) -> Result<bool, TableError> {
    match kernel.storage_handler().list_from(folder).and_then(|mut files| files.next().transpose()) {
        Ok(first) => Ok(first.is_some()),
        Err(delta_kernel::KernelError::FileNotFound(_)) if local_folder(folder).is_some() => Ok(false),
        Err(error) => Err(TableError::Store(explain(&error))),
    }
}

fn kernel(store: Arc<dyn ObjectStore>, runtime: &Handle) -> Arc<dyn Engine> {
    let executor = Arc::new(TokioMultiThreadExecutor::new(runtime.clone()));
    Arc::new(DefaultEngineBuilder::new(store).with_task_executor(executor).build())
}

//! Where the tables of a suite are.

use crate::commit::context::Context;
use object_store::memory::InMemory;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// Where the tables are.
pub enum Home<'a> {
    Folder(&'a Path),
    /// A bucket in memory for each.
    Buckets,
}

impl Home<'_> {
    /// The table of a seed.
    pub fn url(&self, context: &Context, seed: u64) -> Url {
        match self {
            Self::Folder(folder) => Url::from_directory_path(folder.join(seed.to_string())).unwrap(),
            Self::Buckets => {
                let url = Url::parse(&format!("s3://bucket-{seed}/tables/t/")).unwrap();
                context.kernel.put_bucket(&url, Arc::new(InMemory::new()));
                url
            }
        }
    }
}

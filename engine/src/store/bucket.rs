//! A bucket (S3, Google Cloud Storage) or container (Azure), and the clients that speak to it.
//!
//! There are two, with the same credentials. One tries again what failed: reads, parts, deletes, and whatever the kernel does.
//! The other one puts commits and tries once: a client that repeats a conditional put would tell of our own object that
//! somebody has the key, and nobody could say which of its tries landed.

use super::aws_profile;
use super::options::StoreOptions;
use super::request_threads::RequestThreads;
use super::trouble::explain;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::SpawnedReqwestConnector;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Where a URL leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    S3,
    Azure,
    Google,
}

/// Why a bucket cannot be spoken to. Whether it is there shows when it is.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    #[error(
        "{url} is no place for tables: write file:///absolute/path, s3://bucket/path, gs://bucket/path, \
             az://container/path or abfss://container@account.dfs.core.windows.net/path"
    )]
    Scheme { url: String },
    #[error(
        "{0} was given with a name, a password or a query; credentials belong into the environment or into [store.options]"
    )]
    Secret(String),
    #[error("{url} cannot be used: {why}")]
    Options { url: String, why: String },
    #[error(transparent)]
    Profile(#[from] aws_profile::ProfileError),
}

/// Clients of one bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Tries again what failed.
    pub patient: Arc<dyn ObjectStore>,
    /// Tries once.
    pub once: Arc<dyn ObjectStore>,
    /// What requests run on lives as long as whoever may make one.
    _requests: Option<Arc<RequestThreads>>,
}

impl Cloud {
    /// The cloud that a URL's scheme names; `None` for a local folder.
    ///
    /// # Errors
    /// [`BucketError`] for a URL that is neither.
    pub fn of(url: &Url) -> Result<Option<Self>, BucketError> {
        let names_somebody = !url.username().is_empty() && !matches!(url.scheme(), "az" | "abfs" | "abfss");
        if names_somebody || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            let mut bare = url.clone();
            bare.set_query(None);
            bare.set_fragment(None);
            let _ = (bare.set_password(None), bare.set_username(""));
            return Err(BucketError::Secret(bare.into()));
        }
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        match url.scheme() {
            "file" if url.to_file_path().is_ok() => Ok(None),
            "s3" | "s3a" if has_host => Ok(Some(Self::S3)),
            "az" | "abfs" | "abfss" if has_host => Ok(Some(Self::Azure)),
            "gs" if has_host => Ok(Some(Self::Google)),
            _ => Err(BucketError::Scheme { url: url.to_string() }),
        }
    }
}

/// A few tries within seconds: whoever waits for an answer tries again by itself, and says so.
fn patient() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 };
    RetryConfig { backoff, max_retries: 5, retry_timeout: Duration::from_secs(30) }
}

fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..patient() }
}

impl Bucket {
    /// The bucket that `url` lies in, with credentials from `options`, or from where the cloud's own tools look. Its requests run on
    /// `requests`.
    ///
    /// # Errors
    /// [`BucketError`] when something is missing that no request is needed to see.
    pub fn open(
        cloud: Cloud,
        url: &Url,
        options: &StoreOptions,
        requests: Arc<RequestThreads>,
    ) -> Result<Self, BucketError> {
        let connector = SpawnedReqwestConnector::new(requests.handle());
        let (patient, once) = match cloud {
            Cloud::S3 => s3(url, options, connector),
            Cloud::Azure => azure(url, options, connector),
            Cloud::Google => google(url, options, connector),
        }?;
        Ok(Self { patient, once, _requests: Some(requests) })
    }

    /// A store that is its own both ways: for tests in memory.
    #[cfg(test)]
    pub fn of(store: Arc<dyn ObjectStore>) -> Self {
        Self { patient: store.clone(), once: store, _requests: None }
    }
}

/// The one that tries again, and the one that does not.
type Clients = (Arc<dyn ObjectStore>, Arc<dyn ObjectStore>);

fn refused(url: &Url) -> impl Fn(object_store::Error) -> BucketError + '_ {
    |error| BucketError::Options { url: url.to_string(), why: explain(&error) }
}

fn s3(url: &Url, options: &StoreOptions, connector: SpawnedReqwestConnector) -> Result<Clients, BucketError> {
    let builder =
        options.of().fold(AmazonS3Builder::from_env(), |builder, (key, value)| builder.with_config(key, value));
    let builder = aws_profile::complete(builder, &aws_profile::Files::of_environment())?;
    let bucket = url.host_str().unwrap_or_default();
    // Without conditional puts there are no commits.
    let builder =
        builder.with_config(AmazonS3ConfigKey::Bucket, bucket).with_conditional_put(S3ConditionalPut::ETagMatch);
    let builder = builder.with_http_connector(connector);
    let patient = builder.clone().with_retry(patient()).build().map_err(refused(url))?;
    let builder = builder.with_credentials(patient.credentials().clone());
    let once = builder.with_retry(once()).build().map_err(refused(url))?;
    Ok((Arc::new(patient), Arc::new(once)))
}

fn azure(url: &Url, options: &StoreOptions, connector: SpawnedReqwestConnector) -> Result<Clients, BucketError> {
    let mut builder = MicrosoftAzureBuilder::from_env();
    // What Azure's own command line takes.
    for (key, variable) in
        [(AzureConfigKey::AccountName, "AZURE_STORAGE_ACCOUNT"), (AzureConfigKey::AccessKey, "AZURE_STORAGE_KEY")]
    {
        if let (None, Ok(value)) = (builder.get_config_value(&key), std::env::var(variable)) {
            builder = builder.with_config(key, value);
        }
    }
    let builder =
        options.of().fold(builder, |builder, (key, value)| builder.with_config(key, value)).with_url(url.as_str());
    let builder = builder.with_http_connector(connector);
    let patient = builder.clone().with_retry(patient()).build().map_err(refused(url))?;
    let builder = builder.with_credentials(patient.credentials().clone());
    let once = builder.with_retry(once()).build().map_err(refused(url))?;
    Ok((Arc::new(patient), Arc::new(once)))
}

fn google(url: &Url, options: &StoreOptions, connector: SpawnedReqwestConnector) -> Result<Clients, BucketError> {
    let builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str());
    let builder = options.of().fold(builder, |builder, (key, value)| builder.with_config(key, value));
    let builder = builder.with_http_connector(connector);
    let patient = builder.clone().with_retry(patient()).build().map_err(refused(url))?;
    let builder = builder.with_credentials(patient.credentials().clone());
    let once = builder.with_retry(once()).build().map_err(refused(url))?;
    Ok((Arc::new(patient), Arc::new(once)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(url: &str) -> Result<Option<Cloud>, BucketError> {
        Cloud::of(&Url::parse(url).unwrap())
    }

    #[test]
    fn schemes_name_clouds() {
        for (url, expected) in [
            ("file:///a/b", None),
            ("s3://bucket/a", Some(Cloud::S3)),
            ("s3a://bucket", Some(Cloud::S3)),
            ("gs://bucket/a", Some(Cloud::Google)),
            ("az://container/a", Some(Cloud::Azure)),
            ("abfss://container@account.dfs.core.windows.net/a", Some(Cloud::Azure)),
        ] {
            assert_eq!(cloud(url).unwrap(), expected, "{url}");
        }
        for url in ["http://x/a", "s3:///a", "file://host/a", "mailto:a"] {
            assert!(matches!(cloud(url), Err(BucketError::Scheme { .. })), "{url}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_refused_and_not_repeated() {
        for url in ["s3://key:hush@bucket/a", "abfss://container/a?sig=hush", "gs://bucket/a#hush"] {
            let error = cloud(url).unwrap_err().to_string();
            assert!(!error.contains("hush") && error.contains("[store.options]"), "{error}");
        }
    }
}

//! What a person says about object stores: by the names that the clouds' own variables have, in small letters.
//!
//! `aws_...`, `azure_...` and `google_...` are for one cloud; a name without such a beginning (`region`, `endpoint`, `timeout`)
//! is for each that knows it. Most of them are secrets or lead to some: what is shown of them is what is known to be none.

use crate::config::nearest::nearest;
use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use toml::Value;

/// Options by their names. Not printed by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Value>")]
pub struct StoreOptions(BTreeMap<String, String>);

/// An option that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    #[error("store.options: there is no option {name:?}{hint}")]
    Unknown { name: String, hint: String },
    #[error("store.options: {name} is neither text, number, true nor false")]
    Value { name: String },
}

/// What stands where a value is not shown.
pub const HIDDEN: &str = "(hidden)";

/// What the names begin with that are for one cloud.
const CLOUDS: [&str; 3] = ["aws_", "azure_", "google_"];

/// What is set most, for hints.
const COMMON: [&str; 16] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_region",
    "aws_endpoint_url",
    "region",
    "endpoint",
    "allow_http",
    "timeout",
    "connect_timeout",
    "azure_storage_account_name",
    "azure_storage_account_key",
    "azure_storage_sas_token",
    "azure_storage_use_emulator",
    "google_service_account",
    "google_application_credentials",
];

/// Ends of names whose values anybody may see.
const HARMLESS: [&str; 12] = [
    "allow_http",
    "account_name",
    "allow_invalid_certificates",
    "bucket",
    "connect_timeout",
    "container_name",
    "disable_bulk_delete",
    "http1_only",
    "region",
    "timeout",
    "use_emulator",
    "virtual_hosted_style_request",
];

impl StoreOptions {
    /// No options: the environment says everything.
    pub fn none() -> Self {
        Self::default()
    }

    /// Those that one cloud knows, in its own keys; what is said for it alone comes last, and counts.
    pub(super) fn of<K: FromStr>(&self) -> impl Iterator<Item = (K, &str)> {
        let is_of_one = |name: &str| CLOUDS.iter().any(|cloud| name.starts_with(cloud));
        let some = move |of_one| self.0.iter().filter(move |(name, _)| is_of_one(name) == of_one);
        some(false).chain(some(true)).filter_map(|(name, value)| Some((name.parse().ok()?, value.as_str())))
    }
}

impl TryFrom<BTreeMap<String, Value>> for StoreOptions {
    type Error = OptionError;

    fn try_from(values: BTreeMap<String, Value>) -> Result<Self, OptionError> {
        let option = |(name, value): (String, Value)| {
            let name = name.to_ascii_lowercase();
            if !is_known(&name) {
                let hint = nearest(&name, &COMMON).map(|near| format!("; did you mean {near:?}?"));
                let hint = hint.unwrap_or_else(|| format!("; what is set most: {}", COMMON.join(", ")));
                return Err(OptionError::Unknown { name, hint });
            }
            match value {
                Value::String(text) => Ok((name, text)),
                Value::Integer(_) | Value::Boolean(_) => Ok((name, value.to_string())),
                _ => Err(OptionError::Value { name }),
            }
        };
        values.into_iter().map(option).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.keys()).finish()
    }
}

fn is_known(name: &str) -> bool {
    AmazonS3ConfigKey::from_str(name).is_ok()
        || AzureConfigKey::from_str(name).is_ok()
        || GoogleConfigKey::from_str(name).is_ok()
}

/// The option's value as it may be shown. An endpoint is shown unless it holds a password or a signature.
pub fn shown(name: &str, value: &Value) -> Value {
    let name = name.to_ascii_lowercase();
    let plain = |text: &str| !text.contains(['@', '?']);
    let is_endpoint = (name.contains("endpoint") || name == "google_base_url") && value.as_str().is_some_and(plain);
    let is_harmless = HARMLESS.iter().any(|harmless| name.ends_with(harmless));
    if is_endpoint || is_harmless { value.clone() } else { Value::String(HIDDEN.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<StoreOptions, OptionError> {
        let values: BTreeMap<String, Value> = toml::from_str(text).unwrap();
        values.try_into()
    }

    #[test]
    fn each_cloud_gets_what_it_knows() {
        let text = "aws_region = \"us\"\nregion = \"eu\"\nAWS_ACCESS_KEY_ID = \"a\"\nazure_storage_account_name = \"b\"\nallow_http = true";
        let options = options(text).unwrap();
        let aws: Vec<_> = options.of::<AmazonS3ConfigKey>().map(|(_, value)| value).collect();
        assert_eq!(aws, ["true", "eu", "a", "us"]);
        let azure: Vec<_> = options.of::<AzureConfigKey>().map(|(_, value)| value).collect();
        assert_eq!(azure, ["true", "b"]);
        assert_eq!(options.of::<GoogleConfigKey>().count(), 1);
    }

    #[test]
    fn slips_are_answered_with_the_name_that_was_meant_and_no_value() {
        let error = options("aws_secret_acces_key = \"hush\"").unwrap_err().to_string();
        assert!(error.contains("aws_secret_access_key") && !error.contains("hush"), "{error}");
        let error = options("zebra = \"hush\"").unwrap_err().to_string();
        assert!(error.contains("what is set most") && !error.contains("hush"), "{error}");
        let error = options("region = [1]").unwrap_err().to_string();
        assert!(error.contains("region"), "{error}");
    }

    #[test]
    fn what_could_be_a_secret_is_hidden() {
        let secret = Value::String("hush".to_owned());
        for name in
            ["aws_secret_access_key", "account_key", "sas_token", "proxy_url", "AZURE_STORAGE_TOKEN", "user_agent"]
        {
            assert_eq!(shown(name, &secret), Value::String(HIDDEN.to_owned()), "{name}");
        }
        assert_eq!(shown("aws_region", &secret), secret);
        assert_eq!(shown("endpoint", &Value::String("http://localhost:1".into())).as_str(), Some("http://localhost:1"));
        assert_eq!(shown("endpoint", &Value::String("http://a:b@localhost:1".into())).as_str(), Some(HIDDEN));
        let options = options("aws_secret_access_key = \"hush\"").unwrap();
        assert_eq!(format!("{options:?}"), "[\"aws_secret_access_key\"]");
    }
}

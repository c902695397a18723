//! Credentials from a profile of AWS's own tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! A profile is looked at when neither the environment nor the configuration gives keys or a web identity. `AWS_PROFILE` names
//! it, or it is `default`; that one need not exist: then the machine's role is asked. Profiles that get their credentials from
//! somewhere else (single sign-on, another role, a command) are refused by name, with the command that turns them into variables.

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Why a profile gives no credentials.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("there is no AWS profile {profile:?} in {}", places.join(" or "))]
    Missing { profile: String, places: Vec<String> },
    #[error(
        "the AWS profile {profile:?} gets its credentials by {by}, which is not known here: run `aws configure \
         export-credentials --profile {profile} --format env` and start again with what it prints"
    )]
    Indirect { profile: String, by: String },
    #[error("{path} cannot be read: {source}")]
    Read { path: PathBuf, source: std::io::Error },
}

/// Where profiles are, and which is meant.
#[derive(Debug, Clone)]
pub struct Files {
    credentials: Option<PathBuf>,
    config: Option<PathBuf>,
    /// `None` when nobody named one.
    profile: Option<String>,
}

impl Files {
    /// As AWS's own tools find them.
    pub fn of_environment() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = |file: &str| variable("HOME").map(|home| PathBuf::from(home).join(".aws").join(file));
        let profile = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        Self {
            credentials: variable("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from).or_else(|| home("credentials")),
            config: variable("AWS_CONFIG_FILE").map(PathBuf::from).or_else(|| home("config")),
            profile: profile.and_then(|profile| profile.into_string().ok()),
        }
    }

    /// What both files say about the profile; `None` when they do not know it.
    fn look_up(&self, profile: &str) -> Result<Option<Section>, ProfileError> {
        let (credentials, config) = (text(self.credentials.as_ref())?, text(self.config.as_ref())?);
        let of_config = if profile == "default" { profile.to_owned() } else { format!("profile {profile}") };
        let found = [section(&config, &of_config), section(&credentials, profile)];
        Ok(found.into_iter().flatten().reduce(|mut all, more| {
            all.extend(more);
            all
        }))
    }
}

type Section = BTreeMap<String, String>;

fn text(path: Option<&PathBuf>) -> Result<String, ProfileError> {
    let Some(path) = path else { return Ok(String::new()) };
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|source| ProfileError::Read { path: path.clone(), source }),
    }
}

/// The keys of one section. Keys below another one are indented and none of ours.
fn section(text: &str, name: &str) -> Option<Section> {
    let mut found = None;
    let mut inside = false;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            let words: Vec<_> = header.0.split_whitespace().collect();
            inside = words.join(" ") == name;
            if inside {
                found.get_or_insert_with(Section::new);
            }
        } else if let (true, false, Some((key, value))) = (inside, is_nested, line.split_once('=')) {
            let section: &mut Section = found.get_or_insert_with(Section::new);
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

/// Adds what the profile says to a builder that has no credentials, and its region and endpoint where there are none.
///
/// # Errors
/// [`ProfileError`].
pub fn complete(builder: AmazonS3Builder, files: &Files) -> Result<AmazonS3Builder, ProfileError> {
    use AmazonS3ConfigKey::{
        AccessKeyId, Endpoint, Region, SecretAccessKey, SkipSignature, Token, WebIdentityTokenFile,
    };
    let has = |key| builder.get_config_value(&key).is_some();
    let skips = builder.get_config_value(&SkipSignature).is_some_and(|skips| skips == "true");
    if has(AccessKeyId) || has(SecretAccessKey) || has(WebIdentityTokenFile) || skips {
        return Ok(builder);
    }
    let name = files.profile.as_deref().unwrap_or("default");
    let Some(profile) = files.look_up(name)? else {
        let places = [&files.credentials, &files.config].into_iter().flatten().map(|path| path.display().to_string());
        return match &files.profile {
            Some(profile) => Err(ProfileError::Missing { profile: profile.clone(), places: places.collect() }),
            None => Ok(builder),
        };
    };
    if !profile.contains_key("aws_access_key_id") {
        let indirect = ["sso_session", "sso_start_url", "role_arn", "credential_process", "login_session"];
        if let Some(by) = indirect.into_iter().find(|key| profile.contains_key(*key)) {
            return Err(ProfileError::Indirect { profile: name.to_owned(), by: by.to_owned() });
        }
    }
    let keys = [
        ("aws_access_key_id", AccessKeyId),
        ("aws_secret_access_key", SecretAccessKey),
        ("aws_session_token", Token),
        ("region", Region),
        ("endpoint_url", Endpoint),
    ];
    Ok(keys.into_iter().fold(builder, |builder, (name, key)| match profile.get(name) {
        Some(value) if builder.get_config_value(&key).is_none() => builder.with_config(key, value),
        _ => builder,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "[default]\naws_access_key_id = A\naws_secret_access_key=B/=\n# no\n[work]\n\
                               aws_access_key_id=C\naws_secret_access_key=D\naws_session_token = E\n";
    const CONFIG: &str = "[default]\nregion=eu-west-1\ns3 =\n  endpoint_url = nested\n[profile  work]\nregion = us-east-2\n\
                          endpoint_url = http://x\n[profile sso]\nsso_session = s\n";

    fn complete_with(profile: Option<&str>, builder: AmazonS3Builder) -> Result<Vec<Option<String>>, ProfileError> {
        let folder = tempfile::tempdir().unwrap();
        let (credentials, config) = (folder.path().join("credentials"), folder.path().join("config"));
        std::fs::write(&credentials, CREDENTIALS).unwrap();
        std::fs::write(&config, CONFIG).unwrap();
        let profile = profile.map(str::to_owned);
        let builder = complete(builder, &Files { credentials: Some(credentials), config: Some(config), profile })?;
        use AmazonS3ConfigKey::{AccessKeyId, Endpoint, Region, SecretAccessKey, Token};
        let keys = [AccessKeyId, SecretAccessKey, Token, Region, Endpoint];
        Ok(keys.iter().map(|key| builder.get_config_value(key)).collect())
    }

    fn some(values: &[&str]) -> Vec<Option<String>> {
        values.iter().map(|value| Some((*value).to_owned()).filter(|value| !value.is_empty())).collect()
    }

    #[test]
    fn a_profile_gives_what_nobody_else_gave() {
        let new = AmazonS3Builder::new;
        assert_eq!(complete_with(None, new()).unwrap(), some(&["A", "B/=", "", "eu-west-1", ""]));
        assert_eq!(complete_with(Some("work"), new()).unwrap(), some(&["C", "D", "E", "us-east-2", "http://x"]));
        let given = new().with_access_key_id("X").with_secret_access_key("Y");
        assert_eq!(complete_with(Some("work"), given).unwrap(), some(&["X", "Y", "", "", ""]));
        let located = new().with_region("here");
        assert_eq!(complete_with(None, located).unwrap(), some(&["A", "B/=", "", "here", ""]));
    }

    #[test]
    fn a_profile_that_gives_nothing_is_named() {
        let error = complete_with(Some("none"), AmazonS3Builder::new()).unwrap_err().to_string();
        assert!(error.contains("\"none\"") && error.contains("credentials"), "{error}");
        let error = complete_with(Some("sso"), AmazonS3Builder::new()).unwrap_err().to_string();
        assert!(error.contains("sso_session") && error.contains("export-credentials --profile sso"), "{error}");
        let nowhere = Files { credentials: None, config: None, profile: None };
        assert!(complete(AmazonS3Builder::new(), &nowhere).is_ok(), "the machine's role is asked");
    }
}

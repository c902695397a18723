//! Where a table of a name lives.
//!
//! A name is one to three parts joined by dots, as catalogs have them: `events`, `sales.events`, `prod.sales.events`. Each
//! part becomes a folder below the root of tables, unless the name is configured to live elsewhere. Parts have no
//! characters that mean anything to a file system or a URL, so that a name cannot lead out of the root.

use std::collections::BTreeMap;
use url::Url;

/// Most parts of a name.
const PARTS_MAX: usize = 3;

/// Why a name is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error(
        "{name:?} is not a table name: one to three parts joined by dots, each of letters, digits, underscores and hyphens"
    )]
    Malformed { name: String },
    #[error("table {name:?} cannot live at {url}: not a URL that folders can be joined to")]
    Location { name: String, url: String },
}

/// The folder of table `name`, ending in a slash: as configured in `uris`, else below `root`.
///
/// # Errors
/// [`NameError`] when the name or its place is not one.
pub fn resolve(name: &str, root: &Url, uris: &BTreeMap<String, Url>) -> Result<Url, NameError> {
    let parts: Vec<&str> = name.split('.').collect();
    let fine = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if parts.len() > PARTS_MAX || !parts.iter().all(fine) {
        return Err(NameError::Malformed { name: name.to_owned() });
    }
    let (base, parts) = uris.get(name).map_or((root, parts.as_slice()), |url| (url, &[]));
    let mut url = base.clone();
    let location = |url: &Url| NameError::Location { name: name.to_owned(), url: url.to_string() };
    // The empty last part is the slash at the end.
    url.path_segments_mut().map_err(|()| location(base))?.pop_if_empty().extend(parts).push("");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_folders_and_configured_ones_live_elsewhere() {
        let root = Url::parse("file:///data/tables/").unwrap();
        let uris = BTreeMap::from([("far.away".to_owned(), Url::parse("file:///mnt/x").unwrap())]);
        let at = |name| resolve(name, &root, &uris).map(String::from);
        assert_eq!(at("events").unwrap(), "file:///data/tables/events/");
        assert_eq!(at("prod.sales.ev-1_x").unwrap(), "file:///data/tables/prod/sales/ev-1_x/");
        assert_eq!(at("far.away").unwrap(), "file:///mnt/x/");
        for bad in ["", ".", "..", "a.", ".a", "a..b", "a.b.c.d", "a/b", "a b", "ä", "a%2fb", "a\\b", "a.b/../c"] {
            assert!(matches!(at(bad), Err(NameError::Malformed { .. })), "{bad:?}");
        }
    }
}

//! Where the files of a partition lie.
//!
//! In folders named `column=value`, as other writers of Delta tables do it. What a file system does not take, or takes for
//! something else, is written `%2F`; NULL is `__HIVE_DEFAULT_PARTITION__`. No reader learns a value from there, they all
//! take it from the log. So values that are too long for a name cost their files the folder, and nothing else.

use super::partition_key::PartitionKey;
use std::sync::Arc;

const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Beside control characters.
const ESCAPED: &[u8] = b"\"#%'*/:=?\\{[]^\x7f";

/// File systems take 255 bytes.
const NAME_BYTES_MAX: usize = 200;

/// Object stores take 1,024 bytes, with the table's own place in front.
const FOLDER_BYTES_MAX: usize = 480;

/// The folder below the table's own for this partition, with `/` at its end; empty for the table's own.
pub fn folder(names: &[Arc<str>], key: &PartitionKey) -> String {
    let mut folder = String::new();
    for (name, value) in names.iter().zip(key.values()) {
        let start = folder.len();
        escape(name, &mut folder);
        folder.push('=');
        match value {
            Some(value) => escape(value, &mut folder),
            None => folder.push_str(NULL),
        }
        if folder.len() - start > NAME_BYTES_MAX {
            return String::new();
        }
        folder.push('/');
    }
    if folder.len() > FOLDER_BYTES_MAX { String::new() } else { folder }
}

fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) if byte < b' ' || ESCAPED.contains(&byte) => into.push_str(&format!("%{byte:02X}")),
            _ => into.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(pairs: &[(&str, Option<&str>)]) -> String {
        let names: Vec<Arc<str>> = pairs.iter().map(|(name, _)| (*name).into()).collect();
        folder(&names, &PartitionKey::new(pairs.iter().map(|(_, value)| value.map(str::to_owned))))
    }

    #[test]
    fn names_are_those_that_other_writers_choose() {
        assert_eq!(of(&[("country", Some("US")), ("year", Some("2025"))]), "country=US/year=2025/");
        assert_eq!(of(&[("p", None)]), "p=__HIVE_DEFAULT_PARTITION__/");
        for (value, expected) in [
            ("/=%", "%2F%3D%25"),
            ("a{b", "a%7Bb"),
            ("a}b", "a}b"),
            ("München", "München"),
            ("hello world", "hello world"),
            ("a<b>c|d", "a<b>c|d"),
            ("100%25", "100%2525"),
            ("2024-06-15 12:30:45.000001", "2024-06-15 12%3A30%3A45.000001"),
            ("..", ".."),
            ("\u{1}\u{7f}", "%01%7F"),
        ] {
            assert_eq!(of(&[("p", Some(value))]), format!("p={expected}/"), "{value}");
        }
        assert_eq!(of(&[("a=b", Some("c"))]), "a%3Db=c/");
    }

    #[test]
    fn what_is_too_long_for_a_name_lies_in_the_tables_own_folder() {
        assert_eq!(of(&[("p", Some(&"x".repeat(198)))]).len(), 201);
        assert_eq!(of(&[("p", Some(&"x".repeat(199)))]), "");
        assert_eq!(of(&[("p", Some(&"/".repeat(70)))]), "");
        let value = "x".repeat(190);
        assert_eq!(of(&[("p", Some(&value)), ("q", Some(&value)), ("r", Some(&value))]), "");
    }

    fn unescaped(name: &str) -> String {
        let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
        while let [first, others @ ..] = rest {
            let escaped = *first == b'%';
            let code = || u8::from_str_radix(std::str::from_utf8(&others[..2]).unwrap(), 16).unwrap();
            bytes.push(if escaped { code() } else { *first });
            rest = if escaped { &others[2..] } else { others };
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn different_values_have_different_folders(value in "\\PC{1,40}|[\\x00-\\x7f]{1,40}") {
            let folder = of(&[("p", Some(&value))]);
            let name = folder.strip_prefix("p=").unwrap().strip_suffix('/').unwrap();
            prop_assert!(!name.contains('/'));
            prop_assert_eq!(unescaped(name), value);
        }
    }
}

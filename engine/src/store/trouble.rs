//! What an object store's error means for the person who has to do something about it.

use std::error::Error;

/// The error with all that it was caused by, and the next step where there is a known one.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    let told = chain(error);
    match next_step(&told) {
        Some(step) => format!("{step} ({told})"),
        None => told,
    }
}

/// Whether it says that there is no such bucket or container, where it could be taken for "no such object".
pub fn names_no_bucket(error: &(dyn Error + 'static)) -> bool {
    is_no_bucket(&chain(error))
}

/// Whether an explained error may be gone when one tries again, with nobody doing anything.
pub fn may_pass(explained: &str) -> bool {
    next_step(explained).is_none_or(|step| step == UNREACHABLE)
}

const UNREACHABLE: &str = "the store cannot be reached: look at the network, and at the endpoint in [store.options]";

/// Each cause once: most errors repeat what caused them.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !told.contains(&more) {
            told = format!("{told}: {more}");
        }
        cause = error.source();
    }
    told
}

fn is_no_bucket(told: &str) -> bool {
    ["NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist"].iter().any(|word| told.contains(word))
}

fn next_step(told: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if is_no_bucket(told) {
        return Some("there is no such bucket or container: make it, or correct tables.root or tables.uris");
    }
    // Where machines ask who they are.
    if says(&["/latest/api/token", "/latest/meta-data", "/metadata/identity", "/computeMetadata/", "169.254."]) {
        return Some(
            "no credentials were found, and this machine has no role that would give some: set them in the environment, as \
             the cloud's own tools take them, or in [store.options]",
        );
    }
    if says(&[
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidAuthenticationInfo",
        "failed to authenticate",
        "ExpiredToken",
        "401 Unauthorized",
    ]) {
        return Some(
            "the store does not know these credentials: look at the cloud's variables in the environment and at [store.options]",
        );
    }
    if says(&["AccessDenied", "AuthorizationFailure", "AuthorizationPermissionMismatch", "403 Forbidden"]) {
        return Some(
            "the store refuses these credentials: they need to list, read, write and delete below the tables' root",
        );
    }
    if says(&["incorrectly configured region", "AuthorizationHeaderMalformed", "PermanentRedirect"]) {
        return Some("the bucket is in another region: set region in [store.options], or AWS_REGION");
    }
    // Its cause, a scheme that is not allowed, gets lost on the way.
    if says(&["HTTP error: builder error"]) {
        return Some("the endpoint is http and not https: say allow_http = true in [store.options] if that is meant");
    }
    if says(&["error sending request", "dns error", "tcp connect error", "Connection refused", "operation timed out"]) {
        return Some(UNREACHABLE);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_known_trouble_has_a_next_step() {
        for (told, step) in [
            ("404 Not Found: <Code>NoSuchBucket</Code>", "make it"),
            ("Error performing PUT http://169.254.169.254/latest/api/token: error sending request", "no credentials"),
            (
                "Error performing GET http://metadata.google.internal/computeMetadata/v1/token: dns error",
                "no credentials",
            ),
            ("403 Forbidden: <Code>InvalidAccessKeyId</Code>", "does not know"),
            ("403 Forbidden: <Code>AccessDenied</Code>", "list, read, write and delete"),
            ("HTTP error: error sending request", "cannot be reached"),
            ("GET http://127.0.0.1:1 - HTTP error: builder error", "allow_http"),
        ] {
            let explained = explain(&io::Error::other(told));
            assert!(explained.contains(step) && explained.contains(told), "{explained}");
        }
        assert_eq!(explain(&io::Error::other("500")), "500");
        let passes = |told: &str| may_pass(&explain(&io::Error::other(told.to_owned())));
        assert!(passes("500") && passes("HTTP error: error sending request") && !passes("403 Forbidden"));
    }
}

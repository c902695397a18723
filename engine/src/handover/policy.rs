//! Ways with something that a table can choose: by a property of its own, or else as the engine is configured.

use std::fmt;

/// A few ways, each with a name.
pub trait Policy: Copy + fmt::Display + 'static {
    /// The table property that says it for a table.
    const PROPERTY: &'static str;
    /// What it is a way with.
    const WITH: &'static str;
    const ALL: &'static [Self];

    /// As it is written in configurations and table properties.
    fn name(self) -> &'static str;
}

/// A name that is no policy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no way with {with}; it is one of {known}")]
pub struct UnknownPolicy {
    pub name: String,
    pub with: &'static str,
    pub known: String,
}

/// The policy of this name.
///
/// # Errors
/// When there is none; says which there are.
pub fn parse<P: Policy>(name: &str) -> Result<P, UnknownPolicy> {
    P::ALL.iter().copied().find(|policy| policy.name() == name).ok_or_else(|| {
        let known: Vec<_> = P::ALL.iter().map(|policy| policy.name()).collect();
        UnknownPolicy { name: name.to_owned(), with: P::WITH, known: known.join(", ") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::bad_rows::BadRowPolicy;
    use crate::handover::evolve::EvolvePolicy;

    fn round_trip<P: Policy + fmt::Debug + PartialEq>(known: &str) {
        for policy in P::ALL {
            assert_eq!(parse::<P>(&policy.to_string()), Ok(*policy));
        }
        let error = parse::<P>("merge").unwrap_err().to_string();
        assert!(error.contains("\"merge\"") && error.contains(P::WITH) && error.contains(known), "{error}");
    }

    #[test]
    fn names_come_back_and_others_are_told_what_there_is() {
        round_trip::<EvolvePolicy>("refuse, add");
        round_trip::<BadRowPolicy>("refuse, divert");
    }
}

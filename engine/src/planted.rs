//! What planted faults have in common: a question for each, which is always no in a build without them.

/// Methods of a `Canary` enum, each asking for one of its variants: `method: Variant;`.
macro_rules! planted {
    ($($name:ident: $variant:ident;)*) => {
        impl Canary {
            $(pub(super) fn $name(self) -> bool {
                #[cfg(any(test, feature = "canary"))]
                return self == Self::$variant;
                #[cfg(not(any(test, feature = "canary")))]
                false
            })*
        }
    };
}

pub(crate) use planted;

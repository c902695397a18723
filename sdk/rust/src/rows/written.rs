/// One column got exactly one value. Made where that happens, and what every serializer here gives back.
#[must_use]
#[derive(Debug)]
pub(crate) struct Written(());

impl Written {
    #[inline]
    pub(super) fn one_value() -> Self {
        Self(())
    }
}

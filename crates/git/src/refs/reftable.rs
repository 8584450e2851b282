//! Refs in tables (`extensions.refStorage = reftable`).

use std::collections::BTreeMap;

use super::{Refs, Value};
use crate::error::Error;

pub(super) fn value(_refs: &Refs, _name: &[u8]) -> Result<Option<Value>, Error> {
    Err(Error::unsupported("reftable"))
}

pub(super) fn all(_refs: &Refs) -> Result<BTreeMap<Vec<u8>, Value>, Error> {
    Err(Error::unsupported("reftable"))
}

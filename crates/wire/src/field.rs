//! The fields a frame's body is made of. Numbers are big-endian; what has a length carries it in
//! front as a u32; both directions check the same limits.

use lychgate_model::{Digest, ObjectId, limits};

use crate::code::Code;
use crate::error::Error;

pub(crate) fn within(what: &'static str, length: usize, limit: usize) -> Result<(), Error> {
    if length <= limit {
        return Ok(());
    }
    Err(Error::TooLong {
        what,
        length: length as u64,
        limit: limit as u64,
    })
}

/// Takes fields off the front of a body.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn raw(&mut self, what: &'static str, length: usize) -> Result<&'a [u8], Error> {
        let (front, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Error::Short(what))?;
        self.rest = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        let (front, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Error::Short(what))?;
        self.rest = rest;
        Ok(*front)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Error> {
        self.array::<1>(what).map(|[b]| b)
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Error> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Error> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Error> {
        self.array(what).map(u64::from_be_bytes)
    }

    pub(crate) fn flag(&mut self, what: &'static str) -> Result<bool, Error> {
        match self.u8(what)? {
            0 => Ok(false),
            1 => Ok(true),
            code => Err(Error::UnknownCode {
                what,
                code: u32::from(code),
            }),
        }
    }

    pub(crate) fn code<T: Code>(&mut self) -> Result<T, Error> {
        T::of(self.u8(T::WHAT)?)
    }

    /// A length or count that is at most `limit`.
    pub(crate) fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, Error> {
        let count = usize::try_from(self.u32(what)?).unwrap_or(usize::MAX);
        within(what, count, limit)?;
        Ok(count)
    }

    pub(crate) fn long(&mut self, what: &'static str, limit: usize) -> Result<&'a [u8], Error> {
        let length = self.count(what, limit)?;
        self.raw(what, length)
    }

    pub(crate) fn name(&mut self, what: &'static str) -> Result<&'a [u8], Error> {
        self.long(what, limits::NAME)
    }

    pub(crate) fn text(&mut self, what: &'static str) -> Result<&'a str, Error> {
        std::str::from_utf8(self.name(what)?).map_err(|_| Error::Malformed(what))
    }

    /// `count` items, none of which is shorter than one byte: no count makes us allocate more
    /// than the frame could fill.
    pub(crate) fn list<T>(
        &mut self,
        what: &'static str,
        limit: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let count = self.count(what, limit)?;
        if count > self.remaining() {
            return Err(Error::Short(what));
        }
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(item(self)?);
        }
        Ok(all)
    }

    pub(crate) fn some<T>(
        &mut self,
        what: &'static str,
        item: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.flag(what)? {
            item(self).map(Some)
        } else {
            Ok(None)
        }
    }

    fn id_of(&mut self, length: u8) -> Result<ObjectId, Error> {
        let raw = self.raw("object id", usize::from(length))?;
        ObjectId::from_bytes(raw).ok_or(Error::UnknownCode {
            what: "length of an object id",
            code: u32::from(length),
        })
    }

    pub(crate) fn id(&mut self) -> Result<ObjectId, Error> {
        let length = self.u8("object id")?;
        self.id_of(length)
    }

    pub(crate) fn some_id(&mut self) -> Result<Option<ObjectId>, Error> {
        match self.u8("object id")? {
            0 => Ok(None),
            length => self.id_of(length).map(Some),
        }
    }

    /// Ids of one hash kind: its length once, the count, the ids.
    pub(crate) fn ids(&mut self, what: &'static str, limit: usize) -> Result<Vec<ObjectId>, Error> {
        let length = self.u8(what)?;
        let count = self.count(what, limit)?;
        let width = usize::from(length);
        if !matches!(width, 20 | 32) && (width, count) != (0, 0) {
            let what = "length of an object id";
            return Err(Error::UnknownCode {
                what,
                code: u32::from(length),
            });
        }
        let raw = self.raw(what, count.saturating_mul(width))?;
        let all = raw
            .chunks_exact(width.max(1))
            .filter_map(ObjectId::from_bytes);
        Ok(all.collect())
    }

    pub(crate) fn digest(&mut self, what: &'static str) -> Result<Digest, Error> {
        self.array(what).map(Digest)
    }

    pub(crate) fn fingerprint(&mut self) -> Result<lychgate_model::Fingerprint, Error> {
        self.array("fingerprint").map(lychgate_model::Fingerprint)
    }
}

/// Appends fields to a body. The first error stays and is told at the end, so that encoding a
/// frame reads as the list of its fields.
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    error: Option<Error>,
}

impl<'o> Writer<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, error: None }
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        self.error.map_or(Ok(()), Err)
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            self.out.extend_from_slice(bytes);
        }
    }

    pub(crate) fn u8(&mut self, n: u8) {
        self.raw(&[n]);
    }

    pub(crate) fn u16(&mut self, n: u16) {
        self.raw(&n.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, n: u32) {
        self.raw(&n.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, n: u64) {
        self.raw(&n.to_be_bytes());
    }

    pub(crate) fn flag(&mut self, yes: bool) {
        self.u8(u8::from(yes));
    }

    pub(crate) fn code<T: Code>(&mut self, value: T) {
        self.u8(value.code());
    }

    pub(crate) fn count(&mut self, what: &'static str, count: usize, limit: usize) {
        match within(what, count, limit) {
            // No limit is above u32::MAX.
            Ok(()) => self.u32(u32::try_from(count).unwrap_or(u32::MAX)),
            Err(error) => self.fail(error),
        }
    }

    pub(crate) fn long(&mut self, what: &'static str, bytes: &[u8], limit: usize) {
        self.count(what, bytes.len(), limit);
        self.raw(bytes);
    }

    pub(crate) fn name(&mut self, what: &'static str, bytes: &[u8]) {
        self.long(what, bytes, limits::NAME);
    }

    pub(crate) fn text(&mut self, what: &'static str, text: &str) {
        self.name(what, text.as_bytes());
    }

    pub(crate) fn list<T>(
        &mut self,
        what: &'static str,
        limit: usize,
        items: &[T],
        mut item: impl FnMut(&mut Self, &T),
    ) {
        self.count(what, items.len(), limit);
        for one in items {
            item(self, one);
        }
    }

    pub(crate) fn some<T>(&mut self, value: Option<&T>, item: impl FnOnce(&mut Self, &T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            item(self, value);
        }
    }

    pub(crate) fn id(&mut self, id: &ObjectId) {
        self.some_id(Some(id));
    }

    pub(crate) fn some_id(&mut self, id: Option<&ObjectId>) {
        let raw = id.map_or(&[][..], ObjectId::as_bytes);
        // Ids have 0, 20 or 32 bytes.
        self.u8(u8::try_from(raw.len()).unwrap_or(0));
        self.raw(raw);
    }

    pub(crate) fn ids(&mut self, what: &'static str, ids: &[ObjectId], limit: usize) {
        let width = ids.first().map_or(0, |id| id.as_bytes().len());
        self.u8(u8::try_from(width).unwrap_or(0));
        self.count(what, ids.len(), limit);
        for id in ids {
            if id.as_bytes().len() != width {
                self.fail(Error::MixedIds);
            }
            self.raw(id.as_bytes());
        }
    }

    pub(crate) fn digest(&mut self, digest: &Digest) {
        self.raw(&digest.0);
    }
}

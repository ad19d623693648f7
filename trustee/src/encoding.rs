//! The one way of writing and reading bytes of this crate: big-endian
//! integers, and length-prefixed strings with a limit.

/// The bytes end before the value does, or go on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// See the message.
    #[error("the bytes end early, at byte {0}")]
    Truncated(usize),
    /// See the message.
    #[error("{0} bytes follow the end; remove them")]
    Trailing(usize),
    /// See the message.
    #[error("a part of {length} bytes; at most {max} are allowed there")]
    TooLong {
        /// The length that is written.
        length: usize,
        /// The limit.
        max: usize,
    },
}

/// Reads from the front of a slice.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Unreadable> {
        let rest = &self.bytes[self.position..];
        let part = rest.get(..n).ok_or(Unreadable::Truncated(self.bytes.len()))?;
        self.position += n;
        Ok(part)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        Ok(self.take(N)?.try_into().expect("take gives as many bytes as asked for"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Unreadable> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Unreadable> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Unreadable> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A string of at most `max` bytes behind its 4-byte length.
    pub(crate) fn string(&mut self, max: usize) -> Result<&'a [u8], Unreadable> {
        let length = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        if length > max {
            return Err(Unreadable::TooLong { length, max });
        }
        self.take(length)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Unreadable> {
        match self.bytes.len() - self.position {
            0 => Ok(()),
            left => Err(Unreadable::Trailing(left)),
        }
    }
}

/// Appends a string behind its 4-byte length.
pub(crate) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("every string of this crate is far below 4 GiB");
    out.extend(length.to_be_bytes());
    out.extend(bytes);
}

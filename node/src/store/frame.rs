//! The bytes of the journal: its header, its frames, and how a frame is
//! recognised. spec: `storage.frame`

use std::io;

use super::storage::{File, read_full};

/// Longest payload of one frame, in bytes.
pub const MAX_PAYLOAD: usize = 16 << 20;

/// Version of the journal's format that this code writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Length of the journal's header, and so the position of its first frame.
pub(super) const HEADER_LEN: usize = 48;

/// Bytes of a frame before its payload.
pub(super) const PREFIX_LEN: usize = 34;

/// Bytes of the prefix that the checksum covers: all but the checksum.
const CHECKED_LEN: usize = PREFIX_LEN - 4;

const MAGIC: &[u8; 8] = b"tabella\0";

const MARKER_LEN: usize = 4;

/// Offset of a frame in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// Where a frame lies, and where it stands in the chain of checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the frame, from 0.
    pub number: u64,
    /// Offset of its first byte.
    pub position: Position,
    /// Offset after its last byte.
    pub end: Position,
    /// Its checksum, which the next frame repeats.
    pub chain: u32,
}

/// A frame that lies in a buffer of the reader.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What the payload is; its meaning belongs to the caller.
    pub kind: u16,
    /// The payload.
    pub payload: &'a [u8],
    /// Where the frame lies.
    pub place: Place,
    pub(super) batch: u64,
    pub(super) previous: u32,
}

/// The identity of one journal, from which its checksums are seeded: bytes
/// that a client places inside a payload never look like a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub id: [u8; 32],
    pub seed: u32,
}

/// What is wrong with a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderFault {
    Magic,
    Version(u32),
    Checksum,
}

impl Format {
    pub fn new(id: [u8; 32]) -> Self {
        Self { id, seed: crc32c::crc32c(&id) }
    }

    pub fn header(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_be_bytes());
        bytes[12..44].copy_from_slice(&self.id);
        let crc = crc32c::crc32c(&bytes[..44]);
        bytes[44..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    pub fn from_header(bytes: &[u8; HEADER_LEN]) -> Result<Self, HeaderFault> {
        if &bytes[..8] != MAGIC {
            return Err(HeaderFault::Magic);
        }
        let version = u32::from_be_bytes(array(bytes, 8));
        if version != FORMAT_VERSION {
            return Err(HeaderFault::Version(version));
        }
        if crc32c::crc32c(&bytes[..44]) != u32::from_be_bytes(array(bytes, 44)) {
            return Err(HeaderFault::Checksum);
        }
        Ok(Self::new(array(bytes, 12)))
    }

    fn marker(&self) -> [u8; MARKER_LEN] {
        array(&self.id, 0)
    }

    /// Appends one frame to `out` and moves `tail` past it. The payload's
    /// length was checked when it was taken in.
    pub fn encode(&self, tail: &mut Tail, kind: u16, payload: &[u8], out: &mut Vec<u8>) -> Place {
        let length = u32::try_from(payload.len()).expect("payloads are at most MAX_PAYLOAD");
        let start = out.len();
        out.extend_from_slice(&self.marker());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&tail.number.to_be_bytes());
        out.extend_from_slice(&tail.batch.to_be_bytes());
        out.extend_from_slice(&tail.chain.to_be_bytes());
        let chain = self.checksum(&out[start..], payload);
        out.extend_from_slice(&chain.to_be_bytes());
        out.extend_from_slice(payload);
        let end = tail.end + (PREFIX_LEN + payload.len()) as u64;
        let place = Place { number: tail.number, position: Position(tail.end), end: Position(end), chain };
        *tail = Tail { number: tail.number + 1, end, chain, batch: tail.batch };
        place
    }

    /// The frame at `offset` if its checksum holds; nothing is said yet about
    /// its place in the chain.
    pub fn frame_at<'a>(&self, window: &'a mut Window<'_>, offset: u64) -> io::Result<Option<Frame<'a>>> {
        let Ok(prefix) = <[u8; PREFIX_LEN]>::try_from(window.bytes(offset, PREFIX_LEN)?) else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(array(&prefix, 4)) as usize;
        if prefix[..MARKER_LEN] != self.marker() || length > MAX_PAYLOAD {
            return Ok(None);
        }
        let whole = window.bytes(offset, PREFIX_LEN + length)?;
        if whole.len() < PREFIX_LEN + length {
            return Ok(None);
        }
        let payload = &whole[PREFIX_LEN..];
        let chain = u32::from_be_bytes(array(&prefix, CHECKED_LEN));
        if self.checksum(&prefix[..CHECKED_LEN], payload) != chain {
            return Ok(None);
        }
        let end = Position(offset + (PREFIX_LEN + length) as u64);
        Ok(Some(Frame {
            kind: u16::from_be_bytes(array(&prefix, 8)),
            payload,
            place: Place {
                number: u64::from_be_bytes(array(&prefix, 10)),
                position: Position(offset),
                end,
                chain,
            },
            batch: u64::from_be_bytes(array(&prefix, 18)),
            previous: u32::from_be_bytes(array(&prefix, 26)),
        }))
    }

    fn checksum(&self, prefix: &[u8], payload: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.seed, prefix), payload)
    }

    /// The first offset from `from` on that holds the marker, below `size`.
    pub fn next_marker(&self, window: &mut Window<'_>, from: u64, size: u64) -> io::Result<Option<u64>> {
        let mut offset = from;
        while offset < size {
            let bytes = window.bytes(offset, SCAN_LEN)?;
            if let Some(found) = bytes.windows(MARKER_LEN).position(|w| w == self.marker()) {
                return Ok(Some(offset + found as u64));
            }
            if bytes.len() < SCAN_LEN {
                return Ok(None);
            }
            offset += (SCAN_LEN - MARKER_LEN + 1) as u64;
        }
        Ok(None)
    }
}

const SCAN_LEN: usize = 64 << 10;

/// The end of the journal, as the next frame has to continue it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Number of the next frame.
    pub number: u64,
    /// Its offset.
    pub end: u64,
    /// Checksum of the last frame.
    pub chain: u32,
    /// Offset of the first frame of the batch; all before it is durable.
    pub batch: u64,
}

impl Tail {
    pub fn start(format: &Format) -> Self {
        let end = HEADER_LEN as u64;
        Self { number: 0, end, chain: format.seed, batch: end }
    }

    /// The tail after `frame`, if the frame continues this one.
    pub fn after(&self, frame: &Frame<'_>) -> Option<Self> {
        let place = frame.place;
        let continues = place.position.0 == self.end
            && place.number == self.number
            && frame.previous == self.chain
            && (frame.batch == self.batch || frame.batch == self.end);
        continues.then_some(Self {
            number: self.number + 1,
            end: place.end.0,
            chain: place.chain,
            batch: frame.batch,
        })
    }
}

/// A file read through one buffer, for scans in rising order.
#[derive(Debug)]
pub(super) struct Window<'f> {
    file: &'f dyn File,
    start: u64,
    buffer: Vec<u8>,
    least: usize,
}

const WINDOW_LEN: usize = 1 << 20;

impl<'f> Window<'f> {
    pub fn new(file: &'f dyn File) -> Self {
        Self::sized(file, WINDOW_LEN)
    }

    /// A window that reads at least `least` bytes at a time.
    pub fn sized(file: &'f dyn File, least: usize) -> Self {
        Self { file, start: 0, buffer: Vec::new(), least }
    }

    /// The bytes at `offset`; fewer than `length` at the end of the file.
    pub fn bytes(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        if !self.holds(offset, length) {
            self.fill(offset, length)?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX).min(self.buffer.len());
        Ok(&self.buffer[from..self.buffer.len().min(from.saturating_add(length))])
    }

    fn holds(&self, offset: u64, length: usize) -> bool {
        offset >= self.start && offset + length as u64 <= self.start + self.buffer.len() as u64
    }

    fn fill(&mut self, offset: u64, length: usize) -> io::Result<()> {
        self.buffer.resize(length.max(self.least), 0);
        let read = read_full(self.file, &mut self.buffer, offset);
        self.start = offset;
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        read.map(|_| ())
    }
}

/// `N` bytes at a fixed offset of a longer fixed-size field.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

//! A connection that ends by itself: when its beginning does not come, when
//! nothing moves, and when it is old (A45).

use super::incoming::Seat;
use crate::config::Limits;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tonic::transport::server::Connected;

/// A connection has begun when this many bytes have come: the preface of
/// HTTP/2, which is shorter than any request of HTTP/1 or TLS handshake.
const BEGINNING: usize = 24;

/// When a connection ends by itself.
#[derive(Clone, Copy, Debug)]
struct Deadlines {
    /// For the first [`BEGINNING`] bytes.
    begin: Instant,
    /// Longest time without a byte.
    idle: Duration,
    /// The end, whatever happens.
    end: Instant,
}

/// An accepted connection, with its seat.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    deadlines: Deadlines,
    received: usize,
    moved: Instant,
    timer: Pin<Box<Sleep>>,
    _seat: Seat,
}

impl Connection {
    /// Starts the clocks.
    pub fn new(stream: TcpStream, seat: Seat, limits: &Limits) -> Self {
        let now = Instant::now();
        let deadlines = Deadlines {
            begin: now + limits.handshake_timeout,
            idle: limits.idle_timeout,
            end: now + limits.connection_age + limits.shutdown_grace,
        };
        let timer = Box::pin(sleep_until(deadlines.begin));
        Self { stream, deadlines, received: 0, moved: now, timer, _seat: seat }
    }

    fn due(&self) -> Instant {
        let Deadlines { begin, idle, end } = self.deadlines;
        let next = if self.received < BEGINNING { begin } else { self.moved + idle };
        next.min(end)
    }

    /// Once begun, the timer is set anew only when it fires: bytes cost
    /// nothing.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let due = self.due();
            if due <= Instant::now() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(due);
        }
        Ok(())
    }

    fn moved(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.moved = Instant::now();
        }
        written
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let bytes = buf.filled().len() - before;
        if bytes > 0 {
            let begins = self.received < BEGINNING;
            self.received = self.received.saturating_add(bytes);
            self.moved = Instant::now();
            if begins && self.received >= BEGINNING {
                // The caller reads again, and so polls the timer again.
                let due = self.due();
                self.timer.as_mut().reset(due);
            }
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.moved(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.moved(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Handlers are told nothing about the peer.
impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

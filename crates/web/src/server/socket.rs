//! The socket of a connection. If unread bytes may be left when it closes, it first reads and discards for a
//! while. Otherwise the kernel would reset the connection, and a client that is still sending would lose the
//! response.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Instant, Sleep},
};
use tokio_util::either::Either;

use super::connections::Activity;

/// A stream of TCP or of a Unix socket.
pub(super) type Stream = Either<TcpStream, UnixStream>;

/// Most bytes that are discarded after the last response.
const DISCARDED_BYTES: usize = 16 << 20;
/// Longest wait for the next bytes to discard.
const SILENCE: Duration = Duration::from_secs(2);
/// Longest time for discarding altogether.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream that notes received bytes, and closes without losing the bytes it wrote.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Stream,
    activity: Arc<Activity>,
    closing: Option<Closing>,
}

/// The state of a socket that discards bytes after the last response.
#[derive(Debug)]
struct Closing {
    until: Instant,
    left: usize,
    silence: Pin<Box<Sleep>>,
}

impl Socket {
    pub(super) const fn new(stream: Stream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, closing: None }
    }

    /// Reads and discards until the client closes, stays silent for [`SILENCE`], or a bound is reached.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let closing = self.closing.get_or_insert_with(Closing::begin);
        let mut space = [0; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut space);
            let polled = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            let read = buffer.filled().len();
            match polled {
                Poll::Pending => return closing.silence.as_mut().poll(context),
                Poll::Ready(Ok(())) if read > 0 => {}
                Poll::Ready(_) => return Poll::Ready(()),
            }
            closing.left = closing.left.saturating_sub(read);
            let now = Instant::now();
            if closing.left == 0 || now >= closing.until {
                return Poll::Ready(());
            }
            closing.silence.as_mut().reset(closing.until.min(now + SILENCE));
        }
    }
}

impl Closing {
    fn begin() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a limit for the client, not a wait for an event")]
        let silence = Box::pin(tokio::time::sleep(SILENCE));
        Self { until: Instant::now() + PATIENCE, left: DISCARDED_BYTES, silence }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            if !self.activity.has_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_discard(context).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

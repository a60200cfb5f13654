//! The bodies of requests and responses in the listener. They note on the connection's [`Activity`] whether
//! the server waits for the client.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::connections::{Activity, InWork};

/// Wraps the body of a request for the application.
pub(super) fn received(incoming: Incoming, activity: &Arc<Activity>) -> Body {
    if incoming.is_end_stream() {
        activity.complete();
        return Body::empty();
    }
    Body::new(Received { incoming, activity: Arc::clone(activity), waits: false })
}

struct Received {
    incoming: Incoming,
    activity: Arc<Activity>,
    waits: bool,
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        if polled.is_pending() && !self.waits {
            self.waits = true;
            self.activity.wait();
        }
        let frame = ready!(polled);
        if self.waits {
            self.waits = false;
            if !self.activity.go_on() {
                // The connection was chosen for eviction: its task is being aborted.
                return Poll::Pending;
            }
        }
        if frame.is_none() || self.incoming.is_end_stream() {
            self.activity.complete();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if self.waits {
            self.activity.go_on();
        }
    }
}

/// The body of a response. The request counts as in work until this is dropped.
pub(super) struct Sent {
    body: Body,
    _in_work: InWork,
}

impl Sent {
    pub(super) const fn new(body: Body, in_work: InWork) -> Self {
        Self { body, _in_work: in_work }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! The layer around all services: it refuses calls beyond the limit, ends
//! those that take too long, and counts and logs every answer under a random
//! request id, without a word about the caller or what was asked (A40).

use super::methods::{self, Weight};
use crate::{
    config::Limits,
    metrics::{Call, Metrics},
    rpc::Error,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Limited;
use rand_core::{OsRng, RngCore};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

/// Header of the answer that names the request, as the log does.
pub const REQUEST_ID: &str = "x-request-id";

/// Bytes of a call that needs few (A46): the largest is a ballot.
const SMALL_MAX: usize = 64 << 10;

/// See the module.
#[derive(Clone, Debug)]
pub struct Observe {
    metrics: Metrics,
    room: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    timeout: Duration,
}

impl Observe {
    /// Limits over all connections together.
    pub fn new(limits: &Limits, metrics: &Metrics) -> Self {
        let room = |places: usize| Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)));
        let (room, uploads) = (room(limits.requests), room(limits.uploads));
        Self { metrics: metrics.clone(), room, uploads, timeout: limits.request_timeout }
    }

    /// Room for a call, before a byte of its message is read.
    fn admit(&self, call: &Call) -> Result<Admitted, Error> {
        let room = self.room.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let upload = match methods::weight(call) {
            Weight::Large => Some(self.uploads.clone().try_acquire_owned().map_err(|_| Error::Uploads)?),
            Weight::Small | Weight::Stream => None,
        };
        Ok(Admitted { _room: room, _upload: upload })
    }
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, layer: self.clone() }
    }
}

/// Room that a call takes until its answer begins.
#[derive(Debug)]
struct Admitted {
    _room: OwnedSemaphorePermit,
    _upload: Option<OwnedSemaphorePermit>,
}

/// A service within the layer.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    layer: Observe,
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Observed<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone has not been polled to readiness; the original has.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let record = Record::new(methods::call(request.uri().path()), &self.layer.metrics);
        let span = tracing::info_span!("request", id = %record.id, method = record.call.method);
        let request = match methods::weight(record.call) {
            Weight::Small => request.map(|body| Body::new(Limited::new(body, SMALL_MAX))),
            Weight::Large | Weight::Stream => request,
        };
        let admitted = self.layer.admit(record.call);
        Box::pin(answer(inner, request, record, admitted, self.layer.timeout).instrument(span))
    }
}

async fn answer<S>(
    mut inner: S,
    request: Request<Body>,
    mut record: Record,
    admitted: Result<Admitted, Error>,
    timeout: Duration,
) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    let mut response = match admitted {
        Err(error) => {
            record.metrics.shed.inc();
            Status::from(error).into_http()
        }
        Ok(_admitted) => match tokio::time::timeout(timeout, inner.call(request)).await {
            Ok(response) => response?,
            Err(_) => Status::from(Error::Timeout(timeout)).into_http(),
        },
    };
    record.begun();
    if let Ok(id) = HeaderValue::from_str(&record.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if let Some(code) = code_of(response.headers()) {
        record.ended(code);
        return Ok(response);
    }
    Ok(response.map(|inner| Body::new(Answering { inner, record })))
}

fn code_of(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()))
}

/// What is known of one call. A call that is dropped was cancelled.
#[derive(Debug)]
struct Record {
    id: String,
    call: &'static Call,
    metrics: Metrics,
    start: Instant,
    ended: bool,
}

impl Record {
    fn new(call: &'static Call, metrics: &Metrics) -> Self {
        let id = format!("{:016x}", OsRng.next_u64());
        Self { id, call, metrics: metrics.clone(), start: Instant::now(), ended: false }
    }

    fn begun(&self) {
        self.metrics.latency.get_or_create(self.call).observe(self.start.elapsed().as_secs_f64());
    }

    fn ended(&mut self, code: Code) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let (code, ms) = (name(code), self.start.elapsed().as_millis());
        self.metrics.answered(self.call, code);
        // Whatever fails through a fault of ours is logged where it does.
        tracing::debug!(request = %self.id, code, ms, "answered");
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.ended(Code::Cancelled);
    }
}

/// An answer on its way, which ends with the code in its trailers.
#[derive(Debug)]
struct Answering {
    inner: Body,
    record: Record,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code_of) {
                    self.record.ended(code);
                }
            }
            Some(Err(status)) => self.record.ended(status.code()),
            // An answer that is no gRPC: say, to a path that is not served.
            None => self.record.ended(Code::Unknown),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// gRPC's own name of a code.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

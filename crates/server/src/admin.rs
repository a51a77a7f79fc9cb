//! The port of the operator: health, metrics, backup.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use gateway::Gateway;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use store::EmbeddedStore;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{metrics, upkeep};

/// How long a request may take to come.
const REQUEST_MAX: Duration = Duration::from_secs(10);
/// The longest path of a backup, bytes.
const PATH_LEN_MAX: usize = 4096;
/// The type of the text format.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the port tells about.
pub(crate) struct Port {
    pub(crate) gateway: Arc<Gateway>,
    /// The store and the data folder, when they can be copied.
    pub(crate) backup: Option<(Arc<EmbeddedStore>, PathBuf)>,
    pub(crate) stop: CancellationToken,
}

struct Shown {
    registry: Registry,
    backup: Option<(Arc<EmbeddedStore>, PathBuf)>,
    stop: CancellationToken,
}

impl Port {
    /// Listens until the server stops.
    pub(crate) async fn start(self, address: SocketAddr) -> Result<(SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let stop = self.stop.clone();
        let shown = Arc::new(Shown {
            registry: metrics::registry(Arc::clone(self.gateway.metrics())),
            backup: self.backup,
            stop: self.stop,
        });
        let task = tokio::spawn(async move {
            let requests = tokio_util::task::TaskTracker::new();
            loop {
                let accepted = tokio::select! {
                    () = stop.cancelled() => break,
                    accepted = listener.accept() => accepted,
                };
                if let Ok((stream, _)) = accepted {
                    requests.spawn(serve(Arc::clone(&shown), stream));
                }
            }
            // A backup under way is finished.
            requests.close();
            requests.wait().await;
        });
        Ok((address, task))
    }
}

async fn serve(shown: Arc<Shown>, stream: tokio::net::TcpStream) {
    let stop = shown.stop.clone();
    let answer = service_fn(move |request| {
        let shown = Arc::clone(&shown);
        async move { Ok::<_, Infallible>(answer(&shown, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_MAX)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a request to the admin port failed");
    }
}

async fn answer(shown: &Shown, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/live") => text(StatusCode::OK, "live\n"),
        (&Method::GET, "/ready") if shown.stop.is_cancelled() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
        (&Method::GET, "/ready") => {
            match shown.backup.as_ref().and_then(|(store, _)| store.failure()) {
                Some(failure) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{failure}\n")),
                None => text(StatusCode::OK, "ready\n"),
            }
        }
        (&Method::GET, "/metrics") => metrics_text(shown),
        (&Method::POST, "/backup") => backup(shown, request).await,
        _ => text(StatusCode::NOT_FOUND, "/live /ready /metrics /backup\n"),
    }
}

fn metrics_text(shown: &Shown) -> Response<Full<Bytes>> {
    let mut out = String::new();
    if prometheus_client::encoding::text::encode(&mut out, &shown.registry).is_err() {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "");
    }
    let mut response = text(StatusCode::OK, out);
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static(METRICS_TYPE),
    );
    response
}

/// The body is the folder to be made, on this machine.
async fn backup(shown: &Shown, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Some((store, data)) = &shown.backup else {
        return text(
            StatusCode::NOT_IMPLEMENTED,
            "a cluster is backed up by its own means\n",
        );
    };
    let body = Limited::new(request.into_body(), PATH_LEN_MAX);
    let path = match tokio::time::timeout(REQUEST_MAX, body.collect()).await {
        Ok(Ok(body)) => String::from_utf8(body.to_bytes().into()).ok(),
        Ok(Err(_)) | Err(_) => None,
    };
    let Some(path) = path.map(PathBuf::from).filter(|path| path.is_absolute()) else {
        return text(
            StatusCode::BAD_REQUEST,
            "the body must be the absolute path of a folder to be made\n",
        );
    };
    match upkeep::backup(store, data, &path).await {
        Ok(()) => text(StatusCode::OK, "done\n"),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

//! Login codes on their way out: posted to whoever sends them to telephones.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use services::CodeToDeliver;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Receiver;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_util::sync::CancellationToken;

use crate::config::Login;

/// The pause after the first attempt that failed; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Codes that are posted at once; with as many on their way and the queue full, no more are taken.
const POSTS_MAX: usize = 256;

/// Where codes are posted to.
pub(crate) struct Webhook {
    target: Uri,
    /// What is connected to, `host:port`.
    address: String,
    /// Of `https:`.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
    attempts: u32,
}

impl Webhook {
    pub(crate) fn new(url: &str, login: &Login) -> Result<Self> {
        let target: Uri = url.parse().context("login.webhook")?;
        let host = target.host().context("login.webhook has no host")?;
        let (port, tls) = match target.scheme_str() {
            Some("http") => (80, None),
            Some("https") => (443, Some((connector()?, server_name(host)?))),
            Some(_) | None => bail!("login.webhook: {url} begins with neither http: nor https:"),
        };
        let address = format!("{host}:{}", target.port_u16().unwrap_or(port));
        Ok(Self {
            target,
            address,
            tls,
            timeout: Duration::from_millis(login.webhook_timeout_ms),
            attempts: login.webhook_attempts.max(1),
        })
    }

    /// Posts codes until the server stops. Each has a task of its own: one that must be tried again
    /// keeps no other waiting.
    pub(crate) async fn run(self, mut codes: Receiver<CodeToDeliver>, stop: CancellationToken) {
        let webhook = Arc::new(self);
        let posts = tokio_util::task::TaskTracker::new();
        let free = Arc::new(Semaphore::new(POSTS_MAX));
        let mut next = async || {
            let permit = Arc::clone(&free).acquire_owned().await.ok()?;
            Some((permit, codes.recv().await?))
        };
        loop {
            let taken = tokio::select! {
                () = stop.cancelled() => break,
                taken = next() => taken,
            };
            let Some((permit, code)) = taken else { break };
            let webhook = Arc::clone(&webhook);
            posts.spawn(async move {
                webhook.deliver(&code).await;
                drop(permit);
            });
        }
        posts.close();
        // What is on its way gets the time of one attempt more.
        let _ = tokio::time::timeout(webhook.timeout, posts.wait()).await;
    }

    async fn deliver(&self, code: &CodeToDeliver) {
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=self.attempts {
            let posted = tokio::time::timeout(self.timeout, self.post(code)).await;
            match posted {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::warn!(attempt, "a login code was not taken: {error:#}"),
                Err(_) => tracing::warn!(attempt, "the webhook for login codes does not answer"),
            }
            if attempt < self.attempts {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        tracing::error!("a login code is not delivered");
    }

    async fn post(&self, code: &CodeToDeliver) -> Result<()> {
        // Digits alone: nothing has to be escaped.
        let body = format!(
            "{{\"phone\": \"{}\", \"code\": \"{}\", \"expires_at\": {}}}",
            code.phone, code.code, code.expires_at
        );
        let path = self
            .target
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(hyper::header::HOST, &self.address)
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .header(hyper::header::CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))?;
        let stream = TcpStream::connect(&self.address).await?;
        match &self.tls {
            None => exchange(stream, request).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await?;
                exchange(stream, request).await
            }
        }
    }
}

/// Sends the request; fails unless the answer is 2xx.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let (response, _) = tokio::join!(sender.send_request(request), connection);
    let status = response?.status();
    if !status.is_success() {
        bail!("{status}");
    }
    Ok(())
}

/// TLS that trusts what this machine trusts.
fn connector() -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        bail!("login.webhook: this machine has no certificates to trust for https:");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn server_name(host: &str) -> Result<ServerName<'static>> {
    // An IPv6 address stands in brackets in a URL.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(name.to_owned()).context("login.webhook has no valid host")
}

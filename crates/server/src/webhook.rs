//! Login codes on their way out: posted to whoever sends them to telephones.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use services::CodeToDeliver;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use crate::config::Login;

/// The pause after the first attempt that failed; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Where codes are posted to.
pub(crate) struct Webhook {
    target: Uri,
    /// What is connected to, `host:port`.
    address: String,
    timeout: Duration,
    attempts: u32,
}

impl Webhook {
    pub(crate) fn new(url: &str, login: &Login) -> Result<Self> {
        let target: Uri = url.parse().context("login.webhook")?;
        if target.scheme_str() != Some("http") {
            bail!("login.webhook: {url} does not begin with http://");
        }
        let host = target.host().context("login.webhook has no host")?;
        let address = format!("{host}:{}", target.port_u16().unwrap_or(80));
        Ok(Self {
            target,
            address,
            timeout: Duration::from_millis(login.webhook_timeout_ms),
            attempts: login.webhook_attempts.max(1),
        })
    }

    /// Posts codes until the server stops. Each has a task of its own: one that must be tried again
    /// keeps no other waiting.
    pub(crate) async fn run(self, mut codes: Receiver<CodeToDeliver>, stop: CancellationToken) {
        let webhook = std::sync::Arc::new(self);
        let posts = tokio_util::task::TaskTracker::new();
        loop {
            let code = tokio::select! {
                () = stop.cancelled() => break,
                code = codes.recv() => code,
            };
            let Some(code) = code else { break };
            let webhook = std::sync::Arc::clone(&webhook);
            posts.spawn(async move { webhook.deliver(&code).await });
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
        let path = self.target.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(hyper::header::HOST, &self.address)
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .header(hyper::header::CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))?;
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let (response, _) = tokio::join!(sender.send_request(request), connection);
        let status = response?.status();
        if !status.is_success() {
            bail!("{status}");
        }
        Ok(())
    }
}

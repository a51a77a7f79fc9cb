//! Login codes on their way to telephones.

use std::sync::Arc;

use chappe_client::{Client, Error, SignIn};
use server::{Config, Login};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::harness::{PATIENCE, Process, chappe, folder, options};

/// Takes one request and answers it with `status`; the body.
async fn post(listener: &TcpListener, status: &str) -> String {
    let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await;
    answer(accepted.unwrap().unwrap().0, status).await
}

/// Takes the request of a connection and answers it; the body.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, status: &str) -> String {
    let mut request = Vec::new();
    let body = loop {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.unwrap();
        assert_ne!(n, 0, "ended early");
        request.extend_from_slice(&part[..n]);
        let text = std::str::from_utf8(&request).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        assert!(
            head.starts_with("post /code?from=chappe http/1.1\r\n"),
            "{head}"
        );
        let len = head.split_once("content-length: ").unwrap().1;
        let len: usize = len.lines().next().unwrap().parse().unwrap();
        if body.len() == len {
            break body.to_owned();
        }
    };
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(response.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    body
}

/// The text value of a field in flat JSON.
fn field<'a>(json: &'a str, name: &str) -> &'a str {
    let rest = json.split_once(&format!("\"{name}\": \"")).unwrap().1;
    rest.split_once('"').unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_posted_until_taken_and_log_in() {
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/code?from=chappe", hook.local_addr().unwrap());
    let data = folder();
    let config = Config {
        data: data.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        login: Login {
            webhook: Some(url),
            ..Login::default()
        },
        ..Config::default()
    };
    let server = server::start(config).await.unwrap();
    let client = Client::connect(options(server.address, data.path()))
        .await
        .unwrap();
    let (sent, body) = tokio::join!(client.request_login_code("+15550004"), async {
        let refused = post(&hook, "503 Not now").await;
        let taken = post(&hook, "204 No content").await;
        assert_eq!(refused, taken);
        taken
    });
    let sent = sent.unwrap();
    assert_eq!(field(&body, "phone"), "15550004");
    let code = field(&body, "code");
    let wrong = if code == "00000" { "11111" } else { "00000" };
    let refused = client.sign_in(&sent, wrong).await;
    let name = refused.as_ref().err().and_then(Error::name);
    assert_eq!(name, Some("PHONE_CODE_INVALID"), "{refused:?}");
    let signed_in = client.sign_in(&sent, code).await.unwrap();
    assert_eq!(signed_in, SignIn::SignUpNeeded);
    drop(client);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_judged_by_the_certificates_of_the_machine() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let trusted = place.path().join("trusted.pem");
    std::fs::write(&trusted, made.cert.pem()).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let not_ours = place.path().join("other.pem");
    std::fs::write(&not_ours, other.cert.pem()).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.cert.der().clone()],
            made.signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    let tls = TlsAcceptor::from(Arc::new(tls));
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = hook.local_addr().unwrap().port();
    let file = place.path().join("chappe.toml");
    let settings = format!(
        "listen = \"127.0.0.1:0\"\n[login]\nwebhook = \"https://localhost:{port}/code?from=chappe\"\nwebhook_attempts = 1\n"
    );
    std::fs::write(&file, settings).unwrap();

    for (certificates, is_trusted) in [(&trusted, true), (&not_ours, false)] {
        let data = folder();
        let mut command = chappe();
        command
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .arg("--data")
            .arg(data.path())
            .env("SSL_CERT_FILE", certificates)
            .env_remove("SSL_CERT_DIR");
        let server = Process::of(command, data.path()).await;
        let client = Client::connect(server.options()).await.unwrap();
        let (sent, posted) = tokio::join!(client.request_login_code("+15550005"), async {
            let (stream, _) = hook.accept().await.unwrap();
            match tls.accept(stream).await {
                Ok(stream) => Some(answer(stream, "200 OK").await),
                Err(_) => None,
            }
        });
        sent.unwrap();
        let phone = posted.as_deref().map(|body| field(body, "phone"));
        assert_eq!(phone, is_trusted.then_some("15550005"));
        let ended = server.stop().await;
        let failed = ended.stderr.contains("a login code is not delivered");
        assert_eq!(failed, !is_trusted, "{}", ended.stderr);
        assert!(!ended.stderr.contains("15550005"), "{}", ended.stderr);
    }
}

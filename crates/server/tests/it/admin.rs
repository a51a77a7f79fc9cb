//! The operator's port: health, metrics, backup and back again.

use chappe_client::Client;
use chappe_client::tl_api::types;

use crate::harness::{Process, ask, folder, options, run, sign_up};
use server::Config;

#[tokio::test(flavor = "multi_thread")]
async fn tells_health_and_metrics() {
    let data = folder();
    let config = Config {
        data: data.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        admin: server::Admin {
            listen: Some("127.0.0.1:0".parse().unwrap()),
        },
        ..Config::default()
    };
    let server = server::start(config).await.unwrap();
    let admin = server.admin.unwrap();
    assert_eq!(ask(admin, "GET", "/live", "").await.0, 200);
    assert_eq!(ask(admin, "GET", "/ready", "").await.0, 200);
    let (status, _) = ask(admin, "GET", "/nothing", "").await;
    assert_eq!(status, 404);
    let (status, _) = ask(admin, "POST", "/metrics", "").await;
    assert_eq!(status, 404);

    let client = Client::connect(options(server.address, data.path()))
        .await
        .unwrap();
    let (status, text) = ask(admin, "GET", "/metrics", "").await;
    assert_eq!(status, 200);
    let value = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
            .unwrap_or_else(|| panic!("no {name} in {text}"))
    };
    assert_eq!(value("chappe_connections "), 1);
    assert_eq!(value("chappe_keys_made_total "), 1);
    assert!(value("chappe_calls_total ") >= 1);
    assert!(value("chappe_call_seconds_count ") >= 1);
    assert!(text.ends_with("# EOF\n"), "{text}");
    drop(client);
    server.stop().await.unwrap();
    assert!(tokio::net::TcpStream::connect(admin).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_of_a_running_server_becomes_another() {
    let data = folder();
    let place = tempfile::tempdir().unwrap();
    let [copy, second, closed_copy] = ["copy", "second", "closed"].map(|name| {
        let path = place.path().join(name);
        path.to_str().unwrap().to_owned()
    });
    let admin = free_address().await;
    let server = Process::start(data.path(), &["--admin", &admin]).await;
    let client = sign_up(server.options(), "+15550003").await;
    let myself = types::InputPeer::Self_ {};
    client.send_text(&myself, "before").await.unwrap();
    let done = run(&["backup", "--admin", &admin, &copy]).await;
    assert!(done.status.success(), "{}", done.stderr);
    client.send_text(&myself, "after").await.unwrap();
    let again = run(&["backup", "--admin", &admin, &copy]).await;
    assert!(!again.status.success(), "a backup was written over");
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    let open = run(&[
        "backup",
        "--data",
        data.path().to_str().unwrap(),
        &closed_copy,
    ])
    .await;
    assert!(!open.status.success(), "the store is in use");
    assert!(open.stderr.contains("--admin"), "{}", open.stderr);
    let address = server.address.to_string();
    server.stop().await;

    let restored = run(&["restore", &copy, "--data", &second]).await;
    assert!(restored.status.success(), "{}", restored.stderr);
    let over = run(&["restore", &copy, "--data", &second]).await;
    assert!(!over.status.success(), "a data folder was written over");
    let checked = run(&["check", "--data", &second]).await;
    assert!(checked.status.success(), "{}", checked.stderr);

    // The same client, with the same key, at the same address: it sees what was there before.
    let mut command = crate::harness::chappe();
    command.args(["serve", "--dev", "--listen", &address, "--data", &second]);
    let server = Process::of(command, second.as_ref()).await;
    let newest = client.history(myself).next().await.unwrap();
    let Some(types::Message::Message(message)) = newest else {
        panic!("{newest:?}");
    };
    assert_eq!(message.message.as_str(), "before");
    server.stop().await;
}

/// An address of this machine that was free a moment ago.
async fn free_address() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

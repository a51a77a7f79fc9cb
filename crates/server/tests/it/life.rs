//! Starting, stopping, being killed, starting again.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chappe_client::tl_api::{functions, types};
use chappe_client::{Client, Error};
use mtproto_core::transport::ProxySecret;
use tokio::io::AsyncReadExt as _;

use crate::harness::{PATIENCE, Process, captured, chappe, folder, run, sign_up};

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn first_start_makes_keys_and_secrets_that_stay() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let server = Process::start(data, &[]).await;
    let client = Client::connect(server.options()).await.unwrap();
    let config = client.invoke(functions::help::GetConfig {}).await.unwrap();
    assert_eq!(config.this_dc, 2);
    let option = &config.dc_options[0];
    assert_eq!(option.ip_address.as_str(), "127.0.0.1");
    assert_eq!(option.port, i32::from(server.address.port()));

    let ended = server.stop().await;
    assert_eq!(ended.stdout, "", "one line alone on stdout");
    assert!(ended.stderr.contains("Telethon"), "{}", ended.stderr);
    assert!(ended.stderr.contains("12345"), "{}", ended.stderr);

    let kept = ["rsa.pem", "secrets/salt", "secrets/access"].map(|name| data.join(name));
    for file in &kept {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    let before = kept.each_ref().map(|file| std::fs::read(file).unwrap());
    let public = std::fs::read_to_string(data.join("rsa.pub.pem")).unwrap();
    assert!(public.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
    std::fs::remove_file(data.join("rsa.pub.pem")).unwrap();

    Process::start(data, &[]).await.stop().await;
    assert_eq!(kept.map(|file| std::fs::read(file).unwrap()), before);
    let again = std::fs::read_to_string(data.join("rsa.pub.pem")).unwrap();
    assert_eq!(again, public);
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_without_data_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut command = chappe();
    command
        .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
        .current_dir(place.path())
        .env("TMPDIR", place.path());
    let server = Process::of(command, place.path()).await;
    let folders = || std::fs::read_dir(place.path()).unwrap().count();
    assert_eq!(folders(), 1);
    server.stop().await;
    assert_eq!(folders(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_store_serves_and_writes_no_store() {
    let data = folder();
    let server = Process::start(data.path(), &["--store", "memory"]).await;
    sign_up(server.options(), "+15550007").await;
    server.stop().await;
    assert!(!data.path().join("store").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn second_process_on_one_folder_is_refused() {
    let data = folder();
    let server = Process::start(data.path(), &[]).await;
    let path = data.path().to_str().unwrap();
    for arguments in [
        &["serve", "--dev", "--listen", "127.0.0.1:0", "--data", path][..],
        &["check", "--data", path],
    ] {
        let second = run(arguments).await;
        assert!(!second.status.success());
        assert_eq!(second.stdout, "");
        assert!(second.stderr.contains(path), "{}", second.stderr);
        let says = "another process uses it";
        assert!(second.stderr.contains(says), "{}", second.stderr);
    }
    let taken = server.address.to_string();
    let second = run(&["serve", "--dev", "--listen", &taken]).await;
    assert!(!second.status.success());
    let says = format!("cannot listen on {taken}");
    assert!(second.stderr.contains(&says), "{}", second.stderr);
    // The first one did not notice.
    Client::connect(server.options()).await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drains_when_asked_to_stop() {
    let data = folder();
    let server = Process::start(data.path(), &[]).await;
    let address = server.address.to_string();
    let client = sign_up(server.options(), "+15550001").await;
    let mut idle = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let sends: Vec<_> = (0..20)
        .map(|i| {
            let client = client.clone();
            tokio::spawn(async move {
                let text = format!("message {i}");
                client.send_text(&types::InputPeer::Self_ {}, &text).await
            })
        })
        .collect();
    server.signal("TERM").await;
    // Whoever has nothing under way is let go at once.
    let closed = tokio::time::timeout(PATIENCE, idle.read(&mut [0; 1])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
    let ended = server.end().await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(ended.stderr.contains("stopped"), "{}", ended.stderr);

    // Whatever was acknowledged is there, and everything happens once: the client sends again what
    // was not answered.
    let mut command = chappe();
    command
        .args(["serve", "--dev", "--listen", &address, "--data"])
        .arg(data.path());
    let server = Process::of(command, data.path()).await;
    for send in sends {
        let sent = tokio::time::timeout(PATIENCE, send).await.unwrap().unwrap();
        assert!(matches!(sent, Ok(_) | Err(Error::Lost)), "{sent:?}");
    }
    let mut texts = texts_of(&client).await;
    let all = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all, "one came twice");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_server_has_what_it_acknowledged() {
    let data = folder();
    let mut server = Process::start(data.path(), &[]).await;
    let address = server.address.to_string();
    let client = sign_up(server.options(), "+15550002").await;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        for i in 0..10 {
            let text = format!("round {round}, message {i}");
            client
                .send_text(&types::InputPeer::Self_ {}, &text)
                .await
                .unwrap();
            acknowledged.push(text);
        }
        server.signal("KILL").await;
        let ended = server.end().await;
        assert!(!ended.status.success());
        let mut command = chappe();
        command
            .args(["serve", "--dev", "--listen", &address, "--data"])
            .arg(data.path());
        server = Process::of(command, data.path()).await;
        // The same key and session, no new login.
        let mut texts = texts_of(&client).await;
        texts.reverse();
        assert_eq!(texts, acknowledged);
    }
    server.stop().await;
    let checked = run(&["check", "--data", data.path().to_str().unwrap()]).await;
    assert!(checked.status.success(), "{}", checked.stderr);
    assert!(checked.stdout.starts_with("sound: "), "{}", checked.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_ends_the_process_and_loses_nothing() {
    let data = folder();
    let first = Process::start(data.path(), &[]).await;
    let address = first.address.to_string();
    let client = sign_up(first.options(), "+15550006").await;
    first.stop().await;

    // No file may grow beyond this, which is what a full disk looks like to a program.
    let serve = |limit: &str| {
        let mut command = tokio::process::Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_chappe")])
            .args(["serve", "--dev", "--listen", &address, "--data"])
            .arg(data.path());
        captured(command)
    };
    let server = Process::of(serve("600"), data.path()).await;
    let mut acknowledged = Vec::new();
    let filling = async {
        for i in 0.. {
            let text = format!("{i} {}", "long ".repeat(500));
            let sent = client.send_text(&types::InputPeer::Self_ {}, &text).await;
            match sent {
                Ok(_) => acknowledged.push(text.trim_end().to_owned()),
                Err(_) => break,
            }
        }
    };
    let ended = tokio::select! {
        () = filling => server.end().await,
        () = tokio::time::sleep(PATIENCE) => panic!("the disk was never full"),
    };
    assert!(!acknowledged.is_empty());
    assert!(!ended.status.success());
    let says = "the store cannot be written";
    assert!(ended.stderr.contains(says), "{}", ended.stderr);

    let server = Process::of(serve("unlimited"), data.path()).await;
    let mut texts = texts_of(&client).await;
    texts.reverse();
    let there = texts.get(..acknowledged.len());
    assert!(
        there == Some(&acknowledged[..]),
        "{} of {}",
        texts.len(),
        acknowledged.len()
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_secret_is_accepted() {
    let data = folder();
    let hex = "dd00112233445566778899aabbccddeeff";
    let server = Process::start(data.path(), &["--proxy-secret", hex]).await;
    let mut options = server.options();
    options.secret = Some(ProxySecret::parse(hex).unwrap());
    Client::connect(options).await.unwrap();
    Client::connect(server.options()).await.unwrap();
    let ended = server.stop().await;
    assert!(ended.stderr.contains("addProxy"), "{}", ended.stderr);
}

/// The texts of the chat with oneself, newest first.
async fn texts_of(client: &Client) -> Vec<String> {
    let mut history = client.history(types::InputPeer::Self_ {});
    let mut texts = Vec::new();
    while let Some(message) = history.next().await.unwrap() {
        if let types::Message::Message(message) = message {
            texts.push(message.message.as_str().to_owned());
        }
    }
    texts
}

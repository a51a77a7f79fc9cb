//! The settings file, and mistakes in it.

use crate::harness::run;

/// What the server says to a settings file, when it refuses to start.
async fn refusal(text: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("chappe.toml");
    std::fs::write(&file, text).unwrap();
    let ended = run(&["serve", "--config", file.to_str().unwrap()]).await;
    assert!(!ended.status.success());
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains("chappe.toml"),
        "names no file: {}",
        ended.stderr
    );
    ended.stderr
}

#[tokio::test]
async fn mistakes_are_named_with_their_place() {
    let said = refusal("dc = 2\nlisten_on = \"127.0.0.1:1\"\n").await;
    assert!(said.contains("line 2"), "{said}");
    assert!(said.contains("did you mean `listen`?"), "{said}");

    let said = refusal("[limits]\nconnections = \"many\"\n").await;
    assert!(said.contains("line 2"), "{said}");
    assert!(said.contains("connections"), "{said}");

    let said = refusal("[log]\nformat = \"xml\"\n").await;
    assert!(said.contains("`json`"), "{said}");

    let said = refusal("listen = \"localhost\"\n").await;
    assert!(said.contains("line 1"), "{said}");
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let ended = run(&["serve", "--config", "/nowhere/chappe.toml"]).await;
    assert!(!ended.status.success());
    assert!(
        ended.stderr.contains("/nowhere/chappe.toml"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn wrong_values_are_told_before_anything_is_made() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let data = data.to_str().unwrap();
    for (arguments, says) in [
        (&["--proxy-secret", "xyz"][..], "proxy"),
        (&["--store", "cql"], "cql"),
    ] {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--data", data];
        all.extend(arguments);
        let ended = run(&all).await;
        assert!(!ended.status.success());
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        assert!(!std::path::Path::new(data).exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn printed_example_is_the_documented_one() {
    let printed = run(&["config"]).await.stdout;
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/chappe.example.toml"
    );
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(file, &printed).unwrap();
    }
    let documented = std::fs::read_to_string(file).unwrap();
    assert!(
        printed == documented,
        "docs/chappe.example.toml is stale; UPDATE_EXPECT=1 writes it"
    );
}

#[tokio::test]
async fn keygen_never_overwrites() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("rsa.pem");
    let out = out.to_str().unwrap();
    let made = run(&["keygen", "--out", out]).await;
    assert!(made.status.success(), "{}", made.stderr);
    assert!(made.stdout.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
    let key = std::fs::read(out).unwrap();
    let again = run(&["keygen", "--out", out]).await;
    assert!(!again.status.success());
    assert!(again.stderr.contains("exists"), "{}", again.stderr);
    assert_eq!(std::fs::read(out).unwrap(), key);
}

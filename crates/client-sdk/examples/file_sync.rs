//! Keeps a folder in one's saved messages: `up` sends the files that are not there, `down` fetches
//! those that are missing here. What was cut goes on where it stopped.
//!
//! `cargo run -p chappe-client --example file_sync -- 127.0.0.1:10443 data/rsa.pub.pem PHONE CODE up|down FOLDER`

#![allow(clippy::print_stdout, reason = "an example that speaks to people")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chappe_client::tl_api::types;
use chappe_client::{Client, FileSession, Options, SignIn, document_of};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// What stands before the name in the caption of a file.
const MARK: &str = "file_sync ";

#[tokio::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key, phone, code, way, folder] = arguments.as_slice() else {
        return Err("ADDRESS PUBLIC_KEY PHONE CODE up|down FOLDER".into());
    };
    let mut options = Options::new(address.parse()?, &std::fs::read_to_string(key)?)?;
    options.storage = Arc::new(FileSession::new("file-sync.session"));
    let client = Client::connect(options).await?;
    if client.user_id().is_none() {
        let sent = client.request_login_code(phone).await?;
        if client.sign_in(&sent, code).await? == SignIn::SignUpNeeded {
            client.sign_up(&sent, "File", "Sync").await?;
        }
    }
    let kept = kept(&client).await?;
    match way.as_str() {
        "up" => up(&client, &kept, Path::new(folder)).await,
        "down" => down(&client, kept, Path::new(folder)).await,
        _ => Err("up or down".into()),
    }
}

/// The files that are there, by name.
async fn kept(client: &Client) -> Fallible<BTreeMap<String, (types::InputFileLocation, u64)>> {
    let mut kept = BTreeMap::new();
    let mut history = client.history(client.saved_messages());
    while let Some(message) = history.next().await? {
        if let types::Message::Message(message) = message
            && let Some(name) = message.message.as_str().strip_prefix(MARK)
            && let Some(found) = document_of(&message)
        {
            // The newest comes first.
            kept.entry(name.to_owned()).or_insert(found);
        }
    }
    Ok(kept)
}

async fn up(
    client: &Client,
    kept: &BTreeMap<String, (types::InputFileLocation, u64)>,
    folder: &Path,
) -> Fallible<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, facts) = (entry.file_name(), entry.metadata()?);
        let name = name.to_string_lossy();
        let known = kept
            .get(&*name)
            .is_some_and(|(_, size)| *size == facts.len());
        if known || !facts.is_file() || facts.len() == 0 {
            continue;
        }
        let file = client.upload(&entry.path(), None).await?;
        let caption = format!("{MARK}{name}");
        client
            .send_file(
                &client.saved_messages(),
                file,
                "application/octet-stream",
                &caption,
            )
            .await?;
        println!("up {name}");
    }
    Ok(())
}

async fn down(
    client: &Client,
    kept: BTreeMap<String, (types::InputFileLocation, u64)>,
    folder: &Path,
) -> Fallible<()> {
    std::fs::create_dir_all(folder)?;
    for (name, (location, size)) in kept {
        // A name is a name, not a way out of the folder.
        let Some(name) = Path::new(&name).file_name() else {
            continue;
        };
        let path = folder.join(name);
        if std::fs::metadata(&path).is_ok_and(|facts| facts.len() == size) {
            continue;
        }
        client.download(location, size, &path, None).await?;
        println!("down {}", name.to_string_lossy());
    }
    Ok(())
}

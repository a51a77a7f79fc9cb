//! A bot that says everything back.
//!
//! `cargo run -p chappe-client --example echo_bot -- 127.0.0.1:10443 data/rsa.pub.pem TOKEN`
//!
//! The token is from BotFather: write `/newbot` to it with any client.

#![allow(clippy::print_stdout, reason = "an example")]

use std::sync::Arc;

use chappe_client::{Client, Error, FileSession, Options, new_text};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key, token] = arguments.as_slice() else {
        return Err("ADDRESS PUBLIC_KEY TOKEN".into());
    };
    let mut options = Options::new(address.parse()?, &std::fs::read_to_string(key)?)?;
    // The next start goes on where this one stops.
    options.storage = Arc::new(FileSession::new("echo-bot.session"));
    let client = Client::connect(options).await?;
    if client.user_id().is_none() {
        client.sign_in_bot(token).await?;
    }
    println!("listening");
    let mut updates = client.updates().ok_or("taken already")?;
    loop {
        let update = match updates.next(&client).await {
            Ok(Some(update)) => update,
            Ok(None) => return Ok(()),
            // Nobody is logged in any more: trying again does not help.
            Err(error @ Error::NotLoggedIn(_)) => return Err(error.into()),
            Err(error) => {
                println!("{error}");
                continue;
            }
        };
        if let Some(message) = new_text(&update)
            && !message.out
        {
            let chat = client.input_peer(&message.peer_id);
            client
                .reply(&chat, message.id, message.message.as_str())
                .await?;
        }
        client.save().await?;
    }
}

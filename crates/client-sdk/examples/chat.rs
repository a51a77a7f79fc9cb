//! A chat in the terminal: log in, write, read, send and fetch files.
//!
//! `cargo run -p chappe-client --example chat -- 127.0.0.1:10443 data/rsa.pub.pem`

#![allow(clippy::print_stdout, reason = "an example that speaks to people")]

use std::path::Path;
use std::sync::Arc;

use chappe_client::tl_api::types;
use chappe_client::{Client, Error, FileSession, Options, Progress, SignIn, document_of, new_text};
use indicatif::{ProgressBar, ProgressStyle};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
/to NAME       write to the owner of a public name
/phone NUMBER  write to the owner of a phone number
/history       the last messages
/send PATH     send a file
/quit          leave
anything else  is sent";

#[tokio::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key] = arguments.as_slice() else {
        return Err("ADDRESS PUBLIC_KEY".into());
    };
    let mut options = Options::new(address.parse()?, &std::fs::read_to_string(key)?)?;
    options.storage = Arc::new(FileSession::new("chat.session"));
    let client = Client::connect(options).await?;
    let mut editor = DefaultEditor::new()?;
    if client.user_id().is_none() {
        log_in(&client, &mut editor).await?;
    }
    tokio::spawn(show_updates(client.clone()));
    println!("{HELP}");
    let mut to = client.saved_messages();
    loop {
        // Reading a line blocks: the updates are shown by another thread meanwhile.
        let line = tokio::task::block_in_place(|| editor.readline("> "));
        let line = match line {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
            Err(error) => return Err(error.into()),
        };
        let _ = editor.add_history_entry(&line);
        let (word, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        let done = match word {
            "" => Ok(()),
            "/quit" => break,
            "/to" => client.find(rest).await.map(|found| to = found),
            "/phone" => client
                .add_contact(rest, rest, "")
                .await
                .map(|found| to = found),
            "/history" => show_history(&client, to.clone()).await,
            "/send" => send(&client, &to, Path::new(rest)).await,
            _ => client.send_text(&to, &line).await.map(drop),
        };
        if let Err(error) = done {
            println!("{error}");
        }
    }
    client.save().await?;
    Ok(())
}

async fn log_in(client: &Client, editor: &mut DefaultEditor) -> Fallible<()> {
    let phone = editor.readline("phone number: ")?;
    let sent = client.request_login_code(&phone).await?;
    let code = editor.readline("code: ")?;
    match client.sign_in(&sent, &code).await {
        Ok(SignIn::Done(_)) => {}
        Ok(SignIn::SignUpNeeded) => {
            let name = editor.readline("your name: ")?;
            client.sign_up(&sent, &name, "").await?;
        }
        Err(Error::PasswordNeeded) => {
            let password = editor.readline("password: ")?;
            client.check_password(&password).await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn show_updates(client: Client) {
    let Some(mut updates) = client.updates() else {
        return;
    };
    loop {
        match updates.next(&client).await {
            Ok(Some(update)) => {
                if let Some(message) = new_text(&update)
                    && !message.out
                {
                    println!("\r< {}", message.message);
                    if let Some((location, size)) = document_of(message) {
                        let name = format!("received-{}", message.id);
                        let bar = bytes_bar(size);
                        let path = Path::new(&name);
                        if let Err(error) = client
                            .download(location, size, path, Some(told(&bar)))
                            .await
                        {
                            println!("{error}");
                        }
                        bar.finish();
                    }
                }
            }
            Ok(None) => return,
            Err(error) => println!("{error}"),
        }
    }
}

async fn show_history(client: &Client, chat: types::InputPeer) -> chappe_client::Result<()> {
    let mut history = client.history(chat);
    for _ in 0..20 {
        match history.next().await? {
            Some(types::Message::Message(message)) => {
                let side = if message.out { '>' } else { '<' };
                println!("{side} {}", message.message);
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}

async fn send(client: &Client, to: &types::InputPeer, path: &Path) -> chappe_client::Result<()> {
    let bar = bytes_bar(0);
    let file = client.upload(path, Some(told(&bar))).await?;
    bar.finish();
    client
        .send_file(to, file, "application/octet-stream", "")
        .await?;
    Ok(())
}

fn bytes_bar(size: u64) -> ProgressBar {
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn told(bar: &ProgressBar) -> Progress {
    let bar = bar.clone();
    Arc::new(move |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
}
